"""Plain L2: a pull toward zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from wsnb.seam import Regularizer, Seen
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import Tensor


@kind("l2")
class L2(Regularizer):
    r"""The squared size of the weights, which knows no source network.

    .. math:: \Omega = \lVert w \rVert^2, \qquad \nabla\Omega = 2\,w

    over the backbone's parameters, those of batch normalisation included. Under SGD and the plain sum it is a weight
    decay of :math:`2\lambda`; here a direction sees it apart from the loss. In a training loop of one's own:

    >>> from wsnb.regularizers import L2, Pull
    >>> pull = Pull(L2(coefficient=0.1), model, source)
    >>> pull.backward(functional.cross_entropy(model(images), labels), images, labels)
    >>> optimizer.step()
    """

    needs_parent: ClassVar[bool] = False

    def gradient(self, seen: Seen, parameters: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Twice the weights."""
        return [2 * parameter for parameter in parameters.values()]

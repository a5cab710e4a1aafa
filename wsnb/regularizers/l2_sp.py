"""L2-SP: a pull toward the weights that one started from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wsnb.seam import Regularizer, Seen
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import Tensor


@kind("l2_sp")
class L2SP(Regularizer):
    r"""The squared distance from the source network's weights (Li et al. 2018; Wan et al. 2019, Equation 2).

    .. math:: \Omega = \lVert w - w_s \rVert^2, \qquad \nabla\Omega = 2\,(w - w_s)

    over the backbone's parameters, those of batch normalisation included and no buffers. There is no half in it, so
    the gradient has a 2. In a training loop of one's own:

    >>> from wsnb.regularizers import L2SP, Pull
    >>> pull = Pull(L2SP(coefficient=0.1), model, source)
    >>> pull.backward(functional.cross_entropy(model(images), labels), images, labels)
    >>> optimizer.step()
    """

    def gradient(self, seen: Seen, parameters: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """Twice the way from the source's weights."""
        source = dict(seen.source.named_parameters())
        return [2 * (parameter - source[name]) for name, parameter in parameters.items()]

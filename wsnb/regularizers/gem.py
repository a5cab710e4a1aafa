"""GEM's projection, with which DTNH compares itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsnb.seam import Direction
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import Tensor


def gem(loss: Sequence[Tensor], pull: Sequence[Tensor]) -> list[Tensor]:
    r"""The gradient of the loss, turned no further than it must be for the regularizer not to grow.

    .. math:: d = \arg\min_d \lVert d - \nabla J \rVert^2
              \quad\text{subject to}\quad \langle d, \nabla\Omega \rangle \ge 0

    (Lopez-Paz and Ranzato 2017, Equation 8). With one constraint the quadratic programme has the solution

    .. math:: d = \nabla J \quad\text{if } \langle \nabla J, \nabla\Omega \rangle \ge 0, \qquad
              d = \nabla J - \frac{\langle \nabla J, \nabla\Omega \rangle}{\lVert \nabla\Omega \rVert^2} \nabla\Omega
              \quad\text{else}

    over all tensors as one vector. Where :func:`wsnb.regularizers.dtnh` keeps the pull from opposing the loss, this
    keeps the loss from opposing the pull, and never follows the pull by itself: how long :math:`\nabla\Omega` is,
    and so its coefficient, says nothing. The device is not waited for.

    >>> from wsnb.regularizers import gem
    >>> gradients = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)
    >>> pull = [2 * 0.1 * (w - s) for w, s in zip(model.parameters(), source.parameters())]
    >>> direction = gem(gradients, pull)

    Args:
        loss: :math:`\nabla J`, a tensor for each parameter.
        pull: :math:`\nabla\Omega`, of the same shapes.
    """
    import torch

    if not loss:
        return []
    together = torch.stack([(one * other).sum() for one, other in zip(loss, pull, strict=True)]).sum()
    size = torch.stack([other.square().sum() for other in pull]).sum()
    share = together / size.clamp_min(torch.finfo(size.dtype).tiny)
    return [torch.where(together < 0, one - share * other, one) for one, other in zip(loss, pull, strict=True)]


@kind("gem")
class GEM(Direction):
    """The loss's gradient, projected where it opposes the pull: see :func:`gem`."""

    def join(self, loss: Sequence[Tensor], pull: Sequence[Tensor]) -> list[Tensor]:
        """See :func:`gem`."""
        return gem(loss, pull)

"""DTNH, the direction that makes transfer never hurt (Wan et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsnb.seam import Direction
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import Tensor


def dtnh(loss: Sequence[Tensor], pull: Sequence[Tensor]) -> list[Tensor]:
    r"""The plain sum where the two gradients do not oppose each other, else without the part that does.

    .. math:: d = \nabla J + \nabla\Omega \quad\text{if } \langle \nabla J, \nabla\Omega \rangle \ge 0, \qquad
              d = \nabla J + \nabla\Omega
                  - \frac{\langle \nabla J, \nabla\Omega \rangle}{\lVert \nabla J \rVert^2} \nabla J \quad\text{else}

    over all tensors as one vector (Wan et al. 2019, Algorithm 1, Equations 6 and 7). In the second case
    :math:`\langle d, \nabla J \rangle = \lVert \nabla J \rVert^2`. The device is not waited for.

    >>> from wsnb.regularizers import dtnh
    >>> gradients = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)
    >>> pull = [2 * 0.1 * (w - s) for w, s in zip(model.parameters(), source.parameters())]
    >>> direction = dtnh(gradients, pull)

    Args:
        loss: :math:`\nabla J`, a tensor for each parameter.
        pull: :math:`\nabla\Omega` with its coefficient, of the same shapes.
    """
    import torch

    if not loss:
        return []
    together = torch.stack([(one * other).sum() for one, other in zip(loss, pull, strict=True)]).sum()
    size = torch.stack([one.square().sum() for one in loss]).sum()
    share = together / size.clamp_min(torch.finfo(size.dtype).tiny)
    plain = [one + other for one, other in zip(loss, pull, strict=True)]
    # Chosen, not multiplied by zero: the plain sum stays what it is to the bit.
    return [torch.where(together < 0, whole - share * one, whole) for whole, one in zip(plain, loss, strict=True)]


@kind("dtnh")
class DTNH(Direction):
    """The direction without what opposes the loss: see :func:`dtnh`."""

    def join(self, loss: Sequence[Tensor], pull: Sequence[Tensor]) -> list[Tensor]:
        """See :func:`dtnh`."""
        return dtnh(loss, pull)

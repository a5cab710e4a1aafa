"""The plain sum of the two gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from wsnb.seam import Direction
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import Tensor


@kind("plain_sum")
class PlainSum(Direction):
    r"""The gradient of the loss with its regularizers: :math:`d = \nabla J + \lambda \nabla \Omega`."""

    separate: ClassVar[bool] = False

    def join(self, loss: Sequence[Tensor], pull: Sequence[Tensor]) -> list[Tensor]:
        """Their sum."""
        return [one + other for one, other in zip(loss, pull, strict=True)]

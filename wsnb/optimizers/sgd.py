"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsnb.seam import Optimizer
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor


@kind("sgd")
class SGD(Optimizer):
    r"""Stochastic gradient descent with heavy-ball momentum and L2 weight decay, as ``torch.optim.SGD`` fused.

    .. math:: g \leftarrow g + \lambda w, \qquad m \leftarrow \mu m + g, \qquad w \leftarrow w - \eta m

    with :math:`m = g` at the first step, and :math:`g` in place of :math:`m` when :math:`\mu` is 0.

    Args:
        learning_rate: :math:`\eta`.
        momentum: :math:`\mu`.
        weight_decay: :math:`\lambda`.
        head_learning_rate: :math:`\eta` of the classifier; None has it share the others'.
    """

    learning_rate: float = setting(1e-3, above=0)
    momentum: float = setting(0.0, minimum=0, maximum=0.9999)
    weight_decay: float = setting(0.0, minimum=0)
    head_learning_rate: float | None = setting(None, above=0, added=True)

    def moments(self, parameters: Sequence[Tensor]) -> dict[str, list[Tensor]]:
        """The momenta: from zero, the first step makes each its gradient."""
        import torch

        return {"momentum_buffer": [torch.zeros_like(each) for each in parameters]} if self.momentum else {}

    def update(
        self,
        parameters: Sequence[Tensor],
        gradients: Sequence[Tensor],
        moments: dict[str, list[Tensor]],
        learning_rate: float,
    ) -> None:
        """One step."""
        from torch.optim.sgd import sgd

        sgd(
            parameters,
            gradients,
            moments.get("momentum_buffer", [None] * len(parameters)),  # type: ignore[list-item]
            fused=True,
            lr=learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            dampening=0,
            nesterov=False,
            maximize=False,
        )

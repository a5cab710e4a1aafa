"""RMSProp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsnb.seam import Optimizer
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor


@kind("rmsprop")
class RMSProp(Optimizer):
    r"""RMSProp (Hinton's lecture 6e, 2012) with momentum and L2 weight decay, as ``torch.optim.RMSprop``.

    .. math:: g \leftarrow g + \lambda w, \qquad v \leftarrow \alpha v + (1 - \alpha) g^2, \qquad
              m \leftarrow \mu m + g / (\sqrt v + \epsilon), \qquad w \leftarrow w - \eta m

    Args:
        learning_rate: :math:`\eta`.
        smoothing: :math:`\alpha`.
        momentum: :math:`\mu`; with 0 there is no :math:`m` to remember.
        epsilon: :math:`\epsilon`.
        weight_decay: :math:`\lambda`.
        head_learning_rate: :math:`\eta` of the classifier; None has it share the others'.
    """

    learning_rate: float = setting(1e-3, above=0)
    smoothing: float = setting(0.99, minimum=0, maximum=0.999999)
    momentum: float = setting(0.0, minimum=0, maximum=0.9999)
    epsilon: float = setting(1e-8, above=0)
    weight_decay: float = setting(0.0, minimum=0)
    head_learning_rate: float | None = setting(None, above=0, added=True)

    def moments(self, parameters: Sequence[Tensor]) -> dict[str, list[Tensor]]:
        """Counts of steps, means of squared gradients and, with momentum, momenta."""
        import torch

        names = ["square_avg", *(["momentum_buffer"] if self.momentum else [])]
        steps = {"step": [torch.zeros((), device=parameter.device) for parameter in parameters]}
        return steps | {name: [torch.zeros_like(parameter) for parameter in parameters] for name in names}

    def update(
        self,
        parameters: Sequence[Tensor],
        gradients: Sequence[Tensor],
        moments: dict[str, list[Tensor]],
        learning_rate: float,
    ) -> None:
        """One step."""
        from torch.optim.rmsprop import rmsprop

        rmsprop(
            parameters,
            gradients,
            moments["square_avg"],
            [],
            moments.get("momentum_buffer", []),
            moments["step"],
            lr=learning_rate,
            alpha=self.smoothing,
            eps=self.epsilon,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            centered=False,
        )

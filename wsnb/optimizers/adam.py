"""Adam, with L2 or decoupled weight decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from wsnb.seam import Optimizer
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor


@kind("adam")
class Adam(Optimizer):
    r"""Adam (Kingma and Ba 2015) with PyTorch's defaults and L2 weight decay, as ``torch.optim.Adam`` fused.

    .. math:: g \leftarrow g + \lambda w, \qquad m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
              v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \qquad
              w \leftarrow w - \eta\, \hat m / (\sqrt{\hat v} + 10^{-8})

    with :math:`\hat m = m / (1 - \beta_1^t)` and :math:`\hat v = v / (1 - \beta_2^t)` at step :math:`t`.

    Args:
        learning_rate: :math:`\eta`.
        beta1: :math:`\beta_1`.
        beta2: :math:`\beta_2`.
        weight_decay: :math:`\lambda`.
        head_learning_rate: :math:`\eta` of the classifier; None has it share the others'.
    """

    learning_rate: float = setting(1e-3, above=0)
    beta1: float = setting(0.9, minimum=0, maximum=0.9999)
    beta2: float = setting(0.999, minimum=0, maximum=0.999999)
    weight_decay: float = setting(0.0, minimum=0)
    head_learning_rate: float | None = setting(None, above=0, added=True)

    def moments(self, parameters: Sequence[Tensor]) -> dict[str, list[Tensor]]:
        """Counts of steps, and means of gradients and of their squares."""
        import torch

        return {
            "step": [torch.zeros((), device=parameter.device) for parameter in parameters],
            "exp_avg": [torch.zeros_like(parameter) for parameter in parameters],
            "exp_avg_sq": [torch.zeros_like(parameter) for parameter in parameters],
        }

    def update(
        self,
        parameters: Sequence[Tensor],
        gradients: Sequence[Tensor],
        moments: dict[str, list[Tensor]],
        learning_rate: float,
    ) -> None:
        """One step."""
        from torch.optim.adam import adam

        adam(
            parameters,
            gradients,
            moments["exp_avg"],
            moments["exp_avg_sq"],
            [],
            moments["step"],
            fused=True,
            lr=learning_rate,
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=self.weight_decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
            decoupled_weight_decay=self.decoupled,
        )


@kind("adamw")
class AdamW(Adam):
    r"""Adam whose weight decay is decoupled (Loshchilov and Hutter 2019), as ``torch.optim.AdamW`` fused.

    Before each step :math:`w \leftarrow (1 - \eta\lambda)\, w`; the gradient is left alone.
    """

    weight_decay: float = setting(0.01, minimum=0)
    decoupled: ClassVar[bool] = True

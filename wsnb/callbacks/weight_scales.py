"""How far the weights travel, how large they are, and how far apart the logits: what shrinking and rates change."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wsnb.models.modes import in_evaluation_mode
from wsnb.seam import Callback, Training, is_in
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor, nn

    from wsnb.seam import State


def weight_scale(model: nn.Module, head: str = "head") -> float:
    r"""The root mean square of a layer's weights, its geometric mean over the layers before the classifier.

    .. math:: \Big( \prod_{l=1}^{L} \frac{\lVert w_l \rVert_2}{\sqrt{n_l}} \Big)^{1/L}

    over the parameters :math:`w_l` of two or more dimensions, of :math:`n_l` numbers each; 1 where there is none.
    Before a normalisation layer the scale of a weight does not matter to the output, and its gradient is in proportion
    to 1 over the scale: multiplied by :math:`\lambda`, it is turned by a step of SGD at a rate :math:`\eta` as it would
    have been at :math:`\eta / \lambda^2`; by a step of Adam, whose size does not depend on the gradient's, as at
    :math:`\eta / \lambda`.

    >>> from wsnb.callbacks import weight_scale
    >>> before = weight_scale(model)
    >>> for parameter in model.parameters():
    ...     _ = parameter.data.mul_(0.4)
    >>> round(weight_scale(model) / before, 3)
    0.4

    Args:
        model: the network.
        head: the name of its classifier.
    """
    import torch

    scales = [
        parameter.detach().float().square().mean().sqrt()
        for name, parameter in model.named_parameters()
        if parameter.ndim >= 2 and not is_in(head, name)
    ]
    return float(torch.stack(scales).log().mean().exp()) if scales else 1.0


def logit_scale(logits: Tensor) -> float:
    r"""The root mean square of the logits less their mean over the classes; logits: [N, classes].

    Multiplying all logits by a factor multiplies it by that, and changes no prediction.
    """
    return float((logits - logits.mean(1, keepdim=True)).float().square().mean().sqrt())


@kind("weight_scales")
class WeightScales(Callback):
    """By epoch, at its beginning: distance from the first weights, scale of the weights, scale of the logits.

    The curves are ``distance`` (the length of the difference of all parameters from those that training began with),
    ``weight_scale`` (:func:`weight_scale`) and ``logit_scale`` (:func:`logit_scale`, in evaluation mode, on the first
    of the images of the trial's curves). Each has a point more at the end: ``last_distance`` and so on.

    Args:
        images: how many of them at most.
    """

    images: int = setting(512, minimum=1)
    measures: ClassVar[bool] = True

    def begin(self, training: Training, state: State) -> None:
        """What training begins with."""
        state.update({name: parameter.detach().clone() for name, parameter in training.model.named_parameters()})

    def before_epoch(self, training: Training, state: State) -> None:
        """Measure."""
        for name, value in self._measured(training, state).items():
            training.add(name, value)

    def final(self, training: Training, state: State) -> dict[str, float]:
        """Measure once more."""
        return {f"last_{name}": value for name, value in self._measured(training, state).items()}

    def _measured(self, training: Training, state: State) -> dict[str, float]:
        import torch

        model = training.model
        weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
        moved = [(weight - state[name]).float().square().sum() for name, weight in weights.items()]
        with torch.no_grad(), in_evaluation_mode(model):
            logits = model(training.normalize(training.curve_images[: self.images]))
        return {
            "distance": float(torch.stack(moved).sum().sqrt()),
            "weight_scale": weight_scale(model, training.trial.model.head),
            "logit_scale": logit_scale(logits),
        }

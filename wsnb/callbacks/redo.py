"""ReDo: dormant units are made new (Sokar et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from wsnb.errors import InvalidValue, near_miss
from wsnb.models.modes import in_evaluation_mode
from wsnb.models.succession import Succession
from wsnb.seam import Callback, Training
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor, nn

    from wsnb.seam import State


def redo(
    model: nn.Module,
    images: Tensor,
    fresh: nn.Module,
    successions: Sequence[Succession],
    threshold: float = 0.1,
    moments_of: Callable[[nn.Parameter], dict[str, Tensor]] = lambda parameter: {},
) -> float:
    r"""Make the dormant units of a network new, in place; what share of its units they were.

    .. math:: s_i = \frac{\overline{|h_i|}}{\frac1n \sum_j \overline{|h_j|}} \le \tau

    With :math:`h_i` the activation of unit :math:`i` of a layer of :math:`n`, meaned over images and positions (Sokar
    et al. 2023, Definition 2.1). A dormant unit gets fresh incoming weights, a fresh place in the normalisation layer,
    outgoing weights of zero, and none of what the optimizer remembers of these (Algorithm 1).

    >>> from wsnb.callbacks import redo
    >>> share = redo(model, images, fresh=make_model(), successions=[("0", None, "2")],
    ...              moments_of=optimizer.state.__getitem__)
    >>> 0 <= share <= 1
    True

    Args:
        model: the network.
        images: a batch as the model takes it; activations are measured in evaluation mode.
        fresh: a newly initialised network of the same architecture.
        successions: (incoming layer, normalisation layer or None, outgoing layer), by name.
        threshold: :math:`\tau`.
        moments_of: what the optimizer remembers of a parameter, by name; changed in place. Counts of steps stay.
    """
    import torch

    layers, new = dict(model.named_modules()), dict(fresh.named_modules())
    for name in filter(None, (name for succession in successions for name in succession)):
        if name not in layers:
            raise InvalidValue(
                f"There is no layer {name!r} whose units could be made new; allowed: "
                f"{', '.join(filter(None, layers))}.{near_miss(name, layers)}"
            )
    outputs: dict[str, Tensor] = {}
    hooks = [
        layers[outgoing].register_forward_pre_hook(lambda _, given, name=outgoing: outputs.__setitem__(name, given[0]))
        for _, _, outgoing in successions
    ]
    with torch.no_grad(), in_evaluation_mode(model):
        model(images)
    for hook in hooks:
        hook.remove()

    dormant_units = units = 0
    made_new: list[tuple[Any, Any, Tensor]] = []
    cut_off: list[tuple[Any, Any]] = []
    for incoming, norm, outgoing in successions:
        sizes = outputs[outgoing].abs().float()
        by_unit = sizes.mean(dim=[d for d in range(sizes.ndim) if d != 1])
        if len(by_unit) != len(layers[incoming].weight):
            raise InvalidValue(
                f"{incoming} has {len(layers[incoming].weight)} units and {outgoing} takes {len(by_unit)}; allowed: "
                "successions of layers in which each unit is one input."
            )
        dormant = by_unit <= threshold * by_unit.mean()
        dormant_units, units = dormant_units + int(dormant.sum()), units + len(dormant)
        for where in filter(None, (incoming, norm)):
            named = [*layers[where].named_parameters(), *layers[where].named_buffers()]
            fresh_state = new[where].state_dict()
            made_new += [(tensor, dormant, fresh_state[name]) for name, tensor in named if tensor.ndim]
        cut_off.append((layers[outgoing].get_parameter("weight"), (slice(None), dormant)))
    with torch.no_grad():
        for tensor, places, source in made_new:
            tensor[places] = source[places].to(tensor)
        for tensor, places in cut_off:  # after all that is fresh: a unit may stand between two that are dormant
            tensor[places] = 0.0
        for tensor, places in (*((tensor, places) for tensor, places, _ in made_new), *cut_off):
            for moment in moments_of(tensor).values() if isinstance(tensor, torch.nn.Parameter) else ():
                if getattr(moment, "shape", None) == tensor.shape:
                    moment[places] = 0.0
    return dormant_units / units if units else 0.0


@kind("redo")
class ReDo(Callback):
    r"""Dormant units are made new after each epoch: see :func:`redo`. The curve ``dormant_units`` has their share.

    The layers are those that the network says feed one other layer alone (``successions``): the hidden layers of a
    perceptron, the first convolution of a residual block.

    Args:
        threshold: :math:`\tau`.
        every: epochs between.
        images: how many training images, drawn anew each time, activity is measured on.
    """

    threshold: float = setting(0.1, minimum=0)
    every: int = setting(1, minimum=1)
    images: int = setting(256, minimum=1)

    def after_epoch(self, training: Training, state: State) -> None:
        """Every so many epochs."""
        import torch

        share = 0.0
        if training.epoch % self.every == 0:
            successions = getattr(training.model, "successions", None)
            if successions is None:
                raise InvalidValue(
                    f"ReDo needs to know which layer feeds which, and {type(training.model).__name__} has no "
                    "`successions`: give it a tuple of (incoming, normalisation or None, outgoing) names."
                )
            chance = training.chance(self, "images", training.epoch)
            chosen = torch.randperm(len(training.images), generator=chance)[: self.images]
            images = training.normalize(training.images[chosen.to(training.images.device)])
            fresh = training.fresh(self, training.epoch)
            share = redo(training.model, images, fresh, successions, self.threshold, training.optimizer.moments_of)
        training.add("dormant_units", share)

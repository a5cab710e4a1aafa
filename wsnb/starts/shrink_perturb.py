"""Shrink-perturb (Ash and Adams 2020)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal

from wsnb.errors import InvalidValue
from wsnb.models.layers import parameters_of
from wsnb.seam import Given, Start
from wsnb.starts.warm_start import warm_start
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import nn

Scope = Literal["all", "weights", "layers", "convolutions", "head and norms"]
Buffers = Literal["kept", "reset"]
Perturbation = Literal["fresh", "normal", "first"]


def shrink_perturb(
    trained: nn.Module,
    fresh: nn.Module,
    scale: float = 0.4,
    noise: float = 1e-4,
    scope: Scope = "all",
    buffers: Buffers = "kept",
) -> nn.Module:
    r"""A network whose parameters are the trained ones, shrunk, plus a little of a fresh initialisation.

    .. math:: w = \lambda\, w_\text{trained} + \sigma\, w_\text{fresh}

    with :math:`\lambda` = ``scale`` and :math:`\sigma` = ``noise`` (Ash and Adams 2020, Section 4; Kireev et al.
    2021, Equation 1). :math:`w_\text{fresh}` is a newly initialised network, so the noise has each layer's own
    scale, and where an initialisation is constant (batch normalisation's 1 and 0) so is what is added.

    >>> from wsnb.starts import shrink_perturb
    >>> model = shrink_perturb(model, fresh=make_model(), scale=0.4, noise=0.01)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> model(images).shape
    torch.Size([8, 10])

    Args:
        trained: the network to start from; it is left as it is.
        fresh: a new network with the same names and shapes; its parameters are what is added.
        scale: :math:`\lambda`.
        noise: :math:`\sigma`.
        scope: ``"all"`` parameters; ``"weights"`` alone: those of two or more dimensions, so that biases and the
            affine parameters of normalisation layers stay as they are; those of ``"layers"``: convolutions and
            linear layers, with their biases; of ``"convolutions"`` alone; or of ``"head and norms"``: the last
            linear layer and the normalisation layers, which the scale of the logits hangs on.
        buffers: running statistics are ``"kept"``, or ``"reset"`` to the fresh network's.

    Raises:
        InvalidValue: when a parameter differs in name or shape.
    """
    import torch

    model = copy.deepcopy(trained)
    others = dict(fresh.named_parameters())
    for name, parameter in model.named_parameters():
        there = tuple(others[name].shape) if name in others else "absent"
        if there != tuple(parameter.shape):
            raise InvalidValue(
                f"The fresh network does not fit the trained one: {name} is {there} there and {tuple(parameter.shape)} "
                "here. Make it with the same architecture, width and number of classes."
            )
    chosen = _in_scope(model, scope)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in chosen:
                parameter.copy_(scale * parameter + noise * others[name])
        if buffers == "reset":
            others = dict(fresh.named_buffers())
            for name, buffer in model.named_buffers():
                buffer.copy_(others[name])
    return model


def _in_scope(model: nn.Module, scope: Scope) -> set[str]:
    """The names of the parameters that change."""
    match scope:
        case "layers":
            return set(parameters_of(model, "convolutions", "linear layers"))
        case "convolutions":
            return set(parameters_of(model, "convolutions"))
        case "head and norms":
            layer_of = {name: name.rpartition(".")[0] for name in parameters_of(model, "linear layers")}
            head = {name for name, layer in layer_of.items() if layer == list(layer_of.values())[-1]}
            return head | set(parameters_of(model, "normalisation layers"))
    return {name for name, parameter in model.named_parameters() if scope == "all" or parameter.ndim >= 2}


@kind("shrink_perturb")
class ShrinkPerturb(Start):
    r"""The parent's weights, shrunk and perturbed: see :func:`shrink_perturb`.

    Args:
        scale: the paper's :math:`\lambda`, by which the parent's weights are multiplied.
        noise: the paper's :math:`\sigma`, by which a fresh initialisation is multiplied before it is added.
        scope: ``"all"`` parameters, ``"weights"`` alone (those of two or more dimensions), those of ``"layers"``
            (convolutions and linear layers), of ``"convolutions"`` alone, or of ``"head and norms"``.
        buffers: running statistics ``"kept"`` from the parent, or ``"reset"`` to a fresh network's.
        perturbation: what the noise multiplies. By this name go several methods: a ``"fresh"`` initialisation (Ash
            and Adams 2020; Kireev et al. 2021); ``"normal"``, numbers of variance 1 whatever the layer (Shin et al.
            2024); or the ``"first"`` initialisation that the first training began with (Lee et al. 2024).
    """

    scale: float = setting(0.4, minimum=0, maximum=1)
    noise: float = setting(1e-4, minimum=0)
    scope: Scope = "all"
    buffers: Buffers = "kept"
    perturbation: Perturbation = setting("fresh", added=True)

    def begin(self, given: Given) -> nn.Module:
        """The parent's network, shrunk and perturbed; so is the fresh classifier where the classes are others."""
        assert given.parent is not None
        trained = warm_start(given.parent.model, given.fresh(), given.trial.model.head)
        added = given.first() if self.perturbation == "first" else given.fresh()
        if self.perturbation == "normal":
            chance = given.chance("noise")
            for parameter in added.parameters():
                parameter.data.normal_(generator=chance)
        return shrink_perturb(trained, added, self.scale, self.noise, self.scope, self.buffers)

"""Kinds of layers, and the parameters that are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

Kind = Literal["convolutions", "linear layers", "normalisation layers"]


def parameters_of(model: nn.Module, *kinds: Kind) -> dict[str, nn.Parameter]:
    """By name, the parameters that layers of these kinds hold themselves."""
    from torch import nn

    classes = {
        "convolutions": nn.modules.conv._ConvNd,
        "linear layers": nn.Linear,
        "normalisation layers": (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm),
    }
    return {
        f"{prefix}.{name}".lstrip("."): parameter
        for prefix, module in model.named_modules()
        if any(isinstance(module, classes[kind]) for kind in kinds)
        for name, parameter in module.named_parameters(recurse=False)
    }

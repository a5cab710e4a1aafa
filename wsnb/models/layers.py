"""Kinds of layers, and the parameters that are theirs; and where the states of two networks differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor, nn

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


Shape = tuple[int, ...] | Literal["absent"]


def misfits(there: Mapping[str, Tensor], here: Mapping[str, Tensor]) -> Iterator[tuple[str, Shape, Shape]]:
    """The names at which two states differ in shape, or which one of them lacks, each with both shapes."""
    for name in dict.fromkeys((*here, *there)):
        one, other = (tuple(each[name].shape) if name in each else "absent" for each in (there, here))
        if one != other:
            yield name, one, other

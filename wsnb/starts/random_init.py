"""A random initialisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wsnb.seam import Given, Start
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import nn


@kind("random_init")
class RandomInit(Start):
    """A fresh initialisation that the seed draws."""

    needs_parent: ClassVar[bool] = False

    def begin(self, given: Given) -> nn.Module:
        """The fresh network."""
        return given.fresh()

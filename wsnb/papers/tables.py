"""The pairs of accuracies that the papers' tables print."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """Test accuracies of one row and column of a table: (random init, warm start), in percent.

    ``errors`` are standard errors where the paper prints them, of so many ``seeds``, divided by n and not n - 1.
    """

    accuracies: tuple[float, float]
    errors: tuple[float, float] | None = None
    seeds: int = 5

    @property
    def shown(self) -> str:
        """ "60.3 / 57.8": as a table prints it."""
        digits = max(len(str(each).partition(".")[2]) for each in self.accuracies)
        return " / ".join(f"{each:.{digits}f}" for each in self.accuracies)

    @property
    def gap(self) -> float:
        """Random init minus warm start, in points."""
        return round(self.accuracies[0] - self.accuracies[1], 2)

    @property
    def gap_error(self) -> float | None:
        """The standard error of the gap, the two starts taken as independent, with n - 1 where the paper has n."""
        return None if self.errors is None else math.hypot(*self.errors) * math.sqrt(self.seeds / (self.seeds - 1))


CellName = tuple[str, str, str]
"""A cell of Table 1: data set, model, optimizer."""

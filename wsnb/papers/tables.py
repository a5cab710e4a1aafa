"""The pairs of accuracies that the papers' tables print."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Cell:
    """One row and column of a table.

    Attributes:
        accuracies: (random init, warm start), in percent.
        errors: what the table prints in brackets behind each; None where it prints nothing, or it is not known here.
        seeds: how many runs a mean is of.
        errors_are: what the brackets hold: a standard deviation over the runs, or a standard error of their mean that
            was computed with n in place of n - 1.
    """

    accuracies: tuple[float, float]
    errors: tuple[float, float] | None = None
    seeds: int = 5
    errors_are: Literal["errors by n", "deviations"] = "errors by n"

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
        """The standard error of the gap, the two starts taken as independent."""
        if self.errors is None:
            return None
        squares = self.seeds if self.errors_are == "deviations" else (self.seeds - 1) / self.seeds
        return math.hypot(*self.errors) / math.sqrt(squares)


CellName = tuple[str, str, str]
"""A cell of Table 1: data set, model, optimizer."""

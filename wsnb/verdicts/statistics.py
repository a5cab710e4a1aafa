"""What paired seeds say: a mean difference, how sure it is, and what could have been seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from scipy import special  # scipy.stats takes a second to import

from wsnb.errors import InvalidValue

Chosen = TypeVar("Chosen")


@dataclass(frozen=True)
class Paired:
    """The mean of paired differences with its confidence interval (Student's t, two-sided).

    Attributes:
        differences: one per seed.
        level: of the interval, such as 0.95.
    """

    differences: tuple[float, ...]
    level: float = 0.95

    @property
    def n(self) -> int:
        """How many pairs there are."""
        return len(self.differences)

    @property
    def mean(self) -> float:
        """The mean difference."""
        return float(np.mean(self.differences))

    @property
    def spread(self) -> float:
        """The standard deviation of the differences between seeds (n - 1 in the denominator)."""
        return float(np.std(self.differences, ddof=1))

    @property
    def error(self) -> float:
        r"""The standard error of the mean: :math:`s / \sqrt n`."""
        return self.spread / np.sqrt(self.n)

    @property
    def half_width(self) -> float:
        r"""Half the interval: :math:`t_{n-1} \, s / \sqrt n`."""
        return float(special.stdtrit(self.n - 1, (1 + self.level) / 2) * self.error)

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half_width

    def detectable(self, power: float = 0.8) -> float:
        """The true difference that this many seeds, spread as these are, would show with this power.

        "Show" means that the interval lies on the true side of zero; solved from the noncentral t distribution. Needs
        three seeds or more; NaN for two.
        """
        if self.n < 3:
            return float("nan")
        freedom = self.n - 1
        critical = special.stdtrit(freedom, (1 + self.level) / 2)
        errors = special.nctdtrinc(freedom, 1 - power, critical)
        return float(errors * self.error)

    @property
    def p_value(self) -> float:
        """Of Student's paired t test that the mean difference is zero, two-sided; 1 where all differences are zero."""
        if self.spread == 0:
            return 1.0 if self.mean == 0 else 0.0
        return float(2 * special.stdtr(self.n - 1, -abs(self.mean) / self.error))


def paired(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Paired:
    """``first - second``, pair by pair.

    Raises:
        InvalidValue: for sequences of different lengths, or fewer than two pairs.
    """
    if len(first) != len(second) or len(first) < 2:
        raise InvalidValue(
            f"{len(first)} and {len(second)} values were given to be paired; allowed: two or more, as many of each."
        )
    return Paired(tuple(float(a) - float(b) for a, b in zip(first, second, strict=True)), level)


def equivalence(measured: Paired, margin: float) -> Literal["the same", "different", "unknown"]:
    """Whether two ways of working give the same, up to a difference that does not matter.

    They do when the whole interval lies within ``margin`` of zero, and do not when all of it lies outside; else it is
    not known. Fewer than three seeds decide nothing.

    Args:
        measured: paired differences.
        margin: the largest difference that does not matter, in their unit.
    """
    if measured.n >= 3 and -margin < measured.low and measured.high < margin:
        return "the same"
    if measured.n >= 3 and (measured.low > margin or measured.high < -margin):
        return "different"
    return "unknown"


def seeds_for_equivalence(spread: float, margin: float, power: float = 0.8, level: float = 0.95) -> int:
    r"""How many seeds :func:`equivalence` needs to say "the same" of two ways that are, with this power.

    The smallest :math:`n \ge 3` with :math:`2 \Phi(\sqrt n \, \mathrm{margin} / s - t_{n-1}) - 1 \ge` power, the
    spread :math:`s` taken as known.

    Args:
        spread: standard deviation of the differences between seeds.
        margin: the largest difference that does not matter, in the same unit.
        power: how often, as a share.
        level: of the interval.
    """

    def chance(seeds: int) -> float:
        critical = special.stdtrit(seeds - 1, (1 + level) / 2)
        return float(2 * special.ndtr(np.sqrt(seeds) * margin / spread - critical) - 1)

    seeds = 3
    while chance(seeds) < power:
        seeds += 1
    return seeds


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error; the error of one value is NaN."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return float(np.mean(values)), float(error)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for being tested at once (Holm 1979): the chance of any false one below 0.05 stays under 5 %.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none may come out below one that was smaller,
    and none above 1.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def growth_exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """The slope of log y against log x by least squares: 0 where y is constant, 1 where it is proportional to x.

    Raises:
        InvalidValue: for fewer than two points, or numbers that are not positive.
    """
    if len(x) != len(y) or len(set(x)) < 2 or min(*x, *y) <= 0:
        raise InvalidValue(
            f"growth_exponent was given {list(x)!r} and {list(y)!r}; allowed: as many of each, two or more, positive."
        )
    logs = np.log(x)
    centred = logs - logs.mean()
    return float(centred @ np.log(y) / (centred @ centred))


def chosen_on_others(seeds: int, score: Callable[[list[int]], Chosen]) -> list[Chosen]:
    """For each seed, what ``score`` chooses when it is shown the other seeds alone.

    What is best on some seeds is so partly by luck; judged on the seed that had no part in the choice it is not.

    Args:
        seeds: how many there are.
        score: takes the numbers of the seeds that it may look at.

    Raises:
        InvalidValue: for fewer than two seeds.
    """
    if seeds < 2:
        raise InvalidValue(f"{seeds} seeds were given to choose on some and judge on others; allowed: two or more.")
    return [score([other for other in range(seeds) if other != seed]) for seed in range(seeds)]

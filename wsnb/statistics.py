"""What paired seeds say: a mean difference, how sure it is, and what could have been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from wsnb.errors import InvalidValue


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
    def half_width(self) -> float:
        r"""Half the interval: :math:`t_{n-1} \, s / \sqrt n`."""
        return float(stats.t.ppf((1 + self.level) / 2, self.n - 1) * self.spread / np.sqrt(self.n))

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
        critical = stats.t.ppf((1 + self.level) / 2, freedom)

        def shown(errors: float) -> float:
            return stats.nct.sf(critical, freedom, errors)

        most = 15.0
        while shown(most) < power:
            most *= 2
        errors = optimize.brentq(lambda errors: shown(errors) - power, 0.0, most)
        return float(errors * self.spread / np.sqrt(self.n))


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


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error; the error of one value is NaN."""
    error = stats.sem(values) if len(values) > 1 else np.nan
    return float(np.mean(values)), float(error)

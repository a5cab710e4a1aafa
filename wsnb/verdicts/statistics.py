"""What paired seeds say: a mean difference and how sure it is; means over studies.

Student's t and the chi-squared distribution are scipy's; the mean over studies is statsmodels', which is imported where
it is used: it takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special  # scipy.stats takes a second to import

from wsnb.errors import InvalidValue


@dataclass(frozen=True)
class Paired:
    r"""The mean of :math:`n` paired differences, by Student's t with :math:`n - 1` degrees of freedom.

    Attributes:
        differences: one per seed.
        resolution: the smallest step of what is measured: no spread counts as smaller.
    """

    differences: tuple[float, ...]
    resolution: float = 0.0

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
        """The standard deviation of the differences between seeds (n - 1 in the denominator), or the resolution."""
        return max(float(np.std(self.differences, ddof=1)), self.resolution)

    @property
    def error(self) -> float:
        r"""The standard error of the mean: :math:`s / \sqrt n`."""
        return self.spread / np.sqrt(self.n)

    @property
    def half_width(self) -> float:
        r"""Half the 95 % interval: :math:`t_{n-1} \, s / \sqrt n`."""
        return float(special.stdtrit(self.n - 1, 0.975) * self.error)

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half_width

    def without(self, number: int) -> Paired:
        """The others, when this one is left out, by their own spread however small."""
        return Paired(self.differences[:number] + self.differences[number + 1 :])

    def _tail(self, distance: float) -> float:
        """How often a mean comes out further than this, in its unit, above a true mean; 0 or 1 where all are equal."""
        if not self.error:
            return 0.5 if distance == 0 else float(distance < 0)
        return float(special.stdtr(self.n - 1, -distance / self.error))

    def p_above(self, limit: float) -> float:
        """Of the one-sided t test that the true mean lies above the limit: small when it does."""
        return self._tail(self.mean - limit)

    def p_below(self, limit: float) -> float:
        """Of the one-sided t test that the true mean lies below the limit."""
        return self._tail(limit - self.mean)

    @property
    def p_sign(self) -> float:
        """Of the two-sided t test that the true mean is not zero."""
        return 2 * self._tail(abs(self.mean))

    def p_small(self, least: float) -> float:
        """That the true mean lies within ``least`` of zero: the larger of the two one-sided tests (Schuirmann 1987)."""
        return self._tail(least - abs(self.mean))

    def p_large(self, least: float) -> float:
        """That the true mean is further from zero than ``least``: how often one of just that size looks as large.

        Both tails count: the nearer alone would call an effect of ``least`` larger too often where ``least`` is small
        beside the error.
        """
        return self._tail(abs(self.mean) - least) + self._tail(abs(self.mean) + least)


def paired(first: Sequence[float], second: Sequence[float], resolution: float = 0.0) -> Paired:
    """``first - second``, pair by pair.

    Raises:
        InvalidValue: for sequences of different lengths, or fewer than two pairs.
    """
    if len(first) != len(second) or len(first) < 2:
        raise InvalidValue(
            f"{len(first)} and {len(second)} values were given to be paired; allowed: two or more, as many of each."
        )
    return Paired(tuple(float(a) - float(b) for a, b in zip(first, second, strict=True)), resolution)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for being tested at once (Holm 1979): the chance of any false one below 0.05 stays under 5 %.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none may come out below one that was smaller,
    and none above 1. (statsmodels has it too, and collects all of Python's garbage at each call.)
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def largest_spread(measured: Paired, share: float = 0.8) -> float:
    r"""The one-sided upper limit of the true spread: :math:`s \sqrt{(n - 1) / \chi^2_{1 - share, \, n - 1}}`."""
    return float(measured.spread * np.sqrt((measured.n - 1) / special.chdtri(measured.n - 1, share)))


def welch(ours: Paired, value: float, error: float, freedom: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of our mean less a printed one (Welch 1947), whose error has so many degrees of freedom."""
    parts = ours.error**2, error**2
    total = sum(parts)
    degrees = total**2 / (parts[0] ** 2 / (ours.n - 1) + parts[1] ** 2 / freedom)
    half_width = special.stdtrit(degrees, (1 + level) / 2) * np.sqrt(total)
    return float(ours.mean - value - half_width), float(ours.mean - value + half_width)


@dataclass(frozen=True)
class Pooled:
    """The mean over studies whose true values differ (random effects).

    Attributes:
        mean, low, high: with its 95 % interval.
        between: the standard deviation of the true values between studies.
        share: of the variation between the studies' values, what is not chance (I squared), from 0 to 1.
    """

    mean: float
    low: float
    high: float
    between: float
    share: float


def random_effects(values: Sequence[float], errors: Sequence[float]) -> Pooled:
    """The random-effects mean of studies by Paule and Mandel's estimate, with Hartung and Knapp's interval.

    Where the studies agree better than their errors let expect, that interval is too short: it is then the one by the
    errors alone, by Student's t too.

    Raises:
        InvalidValue: for fewer than two studies.
    """
    from statsmodels.stats.meta_analysis import combine_effects

    if len(values) < 2 or len(values) != len(errors):
        raise InvalidValue(f"{len(values)} values with {len(errors)} errors were given; allowed: two or more of each.")
    found = combine_effects(np.asarray(values), np.square(errors), method_re="iterated", use_t=True)
    _, by_errors, _, hartung_knapp = found.conf_int(use_t=True)
    low, high = max(by_errors, hartung_knapp, key=lambda interval: interval[1] - interval[0])
    between, share = np.sqrt(max(found.tau2, 0)), max(found.i2, 0)
    return Pooled(float(found.mean_effect_re), float(low), float(high), float(between), float(share))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error; the error of one value is NaN."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return float(np.mean(values)), float(error)


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

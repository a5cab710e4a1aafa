"""What a number of seeds can decide: the rule of findings, tried on seeds drawn by chance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import special

from wsnb.verdicts.rule import FEWEST_SEEDS, LEVEL, STILL_SMALL, Expects

TRIES = 1000

POWER = 0.8

MOST_SEEDS = 100
"""A number of seeds above which it is only said that it is above."""


@cache
def _drawn() -> np.ndarray:
    """Standard normal numbers, a row a try; the same for all plans, so that what is said of two of them compares."""
    return np.random.default_rng(0).standard_normal((TRIES, MOST_SEEDS))


@dataclass(frozen=True)
class Plan:
    """An effect on so many seeds, of a family whose other members make nothing easier.

    Attributes:
        seeds: how many.
        spread: the true standard deviation of its differences.
        least: the smallest size that matters.
        members: how many effects the family has.
    """

    seeds: int
    spread: float
    least: float
    members: int = 1

    def states(self, mean: float) -> dict[str, np.ndarray]:
        """What the rule makes of each try when this is the true mean: by state and side, whether it says so."""
        n, level = self.seeds, LEVEL / self.members
        values = mean + self.spread * _drawn()[:, :n]
        means, deviations = values.mean(1), values.std(1, ddof=1)
        errors, one_sided = deviations / np.sqrt(n), special.stdtrit(n - 1, 1 - level)
        negligible = self.least - abs(means) >= one_sided * errors
        # The mean and the variance of the others, when each seed in turn is left out.
        others = (n * means[:, None] - values) / (n - 1)
        squares = (n - 1) * deviations[:, None] ** 2 - n / (n - 1) * (values - means[:, None]) ** 2
        their_errors = np.sqrt(np.maximum(squares, 0) / (n - 2) / (n - 1))
        nearly = (self.least - abs(others) >= special.stdtrit(n - 2, 1 - STILL_SMALL) * their_errors).any(1)
        clear = (abs(means) >= special.stdtrit(n - 1, 1 - level / 2) * errors) & ~negligible & ~nearly
        tails = special.stdtr(n - 1, (self.least - abs(means)) / errors)
        tails += special.stdtr(n - 1, -(self.least + abs(means)) / errors)
        return {
            "positive": clear & (means > 0),
            "negative": clear & (means < 0),
            "negligible": negligible,
            "large": clear & (tails <= level),
            "not below": negligible | (means + self.least >= one_sided * errors),
            "not above": negligible | (self.least - means >= one_sided * errors),
        }

    def finds(self, mean: float) -> float:
        """How often the sign of this true mean is found."""
        return float(self.states(mean)["positive" if mean > 0 else "negative"].mean())

    def settles(self, mean: float, expects: Expects) -> float:
        """How often a claim that expects this is decided, for or against, when this is the true mean."""
        said = self.states(mean)
        match expects:
            case "positive" | "negative":
                decided = said["positive"] | said["negative"] | said["negligible"]
            case "negligible":
                decided = said["negligible"] | said["large"]
            case "not below":
                decided = said["not below"] | (said["large"] & said["negative"])
            case "not above":
                decided = said["not above"] | (said["large"] & said["positive"])
        return float(decided.mean())

    def detectable(self) -> float:
        """The size of which the sign is found four times in five."""
        low, high = 0.0, self.least
        while self.finds(high) < POWER:
            low, high = high, 2 * high
        for _ in range(10):
            middle = (low + high) / 2
            low, high = (middle, high) if self.finds(middle) < POWER else (low, middle)
        return high


def seeds_to_settle(mean: float, expects: Expects, spread: float, least: float, members: int) -> int | None:
    """How many seeds decide a claim four times in five when this is the true mean; None for over a hundred."""

    def enough(seeds: int) -> bool:
        return Plan(seeds, spread, least, members).settles(mean, expects) >= POWER

    low, high = FEWEST_SEEDS - 1, MOST_SEEDS
    if not enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high

"""The records of an item whose training starts again each time data has arrived."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

from wsnb.errors import InvalidValue
from wsnb.evidence.records import Record
from wsnb.verdicts.compared import Compared
from wsnb.verdicts.statistics import Paired, growth_exponent, paired


def arrivals(images: int, chunk: int) -> list[int]:
    """How many images have arrived at each step: ``chunk`` more than at the one before, and all of them at the last.

    Raises:
        InvalidValue: when that makes fewer than three steps, too few to see how a cost grows.
    """
    amounts = [*range(chunk, images, chunk), images]
    if len(amounts) < 3:
        raise InvalidValue(f"{images} images in chunks of {chunk} make fewer than three steps; take a smaller chunk.")
    return amounts


class Steps(Compared[tuple[str, int]]):
    """Records by start and number of images that have arrived, paired by seed."""

    @property
    def amounts(self) -> list[int]:
        """Images that have arrived, step by step; none where no seed is complete."""
        return sorted({amount for seed in self.seeds.values() for _, amount in seed})

    def rows(self, start: str, of: Callable[[Record], float]) -> list[list[float]]:
        """One row per seed, one column per step."""
        return [[of(seed[start, amount]) for amount in self.amounts] for seed in self.seeds.values()]

    def totals(self, start: str, of: Callable[[Record], float]) -> list[float]:
        """The sum over steps, seed by seed."""
        return [sum(row) for row in self.rows(start, of)]

    def mean_accuracy(self, start: str) -> list[float]:
        """Test accuracy in percent, mean over the steps after the first, seed by seed."""
        return [mean(row[1:]) for row in self.rows(start, lambda record: record.test_accuracy)]

    def mean_gap(self, first: str, second: str) -> Paired | None:
        """First minus second in that; None for fewer than two seeds."""
        return paired(self.mean_accuracy(first), self.mean_accuracy(second)) if len(self) > 1 else None

    def growth(self, start: str, of: Callable[[Record], float]) -> list[float]:
        """The exponent of its growth with the data over the steps after the first, seed by seed."""
        return [growth_exponent(self.amounts[1:], row[1:]) for row in self.rows(start, of)]


def images_seen(record: Record) -> float:
    """In thousands."""
    return record.final["images_seen"] / 1000


def training_seconds(record: Record) -> float:
    """Of training steps, evaluation left out."""
    return record.curves["seconds"][-1]

"""The records of an item, paired by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic

from wsnb.evidence.records import Record
from wsnb.trials.item import Item, Name
from wsnb.trials.trial import Trial
from wsnb.verdicts.statistics import Paired, paired


class Compared(Generic[Name]):
    """The records of an item, paired by seed.

    A seed counts when all of its trials are recorded and none failed.

    Args:
        item: what is compared.
        records: what is recorded.

    Attributes:
        seeds: the complete ones, with their records by name.
        failed: those of which a training failed.
    """

    def __init__(self, item: Item[Name], records: Mapping[Trial, Record]) -> None:
        there = {
            seed: {name: records[trial] for name, trial in trials.items()}
            for seed, trials in item.seeds.items()
            if all(trial in records for trial in trials.values())
        }
        self.failed = [seed for seed, found in there.items() if any(record.failed for record in found.values())]
        self.seeds = {seed: found for seed, found in there.items() if seed not in self.failed}

    def __len__(self) -> int:
        """How many seeds are complete."""
        return len(self.seeds)

    def records(self, name: Name) -> list[Record]:
        """The records of this name, seed by seed."""
        return [each[name] for each in self.seeds.values()]

    def final(self, name: Name, measure: str) -> list[float]:
        """A final measurement, seed by seed."""
        return [record.final[measure] for record in self.records(name)]

    def percent(self, name: Name, measure: str = "test_accuracy") -> list[float]:
        """A final accuracy in percent, seed by seed."""
        return [100 * value for value in self.final(name, measure)]

    def gap(self, first: Name, second: Name, measure: str = "test_accuracy") -> Paired | None:
        """First minus second in a final accuracy, in points; None for fewer than two seeds."""
        return paired(self.percent(first, measure), self.percent(second, measure)) if len(self) > 1 else None


def by_seed(rows: Sequence[Sequence[float]]) -> list[float]:
    """The mean of each column of rows that have one value per seed."""
    return [sum(column) / len(column) for column in zip(*rows, strict=True)]

"""Items: a figure or a table of a paper on one data set, as the trials that it compares, and their records."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from wsnb.evidence.records import Record
from wsnb.trials.trial import Trial
from wsnb.verdicts.statistics import Paired, paired

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Item(Generic[Name]):
    """What is compared, seed by seed.

    Attributes:
        seeds: for each seed, its trials by name, the same names for all.
        welcome: whether its records are only looked up: it needs data that few have, or is dear, and no chapter is
            incomplete without it.
        family: the question that it belongs to, on one data set: items of one family are published together, and their
            effects on one measure are judged together. Without one it is its own.
    """

    seeds: Mapping[int, Mapping[Name, Trial]]
    welcome: bool = False
    family: str = ""

    def first(self) -> Mapping[Name, Trial]:
        """The trials of the first seed."""
        return next(iter(self.seeds.values()))


def required(items: Mapping[Hashable, Item]) -> list[Trial]:
    """The trials of the items that are not only welcome, all of each item's first seed before any of its second."""
    return _in_order(item for item in items.values() if not item.welcome)


def welcome(items: Mapping[Hashable, Item]) -> list[Trial]:
    """Those of the items that are only welcome."""
    return _in_order(item for item in items.values() if item.welcome)


def _in_order(items: Iterable[Item]) -> list[Trial]:
    rounds: Iterator[tuple[Mapping[Hashable, Trial], ...]]
    rounds = itertools.zip_longest(*(item.seeds.values() for item in items), fillvalue={})
    return list(dict.fromkeys(trial for each in rounds for trials in each for trial in trials.values()))


def together(items: Mapping[Hashable, Item]) -> Item:
    """Several items of the same seeds as one, whose names are pairs: what it compares is paired across all.

    It belongs to their family, where that is one.
    """
    alike = set.intersection(*(set(item.seeds) for item in items.values()))
    families = {item.family for item in items.values()}
    return Item(
        {
            seed: {(key, name): trial for key, item in items.items() for name, trial in item.seeds[seed].items()}
            for seed in sorted(alike)
        },
        welcome=any(item.welcome for item in items.values()),
        family=families.pop() if len(families) == 1 else "",
    )


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

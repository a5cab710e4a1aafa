"""Items: a figure or a table of a paper on one data set, as the trials that it compares."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from wsnb.errors import InvalidValue
from wsnb.trials.trial import Trial

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Item(Generic[Name]):
    """What is compared, seed by seed.

    Attributes:
        seeds: for each seed, its trials by name, the same names for all.
        welcome: whether its records are only looked up: it needs data that few have, or is dear, and no chapter is
            incomplete without it.
        family: the question that it belongs to, on one data set. Without one it is its own.
    """

    seeds: Mapping[int, Mapping[Name, Trial]]
    welcome: bool = False
    family: str = ""

    def family_of(self, key: Hashable) -> Hashable:
        """What it is published and judged together with, when this is its name in a chapter."""
        return self.family or key

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

    Raises:
        InvalidValue: when their seeds are not the same.
    """
    first, *others = (list(item.seeds) for item in items.values())
    if any(seeds != first for seeds in others):
        raise InvalidValue(
            f"Items with the seeds {first} and {others} were given to be paired; allowed: the same seeds."
        )
    families = {item.family for item in items.values()}
    return Item(
        {
            seed: {(key, name): trial for key, item in items.items() for name, trial in item.seeds[seed].items()}
            for seed in first
        },
        welcome=any(item.welcome for item in items.values()),
        family=families.pop() if len(families) == 1 else "",
    )

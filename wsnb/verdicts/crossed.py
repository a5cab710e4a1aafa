"""The records of an item that tries every configuration, of which some reach their accuracy and some never do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean
from typing import Any

from wsnb.evidence.records import Record
from wsnb.trials.item import Item
from wsnb.trials.trial import Trial
from wsnb.verdicts.compared import Compared

Configuration = tuple[str, Any, Any]
"""A start, and what its two phases were trained with."""

AS_GOOD = 1.0
"""Points below random init's best within which a configuration is as good."""


@dataclass(frozen=True)
class Choice:
    """Configurations that were chosen to be compared on other seeds.

    Attributes:
        fresh: random init's most accurate.
        warm: the warm start's most accurate.
        cheap_fresh: random init's that shows fewest images, of those as good as ``fresh``.
        cheap_warm: the warm start's, of those as good as ``fresh``; None without such.
    """

    fresh: Configuration
    warm: Configuration
    cheap_fresh: Configuration
    cheap_warm: Configuration | None

    def __str__(self) -> str:
        """As a profile writes it down."""
        return "; ".join(map(in_words, (self.fresh, self.warm, self.cheap_fresh, self.cheap_warm)))


def in_words(name: Configuration | None) -> str:
    """ "0.1 / 32, then 0.03 / 128": the learning rate and batch size of each phase."""
    if name is None:
        return "none"
    return ", then ".join(f"{rate:g} / {size}" for rate, size in dict.fromkeys(name[1:]))


class Crossed(Compared[Configuration]):
    """Records by start and by what each phase was trained with, paired by seed.

    A training that failed or ended at its limit of epochs is one that never got there: it counts against its
    configuration, not against its seed.
    """

    def __init__(self, item: Item[Configuration], records: Mapping[Trial, Record]) -> None:
        super().__init__(item, records)
        for seed in self.failed:
            self.seeds[seed] = {name: records[trial] for name, trial in item.seeds[seed].items()}
        self.names = list(item.first())
        self.is_complete = len(self.seeds) == len(item.seeds)

    def got_there(self, name: Configuration) -> bool:
        """Whether in all seeds the training of this configuration, and of the half before it, reached its accuracy."""
        start, first, _ = name
        needed = [name, *([] if start == "random init" else [("half of the data", first, first)])]
        return all(record.converged for each in needed for record in self.records(each))

    def configurations(self, start: str) -> list[Configuration]:
        """Those of a start that got there."""
        return [name for name in self.names if name[0] == start and self.got_there(name)] if len(self) else []

    def cost(self, name: Configuration) -> list[float]:
        """Thousands of images seen, seed by seed."""
        return [images / 1000 for images in self.final(name, "images_seen")]

    def choice(self) -> Choice | None:
        """What these seeds choose, by means over all of them; None while one of them is missing, or none got there."""
        of_random, of_warm = self.configurations("random init"), self.configurations("warm start")
        if not (self.is_complete and of_random and of_warm):
            return None

        def accuracy(name: Configuration) -> float:
            return mean(self.percent(name))

        fresh, warm = max(of_random, key=accuracy), max(of_warm, key=accuracy)

        def cheapest(names: list[Configuration]) -> Configuration | None:
            as_good = [name for name in names if accuracy(name) >= accuracy(fresh) - AS_GOOD]
            return min(as_good, key=lambda name: mean(self.cost(name)), default=None)

        return Choice(fresh, warm, cheapest(of_random) or fresh, cheapest(of_warm))

"""The records of an item that tries every configuration, of which some reach their accuracy and some never do."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean
from typing import Any

from wsnb.evidence.records import Record
from wsnb.trials.trial import Trial
from wsnb.verdicts.items import Compared, Item
from wsnb.verdicts.statistics import chosen_on_others

Configuration = tuple[str, Any, Any]
"""A start, and what its two phases were trained with."""


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

    def chosen(self, start: str) -> list[tuple[Configuration, Configuration, Configuration | None]]:
        """For each seed, on the others: random init's best, this start's best, and its cheapest that is as good.

        As good is within a point of random init's best.
        """
        of_random, of_start = self.configurations("random init"), self.configurations(start)

        def choose(others: list[int]) -> tuple[Configuration, Configuration, Configuration | None]:
            def accuracy(name: Configuration) -> float:
                return mean(self.percent(name)[other] for other in others)

            fresh, warm = (max(each, key=accuracy) for each in (of_random, of_start))
            as_good = [name for name in of_start if accuracy(name) >= accuracy(fresh) - 1]
            cheap = min(as_good, key=lambda name: mean(self.cost(name)[other] for other in others), default=None)
            return fresh, warm, cheap

        return chosen_on_others(len(self), choose) if len(self) > 1 and of_random and of_start else []

    def saved(self, start: str) -> dict[int, float]:
        """Images that the cheapest that is as good saves, in percent, by position; seeds without such are left out."""
        return {
            position: 100 * (1 - self.cost(cheap)[position] / self.cost(fresh)[position])
            for position, (fresh, _, cheap) in enumerate(self.chosen(start))
            if cheap is not None
        }

"""What a chapter rests on: its items with their records, and what becomes of its effects."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from wsnb.evidence.records import Record, Records
from wsnb.papers import CLAIMS
from wsnb.publishing.settings import PROFILES, PUBLISHED, Settings
from wsnb.running.run import recorded, run
from wsnb.trials.item import Item, required, welcome
from wsnb.trials.trial import Trial
from wsnb.verdicts.compared import Compared
from wsnb.verdicts.findings import Finding
from wsnb.verdicts.judging import Judged

Trials = Callable[[Settings], Mapping[Any, Item]]
Verdicts = Callable[[Settings, Mapping[Trial, Record]], Judged]


@dataclass(frozen=True)
class Layer:
    """A chapter's items at one profile, and what is recorded of them."""

    at: Settings
    items: Mapping[Any, Item]
    records: Mapping[Trial, Record]

    def is_complete(self, family: Hashable) -> bool:
        """Whether all trainings of the items of this family are recorded; there are such."""
        trials = [
            trial
            for key, item in self.items.items()
            if item.family_of(key) == family
            for of_seed in item.seeds.values()
            for trial in of_seed.values()
        ]
        return bool(trials) and all(trial in self.records for trial in trials)


class Results:
    """A chapter's items with their records: at one profile, or each family of items at the largest that has all.

    Args:
        layers: by profile, the smallest first; a family that none has whole is that of the first.

    Attributes:
        items: what is compared, by item.
        compared: its records, by item.
        records: of all of them.
    """

    def __init__(self, layers: list[Layer]) -> None:
        self._layers = layers
        families = {item.family_of(key): None for layer in layers for key, item in layer.items.items()}
        self._layer_of = {
            family: next((layer for layer in reversed(layers) if layer.is_complete(family)), layers[0])
            for family in families
        }
        self.items: dict[Any, Item] = {}
        self._layer_of_item: dict[Any, Layer] = {}
        for layer in layers:
            for key, item in layer.items.items():
                if self._layer_of[item.family_of(key)] is layer:
                    self.items[key], self._layer_of_item[key] = item, layer
        self.records = {
            trial: self._layer_of_item[key].records[trial]
            for key, item in self.items.items()
            for of_seed in item.seeds.values()
            for trial in of_seed.values()
            if trial in self._layer_of_item[key].records
        }

        self.compared = {key: Compared(item, self.records) for key, item in self.items.items()}

    def __getitem__(self, key: Any) -> Compared:
        """The records of an item."""
        return self.compared[key]

    def at(self, key: Any) -> Settings:
        """The settings that an item was made with."""
        return self._layer_of_item[key].at

    @property
    def profiles(self) -> list[str]:
        """Those that its items come from, the smallest first."""
        return list(dict.fromkeys(layer.at.profile for layer in self._layers if layer in self._layer_of_item.values()))

    def judged(self, verdicts: Verdicts) -> Judged:
        """What becomes of the chapter's effects and claims, each at the profile that its items come from.

        Args:
            verdicts: the chapter's ``verdicts(at, records)``.
        """
        by_layer = [verdicts(layer.at, layer.records) for layer in self._layers]
        findings: dict[str, Finding] = {}
        shown = []
        for layer, judged in zip(self._layers, by_layer, strict=True):
            own = {
                name: each
                for name, each in judged.findings.items()
                if self._layer_of.get(each.measured.family[0], self._layers[0]) is layer
            }
            findings |= own
            shown += [each for each in judged.verdicts if {f.effect.name for f in each.findings} <= own.keys()]
        best = {each.claim.id: each for each in shown}
        best |= {each.claim.id: each for each in shown if each.outcome != "not run"}
        return Judged(findings, tuple(best[name] for name in CLAIMS if name in best))


def results(at: Settings, trials: Trials) -> Results:
    """The items of a chapter with their records: what is required is trained where it is missing.

    At the profile ``published`` nothing is trained, and each family of items is of the largest profile that has it.

    Args:
        at: the chapter's settings.
        trials: its ``trials(at)``.
    """
    if getattr(at, "profile", "") == PUBLISHED:
        return published(at, trials)
    items = trials(at)
    return Results([Layer(at, items, run(required(items)) | recorded(welcome(items)))])


def published(at: Settings, trials: Trials, store: Records | None = None, *, seeds_from: int = 0) -> Results:
    """Each family of items of the largest profile that has all of its records.

    Args:
        at: the chapter's settings.
        trials: its ``trials(at)``.
        store: where records are looked for.
        seeds_from: how far above each profile's first seed to begin.
    """
    layers = []
    for name in PROFILES[1:]:
        of_profile = at.of_profile(name)
        if seeds_from and "first_seed" in vars(of_profile):
            of_profile = of_profile.replace(first_seed=of_profile.first_seed + seeds_from)
        items = trials(of_profile)
        found = recorded([*required(items), *welcome(items)], records=store)
        layers.append(Layer(of_profile, items, found))
    return Results(layers)

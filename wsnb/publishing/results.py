"""What a chapter rests on: its items with their records, and what becomes of its effects."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from wsnb.evidence.records import Record, Records
from wsnb.papers import CLAIMS
from wsnb.publishing.settings import PROFILES, PUBLISHED, Settings
from wsnb.publishing.shown import Source
from wsnb.running.run import recorded, run
from wsnb.trials.item import Item, required, welcome
from wsnb.trials.trial import Trial
from wsnb.verdicts.claims import Verdict
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
        chapter: its name.
        layers: by profile, the smallest first; a family that none has whole is that of the first.

    Attributes:
        chapter: its name.
        items: what is compared, by item.
        compared: its records, by item.
        records: of all of them.
    """

    def __init__(self, chapter: str, layers: list[Layer]) -> None:
        self.chapter = chapter
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

    def source(self, *keys: Any, is_paired: bool = True) -> Source:
        """What these items rest on, or all of them: for the line under a figure or a table.

        Args:
            keys: the items.
            is_paired: whether a seed counts when it is whole; else each training that has a result does.
        """
        keys = keys or tuple(self.items)
        trials = {  # by key: several may ask one training for different measurements
            trial.key: trial
            for key in keys
            for seed, of_seed in self.items[key].seeds.items()
            for trial in of_seed.values()
            if (seed in self.compared[key].seeds if is_paired else self.has_result(trial))
        }
        records = {trial: self.records[trial] for trial in trials.values()}
        profiles = dict.fromkeys(self.at(key).profile for key in keys)
        changes = {name: value for key in keys for name, value in self.at(key).changes.items()}
        if not records and all(self.items[key].welcome for key in keys):  # which is run as the data set of the chapter
            changes["dataset"] = next(iter(self.items[keys[0]].first().values())).data.dataset
        failed = sorted({seed for key in keys for seed in self.compared[key].failed if is_paired})
        return Source(self.chapter, ", ".join(profiles), records, changes, failed)

    def has_result(self, trial: Trial) -> bool:
        """Whether the training is recorded, and did not fail."""
        return trial in self.records and not self.records[trial].failed

    @property
    def settings(self) -> dict[str, Settings]:
        """By profile, the settings of the items that come from it."""
        return {layer.at.profile: layer.at for layer in self._layers if layer in self._layer_of_item.values()}

    @property
    def profiles(self) -> list[str]:
        """Those that its items come from, the smallest first."""
        return list(self.settings)

    def judged(self, verdicts: Verdicts) -> Judged:
        """What becomes of the chapter's effects and claims, each at the profile that its items come from.

        Where a larger profile has been begun and is not complete, what a smaller one decides is not said: one record
        that is missing there would else turn its verdict into that of the smaller.

        Args:
            verdicts: the chapter's ``verdicts(at, records)``.
        """
        by_layer = [verdicts(layer.at, layer.records) for layer in self._layers]
        layer_of = dict(self._layer_of)
        for layer, judged in zip(self._layers, by_layer, strict=True):
            joined: dict[Hashable, bool] = {}  # families of items that the chapter has joined to judge them
            for each in judged.findings.values():
                family = each.measured.family[0]
                if family not in self._layer_of:
                    joined[family] = joined.get(family, True) and not each.measured.missing
            layer_of |= {family: layer for family, whole in joined.items() if whole or family not in layer_of}
        findings: dict[str, Finding] = {}
        shown: dict[str, Verdict] = {}
        for number, (layer, judged) in enumerate(zip(self._layers, by_layer, strict=True)):
            own = {n: each for n, each in judged.findings.items() if layer_of[each.measured.family[0]] is layer}
            findings |= own
            begun = {
                name for later in by_layer[number + 1 :] for name, each in later.findings.items() if each.measured.seeds
            }
            for each in judged.verdicts:
                names = {finding.effect.name for finding in each.findings}
                if not names <= own.keys() or (each.outcome == "not run" and each.claim.id in shown):
                    continue
                if each.is_decided and names & begun:
                    waits = f"the rest of the trainings of a larger profile; {layer.at.profile} alone: {each.outcome}"
                    each = dataclasses.replace(each, outcome="inconclusive", missing=waits)
                shown[each.claim.id] = each
        return Judged(findings, tuple(shown[name] for name in CLAIMS if name in shown))


def results(chapter: str, at: Settings, trials: Trials) -> Results:
    """The items of a chapter with their records: what is required is trained where it is missing.

    At the profile ``published`` nothing is trained, and each family of items is of the largest profile that has it.

    Args:
        chapter: its name.
        at: its settings.
        trials: its ``trials(at)``.
    """
    if getattr(at, "profile", "") == PUBLISHED:
        return published(chapter, at, trials)
    items = trials(at)
    return Results(chapter, [Layer(at, items, run(required(items)) | recorded(welcome(items)))])


def published(
    chapter: str, at: Settings, trials: Trials, store: Records | None = None, *, seeds_from: int = 0
) -> Results:
    """Each family of items of the largest profile that has all of its records.

    Args:
        chapter: its name.
        at: its settings.
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
    return Results(chapter, layers)

"""A chapter's verdicts when one of its records is taken away, has failed or came out otherwise."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from made_records import failed, record

from wsnb import Record, Trial
from wsnb.publishing.chapters import Chapter, chapter
from wsnb.verdicts.crossed import Crossed

DECIDED = {"reproduced", "not reproduced"}


def drawn(found: Chapter, settings: dict[str, Any], draw: np.random.Generator) -> dict[Trial, Record]:
    """Records of all trials that the chapter requires; names differ by up to three points and five times."""
    offsets: dict[Any, tuple[float, float]] = {}
    records = {}
    for item in found.items(settings).values():
        for of_seed in () if item.welcome else item.seeds.values():
            shared = draw.normal(0, 0.02)
            for name, trial in of_seed.items():
                gain, factor = offsets.setdefault(name, (draw.uniform(-0.03, 0.03), draw.uniform(1, 5)))
                accuracy = 0.5 + shared + gain + draw.normal(0, 0.005)
                final = {"images_seen": int(1000 * factor * draw.uniform(0.95, 1.05)), "stopped": "all epochs done"}
                if "accuracy" in str(trial.stop):
                    final["stopped"] = "train accuracy reached 0.99"
                records[trial] = record(trial, accuracy, **final)
    return records


def verdicts(found: Chapter, settings: dict[str, Any], records: dict[Trial, Record]) -> dict[str, str]:
    return {each.claim.id: each.outcome for each in found.judged(settings, records).verdicts}


@pytest.mark.parametrize("name", ["early-stopping", "weight-decay", "learning-rate-batch-size"])
def test_a_change_to_one_record_never_turns_a_verdict_into_its_opposite(name: str) -> None:
    found, draw = chapter(name), np.random.default_rng(len(name))
    settings = found.settings("laptop")
    seen = set()
    for _ in range(4):
        records = drawn(found, settings, draw)
        if name == "learning-rate-batch-size":
            choosing = Crossed(found.items(settings)["choosing"], records)
            settings["figure_4_choice"] = str(choosing.choice())
        before = verdicts(found, settings, records)
        seen |= set(before.values())
        trials = [list(records)[number] for number in draw.permutation(len(records))[:6]]
        for trial, change in itertools.product(trials, ("taken away", "failed", "worse", "better")):
            changed = dict(records)
            if change == "taken away":
                del changed[trial]
            elif change == "failed":
                changed[trial] = failed(trial)
            else:
                accuracy = records[trial].final["test_accuracy"] + (0.2 if change == "better" else -0.2)
                changed[trial] = record(trial, accuracy, **{"stopped": records[trial].final["stopped"]})
            for claim, outcome in verdicts(found, settings, changed).items():
                assert {before[claim], outcome} != DECIDED, (claim, change, trial)
    assert seen & DECIDED


def test_a_choice_that_is_not_the_profiles_judges_nothing() -> None:
    found = chapter("learning-rate-batch-size")
    settings = found.settings("laptop")
    records = drawn(found, settings, np.random.default_rng(0))
    choice = str(Crossed(found.items(settings)["choosing"], records).choice())
    for written in (None, choice + " or so"):
        outcomes = verdicts(found, settings | {"figure_4_choice": written}, records)
        assert set(outcomes.values()) == {"not run"}
    assert set(verdicts(found, settings | {"figure_4_choice": choice}, records).values()) != {"not run"}


def test_figure_4_finds_no_start_faster_where_both_depend_on_the_last_phase_alone() -> None:
    found = chapter("learning-rate-batch-size")
    settings = found.settings("laptop")
    draw = np.random.default_rng(1)
    of_last = {
        pair: (0.6 + draw.uniform(-0.008, 0), int(draw.uniform(20_000, 90_000)))
        for pair in itertools.product(settings["learning_rates"], settings["batch_sizes"])
    }
    records = {}
    for item in found.items(settings).values():
        for trials in item.seeds.values():
            for (_, _, last), trial in trials.items():
                accuracy, images = of_last[last]
                stopped = "train accuracy reached 0.99"
                records[trial] = record(trial, accuracy + draw.normal(0, 0.001), images_seen=images, stopped=stopped)
    choice = Crossed(found.items(settings)["choosing"], records).choice()
    outcomes = verdicts(found, settings | {"figure_4_choice": str(choice)}, records)
    assert outcomes["rates-warm-as-good-and-faster"] == "not reproduced"
    assert outcomes["rates-as-good-takes-as-long-ash2020"] == "reproduced"

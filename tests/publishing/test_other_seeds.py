"""Verdicts judged again on other seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsnb import Record, Records
from wsnb.papers import CLAIMS, claim
from wsnb.publishing import other_seeds
from wsnb.publishing.chapters import Chapter, chapter
from wsnb.publishing.other_seeds import Twice
from wsnb.publishing.settings import PROFILES, profile
from wsnb.verdicts.claims import judge, not_run

CHAPTER = Chapter("gap-offline", Path("gap-offline.py"))
GAP = claim("gap-figure-1")


def twice(first: list[float], other: list[float], *, together: int = 1) -> Twice:
    both = (judge(GAP, values, 0, "digits", together=together) for values in (first, other))
    return Twice(CHAPTER, *both)


@pytest.mark.parametrize(
    ("first", "other", "holds"),
    [
        ([2.0, 2.1, 2.2], [1.0, 1.1, 1.2], "the same"),
        ([2.0, 2.1, 2.2], [-9.0, 1.1, 9.0], "undecided"),
        ([2.0, 2.1, 2.2], [-1.0, -1.1, -1.2], "the opposite"),
        ([-9.0, 1.1, 9.0], [-8.0, 1.1, 9.0], "the same"),
    ],
)
def test_a_verdict_holds_unless_the_other_seeds_say_the_opposite(
    first: list[float], other: list[float], holds: str
) -> None:
    assert twice(first, other).holds == holds


def test_both_together_are_judged_at_the_level_of_the_first_on_all_seeds() -> None:
    each = twice([2.0, -1.0, 3.0], [2.5, 0.5, 1.5], together=9)
    together = each.together.measured
    assert together is not None
    assert each.first.outcome == each.other.outcome == "inconclusive"
    assert together.differences == (2.0, -1.0, 3.0, 2.5, 0.5, 1.5)
    assert together.level == pytest.approx(1 - 0.05 / 9)


def test_what_was_run_on_one_side_alone_is_not_counted() -> None:
    missing = Twice(CHAPTER, judge(GAP, [1.0, 2.0, 3.0], 0, ""), not_run(GAP, "other seeds"))
    assert missing.together == missing.first
    assert "No claim" in other_seeds.summary([missing]).markdown
    said = other_seeds.summary([missing, twice([2.0, 2.1, 2.2], [-1.0, -1.1, -1.2])]).markdown
    assert said.startswith("1 claims were run on other seeds. The seeds of the pages decide 1 of them")
    assert "inconclusive about 0, and say the opposite of 1." in said and "same sign on both for 0" in said


def test_what_the_page_leaves_open_is_told_apart_from_what_it_decides() -> None:
    said = other_seeds.summary(
        [
            twice([2.0, 2.1, 2.2], [1.0, 1.1, 1.2]),
            twice([2.0, 2.1, 2.2], [-9.0, 1.1, 9.0]),
            twice([-9.0, 1.1, 9.0], [1.0, 1.1, 1.2]),
        ]
    ).markdown
    assert "decide 2 of them: **the other seeds say the same of 1, are inconclusive about 1" in said
    assert "Of the 1 that the pages leave open, the other seeds decide 1. All seeds together decide 1." in said


def test_what_is_recorded_is_judged_again_in_the_profile_of_its_page() -> None:
    made = {"device": "a CPU", "threads": 1, "commit": "none", "versions": {}, "started": "2026-01-01", "seconds": 1}
    final = {"train_accuracy": 0.9, "train_loss": 0.1, "epochs": 3, "images_seen": 10, "stopped": "all epochs done"}
    decay = chapter("weight-decay")
    for first_seed in (1, 1 + other_seeds.APART):
        for trial in decay.trials(decay.settings("laptop", {"first_seed": first_seed})):
            has_gap = trial.parent is not None and not trial.optimizer.weight_decay
            accuracy = 0.48 if has_gap else 0.5
            curves = {"test_accuracy": [accuracy] * 3, "seconds": [1.0] * 3}
            measured = final | {"test_accuracy": accuracy}
            Records().put(Record(trial.canonical(), trial.asked, {}, curves, measured, made))
    twice = other_seeds.judged_twice()
    both = {each.first.claim.id: each for each in twice if each.first.measured and each.other.measured}
    assert [each.first.claim.id for each in twice] == list(CLAIMS)
    of_figure_1 = {"gap-figure-1", "gap-warmstart2019", "similar-losses"}  # which is the row without weight decay
    assert set(both) == {"gap-decays-with-decay-0.1", "gap-decays-with-more-decay"} | of_figure_1
    decays = both["gap-decays-with-decay-0.1"]
    assert (decays.first.outcome, decays.holds, decays.together.outcome) == ("reproduced", "the same", "reproduced")
    assert decays.together.measured.n == 10
    shown = other_seeds.tables(twice).markdown
    assert "+2.0 [+2.0,\N{NO-BREAK SPACE}+2.0], 10 seeds: ✔ **reproduced**" in shown
    assert "wsnb run online --profile laptop" not in shown  # not run on its own page either


def test_other_seeds_are_none_of_any_pages() -> None:
    counts = [value for name in PROFILES for key, value in profile(name).items() if key.endswith("seeds")]
    assert max(counts) <= other_seeds.APART


def test_a_page_that_was_run_says_how_other_seeds_are_run_and_one_that_was_not_says_so() -> None:
    run = Twice(chapter("online"), judge(claim("online-gap-cifar10"), [1.0, 2.0, 3.0], 0, ""), not_run(GAP, "seeds"))
    shown = other_seeds.tables([run]).markdown
    assert "wsnb run online --profile laptop -p first_seed=11\nwsnb book other-seeds" in shown
    absent = Twice(chapter("online"), not_run(GAP, "seeds"), not_run(GAP, "seeds"))
    assert other_seeds.tables([absent]).markdown.endswith("\n\nNot run.")

"""Verdicts judged again on other seeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from findings_of import around, found

from wsnb import Record, Records
from wsnb.papers import CLAIMS
from wsnb.publishing import other_seeds
from wsnb.publishing.chapters import Chapter, chapter
from wsnb.publishing.other_seeds import Twice
from wsnb.publishing.settings import PROFILES, profile
from wsnb.verdicts.claims import Verdict, verdict

CHAPTER = Chapter("gap-offline", Path("gap-offline.py"))
GAP = CLAIMS["gap-figure-1"]
NOT_RUN = Verdict(GAP, "not run", missing="its trainings")

CLEAR, CLEARLY_NOT, OPEN = around(2.0, 0.3), around(-2.0, 0.3), around(1.0, 5.0)


def judged(differences: list[float]) -> Verdict:
    return verdict(GAP, {"figure-1-gap": found(differences)}, "laptop")


def twice(first: list[float], other: list[float]) -> Twice:
    return Twice(CHAPTER, judged(first), judged(other))


@pytest.mark.parametrize(
    ("first", "other", "holds"),
    [
        (CLEAR, around(1.6, 0.3), "the same"),
        (CLEAR, OPEN, "undecided"),
        (CLEAR, CLEARLY_NOT, "the opposite"),
        (OPEN, OPEN, "the same"),
    ],
)
def test_a_verdict_holds_unless_the_other_seeds_say_the_opposite(
    first: list[float], other: list[float], holds: str
) -> None:
    assert twice(first, other).holds == holds


def test_what_was_run_on_one_side_alone_is_not_counted() -> None:
    missing = Twice(CHAPTER, judged(CLEAR), NOT_RUN)
    assert "No claim" in other_seeds.summary([missing]).markdown
    said = other_seeds.summary([missing, twice(CLEAR, CLEARLY_NOT)]).markdown
    assert said.startswith("1 claims were run on other seeds. The seeds of the pages decide 1 of them")
    assert "inconclusive about 0, and say the opposite of 1." in said


def test_what_the_page_leaves_open_is_told_apart_from_what_it_decides() -> None:
    said = other_seeds.summary([twice(CLEAR, CLEAR), twice(CLEAR, OPEN), twice(OPEN, CLEAR)]).markdown
    assert "decide 2 of them: **the other seeds say the same of 1, are inconclusive about 1" in said
    assert said.endswith("Of the 1 that the pages leave open, the other seeds decide 1.")


def test_other_seeds_are_judged_alone_at_the_profile_of_the_page_and_change_nothing_on_it() -> None:
    made = {"device": "a CPU", "threads": 1, "commit": "none", "versions": {}, "started": "2026-01-01", "seconds": 1}
    final = {"train_accuracy": 0.9, "train_loss": 0.1, "epochs": 3, "images_seen": 10, "stopped": "all epochs done"}
    decay = chapter("weight-decay")

    def put(first_seed: int, gap: float) -> None:
        for trial in decay.trials(decay.settings("laptop", {"first_seed": first_seed})):
            has_gap = trial.parent is not None and not trial.optimizer.weight_decay
            accuracy = 0.5 - (gap if has_gap else 0)
            curves = {"test_accuracy": [accuracy] * 3, "seconds": [1.0] * 3}
            measured = final | {"test_accuracy": accuracy, "late_test_accuracy": accuracy}
            Records().put(Record(trial.canonical(), trial.asked, {}, curves, measured, made))

    put(1, 0.03)
    alone = {name: each for name, each in decay.published_verdicts().findings.items()}
    assert {each.holds for each in other_seeds.judged_twice() if each.is_on_both} == set()
    put(1 + other_seeds.APART, 0.0)
    assert decay.published_verdicts().findings == alone
    again = other_seeds.judged_twice()
    both = {each.first.claim.id: each for each in again if each.is_on_both}
    assert {each.chapter.name for each in again} >= {"weight-decay", "gap-offline"}
    assert [each.first.claim.id for each in again] == [name for name in CLAIMS if name in _first_of_each()]
    assert both["gap-decays-with-decay-0.1"].first.outcome == "reproduced"
    assert both["gap-decays-with-decay-0.1"].holds == "the opposite"
    assert both["gap-figure-1"].holds == "the opposite"  # Figure 1 is the row without weight decay
    shown = other_seeds.tables(again).plain
    assert "+3.0 [+3.0,\N{NO-BREAK SPACE}+3.0], 5 seeds: ✔ reproduced" in shown
    assert "10 seeds" not in shown
    assert "wsnb run online --profile laptop" not in shown  # not run on its own page either


def _first_of_each() -> set[str]:
    """Of the claims on one question the first, where a chapter tests it."""
    questions: dict[object, str] = {}
    for name, each in CLAIMS.items():
        if each.expects:
            questions.setdefault(each.question, name)
    return set(questions.values())


def test_other_seeds_are_none_of_any_pages() -> None:
    counts = [value for name in PROFILES for key, value in profile(name).items() if key.endswith("seeds")]
    assert max(counts) <= other_seeds.APART


def test_a_page_that_was_run_says_how_other_seeds_are_run_and_one_that_was_not_says_so() -> None:
    shown = other_seeds.tables([Twice(chapter("online"), judged(CLEAR), NOT_RUN)]).plain
    assert "wsnb run online --profile laptop -p first_seed=51\nwsnb book other-seeds" in shown
    assert other_seeds.tables([Twice(chapter("online"), NOT_RUN, NOT_RUN)]).plain.endswith("\nNot run.")

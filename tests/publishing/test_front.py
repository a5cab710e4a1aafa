"""The front page: what it says of the verdicts that the chapters publish."""

from __future__ import annotations

import dataclasses

import pytest
from findings_of import around, found

from wsnb.papers import CLAIMS
from wsnb.publishing import front
from wsnb.publishing.board import outcomes
from wsnb.publishing.front import Board
from wsnb.verdicts.claims import Verdict, verdict
from wsnb.verdicts.findings import Finding

QUESTIONS = sum(outcomes([Verdict(claim, "not run") for claim in CLAIMS.values()]).values())


def board(chapter: str = "gap-offline", **findings: Finding) -> Board:
    """All claims, judged by these findings."""
    names = {}
    for name, finding in findings.items():
        effect = dataclasses.replace(finding.effect, name=name.replace("_", "-"))
        names[effect.name] = dataclasses.replace(finding, measured=dataclasses.replace(finding.measured, effect=effect))
    judged = {name: verdict(claim, names, "laptop") for name, claim in CLAIMS.items()}
    return Board(judged, names, {name: chapter for name, each in judged.items() if each.findings})


GAP = found(around(2.0, 0.3))


def test_verdicts_are_counted_and_what_three_papers_claim_alike_counts_once() -> None:
    said = front.counts(board(figure_1_gap=GAP, figure_3_gap=found(around(0.4, 9)))).markdown
    assert f"Of {QUESTIONS} claims" in said
    assert f"**1 reproduced, 1 inconclusive, {QUESTIONS - 2} not run**" in said
    assert front.counts(board()).markdown == f"Of {QUESTIONS} claims so far: **{QUESTIONS} not run**."


@pytest.mark.parametrize(
    "mean, words",
    [(2.0, "a ResNet-18 ends below one"), (-2.0, "a ResNet-18 ends above one"), (0.0, "a ResNet-18 ends as one does")],
)
def test_the_headline_says_what_was_found_of_the_gap_of_figure_1_and_no_more(mean: float, words: str) -> None:
    said = front.answer(board(figure_1_gap=found(around(mean, 0.3)))).markdown
    assert words in said and "images" not in said
    assert "Not decided: whether a ResNet-18" in front.answer(board(figure_1_gap=found(around(0.9, 0.9)))).markdown


def test_what_is_decided_is_said_first_and_online_what_is_saved_and_what_is_lost() -> None:
    said = front.answer(board(online_gap=found(around(3.7, 0.3)), online_images=found(around(-1.0748, 0.1)))).markdown
    assert said.startswith("Where data keeps arriving") and "Not judged yet: whether a ResNet-18" in said
    assert "(by 3.7 [" in said and "66 % fewer images" in said


def test_the_front_figure_draws_what_was_run_and_names_what_was_not() -> None:
    shown = front.headlines(board(figure_1_gap=GAP, figure_3_help=found(around(0.9, 0.9))))
    assert "1 of 2 that were run are decided" in shown.plain
    assert [row[1] for row in shown.rows] == ["half of the data, then all: SGD", "by stopping the half early"]
    assert "Not run: to 99 %: momentum SGD; " in shown.html
    assert "Not run." in front.headlines(board()).html


def test_a_topic_links_to_its_claims_and_its_rows_add_up() -> None:
    shown = front.counts_table(board(figure_1_gap=GAP)).plain
    [line] = [line for line in shown.splitlines() if "Figure 1" in line]
    assert "(claims.html#topic-the-gap-offline-figure-1)" in line
    assert '<h2 id="topic-the-gap-offline-figure-1">' in front.claims(board(figure_1_gap=GAP)).html
    assert line.split(" | ")[1:] == ["3", "1", "–", "–", "2"]


def test_claims_of_one_question_share_a_card_and_those_that_were_not_run_are_folded_and_say_what_they_need() -> None:
    shown = front.claims(board(online_gap=GAP)).plain
    online = shown[shown.index("The gap, online") : shown.index("Early stopping")]
    [row] = [line for line in online.splitlines() if "reproduced" in line]
    assert row.count(" / ") == 2 and "+2.0 [+1.6,\N{NO-BREAK SPACE}+2.4], 5 seeds: positive and large" in row
    assert online.count("Here: not run: needs SVHN") == 3 and "needs trainings on actively chosen images" in online
    html = front.claims(board(online_gap=GAP)).html
    assert html.count('id="claim-') == len(CLAIMS) and "<summary>7 questions not run</summary>" in html


def test_without_a_record_every_claim_is_on_the_board_as_not_run() -> None:
    published = front.board()
    assert list(published.verdicts) == list(CLAIMS)
    assert {each.outcome for each in published.verdicts.values()} == {"not run"}
    assert published.chapter_of["gap-figure-1"] == "gap-offline"
    untestable = {name for name, claim in CLAIMS.items() if not claim.expects}
    assert set(CLAIMS) - set(published.chapter_of) == untestable
    assert all(isinstance(each, Verdict) and each.missing for each in published.verdicts.values())

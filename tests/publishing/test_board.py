"""Findings and verdicts on a page."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from findings_of import around, found, measured
from hypothesis import given
from hypothesis import strategies as st

from wsnb.papers import kireev2021
from wsnb.publishing import board
from wsnb.verdicts.claims import Claim, Printed, Verdict, verdict
from wsnb.verdicts.findings import Finding, find
from wsnb.verdicts.judging import Judged
from wsnb.verdicts.measures import ACCURACY, IMAGES_SEEN, LOSS, Measure

GAP = Claim("a-gap", kireev2021.PAPER, "Figure 0", "Something is higher.", "A topic", {"gap": "positive"})
SAME = Claim("the-same", kireev2021.PAPER, "Figure 9", "It is, again.", "A topic", {"gap": "positive"})
NONE = Claim("no-gap", kireev2021.PAPER, "Table 0", "No gap.", "A topic", {"gap": "negligible"}, is_derived=True)


def judged(finding: Finding, *claims: Claim) -> Judged:
    return Judged({"gap": finding}, tuple(verdict(each, {"gap": finding}, "laptop") for each in claims))


def row(finding: Finding, *claims: Claim) -> str:
    [only] = board.verdicts(judged(finding, *claims)).plain.splitlines()
    return only


def test_claims_of_one_question_share_a_card_and_count_once() -> None:
    shown = row(found(around(3.0, 0.5)), GAP, SAME)
    assert "a-gap: Something is higher. (Kireev et al. (2021), Figure 0) / the-same:" in shown
    assert board.outcomes(judged(found(around(3.0, 0.5)), GAP, SAME, NONE).verdicts) == {
        "reproduced": 1, "not reproduced": 1, "inconclusive": 0, "not run": 0,
    }  # fmt: skip


def test_what_only_our_reading_makes_a_claim_is_marked() -> None:
    assert "Table 0; derived by us)" in row(found(around(0.0, 0.3)), NONE)


def test_a_decided_verdict_says_what_its_seeds_find() -> None:
    shown = row(found(around(3.0, 0.5)), GAP)
    least = f"{found(around(3.0, 0.5)).detectable:.1f}"
    assert "+3.0 [+2.4,\N{NO-BREAK SPACE}+3.6], 5 seeds: positive and large" in shown
    assert f"These seeds would find the sign of an effect of {least} points four times in five." in shown
    assert "settled" not in shown and shown.startswith("✔ reproduced")


def test_an_open_verdict_says_how_many_seeds_would_settle_it_and_in_how_many_hours() -> None:
    finding = found(around(0.9, 0.9))
    nothing, something = finding.seeds_to_settle("positive", None)
    shown = row(finding, GAP)
    hours = (nothing - 5) * 0.5  # an hour of one core a seed, on two
    assert (
        f"It would be settled, four times in five, by {nothing} seeds if there is nothing ({hours:.1f} h more)" in shown
    )
    assert f"by {something} seeds if it is 1.5 times what matters" in shown
    printed = Claim("a-gap", kireev2021.PAPER, "F", "S.", "T", {"gap": "positive"}, {"gap": Printed(9.0)})
    assert "by as many seeds as these if it is as printed" in row(finding, printed)
    assert "by over 100 seeds if there is nothing" in row(found(around(0.9, 9.0)), GAP)


def test_of_an_open_verdict_with_trainings_that_failed_no_number_of_seeds_is_said() -> None:
    shown = row(found([0.9, 0.1, 2.0, 1.5, 0.2], failed=(0,)), GAP)
    assert "More seeds settle it only if their trainings do not fail." in shown and "four times in five" not in shown


def test_what_is_shown_are_the_pairs_that_finished_and_how_many_failed() -> None:
    shown = row(found([0.1, 0.2, 0.1, 0.0, 2.0], failed=(4,)), GAP)
    assert "+0.1 [−0.0," in shown and "(1 of 5 pairs failed)" in shown


def test_claims_that_rest_on_the_same_measurements_with_the_same_outcome_count_once() -> None:
    parts = [Claim(str(n), kireev2021.PAPER, "T", f"{n}.", "T", {f"cell {n}": "positive"}) for n in range(3)]
    whole = Claim("all", kireev2021.PAPER, "Text", "All.", "T", {f"cell {n}": "positive" for n in range(3)})
    implied = Claim("no less", kireev2021.PAPER, "T", "As good.", "T", {"cell 0": "not below"})
    reproduced = [Verdict(each, "reproduced") for each in (*parts, whole, implied)]
    assert board.outcomes(reproduced)["reproduced"] == 3
    assert board.outcomes([Verdict(whole, "reproduced")])["reproduced"] == 1


def test_a_papers_value_says_whether_ours_agrees() -> None:
    printed = Claim("a-gap", kireev2021.PAPER, "F", "S.", "T", {"gap": "positive"}, {"gap": Printed(2.46, 0.3, 4)})
    assert "Printed: +2.46 (agrees)." in row(found(around(2.2, 0.4)), printed)
    assert "Printed: no number." in row(found(around(2.2, 0.4)), GAP)


def test_what_was_not_run_says_what_it_needs() -> None:
    shown = row(found([1.0, 2.0], missing=(2, 3, 4)), GAP)
    assert "not judged: 3 of 5 seeds are missing" in shown and "It needs its trainings of seeds 2, 3, 4." in shown
    assert board.rests_on(Verdict(GAP, "not run", missing="SVHN")) == "not run: needs SVHN"


@pytest.mark.parametrize(
    "differences, said", [([1.0, 2.0, 1.5], "not judged: five seeds are the fewest"), ([], "not run")]
)
def test_few_seeds_are_shown_and_none_are_not(differences: list[float], said: str) -> None:
    assert said in board.findings(judged(found(differences))).plain


def test_the_findings_name_the_smallest_size_that_matters_the_family_and_the_test_that_decides() -> None:
    finding = found([3.0, 2.9, 3.1, 3.0, 3.1], failed=(4,))
    [_, line] = board.findings(judged(finding)).plain.splitlines()
    cells = line.split(" | ")
    assert cells[2] == "**positive and large (1 of 5 pairs failed)**"
    assert cells[3:] == ["5", "1 point", "<.001 (1)"]
    nothing = found([0.0, 0.3, -0.3, 0.1, -0.1])
    assert nothing.state == "negligible" and nothing.small < 0.001 < nothing.sign
    assert board.findings(judged(nothing)).plain.endswith("| <.001 (1)")


@given(st.lists(st.floats(-6, 6), min_size=5, max_size=5), st.sampled_from([ACCURACY, LOSS, IMAGES_SEEN]))
def test_numbers_of_an_axis_never_touch_and_stand_within_it(differences: list[float], measure: Measure) -> None:
    axis = board._axis(found(differences, effect_measure=measure), [Printed(9.0, 0.5, 4)])
    texts = re.findall(r'<text x="([^"]+)"[^>]*>([^<]+)</text>', axis)
    spans = sorted((float(x) - 4 * len(text), float(x) + 4 * len(text)) for x, text in texts)
    assert spans[0][0] >= 0 and spans[-1][1] <= board.WIDTH
    assert all(after[0] - before[1] >= 8 for before, after in zip(spans, spans[1:], strict=False))


def test_a_ratio_is_shown_as_one() -> None:
    finding = found(around(math.log(0.5), 0.1), effect_measure=IMAGES_SEEN)
    assert board.measured(finding).startswith("×0.50 [×0.44")
    assert board.least_in_words(finding.effect) == "×1.25"


def test_a_card_shows_the_finding_on_an_axis_with_what_matters_and_what_is_printed() -> None:
    printed = Claim("a-gap", kireev2021.PAPER, "F", "It is <higher>.", "T", {"gap": "positive"}, {"gap": Printed(2.46)})
    html = board.verdicts(judged(found(around(3.0, 0.5)), printed)).html
    assert 'class="verdict reproduced"' in html and "It is &lt;higher&gt;." in html
    label = html.split('aria-label="')[1].split('"')[0]
    assert "+3.0 [+2.4,\N{NO-BREAK SPACE}+3.6] points; the smallest that matters is 1 point; printed +2.5" in label


def test_an_axis_has_its_numbers_unless_they_would_stand_in_one_another() -> None:
    def numbers(finding: Finding) -> list[str]:
        return re.findall(r"<text[^>]*>([^<]*)<", board.verdicts(judged(finding, GAP)).html)

    assert sorted(numbers(found(around(3.0, 0.5)))) == ["+1.0", "0", "−1.0"]
    assert numbers(found(around(90.0, 0.5))) == ["0", "+89.4"], "of the interval's ends those that stand apart"
    assert "×1.25" in numbers(found(around(math.log(0.5), 0.1), effect_measure=IMAGES_SEEN))
    assert numbers(found(around(0.0, 0.02), effect_measure=IMAGES_SEEN)) == ["×0.80", "×1", "×1.25"]
    assert numbers(found(around(math.log(0.3), 0.1), effect_measure=IMAGES_SEEN)) == ["×0.26", "×1"]


def test_a_card_draws_the_error_that_a_paper_prints() -> None:
    claim = Claim("a-gap", kireev2021.PAPER, "F", "S.", "T", {"gap": "positive"}, {"gap": Printed(2.46, 0.5, 4)})
    plain, with_error = (
        board.verdicts(judged(found(around(3.0, 0.5)), dataclasses.replace(claim, prints={"gap": each}))).html
        for each in (Printed(2.46), claim.printed)
    )
    assert with_error.count("<path") == plain.count("<path") == 6
    [without], [line] = (re.findall(r'd="M([\d.]+) 11.0H([\d.]+)"', html) for html in (plain, with_error))
    assert without[0] == without[1] and float(line[0]) < float(line[1])


def test_the_axes_of_a_card_are_of_one_width_and_hold_what_is_printed_of_each() -> None:
    each = [measured(around(mean, 0.2), name=name) for name, mean in (("narrow", 0.5), ("wide", 9.0))]
    effects = find(each)
    expects, prints = dict.fromkeys(effects, "positive"), {"narrow": Printed(0.4), "wide": Printed(8.0)}
    claim = Claim("both", kireev2021.PAPER, "T", "Both.", "T", expects, prints)
    html = board.cards([[verdict(claim, effects)]]).html
    shaded = re.findall(r'd="M([\d.]+) 3H([\d.]+)V', html)
    assert len(shaded) == 2 and shaded[0] == shaded[1], "from -1 to 1 on both"
    assert "printed +0.4" in html and "printed +8.0" in html and "Printed: Kireev et al. (2021): +0.4" in html
    alone = re.findall(r'd="M([\d.]+) 3H([\d.]+)V', board.cards([[verdict(claim, {"narrow": effects["narrow"]})]]).html)
    assert alone[0] != shaded[0]


def test_a_card_of_several_findings_says_once_what_is_measured_and_folds_what_would_settle_them() -> None:
    claim = Claim("both", kireev2021.PAPER, "T", "Both.", "T", {"one": "positive", "two": "positive"})
    findings = {}
    for name in claim.expects:
        finding = found(around(0.9, 0.9))
        effect = dataclasses.replace(finding.effect, name=name)
        findings[name] = dataclasses.replace(finding, measured=dataclasses.replace(finding.measured, effect=effect))
    html = board.verdicts(Judged(findings, (verdict(claim, findings, "laptop"),))).html
    assert html.count("(matters from 1 point)") == 1 and html.count("<svg") == 2
    assert html.index("<details") < html.index("one: These seeds") < html.index("two: It would be settled")


def test_what_was_not_run_and_lacks_the_same_is_one_card() -> None:
    other, last = (Claim(name, kireev2021.PAPER, "F", "S.", "T", {name: "positive"}) for name in ("other", "last"))
    absent = [Verdict(claim, "not run", missing="SVHN") for claim in (GAP, other)]
    html = board.verdicts(Judged({}, (*absent, Verdict(last, "not run", missing="its trainings")))).html
    assert html.count('class="verdict not-run"') == 2 and html.count("not run: needs SVHN") == 1
    assert all(f'id="claim-{claim.id}"' in html for claim in (GAP, other, last))


def test_of_effects_that_were_not_run_the_names_are_said_below_the_table() -> None:
    shown = board.findings(judged(found([])))
    assert shown.plain == "1 effect not run: gap" and "<table" not in shown.html


def test_of_a_finding_of_which_nothing_finished_there_is_no_axis() -> None:
    assert "<svg" not in board.verdicts(judged(found([]), GAP)).html


STATES = {
    "positive": around(3.0, 0.5),
    "negative": around(-3.0, 0.5),
    "negligible": around(0.0, 0.2),
    "unclear": around(0.9, 0.9),
}


@pytest.mark.parametrize("state", STATES)
def test_an_answer_says_what_was_found_with_its_numbers(state: str) -> None:
    finding = found(STATES[state])
    said = board.answer(finding, positive="More", negative="Less", negligible="The same", unclear="whether it is more")
    first = {
        "positive": "More (",
        "negative": "Less (",
        "negligible": "The same (",
        "unclear": "Not decided: whether it is more (",
    }
    signed = state in ("negligible", "unclear")  # else the words say which way
    size = board.measured(finding) if signed else "by 3.0 [2.4,\N{NO-BREAK SPACE}3.6]"
    assert said.startswith(first[state]) and said.endswith(f"{size} points, 5 seeds).")


def test_an_answer_says_what_matters_where_an_effect_may_be_smaller() -> None:
    words = {"positive": "More", "negative": "Less", "negligible": "The same", "unclear": "whether it is more"}
    assert board.answer(found(around(1.2, 0.4)), **words).endswith(" points, 5 seeds, where 1 point matters).")


def test_an_effect_that_no_claim_speaks_of_has_a_card_where_it_is_asked_for() -> None:
    finding = found(around(3.0, 0.5))
    shown = board.verdicts(judged(finding), also=["gap", "not there"])
    assert "asked by us" in shown.html and shown.html.count("<svg") == 1 and "positive and large" in shown.plain
    assert "asked by us" not in board.verdicts(judged(finding)).html


def test_an_answer_of_what_was_not_run_or_not_wholly_says_so() -> None:
    words = {"positive": "a", "negative": "b", "negligible": "c", "unclear": "whether"}
    assert board.answer(None, **words) == board.answer(found([]), **words) == "Not judged yet: whether."
    assert board.answer(found([1.0], missing=(1, 2)), **words) == "Not judged: whether (1 seed)."
    assert "Not judged before all seeds are there: whether (" in board.answer(
        found([1.0, 2.0], missing=(2, 3, 4)), **words
    )

"""A verdict follows from paired seeds by a fixed rule."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsnb.errors import InvalidValue
from wsnb.papers import kireev2021
from wsnb.verdicts.claims import Claim, judge, not_run, verdict_on
from wsnb.verdicts.statistics import Paired

CLAIM = Claim("a-claim", kireev2021.PAPER, "Figure 0", "Something is higher.", "A topic", least=0.5)


def with_interval(low, high, seeds=3):
    """Accuracies of two starts whose paired differences have this 95 % interval."""
    unit = Paired(tuple(float(number) for number in range(seeds)))
    scale = (high - low) / 2 / unit.half_width
    middle = (low + high) / 2
    differences = [middle + scale * (number - unit.mean) for number in unit.differences]
    return [60 + difference for difference in differences], [60.0] * seeds


# The rule -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "low, high, outcome",
    [
        (0.001, 3, "reproduced"),
        (0.001, 0.4, "reproduced"),
        (-0.001, 3, "inconclusive"),
        (-0.001, 0.501, "inconclusive"),
        (-0.001, 0.499, "not reproduced"),
        (-3, 0.501, "inconclusive"),
        (-3, 0.499, "not reproduced"),
        (-3, -0.001, "not reproduced"),
    ],
)
@pytest.mark.parametrize("seeds", [3, 5])
def test_the_verdict_depends_on_where_the_interval_ends(low, high, outcome, seeds):
    higher, lower = with_interval(low, high, seeds)
    verdict = judge(CLAIM, higher, lower, "")
    assert (verdict.measured.low, verdict.measured.high) == pytest.approx((low, high))
    assert verdict.outcome == outcome


@pytest.mark.parametrize("gap, outcome", [(0.0, "not reproduced"), (0.5, "reproduced"), (-0.5, "not reproduced")])
def test_an_interval_of_no_width_is_judged_like_any_other(gap, outcome):
    assert judge(CLAIM, [60 + gap] * 3, [60.0] * 3, "").outcome == outcome


def test_an_interval_that_ends_just_at_zero_or_at_the_smallest_effect_decides_nothing_in_favour():
    verdict = judge(dataclasses.replace(CLAIM, least=0.0), [60.0] * 3, [60.0] * 3, "")
    assert (verdict.measured.low, verdict.measured.high) == (0, 0)
    assert verdict.outcome == "inconclusive"


def test_the_smallest_effect_of_interest_is_the_claims_own():
    accuracies = with_interval(-1, 0.8)
    assert judge(CLAIM, *accuracies, "").outcome == "inconclusive"
    assert judge(dataclasses.replace(CLAIM, least=1.0), *accuracies, "").outcome == "not reproduced"


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=2))
def test_two_seeds_never_decide(differences):
    verdict = judge(CLAIM, differences, [0.0, 0.0], "somewhere")
    assert verdict.outcome == "inconclusive" and verdict.measured.n == 2


@pytest.mark.parametrize("seeds", [0, 1])
def test_fewer_than_two_seeds_are_not_run_and_it_is_said_what_is_missing(seeds):
    verdict = judge(CLAIM, [90.0] * seeds, [10.0] * seeds, "somewhere")
    assert (verdict.outcome, verdict.measured, verdict.missing) == ("not run", None, "at least two seeds")
    assert (verdict.claim, verdict.setting) == (CLAIM, "somewhere")


def test_seeds_are_paired_by_position_and_none_may_be_alone():
    shared = [10.0, 50.0, 90.0]
    assert judge(CLAIM, [one + 1 for one in shared], shared, "").outcome == "reproduced"
    assert judge(CLAIM, [one + 1 for one in shared], shared[::-1], "").outcome == "inconclusive"
    with pytest.raises(InvalidValue, match="3 and 2"):
        judge(CLAIM, [1.0, 2.0, 3.0], [1.0, 2.0], "")


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=3, max_size=6), st.floats(0, 5))
def test_a_larger_effect_never_makes_a_verdict_worse(differences, more):
    order = ["not reproduced", "inconclusive", "reproduced"]
    lower = [0.0] * len(differences)
    before = judge(CLAIM, differences, lower, "").outcome
    after = judge(CLAIM, [difference + more + 1e-6 for difference in differences], lower, "").outcome
    # "Not reproduced" asks for an interval that is not above zero: a narrow one passes straight to "reproduced".
    assert order.index(after) >= order.index(before)


@pytest.mark.parametrize(
    "expects, low, high, outcome",
    [
        ("below", -3, -0.001, "reproduced"),
        ("below", -0.499, 0.001, "not reproduced"),
        ("below", -0.501, 0.001, "inconclusive"),
        ("below", 0.001, 3, "not reproduced"),
        ("within", -0.499, 0.499, "reproduced"),
        ("within", 0.1, 0.499, "reproduced"),
        ("within", -0.501, 0.499, "inconclusive"),
        ("within", 0.499, 3, "inconclusive"),
        ("within", 0.501, 3, "not reproduced"),
        ("within", -3, -0.501, "not reproduced"),
        ("within", -3, 3, "inconclusive"),
        ("not below", -0.499, 3, "reproduced"),
        ("not below", 1, 3, "reproduced"),
        ("not below", -0.501, 3, "inconclusive"),
        ("not below", -3, -0.501, "not reproduced"),
        ("not below", -3, -0.499, "inconclusive"),
    ],
)
def test_a_claim_is_judged_by_where_it_expects_the_effect(expects, low, high, outcome):
    claim = dataclasses.replace(CLAIM, expects=expects)
    assert judge(claim, *with_interval(low, high), "").outcome == outcome


def test_claims_that_are_judged_together_need_more_each():
    accuracies = with_interval(0.1, 3, seeds=5)
    assert judge(CLAIM, *accuracies, "").outcome == "reproduced"
    together = judge(CLAIM, *accuracies, "", together=9)
    assert together.outcome == "inconclusive"
    assert together.measured.level == pytest.approx(1 - 0.05 / 9)
    assert together.measured.low < 0 < 3 < together.measured.high


def test_judged_together_any_of_many_true_nothings_is_called_something_once_in_twenty():
    rng = np.random.default_rng(0)
    anything = [
        any(judge(CLAIM, rng.normal(size=5), np.zeros(5), "", together=9).outcome == "reproduced" for _ in range(9))
        for _ in range(300)
    ]
    assert np.mean(anything) < 0.06


def test_not_run_says_what_is_needed():
    verdict = not_run(CLAIM, "a GPU")
    assert (verdict.outcome, verdict.missing, verdict.setting, verdict.measured) == ("not run", "a GPU", "", None)


def test_an_effect_that_is_measured_already_is_judged_by_the_same_rule():
    first, second = with_interval(0.1, 3)
    judged = judge(CLAIM, first, second, "somewhere")
    assert verdict_on(CLAIM, judged.measured, "somewhere") == judged

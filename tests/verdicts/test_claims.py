"""A verdict follows from findings by a fixed rule, and no two claims that contradict each other are both reproduced."""

import itertools

import pytest
from findings_of import around, found, measured
from hypothesis import given, settings
from hypothesis import strategies as st

from wsnb.papers import CLAIMS, kireev2021
from wsnb.verdicts.claims import Claim, Printed, against_printed, says, verdict
from wsnb.verdicts.findings import find
from wsnb.verdicts.statistics import welch

EXPECTED = ("positive", "negative", "negligible", "not below", "not above")
OPPOSED = {
    frozenset(pair)
    for pair in [
        ("positive", "negative"), ("positive", "negligible"), ("negative", "negligible"),
        ("positive", "not above"), ("negative", "not below"),
    ]
}  # fmt: skip

FINDINGS = {
    "large": around(3.0, 0.7),
    "positive": around(1.5, 0.7),
    "negligible": around(0.1, 0.3),
    "unclear": around(0.0, 3.0),
    "ahead": around(0.9, 1.2),
    "negative": around(-1.5, 0.7),
    "large below": around(-3.0, 0.7),
    "not judged": [3.0, 3.0, 3.0],
}


def claim(prints=None, **expects):
    return Claim("a-claim", kireev2021.PAPER, "Figure 0", "Something is higher.", "A topic", expects, prints or {})


# One part -----------------------------------------------------------------------------------------

YES, NO, OPEN, NOT_RUN = "reproduced", "not reproduced", "inconclusive", "not run"


@pytest.mark.parametrize(
    "name, outcomes",
    [
        ("large", (YES, NO, NO, YES, NO)),
        ("positive", (YES, NO, OPEN, YES, OPEN)),
        ("negligible", (NO, NO, YES, YES, YES)),
        ("unclear", (OPEN, OPEN, OPEN, OPEN, OPEN)),
        ("ahead", (OPEN, OPEN, OPEN, YES, OPEN)),
        ("negative", (NO, YES, OPEN, OPEN, YES)),
        ("large below", (NO, YES, NO, NO, YES)),
        ("not judged", (NOT_RUN,) * 5),
    ],
)
def test_what_each_finding_makes_of_each_expectation(name, outcomes):
    finding = found(FINDINGS[name])
    assert tuple(says(finding, expects) for expects in EXPECTED) == outcomes


@pytest.mark.parametrize(
    "low, high", [(3, 13), (0.2, 0.3), (-0.3, 0.2), (-13, -3), (0.5, 3), (-3, 3), (0.001, 0.999), (-0.999, 1.5)]
)
def test_an_interval_that_confirms_a_statement_never_confirms_its_opposite(low, high):
    # [3, 13] confirmed both "trained faster" and "takes as long"; [.2, .3] both "a gap" and "no gap".
    finding = found(around((low + high) / 2, (high - low) / 2 / 1.2416639981))
    assert (finding.measured.paired.low, finding.measured.paired.high) == pytest.approx((low, high))
    for one, other in OPPOSED:
        assert not says(finding, one) == says(finding, other) == YES


@settings(max_examples=500)
@given(
    st.lists(
        st.builds(
            lambda mean, values, failed: ([mean + value for value in values], failed),
            st.floats(-3, 3),
            st.lists(st.floats(-1.5, 1.5), min_size=5, max_size=10),
            st.sampled_from([(), (), (), (0,), (0, 1)]),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_opposed_expectations_are_never_both_reproduced_and_not_all_of_them_refuted(family):
    members = [measured(values, str(n), failed=failed) for n, (values, failed) in enumerate(family)]
    for finding in find(members).values():
        reproduced = {expects for expects in EXPECTED if says(finding, expects) == YES}
        assert not any(pair <= reproduced for pair in OPPOSED)
        refuted = {expects for expects in EXPECTED if says(finding, expects) == NO}
        assert not {"not below", "not above"} <= refuted
        assert not {"positive", "negative", "negligible"} <= refuted


def test_what_the_papers_state_against_each_other_speaks_of_one_effect():
    pairs = [
        (one.id, other.id)
        for one, other in itertools.combinations(CLAIMS.values(), 2)
        for effect in one.expects.keys() & other.expects.keys()
        if frozenset((one.expects[effect], other.expects[effect])) in OPPOSED
    ]
    against = {name for pair in pairs for name in pair}
    assert {"rates-warm-as-good-and-faster", "rates-no-time-saved", "rates-as-good-takes-as-long-ash2020"} <= against
    assert {"gap-decays-with-decay-0.1", "decay-does-not-help-ash2020"} <= against


# Several parts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first, second, outcome",
    [
        ("large", "positive", YES),
        ("large", "unclear", OPEN),
        ("large", "negligible", NO),
        ("unclear", "negligible", NO),
        ("large", "not judged", NOT_RUN),
        ("negligible", "not judged", NO),
        ("unclear", "not judged", NOT_RUN),
        ("large", None, NOT_RUN),
        ("negligible", None, NO),
    ],
)
def test_every_part_has_to_be_reproduced_and_one_refuted_refutes(first, second, outcome):
    findings = {"one": found(FINDINGS[first])} | ({"other": found(FINDINGS[second])} if second else {})
    assert verdict(claim(one="positive", other="positive"), findings).outcome == outcome


def test_what_was_not_run_says_what_it_needs():
    expected = claim(gap="positive")
    few = found([1.0, 2.0, 1.5])
    some = found([1.0, 2.0, 1.5, 1.0, 1.2], missing=(5, 7))
    none = found([], missing=(1, 2))
    assert verdict(expected, {"gap": few}).missing == "five seeds or more: 3 are planned"
    assert verdict(expected, {"gap": some}).missing == "its trainings of seeds 5, 7"
    assert verdict(expected, {"gap": none}).missing == verdict(expected, {}).missing == "its trainings"
    assert verdict(expected, {}, needs="something else").missing == "something else"


def test_a_verdict_shows_the_findings_of_which_anything_is_recorded():
    judged, empty = found(FINDINGS["large"]), found([], missing=(0,))
    shown = verdict(claim(one="positive", other="positive"), {"one": judged, "other": empty}, "laptop")
    assert (shown.findings, shown.profile, shown.outcome) == ((judged,), "laptop", NOT_RUN)


# A record taken away, added or made worse ---------------------------------------------------------


@settings(max_examples=300)
@given(
    st.lists(st.floats(-2, 2), min_size=6, max_size=10),
    st.lists(st.floats(-2, 2), min_size=5, max_size=5),
    st.integers(0, 5),
    st.sampled_from(["taken away", "failed", "failed for the other side", "planned and missing"]),
    st.sampled_from(["gap", "other"]),
)
def test_a_change_to_one_record_moves_a_verdict_between_decided_and_open_only(values, others, which, change, whose):
    def judged(values, others, *, of_gap=(), of_other=(), missing=()):
        gap = measured(values, "gap", failed=of_gap, missing=missing if whose == "gap" else ())
        other = measured(others, "other", failed=of_other, missing=missing if whose == "other" else ())
        finding = find([gap, other])["gap"]
        return [verdict(claim(gap=expects), {"gap": finding}).outcome for expects in EXPECTED]

    before = judged(values, others)
    changed = {"gap": list(values), "other": list(others)}
    which %= len(changed[whose])
    failed, missing = (), ()
    if change.startswith("failed"):
        size = max(2.0, *map(abs, changed[whose]))
        changed[whose][which] = -size if "other" in change else size
        failed = (which,)
    elif change == "planned and missing":
        missing = (99,)
    else:
        del changed[whose][which]
        missing = (which,)
    after = judged(
        changed["gap"], changed["other"], missing=missing,
        **({"of_gap": failed} if whose == "gap" else {"of_other": failed}),
    )  # fmt: skip
    for one, two in zip(before, after, strict=True):
        assert {one, two} != {YES, NO}


# Beside the paper's own value ---------------------------------------------------------------------


def test_ours_agrees_with_a_printed_value_only_when_the_interval_between_them_is_narrow():
    ours = found(around(2.0, 0.5))
    assert against_printed(ours, Printed(2.4, 0.2, 4)) == "agrees"
    assert against_printed(ours, Printed(4.0, 0.2, 4)) == "differs"
    assert against_printed(found(around(2.0, 2.5)), Printed(2.4, 0.2, 4)) == "cannot tell"
    assert against_printed(found(around(20.0, 2.5)), Printed(22.0, 0.2, 4)) == "agrees"  # to half of what is printed


def test_the_interval_is_welchs_with_the_degrees_of_freedom_of_their_seeds():
    ours = found(around(2.0, 0.5))
    low, high = welch(ours.measured.paired, 3.1, 0.2, 4)
    assert (high < 0) == (against_printed(ours, Printed(3.1, 0.2, 4)) == "differs")


def test_without_an_error_in_print_only_the_place_is_said():
    ours = found(around(2.0, 0.5))
    assert against_printed(ours, Printed(2.2)) == "inside ours"
    assert against_printed(ours, Printed(4.0)) == "outside ours"


def test_what_is_not_judged_agrees_with_nothing():
    for few in (found([]), found([2.4, 2.4, 2.4]), found([2.4] * 5, missing=(5,))):
        assert against_printed(few, Printed(2.4, 0.2, 4)) == "not judged"
    assert against_printed(found([2.4] * 5, failed=(0, 1, 2)), Printed(2.4, 0.2, 4)) == "not judged"


def test_what_is_set_beside_print_are_the_pairs_that_finished():
    finding = found([2.4, 2.3, 2.5, 2.4, 2.6, 9.0], failed=(5,))
    assert against_printed(finding, Printed(2.4, 0.2, 4)) == "agrees"


def test_claims_on_one_question_are_one():
    assert CLAIMS["gap-figure-1"].question == CLAIMS["gap-warmstart2019"].question
    assert CLAIMS["gap-figure-1"].question != CLAIMS["similar-losses"].question

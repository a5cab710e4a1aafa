"""Claims state what the papers print, and a verdict follows from paired seeds by a fixed rule."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsnb import claims, papers
from wsnb.claims import CLAIMS, Claim, claim, judge, not_run
from wsnb.errors import InvalidValue
from wsnb.statistics import Paired

CLAIM = Claim("a-claim", papers.KIREEV_2021, "Figure 0", "Something is higher.", least=0.5)


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


def test_not_run_says_what_is_needed():
    verdict = not_run(CLAIM, "a GPU")
    assert (verdict.outcome, verdict.missing, verdict.setting, verdict.measured) == ("not run", "a GPU", "", None)


# The papers' numbers ------------------------------------------------------------------------------

# (random init, warm start) in percent, read off Table 1a of Kireev et al. 2021 and Table 1 of Ash and Adams 2020.
PRINTED = {
    "gap-table-1a-sgd": (60.3, 57.8),
    "gap-table-1a-adam": (80.3, 79.0),
    "gap-table-1a-momentum-sgd": (65.5, 63.4),
    "gap-ash-table-1-sgd": (56.2, 51.7),
    "gap-ash-table-1-adam": (78.0, 74.4),
}


def test_these_are_all_the_claims_each_under_its_own_id():
    # Two claims of one id would leave one of them out of the book without a word.
    assert set(CLAIMS) == {"gap-figure-1", *PRINTED}
    assert len(CLAIMS) == 1 + len(papers.KIREEV_TABLE_1A_CIFAR10) + len(papers.ASH_TABLE_1_CIFAR10_RESNET)
    assert all(entry.id == name for name, entry in CLAIMS.items())
    assert len({entry.statement + entry.paper.cite for entry in CLAIMS.values()}) == len(CLAIMS)


@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_gap_is_the_difference_in_the_papers_table(name):
    random_init, warm_start = PRINTED[name]
    assert CLAIMS[name].printed == round(random_init - warm_start, 1)


@pytest.mark.parametrize("name", PRINTED)
def test_a_claim_names_the_paper_that_its_numbers_are_from(name):
    expected = papers.ASH_2020 if "ash" in name else papers.KIREEV_2021
    assert CLAIMS[name].paper is expected
    assert CLAIMS[name].item.startswith("Table 1, " if "ash" in name else "Table 1a, ")


def test_standard_errors_are_those_that_kireev_prints():
    errors = {name: cell.errors for name, cell in papers.KIREEV_TABLE_1A_CIFAR10.items()}
    assert errors == {"SGD": (0.1, 0.4), "Adam": (0.1, 0.1), "momentum SGD": (0.2, 0.2)}


def test_a_figure_without_numbers_has_none_in_its_claim():
    assert CLAIMS["gap-figure-1"].printed is None


def test_every_claim_is_about_half_a_point_or_more_in_the_direction_that_judge_tests():
    for entry in CLAIMS.values():
        assert entry.least == 0.5 and entry.effect.startswith("random init − warm start")
        assert entry.printed is None or entry.printed > entry.least


def test_a_claim_is_found_by_its_id():
    assert claim("gap-figure-1") is claims.CLAIMS["gap-figure-1"]


def test_a_mistyped_id_is_refused_with_the_near_miss():
    with pytest.raises(InvalidValue, match="no claim 'gap-figure1'.*Did you mean 'gap-figure-1'"):
        claim("gap-figure1")

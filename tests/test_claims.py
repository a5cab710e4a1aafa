"""Claims state what the papers print, and a verdict follows from paired seeds by a fixed rule."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsnb import claims, papers
from wsnb.claims import CLAIMS, Claim, claim, judge, not_run
from wsnb.errors import InvalidValue
from wsnb.statistics import Paired

CLAIM = Claim("a-claim", papers.KIREEV_2021, "Figure 0", "Something is higher.", "A topic", least=0.5)


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


# The papers' numbers ------------------------------------------------------------------------------

# (random init, warm start) in percent, read off Table 1 of Kireev et al. 2021 and Table 1 of Ash and Adams 2020.
PRINTED = {
    "table-1-kireev2021-cifar-10-resnet-18-sgd": (60.3, 57.8),
    "table-1-kireev2021-cifar-10-resnet-18-adam": (80.3, 79.0),
    "table-1-kireev2021-cifar-10-resnet-18-momentum-sgd": (65.5, 63.4),
    "table-1-kireev2021-cifar-10-mlp-momentum-sgd": (45.9, 43.5),
    "table-1-kireev2021-svhn-mlp-sgd": (72.7, 67.3),
    "table-1-kireev2021-svhn-resnet-18-sgd": (84.7, 86.3),
    "table-1-kireev2021-cifar-100-logistic-regression-adam": (12.6, 12.2),
    "table-1-ash2020-cifar-10-resnet-18-sgd": (56.2, 51.7),
    "table-1-ash2020-cifar-10-mlp-adam": (39.4, 36.1),
    "table-1-ash2020-svhn-mlp-adam": (76.7, 69.4),
    "table-1-ash2020-cifar-100-resnet-18-adam": (41.4, 35.0),
}


def test_every_claim_is_under_its_own_id_and_says_something_of_its_own():
    # Two claims of one id would leave one of them out of the book without a word.
    assert all(entry.id == name for name, entry in CLAIMS.items())
    cells = [name for name in CLAIMS if name.startswith(("table-1-kireev2021-", "table-1-ash2020-"))]
    assert len(cells) == len(papers.KIREEV_TABLE_1) + len(papers.ASH_TABLE_1) == 27 + 12
    assert len({entry.statement + entry.paper.cite for entry in CLAIMS.values()}) == len(CLAIMS)


@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_gap_is_the_difference_in_the_papers_table(name):
    random_init, warm_start = PRINTED[name]
    assert CLAIMS[name].printed == round(random_init - warm_start, 1)
    assert CLAIMS[name].paper is (papers.ASH_2020 if "ash" in name else papers.KIREEV_2021)


def test_a_cell_claims_what_it_prints_and_a_difference_within_its_error_claims_none():
    expected = {
        "table-1-kireev2021-cifar-10-resnet-18-sgd": "above",
        "table-1-kireev2021-svhn-resnet-18-sgd": "below",
        "table-1-kireev2021-cifar-10-mlp-sgd": "within",
        "table-1-kireev2021-svhn-mlp-sgd": "above",
        "table-1-ash2020-svhn-resnet-18-adam": "above",
    }
    assert {name: CLAIMS[name].expects for name in expected} == expected


def test_the_seeds_behind_the_replications_table_have_the_means_that_it_prints():
    # But for the run of SGD on the perceptron on SVHN that the printed table replaces.
    for cell, starts in papers.KIREEV_TABLE_1_SEEDS.items():
        for seeds, printed in zip(starts, papers.KIREEV_TABLE_1[cell].accuracies, strict=True):
            assert len(seeds) == 5
            assert (abs(np.mean(seeds) - printed) < 0.0501) == (cell != ("SVHN", "MLP", "SGD"))


def test_table_2_claims_are_differences_of_printed_gaps():
    assert CLAIMS["gap-decays-with-more-decay"].printed == round((60.42 - 58.63) - (81.44 - 81.16), 2)
    assert CLAIMS["gap-decays-with-decay-0.1"].printed == round((60.3 - 57.8) - (81.44 - 81.16), 2)


def test_a_figure_without_numbers_has_none_in_its_claim():
    assert CLAIMS["gap-figure-1"].printed is None


def test_every_claim_has_a_topic_and_an_effect_of_interest_that_its_digits_can_show():
    for entry in CLAIMS.values():
        assert entry.topic and entry.least > 0
        assert float(f"{entry.least:.{entry.digits}f}") > 0


def test_a_claim_is_found_by_its_id():
    assert claim("gap-figure-1") is claims.CLAIMS["gap-figure-1"]


def test_a_mistyped_id_is_refused_with_the_near_miss():
    with pytest.raises(InvalidValue, match="no claim 'gap-figure1'.*Did you mean 'gap-figure-1'"):
        claim("gap-figure1")

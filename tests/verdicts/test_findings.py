"""A finding follows from the differences of a family's effects by a fixed rule."""

import math

import numpy as np
import pytest
from findings_of import around, found, measured
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wsnb.verdicts.findings import OTHERWISE, find
from wsnb.verdicts.measures import IMAGES_SEEN
from wsnb.verdicts.power import Plan, seeds_to_settle
from wsnb.verdicts.rule import LEVEL, STILL_SMALL
from wsnb.verdicts.statistics import Paired, holm

SEVERAL = st.integers(5, 12).flatmap(lambda n: st.lists(st.floats(-3, 3), min_size=n, max_size=n))


# The states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mean, spread, seeds, state, is_large",
    [
        (0.0, 0.5, 5, "negligible", False),
        (0.3, 0.3, 5, "negligible", False),  # its sign is shown too, and does not matter
        (3.0, 0.7, 5, "positive", True),
        (-3.0, 0.7, 5, "negative", True),
        (1.5, 0.7, 5, "positive", False),  # it is there; whether it is over a point is not shown
        (0.9, 0.9, 5, "unclear", False),
        (0.0, 3.0, 5, "unclear", False),
        (0.0, 1.0, 20, "negligible", False),
        (0.65, 0.5, 6, "unclear", False),  # so nearly small that one seed less would make it so
    ],
)
def test_the_state_depends_on_the_mean_the_spread_and_the_number_of_seeds(mean, spread, seeds, state, is_large):
    finding = found(around(mean, spread, seeds))
    assert (finding.state, finding.is_large) == (state, is_large)


@pytest.mark.parametrize("differences", [[], [3.0], [3.0, 3.1, 2.9, 3.0]])
def test_fewer_than_five_seeds_are_not_judged_however_clear(differences):
    finding = found(differences)
    assert finding.state == "not judged"
    assert not (finding.is_judged or finding.is_large or finding.is_not_below or finding.is_not_above)


def test_a_planned_seed_that_is_missing_leaves_the_effect_unjudged():
    assert found([3.0, 3.1, 2.9, 3.0, 3.1, 2.8], missing=(6,)).state == "not judged"


def test_differences_that_are_all_alike_are_as_sure_as_their_measures_resolution_and_no_surer():
    assert found([0.0] * 5).state == "negligible"
    finding = found([0.02] * 5)
    assert finding.state == "negligible" and 0 < finding.sign < LEVEL


def test_the_smallest_size_that_matters_is_the_effects_own():
    assert found(around(0.0, 0.5)).state == "negligible"
    assert found(around(0.0, 0.5), least=0.4).state == "unclear"
    assert found(around(0.0, 0.1), effect_measure=IMAGES_SEEN).state == "negligible"
    assert found(around(math.log(2), 0.1), effect_measure=IMAGES_SEEN).is_large


# A family -----------------------------------------------------------------------------------------


def test_each_test_is_corrected_over_the_family_by_holms_method():
    family = [around(1.5, 0.7), around(0.2, 0.6), around(0.8, 0.5)]
    findings = list(find([measured(each, str(number)) for number, each in enumerate(family)]).values())
    alone = [found(each) for each in family]
    for test in ("sign", "small", "large"):
        raw = [getattr(each, test) for each in alone]
        assert [getattr(each, test) for each in findings] == pytest.approx(holm(raw))
    assert [each.members for each in findings] == [3, 3, 3]


def test_effects_of_other_families_do_not_count():
    both = find([measured(around(1.0, 0.7), "gap"), measured(around(0, 9), "other", family="another")])
    assert both["gap"] == found(around(1.0, 0.7))


def test_a_member_that_is_missing_counts_as_one_of_which_nothing_is_shown():
    there = find([measured(around(1.5, 0.8), "gap"), measured(around(0.0, 9.0), "other")])["gap"]
    missing = find([measured(around(1.5, 0.8), "gap"), measured([], "other", missing=tuple(range(5)))])["gap"]
    assert (missing.sign, missing.state) == (there.sign, there.state)
    assert missing.sign == 2 * found(around(1.5, 0.8)).sign


def test_findings_come_by_name_in_the_order_in_which_effects_were_given():
    names = [("b", "one"), ("a", "two"), ("c", "one")]
    assert list(find([measured([1.0] * 5, name, family=family) for name, family in names])) == ["b", "a", "c"]


# One side -----------------------------------------------------------------------------------------


def test_not_below_has_one_side_and_is_corrected_over_the_members_that_are_not_negligible():
    ahead = around(0.4, 0.9)
    assert found(ahead).is_not_below and not found(ahead).is_not_above
    assert found([-each for each in ahead]).is_not_above
    one_open = find([measured(ahead, "gap"), measured(around(0, 0.1), "settled")])["gap"]
    both_open = find([measured(ahead, "gap"), measured(around(0, 9), "other")])["gap"]
    assert one_open.one_sided == 2 * both_open.one_sided == LEVEL


def test_what_is_negligible_is_neither_below_nor_above():
    finding = found(around(0.1, 0.3))
    assert finding.is_not_below and finding.is_not_above


@settings(max_examples=200)
@given(st.lists(SEVERAL, min_size=1, max_size=4))
def test_what_is_positive_is_never_not_above_and_what_is_negative_never_not_below(family):
    for finding in find([measured(each, str(number)) for number, each in enumerate(family)]).values():
        assert not (finding.state == "positive" and finding.is_not_above)
        assert not (finding.state == "negative" and finding.is_not_below)
        assert not (finding.is_large and finding.is_not_below and finding.is_not_above)


# What failed --------------------------------------------------------------------------------------


def test_with_a_training_that_failed_nothing_is_negligible_or_as_good():
    finding = found([0.0, 0.01, -0.01, 0.0, 0.01, 0.0], failed=(0,))
    assert finding.state == "unclear" and not finding.is_not_below and not finding.is_not_above


def test_a_value_that_moves_by_a_step_of_the_measure_never_turns_negligible_into_a_sign():
    assert found([0.9725, 0.9949, 0.9949, 0.9949, 0.9949]).state == "negligible"
    assert found([0.9949] * 5).state == "unclear"


def test_a_clear_effect_stays_clear_when_one_in_five_pairs_failed_and_counts_for_it():
    assert found([3.0, 2.9, 3.1, 3.0, 3.1], failed=(4,)).state == "positive"


def test_with_more_than_a_fifth_failed_nothing_else_is_decided():
    finding = found([3.0, 2.9, 3.1, 3.0, 3.1], failed=(3, 4))
    assert finding.state == "unclear" and not finding.is_large


# No one record turns it round ---------------------------------------------------------------------


@settings(max_examples=300)
@given(st.lists(st.floats(-2, 2), min_size=6, max_size=12))
def test_a_seed_less_never_turns_negligible_into_a_sign_or_a_sign_round(differences):
    states = {found(differences).state}
    for number in range(len(differences)):
        states.add(found(differences[:number] + differences[number + 1 :]).state)
    assert len(states & {"positive", "negative", "negligible"}) < 2


def test_what_is_shown_small_stays_nearly_small_whichever_seed_is_left_out():
    # The bound behind STILL_SMALL: the worst that one seed can do, over where it lies.
    for seeds in (5, 6, 8, 12, 20):
        least = []
        for place in np.linspace(-6, 6, 49):
            others = np.linspace(-1, 1, seeds - 1)
            values = np.array([place, *others])
            pairs = Paired(tuple(values))
            size = _size_shown_at(pairs)
            least.append(max(pairs.without(number).p_small(size) for number in range(seeds)))
        assert max(least) < STILL_SMALL


def _size_shown_at(pairs):
    """The smallest size that these pairs show their mean to be within at 5 %."""
    low, high = 0.0, 100.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if pairs.p_small(middle) <= LEVEL else (middle, high)
    return high


# What the seeds can see ---------------------------------------------------------------------------


def test_the_detectable_effect_is_that_of_a_plan_with_its_spread_in_a_family_of_its_size():
    family = [measured(around(0.5, 1.0), str(number)) for number in range(3)]
    assert find(family)["0"].detectable == pytest.approx(Plan(5, 1.0, 1.0, 3).detectable())
    assert found(around(0.5, 1.0)).detectable < find(family)["0"].detectable
    assert found([3.0, 2.9, 3.1, 3.0, 3.1], failed=(4,)).detectable is None


def test_how_many_seeds_settle_it_takes_the_printed_effect_or_one_half_as_large_again_as_matters():
    finding = found(around(0.9, 0.9))
    spread = 0.9 * math.sqrt(4 / 1.6488)  # the one-sided 80 % limit of five seeds
    nothing, printed = finding.seeds_to_settle("positive", 2.0)
    assert nothing == seeds_to_settle(0.0, "positive", spread, 1.0, 1)
    assert finding.seeds_to_settle("positive", None)[1] == finding.seeds_to_settle("positive", OTHERWISE)[1]
    assert printed < nothing


@pytest.mark.parametrize("mean, state", [(0.0, "negligible"), (1.2, "positive")])
def test_more_of_the_same_seeds_settle_what_is_unclear(mean, state):
    assert found(around(mean, 1.6)).state == "unclear"
    assert found(around(mean, 1.6, 40)).state == state


@given(SEVERAL, st.floats(-3, 3))
def test_the_sign_is_that_of_the_mean(differences, shift):
    shifted = [each + shift for each in differences]
    finding, opposite = found(shifted), found([-each for each in shifted])
    assume(abs(np.mean(shifted)) > 1e-9)
    turned = {"positive": "negative", "negative": "positive"}
    assert opposite.state == turned.get(finding.state, finding.state)

"""What is said of a plan is what the rule does on seeds drawn by chance."""

import numpy as np
import pytest
from findings_of import found

from wsnb.verdicts.claims import says
from wsnb.verdicts.power import MOST_SEEDS, POWER, Plan, _drawn, seeds_to_settle

EXPECTED = ("positive", "negative", "negligible", "not below", "not above")
PLANS = [Plan(5, 0.5, 1.0), Plan(8, 1.2, 1.0), Plan(20, 1.0, 1.0)]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("mean", [0.0, 0.7, -1.4])
def test_each_try_is_called_what_the_rule_calls_it(plan, mean):
    said = plan.states(mean)
    settled = {expects: plan.settles(mean, expects) for expects in EXPECTED}
    counted = dict.fromkeys(EXPECTED, 0)
    for number, row in enumerate(mean + plan.spread * _drawn()[:150, : plan.seeds]):
        finding = found([float(value) for value in row])
        for state in ("positive", "negative", "negligible"):
            assert said[state][number] == (finding.state == state)
        assert said["large"][number] == finding.is_large
        assert said["not below"][number] == finding.is_not_below
        assert said["not above"][number] == finding.is_not_above
        for expects in EXPECTED:
            counted[expects] += says(finding, expects) in ("reproduced", "not reproduced")
    for expects in EXPECTED:
        assert counted[expects] / 150 == pytest.approx(settled[expects], abs=0.12)


def test_the_detectable_effect_is_found_four_times_in_five_and_one_a_little_smaller_is_not():
    for plan in PLANS:
        size = plan.detectable()
        assert plan.finds(size) >= POWER > plan.finds(0.97 * size)
        assert plan.finds(-size) == pytest.approx(POWER, abs=0.04)


def test_more_seeds_less_spread_and_a_smaller_family_find_smaller_effects():
    usual = Plan(6, 1.0, 1.0, 3).detectable()
    assert Plan(12, 1.0, 1.0, 3).detectable() < usual
    assert Plan(6, 0.5, 1.0, 3).detectable() < usual
    assert Plan(6, 1.0, 1.0, 1).detectable() < usual


def test_no_number_of_seeds_finds_what_is_too_small_to_matter():
    # Its sign could be found by chance alone: the rule calls it negligible.
    assert Plan(MOST_SEEDS, 0.3, 1.0).detectable() > 0.9


@pytest.mark.parametrize(
    "mean, expects", [(0.0, "positive"), (1.5, "positive"), (0.0, "negligible"), (0.0, "not below")]
)
def test_so_many_seeds_settle_it_four_times_in_five_and_one_fewer_do_not(mean, expects):
    seeds = seeds_to_settle(mean, expects, 1.2, 1.0, 2)
    assert (
        Plan(seeds, 1.2, 1.0, 2).settles(mean, expects) >= POWER > Plan(seeds - 1, 1.2, 1.0, 2).settles(mean, expects)
    )


def test_over_a_hundred_is_said_as_that_and_five_are_the_fewest():
    assert seeds_to_settle(0.0, "positive", 9.0, 1.0, 1) is None
    assert seeds_to_settle(0.0, "positive", 0.1, 1.0, 1) == 5


def test_settling_counts_both_ways():
    # An effect that is much smaller than matters is settled by being called negligible, not by finding its sign.
    assert seeds_to_settle(0.1, "positive", 0.7, 1.0, 1) < 20
    assert np.isclose(Plan(12, 0.7, 1.0).finds(0.1), 0.0, atol=0.05)

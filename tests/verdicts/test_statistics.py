"""What paired seeds say agrees with SciPy's tests and with simulation."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from wsnb.errors import InvalidValue
from wsnb.verdicts.statistics import (
    Paired,
    chosen_on_others,
    equivalence,
    growth_exponent,
    holm,
    mean_and_error,
    paired,
    seeds_for_equivalence,
)

ACCURACY = st.floats(0, 100)
PAIRS = st.lists(st.tuples(ACCURACY, ACCURACY), min_size=2, max_size=8)


def spread_out(count, mean=0.0, spread=1.0):
    """Differences with exactly this mean and standard deviation."""
    values = np.linspace(-1, 1, count)
    return Paired(tuple(mean + spread * values / values.std(ddof=1)))


@settings(deadline=None)
@given(PAIRS, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_is_that_of_the_paired_t_test(pairs, level):
    first, second = zip(*pairs, strict=True)
    measured = paired(first, second, level)
    assume(measured.spread > 1e-6)
    theirs = stats.ttest_rel(first, second).confidence_interval(level)
    assert measured.low == pytest.approx(theirs.low, abs=1e-9, rel=1e-9)
    assert measured.high == pytest.approx(theirs.high, abs=1e-9, rel=1e-9)
    assert measured.mean == pytest.approx(np.mean(first) - np.mean(second), abs=1e-9)
    assert (measured.n, measured.level) == (len(pairs), level)


@settings(deadline=None)
@given(PAIRS)
def test_swapping_the_two_mirrors_the_interval(pairs):
    first, second = zip(*pairs, strict=True)
    one, other = paired(first, second), paired(second, first)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_pairing_takes_out_what_the_seeds_share():
    seeds = np.array([10.0, 40.0, 70.0, 90.0])
    assert paired(seeds + 2, seeds).half_width == pytest.approx(0)
    assert paired(seeds + 2, seeds[::-1]).half_width > 50


@pytest.mark.parametrize("first, second", [(2, 1), (1, 1), (0, 0), (3, 2)])
def test_what_cannot_be_paired_is_refused_with_both_counts(first, second):
    with pytest.raises(InvalidValue, match=f"{first} and {second} values.*two or more, as many of each"):
        paired([1.0] * first, [1.0] * second)


# What could have been seen ------------------------------------------------------------------------


@pytest.mark.parametrize("seeds, power", [(3, 0.8), (5, 0.8), (5, 0.5), (10, 0.9)])
def test_an_effect_of_the_detectable_size_is_shown_as_often_as_the_power_says(seeds, power):
    measured = spread_out(seeds, spread=1.5)
    effect = measured.detectable(power)
    samples = np.random.default_rng(seeds).normal(effect, 1.5, (20_000, seeds))
    half_width = stats.t.ppf(0.975, seeds - 1) * samples.std(axis=1, ddof=1) / math.sqrt(seeds)
    shown = np.mean(samples.mean(axis=1) - half_width > 0)
    assert shown == pytest.approx(power, abs=0.012)


def test_the_papers_five_seeds_and_the_pilots_spread_see_a_gap_of_two_and_a_half_points():
    assert spread_out(5, spread=1.5).detectable() == pytest.approx(2.5, abs=0.1)


@settings(deadline=None, max_examples=30)
@given(st.integers(3, 30), st.floats(0.01, 10))
def test_more_seeds_see_less_and_more_spread_sees_only_more(seeds, spread):
    effect = spread_out(seeds, spread=spread).detectable()
    assert spread_out(seeds + 1, spread=spread).detectable() < effect
    assert spread_out(seeds, spread=2 * spread).detectable() == pytest.approx(2 * effect, rel=1e-6)
    assert spread_out(seeds, mean=5, spread=spread).detectable() == pytest.approx(effect, rel=1e-6)
    assert spread_out(seeds, spread=spread).detectable(0.9) > effect


def test_two_seeds_say_nothing_of_what_could_be_seen():
    assert math.isnan(spread_out(2).detectable())


@pytest.mark.parametrize("power, level", [(0.9, 0.99), (0.8, 0.999), (0.9999, 0.95)])
def test_a_high_power_or_level_asks_for_a_larger_effect_and_always_has_one(power, level):
    usual = spread_out(3)
    assert Paired(usual.differences, level).detectable(power) > usual.detectable()


# Whether two ways are the same --------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=12), st.floats(0.1, 3))
def test_two_ways_are_the_same_when_both_one_sided_tests_say_so(differences, margin):
    measured = Paired(tuple(differences))
    assume(measured.spread > 1e-6)
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    assume(abs(max(below, above) - 0.025) > 1e-6)

    assert (equivalence(measured, margin) == "the same") == (max(below, above) < 0.025)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (spread_out(5, mean=0.1, spread=0.2), "the same"),
        (spread_out(5, mean=2, spread=0.2), "different"),
        (spread_out(5, mean=-2, spread=0.2), "different"),
        (spread_out(5, mean=0.1, spread=2), "unknown"),
        (spread_out(5, mean=0.5, spread=0.2), "unknown"),
        (Paired((0.0, 0.0)), "unknown"),
    ],
)
def test_an_interval_across_the_margin_or_two_seeds_decide_nothing(measured, verdict):
    assert equivalence(measured, 0.5) == verdict


@pytest.mark.parametrize(("spread", "margin"), [(0.9, 0.5), (0.3, 0.5), (2.0, 1.0)])
def test_so_many_seeds_show_that_two_ways_are_the_same_as_often_as_the_power_says(spread, margin):
    seeds = seeds_for_equivalence(spread, margin)
    drawn = np.random.default_rng(0).normal(0, spread, (4000, seeds))
    half_widths = stats.t.ppf(0.975, seeds - 1) * drawn.std(axis=1, ddof=1) / np.sqrt(seeds)
    shown = np.mean(np.abs(drawn.mean(axis=1)) + half_widths < margin)
    assert 0.72 < shown < 0.92
    assert seeds_for_equivalence(spread, margin, power=0.95) > seeds >= 3


@pytest.mark.parametrize(("spread", "needed"), [(0.0001, 3), (1.0, 44)])
def test_no_verdict_has_fewer_than_three_seeds_and_a_spread_of_two_margins_needs_dozens(spread, needed):
    assert seeds_for_equivalence(spread, 0.5) == needed


# One start alone ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(ACCURACY, min_size=2, max_size=8))
def test_the_standard_error_is_the_spread_of_seeds_over_root_n(values):
    mean, error = mean_and_error(values)
    assert mean == pytest.approx(sum(values) / len(values))
    assert error == pytest.approx(np.std(values, ddof=1) / math.sqrt(len(values)), abs=1e-9)


def test_the_replications_own_seeds_give_the_error_that_its_table_prints():
    # Table 1a, CIFAR-10, ResNet-18, SGD, warm start: the five test accuracies in the authors' repository.
    mean, error = mean_and_error([57.43, 56.5, 57.66, 58.69, 58.79])
    assert (round(mean, 1), round(error, 1)) == (57.8, 0.4)


def test_one_seed_has_a_mean_and_no_error():
    mean, error = mean_and_error([60.0])
    assert mean == 60.0 and math.isnan(error)


@settings(deadline=None)
@given(PAIRS)
def test_the_p_value_is_that_of_the_paired_t_test(pairs):
    first, second = zip(*pairs, strict=True)
    measured = paired(first, second)
    assume(measured.spread > 1e-6)
    assert measured.p_value == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=1e-6, abs=1e-12)


def test_the_p_value_of_differences_that_are_all_alike_is_that_of_the_limit():
    assert Paired((0.0, 0.0, 0.0)).p_value == 1.0
    assert Paired((0.5, 0.5, 0.5)).p_value == 0.0


# Many at once -------------------------------------------------------------------------------------


def test_holm_multiplies_the_smallest_by_all_the_next_by_one_less_and_never_turns_them_round():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_keeps_the_order_and_lies_between_no_correction_and_bonferronis(p_values):
    adjusted = holm(p_values)
    for one, more in zip(p_values, adjusted, strict=True):
        assert one <= more <= min(1.0, len(p_values) * one) or more == pytest.approx(min(1.0, len(p_values) * one))
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    assert [adjusted[index] for index in order] == sorted(adjusted)


def test_holm_finds_a_false_difference_in_one_table_of_twenty():
    rng = np.random.default_rng(0)
    tables = [[Paired(tuple(rng.normal(size=5))).p_value for _ in range(27)] for _ in range(400)]
    assert np.mean([min(holm(table)) < 0.05 for table in tables]) < 0.08
    assert np.mean([min(table) < 0.05 for table in tables]) > 0.5  # what happens without


# How costs grow -----------------------------------------------------------------------------------


@given(st.floats(-2, 2), st.floats(0.1, 10))
def test_the_exponent_of_a_power_is_found(exponent, factor):
    x = [1, 2, 3, 5, 8]
    assert growth_exponent(x, [factor * each**exponent for each in x]) == pytest.approx(exponent, abs=1e-9)


@pytest.mark.parametrize("x, y", [([1], [1]), ([2, 2], [1, 3]), ([1, 2], [0, 1]), ([1, 2], [1])])
def test_what_has_no_exponent_is_refused(x, y):
    with pytest.raises(InvalidValue, match="growth_exponent was given"):
        growth_exponent(x, y)


# Choosing without luck ----------------------------------------------------------------------------


def test_the_seed_that_judges_has_no_part_in_the_choice():
    assert chosen_on_others(3, lambda others: tuple(others)) == [(1, 2), (0, 2), (0, 1)]
    with pytest.raises(InvalidValue, match="1 seeds"):
        chosen_on_others(1, lambda others: others)


def test_choosing_among_equals_and_judging_on_others_shows_no_advantage():
    rng = np.random.default_rng(0)
    advantages, lucky = [], []
    for _ in range(300):
        table = rng.normal(size=(12, 3))  # twelve configurations that are equally good, three seeds
        chosen = chosen_on_others(3, lambda others, table=table: int(table[:, others].mean(1).argmax()))
        advantages.append(np.mean([table[best, seed] for seed, best in enumerate(chosen)]))
        lucky.append(table.mean(1).max())
    assert abs(np.mean(advantages)) < 0.1 < np.mean(lucky)

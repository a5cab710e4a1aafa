"""What paired seeds say agrees with SciPy's tests and with simulation."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from wsnb.errors import InvalidValue
from wsnb.verdicts.statistics import (
    Paired,
    growth_exponent,
    holm,
    largest_spread,
    mean_and_error,
    paired,
    random_effects,
    welch,
)

ACCURACY = st.floats(0, 100)
PAIRS = st.lists(st.tuples(ACCURACY, ACCURACY), min_size=2, max_size=8)


@given(PAIRS)
def test_the_interval_is_that_of_the_paired_t_test(pairs):
    first, second = zip(*pairs, strict=True)
    measured = paired(first, second)
    assume(measured.spread > 1e-6)
    theirs = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert measured.low == pytest.approx(theirs.low, abs=1e-9, rel=1e-9)
    assert measured.high == pytest.approx(theirs.high, abs=1e-9, rel=1e-9)
    assert measured.mean == pytest.approx(np.mean(first) - np.mean(second), abs=1e-9)
    assert measured.n == len(pairs)


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


# Tests --------------------------------------------------------------------------------------------

DIFFERENCES = st.lists(st.floats(-5, 5), min_size=3, max_size=12)


@given(DIFFERENCES, st.floats(-3, 3))
def test_the_p_values_are_those_of_scipys_t_tests(differences, limit):
    measured = Paired(tuple(differences))
    assume(measured.spread > 1e-6)
    assert measured.p_sign == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, rel=1e-6, abs=1e-12)
    for ours, alternative in ((measured.p_above(limit), "greater"), (measured.p_below(limit), "less")):
        theirs = stats.ttest_1samp(differences, limit, alternative=alternative).pvalue
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-12)


@given(DIFFERENCES, st.floats(0.1, 3))
def test_small_is_the_larger_of_two_one_sided_tests(differences, least):
    measured = Paired(tuple(differences))
    assert measured.p_small(least) == pytest.approx(max(measured.p_above(-least), measured.p_below(least)), abs=1e-12)


@pytest.mark.parametrize("spread", [0.05, 0.5, 5.0])
def test_an_effect_of_just_the_smallest_size_is_called_large_no_more_often_than_the_level(spread):
    # The nearer tail alone would call it so twice as often as it says where the size is small beside the error.
    drawn = np.random.default_rng(0).normal(1.0, spread, (4000, 5))
    called = np.mean([Paired(tuple(each)).p_large(1.0) <= 0.05 for each in drawn])
    assert 0.03 < called < 0.06


def test_no_spread_between_seeds_counts_as_smaller_than_the_step_of_what_is_measured():
    alike = Paired((0.5, 0.5, 0.5, 0.5, 0.5), resolution=0.01)
    assert alike.spread == 0.01 and 0 < alike.p_sign < 1e-6 and alike.low < 0.5 < alike.high
    nothing = Paired((0.0,) * 5, resolution=0.01)
    assert nothing.p_sign == 1.0 and nothing.p_small(1.0) < 1e-6


def test_without_a_spread_or_a_resolution_the_p_value_is_that_of_the_limit():
    assert Paired((0.0, 0.0, 0.0)).p_sign == 1.0
    assert Paired((0.5, 0.5, 0.5)).p_sign == 0.0


def test_the_upper_limit_of_the_spread_lies_above_the_true_one_four_times_in_five():
    drawn = np.random.default_rng(0).normal(0, 2.0, (4000, 6))
    assert np.mean([largest_spread(Paired(tuple(each))) > 2.0 for each in drawn]) == pytest.approx(0.8, abs=0.02)


# Ours beside a printed value ----------------------------------------------------------------------


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=8), st.lists(st.floats(-5, 5), min_size=3, max_size=8))
def test_the_interval_of_ours_less_theirs_is_welchs(ours, theirs):
    first, second = Paired(tuple(ours)), Paired(tuple(theirs))
    assume(first.spread > 1e-3 and second.spread > 1e-3)
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.95)
    found = welch(first, second.mean, second.error, second.n - 1)
    assert found == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-6)


# Several studies ----------------------------------------------------------------------------------


def test_studies_that_agree_have_their_inverse_variance_mean_and_no_spread_between_them():
    pooled = random_effects([2.0, 2.1, 1.9], [0.5, 1.0, 1.0])
    assert pooled.mean == pytest.approx((2.0 * 4 + 2.1 + 1.9) / 6)
    assert pooled.between == 0 and pooled.share == 0
    half_width = stats.t.ppf(0.975, 2) * 6**-0.5  # by the errors: Hartung and Knapp's would be a fifth of it
    assert (pooled.low, pooled.high) == pytest.approx((pooled.mean - half_width, pooled.mean + half_width))


def test_studies_of_equal_error_that_differ_have_the_interval_of_their_plain_mean():
    # With equal errors the weights are equal, and Hartung and Knapp's interval is Student's on the values.
    values = [1.0, 3.0, 4.5, 2.0]
    pooled = random_effects(values, [0.1] * 4)
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (pooled.mean, pooled.low, pooled.high) == pytest.approx((2.625, interval.low, interval.high), abs=1e-3)
    assert pooled.between == pytest.approx(math.sqrt(np.var(values, ddof=1) - 0.01), abs=1e-2)
    assert pooled.share > 0.98


@pytest.mark.parametrize("values, errors", [([1.0], [0.1]), ([1.0, 2.0], [0.1])])
def test_one_study_has_no_mean_over_studies(values, errors):
    with pytest.raises(InvalidValue, match="two or more of each"):
        random_effects(values, errors)


# One start alone ----------------------------------------------------------------------------------


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
    tables = [[Paired(tuple(rng.normal(size=5))).p_sign for _ in range(27)] for _ in range(400)]
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

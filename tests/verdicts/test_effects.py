"""An effect is measured on every planned seed, and a training that failed counts against its side."""

import dataclasses
import math

import pytest
from made_records import HALF, STARTS, failed, item, record, records_of, with_gaps

from wsnb.verdicts.effects import Difference, Effect, measure
from wsnb.verdicts.measures import (
    ACCURACY,
    ACCURACY_IF_ANY,
    EARLY_ACCURACY,
    GRADIENT_RATIO,
    GROWTH,
    IMAGES_SEEN,
    LATE_ACCURACY,
    LOSS,
    OVER_FITTING,
    TRAIN_ACCURACY,
    TRAINING_MODE_ACCURACY,
)

GAP = Effect("gap", "random init", "warm start", ACCURACY, "Figure 0")
GAPS = (1.0, 2.0, 3.0, 2.0, 1.0)


def changed(records, trial, **final):
    return records | {trial: record(trial, **final)}


# What is compared ---------------------------------------------------------------------------------


def test_a_difference_is_first_less_second_seed_by_seed_in_the_unit_of_the_measure():
    found = measure(GAP, item(), with_gaps(item(), GAPS))
    assert found.differences == pytest.approx(GAPS)
    assert (found.seeds, found.failed, found.missing) == (tuple(range(5)), (), ())
    assert found.paired.resolution == ACCURACY.resolution


def test_a_ratio_is_compared_by_its_logarithm_and_so_is_the_smallest_size_that_matters():
    effect = Effect("cost", "warm start", "random init", IMAGES_SEEN, "Figure 0")
    records = records_of(item())
    for trials in item().seeds.values():
        records = changed(records, trials["warm start"], images_seen=300, stopped="train accuracy reached 0.99")
        records = changed(records, trials["random init"], images_seen=600, stopped="train accuracy reached 0.99")
    assert measure(effect, item(), records).differences == pytest.approx([math.log(0.5)] * 5)
    assert effect.smallest == pytest.approx(math.log(1.25))
    assert Effect("cost", "warm start", "random init", IMAGES_SEEN, "Figure 0", least=2).smallest == math.log(2)


def test_a_side_may_be_several_trainings_a_difference_or_a_number():
    records = with_gaps(item(), GAPS)
    several = Effect("mean", ["random init", "warm start"], 50.0, ACCURACY, "Figure 0")
    assert measure(several, item(), records).differences == pytest.approx([-gap / 2 for gap in GAPS])
    gap = Difference("random init", "warm start")
    twice = Effect("twice", gap, Difference("warm start", "random init"), ACCURACY, "Figure 0")
    assert measure(twice, item(), records).differences == pytest.approx([2 * gap for gap in GAPS])
    total = Effect("total", ["random init", "warm start"], "half of the data", IMAGES_SEEN, "Figure 0")
    assert measure(total, item(), records).differences == pytest.approx([math.log(2)] * 5)


def test_the_growth_of_a_cost_is_the_exponent_over_the_steps_after_the_first():
    records = [record(item().first()["random init"], images_seen=5 * n**2, epochs=5 * n) for n in (1, 2, 4, 8)]
    assert GROWTH.of([records[0], *records[1:]]) == pytest.approx(2)
    assert GROWTH.of(
        [record(item().first()["random init"], images_seen=9**9, epochs=1), *records[1:]]
    ) == pytest.approx(2)


def test_measures_of_the_beginning_are_means_of_its_first_five_epochs():
    curve = [0.1, 0.2, 0.3, 0.4, 0.5, 0.9]
    old, new = [1.0, 2.0, 1.0, 1.0, 1.0, 1.0], [4.0, 2.0, 1.0, 1.0, 1.0, 99.0]
    curves = {"test_accuracy": curve, "gradient_norm_old": old, "gradient_norm_new": new}
    found = dataclasses.replace(record(HALF), curves=curves)
    assert EARLY_ACCURACY.of([found]) == pytest.approx(30)
    assert GRADIENT_RATIO.of([found]) == pytest.approx(4 ** (1 / 5))
    against_one = Effect("even", "half", 1.0, GRADIENT_RATIO, "Figure 0")
    assert against_one.difference({"half": found}) == pytest.approx(math.log(4) / 5)


def test_over_fitting_is_what_is_known_of_training_images_alone():
    found = record(HALF, 0.6, train_accuracy=0.95, training_mode_test_accuracy=0.5)
    assert OVER_FITTING.of([found]) == pytest.approx(35) and TRAIN_ACCURACY.of([found]) == pytest.approx(95)
    assert TRAINING_MODE_ACCURACY.of([found]) == 50


@pytest.mark.parametrize("measured, least", [(ACCURACY, 1), (LATE_ACCURACY, 1), (LOSS, 0.05), (IMAGES_SEEN, 1.25)])
def test_every_measure_has_the_smallest_size_that_matters_that_the_rules_page_gives(measured, least):
    assert measured.least == least


# Which seeds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["random init", "warm start"])
def test_a_planned_seed_without_a_record_is_missing_and_not_forgotten(start):
    records = with_gaps(item(), GAPS)
    del records[item().seeds[3][start]]
    found = measure(GAP, item(), records)
    assert (found.seeds, found.missing) == ((0, 1, 2, 4), (3,))
    assert found.differences == pytest.approx((1, 2, 3, 1))


def test_a_record_that_an_effect_does_not_compare_is_not_asked_for():
    records = with_gaps(item(), GAPS)
    del records[item().seeds[3]["half of the data"]]
    assert measure(GAP, item(), records).missing == ()


def test_the_cost_of_a_seed_is_of_all_trainings_that_the_item_has_for_it():
    assert measure(GAP, item(), records_of(item())).cost == 3 * 36
    assert math.isnan(measure(GAP, item(), {}).cost)


# What failed --------------------------------------------------------------------------------------


def test_a_pair_of_which_a_training_failed_counts_against_its_side_with_the_largest_difference():
    trials, records = item().seeds, with_gaps(item(), GAPS)
    for start, sign in (("warm start", 1), ("random init", -1)):
        found = measure(GAP, item(), records | {trials[0][start]: failed(trials[0][start])})
        assert (found.failed, found.differences) == ((0,), pytest.approx((3 * sign, 2, 3, 2, 1)))


def test_it_counts_with_no_less_than_twice_the_smallest_size_that_matters():
    lost = item().seeds[0]["warm start"]
    records = with_gaps(item(), (0.1,) * 5) | {lost: failed(lost)}
    assert measure(GAP, item(), records).differences == pytest.approx((2, 0.1, 0.1, 0.1, 0.1))


def test_both_failed_count_for_neither():
    trials, records = item().seeds[0], with_gaps(item(), GAPS)
    both = {trials[start]: failed(trials[start]) for start in STARTS}
    assert measure(GAP, item(), records | both).differences == pytest.approx((0, 2, 3, 2, 1))


def test_what_costs_more_failed_where_less_is_better():
    lost = item().seeds[0]["warm start"]
    effect = Effect("loss", "random init", "warm start", LOSS, "Figure 0")
    records = records_of(item()) | {lost: failed(lost)}
    assert measure(effect, item(), records).differences[0] == pytest.approx(-0.1)


def test_of_a_difference_of_gaps_the_side_that_it_is_taken_from_twice_counts():
    gap, other = Difference("random init", "warm start"), Difference("half of the data", "warm start")
    effect = Effect("gaps", gap, other, ACCURACY, "Figure 0")
    assert effect.names() == {"random init": 1, "warm start": 0, "half of the data": -1}


@pytest.mark.parametrize("train_accuracy, is_failed", [(0.189, True), (0.191, False)])
def test_one_that_is_right_on_its_own_images_no_more_often_than_two_guesses_never_learned(train_accuracy, is_failed):
    lost = item().seeds[0]["warm start"]
    records = changed(with_gaps(item(), GAPS), lost, train_accuracy=train_accuracy)
    assert bool(measure(GAP, item(), records).failed) == is_failed
    whatever = Effect("gap", "random init", "warm start", ACCURACY_IF_ANY, "Figure 0")
    assert not measure(whatever, item(), records).failed


def test_one_that_never_got_there_failed_where_the_time_to_get_there_is_compared():
    compared = item()
    effect = Effect("cost", "warm start", "random init", IMAGES_SEEN, "Figure 0")
    lost = compared.seeds[0]["warm start"]
    records = changed(records_of(compared), lost, stopped="epoch limit")
    found = measure(effect, compared, records)
    assert found.failed == (0,) and found.differences[0] == pytest.approx(2 * math.log(1.25))
    assert measure(GAP, compared, records).failed == ()


def test_one_that_went_on_from_a_training_that_never_got_there_failed_too():
    effect = Effect("cost", "warm start", "random init", IMAGES_SEEN, "Figure 0")
    half = item().seeds[0]["half of the data"]
    records = changed(records_of(item()), half, stopped="epoch limit")
    assert measure(effect, item(), records).failed == (0,)


def test_what_finished_is_apart_from_what_is_judged():
    lost = item().seeds[0]["warm start"]
    found = measure(GAP, item(), with_gaps(item(), GAPS) | {lost: failed(lost)})
    assert found.finished.differences == pytest.approx((2, 3, 2, 1))
    assert found.paired.differences == pytest.approx((3, 2, 3, 2, 1))


@pytest.mark.parametrize("count, too_many", [(2, False), (3, True)])
def test_more_than_a_fifth_are_too_many(count, too_many):
    trials, records = item(10).seeds, records_of(item(10))
    lost = {trials[seed]["warm start"]: failed(trials[seed]["warm start"]) for seed in range(count)}
    assert measure(GAP, item(10), records | lost).too_many_failed == too_many

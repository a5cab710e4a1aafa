"""Rates are chosen by start, by the mean over the choosing seeds, and only where the grid has the best inside it."""

from __future__ import annotations

import made_records
import pytest

from wsnb import SGD, Item
from wsnb.verdicts.rates import best_of

RATES = (0.01, 0.1, 1.0)


def chosen(accuracies, seeds=2):
    """What is chosen where each start has these accuracies at the three rates."""
    item = Item(
        {
            seed: {
                (start, rate): made_records.HALF.replace(optimizer=SGD(rate), seed=seed, batch_size=size)
                for size, start in enumerate(accuracies, 7)
                for rate in RATES
            }
            for seed in range(seeds)
        }
    )
    records = {
        trial: made_records.record(trial, accuracies[start][RATES.index(rate)])
        for trials in item.seeds.values()
        for (start, rate), trial in trials.items()
    }
    return item, records


def test_each_start_has_the_rate_of_its_highest_mean():
    item, records = chosen({"random init": (0.1, 0.6, 0.5), "warm start": (0.2, 0.3, 0.1)})
    assert best_of(item, records) == (0.1, 0.1)
    better = item.seeds[1]["random init", 0.01]
    records[better] = made_records.record(better, 0.9)
    assert best_of(item, records) == (0.1, 0.1), "a mean over seeds"


@pytest.mark.parametrize("accuracies", [(0.6, 0.5, 0.4), (0.4, 0.5, 0.6)])
def test_a_best_rate_at_an_end_of_the_grid_chooses_nothing(accuracies):
    assert best_of(*chosen({"random init": (0.1, 0.6, 0.5), "warm start": accuracies})) is None


def test_where_an_end_is_as_good_as_others_it_is_chosen_and_of_equally_good_ones_the_lowest():
    item, records = chosen({"random init": (0.6, 0.5, 0.4), "warm start": (0.4, 0.6, 0.6)})
    assert best_of(item, records, may_be_at_end=True) == (0.01, 0.1)


def test_a_training_that_is_missing_chooses_nothing_and_one_that_failed_knows_nothing():
    item, records = chosen({"random init": (0.4, 0.5, 0.9)})
    assert best_of(item, records) is None
    for trials in item.seeds.values():
        lost = trials["random init", 1.0]
        records[lost] = made_records.failed(lost)
    assert best_of(item, records) == (0.1,)
    del records[lost]
    assert best_of(item, records) is None

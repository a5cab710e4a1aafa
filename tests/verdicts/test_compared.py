"""Records are paired by seed, and a seed counts when all that it compares has a result."""

import pytest
from made_records import STARTS, failed, item, record, records_of

from wsnb.trials.item import together
from wsnb.verdicts.compared import Compared, by_seed


def test_a_seed_counts_only_when_all_of_its_trials_are_recorded():
    records = records_of(item(3))
    del records[item(3).seeds[1]["warm start"]]
    compared = Compared(item(3), records)
    assert len(compared) == 2 and compared.failed == []
    assert [each.trial["seed"] for each in compared.records("random init")] == [0, 2]


@pytest.mark.parametrize("start", STARTS)
def test_a_seed_of_which_a_training_failed_is_named_and_left_out(start):
    records = records_of(item(3))
    lost = item(3).seeds[1][start]
    compared = Compared(item(3), records | {lost: failed(lost)})
    assert (list(compared.seeds), compared.failed) == ([0, 2], [1])
    assert compared.percent("random init") == [50, 50]


def test_a_gap_is_in_points_and_pairs_what_one_seed_gave():
    given = {"half of the data": [0.1, 0.2, 0.3], "random init": [0.5, 0.7, 0.9], "warm start": [0.49, 0.68, 0.87]}
    records = {
        item(3).seeds[seed][name]: record(item(3).seeds[seed][name], row[seed])
        for name, row in given.items()
        for seed in range(3)
    }
    compared = Compared(item(3), records)
    assert compared.percent("half of the data") == pytest.approx([10, 20, 30])
    assert compared.final("warm start", "epochs") == [3, 3, 3]
    assert compared.gap("random init", "warm start").differences == pytest.approx((1, 2, 3))


def test_one_seed_or_none_has_no_gap():
    assert Compared(item(1), records_of(item(3))).gap("random init", "warm start") is None
    assert Compared(item(3), {}).gap("random init", "warm start") is None


def test_items_together_are_complete_together_or_not_at_all():
    one, other = item(3), item(3, rate=0.2)
    records = records_of(one, other)
    del records[other.seeds[0]["random init"]]
    both = Compared(together({"one": one, "other": other}), records)
    assert list(both.seeds) == [1, 2]
    assert {each.trial["optimizer"]["learning_rate"] for each in both.records(("other", "warm start"))} == {0.2}


def test_the_mean_over_rows_is_taken_seed_by_seed():
    assert by_seed([[1, 2, 3], [3, 4, 8]]) == [2, 3, 5.5]

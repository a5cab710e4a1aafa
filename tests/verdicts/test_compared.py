"""Records are paired by seed, and a seed counts when all that it compares has a result."""

import pytest
from made_records import failed, record

from wsnb import MLP, SGD, Epochs, Part, Trial
from wsnb.trials.item import Item, required, together, welcome
from wsnb.verdicts.compared import Compared, by_seed

HALF = Trial(Part("digits", 100), MLP(hidden=(4,)), SGD(0.1), Epochs(3))
STARTS = ("half of the data", "random init", "warm start")


def item(count=3, *, rate=0.1, first=0, welcome=False):
    """So many seeds, of three trainings each."""

    def three(seed):
        half = HALF.replace(optimizer=SGD(rate), seed=seed)
        whole = Part("digits", 200)
        return dict(zip(STARTS, (half, half.replace(data=whole), half.then(data=whole)), strict=True))

    return Item({seed: three(seed) for seed in range(first, first + count)}, welcome=welcome)


def records_of(*items):
    return {trial: record(trial) for each in items for trials in each.seeds.values() for trial in trials.values()}


# What is trained ----------------------------------------------------------------------------------


def test_what_is_only_welcome_is_never_required():
    items = {"ours": item(2), "theirs": item(2, rate=0.2, welcome=True)}
    assert set(required(items)) == {trial for trials in item(2).seeds.values() for trial in trials.values()}
    assert {trial.optimizer.learning_rate for trial in welcome(items)} == {0.2}


def test_trials_come_seed_by_seed_so_that_a_run_that_is_stopped_has_whole_seeds():
    trials = required({"one": item(2), "other": item(3, rate=0.2)})
    assert [trial.seed for trial in trials] == [0] * 6 + [1] * 6 + [2] * 3


def test_a_trial_that_two_items_share_is_required_once():
    assert required({"one": item(2), "again": item(2)}) == required({"one": item(2)})


def test_the_first_seeds_trials_stand_for_the_item():
    assert item(2, first=7).first()["random init"].seed == 7


# What is compared ---------------------------------------------------------------------------------


def test_a_seed_counts_only_when_all_of_its_trials_are_recorded():
    records = records_of(item())
    del records[item().seeds[1]["warm start"]]
    compared = Compared(item(), records)
    assert len(compared) == 2 and compared.failed == []
    assert [each.trial["seed"] for each in compared.records("random init")] == [0, 2]


@pytest.mark.parametrize("start", STARTS)
def test_a_seed_of_which_a_training_failed_is_named_and_left_out(start):
    records = records_of(item())
    lost = item().seeds[1][start]
    compared = Compared(item(), records | {lost: failed(lost)})
    assert (list(compared.seeds), compared.failed) == ([0, 2], [1])
    assert compared.percent("random init") == [50, 50]


def test_a_gap_is_in_points_and_pairs_what_one_seed_gave():
    given = {"half of the data": [0.1, 0.2, 0.3], "random init": [0.5, 0.7, 0.9], "warm start": [0.49, 0.68, 0.87]}
    records = {
        item().seeds[seed][name]: record(item().seeds[seed][name], row[seed])
        for name, row in given.items()
        for seed in range(3)
    }
    compared = Compared(item(), records)
    assert compared.percent("half of the data") == pytest.approx([10, 20, 30])
    assert compared.final("warm start", "epochs") == [3, 3, 3]
    assert compared.gap("random init", "warm start").differences == pytest.approx((1, 2, 3))


def test_one_seed_or_none_has_no_gap():
    assert Compared(item(1), records_of(item())).gap("random init", "warm start") is None
    assert Compared(item(), {}).gap("random init", "warm start") is None


def test_items_together_are_complete_together_or_not_at_all():
    one, other = item(4), item(3, rate=0.2)
    records = records_of(one, other)
    del records[other.seeds[0]["random init"]]
    both = Compared(together({"one": one, "other": other}), records)
    assert list(both.seeds) == [1, 2]
    assert {each.trial["optimizer"]["learning_rate"] for each in both.records(("other", "warm start"))} == {0.2}


def test_the_mean_over_rows_is_taken_seed_by_seed():
    assert by_seed([[1, 2, 3], [3, 4, 8]]) == [2, 3, 5.5]

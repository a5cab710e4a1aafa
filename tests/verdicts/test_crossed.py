"""Of many configurations some never get there; the others are chosen on seeds of their own."""

import pytest
from made_records import failed, record

from wsnb import MLP, SGD, Item, Part, TrainAccuracy, Trial
from wsnb.verdicts.crossed import Crossed

FAST, SLOW = (0.1, 32), (0.01, 128)
NAMES = [
    ("half of the data", FAST, FAST),
    ("half of the data", SLOW, SLOW),
    ("random init", FAST, FAST),
    ("random init", SLOW, SLOW),
    ("warm start", FAST, SLOW),
    ("warm start", SLOW, FAST),
]
COST = {FAST: 1000, SLOW: 4000}


def crossed(seeds=3):
    half = Trial(Part("digits", 96), MLP(), SGD(0.1), TrainAccuracy(0.9))

    def trial(name, seed):
        start, first, second = name
        rate, size = first if start == "half of the data" else second
        fresh = half.replace(seed=seed, optimizer=SGD(rate), batch_size=size)
        if start == "half of the data":
            return fresh
        if start == "random init":
            return fresh.replace(data=Part("digits", 192))
        before = trial(("half of the data", first, first), seed)
        return before.then(data=Part("digits", 192), optimizer=SGD(rate), batch_size=size)

    return Item({seed: {name: trial(name, seed) for name in NAMES} for seed in range(seeds)})


def records_of(item, accuracies=lambda name, seed: 0.5):
    return {
        trial: record(trial, accuracies(name, seed), images_seen=COST[name[2]], stopped="train accuracy reached 0.9")
        for seed, trials in item.seeds.items()
        for name, trial in trials.items()
    }


def test_all_that_got_there_count():
    compared = Crossed(crossed(), records_of(crossed()))
    assert compared.configurations("warm start") == NAMES[4:]
    assert compared.cost(NAMES[2]) == [1, 1, 1]


@pytest.mark.parametrize("end", ["epoch limit", "failed"])
@pytest.mark.parametrize(
    "lost, left",
    [
        (("random init", FAST, FAST), {"random init": 1, "warm start": 2}),
        (("half of the data", SLOW, SLOW), {"random init": 2, "warm start": 1}),  # what started there goes with it
    ],
)
def test_one_that_never_got_there_in_a_seed_costs_its_configuration_and_not_the_seed(end, lost, left):
    item = crossed()
    records, trial = records_of(item), item.seeds[1][lost]
    records[trial] = failed(trial) if end == "failed" else record(trial, stopped="epoch limit")
    compared = Crossed(item, records)
    assert len(compared) == 3
    assert {start: len(compared.configurations(start)) for start in left} == left


def accuracies(name, seed):
    """Random init is best at SLOW; the warm start too, and its cheaper configuration is half a point below."""
    if name[0] == "random init":
        return 0.6 if name[2] == SLOW else 0.5
    return 0.61 if name[2] == SLOW else 0.595


def test_the_most_accurate_are_chosen_by_their_means_and_the_cheapest_of_those_within_a_point():
    item = crossed()
    choice = Crossed(item, records_of(item, accuracies)).choice()
    assert (choice.fresh, choice.warm) == (NAMES[3], NAMES[4])
    assert (choice.cheap_fresh, choice.cheap_warm) == (NAMES[3], NAMES[5])
    assert str(choice) == "0.01 / 128; 0.1 / 32, then 0.01 / 128; 0.01 / 128; 0.01 / 128, then 0.1 / 32"


def test_both_starts_cheapest_are_chosen_alike_so_that_equal_starts_cost_the_same():
    item = crossed()
    choice = Crossed(item, records_of(item, lambda name, seed: 0.6 if name[2] == SLOW else 0.595)).choice()
    assert choice.cheap_fresh[2] == choice.cheap_warm[2] == FAST


def test_where_no_warm_start_is_as_good_there_is_no_cheapest():
    item = crossed()
    choice = Crossed(item, records_of(item, lambda name, seed: 0.6 if name[0] == "random init" else 0.5)).choice()
    assert choice.cheap_warm is None and choice.warm in NAMES[4:] and str(choice).endswith("; none")


@pytest.mark.parametrize("lost", range(3))
def test_nothing_is_chosen_while_a_seed_is_missing_or_no_configuration_got_there(lost):
    item = crossed()
    records = records_of(item, accuracies)
    assert Crossed(item, {}).choice() is None
    ended = {trial: record(trial, stopped="epoch limit") for trial in item.seeds[lost].values()}
    assert Crossed(item, records | ended).choice() is None
    del records[item.seeds[lost]["random init", FAST, FAST]]
    assert Crossed(item, records).choice() is None

"""The trainings that are compared share all but what is compared, and their records are paired by seed."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from wsnb import MLP, SGD, Adam, Epochs, Logistic, Part, ResNet18, TrainAccuracy, papers
from wsnb.comparisons import (
    Compared,
    crossed,
    elsewhere,
    merged,
    offline,
    online,
    paper_dataset,
    seed_by_seed,
    stopped_early,
    table_1,
)
from wsnb.errors import InvalidValue
from wsnb.profiles import PROFILES, Settings, settings
from wsnb.records import Record
from wsnb.trials import RandomInit, WarmStart

AT = Settings(dataset="digits", images=200, width=8, phase_epochs=6, checkpoint_every=2, chunk=64)


def changed(one, other):
    """The fields in which two trials differ."""
    return {field.name for field in dataclasses.fields(one) if getattr(one, field.name) != getattr(other, field.name)}


# Offline ------------------------------------------------------------------------------------------


def test_the_two_starts_differ_in_where_the_weights_come_from_and_nothing_else():
    trials = offline(AT, SGD(0.1), Epochs(3), seed=7)
    assert changed(trials["random init"], trials["warm start"]) == {"start", "parent"}
    assert trials["warm start"].parent == trials["half of the data"]
    assert changed(trials["half of the data"], trials["random init"]) == {"data"}
    assert trials["half of the data"].data == Part("digits", 100)


def test_table_1_has_every_cell_of_the_paper_and_each_in_its_own_way():
    cells = table_1(AT.replace(learning_rate=0.3, small_model_learning_rate=0.02, seeds=2, small_model_seeds=4))
    assert list(cells) == [cell for cell in papers.KIREEV_TABLE_1 if cell[0] == "CIFAR-10"]
    for (_, model, optimiser), seeds in cells.items():
        half = seeds[0]["half of the data"]
        assert isinstance(half.model, {"ResNet-18": ResNet18, "MLP": MLP, "logistic regression": Logistic}[model])
        assert isinstance(half.optimiser, Adam) == (optimiser == "Adam")
        assert half.optimiser.learning_rate == (0.001 if optimiser != "SGD" else 0.3 if model == "ResNet-18" else 0.02)
        assert getattr(half.optimiser, "momentum", 0) == (0.9 if optimiser == "momentum SGD" else 0)
        assert len(seeds) == (2 if model == "ResNet-18" else 4)
        assert all(each["warm start"].optimiser_state == "kept" for each in seeds)


def test_sgd_on_the_perceptron_on_svhn_has_the_learning_rate_that_the_papers_table_marks():
    at = settings("paper")
    rates = {
        (name, model): table_1(at.replace(dataset=name))[paper_dataset(name), model, "SGD"][0][
            "random init"
        ].optimiser.learning_rate
        for name in ("cifar10", "svhn", "cifar100")
        for model in papers.MODELS
    }
    assert rates.pop(("svhn", "MLP")) == 0.005
    assert set(rates.values()) == {0.001}


@pytest.mark.parametrize(
    "own, others",
    [("cifar10-q75", ["svhn", "cifar100"]), ("svhn", ["cifar10", "cifar100"]), ("digits", ["svhn", "cifar100"])],
)
def test_elsewhere_are_the_papers_data_sets_that_ours_does_not_stand_for(own, others):
    assert [at.dataset for at in elsewhere(AT.replace(dataset=own))] == others


# Online -------------------------------------------------------------------------------------------


def test_online_each_step_adds_a_chunk_and_the_warm_start_goes_on_from_the_step_before():
    trials = online(AT, Adam(), TrainAccuracy(0.9), seed=3)
    assert [amount for start, amount in trials if start == "warm start"] == [64, 128, 192, 200]
    assert trials["random init", 64] == trials["warm start", 64]
    for before, after in itertools.pairwise([64, 128, 192, 200]):
        warm, fresh = trials["warm start", after], trials["random init", after]
        assert warm.parent == trials["warm start", before]
        assert isinstance(warm.start, WarmStart) and isinstance(fresh.start, RandomInit)
        assert changed(warm, fresh) == {"start", "parent"}


@pytest.mark.parametrize("images, steps", [(192, [64, 128, 192]), (193, [64, 128, 192, 193]), (0.1, [64, 128, 144])])
def test_online_ends_with_all_the_data_and_never_takes_more(images, steps):
    trials = online(AT.replace(images=images), Adam(), TrainAccuracy(0.9), seed=3)
    amounts = [amount for start, amount in trials if start == "random init"]
    assert amounts == steps


@pytest.mark.parametrize("images", [50, 64, 128])
def test_fewer_than_three_steps_are_refused_with_what_to_do(images):
    with pytest.raises(InvalidValue, match=f"{images} images in chunks of 64 make . step.*smaller chunk"):
        online(AT.replace(images=images), Adam(), TrainAccuracy(0.9), seed=3)


# Stopped early ------------------------------------------------------------------------------------


def test_every_stop_is_of_one_training_on_half_and_the_last_is_figure_1():
    trials = stopped_early(AT, SGD(0.1), seed=5)
    assert [name for name in trials if name[0] == "half of the data"] == [("half of the data", at) for at in (2, 4, 6)]
    assert changed(trials["half of the data", 2], trials["half of the data", 6]) == {"stop"}
    figure_1 = offline(AT, SGD(0.1), Epochs(6), seed=5)
    assert trials["warm start", 6] == figure_1["warm start"]
    assert trials["random init", 0] == figure_1["random init"]
    for epochs in (2, 4, 6):
        warm = trials["warm start", epochs]
        assert warm.parent == trials["half of the data", epochs]
        assert warm.stop == Epochs(6) and warm.data == Part("digits", 200)


# Learning rate and batch size ---------------------------------------------------------------------


def test_every_pair_is_crossed_with_two_others_and_each_is_drawn_equally_often():
    at = settings("paper").replace(dataset="digits")
    trials = crossed(at, seed=1)
    pairs = list(itertools.product(at.learning_rates, at.batch_sizes))
    for start, times in (("random init", 1), ("half of the data", 1), ("warm start", 2), ("as coded", 1)):
        seconds = [second for name, _, second in trials if name == start]
        assert sorted(seconds) == sorted(pairs * times)
    for (start, first, second), trial in trials.items():
        assert (trial.optimiser.learning_rate, trial.batch_size) == second
        if start == "warm start":
            assert first[0] != second[0] and first[1] != second[1]
            assert trial.parent == trials["half of the data", first, first]


def test_as_coded_goes_on_from_a_warm_start_on_all_of_the_data():
    trials = crossed(settings("paper").replace(dataset="digits"), seed=1)
    coded = [(name, trial) for name, trial in trials.items() if name[0] == "as coded"]
    assert coded
    for (_, first, second), trial in coded:
        assert trial.parent.data == trial.data and trial.parent.parent == trials["half of the data", first, first]
        assert changed(trial, trials["warm start", first, second]) == {"parent"}


# Records, paired ----------------------------------------------------------------------------------


def record(trial, accuracy):
    final = {"test_accuracy": accuracy, "epochs": 1, "images_seen": 10, "stopped": "all epochs done"}
    return Record(trial.canonical(), {}, {}, final, {})


def some_seeds(count=3):
    return [offline(AT, SGD(0.1), Epochs(3), seed) for seed in range(count)]


def test_a_seed_counts_only_when_all_of_its_trials_are_recorded():
    seeds = some_seeds()
    records = {trial: record(trial, 0.5) for trials in seeds for trial in trials.values()}
    del records[seeds[1]["warm start"]]
    compared = Compared(seeds, records)
    assert len(compared) == 2
    assert [each.trial["seed"] for each in compared.records("random init")] == [0, 2]


def test_a_gap_is_in_points_and_pairs_what_one_seed_gave():
    seeds = some_seeds()
    given = {"half of the data": [0.1, 0.2, 0.3], "random init": [0.5, 0.7, 0.9], "warm start": [0.49, 0.68, 0.87]}
    records = {
        trials[name]: record(trials[name], row[number])
        for name, row in given.items()
        for number, trials in enumerate(seeds)
    }
    compared = Compared(seeds, records)
    assert compared.percent("half of the data") == pytest.approx([10, 20, 30])
    assert compared.gap("random init", "warm start").differences == pytest.approx((1, 2, 3))
    assert Compared(seeds[:1], records).gap("random init", "warm start") is None
    assert len(Compared(seeds, {})) == 0


def test_merged_comparisons_are_complete_together_or_not_at_all():
    one, other = some_seeds(), [offline(AT, SGD(0.2), Epochs(3), seed) for seed in range(3)]
    records = {trial: record(trial, 0.5) for trials in (*one, *other) for trial in trials.values()}
    del records[other[0]["random init"]]
    both = Compared(merged({"one": one, "other": other}), records)
    assert [each.trial["seed"] for each in both.records(("one", "random init"))] == [1, 2]


def test_trials_come_seed_by_seed_so_that_a_run_that_is_stopped_has_whole_seeds():
    one, other = some_seeds(2), [offline(AT, SGD(0.2), Epochs(3), seed) for seed in range(3)]
    assert [trial.seed for trial in seed_by_seed(one, other)] == [0] * 6 + [1] * 6 + [2] * 3


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_makes_every_comparison(profile):
    at = settings(profile)
    assert len(table_1(at)) == 9
    assert len(online(at, Adam(), TrainAccuracy(), 0)) >= 6
    assert len(stopped_early(at, SGD(), 0)) >= 7
    assert len(crossed(at, 0)) == 5 * len(at.learning_rates) * len(at.batch_sizes)

"""What the chapters compare: trainings that share all but what is compared."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
from small import photos
from torchvision import models

from wsnb import MLP, SGD, Adam, Epochs, Logistic, Part, Pretrained, ResNet18, Steps, run
from wsnb.errors import InvalidValue
from wsnb.papers import kireev2021, wan2019
from wsnb.publishing.chapters import chapter, chapters
from wsnb.publishing.settings import PROFILES
from wsnb.starts import RandomInit, WarmStart


def items_of(name, profile="smoke", **given):
    found = chapter(name)
    given = {key: value for key, value in given.items() if key in found.parameters}
    return found.items(found.settings(profile, given))


def changed(one, other):
    """The fields in which two trials differ."""
    return {field.name for field in dataclasses.fields(one) if getattr(one, field.name) != getattr(other, field.name)}


# Offline ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["Figure 1", ("CIFAR-10", "MLP", "Adam")])
def test_offline_the_two_starts_differ_in_where_the_weights_come_from_and_nothing_else(key):
    trials = items_of("gap-offline", images=200, figure_1_images=200, optimizer_state="fresh")[key].first()
    assert changed(trials["random init"], trials["warm start"]) == {"start", "parent"}
    assert trials["warm start"].parent == trials["half of the data"]
    assert changed(trials["half of the data"], trials["random init"]) == {"data"}
    assert trials["half of the data"].data == Part("digits", 100)


def test_table_1_has_every_cell_of_the_paper_and_each_in_its_own_way():
    given = {"learning_rate": 0.3, "small_model_learning_rate": 0.02, "seeds": 2, "small_model_seeds": 4}
    items = items_of("gap-offline", **given)
    assert [key for key in items if key[0] == "CIFAR-10"] == [c for c in kireev2021.TABLE_1 if c[0] == "CIFAR-10"]
    assert set(kireev2021.TABLE_1) < set(items)
    for key, item in items.items():
        if key[0] != "CIFAR-10":
            assert item.welcome is (key != "Figure 1")
            continue
        half = item.first()["half of the data"]
        assert isinstance(half.model, {"ResNet-18": ResNet18, "MLP": MLP, "logistic regression": Logistic}[key[1]])
        assert isinstance(half.optimizer, Adam) == (key[2] == "Adam")
        rate = {"Adam": 0.003, "momentum SGD": 0.01, "SGD": 0.3 if key[1] == "ResNet-18" else 0.02}[key[2]]
        assert half.optimizer.learning_rate == rate
        assert getattr(half.optimizer, "momentum", 0) == (0.9 if key[2] == "momentum SGD" else 0)
        assert len(item.seeds) == (2 if key[1] == "ResNet-18" else 4)
        assert all(each["warm start"].optimizer_state == "kept" for each in item.seeds.values())


def test_sgd_on_the_perceptron_on_svhn_has_the_learning_rate_that_the_papers_table_marks():
    items = items_of("gap-offline", "paper")
    rates = {key: item.first()["random init"].optimizer.learning_rate for key, item in items.items()}
    assert rates.pop(("SVHN", "MLP", "SGD")) == 0.005
    assert set(rates.values()) == {0.001}
    assert ("SVHN", "MLP", "SGD, learning rate as elsewhere") in rates


def test_the_paper_profile_trains_what_the_paper_describes():
    found = chapter("gap-offline")
    trials = found.trials(found.settings("paper"))
    assert len({trial.key for trial in trials}) == 15 + 5 * 18 * 3  # Figure 1, and Table 1's cells on CIFAR
    assert {trial.data.dataset for trial in trials} == {"cifar10", "cifar100"}


def test_a_family_of_table_1_is_a_models_optimisers_on_one_data_set():
    families = {}
    for key, item in items_of("gap-offline", "full").items():
        families.setdefault(item.family_of(key), []).append(key)
    assert families.pop("Figure 1") == ["Figure 1"]
    assert len(families) == 9
    for name, keys in families.items():
        assert {f"{model} on {data}" for data, model, _ in keys} == {name}


# Online -------------------------------------------------------------------------------------------


def test_online_each_step_adds_a_chunk_and_the_warm_start_goes_on_from_the_step_before():
    trials = items_of("online", images=200, chunk=64)["CIFAR-10", 0.4].first()
    assert [amount for start, amount in trials if start == "warm start"] == [64, 128, 192, 200]
    assert trials["random init", 64] == trials["warm start", 64]
    for before, after in itertools.pairwise([64, 128, 192, 200]):
        warm, fresh = trials["warm start", after], trials["random init", after]
        assert warm.parent == trials["warm start", before]
        assert isinstance(warm.start, WarmStart) and isinstance(fresh.start, RandomInit)
        assert changed(warm, fresh) == {"start", "parent"}


def test_online_the_higher_accuracy_is_for_svhn_alone():
    items = items_of("online", train_accuracy=0.9, higher_train_accuracy=0.95)
    assert {key: item.welcome for key, item in items.items()} == {
        ("CIFAR-10", 0.9): False, ("SVHN", 0.9): True, ("SVHN", 0.95): True, ("CIFAR-100", 0.9): True,
    }  # fmt: skip


def test_online_a_chunk_that_makes_too_few_steps_is_refused_before_anything_is_trained():
    with pytest.raises(InvalidValue, match="96 images in chunks of 64 make fewer than three steps"):
        items_of("online", images=96, chunk=64)


# Stopped early ------------------------------------------------------------------------------------


def test_every_stop_is_of_one_training_on_half_and_the_last_is_figure_1():
    given = {"phase_epochs": 6, "checkpoint_every": 2, "images": 200, "figure_1_images": 200}
    trials = items_of("early-stopping", **given)["Figure 3"].first()
    assert [name for name in trials if name[0] == "half of the data"] == [("half of the data", at) for at in (2, 4, 6)]
    assert changed(trials["half of the data", 2], trials["half of the data", 6]) == {"stop"}
    figure_1 = items_of("gap-offline", **given)["Figure 1"].first()
    assert trials["warm start", 6] == figure_1["warm start"]
    assert trials["random init", 0] == figure_1["random init"]
    for epochs in (2, 4, 6):
        warm = trials["warm start", epochs]
        assert warm.parent == trials["half of the data", epochs]
        assert warm.stop == Epochs(6) and warm.data == Part("digits", 200)


# Weight decay and precision -----------------------------------------------------------------------


def test_without_decay_it_is_figure_1_and_with_it_all_three_trainings_have_it():
    items = items_of("weight-decay")
    assert items[0.0].seeds == items_of("gap-offline")["Figure 1"].seeds
    for decay, item in items.items():
        assert {trial.optimizer for trial in item.first().values()} == {SGD(0.05, weight_decay=decay)}


def test_the_precisions_differ_in_nothing_else():
    trials = items_of("precision")["precision"].first()
    for start in ("half of the data", "random init"):
        assert changed(trials["fp32", start], trials["bf16", start]) == {"precision"}
    assert trials["bf16", "warm start"].parent == trials["bf16", "half of the data"]


# Learning rate and batch size ---------------------------------------------------------------------


def test_every_pair_is_crossed_with_two_others_and_each_is_drawn_equally_often():
    found = chapter("learning-rate-batch-size")
    settings = found.settings("paper")
    trials = found.items(settings)["Figure 4"].first()
    pairs = list(itertools.product(settings["learning_rates"], settings["batch_sizes"]))
    for start, times in (("random init", 1), ("half of the data", 1), ("warm start", 2)):
        seconds = [second for name, _, second in trials if name == start]
        assert sorted(seconds) == sorted(pairs * times)
    for (start, first, second), trial in trials.items():
        assert (trial.optimizer.learning_rate, trial.batch_size) == second
        if start == "warm start":
            assert first[0] != second[0] and first[1] != second[1]
            assert trial.parent == trials["half of the data", first, first]


def test_what_chooses_has_seeds_and_images_of_its_own_and_configurations_alike():
    items = items_of("learning-rate-batch-size", "laptop")
    final, choosing = items["Figure 4"], items["choosing"]
    assert not set(final.seeds) & set(choosing.seeds)
    assert set(final.first()) == set(choosing.first())
    for name, trial in choosing.first().items():
        assert trial.data.held_out == 0.1 and changed(trial, final.first()[name]) <= {"data", "seed", "parent"}
    assert all(trial.data.held_out == 0 for trial in final.first().values())


# As written, as coded -----------------------------------------------------------------------------


def test_second_repeats_go_on_as_coded_from_a_warm_start_on_all_of_the_data():
    trials = items_of("as-coded", "paper")["Figure 4"].first()
    coded = [(name, trial) for name, trial in trials.items() if name[0] == "as coded"]
    assert coded
    for (_, first, second), trial in coded:
        assert trial.parent.data == trial.data and trial.parent.parent == trials["half of the data", first, first]
        assert changed(trial, trials["warm start", first, second]) == {"parent"}


def test_of_a_pair_one_thing_alone_is_as_coded():
    items = items_of("as-coded")
    table_1, figure_5, figure_7 = (items[name].first() for name in ("Table 1", "Figures 5 and 8", "Figure 7"))
    for arm in ("in training mode", "Figure 2's rule", "Figure 4's rule"):
        for start in ("half of the data", "random init"):
            assert changed(table_1[arm, start], table_1["Table 1's rule", start]) - {"callbacks"} == {"stop"}
    stop = table_1["in training mode", "warm start"].stop
    assert stop.replace(measured="evaluated") == table_1["Table 1's rule", "warm start"].stop
    for rule in ("Adam", "momentum SGD"):
        assert changed(table_1[rule, "warm start"], table_1[f"new {rule}", "warm start"]) == {"optimizer_state"}
    coded = figure_5["coded sigma"]
    assert all(
        changed(figure_5[arm], coded) == {"start"} for arm in ("shrink-perturb", "buffers reset", "weights alone")
    )
    assert changed(figure_5["statistics moved"], figure_5["warm start"]) == {"callbacks"}
    assert changed(figure_7["coded", "trained"], figure_7["written", "trained"]) == {"optimizer", "stop"}


def test_what_other_chapters_train_alike_is_the_same_trial():
    settings = chapter("as-coded").settings("laptop")
    ours = {trial.key for trial in chapter("as-coded").trials(settings)}
    for name, least in (("gap-offline", 12), ("shrink-perturb", 14), ("learning-rate-batch-size", 24)):
        theirs = {trial.key for trial in chapter(name).trials(chapter(name).settings("laptop"))}
        assert len(ours & theirs) >= 5 * least


def test_with_a_third_held_out_each_step_has_two_thirds_of_the_images_and_the_first_step_is_shrunk_too():
    trials = items_of("as-coded")["Figures 2 and 6"].first()
    amounts = [amount for name, amount in trials if name == "random init"]
    for start, number in itertools.product(("random init", "warm start"), amounts):
        assert trials[f"{start}, two thirds", number].data.amount == 2 * number // 3
    anew, *_ = (trial for (name, _), trial in trials.items() if name == "shrink-perturb, first step too")
    assert anew.start.kind == "shrink_perturb" and anew.parent.stop.at_most == 0


# Negative transfer --------------------------------------------------------------------------------


def harm(profile="laptop", **given):
    return items_of("negative-transfer", profile, **given)


def test_from_a_source_all_ways_differ_in_what_pulls_and_in_nothing_else():
    ways = harm("smoke")["digits", "digits"].first()
    assert list(ways) == ["source", "random init", *wan2019.WAYS, "DELTA", "DTNH(DELTA)", "GEM(L2-SP)"]
    assert changed(ways["fine-tuning"], ways["random init"]) == {"start", "parent"}
    for way in list(ways)[3:]:
        assert changed(ways[way], ways["fine-tuning"]) <= {"regularizer", "direction", "callbacks"}
        assert {each.head_coefficient for each in ways[way].regularizer} == {0.01}
    for name in ("L2-SP", "KnowDist", "DELTA"):
        assert changed(ways[name], ways[f"DTNH({name})"]) == {"direction"}


def test_coefficients_are_chosen_on_held_out_images_by_a_seed_of_their_own():
    items = harm()
    choosing = [item for key, item in items.items() if key[0] == "choosing"]
    assert len(choosing) == 2 and all(list(item.seeds) == [901] for item in choosing)
    for name, trial in (pair for item in choosing for pair in item.first().items()):
        assert trial.data.held_out == (0 if name == "source" else 2000)
    written = [["cifar100", "cifar10", way, 0.5] for way in wan2019.WAYS[1:]]
    final = harm(coefficients=written)["cifar100", "cifar10"]
    assert list(final.seeds) == [1, 2, 3, 4, 5]
    assert all(trial.data.held_out == 0 for trial in final.first().values())
    assert final.first()["KnowDist"].regularizer[0].coefficient == 0.5


def test_the_chain_goes_on_from_a_source_that_went_on_from_another():
    chain = harm()["chain"].first()
    both, first, second = chain.values()
    assert both.parent.data == second.parent.data and both.parent.parent == first.parent


def test_the_paper_profile_has_the_papers_setting_and_leaves_out_what_is_not_named(tmp_path):
    assert list(harm("paper")) == [("choosing", "imagenet", "cifar10")]
    assert harm("paper")["choosing", "imagenet", "cifar10"].first()["fine-tuning"].stop == Steps(20_000)
    given = {"own_images": [["flowers102", photos(tmp_path)], ["caltech256-30", None]]}
    tuned = harm("paper", **given)["choosing", "imagenet", "flowers102"].first()["fine-tuning"]
    assert (tuned.batch_size, tuned.stop, tuned.data.resize, tuned.augmentation.crop) == (48, Steps(8000), 256, 224)
    assert (tuned.optimizer.learning_rate, tuned.optimizer.momentum) == (0.01, 0.9)
    [falls] = tuned.callbacks
    assert (falls.at, falls.factor, falls.counts) == ((6000,), 0.1, "steps")
    assert tuned.parent.start == Pretrained("IMAGENET1K_V1") and tuned.parent.stop == Epochs(0)


def test_the_papers_setting_trains_on_images_and_weights_of_ones_own(tmp_path):
    weights = tmp_path / "resnet18_places365.pth.tar"
    state = {f"module.{name}": each for name, each in models.resnet18(num_classes=3).state_dict().items()}
    torch.save({"state_dict": state}, weights)
    given = {
        "own_weights": [["places365", str(weights)]], "own_images": [["indoors67", photos(tmp_path / "images")]],
        "harm_sources": ["places365"], "harm_targets": [["indoors67", 2, 4]], "harm_steps": 2, "harm_falls_at": 1,
        "tried_l2_sp": [0.1], "tried_features": [0.001], "harm_batch_size": 2, "resized_to": 256,
    }  # fmt: skip
    ways = harm("paper", **given)["choosing", "places365", "indoors67"].first()
    chosen = [ways[key] for key in ("fine-tuning", ("DTNH(L2-SP)", 0.1), ("KnowDist", 0.001))]
    records = run(chosen, workers=0, progress=False)
    assert all(records[trial].final["steps"] == 2 and not records[trial].failed for trial in chosen)


# All of them --------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", [each.name for each in chapters() if each.has_trials])
def test_every_profile_makes_every_comparison_and_no_seed_has_other_names(name, profile):
    found = chapter(name)
    items = found.items(found.settings(profile))
    assert any(not item.welcome for item in items.values())
    for item in items.values():
        assert len({tuple(trials) for trials in item.seeds.values()}) == 1


@pytest.mark.parametrize("name", [each.name for each in chapters() if each.has_trials])
def test_a_cell_of_trials_is_short_enough_to_be_read(name):
    for source in chapter(name)._sources("trials"):
        lines = [line for line in source.splitlines() if line.strip() and not line.strip().startswith(('"""', "#"))]
        assert len(lines) < 25

"""The one training loop: exact, repeatable, and the same after an interruption."""

from __future__ import annotations

import copy
import itertools
import math
import shutil
import sys
import time
from typing import ClassVar

import pytest
import torch
from small import (
    IMAGES,
    LARGER,
    SMALL_MLP,
    SMALL_RESNET,
    WeightsKept,
    WithEverything,
    assert_same,
    coloured,
    pytorchs_own,
    same_state,
    trained,
    without_time,
)
from torch.nn import functional

from wsnb import (
    DELTA,
    DTNH,
    GEM,
    L2SP,
    MLP,
    SGD,
    Adam,
    AdamW,
    Augment,
    CosineSchedule,
    Dash,
    Epochs,
    GradientNorms,
    HareTortoise,
    KnowDist,
    Logistic,
    Part,
    PullAngles,
    RandomInit,
    ReDo,
    ResNet18,
    ResNet20,
    RMSProp,
    ShrinkPerturb,
    Steps,
    StepSchedule,
    TrainAccuracy,
    TrainingModeAccuracy,
    Trial,
    WeightScales,
    kind,
)
from wsnb.chance import generator, seed_of
from wsnb.data.augmentation import augmented, draw_augmentation
from wsnb.data.image_set import take
from wsnb.errors import InvalidValue, WsnbError
from wsnb.evidence.weights import FileCheckpoint
from wsnb.seam import Callback
from wsnb.training import loop
from wsnb.training.evaluation import evaluate
from wsnb.training.loop import UnderWay
from wsnb.trials.trial import key_of
from wsnb.values import setting

EVERY_KIND = [
    pytest.param(SMALL_MLP, id="MLP-SGD"),
    pytest.param(SMALL_MLP.replace(optimizer=RMSProp(momentum=0.5)), id="MLP-RMSProp"),
    pytest.param(SMALL_RESNET.replace(optimizer=SGD(0.05, 0.9)), id="ResNet18-momentum"),
    pytest.param(SMALL_RESNET.replace(model=ResNet20(2), optimizer=Adam()), id="ResNet20-Adam"),
    pytest.param(SMALL_RESNET.replace(augmentation=Augment(crop_padding=1)), id="ResNet18-augmented"),
]


def begun(trial, images=IMAGES, parent=None, old=0):
    return UnderWay(trial, images, parent, old, torch.device("cpu"))


# The step -----------------------------------------------------------------------------------------


def images_as_floats(images):
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2023, 0.1994, 0.2010])
    return (images / 255 - mean[:, None, None]) / std[:, None, None]


def by_hand(trial, images):
    """The trial in a loop of its own: plain layout, plain arithmetic, PyTorch's own optimizer."""
    torch.manual_seed(seed_of(trial.seed, "weights", 0, 1))
    model = trial.model.build(tuple(images.train_images.shape[1:]), len(images.classes)).train()
    optimizer, part = pytorchs_own(trial.optimizer, model.parameters()), key_of(trial.data.canonical())
    for epoch in range(trial.stop.at_most):
        order = torch.randperm(len(images.train_images), generator=generator(trial.seed, "order", part, 0, epoch))
        pixels = images.train_images[order]
        if trial.augmentation:
            chance = generator(trial.seed, "augmentation", part, 0, epoch)
            pixels = augmented(pixels, draw_augmentation(trial.augmentation, len(order), chance))
        for start in range(0, len(order), trial.batch_size):
            chosen = order[start : start + trial.batch_size]
            optimizer.zero_grad()
            logits = model(images_as_floats(pixels[start : start + trial.batch_size]))
            functional.cross_entropy(logits, images.train_labels[chosen]).backward()
            optimizer.step()
    return model.state_dict()


@pytest.mark.parametrize(
    "rule, model",
    [(SGD(0.05, 0.5, weight_decay=0.1), ResNet18(1)), (Adam(0.01, 0.8, 0.95, 0.1), MLP((8,)))],
    ids=repr,
)
def test_with_an_empty_seam_training_is_what_a_loop_written_by_hand_does(rule, model):
    trial = Trial(Part("digits"), model, rule, Epochs(2), seed=5, batch_size=16)
    ours, theirs = trained(trial, LARGER).snapshot.model, by_hand(trial, LARGER)
    assert list(ours) == list(theirs)
    for name in ours:
        # Adam divides by the gradient's own size, so the rounding of a tiny gradient shows.
        tolerance = 4e-3 if isinstance(rule, Adam) else 1e-4
        torch.testing.assert_close(ours[name], theirs[name], rtol=tolerance, atol=tolerance, msg=name)


def test_so_it_is_with_augmentation_drawn_anew_each_epoch_for_each_position_in_the_order():
    trial = SMALL_MLP.replace(seed=5, augmentation=Augment(crop_padding=2, rotation=20))
    ours, theirs = trained(trial).snapshot.model, by_hand(trial, IMAGES)
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-5, atol=1e-5, msg=name)
    assert (ours["head.weight"] - by_hand(trial.replace(augmentation=None), IMAGES)["head.weight"]).abs().max() > 1e-3


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"batch_size": 8},
        {"precision": "bf16"},
        {"last_batch": "dropped"},
        {"optimizer": SGD(0.04)},
        {"optimizer": SGD(0.05, head_learning_rate=0.04)},
        {"augmentation": Augment(0, 0.5, 0, 0, 0, 0)},
        {"callbacks": CosineSchedule()},
        {"callbacks": HareTortoise()},
    ],
)
def test_what_a_trial_says_differently_comes_out_differently(change):
    assert not same_state(trained(SMALL_MLP).snapshot.model, trained(SMALL_MLP.replace(**change)).snapshot.model)


def test_augmentation_that_changes_nothing_changes_nothing():
    assert_same(trained(SMALL_RESNET.replace(augmentation=Augment(0, 0, 0, 0, 0, 0))), trained(SMALL_RESNET))


def test_a_crop_that_could_miss_the_image_is_no_traceback():
    with pytest.raises(InvalidValue, match="Augment.crop_padding is 8 and the images have 8 x 8 pixels"):
        trained(SMALL_MLP.replace(augmentation=Augment(8)))


# Interruptions ------------------------------------------------------------------------------------

EVERYTHING = SMALL_MLP.replace(model=WithEverything(), optimizer=SGD(0.05, 0.9))
PULLED = EVERYTHING.then(start=ShrinkPerturb(0.5, 0.1))

METHODS = {
    "sgd": SMALL_MLP,
    "dropout": EVERYTHING,
    "resnet-momentum": SMALL_RESNET.replace(optimizer=SGD(0.05, 0.9)),
    "hare-tortoise": EVERYTHING.replace(callbacks=HareTortoise(0.8, every=2)),
    "redo-momentum": EVERYTHING.replace(callbacks=ReDo(threshold=0.8)),
    "redo-adam": EVERYTHING.replace(optimizer=Adam(0.01), callbacks=ReDo(threshold=0.8, every=2)),
    "cosine": SMALL_MLP.replace(optimizer=AdamW(0.01), callbacks=CosineSchedule(0.3)),
    "steps": SMALL_MLP.replace(optimizer=RMSProp(), callbacks=StepSchedule(at=(1, 2), rise=4)),
    "head-rate": SMALL_RESNET.replace(optimizer=SGD(0.05, 0.9, 0.01, head_learning_rate=0.2)),
    "kept-momenta": SMALL_RESNET.replace(optimizer=SGD(0.05, 0.9)).then(optimizer_state="kept"),
    "l2sp": PULLED.replace(regularizer=L2SP(0.05, decay=0.5, head_coefficient=0.1)),
    "dtnh": PULLED.replace(regularizer=(L2SP(0.5, decay=0.9), KnowDist(0.1)), direction=DTNH()),
    "know-dist": PULLED.replace(regularizer=KnowDist(0.1, decay=0.5)),
    "delta": PULLED.replace(regularizer=DELTA(0.1, examples=20), direction=GEM()),
    "dash": EVERYTHING.then(start=Dash()),
    "measured": PULLED.replace(callbacks=(GradientNorms(batch_size=8), TrainingModeAccuracy(8)), curve_images=10),
    "augmented-bf16": SMALL_RESNET.replace(augmentation=Augment(1), precision="bf16", last_batch="dropped"),
    "evaluated": SMALL_MLP.replace(stop=TrainAccuracy(1.0, 3, images=20)),
    "cut": EVERYTHING.replace(stop=Steps(8)),
    "all": PULLED.replace(
        optimizer=Adam(0.01, head_learning_rate=0.02),
        regularizer=(L2SP(0.5), KnowDist(0.1)),
        direction=DTNH(),
        callbacks=(
            GradientNorms(),
            CosineSchedule(0.2),
            HareTortoise(0.8, every=2),
            ReDo(0.8),
            TrainingModeAccuracy(8),
        ),
        augmentation=Augment(1),
    ),
}


@pytest.fixture(scope="module")
def outcome_of():
    found = {}

    def outcome(name):
        if name not in found:
            found[name] = trained(METHODS[name], **surroundings(name))
        return found[name]

    return outcome


def surroundings(name):
    trial = METHODS[name]
    images = LARGER if trial.precision == "bf16" else IMAGES
    parent = trained(trial.parent, images).snapshot if trial.parent else None
    return {"images": images, "parent": parent, "old": 20 if trial.parent else 0}


@pytest.mark.parametrize("name", METHODS)
def test_a_trial_trained_twice_gives_the_same_to_the_last_bit(name, outcome_of):
    torch.manual_seed(1)
    before = torch.rand(3)
    torch.manual_seed(1)
    assert_same(trained(METHODS[name], **surroundings(name)), outcome_of(name))
    assert torch.equal(torch.rand(3), before), "global chance is left as it was"


class Copied(FileCheckpoint):
    """Saves always, and leaves a copy of each place."""

    def __init__(self, path, asked=None):
        super().__init__(path, asked, hurry=lambda: True)
        self.copies = []

    def save(self, make):
        super().save(make)
        self.copies.append(self.path.with_suffix(f".{len(self.copies)}"))
        shutil.copy(self.path, self.copies[-1])


def resumed_from_each(trial, folder, around):
    """The outcome of a training that keeps its place after each epoch, and those that go on from each place."""
    kept = Copied(folder / "c.safetensors", trial.asked)
    outcomes = [trained(trial, **around, checkpoint=kept)]
    for number, path in enumerate(kept.copies, start=1):
        told = []
        checkpoint = FileCheckpoint(path, trial.asked)
        outcomes.append(
            trained(
                trial, **around, checkpoint=checkpoint, after_epoch=lambda *progress, told=told: told.append(progress)
            )
        )
        last = outcomes[0].final["epochs"]
        assert [epochs for epochs, _ in told] == list(range(number + 1, last + 1)), "none is trained again"
    return outcomes


@pytest.mark.parametrize("name", METHODS)
def test_resumed_after_any_epoch_a_training_goes_on_to_the_same_bit(name, outcome_of, tmp_path):
    outcomes = resumed_from_each(METHODS[name], tmp_path, surroundings(name))
    assert len(outcomes) == 4
    for outcome in outcomes:
        assert_same(outcome, outcome_of(name))


def test_a_place_is_found_again_where_what_is_measured_stands_elsewhere(tmp_path):
    # The two trials have one key and ask the same: each takes the other's place.
    measuring, hare = GradientNorms(batch_size=8), HareTortoise(0.8)
    one, other = (EVERYTHING.replace(callbacks=each) for each in ((measuring, hare), (hare, measuring)))
    assert (one.key, one.asked) == (other.key, other.asked)
    kept = Copied(tmp_path / "c.safetensors", one.asked)
    outcome = trained(one, checkpoint=kept)
    assert_same(trained(other, checkpoint=FileCheckpoint(kept.copies[0], other.asked)), outcome)


@kind("counts")
class Counts(L2SP):
    """Pulls by when it is: in which epoch, at which step."""

    seen: ClassVar[list] = []

    def gradient(self, seen, parameters):
        self.seen.append((seen.epoch, seen.step))
        return [1e-3 * (seen.step + 10 * seen.epoch) * each for each in super().gradient(seen, parameters)]


def test_a_regularizer_is_told_the_epoch_and_the_step_after_a_resume_too(tmp_path):
    Counts.seen.clear()
    trial = SMALL_MLP.then(start=ShrinkPerturb(), regularizer=Counts())
    outcome, *resumed = resumed_from_each(trial, tmp_path, {"parent": trained(SMALL_MLP).snapshot})
    assert Counts.seen[:9] == [(step // 3, step) for step in range(9)]
    for again in resumed:
        assert_same(again, outcome)


def test_a_coefficient_decays_with_the_finished_epochs():
    parent = trained(SMALL_MLP).snapshot
    decayed = [
        SMALL_MLP.then(start=ShrinkPerturb(), regularizer=L2SP(1.0, decay=1e-30), stop=Epochs(n)) for n in (1, 2)
    ]
    constant = SMALL_MLP.then(start=ShrinkPerturb(), regularizer=L2SP(1.0), stop=Epochs(1))
    first, second = (trained(trial, parent=parent) for trial in decayed)
    assert same_state(first.snapshot.model, trained(constant, parent=parent).snapshot.model)
    free = begun(SMALL_MLP.then(regularizer=L2SP(0.0)), parent=parent)
    free.model.load_state_dict(first.snapshot.model)
    free.epoch = 1  # the second epoch, without a pull
    free.train_epoch()
    assert same_state(free.model.state_dict(), second.snapshot.model)


def test_a_place_that_was_kept_takes_its_time_along(tmp_path):
    kept = Copied(tmp_path / "c.safetensors")
    trained(SMALL_MLP, checkpoint=kept)
    checkpoint = FileCheckpoint(kept.copies[1])
    before = checkpoint.load().progress
    progress = trained(SMALL_MLP, checkpoint=checkpoint).progress
    after = progress.curves["seconds"]
    assert after[:2] == before.curves["seconds"] and after[2] > after[1]
    assert progress.spent > before.spent > 0


# What only measures -------------------------------------------------------------------------------


@kind("draws")
class Draws(Callback):
    """Draws from PyTorch's global chance whenever it can, as layers do that a measurement runs."""

    measures: ClassVar[bool] = True

    def begin(self, training, state):
        torch.rand(3)

    before_epoch = after_step = after_epoch = after_evaluation = begin

    def final(self, training, state):
        return {"drawn": float(torch.rand(1))}


MEASURING = [
    GradientNorms(images=30, batch_size=8), TrainingModeAccuracy(8), WeightScales(8), PullAngles(2),
    WeightsKept(), Draws(),
]  # fmt: skip


def test_every_callback_of_the_package_that_measures_is_among_them():
    from wsnb import values

    found = {cls for cls in values._kinds.values() if getattr(cls, "measures", False) and not values.is_foreign(cls)}
    assert found == {type(each) for each in MEASURING[:4]}


@pytest.mark.parametrize(
    "name", ["sgd", "dropout", "hare-tortoise", "redo-adam", "dtnh", "know-dist", "augmented-bf16", "cut"]
)
def test_what_only_measures_changes_no_weight_no_buffer_no_state_no_curve_and_no_final_value(name, outcome_of):
    plain = outcome_of(name)
    trial = METHODS[name]
    torch.manual_seed(5)
    before = torch.rand(2)
    torch.manual_seed(5)
    measured = trained(trial.replace(callbacks=(*MEASURING, *trial.callbacks)), **surroundings(name))
    assert torch.equal(torch.rand(2), before)
    assert trial.replace(callbacks=(*MEASURING, *trial.callbacks)).key == trial.key
    assert same_state(measured.snapshot.model, plain.snapshot.model)
    assert same_state(measured.snapshot.optimizer, plain.snapshot.optimizer)
    (initial, curves), (more_initial, more_curves) = without_time(plain.progress), without_time(measured.progress)
    assert more_initial == initial
    assert {curve: more_curves[curve] for curve in curves} == curves and len(more_curves) > len(curves)
    assert {value: measured.final[value] for value in plain.final} == plain.final
    assert {"training_mode_test_accuracy", "training_mode_train_accuracy"} <= measured.final.keys()


@kind("halves")
class Halves(Callback):
    """Says that it measures, and changes a weight at one of its moments."""

    moment: str = "after_step"
    measures: ClassVar[bool] = True

    what: str = "head.weight"

    def halve(self, moment, training):
        if moment == self.moment and training.epoch:  # not at the first opportunity
            if self.what == "head.weight":
                training.model.head.weight.data.mul_(0.5)
            elif self.what == "the learning rate":
                training.optimizer.groups[0].learning_rate *= 0.5
            elif self.what == "which layers are in training mode":
                training.model.train(not training.model.training)
            elif self.what in ("the images", "the test images"):
                getattr(training, self.what.removeprefix("the ").replace(" ", "_")).fill_(0)
            else:
                training.optimizer.groups[0].moments["momentum_buffer"][0].mul_(0.5)

    def before_epoch(self, training, state):
        self.halve("before_epoch", training)

    def after_step(self, training, state):
        if training.step % training.steps_by_epoch == 1:
            self.halve("after_step", training)

    def after_epoch(self, training, state):
        self.halve("after_epoch", training)

    def after_evaluation(self, training, state):
        self.halve("after_evaluation", training)

    def final(self, training, state):
        self.halve("final", training)
        return {}


@pytest.mark.parametrize("moment", ["before_epoch", "after_step", "after_epoch", "after_evaluation", "final"])
@pytest.mark.parametrize(
    "what",
    [
        "head.weight",
        "the learning rate",
        "the optimizer's 0.momentum_buffer",
        "which layers are in training mode",
        "the images",
        "the test images",
    ],
)
def test_what_says_that_it_measures_and_changes_what_trains_is_a_sentence(moment, what):
    with pytest.raises(InvalidValue, match=f"says that it only measures, and it has changed {what}; leave out"):
        trained(SMALL_MLP.replace(optimizer=SGD(0.05, momentum=0.9), callbacks=Halves(moment, what)))


@kind("spoils")
class Spoils(Callback):
    """Writes over the images that it is given."""

    def begin(self, training, state):
        training.images.zero_()
        training.test_images.zero_()


def test_what_somebodys_code_does_to_the_images_no_other_trial_sees():
    before = [IMAGES.train_images.clone(), IMAGES.test_images.clone()]
    trained(SMALL_MLP.replace(callbacks=Spoils()))
    assert torch.equal(IMAGES.train_images, before[0]) and torch.equal(IMAGES.test_images, before[1])


@kind("never_says_why")
class NeverSaysWhy(Epochs):
    """Allows few steps and never stops."""

    def reason(self, train_accuracies, steps):
        return None


def test_a_stop_that_is_reached_without_a_reason_is_a_sentence():
    with pytest.raises(InvalidValue, match=r"NeverSaysWhy\(.*allows \d+ steps and gives no reason to stop"):
        trained(SMALL_MLP.replace(stop=NeverSaysWhy(2)))


@kind("offers")
class Offers(Callback):
    """Says that it measures, and gives other weights to evaluate."""

    measures: ClassVar[bool] = True

    def evaluated(self, training, state):
        return {name: tensor * 0 for name, tensor in training.model.state_dict().items()}


def test_what_says_that_it_measures_and_gives_other_weights_to_evaluate_is_a_sentence():
    with pytest.raises(InvalidValue, match="says that it only measures, and gives other weights to evaluate"):
        trained(SMALL_MLP.replace(callbacks=Offers()))


@kind("doubles_by_a_hook")
class DoublesByAHook(Callback):
    """Hangs on the network what no state keeps."""

    def attach(self, training, state):
        training.model.register_forward_hook(lambda module, inputs, output: 2 * output)


def test_what_a_callback_attaches_is_there_again_where_training_goes_on():
    trial = SMALL_MLP.replace(callbacks=DoublesByAHook())
    whole = trained(trial)

    class Kept:
        place = None

        def load(self):
            return self.place

        def save(self, make):
            self.place = self.place or copy.deepcopy(make())

    kept = Kept()
    trained(trial, checkpoint=kept)
    assert kept.place.progress.epochs < 3
    assert_same(trained(trial, checkpoint=kept), whole)


@kind("slow_start")
class SlowStart(RandomInit):
    """A start that takes its time."""

    def begin(self, given):
        time.sleep(0.2)
        return super().begin(given)


def test_the_seconds_that_are_spent_count_the_start():
    assert trained(SMALL_MLP.replace(start=SlowStart(), stop=Epochs(0))).progress.spent >= 0.2


def test_curve_images_change_no_weight_and_no_final_value():
    some, everything = trained(SMALL_MLP.replace(curve_images=10)), trained(SMALL_MLP)
    assert same_state(some.snapshot.model, everything.snapshot.model) and some.final == everything.final
    assert some.progress.initial != everything.progress.initial


# Curves and final measurements --------------------------------------------------------------------


def test_curves_have_one_entry_an_epoch_and_final_values_take_all_images():
    outcome = trained(SMALL_MLP.replace(curve_images=10))
    curves = outcome.progress.curves
    assert set(curves) == {"train_accuracy", "train_loss", "seconds", "test_accuracy", "test_loss"}
    assert {len(curve) for curve in curves.values()} == {3}
    assert curves["seconds"] == sorted(curves["seconds"]) and curves["seconds"][0] > 0
    assert outcome.final["stopped"] == "all epochs done"
    assert [outcome.final[name] for name in ("epochs", "steps", "images_seen")] == [3, 9, 3 * 41]
    assert 23 * outcome.final["test_accuracy"] == pytest.approx(round(23 * outcome.final["test_accuracy"]))
    assert 41 * outcome.final["train_accuracy"] == pytest.approx(round(41 * outcome.final["train_accuracy"]))


@pytest.mark.parametrize("name, epochs", [("hare-tortoise", 7), ("dropout", 3), ("dropout", 5)])
def test_late_accuracy_is_the_mean_of_the_last_five_epochs_over_all_test_images(name, epochs, tmp_path):
    WeightsKept.states.clear()
    trial = METHODS[name].replace(stop=Epochs(epochs), curve_images=5)
    outcome = trained(trial.replace(callbacks=(*trial.callbacks, WeightsKept())))
    under_way, accuracies = begun(trial), []
    assert len(WeightsKept.states) == epochs
    for state in WeightsKept.states[-5:]:
        under_way.model.load_state_dict(state)
        accuracy, _ = evaluate(
            under_way.model, IMAGES.test_images, IMAGES.test_labels, trial.precision, under_way.normalize
        )
        accuracies.append(accuracy)
    assert outcome.final["late_test_accuracy"] == pytest.approx(sum(accuracies) / len(accuracies), abs=1e-12)
    assert accuracies[-1] == outcome.final["test_accuracy"]
    assert len(accuracies) == min(5, epochs) and len(set(accuracies)) > 1
    for again in resumed_from_each(trial, tmp_path, {}):
        assert again.final["late_test_accuracy"] == outcome.final["late_test_accuracy"]


def test_after_each_epoch_it_is_told_how_many_images_were_seen():
    told = []
    trained(SMALL_MLP, after_epoch=lambda epochs, images_seen: told.append((epochs, images_seen)))
    assert told == [(1, 41), (2, 82), (3, 123)]


# When training stops ------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [Epochs(0), Steps(0)], ids=repr)
def test_nothing_is_trained_and_all_is_measured(stop):
    outcome = trained(SMALL_RESNET.replace(stop=stop, callbacks=(HareTortoise(), TrainingModeAccuracy())))
    assert [outcome.final[name] for name in ("epochs", "steps", "images_seen")] == [0, 0, 0]
    assert outcome.progress.curves == {}
    assert same_state(outcome.snapshot.model, begun(SMALL_RESNET).model.state_dict())
    assert outcome.final["test_loss"] == outcome.progress.initial["test_loss"]
    assert outcome.final["late_test_accuracy"] == outcome.final["test_accuracy"]
    assert outcome.final["train_loss"] > 0 and "training_mode_test_accuracy" in outcome.final


@pytest.mark.parametrize("steps, epochs, images", [(1, 1, 16), (3, 1, 41), (4, 2, 57), (8, 3, 114)])
def test_steps_end_in_the_midst_of_an_epoch_and_are_counted(steps, epochs, images):
    outcome = trained(SMALL_MLP.replace(stop=Steps(steps)))
    assert [outcome.final[name] for name in ("epochs", "steps", "images_seen")] == [epochs, steps, images]
    assert outcome.final["stopped"] == "all steps done"
    assert {len(curve) for curve in outcome.progress.curves.values()} == {epochs}


def test_steps_of_whole_epochs_are_those_epochs():
    steps, epochs = trained(SMALL_MLP.replace(stop=Steps(6))), trained(SMALL_MLP.replace(stop=Epochs(2)))
    assert same_state(steps.snapshot.model, epochs.snapshot.model)
    assert without_time(steps.progress) == without_time(epochs.progress)


def test_a_last_batch_is_dropped_where_it_is_smaller_and_only_there():
    outcome = trained(SMALL_MLP.replace(last_batch="dropped", stop=Epochs(2)))
    assert [outcome.final[name] for name in ("steps", "images_seen")] == [4, 64]
    exact = coloured(train_count=48)
    assert_same(trained(SMALL_MLP.replace(last_batch="dropped"), exact), trained(SMALL_MLP, exact))
    with pytest.raises(InvalidValue, match="'dropped', and 41 images make no batch of 42; choose a smaller"):
        trained(SMALL_MLP.replace(last_batch="dropped", batch_size=42))


@pytest.mark.parametrize("measured, curve", [("evaluated", "evaluated_train_accuracy"), ("running", "train_accuracy")])
def test_training_stops_after_the_first_epoch_whose_accuracy_of_that_kind_reaches_the_target(measured, curve):
    outcome = trained(SMALL_MLP.replace(optimizer=Adam(0.002), stop=TrainAccuracy(0.8, 60, measured)))
    reached = [accuracy >= 0.8 for accuracy in outcome.progress.curves[curve]]
    assert reached.index(True) == len(reached) - 1 == outcome.final["epochs"] - 1 > 0
    assert outcome.final["stopped"] == "train accuracy reached 0.8"
    assert ("evaluated_train_accuracy" in outcome.progress.curves) == (measured == "evaluated")


def test_evaluated_is_after_the_epoch_and_running_while_weights_move():
    curves = (outcome := trained(SMALL_MLP.replace(stop=TrainAccuracy(1.0, 3)))).progress.curves
    assert curves["evaluated_train_accuracy"][-1] == outcome.final["train_accuracy"]
    assert curves["evaluated_train_accuracy"] != curves["train_accuracy"]


def test_a_stop_on_a_sample_looks_at_new_images_as_well_as_old_ones():
    # Parts are nested, so the first images of the whole are those that the parent has learnt by heart: an accuracy
    # over them alone is near its target before the new images have been learnt, and the warm start stops too soon.
    images = coloured(train_count=200)
    trial = SMALL_MLP.replace(stop=TrainAccuracy(1.0, at_most=1, images=50))
    under_way = begun(trial, images)
    assert len(under_way.sample_images) == 50
    first = {image.numpy().tobytes() for image in images.train_images[:100]}
    assert 10 < sum(image.numpy().tobytes() in first for image in under_way.sample_images) < 40
    under_way.epoch_of_training()
    accuracy, _ = evaluate(
        under_way.model, under_way.sample_images, under_way.sample_labels, "fp32", under_way.normalize
    )
    assert under_way.progress.curves["evaluated_train_accuracy"] == [accuracy]


# Divergence ---------------------------------------------------------------------------------------


def assert_failed(outcome, words, epochs):
    assert outcome.snapshot is None and outcome.final["stopped"] == "diverged"
    assert words in outcome.final["failed"]
    assert not {name for name in outcome.final if "accuracy" in name or "loss" in name}
    assert outcome.final["epochs"] == epochs
    curves = outcome.progress.curves
    assert {len(curve) for curve in curves.values()} == ({epochs} if epochs else set())
    assert all(value is None or math.isfinite(value) for curve in curves.values() for value in curve)


def test_a_training_that_diverges_is_an_outcome_that_says_so():
    trial = SMALL_MLP.replace(model=MLP((8,), "relu"), optimizer=SGD(1e30))
    assert_failed(trained(trial), "the training diverged in epoch 1: ", 0)


def test_what_the_last_step_ruins_is_found_at_the_end():
    # One batch an epoch: its loss is taken before the step that leaves weights whose logits overflow.
    trial = SMALL_MLP.replace(model=Logistic(), optimizer=SGD(1e38), stop=Epochs(1), batch_size=64)
    assert_failed(trained(trial), "the training diverged at its end: test loss is ", 1)


@kind("breaks")
class Breaks(Callback):
    """Ruins something at a moment."""

    moment: str = "after_epoch"
    epoch: int = setting(2, minimum=0)
    measures: ClassVar[bool] = True

    def _do(self, moment, training):
        if (moment, training.epoch) == (self.moment, self.epoch):
            training.add("broken", float("inf"))
        elif moment == self.moment:
            training.add("broken", 1.0)

    def before_epoch(self, training, state):
        self._do("before_epoch", training)

    def after_epoch(self, training, state):
        self._do("after_epoch", training)

    def after_evaluation(self, training, state):
        self._do("after_evaluation", training)

    def final(self, training, state):
        return {"broken": float("nan")} if self.moment == "final" else {}


@pytest.mark.parametrize("moment, epoch", [("before_epoch", 2), ("before_epoch", 0), ("after_epoch", 2), ("final", 2)])
def test_what_a_callback_measures_may_be_no_number_and_is_a_gap_then_not_a_divergence(moment, epoch, tmp_path):
    trial = SMALL_MLP.replace(callbacks=Breaks(moment, epoch))
    plain = trained(SMALL_MLP)
    for outcome in resumed_from_each(trial, tmp_path, {}):
        broken = outcome.progress.curves.get("broken", [outcome.final.get("broken", 0)])
        assert broken.count(None) == 1
        assert {name: value for name, value in outcome.final.items() if name != "broken"} == plain.final
        assert same_state(outcome.snapshot.model, plain.snapshot.model)


@kind("meddles")
class Meddles(Callback):
    """Adds what it must not."""

    name: str = "train_loss"
    twice: bool = False

    def after_epoch(self, training, state):
        for _ in range(1 + self.twice):
            training.add(self.name, 1.0)

    def final(self, training, state):
        return {"test_accuracy": 1.0} if self.name == "of its own" else {}


@kind("keeps_a_number")
class KeepsANumber(Callback):
    """Has a state that no checkpoint could hold."""

    def begin(self, training, state):
        state["n"] = 1


@pytest.mark.parametrize(
    "callback, said",
    [
        (Meddles(), "'train_loss' is the loop's own"),
        (Meddles("twice", True), "'twice' has 2 points after 1 epochs; allowed: one an epoch"),
        (Meddles("of its own"), "'test_accuracy' is measured already"),
        (KeepsANumber(), "holds n=1, a int; allowed: tensors"),
    ],
)
def test_what_a_callback_must_not_do_is_said_at_once(callback, said):
    with pytest.raises(InvalidValue, match=said):
        trained(SMALL_MLP.replace(callbacks=callback))


def test_it_is_found_in_the_first_epoch_of_a_child_of_ruined_weights():
    parent = trained(SMALL_MLP).snapshot
    parent.model["head.bias"].fill_(float("nan"))
    outcome = trained(SMALL_MLP.then(), parent=parent)
    assert_failed(outcome, "the training diverged in epoch 1: train loss is nan", 0)
    assert outcome.progress.initial["test_loss"] is None


# Starts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trial", EVERY_KIND)
def test_a_warm_start_begins_where_its_parent_ended(trial):
    parent = trained(trial)
    child = trained(trial.then(), parent=parent.snapshot)
    assert child.progress.initial["test_accuracy"] == parent.final["test_accuracy"]
    assert child.progress.initial["test_loss"] == parent.final["test_loss"]


def test_a_random_init_begins_as_its_seed_says_whatever_data_it_sees():
    part = take(IMAGES, Part("digits", 20), seed=0)
    on_all, on_part = trained(SMALL_MLP), trained(SMALL_MLP.replace(data=Part("digits", 20)), part)
    assert on_all.progress.initial == on_part.progress.initial


def test_more_classes_start_a_warm_start_with_a_fresh_head_drawn_by_the_seed():
    parent, more = trained(SMALL_MLP).snapshot, coloured(classes=5)
    heads = [begun(SMALL_MLP.replace(seed=seed).then(), more, parent).model for seed in (0, 0, 1)]
    assert torch.equal(heads[0].hidden[0].weight, parent.model["hidden.0.weight"])
    assert torch.equal(heads[0].head.weight, heads[1].head.weight)
    assert not torch.equal(heads[0].head.weight, heads[2].head.weight)


def test_a_child_leaves_its_parents_snapshot_as_it_was():
    first = EVERYTHING.replace(optimizer=Adam())
    parent = trained(first).snapshot
    before = copy.deepcopy(parent)
    child = first.then(optimizer_state="kept", regularizer=(L2SP(), KnowDist()), direction=DTNH())
    trained(child, parent=parent)
    assert same_state(parent.model, before.model) and same_state(parent.optimizer, before.optimizer)


def test_a_parent_that_does_not_fit_or_is_not_given_is_a_sentence():
    with pytest.raises(InvalidValue, match="hidden.0.weight"):
        trained(SMALL_MLP.replace(model=MLP((9,))).then(model=MLP((8,))), parent=trained_wider().snapshot)
    with pytest.raises(WsnbError, match="takes something from its parent, and no parent was given"):
        trained(SMALL_MLP.then())
    with pytest.raises(InvalidValue, match="hidden.0.weight"):
        trained(SMALL_MLP.then(), LARGER, parent=trained(SMALL_MLP).snapshot)


def trained_wider():
    return trained(SMALL_MLP.replace(model=MLP((9,)), stop=Epochs(0)))


@pytest.mark.parametrize("rule", [SGD(0.05, 0.9), Adam(0.01)], ids=repr)
@pytest.mark.parametrize("model", [MLP((8,)), ResNet18(1)], ids=repr)
def test_kept_momenta_make_two_trainings_one_and_fresh_ones_do_not(rule, model):
    # With one batch an epoch there is no order: a child that keeps everything goes on where its parent stood.
    whole = Trial(Part("digits"), model, rule, Epochs(4), batch_size=64)
    first = whole.replace(stop=Epochs(2))
    parent = trained(first).snapshot
    kept = trained(first.then(optimizer_state="kept"), parent=parent)
    fresh = trained(first.then(), parent=parent)

    def distance(one, other):
        return max((one.snapshot.model[name] - other.snapshot.model[name]).abs().max() for name in one.snapshot.model)

    uninterrupted = trained(whole)
    assert distance(kept, uninterrupted) < 1e-3
    assert distance(fresh, uninterrupted) > 1e-2


@pytest.mark.parametrize("batch_size", [40, 1])
def test_a_last_batch_of_one_small_image_is_no_traceback(batch_size):
    # 16x16 images are 1x1 in the last stage of a ResNet-18: one of them alone has no batch statistics.
    with pytest.raises(
        InvalidValue, match=f"41 images in batches of {batch_size} leave a batch of one image.*'dropped'"
    ):
        trained(SMALL_RESNET.replace(batch_size=batch_size), LARGER)
    assert trained(SMALL_RESNET.replace(batch_size=40, last_batch="dropped"), LARGER).snapshot


# Chance -------------------------------------------------------------------------------------------


@pytest.fixture
def chance(monkeypatch):
    """What is asked of chance: (names, where it was asked), in turn."""
    asked = []

    def noted(seed, *names):
        frame = sys._getframe(1)
        while frame.f_code.co_name in ("noted", "generator", "chance", "build"):
            frame = frame.f_back
        asked.append(((seed, *names), (frame.f_code.co_filename, frame.f_lineno)))
        return seed_of(seed, *names)

    def noted_generator(seed, *names):
        return torch.Generator().manual_seed(noted(seed, *names))

    noted_generator.__code__ = noted_generator.__code__.replace(co_name="generator")
    for module in [each for name, each in list(sys.modules.items()) if name.startswith("wsnb.")]:
        if getattr(module, "seed_of", None) is seed_of:
            monkeypatch.setattr(module, "seed_of", noted)
        if getattr(module, "generator", None) is generator:
            monkeypatch.setattr(module, "generator", noted_generator)
    return asked


FIXED = {"sample", "training mode", "gradient_norms"}
"""Which images are measured on: the same each time."""


def test_no_two_purposes_share_a_name(chance):
    places, parents = {}, {}
    for name, trial in METHODS.items():
        for each in (*trial.ancestors(), trial):
            around = surroundings_of(each, parents)
            chance.clear()
            outcome = trained(each, **around)
            parents[each.key] = outcome.snapshot
            once = [names for names, _ in chance if not FIXED & set(names)]
            assert len(once) == len(set(once)), f"{name}: a name was used twice in one training"
            for names, place in chance:
                places.setdefault(names, set()).add(place)
    shared = {names: found for names, found in places.items() if len(found) > 1}
    assert shared == {}
    purposes = {names[1] for names in places}
    assert purposes == {
        "weights", "order", "layers", "augmentation", "start", "callback", "sample", "training mode", "examples",
    }  # fmt: skip


def surroundings_of(trial, parents):
    images = LARGER if trial.precision == "bf16" else IMAGES
    parent = parents[trial.parent.key] if trial.parent else None
    return {"images": images, "parent": parent, "old": 20 if parent else 0}


def orders_of(chance, trial, **more):
    chance.clear()
    outcome = trained(trial, **more)
    return [names for names, _ in chance if names[1] in ("order", "augmentation", "layers")], outcome.snapshot


def test_starts_that_are_compared_share_the_order_of_their_batches_and_a_child_on_its_parents_part_does_not(chance):
    whole = EVERYTHING.replace(augmentation=Augment(1))
    half = whole.replace(data=Part("digits", 20))
    of_half, parent = orders_of(chance, half, images=take(IMAGES, half.data, 0))
    random_init, same_part = orders_of(chance, whole)
    assert len(random_init) == 9
    for start in ({}, {"start": ShrinkPerturb()}, {"start": Dash()}, {"start": RandomInit(), "regularizer": L2SP()}):
        assert orders_of(chance, half.then(data=Part("digits"), **start), parent=parent)[0] == random_init
    again, _ = orders_of(chance, whole.then(), parent=same_part)
    twice, _ = orders_of(chance, whole.then().then(), parent=same_part)
    other_seed, _ = orders_of(chance, whole.replace(seed=1))
    for one, other in itertools.combinations((of_half, random_init, again, twice, other_seed), 2):
        assert not set(one) & set(other)


def test_every_image_is_seen_once_an_epoch_in_an_order_of_its_own(monkeypatch):
    orders = []
    really = torch.randperm
    monkeypatch.setattr(torch, "randperm", lambda *given, **more: orders.append(really(*given, **more)) or orders[-1])
    trained(SMALL_MLP)
    orders = [order.tolist() for order in orders]
    assert len(orders) == 3 and all(sorted(order) == list(range(41)) for order in orders)
    assert orders[0] != orders[1] != orders[2]


def test_each_epoch_changes_an_image_in_its_own_way_and_starts_that_are_compared_in_the_same(monkeypatch):
    seen = []
    monkeypatch.setattr(loop, "augmented", lambda images, draws: seen.append(draws) or augmented(images, draws))

    def drawn(trial, **more):
        seen.clear()
        trained(trial, **more)
        return torch.cat([draws.factor for draws in seen]).view(3, 41, 3)

    half = SMALL_MLP.replace(data=Part("digits", 20), augmentation=Augment(crop_padding=1))
    whole = half.replace(data=Part("digits"))
    random_init = drawn(whole)
    assert random_init.unique(dim=0).shape[0] == 3 and random_init.view(-1, 3).unique(dim=0).shape[0] == 3 * 41
    parent = trained(half, take(IMAGES, half.data, 0)).snapshot
    assert torch.equal(drawn(half.then(data=whole.data), parent=parent), random_init)
    assert not torch.equal(drawn(whole.replace(seed=1)), random_init)


def test_images_are_not_changed():
    before = copy.deepcopy(IMAGES)
    for name in ("all", "dash"):
        trained(METHODS[name], **surroundings(name))
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert torch.equal(getattr(IMAGES, name), getattr(before, name))


# Snapshots ----------------------------------------------------------------------------------------


def test_a_snapshot_is_plain_and_apart_from_the_training():
    under_way = begun(SMALL_RESNET.replace(optimizer=Adam()))
    under_way.begin()
    under_way.epoch_of_training()
    snapshot = under_way.snapshot()
    assert (snapshot.classes, snapshot.image_shape) == (3, (3, 8, 8))
    tensors = [*snapshot.model.values(), *snapshot.optimizer.values()]
    assert all(tensor.is_contiguous() and not tensor.requires_grad for tensor in tensors)
    before = copy.deepcopy(snapshot)
    under_way.epoch_of_training()
    assert same_state(snapshot.model, before.model) and same_state(snapshot.optimizer, before.optimizer)

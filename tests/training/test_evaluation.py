"""The one evaluation: over images, in evaluation mode, however they are batched."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import IMAGES, SMALL_MLP, SMALL_RESNET, same_state, trained
from torch import nn
from torch.nn import functional

from wsnb import MLP, SGD, Augment, Epochs, Logistic, ResNet18, TrainAccuracy
from wsnb.data.batches import batch_sizes
from wsnb.training import evaluation
from wsnb.training.evaluation import evaluate
from wsnb.training.loop import UnderWay, sample


def normalized_in(trial):
    return UnderWay(trial, IMAGES, None, 0, torch.device("cpu")).normalize


def network_of(trial, outcome):
    model = trial.model.build((3, 8, 8), 3)
    model.load_state_dict(outcome.snapshot.model)
    return model.to(memory_format=model.memory_format)


class TellsTheFirstPixel(nn.Module):
    """Says class 0 for dark images and class 1 for bright ones, with logits of plus and minus one."""

    def forward(self, x):
        bright = x[:, :1, 0, 0].sign()
        return torch.cat([-bright, bright], dim=1)


@pytest.mark.parametrize("batch", [1, 3, 4, 10, 500])
def test_accuracy_and_loss_are_over_images_however_they_are_batched(monkeypatch, batch):
    # Ten images in batches of four: a mean of batch means would weigh the last two double.
    monkeypatch.setattr(evaluation, "EVALUATION_BATCH", batch)
    images = torch.zeros(10, 3, 2, 2, dtype=torch.uint8)
    images[8:] = 255
    labels = torch.zeros(10, dtype=torch.int64)
    accuracy, loss = evaluate(TellsTheFirstPixel(), images, labels, "fp32", lambda images: images.float() - 100)
    assert accuracy == 0.8
    right, wrong = (-math.log(math.exp(logit) / (math.e + 1 / math.e)) for logit in (1, -1))
    assert loss == pytest.approx(0.8 * right + 0.2 * wrong, rel=1e-6)


@given(st.integers(1, 50), st.integers(1, 10))
def test_no_batch_but_an_only_one_or_ones_asked_for_has_a_single_image(count, size):
    sizes = batch_sizes(count, size)
    assert sum(sizes) == count and all(each == size for each in sizes[:-1])
    assert len(sizes) == 1 or sizes[-1] > 1
    assert sizes[-1] <= size + 1


def test_evaluation_uses_running_statistics_and_changes_none():
    outcome, normalize = trained(SMALL_RESNET), normalized_in(SMALL_RESNET)
    model = network_of(SMALL_RESNET, outcome).train()
    accuracy, loss = evaluate(model, IMAGES.test_images, IMAGES.test_labels, "fp32", normalize)
    assert same_state(model.state_dict(), outcome.snapshot.model)
    singly = [
        evaluate(model, IMAGES.test_images[[i]], IMAGES.test_labels[[i]], "fp32", normalize)[1] for i in range(23)
    ]
    assert loss == pytest.approx(sum(singly) / 23, rel=1e-4), "an image's loss depends on it alone"
    assert (accuracy, loss) == (outcome.final["test_accuracy"], outcome.final["test_loss"])
    with torch.no_grad():
        in_train_mode = functional.cross_entropy(model.train()(normalize(IMAGES.test_images)), IMAGES.test_labels)
    assert abs(in_train_mode.item() - loss) > 1e-3, "else this test says nothing"


def test_running_accuracy_and_loss_are_over_images_too():
    # Steps too small to move anything: then the epoch's own measurements are those of the start.
    outcome = trained(SMALL_MLP.replace(optimizer=SGD(1e-30), stop=Epochs(1)))
    assert outcome.progress.curves["train_accuracy"] == [outcome.final["train_accuracy"]]
    assert outcome.progress.curves["train_loss"][0] == pytest.approx(outcome.final["train_loss"], rel=1e-5)


def test_images_that_accuracies_are_evaluated_on_are_never_augmented():
    still = SMALL_MLP.replace(optimizer=SGD(1e-30), stop=TrainAccuracy(1, at_most=1))
    plain, changed = trained(still), trained(still.replace(augmentation=Augment()))
    assert changed.final == plain.final and changed.progress.initial == plain.progress.initial
    differ = {name for name, curve in changed.progress.curves.items() if curve != plain.progress.curves[name]}
    assert {"train_loss"} <= differ <= {"train_loss", "train_accuracy", "seconds"}


def test_with_a_crop_the_network_and_what_is_evaluated_have_its_size():
    side, whole = 5, IMAGES.test_images.shape[2]
    still = SMALL_MLP.replace(optimizer=SGD(1e-30), stop=TrainAccuracy(1, at_most=1))
    outcome = trained(still.replace(augmentation=Augment(0, 0.5, 0, 0, 0, 0, crop=side)))
    assert outcome.snapshot.image_shape == (3, side, side)
    first = (whole - side) // 2
    middle = slice(first, first + side)
    model = still.model.build((3, side, side), 3)
    model.load_state_dict(outcome.snapshot.model)
    for split in ("train", "test"):
        images, labels = (getattr(IMAGES, f"{split}_{name}") for name in ("images", "labels"))
        found = evaluate(model, images[:, :, middle, middle], labels, "fp32", normalized_in(still))
        assert found == pytest.approx((outcome.final[f"{split}_accuracy"], outcome.final[f"{split}_loss"]))


def test_running_statistics_come_from_training_batches_alone():
    # The number of batches tracked counts the batches that batch normalisation has learnt from.
    state = trained(SMALL_RESNET.replace(stop=TrainAccuracy(1, at_most=3))).snapshot.model
    assert state["norm.num_batches_tracked"] == 3 * math.ceil(41 / 16)


def test_the_curves_images_are_the_same_for_every_seed_and_every_trial():
    chosen = sample(23, 10, "test")
    assert len(set(chosen.tolist())) == 10 and chosen.tolist() != list(range(10))
    for trial in (SMALL_MLP, SMALL_MLP.replace(seed=7), SMALL_MLP.replace(seed=7, model=Logistic())):
        outcome = trained(trial.replace(curve_images=10))
        images, labels = IMAGES.test_images[chosen], IMAGES.test_labels[chosen]
        expected = evaluate(network_of(trial, outcome), images, labels, "fp32", normalized_in(trial))
        curves = outcome.progress.curves
        assert (curves["test_accuracy"][-1], curves["test_loss"][-1]) == pytest.approx(expected)


@pytest.mark.parametrize("wanted", [None, 23, 24, 10_000])
def test_a_curve_on_all_images_takes_them_as_they_come(wanted):
    assert sample(23, wanted, "test").tolist() == list(range(23))


@pytest.mark.parametrize("model", [MLP((8,)), ResNet18(2)], ids=repr)
def test_bfloat16_is_near_and_not_the_same_and_weights_stay_in_full(model):
    from small import LARGER

    trial = SMALL_MLP.replace(model=model)
    full, half = trained(trial, LARGER), trained(trial.replace(precision="bf16"), LARGER)
    full_loss, half_loss = (outcome.progress.curves["train_loss"][0] for outcome in (full, half))
    assert half_loss != full_loss and half_loss == pytest.approx(full_loss, rel=0.02)
    assert half.progress.initial["test_loss"] != full.progress.initial["test_loss"]
    assert {tensor.dtype for tensor in half.snapshot.model.values()} <= {torch.float32, torch.int64}

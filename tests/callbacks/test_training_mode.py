"""Accuracy in training mode: by the statistics of each batch, in a fixed shuffled order."""

from __future__ import annotations

import pytest
import torch
from small import IMAGES, SMALL_RESNET, Everything, WithEverything, same_state, trained

from wsnb import TrainAccuracy, TrainingModeAccuracy
from wsnb.callbacks.training_mode import training_mode_accuracy
from wsnb.chance import generator

PIXELS = torch.randn(90, 3, 6, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(90) // 30  # by class, as sets lie


@pytest.fixture
def model():
    torch.manual_seed(0)
    built = Everything(3, 4, 0.0, 3).eval()
    built.norm1.running_mean.fill_(0.5)
    return built


@pytest.mark.parametrize("size", [30, 8, 90])
def test_each_batch_is_normalised_by_its_own_statistics_in_a_shuffled_order(model, size):
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = training_mode_accuracy(model, PIXELS, LABELS, size)
    assert same_state(model.state_dict(), state) and not model.training
    order = torch.randperm(90, generator=generator(0, "training mode"))
    right = 0
    with torch.no_grad():
        for batch in order.split(size):
            right += int((model.train()(PIXELS[batch]).argmax(1) == LABELS[batch]).sum())
    assert found == right / 90


def test_the_batch_size_the_mode_and_the_order_matter(model):
    with torch.no_grad():
        model.head.weight.normal_(0, 5)
        model.head.bias.sub_(model(PIXELS).mean(0))
    accuracies = [training_mode_accuracy(model, PIXELS, LABELS, size) for size in (2, 3, 10, 90)]
    assert len(set(accuracies)) > 1
    assert training_mode_accuracy(model, PIXELS.flip(0), LABELS.flip(0), 3) != accuracies[1], "else order is nothing"
    with torch.no_grad():
        in_evaluation = float((model.eval()(PIXELS).argmax(1) == LABELS).float().mean())
    assert any(accuracy != pytest.approx(in_evaluation) for accuracy in accuracies)


def test_a_last_batch_of_one_image_joins_the_one_before(model):
    sizes = []
    model.register_forward_hook(lambda module, given, output: sizes.append(len(output)))
    training_mode_accuracy(model, PIXELS[:9], LABELS[:9], 4)
    assert sizes == [4, 5]


def test_a_trial_has_a_curve_on_the_curves_images_and_both_accuracies_at_the_end():
    trial = SMALL_RESNET.replace(model=WithEverything(dropout=0.0), callbacks=TrainingModeAccuracy(8), curve_images=10)
    outcome = trained(trial)
    model = trial.model.build((3, 8, 8), 3)
    model.load_state_dict(outcome.snapshot.model)
    from wsnb.training.loop import UnderWay

    normalize = UnderWay(trial, IMAGES, None, 0, torch.device("cpu")).normalize
    for name in ("test", "train"):
        images, labels = getattr(IMAGES, f"{name}_images"), getattr(IMAGES, f"{name}_labels")
        expected = training_mode_accuracy(model, images, labels, 8, normalize)
        assert outcome.final[f"training_mode_{name}_accuracy"] == expected
    curve = outcome.progress.curves["training_mode_test_accuracy"]
    assert len(curve) == 3 and all(10 * accuracy == round(10 * accuracy) for accuracy in curve)


def test_a_stop_may_go_by_it_and_the_curve_is_that_of_the_training_images():
    stop = TrainAccuracy(1.0, 3, measured="training mode", images=20)
    model = WithEverything(dropout=0.0)
    trial = SMALL_RESNET.replace(model=model, stop=stop, callbacks=TrainingModeAccuracy(8), batch_size=8)
    outcome = trained(trial)
    curve = outcome.progress.curves["evaluated_train_accuracy"]
    assert (
        curve
        != trained(trial.replace(stop=stop.replace(measured="evaluated"))).progress.curves["evaluated_train_accuracy"]
    )
    whole = trained(trial.replace(stop=stop.replace(images=None)))
    assert whole.progress.curves["evaluated_train_accuracy"][-1] == whole.final["training_mode_train_accuracy"]


def test_dropout_draws_the_same_at_the_end_and_leaves_global_chance_alone():
    trial = SMALL_RESNET.replace(model=WithEverything(dropout=0.5), callbacks=TrainingModeAccuracy(8))
    finals = []
    for seed in range(3):
        torch.manual_seed(seed)
        finals.append(trained(trial).final)
        after = torch.rand(2)
        torch.manual_seed(seed)
        assert torch.equal(torch.rand(2), after)
    assert finals[0] == finals[1] == finals[2]

"""Gradient norms on old and new images: the mean over batches of the length that autograd gives."""

from __future__ import annotations

import pytest
import torch
from small import IMAGES, SMALL_MLP, SMALL_RESNET, Everything, WithEverything, same_state, trained
from torch.nn import functional

from wsnb import Epochs, GradientNorms, GradientNormsAsCoded, Part, ResNet18
from wsnb.callbacks.gradient_norms import gradient_norm
from wsnb.data.image_set import take
from wsnb.training.loop import UnderWay

PIXELS = torch.randn(7, 3, 6, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 2])


def by_hand(model, *parts):
    lengths = []
    for part in parts:
        model.zero_grad()
        functional.cross_entropy(model.train()(PIXELS[part]), LABELS[part]).backward()
        lengths.append(sum(float(parameter.grad.square().sum()) for parameter in model.parameters()) ** 0.5)
    return sum(lengths) / len(lengths)


@pytest.mark.parametrize(
    "size, parts",
    [
        (7, [slice(0, 7)]),
        (4, [slice(0, 4), slice(4, 7)]),
        (2, [slice(0, 2), slice(2, 4), slice(4, 7)]),  # no batch of one image
    ],
)
def test_it_is_the_mean_over_batches_of_the_length_of_the_gradient(size, parts):
    model = Everything(3, 4, 0.0, 3).eval()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = gradient_norm(model, PIXELS, LABELS, size)
    assert same_state(model.state_dict(), state) and not model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert found == pytest.approx(by_hand(model, *parts), rel=1e-5)


def test_where_statistics_are_moved_each_batch_moves_them_and_nothing_else():
    model, plain = Everything(3, 4, 0.0, 3), Everything(3, 4, 0.0, 3)
    plain.load_state_dict(model.state_dict())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert gradient_norm(model, PIXELS, LABELS, 4, statistics="moved") == gradient_norm(plain, PIXELS, LABELS, 4)
    with torch.no_grad():
        for part in (slice(0, 4), slice(4, 7)):
            plain.train()(PIXELS[part])
    assert same_state(model.state_dict(), plain.state_dict())
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == set(dict(model.named_buffers()))


def test_as_coded_it_is_part_of_the_trials_key():
    plain = SMALL_MLP.replace(data=Part("digits", 20))
    assert plain.replace(callbacks=GradientNorms()).key == plain.key
    assert plain.replace(callbacks=GradientNormsAsCoded()).key != plain.key


def test_frozen_parameters_have_no_part_in_it():
    model = Everything(3, 4, 0.0, 3)
    whole = gradient_norm(model, PIXELS, LABELS)
    model.conv1.requires_grad_(False)
    assert 0 < gradient_norm(model, PIXELS, LABELS) < whole


# In a trial ---------------------------------------------------------------------------------------

HALF = SMALL_MLP.replace(data=Part("digits", 20))


def test_old_images_are_the_parents_and_new_ones_the_others_at_the_beginning_of_each_epoch():
    trial = HALF.then(data=Part("digits"), callbacks=GradientNorms(images=500, batch_size=64), stop=Epochs(2))
    whole = take(IMAGES, Part("digits"), 0)
    parent = trained(HALF, take(IMAGES, Part("digits", 20), 0)).snapshot
    curves = trained(trial, whole, parent=parent, old=20).progress.curves
    begun = UnderWay(trial, whole, parent, 20, torch.device("cpu"))
    for name, part in (("old", slice(0, 20)), ("new", slice(20, 41))):
        pixels, labels = begun.normalize(begun.images[part]), begun.labels[part]
        expected = gradient_norm(begun.model, pixels, labels, 64)
        assert curves[f"gradient_norm_{name}"][0] == pytest.approx(expected, rel=1e-4)
        assert len(curves[f"gradient_norm_{name}"]) == 2


def test_a_sample_is_fixed_and_of_so_many_images(monkeypatch):
    seen = []
    monkeypatch.setattr("wsnb.callbacks.gradient_norms.gradient_norm", lambda *given: seen.append(given[1]) or 1.0)
    trained(SMALL_MLP.replace(callbacks=GradientNorms(images=5)), old=30)
    assert [len(images) for images in seen] == [5] * 6
    old, new, *later = seen
    assert all(torch.equal(images, (old, new)[number % 2]) for number, images in enumerate(later))


@pytest.mark.parametrize("old, there", [(0, {"new"}), (41, {"old"}), (20, {"old", "new"})])
def test_there_is_no_curve_of_what_there_are_no_images_of(old, there):
    curves = trained(SMALL_MLP.replace(callbacks=GradientNorms()), old=old).progress.curves
    assert {name.removeprefix("gradient_norm_") for name in curves if name.startswith("gradient")} == there


def test_a_last_batch_of_one_small_image_is_no_traceback():
    trial = SMALL_RESNET.replace(model=ResNet18(1), stop=Epochs(1), callbacks=GradientNorms(batch_size=40))
    assert len(trained(trial).progress.curves["gradient_norm_new"]) == 1


def test_dropout_is_drawn_and_the_same_when_drawn_again():
    trial = SMALL_MLP.replace(model=WithEverything(dropout=0.5), callbacks=GradientNorms(), stop=Epochs(1))
    norms = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        norms.append(trained(trial).progress.curves["gradient_norm_new"])
    assert norms[0] == norms[1]

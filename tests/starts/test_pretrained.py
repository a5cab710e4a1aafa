"""Weights from elsewhere: the backbone's as they are, a classifier of one's own, sentences for what does not fit."""

from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import save_file
from small import SHAPES, network, photos
from torchvision import models

from wsnb import (
    DTNH,
    L2SP,
    SGD,
    Augment,
    Epochs,
    KnowDist,
    Part,
    Pretrained,
    ResNet18,
    Steps,
    StepSchedule,
    TorchvisionResNet18,
    Trial,
    run,
)
from wsnb.errors import DataError, InvalidValue
from wsnb.running.run import Unfinished
from wsnb.starts import pretrained


def state_of(seed=1, classes=7):
    torch.manual_seed(seed)
    return models.resnet18(num_classes=classes).state_dict()


def as_places365_has_it(state):
    """What was trained on several devices, by an older PyTorch, with all that its training knew."""
    state = {f"module.{name}": each for name, each in state.items() if not name.endswith("num_batches_tracked")}
    return {"epoch": 90, "arch": "resnet18", "state_dict": state, "best_prec1": torch.tensor(54.6)}


@pytest.mark.parametrize("model", SHAPES, ids=repr)
def test_the_backbone_is_the_files_and_the_classifier_fresh_even_where_it_would_fit(model):
    given, fresh = network(model, 1), network(model, 2)
    state = pretrained(fresh, given.state_dict()).state_dict()
    for name, tensor in state.items():
        source = fresh if name.startswith("head.") else given
        assert torch.equal(tensor, source.state_dict()[name]), name


@pytest.mark.parametrize("change", ["absent", "shape", "more"])
def test_what_does_not_fit_is_refused(change):
    state = state_of()
    if change == "absent":
        del state["layer4.1.bn2.bias"]
    else:
        state["layer4.1.bn2.bias" if change == "shape" else "layer5.weight"] = torch.zeros(3)
    with pytest.raises(InvalidValue, match=r"layer[45]\.\S+ is (absent|\(3,\)) there and (absent|\(512,\)) here"):
        pretrained(models.resnet18(num_classes=5), state, "fc")


def trained_from(weights, images, **changes):
    """The source's trial, which trains nothing, and one that goes on from it as the paper does, in small."""
    crop = Augment(0, 0.5, 0, 0, 0, 0, crop=8)
    data = Part(images, 4, resize=12, by_class=True)
    source = Trial(data, TorchvisionResNet18(), SGD(0.01, 0.9), Epochs(0), augmentation=crop, start=Pretrained(weights))
    given = {"stop": Steps(3), "batch_size": 4, "callbacks": (StepSchedule((2,), counts="steps"),)} | changes
    return source, source.then(**given)


@pytest.mark.parametrize("form", ["pth", "Places365's", "safetensors"])
def test_weights_of_a_file_are_what_training_starts_from_and_is_pulled_to(form, tmp_path):
    path = tmp_path / ("weights.safetensors" if form == "safetensors" else "weights.pth.tar")
    state = state_of()
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save(as_places365_has_it(state) if form == "Places365's" else state, path)
    images = photos(tmp_path / "images")
    pulls = {"regularizer": (L2SP(1.0), KnowDist(0.01)), "direction": DTNH()}
    source, tuned = trained_from(str(path), images, **pulls)
    _, still = trained_from(str(path), images, stop=Epochs(0), callbacks=())
    records = run([source, tuned, still], workers=0)
    assert records[source].final["steps"] == 0 and records[tuned].final["steps"] == 3
    assert records[tuned].final["test_accuracy"] is not None
    assert records[still].final["test_loss"] == records[source].final["test_loss"]


def test_a_files_content_and_not_its_place_is_in_the_key(tmp_path):
    torch.save(state_of(1), tmp_path / "a.pth")
    shutil.copy(tmp_path / "a.pth", tmp_path / "b.pth")
    torch.save(state_of(2), tmp_path / "c.pth")
    keys = [trained_from(str(tmp_path / name), "digits")[1].key for name in ("a.pth", "b.pth", "c.pth")]
    assert keys[0] == keys[1] != keys[2]
    shutil.copyfile(tmp_path / "c.pth", tmp_path / "a.pth")
    assert trained_from(str(tmp_path / "a.pth"), "digits")[1].key == keys[2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not weights", "holds no weights that can be read"),
        ({"state_dict": {"arch": "resnet18"}}, "holds no state dict"),
        (["a list"], "holds no state dict"),
    ],
)
def test_a_file_without_weights_is_refused(content, words, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(Unfinished, match=words):
        run([trained_from(str(path), photos(tmp_path / "images"))[0]], workers=0)


def test_a_file_that_is_not_there_and_a_name_that_is_none_are_refused(tmp_path):
    with pytest.raises(DataError, match="absent.pth' cannot be read"):
        _ = trained_from(str(tmp_path / "absent.pth"), "digits")[0].key
    with pytest.raises(InvalidValue, match="allowed: a file's path, or IMAGENET1K_V1"):
        TorchvisionResNet18().published("IMAGENET1K_V2")
    ours = Trial(Part("digits", 8), ResNet18(1), SGD(), Epochs(0), start=Pretrained("IMAGENET1K_V1"))
    with pytest.raises(Unfinished, match="no published weights of ResNet18"):
        run([ours], workers=0)


def test_torchvisions_own_weights_are_asked_for_by_name(monkeypatch, tmp_path):
    asked = []
    weights = models.get_model_weights("resnet18")["IMAGENET1K_V1"]
    monkeypatch.setattr(type(weights), "get_state_dict", lambda self, **given: asked.append(self) or state_of(3, 1000))
    source, _ = trained_from("IMAGENET1K_V1", photos(tmp_path / "images"))
    run([source], workers=0)
    assert asked == [weights]

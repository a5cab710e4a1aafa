"""DELTA: feature maps whose channels count by what the new task has use for."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from wsnb.errors import InvalidValue
from wsnb.regularizers import DELTA, KnowDist, Pull, channel_attention
from wsnb.values import kind


class Net(nn.Module):
    """One layer of features and a classifier."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.features, self.head = nn.Conv2d(3, 3, 1, bias=False), nn.Linear(3, classes)
        self.stage_outputs = ("features",)

    def forward(self, x):
        return self.head(self.features(x).mean(dim=(2, 3)))


@pytest.fixture
def source():
    network = Net().eval()
    with torch.no_grad():
        network.features.weight.copy_(torch.eye(3)[:, :, None, None])
    return network


LABELS = torch.arange(60) % 2
IMAGES = 0.1 * torch.randn(60, 3, 4, 4, generator=torch.Generator().manual_seed(0))
IMAGES[:, 1] += 3.0 * LABELS[:, None, None]  # the second channel alone tells the classes apart


def test_the_channel_that_tells_the_classes_apart_has_most_of_the_attention(source):
    before = {name: value.clone() for name, value in source.state_dict().items()}
    attention = channel_attention(source, IMAGES, LABELS, ["features"])["features"]
    assert attention.sum() == pytest.approx(1) and attention.argmax() == 1 and attention[1] > 0.4
    assert attention[0] == pytest.approx(float(attention[2]), abs=0.02)
    assert all(torch.equal(value, before[name]) for name, value in source.state_dict().items())
    assert not source.features._forward_hooks and not source.head._forward_pre_hooks
    with pytest.raises(InvalidValue, match="The 60 images that DELTA looks at are of one class"):
        channel_attention(source, IMAGES, torch.zeros(60, dtype=torch.int64), ["features"])


def test_the_distance_of_each_channel_counts_by_its_attention(source):
    model = Net()
    pull = Pull(DELTA(0.7), model, source, examples=(IMAGES, LABELS))
    loss = functional.cross_entropy(model(IMAGES), LABELS)
    pull.backward(loss, IMAGES, LABELS)
    found = model.features.weight.grad.clone()
    attention = channel_attention(source, IMAGES, LABELS, ["features"])["features"]
    model.zero_grad()
    apart = (model.features(IMAGES) - source.features(IMAGES).detach()).square().sum(dim=(0, 2, 3)) / len(IMAGES)
    (functional.cross_entropy(model(IMAGES), LABELS) + 0.7 * (attention * apart).sum()).backward()
    torch.testing.assert_close(found, model.features.weight.grad)


def test_where_all_channels_are_worth_the_same_it_is_know_dist_by_their_number(source):
    @kind("even_delta")
    class Even(DELTA):
        def prepare(self, source, images, labels, head):
            return {"features": torch.full((3,), 1 / 3)}

    model, gradients = Net(), []
    for regularizer in (Even(0.6), KnowDist(0.2)):
        pull = Pull(regularizer, model, source, examples=(IMAGES, LABELS))
        pull.backward(functional.cross_entropy(model(IMAGES), LABELS), IMAGES, LABELS)
        gradients.append(model.features.weight.grad.clone())
        pull.close()
    torch.testing.assert_close(*gradients)


def test_without_images_to_look_at_first_it_is_a_sentence(source):
    with pytest.raises(InvalidValue, match=r"DELTA looks at training images first; give Pull examples=\(im"):
        Pull(DELTA(), Net(), source)
    with pytest.raises(InvalidValue, match="needs the name of the source network's classifier"):
        Pull(DELTA(), Net(), source, head=None, examples=(IMAGES, LABELS))

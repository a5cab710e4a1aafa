"""Small images and trainings that the tests of the core share."""

from __future__ import annotations

from typing import ClassVar

import torch
from PIL import Image
from torch import nn

from wsnb import MLP, SGD, AdamW, Epochs, Logistic, Part, ResNet18, ResNet20, RMSProp, Trial, kind, setting
from wsnb.data.image_set import ImageSet
from wsnb.seam import Callback, Model
from wsnb.training.loop import train


def coloured(train_count=41, test_count=23, classes=3, side=8, seed=0):
    """Noisy images whose classes differ a little in colour: something to learn, and not at once."""
    draw = torch.Generator().manual_seed(seed)

    def split(count):
        labels = torch.randint(classes, (count,), generator=draw)
        images = torch.randint(0, 200, (count, 3, side, side), generator=draw)
        for label in range(classes):
            images[labels == label, label % 3] += 25 + 5 * label
        return images.to(torch.uint8), labels

    names = tuple(f"class {index}" for index in range(classes))
    return ImageSet("digits", "coloured images", names, *split(train_count), *split(test_count))


def photos(folder, seed=0):
    """A folder of images of one's own, ten of each of two classes, the red of a class alike; its name as a data set."""
    for number, class_name in enumerate(("cat", "dog")):
        (folder / class_name).mkdir(parents=True, exist_ok=True)
        for index in range(10):
            pixel = (100 * number, 10 * index, 50 * seed)
            Image.new("RGB", (8, 8), pixel).save(folder / class_name / f"{index}.png")
    return f"images:{folder}"


SHAPES = {ResNet18(1): (3, 16, 16), ResNet20(1): (3, 16, 16), MLP((4, 4)): (3, 4, 4), Logistic(): (3, 4, 4)}


def network(model, seed, classes=3, shape=None):
    """A network as training leaves one: no parameter or running statistic has a round value."""
    torch.manual_seed(seed)
    built = model.build(shape or SHAPES[model], classes)
    for tensor in built.state_dict().values():
        if tensor.is_floating_point():
            tensor.add_(torch.rand(tensor.shape), alpha=0.1)
        else:
            tensor.fill_(seed + 10)
    return built


def pytorchs_own(rule, parameters):
    """PyTorch's optimizer of the same rule."""
    common = {"lr": rule.learning_rate, "weight_decay": rule.weight_decay}
    if isinstance(rule, SGD):
        return torch.optim.SGD(parameters, momentum=rule.momentum, fused=True, **common)
    if isinstance(rule, RMSProp):
        more = {"alpha": rule.smoothing, "eps": rule.epsilon, "momentum": rule.momentum}
        return torch.optim.RMSprop(parameters, **more, **common)
    cls = torch.optim.AdamW if isinstance(rule, AdamW) else torch.optim.Adam
    return cls(parameters, betas=(rule.beta1, rule.beta2), fused=True, **common)


@kind("with_everything")
class WithEverything(Model):
    """Convolutions, batch normalisation, dropout and a succession: what a network of one's own may have."""

    width: int = setting(4, minimum=1)
    dropout: float = setting(0.3, minimum=0, maximum=1)

    def build(self, image_shape, classes):
        return Everything(image_shape[0], self.width, self.dropout, classes)


class Everything(nn.Module):
    memory_format = torch.channels_last
    stage_outputs = ("conv2",)
    successions = (("conv1", "norm1", "conv2"),)

    def __init__(self, channels, width, dropout, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.dropout(self.norm1(self.conv1(x)).relu())
        return self.head(self.dropout(self.norm2(self.conv2(x)).relu().mean((2, 3))))


@kind("weights_kept")
class WeightsKept(Callback):
    """Keeps a copy of the weights that are evaluated after each epoch."""

    measures: ClassVar[bool] = True
    states: ClassVar[list] = []

    def after_evaluation(self, training, state):
        self.states.append({name: tensor.clone() for name, tensor in training.model.state_dict().items()})


IMAGES = coloured()
LARGER = coloured(side=16)
SMALL_MLP = Trial(Part("digits"), MLP((8,)), SGD(0.05), Epochs(3), batch_size=16)
SMALL_RESNET = SMALL_MLP.replace(model=ResNet18(2))


def trained(trial, images=IMAGES, **more):
    return train(trial, images, **more)


def without_time(progress):
    return progress.initial, {name: curve for name, curve in progress.curves.items() if name != "seconds"}


def same_state(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def assert_same(one, other):
    assert without_time(one.progress) == without_time(other.progress)
    assert one.final == other.final
    assert same_state(one.snapshot.model, other.snapshot.model)
    assert same_state(one.snapshot.optimizer, other.snapshot.optimizer)

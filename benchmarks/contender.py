"""A process of the benchmark: it trains for a while in one of three loops whenever it is told to, and says how fast.

``python contender.py DEVICE THREADS`` reads lines of JSON, ``[KIND, WORK, PRECISION, LOADERS, SECONDS]``, and
answers each with images per second. What it has made for a work it keeps until it hears of another. The kinds:

``ours``
    :meth:`wsnb.training.loop.UnderWay.train_epoch` on images that lie on the device as one tensor of uint8.
``usual``
    What a tutorial has: a DataLoader over PIL images, torchvision's transforms image by image, fp32, the
    loss and the accuracy read back after every step.
``bare``
    Forward, backward and optimizer over and over on one batch that is there already: the limit of any loop.
``arithmetic``
    Large matrix products, as many operations as the network's convolutions and linear layers take: about the limit of
    any step on this processor.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

from wsnb import MLP, SGD, Augment, Epochs, Logistic, Part, ResNet18, Trial
from wsnb.data.catalogue import MEAN, STD
from wsnb.data.image_set import ImageSet
from wsnb.training import loop
from wsnb.training.evaluation import autocast
from wsnb.training.optimization import Optimization

IMAGES = 10_000
A_TRIAL_RUN = "a trial run of the benchmark"
WORKS = {
    "ResNet-18, width 64": (ResNet18(64), None),
    "ResNet-18, width 64, augmentation": (ResNet18(64), Augment()),
    "ResNet-18, width 16": (ResNet18(16), None),
    "MLP": (MLP(), None),
    "logistic regression": (Logistic(), None),
    A_TRIAL_RUN: (ResNet18(2), Augment()),
}
"""What is trained, by name: 10 classes, images of 32x32, batches of 128."""


def trial_of(work: str, precision: str) -> Trial:
    """The work as a trial; only its network, optimizer, precision and augmentation matter here."""
    model, augmentation = WORKS[work]
    return Trial(Part("digits"), model, SGD(1e-3, 0.9), Epochs(1), precision=precision, augmentation=augmentation)


def random_images(train: int, test: int) -> ImageSet:
    """So many images of noise, to be trained and tested on; only the name of the set is real."""
    pixels = torch.randint(256, (train + test, 3, 32, 32), dtype=torch.uint8)
    labels = torch.randint(10, (train + test,))
    parts = pixels[:train], labels[:train], pixels[train:], labels[train:]
    return ImageSet("digits", "noise", tuple("0123456789"), *parts)


def network(trial: Trial, device: torch.device) -> nn.Module:
    """The trial's network on the device."""
    return loop.build(trial, (3, 32, 32), 10, seed=0).to(device)


def layout(model: nn.Module) -> torch.memory_format:
    """The layout that the network's images have."""
    return getattr(model, "memory_format", torch.contiguous_format)


def ours(trial: Trial, device: torch.device) -> Callable[[int], None]:
    """Our loop; the function it returns trains on so many images."""
    training = loop.UnderWay(trial, random_images(IMAGES, test=1), None, 0, device)

    def work(count: int) -> None:
        while count > 0:
            seen = training.progress.images_seen
            training.most_steps = training.step - (-count // trial.batch_size)
            training.train_epoch()
            count -= training.progress.images_seen - seen

    return work


class Pictures(Dataset):
    """Images as torchvision's data sets give them: each made a PIL image and transformed when it is asked for."""

    def __init__(self, augment: bool) -> None:
        self.pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8)
        self.labels = [int(label) for label in np.random.default_rng(1).integers(0, 10, IMAGES)]
        changes = [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.25, 0.25, 0.25),
            transforms.RandomRotation(2),
        ]
        last = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        self.transform = transforms.Compose([*(changes if augment else []), *last])

    def __len__(self) -> int:
        return IMAGES

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.pixels[index])), self.labels[index]


def usual(trial: Trial, device: torch.device, loaders: int) -> Callable[[int], None]:
    """The usual loop, with so many processes that load."""
    model = network(trial, device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    loader = DataLoader(
        Pictures(trial.augmentation is not None),
        batch_size=128,
        shuffle=True,
        num_workers=loaders,
        pin_memory=device.type == "cuda",
        persistent_workers=loaders > 0,
    )

    def endless() -> object:
        while True:
            yield from loader

    batches = endless()

    def work(count: int) -> None:
        model.train()
        total, correct = 0.0, 0
        while count > 0:
            images, labels = next(batches)  # type: ignore[call-overload]
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            outputs = model(images)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
            correct += (outputs.argmax(1) == labels).sum().item()
            count -= len(labels)

    return work


def bare(trial: Trial, device: torch.device) -> Callable[[int], None]:
    """The step alone, on one batch as the network takes it."""
    model = network(trial, device)
    model = model.to(memory_format=layout(model))
    optimizer = Optimization(trial.optimizer, model, trial.model.head)
    batch = torch.randn(128, 3, 32, 32).to(device).contiguous(memory_format=layout(model))
    labels = torch.randint(10, (128,)).to(device)

    def work(count: int) -> None:
        model.train()
        for _ in range(-(-count // 128)):
            with autocast(trial.precision, device):
                loss = functional.cross_entropy(model(batch), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return work


def operations(trial: Trial) -> float:
    """Additions and multiplications that training on one image takes, forward and backward, in its matrix products."""
    batch = torch.zeros(2, 3, 32, 32)
    with FlopCounterMode(display=False) as counted:
        network(trial, batch.device)(batch).sum().backward()
    return counted.get_total_flops() / len(batch)


def arithmetic(trial: Trial, device: torch.device) -> Callable[[int], None]:
    """Products of square matrices instead of training."""
    size = 1024
    products_per_image = operations(trial) / (2 * size**3)
    kind = torch.float32 if trial.precision == "fp32" else torch.bfloat16
    left, right = (torch.randn(size, size).to(device, kind) for _ in range(2))
    owed = 0.0

    def work(count: int) -> None:
        nonlocal owed
        owed += count * products_per_image
        while owed >= 1:
            torch.mm(left, right)
            owed -= 1

    return work


class Loop:
    """One of the loops, made and warmed up."""

    def __init__(self, kind: str, work: str, precision: str, loaders: int, device: torch.device) -> None:
        trial = trial_of(work, precision)
        self.device = device
        usually = functools.partial(usual, loaders=loaders)
        make = {"ours": ours, "bare": bare, "arithmetic": arithmetic, "usual": usually}[kind]
        self.train = make(trial, device)
        self.images_per_second, self.batches = 0.0, 2
        for _ in range(2):
            self._time(2)

    def _time(self, batches: int) -> float:
        began = time.perf_counter()
        self.train(128 * batches)
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        self.images_per_second = 128 * batches / (time.perf_counter() - began)
        return self.images_per_second

    def rate(self, seconds: float) -> float:
        """Images per second over about so many seconds, two batches at least."""
        while True:
            # Not many more than have been timed: a guess from a few batches may be far off.
            self.batches = max(2, min(round(self.images_per_second * seconds / 128), 10 * self.batches))
            if 128 * self.batches / self._time(self.batches) >= seconds / 2:
                return self.images_per_second


def main(device: str, threads: int) -> None:
    """Train whenever told to."""
    torch.set_num_threads(threads)
    loops: dict[tuple[str, ...], Loop] = {}
    for line in sys.stdin:
        *what, seconds = json.loads(line)
        key = tuple(what)
        if any(other[1] != key[1] for other in loops):
            loops.clear()
        if key not in loops:
            loops[key] = Loop(*what, device=torch.device(device))
        print(loops[key].rate(seconds), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

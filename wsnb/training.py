"""The training loop, the evaluation and nothing else: one of each.

:func:`train` takes a trial from its start to its stop. Data live on the device as uint8; no step of an
epoch waits for the device. All chance comes from the trial's seed, by name, so an epoch can be redone
exactly from the weights and the optimiser's state that stood before it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from wsnb import models, starts
from wsnb.data import ImageSet
from wsnb.errors import InvalidValue, TrialFailed
from wsnb.optimisers import Optimiser
from wsnb.randomness import generator
from wsnb.starts import State
from wsnb.transforms import Draws, augmented, draw_augmentation, normalise
from wsnb.trials import Trial

EVALUATION_BATCH = 500


@dataclass(frozen=True)
class Snapshot:
    """Weights and optimiser state between two epochs, as plain tensors."""

    model: State
    optimiser: State


@dataclass
class Progress:
    """What has been measured so far, one entry per finished epoch in each curve.

    ``train_*`` is over the epoch's own batches while the weights move; ``evaluated_train_accuracy``,
    present when the stop asks for it, is in eval mode after the epoch. ``seconds``
    counts training steps alone, up to the end of the epoch.
    """

    initial: dict[str, float] = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def epochs(self) -> int:
        """How many epochs are finished."""
        return len(self.curves.get("train_loss", ()))

    def add(self, **measured: float) -> None:
        """Append one epoch's measurements to the curves."""
        for name, value in measured.items():
            self.curves.setdefault(name, []).append(value)


@dataclass(frozen=True)
class Outcome:
    """A finished training: its measurements and its last weights."""

    progress: Progress
    final: dict[str, Any]
    snapshot: Snapshot


class Checkpoint(Protocol):
    """Where :func:`train` keeps its place, so that a killed run goes on."""

    def load(self) -> tuple[Snapshot, Progress] | None:
        """The last place kept, or None."""

    def save(self, make: Callable[[], tuple[Snapshot, Progress]]) -> None:
        """Keep this place, if it is time to."""


def train(
    trial: Trial,
    images: ImageSet,
    *,
    parent: Snapshot | None = None,
    device: torch.device | str = "cpu",
    checkpoint: Checkpoint | None = None,
    after_epoch: Callable[[int, int], None] = lambda epoch, images_seen: None,
) -> Outcome:
    """Train from the trial's start to its stop.

    Args:
        trial: what to train.
        images: the trial's own part of the data (:func:`wsnb.data.take`).
        parent: where the trial's parent ended; None for a random initialisation.
        device: where to train.
        checkpoint: where to go on from, and to keep the place in.
        after_epoch: called with the number of finished epochs and of images seen in all; what it
            raises ends the training (the place has been kept by then).

    Raises:
        TrialFailed: when the loss is no longer finite.
        InvalidValue: when the parent's weights do not fit, a batch is too small to be normalised, or a
            crop of the augmentation could miss the image.
    """
    if trial.start.needs_parent and parent is None:
        raise InvalidValue(f"{trial!r} starts from its parent's weights, and no parent was given.")
    device = torch.device(device)
    model = starting_model(trial, images, parent)
    model = model.to(device, memory_format=model.memory_format)
    optimiser = Optimiser(trial.optimiser, model.parameters())
    if trial.optimiser_state == "kept" and parent is not None:
        optimiser.load(parent.optimiser)

    train_images, train_labels = images.train_images.to(device), images.train_labels.to(device)
    test_images, test_labels = images.test_images.to(device), images.test_labels.to(device)
    curve = curve_subset(len(test_images), trial.curve_images).to(device)
    curve_images, curve_labels = test_images[curve], test_labels[curve]
    # At random, not the first: parts are nested, and a warm start knows the first from its parent.
    sample = curve_subset(len(train_images), trial.curve_images).to(device)
    train_sample, sample_labels = train_images[sample], train_labels[sample]

    progress = Progress()
    if checkpoint and (kept := checkpoint.load()):
        snapshot, progress = kept
        model.load_state_dict(snapshot.model)
        optimiser.load(snapshot.optimiser)
    else:
        accuracy, loss = evaluate(model, curve_images, curve_labels, trial.precision)
        progress.initial = {"test_accuracy": accuracy, "test_loss": loss}

    measured = f"{'evaluated_' if trial.stop.measured == 'evaluated' else ''}train_accuracy"
    while (reason := trial.stop.reason(progress.curves.get(measured, []))) is None:
        began = time.perf_counter()
        order = torch.randperm(len(train_images), generator=generator(trial.seed, "order", progress.epochs))
        draws = None
        if trial.augmentation is not None:
            chance = generator(trial.seed, "augmentation", progress.epochs)
            draws = draw_augmentation(trial.augmentation, len(order), chance).to(device)
        try:
            accuracy, loss = train_epoch(model, optimiser, train_images, train_labels, order.to(device), trial, draws)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise InvalidValue(
                f"{len(train_images)} images in batches of {trial.batch_size} leave a batch of one image, too few for "
                "batch normalisation on images this small; choose another batch_size."
            ) from error
        progress.seconds += time.perf_counter() - began
        epoch = {"train_accuracy": accuracy, "train_loss": loss, "seconds": progress.seconds}
        epoch["test_accuracy"], epoch["test_loss"] = evaluate(model, curve_images, curve_labels, trial.precision)
        # The epoch's own loss does not know what its last step did; the test loss does.
        for loss in (epoch["train_loss"], epoch["test_loss"]):
            if not loss < float("inf"):
                raise TrialFailed(
                    f"The training of {trial!r} diverged in epoch {progress.epochs + 1}: its loss is {loss}. "
                    "A smaller learning rate may help."
                )
        if trial.stop.measured == "evaluated":
            epoch[measured], _ = evaluate(model, train_sample, sample_labels, trial.precision)
        progress.add(**epoch)
        if checkpoint:
            checkpoint.save(lambda: (snapshot_of(model, optimiser), progress))
        after_epoch(progress.epochs, progress.epochs * len(train_images))

    final: dict[str, Any] = {"stopped": reason, "epochs": progress.epochs}
    final["images_seen"] = progress.epochs * len(train_images)
    final["test_accuracy"], final["test_loss"] = evaluate(model, test_images, test_labels, trial.precision)
    final["train_accuracy"], final["train_loss"] = evaluate(model, train_images, train_labels, trial.precision)
    return Outcome(progress, final, snapshot_of(model, optimiser))


def starting_model(trial: Trial, images: ImageSet, parent: Snapshot | None) -> models.Network:
    """The network with the weights that the trial starts from, on the CPU."""
    channels, height, width = images.train_images.shape[1:]

    def fresh(*names: object) -> models.Network:
        seed = generator(trial.seed, *names).initial_seed()
        return models.build(trial.model, classes=len(images.classes), image_shape=(channels, height, width), seed=seed)

    model = fresh("weights")
    if parent is not None:
        model.load_state_dict(
            starts.initial_state(
                trial.start,
                trained=parent.model,
                fresh=model.state_dict(),
                perturbation=fresh("perturbation", trial.depth).state_dict(),
                parameters={name for name, _ in model.named_parameters()},
            )
        )
    return model


def train_epoch(
    model: models.Network,
    optimiser: Optimiser,
    images: Tensor,
    labels: Tensor,
    order: Tensor,
    trial: Trial,
    draws: Draws | None = None,
) -> tuple[float, float]:
    """One pass over ``images`` in ``order``; the accuracy and mean loss over its own batches.

    ``draws`` are by position: the first are for the image that comes first in ``order``.
    """
    model.train()
    labels = labels[order]
    loss_sum = torch.zeros((), device=images.device)
    guesses = []
    for start in range(0, len(order), trial.batch_size):
        positions = slice(start, start + trial.batch_size)
        batch, targets = images.index_select(0, order[positions]), labels[positions]  # 15 times as fast as images[...]
        if draws is not None:
            batch = augmented(batch, draws[positions])
        batch = normalise(batch, model.memory_format)
        with autocast(trial.precision, images.device):
            logits = model(batch)
            loss = functional.cross_entropy(logits, targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss_sum += loss.detach() * len(targets)
        guesses.append(logits.detach().argmax(1))
    correct = (torch.cat(guesses) == labels).sum()
    return correct.item() / len(order), loss_sum.item() / len(order)


@torch.inference_mode()
def evaluate(model: models.Network, images: Tensor, labels: Tensor, precision: str) -> tuple[float, float]:
    """Accuracy and mean cross-entropy over images, in eval mode.

    Args:
        model: maps normalised images to logits.
        images: uint8 [N, 3, H, W].
        labels: int64 [N].
        precision: as :attr:`Trial.precision`.
    """
    model.eval()
    loss_sum = torch.zeros((), device=images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    for batch, targets in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True):
        with autocast(precision, images.device):
            logits = model(normalise(batch, model.memory_format))
            loss_sum += functional.cross_entropy(logits, targets, reduction="sum")
        correct += (logits.argmax(1) == targets).sum()
    return correct.item() / len(images), loss_sum.item() / len(images)


def autocast(precision: str, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """The arithmetic that a trial asks for."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def curve_subset(there: int, wanted: int | None) -> Tensor:
    """Indices of the images, of so many, that are measured by epoch: the same for every trial and seed."""
    if wanted is None or wanted >= there:
        return torch.arange(there)
    return torch.randperm(there, generator=generator(0, "curve"))[:wanted].sort().values


def snapshot_of(model: nn.Module, optimiser: Optimiser) -> Snapshot:
    """The model's and the optimiser's state, copied to the CPU."""
    return Snapshot(_copied(model.state_dict()), _copied(optimiser.state()))


def _copied(state: State) -> State:
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}

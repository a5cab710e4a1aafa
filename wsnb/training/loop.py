"""The training loop: one, and it knows no method by name.

:func:`train` takes a trial from its start to its stop. Data live on the device as uint8; no step of an
epoch waits for the device. All chance comes from the trial's seed, by name, so an epoch can be redone
exactly from the weights and the states that stood before it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from wsnb.callbacks.training_mode import training_mode_accuracy
from wsnb.chance import generator, seed_of
from wsnb.data.augmentation import augmented, centre, draw_augmentation, margins, normalize
from wsnb.data.image_set import ImageSet
from wsnb.errors import InvalidValue
from wsnb.regularizers.pull import Pull
from wsnb.seam import Callback, Given, Parent
from wsnb.sources import is_foreign
from wsnb.training.evaluation import autocast, evaluate
from wsnb.training.optimization import Optimization
from wsnb.trials.trial import CURVES, LATE, Trial, key_of

State = dict[str, Tensor]


@dataclass(frozen=True)
class Snapshot:
    """Where a training ended, as plain tensors on the CPU.

    Attributes:
        model: the network's state.
        optimizer: the optimizer's.
        classes: how many the network tells apart.
        image_shape: (channels, height, width) of what it takes.
    """

    model: State
    optimizer: State
    classes: int
    image_shape: tuple[int, int, int]


@dataclass
class Progress:
    """What has been measured so far, one entry per epoch in each curve.

    ``train_*`` is over the epoch's own batches while the weights move; ``evaluated_train_accuracy``,
    present when the stop asks for it, is in evaluation mode after the epoch. ``seconds``
    counts training steps alone, up to the end of the epoch.

    Attributes:
        initial: before the first step.
        curves: by name.
        steps: how many were done.
        images_seen: how many training images those were.
        seconds: of training steps.
        spent: seconds of all, in all the processes that have worked on it.
    """

    initial: dict[str, float | None] = field(default_factory=dict)
    curves: dict[str, list[float | None]] = field(default_factory=dict)
    steps: int = 0
    images_seen: int = 0
    seconds: float = 0.0
    spent: float = 0.0

    @property
    def epochs(self) -> int:
        """How many epochs are finished; one that the stop has cut counts."""
        return len(self.curves.get("train_loss", ()))


@dataclass(frozen=True)
class Place:
    """All that a training goes on from, between two epochs.

    Attributes:
        states: the network's, the optimizer's, the callbacks' and those of the last epochs, by whose they are.
        progress: what has been measured.
    """

    states: dict[str, State]
    progress: Progress


class Checkpoint(Protocol):
    """Where :func:`train` keeps its place, so that a killed run goes on."""

    def load(self) -> Place | None:
        """The last place kept, or None."""

    def save(self, make: Callable[[], Place]) -> None:
        """Keep this place, if it is time to."""


@dataclass(frozen=True)
class Outcome:
    """A finished training.

    Attributes:
        progress: its measurements by epoch.
        final: those at its end; under ``"failed"`` a sentence when it diverged, and then nothing that was evaluated.
        snapshot: where it ended; None when it diverged.
    """

    progress: Progress
    final: dict[str, Any]
    snapshot: Snapshot | None


def train(
    trial: Trial,
    images: ImageSet,
    *,
    parent: Snapshot | None = None,
    old: int = 0,
    device: torch.device | str = "cpu",
    checkpoint: Checkpoint | None = None,
    after_epoch: Callable[[int, int], None] = lambda epoch, images_seen: None,
) -> Outcome:
    """Train from the trial's start to its stop.

    Args:
        trial: what to train.
        images: the trial's own part of the data (:func:`wsnb.data.image_set.take`).
        parent: where the trial's parent ended; None when it has none.
        old: how many of the training images, the first ones, the parent was trained on.
        device: where to train.
        checkpoint: where to go on from, and to keep the place in.
        after_epoch: called with the number of finished epochs and of images seen in all; what it
            raises ends the training (the place has been kept by then).

    Raises:
        InvalidValue: when the parent's weights do not fit, a batch is too small to be normalised, a
            crop of the augmentation could miss the image, or a method does not fit the model.
    """
    if trial.parent is not None and parent is None:
        raise InvalidValue(f"{trial!r} takes something from its parent, and no parent was given.")
    began = time.perf_counter()
    training = UnderWay(trial, images, parent, old, torch.device(device))
    kept = checkpoint.load() if checkpoint else None
    spent = kept.progress.spent if kept else 0.0
    finished, when = 0, ""
    try:
        if kept:
            training.go_on(kept)
        else:
            training.begin()
        progress = training.progress

        def place() -> Place:
            progress.spent = spent + time.perf_counter() - began
            return training.place()

        finished = training.epoch
        while (reason := trial.stop.reason(training.train_accuracies(), progress.steps)) is None:
            training.epoch_of_training()
            finished = training.epoch
            if checkpoint:
                checkpoint.save(place)
            after_epoch(progress.epochs, progress.images_seen)
        when = "at its end"
        final, snapshot = training.final() | {"stopped": reason}, training.snapshot()
    except Diverged as error:
        progress = training.progress
        progress.curves = {name: curve[:finished] for name, curve in progress.curves.items() if finished}
        failed = f"the training diverged {when or f'in epoch {finished + 1}'}: {error}"
        final, snapshot = {"stopped": "diverged", "failed": failed}, None
    progress.spent = spent + time.perf_counter() - began
    return Outcome(progress, training.counts() | final, snapshot)


def _of_its_own(images: ImageSet) -> ImageSet:
    """The same images in memory of their own."""
    names = ("train_images", "train_labels", "test_images", "test_labels")
    return dataclasses.replace(images, **{name: getattr(images, name).clone() for name in names})


class Diverged(Exception):
    """Something that was measured is no longer finite."""


class UnderWay:
    """A training under way: what :class:`wsnb.seam.Training` says, and how it moves on."""

    def __init__(self, trial: Trial, images: ImageSet, parent: Snapshot | None, old: int, device: torch.device) -> None:
        self.trial, self.old, self.device = trial, old, device
        self._fresh_networks = 0
        if any(is_foreign(type(each)) for each in (trial.start, *trial.callbacks)):
            images = _of_its_own(images)  # what their code does to them, no other trial of this process sees
        self._whole_images = images.train_images  # of which steps take their crops; all else sees the centres
        middle = {name: centre(getattr(images, name), trial.augmentation) for name in ("train_images", "test_images")}
        images = dataclasses.replace(images, **middle)
        self.classes, self.image_shape = len(images.classes), tuple(images.train_images.shape[1:])
        self.normalize = functools.partial(normalize, mean=images.mean, std=images.std)
        before = None if parent is None else Parent(_parent_of(trial), _network(_parent_of(trial), parent))
        given = Given(
            trial=trial,
            parent=before,
            fresh=self._fresh,
            first=self._first,
            images=images.train_images,
            labels=images.train_labels,
            normalize=self.normalize,
            chance=lambda name: generator(trial.seed, "start", trial.start.kind, trial.depth, name),
        )
        # A start may have the network see images, and its layers may draw.
        with _chance_of_layers(seed_of(trial.seed, "start", trial.start.kind, trial.depth), torch.device("cpu")):
            model = trial.start.begin(given)
        layout = getattr(model, "memory_format", torch.contiguous_format)
        self.normalize = functools.partial(normalize, mean=images.mean, std=images.std, memory_format=layout)
        self.model = model.to(device, memory_format=layout)
        self.optimizer = Optimization(trial.optimizer, self.model, trial.model.head)
        if trial.optimizer_state == "kept" and parent is not None:
            self.optimizer.load(parent.optimizer)
        self.pull: Pull | None = None
        if trial.regularizer:
            source = self.model if before is None else before.model.to(device, memory_format=layout)
            arithmetic = functools.partial(autocast, trial.precision, device)
            head, l2 = trial.model.head, trial.optimizer.l2
            self.pull = Pull(
                trial.regularizer, self.model, source, trial.direction, head, l2, self._examples(images), arithmetic
            )

        self.images, self.labels = images.train_images.to(device), images.train_labels.to(device)
        is_cropped = self._whole_images is not images.train_images
        self._whole_images = self._whole_images.to(device) if is_cropped else self.images
        self.test_images, self.test_labels = images.test_images.to(device), images.test_labels.to(device)
        chosen = sample(len(self.test_images), trial.curve_images, "test").to(device)
        self.curve_images, self.curve_labels = self.test_images[chosen], self.test_labels[chosen]
        # At random, not the first: parts are nested, and a warm start knows the first from its parent.
        chosen = sample(len(self.images), trial.stop.images, "train").to(device)
        self.sample_images, self.sample_labels = self.images[chosen], self.labels[chosen]

        whole, left = divmod(len(self.images), trial.batch_size)
        self.steps_by_epoch = whole + (left > 0 and trial.last_batch == "kept")
        if not self.steps_by_epoch:
            raise InvalidValue(
                f"Trial.last_batch is 'dropped', and {len(self.images)} images make no batch of {trial.batch_size}; "
                "choose a smaller batch_size."
            )
        self.most_steps = trial.stop.most_steps(self.steps_by_epoch)
        self.progress, self.epoch = Progress(), 0
        for callback in trial.callbacks:
            if callback.measures and type(callback).evaluated is not Callback.evaluated:
                raise InvalidValue(
                    f"{callback!r} says that it only measures, and gives other weights to evaluate; leave out "
                    "`measures`, so that it stands in the trial's key."
                )
        self.states: list[State] = [{} for _ in trial.callbacks]
        self.late: deque[State] = deque(maxlen=LATE)
        self._part = key_of(trial.data.canonical())

    def _examples(self, images: ImageSet) -> tuple[Tensor, Tensor] | None:
        """Training images for those regularizers that look at some first, drawn by chance of their own."""
        wanted = max(each.examples for each in self.trial.regularizer)
        if not wanted:
            return None
        chance = generator(self.trial.seed, "examples", self.trial.depth)
        chosen = torch.randperm(len(images.train_images), generator=chance)[:wanted]
        return self.normalize(images.train_images[chosen].to(self.device)), images.train_labels[chosen].to(self.device)

    # What callbacks see ---------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """How many steps are done."""
        return self.progress.steps

    def chance(self, callback: Callback, *names: str | int) -> torch.Generator:
        """A generator of the callback's own."""
        return generator(self.trial.seed, "callback", callback.kind, self.trial.depth, "drawn", *names)

    def fresh(self, callback: Callback, *names: str | int) -> nn.Module:
        """A newly initialised network, drawn by the callback's own chance, on the device."""
        seed = seed_of(self.trial.seed, "callback", callback.kind, self.trial.depth, "network", *names)
        return build(self.trial, self.image_shape, self.classes, seed).to(self.device)

    def add(self, name: str, value: float) -> None:
        """Add this epoch's point to a curve; one that is not finite is a gap in it."""
        if name in CURVES:
            raise InvalidValue(f"The curve {name!r} is the loop's own; a callback gives its own another name.")
        self._add(name, value)

    def _add(self, name: str, value: float) -> None:
        value = float(value)
        self.progress.curves.setdefault(name, []).append(value if math.isfinite(value) else None)

    # Beginning ------------------------------------------------------------------------------------

    def _fresh(self) -> nn.Module:
        self._fresh_networks += 1
        return self._drawn(self.trial, self._fresh_networks)

    def _first(self) -> nn.Module:
        root, *_ = (*self.trial.ancestors(), self.trial)
        return self._drawn(root, 1)

    def _drawn(self, by: Trial, number: int) -> nn.Module:
        """The network of this trial's shape that another, or this one, draws as its first, second ..."""
        seed = seed_of(by.seed, "weights", by.depth, number)
        return build(self.trial, self.image_shape, self.classes, seed)

    def begin(self) -> None:
        """Before the first step."""
        self._call("attach")
        self._call("begin")
        with self.evaluated():
            accuracy, loss = self._evaluate(self.curve_images, self.curve_labels)
        self.progress.initial = {"test_accuracy": accuracy, "test_loss": loss if math.isfinite(loss) else None}

    def go_on(self, place: Place) -> None:
        """From a place that was kept."""
        states = place.states
        self.model.load_state_dict(states.get("model", {}))
        self.optimizer.load(states.get("optimizer", {}))
        self.states = [  # by kind: those that only measure may stand elsewhere now
            {name: tensor.to(self.device) for name, tensor in states.get(f"callback-{callback.kind}", {}).items()}
            for callback in self.trial.callbacks
        ]
        for number in range(LATE):
            if late := states.get(f"late-{number}"):
                self.late.append({name: tensor.to(self.device) for name, tensor in late.items()})
        self.progress, self.epoch = place.progress, place.progress.epochs
        if self.pull:
            self.pull.step = self.progress.steps
        self._call("attach")

    def place(self) -> Place:
        """All that it goes on from."""
        states = {"model": on_cpu(self.model.state_dict()), "optimizer": on_cpu(self.optimizer.state())}
        for callback, state in zip(self.trial.callbacks, self.states, strict=True):
            states[f"callback-{callback.kind}"] = on_cpu(state)
        states |= {f"late-{number}": on_cpu(state) for number, state in enumerate(self.late)}
        return Place(states, self.progress)

    # An epoch -------------------------------------------------------------------------------------

    def train_accuracies(self) -> list[float]:
        """Those that the stop goes by."""
        name = "train_accuracy" if self.trial.stop.measured == "running" else "evaluated_train_accuracy"
        return self.progress.curves.get(name, [])

    def epoch_of_training(self) -> None:
        """One epoch and what is measured after it.

        Raises:
            Diverged: when something is no longer finite.
        """
        if self.step >= self.most_steps:
            raise InvalidValue(
                f"{self.trial.stop!r} allows {self.most_steps} steps and gives no reason to stop at them; have its "
                "`reason` give one there."
            )
        self.optimizer.scale = 1.0
        self._call("before_epoch")
        began = time.perf_counter()
        accuracy, train_loss = self.train_epoch()
        self.progress.seconds += time.perf_counter() - began
        self.epoch += 1
        self._call("after_epoch")
        with self.evaluated():
            test_accuracy, test_loss = self._evaluate(self.curve_images, self.curve_labels)
            _check_finite({"train loss": train_loss})
            for name, tensor in self.model.state_dict().items():  # the loss does not know what the last step did
                if not torch.isfinite(tensor).all():
                    raise Diverged(f"{name} is no longer finite")
            measured = (accuracy, train_loss, test_accuracy, test_loss, self.progress.seconds)
            names = ("train_accuracy", "train_loss", "test_accuracy", "test_loss", "seconds")
            for name, value in zip(names, measured, strict=True):
                self._add(name, value)
            if self.trial.stop.measured != "running":
                self._add("evaluated_train_accuracy", self._train_accuracy())
            self.late.append(self._copy())
            self._call("after_evaluation")
        for name, curve in self.progress.curves.items():
            if name not in CURVES and len(curve) != self.epoch:
                raise InvalidValue(
                    f"The curve {name!r} has {len(curve)} points after {self.epoch} epochs; allowed: one an epoch."
                )

    def train_epoch(self) -> tuple[float, float]:
        """One pass over the images, or what the stop leaves of it; accuracy and mean loss over its own batches."""
        trial, size = self.trial, self.trial.batch_size
        names = (self._part, trial.repeats, self.epoch)
        count = len(self.images)
        order = torch.randperm(count, generator=generator(trial.seed, "order", *names))
        steps = min(self.steps_by_epoch, self.most_steps - self.step)
        order = order[: steps * size].to(self.device)
        draws = None
        if trial.augmentation is not None:
            chance = generator(trial.seed, "augmentation", *names)
            beside = margins(trial.augmentation, *self._whole_images.shape[2:])
            draws = draw_augmentation(trial.augmentation, count, chance, beside).to(self.device)
        model, optimizer, normalize = self.model, self.optimizer, self.normalize
        labels = self.labels[order]
        loss_sum = torch.zeros((), device=self.device)
        guesses = []
        if self.pull:
            self.pull.epoch = self.epoch
        model.train()
        with _chance_of_layers(seed_of(trial.seed, "layers", *names), self.device):
            for start in range(0, len(order), size):
                positions = slice(start, start + size)
                batch, targets = self._whole_images.index_select(0, order[positions]), labels[positions]
                if draws is not None:
                    batch = augmented(batch, draws[positions])
                batch = normalize(batch)
                with autocast(trial.precision, self.device):
                    logits = self._forward(batch)
                    loss = functional.cross_entropy(logits, targets)
                optimizer.zero_grad()
                if self.pull:
                    self.pull.backward(loss, batch, targets)
                else:
                    loss.backward()
                optimizer.step()
                self.progress.steps += 1
                loss_sum += loss.detach() * len(targets)
                guesses.append(logits.detach().argmax(1))
                if trial.callbacks:
                    self._call("after_step")
        self.progress.images_seen += len(order)
        correct = (torch.cat(guesses) == labels).sum()
        return correct.item() / len(order), loss_sum.item() / len(order)

    def _forward(self, batch: Tensor) -> Tensor:
        try:
            return self.model(batch)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise InvalidValue(
                f"{len(self.images)} images in batches of {self.trial.batch_size} leave a batch of one image, too few "
                "for batch normalisation on images this small; choose another batch_size, or last_batch='dropped'."
            ) from error

    # Evaluation -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def evaluated(self) -> Iterator[None]:
        """While it lasts, the weights that are evaluated are in place, where they are others than those trained."""
        offered = [
            state
            for callback, own in zip(self.trial.callbacks, self.states, strict=True)
            if (state := callback.evaluated(self, own)) is not None
        ]
        if not offered:
            yield
            return
        trained = self._copy()
        self.model.load_state_dict(offered[-1])
        try:
            yield
        finally:
            self.model.load_state_dict(trained)

    def _copy(self) -> State:
        """The network's state as it is now."""
        return {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def _evaluate(self, images: Tensor, labels: Tensor) -> tuple[float, float]:
        return evaluate(self.model, images, labels, self.trial.precision, self.normalize)

    def _train_accuracy(self) -> float:
        """That which the stop asks for, after an epoch."""
        if self.trial.stop.measured == "evaluated":
            return self._evaluate(self.sample_images, self.sample_labels)[0]
        size = self.trial.batch_size
        return training_mode_accuracy(self.model, self.sample_images, self.sample_labels, size, self.normalize)

    def _call(self, moment: str) -> list[Any]:
        """Have each callback do what it does at this moment; those that only measure leave no trace in chance."""
        given = []
        for callback, state in zip(self.trial.callbacks, self.states, strict=True):
            if getattr(type(callback), moment) is getattr(Callback, moment):
                continue
            seed = seed_of(self.trial.seed, "callback", callback.kind, self.trial.depth, "layers", moment, self.step)
            is_watched = callback.measures and is_foreign(type(callback)) and self._is_worth_watching(moment)
            before = self._all_there_is() if is_watched else {}
            with _chance_of_layers(seed, self.device):
                given.append(getattr(callback, moment)(self, state))
            now = self._all_there_is() if is_watched else {}
            for name, tensor in before.items():
                if not torch.allclose(now[name].double(), tensor.double(), rtol=0, atol=0, equal_nan=True):
                    raise InvalidValue(
                        f"{callback!r} says that it only measures, and it has changed {name}; leave out `measures`, so "
                        "that it stands in the trial's key, or leave the network and its optimizer as they were."
                    )
            for name, kept in state.items():
                if not isinstance(kept, Tensor):
                    raise InvalidValue(
                        f"The state of {callback!r} holds {name}={kept!r}, a {type(kept).__name__}; allowed: tensors."
                    )
        return given

    def _is_worth_watching(self, moment: str) -> bool:
        """Every moment but those within an epoch, of which the first: a look at everything is dear beside a step."""
        return moment != "after_step" or self.step % self.steps_by_epoch == 1 or self.steps_by_epoch == 1

    def _all_there_is(self) -> State:
        """Copies of all that what only measures has to leave as it is; of images, how often they were written to."""
        images = ("images", "labels", "test_images", "test_labels", "curve_images", "curve_labels")
        counts = {f"the {name.replace('_', ' ')}": torch.tensor(getattr(self, name)._version) for name in images}
        modes = {"which layers are in training mode": torch.tensor([each.training for each in self.model.modules()])}
        optimizer = {f"the optimizer's {name}": tensor.clone() for name, tensor in self.optimizer.state().items()}
        rates = [self.optimizer.scale, *(group.learning_rate for group in self.optimizer.groups)]
        rate = {"the learning rate": torch.tensor(rates, dtype=torch.float64)}
        return self._copy() | optimizer | rate | counts | modes

    # The end --------------------------------------------------------------------------------------

    def counts(self) -> dict[str, Any]:
        """How much was done."""
        return {"epochs": self.progress.epochs, "steps": self.step, "images_seen": self.progress.images_seen}

    def final(self) -> dict[str, Any]:
        """What is measured over all images at the end, and over the last epochs."""
        found: dict[str, Any] = {}
        with self.evaluated():
            found["test_accuracy"], found["test_loss"] = self._evaluate(self.test_images, self.test_labels)
            found["train_accuracy"], found["train_loss"] = self._evaluate(self.images, self.labels)
            _check_finite({name.replace("_", " "): value for name, value in found.items()})
            for measured in self._call("final"):
                if taken := found.keys() & measured.keys():
                    raise InvalidValue(f"{taken.pop()!r} is measured already; a callback gives its own another name.")
                found |= {name: value if math.isfinite(value) else None for name, value in measured.items()}
            now = self._copy()
            accuracies = [found["test_accuracy"]]
            for state in list(self.late)[:-1]:  # the last is that of the end
                self.model.load_state_dict(state)
                accuracies.append(self._evaluate(self.test_images, self.test_labels)[0])
            self.model.load_state_dict(now)
        found["late_test_accuracy"] = sum(accuracies) / len(accuracies)
        return found

    def snapshot(self) -> Snapshot:
        """Where it ended: with the weights that are evaluated."""
        with self.evaluated():
            state = on_cpu(self.model.state_dict())
        return Snapshot(state, on_cpu(self.optimizer.state()), self.classes, self.image_shape)


def build(trial: Trial, image_shape: tuple[int, int, int], classes: int, seed: int) -> nn.Module:
    """A newly initialised network of the trial's model, on the CPU; global chance is left as it was."""
    with _chance_of_layers(seed, torch.device("cpu")):
        return trial.model.build(image_shape, classes)


def _check_finite(measured: Mapping[str, float]) -> None:
    for name, value in measured.items():
        if not math.isfinite(value):
            raise Diverged(f"{name} is {value}")


@contextlib.contextmanager
def _chance_of_layers(seed: int, device: torch.device) -> Iterator[None]:
    """PyTorch's global chance, which layers draw from, with this seed while it lasts; then as it was."""
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        if gpus:
            torch.cuda.manual_seed(seed)
        yield


def _parent_of(trial: Trial) -> Trial:
    assert trial.parent is not None
    return trial.parent


def _network(trial: Trial, snapshot: Snapshot) -> nn.Module:
    model = build(trial, snapshot.image_shape, snapshot.classes, 0)
    model.load_state_dict(snapshot.model)
    return model


def sample(there: int, wanted: int | None, of: str) -> Tensor:
    """Indices of the images, of so many, that are measured by epoch: the same for every trial and seed."""
    if wanted is None or wanted >= there:
        return torch.arange(there)
    return torch.randperm(there, generator=generator(0, "sample", of))[:wanted].sort().values


def on_cpu(state: Mapping[str, Tensor]) -> State:
    """A copy of a state on the CPU, in the plain layout."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}

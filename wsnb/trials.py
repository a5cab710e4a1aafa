"""A trial: everything that decides the outcome of one training run, as one immutable value.

A :class:`Trial` says where the weights start, which data is seen, how the weights are moved and when
training stops. It trains nothing and imports nothing that trains. Two trials that are equal have the
same :attr:`~Trial.key`, on every machine, and the key is the name of the record that answers them.

>>> half = Trial(Part("cifar10", 0.5), ResNet18(), SGD(1e-3), Epochs(350), seed=0)
>>> warm = half.then(data=Part("cifar10"))
>>> scratch = half.replace(data=Part("cifar10"))
>>> remedy = half.then(data=Part("cifar10"), start=ShrinkPerturb(0.4, 0.01))
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
from dataclasses import dataclass
from statistics import pstdev
from types import UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from wsnb import catalogue
from wsnb.errors import InvalidValue, near_miss

RECIPE = 1
"""Version of the training recipe. Raise it by hand whenever a change to the code alters results."""


def setting(
    default: Any = dataclasses.MISSING,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    added: bool = False,
) -> Any:
    """A dataclass field whose numbers must lie in a range.

    ``added=True`` marks a field that came after records had been made: it enters the canonical form
    only when it differs from its default, so that the keys of those records stay what they were.
    """
    limits = {"minimum": minimum, "above": above, "maximum": maximum, "added": added}
    return dataclasses.field(default=default, metadata=limits)


class Value:
    """Base of the values that a trial is made of: frozen, checked, with a canonical JSON form."""

    kind: ClassVar[str]

    def __init_subclass__(cls, kind: str = "") -> None:
        cls.kind = kind

    def __post_init__(self) -> None:
        hints = _hints(type(self))
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            given = getattr(self, field.name)
            checked = _checked(f"{type(self).__name__}.{field.name}", given, hints[field.name], field.metadata)
            if checked is not given:
                object.__setattr__(self, field.name, checked)

    def canonical(self) -> dict[str, Any]:
        """The JSON object that stands for this value in keys and records; a parent stands in it by its key."""
        form: dict[str, Any] = {"kind": self.kind} if self.kind else {}
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            given = getattr(self, field.name)
            if field.metadata.get("added") and given == field.default:
                continue
            if isinstance(given, Trial):
                given = given.key
            elif isinstance(given, Value):
                given = given.canonical()
            elif isinstance(given, tuple):
                given = list(given)
            form[field.name] = given
        return form

    def __repr__(self) -> str:
        shown = []
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            given = getattr(self, field.name)
            if (type(given), given) != (type(field.default), field.default):
                shown.append(f"{field.name}=" + (f"<{given.key}>" if isinstance(given, Trial) else repr(given)))
        return f"{type(self).__name__}({', '.join(shown)})"


_hints = functools.cache(get_type_hints)

_IN_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "null"}


def _checked(name: str, given: Any, hint: Any, limits: Any) -> Any:
    """``given`` in the type that ``hint`` asks for, or an :class:`InvalidValue` that says what is allowed."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for option in options:
        if get_origin(option) is tuple and isinstance(given, (tuple, list)):
            return tuple(_checked(name, item, get_args(option)[0], limits) for item in given)
        if get_origin(option) is Literal and given in get_args(option):
            return given
        if option is float and int not in options and type(given) is int and abs(given) < 2**1023:
            given = float(given)
        if isinstance(option, type) and isinstance(given, option) and (type(given) is not bool or option is bool):
            return _in_range(name, given, limits) if isinstance(given, (int, float)) else given
    allowed = [
        ", ".join(map(repr, get_args(option)))
        if get_origin(option) is Literal
        else f"a list, each item {_IN_WORDS[get_args(option)[0]]}"
        if get_origin(option) is tuple
        else _IN_WORDS.get(option, option.__name__)
        for option in options
    ]
    choices = [str(choice) for option in options if get_origin(option) is Literal for choice in get_args(option)]
    miss = near_miss(given, choices) if isinstance(given, str) else ""
    raise InvalidValue(f"{name} is {given!r}, a {type(given).__name__}; allowed: {' or '.join(allowed)}.{miss}")


def _in_range(name: str, given: Any, limits: Any) -> Any:
    low, above, high = limits.get("minimum"), limits.get("above"), limits.get("maximum")
    inside = (low is None or given >= low) and (above is None or given > above) and (high is None or given <= high)
    if inside and isinstance(given, float) and math.isfinite(given):
        return float(given) + 0.0  # a plain float, and no minus zero: equal numbers are written alike in keys
    if inside and isinstance(given, int):
        return given
    bounds = [
        f"{word} {bound}"
        for word, bound in (("at least", low), ("more than", above), ("at most", high))
        if bound is not None
    ]
    bounds += ["finite"] if inside else []
    kind = "a number" if isinstance(given, float) else "a whole number"
    raise InvalidValue(f"{name} is {given!r}; allowed: {kind}, {' and '.join(bounds)}.")


# Which data is seen -------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Part(Value, kind="part"):
    """A part of the training set of ``dataset``, drawn by the trial's seed.

    The training images (of ``classes``, when given) are put in a random order that the seed decides,
    and the first ``amount`` of them are taken: so parts are nested, the half lies inside the whole.

    Args:
        dataset: a name of :mod:`wsnb.catalogue`, or ``images:PATH``.
        amount: a fraction in (0, 1] when a float, a number of images when an int.
        classes: indices of the classes to keep, of test images too; they are renumbered from 0.
        resize: side in pixels to which an ``images:PATH`` set is resized; None takes it as it is.
    """

    dataset: str
    amount: int | float = setting(1.0, above=0)
    classes: tuple[int, ...] | None = setting(None, minimum=0)
    resize: int | None = setting(None, minimum=8, maximum=1024)

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.amount, float) and self.amount > 1:
            raise InvalidValue(
                f"Part.amount is {self.amount!r}; allowed: a fraction in (0, 1], "
                f"or a whole number of images such as {int(self.amount)}."
            )
        if self.classes is not None and (len(self.classes) < 2 or len(set(self.classes)) < len(self.classes)):
            raise InvalidValue(f"Part.classes is {self.classes!r}; allowed: two or more different class indices.")
        catalogue.check_name(self.dataset)

    def __eq__(self, other: object) -> bool:
        """One image, 1, is not all of them, 1.0."""
        if not isinstance(other, Part):
            return NotImplemented
        return (type(self.amount), *dataclasses.astuple(self)) == (type(other.amount), *dataclasses.astuple(other))

    def canonical(self) -> dict[str, Any]:
        """As :meth:`Value.canonical`, with the fingerprint; a path on some machine is no part of it."""
        form = super().canonical()
        form["dataset"] = self.dataset.partition(":")[0]
        form["fingerprint"] = catalogue.fingerprint(self.dataset)
        return form


@dataclass(frozen=True, repr=False)
class Augment(Value, kind="augment"):
    """How training images are changed at random each time they are seen; zeros leave them as they are.

    The steps are done in the order below, each image with numbers of its own that the trial's seed draws
    (:func:`wsnb.transforms.augmented`). The defaults are those of the replication's Figure 9.

    Args:
        crop_padding: rows and columns of zeros put around an image, before a crop of its own size is
            taken from a place that is uniform among all.
        flip: probability that left and right are exchanged.
        brightness: the factor that multiplies all pixels is uniform in [max(0, 1 - b), 1 + b].
        contrast: likewise the factor for an image's difference from its mean grey.
        saturation: likewise the factor for a pixel's difference from its own grey. These three are done
            in an order that is uniform among all.
        rotation: the angle is uniform in [-r, r], in degrees; each pixel takes the nearest one of the
            image, or zero outside it.
    """

    crop_padding: int = setting(4, minimum=0)
    flip: float = setting(0.5, minimum=0, maximum=1)
    brightness: float = setting(0.25, minimum=0, maximum=10)
    contrast: float = setting(0.25, minimum=0, maximum=10)
    saturation: float = setting(0.25, minimum=0, maximum=10)
    rotation: float = setting(2.0, minimum=0, maximum=180)


# What is trained ----------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class ResNet18(Value, kind="resnet18"):
    """ResNet-18 with a 3x3 stride-1 stem for small images and the 3x3 stride-2 max-pool kept.

    ``width`` is the number of channels of the first stage (64 in the paper), doubled at each of the
    three that follow.
    """

    width: int = setting(64, minimum=1, maximum=1024)


@dataclass(frozen=True, repr=False)
class ResNet20(Value, kind="resnet20"):
    """The CIFAR ResNet-20 of He et al. (2016): three stages of three blocks; ``width`` 16 in the paper."""

    width: int = setting(16, minimum=1, maximum=1024)


@dataclass(frozen=True, repr=False)
class MLP(Value, kind="mlp"):
    """A multi-layer perceptron on the flattened image; three hidden layers of 100 units in the paper."""

    hidden: tuple[int, ...] = setting((100, 100, 100), minimum=1)
    activation: Literal["tanh", "relu"] = "tanh"
    bias: bool = True


@dataclass(frozen=True, repr=False)
class Logistic(Value, kind="logistic"):
    """Multinomial logistic regression on the flattened image."""


# How the weights are moved ------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class SGD(Value, kind="sgd"):
    """Stochastic gradient descent, with heavy-ball ``momentum`` and L2 ``weight_decay``, as in PyTorch."""

    learning_rate: float = setting(1e-3, above=0)
    momentum: float = setting(0.0, minimum=0, maximum=0.9999)
    weight_decay: float = setting(0.0, minimum=0)


@dataclass(frozen=True, repr=False)
class Adam(Value, kind="adam"):
    """Adam (Kingma and Ba 2015) with PyTorch's defaults and L2 ``weight_decay``."""

    learning_rate: float = setting(1e-3, above=0)
    beta1: float = setting(0.9, minimum=0, maximum=0.9999)
    beta2: float = setting(0.999, minimum=0, maximum=0.999999)
    weight_decay: float = setting(0.0, minimum=0)


# When training stops ------------------------------------------------------------------------------

Measured = Literal["evaluated", "running"]


@dataclass(frozen=True, repr=False)
class Epochs(Value, kind="epochs"):
    """Stop after a fixed number of epochs (the replication's Figures 1, 3, 5, 8 to 11)."""

    at_most: int = setting(minimum=1)
    measured: ClassVar[Measured] = "running"

    def reason(self, train_accuracies: list[float]) -> str | None:
        """Why training stops after these epochs' train accuracies, or None to go on."""
        return "all epochs done" if len(train_accuracies) >= self.at_most else None


@dataclass(frozen=True, repr=False)
class TrainAccuracy(Value, kind="train_accuracy"):
    """Stop when the train accuracy reaches ``target`` (Figure 2: evaluated; Figures 4 and 6: running).

    ``measured="evaluated"`` takes the accuracy on the training part after the epoch, in eval mode (on
    ``Trial.curve_images`` of it); ``"running"`` that of the epoch's own batches while the weights move.
    """

    target: float = setting(0.99, above=0, maximum=1)
    at_most: int = setting(350, minimum=1)
    measured: Measured = "evaluated"

    def reason(self, train_accuracies: list[float]) -> str | None:
        """Why training stops after these epochs' train accuracies, or None to go on."""
        if train_accuracies and train_accuracies[-1] >= self.target:
            return f"train accuracy reached {self.target:g}"
        return "epoch limit" if len(train_accuracies) >= self.at_most else None


@dataclass(frozen=True, repr=False)
class StopsImproving(TrainAccuracy, kind="stops_improving"):
    """Stop at ``target``, or when the last ``window`` train accuracies hardly differ (Table 1).

    "Hardly differ" is the replication's rule: their standard deviation is under ``spread``.
    """

    window: int = setting(3, minimum=2)
    spread: float = setting(0.002, minimum=0)

    def reason(self, train_accuracies: list[float]) -> str | None:
        """Why training stops after these epochs' train accuracies, or None to go on."""
        reason, recent = super().reason(train_accuracies), train_accuracies[-self.window :]
        if reason is None and len(recent) == self.window and pstdev(recent) < self.spread:
            return "train accuracy stopped improving"
        return reason


# Where the weights start --------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class RandomInit(Value, kind="random_init"):
    """A fresh initialisation that the seed draws."""

    needs_parent: ClassVar[bool] = False


@dataclass(frozen=True, repr=False)
class WarmStart(Value, kind="warm_start"):
    """The parent's final weights, as they are. A classifier of another size starts fresh."""

    needs_parent: ClassVar[bool] = True


@dataclass(frozen=True, repr=False)
class ShrinkPerturb(Value, kind="shrink_perturb"):
    """The parent's weights, shrunk and perturbed: see :func:`wsnb.starts.shrink_perturb`.

    Args:
        scale: the paper's lambda, by which the parent's weights are multiplied.
        noise: the paper's sigma, by which a fresh initialisation is multiplied before it is added.
        scope: ``"all"`` parameters, or ``"weights"`` alone (those of two or more dimensions: biases
            and the affine parameters of normalisation layers are then the parent's).
        buffers: running statistics ``"kept"`` from the parent, or ``"reset"`` to a fresh model's.
    """

    scale: float = setting(0.4, minimum=0, maximum=1)
    noise: float = setting(1e-4, minimum=0)
    scope: Literal["all", "weights"] = "all"
    buffers: Literal["kept", "reset"] = "kept"
    needs_parent: ClassVar[bool] = True


# The trial ----------------------------------------------------------------------------------------

Model = ResNet18 | ResNet20 | MLP | Logistic
Optimiser = SGD | Adam
Stop = Epochs | TrainAccuracy | StopsImproving
Start = RandomInit | WarmStart | ShrinkPerturb


@dataclass(frozen=True, repr=False)
class Trial(Value):
    """One training run.

    Args:
        data: the part of the training set that is seen.
        model: the architecture.
        optimiser: the rule that moves the weights.
        stop: when training ends.
        seed: draws all that chance decides: which images are in the part, their order and augmentation
            in each epoch, the initial weights. Trials that differ in their start alone share all but that.
        start: where the weights come from.
        parent: the trial whose final weights the start takes; None for a random initialisation.
        batch_size: images per step; the last, smaller batch of an epoch is used too.
        optimiser_state: ``"fresh"``, or ``"kept"`` to go on with the parent's momenta.
        precision: arithmetic of the forward and backward pass.
        curve_images: how many images each evaluation by epoch is measured on: a fixed sample of the test
            set, the same for all trials, and where the stop asks for it one of the training part. None
            takes all. Final accuracies always take all.
        augmentation: how the images of each step are changed; None takes them as they are. Those that
            accuracies are evaluated on are never changed.
    """

    data: Part
    model: Model
    optimiser: Optimiser
    stop: Stop
    seed: int = setting(0, minimum=0, maximum=2**32 - 1)
    start: Start = RandomInit()
    parent: Trial | None = None
    batch_size: int = setting(128, minimum=1)
    optimiser_state: Literal["fresh", "kept"] = "fresh"
    precision: Literal["fp32", "bf16"] = "fp32"
    curve_images: int | None = setting(None, minimum=1)
    augmentation: Augment | None = setting(None, added=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start.needs_parent and self.parent is None:
            raise InvalidValue(f"Trial.start is {self.start!r} and there is no parent; make it with parent.then(...).")
        if not self.start.needs_parent and self.parent is not None:
            raise InvalidValue("Trial.start is RandomInit() and there is a parent; use parent.replace(...) instead.")
        if self.optimiser_state == "kept":
            if self.parent is None:
                raise InvalidValue("Trial.optimiser_state is 'kept' and there is no parent; use 'fresh'.")
            if (self.parent.optimiser.kind, self.parent.model) != (self.optimiser.kind, self.model):
                raise InvalidValue("Trial.optimiser_state is 'kept': the parent must have this model and optimiser.")

    def __hash__(self) -> int:
        """Made once, from the parent's: a chain of steps would hash all before it each time it is looked up."""
        if "_hash" not in self.__dict__:
            for ancestor in self.ancestors():  # the first first, so that none has to go back further than one
                hash(ancestor)
            values = tuple(getattr(self, field.name) for field in dataclasses.fields(self))
            object.__setattr__(self, "_hash", hash(values))
        return self.__dict__["_hash"]

    def __getstate__(self) -> dict[str, Any]:
        """Without the hash: another process hashes texts in another way."""
        return {name: value for name, value in self.__dict__.items() if name != "_hash"}

    def then(self, **changes: Any) -> Trial:
        """A trial that starts from this one's final weights: a warm start unless ``start`` says otherwise."""
        inherited = {"start": WarmStart(), "optimiser_state": "fresh"} | changes
        return dataclasses.replace(self, parent=self, **inherited)

    def replace(self, **changes: Any) -> Trial:
        """This trial with some of its fields changed."""
        return dataclasses.replace(self, **changes)

    @functools.cached_property
    def depth(self) -> int:
        """How many trials stand before this one."""
        return len(self.ancestors())

    def ancestors(self) -> list[Trial]:
        """The trials before this one, the first first."""
        found: list[Trial] = []
        trial = self.parent
        while trial is not None:
            found.append(trial)
            trial = trial.parent
        return found[::-1]

    def canonical(self) -> dict[str, Any]:
        """As :meth:`Value.canonical`, with the version of the recipe: the JSON object whose hash is the key."""
        return super().canonical() | {"recipe": RECIPE}

    @functools.cached_property
    def key(self) -> str:
        """Sixteen hexadecimal digits that name this trial: equal trials, equal keys."""
        for ancestor in self.ancestors():  # the first first: a long chain is not gone down by recursion
            _ = ancestor.key
        return key_of(self.canonical())


def key_of(canonical: dict[str, Any]) -> str:
    """The key of a trial in its canonical form: the first 16 hexadecimal digits of a SHA-256."""
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

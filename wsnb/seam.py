"""The seam: what a method can be, and what each kind of method is given.

A method is a class of values (:func:`wsnb.values.kind`) that derives from one of the classes below:
its fields are the paper's symbols, its methods do the work on plain modules and tensors. The training loop
(:mod:`wsnb.training.loop`) knows these classes and no method by name. Nothing here imports torch, and a
file of methods imports it where it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from wsnb.errors import InvalidValue
from wsnb.values import Value, setting

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    State = dict[str, Tensor]


class Model(Value):
    """A network's specification.

    Attributes:
        head: the name of the classifier within the network. It starts fresh where the number of classes
            changes, and no regularizer pulls on it.
    """

    head: ClassVar[str] = "head"

    def build(self, image_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """A network with fresh weights, drawn by PyTorch's global chance, which the caller has seeded.

        Args:
            image_shape: (channels, height, width) of the images.
            classes: how many logits it gives for each.

        Returns:
            A module that maps float images [N, C, H, W] to logits [N, classes]. Its ``memory_format``, if it has
            one, is the layout of batches that it runs fastest in.
        """
        raise lacks(self, "build")

    def published(self, name: str) -> Mapping[str, Tensor]:
        """The state dict of weights that somebody publishes for it under this name; InvalidValue where nobody does."""
        raise InvalidValue(
            f"{name!r} is no file, and there are no published weights of {self!r}; allowed: the path of a file."
        )


class Optimizer(Value):
    """A rule that moves weights along gradients. Each has a ``learning_rate``.

    Attributes:
        head_learning_rate: the classifier's own learning rate; None has it share the others'.
        decoupled: whether its ``weight_decay``, where it has one, is no part of the gradient.
    """

    learning_rate: float
    head_learning_rate: float | None
    decoupled: ClassVar[bool] = False

    @property
    def l2(self) -> float:
        """The coefficient of the weights in what it adds to each gradient."""
        return 0.0 if self.decoupled else getattr(self, "weight_decay", 0.0)

    def moments(self, parameters: Sequence[Tensor]) -> dict[str, list[Tensor]]:
        """What is remembered of each parameter before the first step, by name."""
        return {}

    def update(
        self,
        parameters: Sequence[Tensor],
        gradients: Sequence[Tensor],
        moments: dict[str, list[Tensor]],
        learning_rate: float,
    ) -> None:
        """One step, in place: of the parameters and of what is remembered of them."""
        raise lacks(self, "update")


class Stop(Value):
    """When training ends.

    Attributes:
        measured: which train accuracy it goes by: of the epoch's own batches while the weights move
            (``"running"``), or on the training part after the epoch, in evaluation mode (``"evaluated"``) or each batch
            normalised by its own statistics (``"training mode"``).
        images: of an evaluated accuracy, on how many training images, a fixed sample; None takes all.
        is_fixed: whether training always takes the most steps that it may.
    """

    measured: Literal["evaluated", "training mode", "running"] = "running"
    images: int | None = None
    is_fixed: ClassVar[bool] = False

    def most_steps(self, by_epoch: int) -> int:
        """How many steps training may take, where an epoch has so many."""
        raise lacks(self, "most_steps")

    def reason(self, train_accuracies: Sequence[float], steps: int) -> str | None:
        """Why training stops after these epochs' train accuracies and so many steps, or None to go on."""
        raise lacks(self, "reason")


def is_in(module: str, name: str) -> bool:
    """Whether the parameter or buffer of this name belongs to the module of that name."""
    return name.startswith(f"{module}.")


def lacks(value: Value, method: str) -> InvalidValue:
    """The error of a class that leaves out a method which it has to have."""
    return InvalidValue(f"{type(value).__name__} has no method {method}; wsnb/seam.py says what it is given and gives.")


# Where the weights start --------------------------------------------------------------------------


@dataclass(frozen=True)
class Parent:
    """The training that a start takes its weights from.

    Attributes:
        trial: what was trained, a :class:`wsnb.Trial`.
        model: the network with its final weights.
    """

    trial: Value
    model: nn.Module


@dataclass(frozen=True)
class Given:
    """What a start is given.

    Attributes:
        trial: what is going to be trained, a :class:`wsnb.Trial`.
        parent: where the trial's parent ended; None when it has none.
        fresh: gives a newly initialised network for this trial, at each call another one.
        first: gives the random initialisation that the first training of the chain began with.
        images: the trial's own training images, uint8 [N, 3, H, W], those that came first first.
        labels: int64 [N].
        normalize: from uint8 images to what the network takes.
        chance: a generator of the start's own by a name of its choice.
    """

    trial: Value
    parent: Parent | None
    fresh: Callable[[], nn.Module]
    first: Callable[[], nn.Module]
    images: Tensor
    labels: Tensor
    normalize: Callable[[Tensor], Tensor]
    chance: Callable[[str], torch.Generator]


class Start(Value):
    """Where the weights start.

    Attributes:
        needs_parent: whether it takes something from a training before.
    """

    needs_parent: ClassVar[bool] = True

    def begin(self, given: Given) -> nn.Module:
        """The network that is going to be trained, on the CPU; the parent's is left as it is."""
        raise lacks(self, "begin")


# What pulls on the weights ------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What a regularizer is given at each step.

    Attributes:
        model: the network that is trained.
        source: the network that it is compared with, in evaluation mode: the parent's, or as training began where
            there is no parent.
        images: the batch as the network saw it.
        labels: int64 [N].
        features: the outputs of the layers that the regularizer asks for, by name.
        source_features: those of the source network on the same images.
        epoch: how many epochs are finished.
        step: how many steps were taken before this one.
        prepared: what the regularizer has made of the source network before the first step.
    """

    model: nn.Module
    source: nn.Module
    images: Tensor
    labels: Tensor
    features: Mapping[str, Tensor]
    source_features: Mapping[str, Tensor]
    epoch: int
    step: int
    prepared: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Regularizer(Value):
    r"""A pull on the weights of the backbone: :math:`\lambda\rho^e\,\Omega` is added to the loss in epoch :math:`e`.

    A regularizer defines one of :meth:`gradient` (in closed form) and :meth:`penalty` (which is differentiated). One
    that looks at the source network first has :meth:`prepare`, and an ``examples`` above 0: how many training images
    it wants for that.

    Args:
        coefficient: :math:`\lambda`.
        decay: :math:`\rho`, by which the coefficient is multiplied after each epoch.
        head_coefficient: :math:`\beta` of a plain L2 on the classifier, :math:`\beta \lVert w \rVert^2`, which
            belongs to the loss: no direction corrects it.
    """

    coefficient: float = setting(0.1, minimum=0)
    decay: float = setting(1.0, above=0, maximum=1)
    head_coefficient: float = setting(0.0, minimum=0)
    needs_parent: ClassVar[bool] = True
    examples: ClassVar[int] = 0

    def layers(self, model: nn.Module) -> Sequence[str]:
        """The names of the modules whose outputs it compares."""
        return ()

    def prepare(self, source: nn.Module, images: Tensor, labels: Tensor, head: str | None) -> Mapping[str, Tensor]:
        """What it makes of the source network and these training images; the same for the same, at each call."""
        return {}

    def gradient(self, seen: Seen, parameters: Mapping[str, Tensor]) -> Sequence[Tensor] | None:
        r"""The gradient of :math:`\Omega` by each parameter of the backbone; None where it has no closed form."""
        return None

    def penalty(self, seen: Seen) -> Tensor | None:
        r""":math:`\Omega` of the backbone as a scalar to be differentiated; None where :meth:`gradient` gives all."""
        return None


class Direction(Value):
    """How the gradient of the loss is joined with that of the regularizers, before the optimizer's step.

    Attributes:
        separate: whether it needs the two apart; their plain sum comes from one backward pass.
    """

    separate: ClassVar[bool] = True

    def join(self, loss: Sequence[Tensor], pull: Sequence[Tensor]) -> list[Tensor]:
        """The direction from the two gradients, tensor by tensor in the order of the parameters."""
        raise lacks(self, "join")


# What else happens during training ----------------------------------------------------------------


class Training(Protocol):
    """A training under way, as callbacks see it.

    Attributes:
        trial: what is trained, a :class:`wsnb.Trial`.
        model: the network, with the weights that move.
        pull: the regularizers at work, a :class:`wsnb.regularizers.Pull`; None where the trial has none.
        optimizer: what moves them; see :class:`wsnb.training.optimization.Optimization`. Its ``scale`` multiplies the
            learning rates, and is 1 again before each epoch.
        images: the training images, uint8 [N, 3, H, W], on the device.
        labels: int64 [N].
        test_images: uint8, on the device; so are test_labels, int64.
        curve_images: those of them that are measured by epoch; so are curve_labels.
        old: how many of the training images, the first ones, the parent was trained on.
        epoch: how many epochs are finished.
        step: how many steps are done.
        steps_by_epoch: how many steps an epoch has.
        most_steps: how many steps training may take.
    """

    trial: Value
    model: nn.Module
    pull: Any
    optimizer: Any
    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    curve_images: Tensor
    curve_labels: Tensor
    old: int
    epoch: int
    step: int
    steps_by_epoch: int
    most_steps: int

    def normalize(self, images: Tensor) -> Tensor:
        """From uint8 images to what the network takes."""

    def chance(self, callback: Callback, *names: str | int) -> torch.Generator:
        """A generator of the callback's own, by names of its choice."""

    def fresh(self, callback: Callback, *names: str | int) -> nn.Module:
        """A newly initialised network of the trial's model, by the callback's own chance, on the device."""

    def add(self, name: str, value: float) -> None:
        """Add this epoch's point to a curve of the callback's: one an epoch; one that is not finite is a gap."""


class Callback(Value):
    """Something that happens during training beside the steps.

    Each has a state of its own, a dictionary of tensors that is kept with the training's place and given to
    every call. One that only measures (``measures = True``) changes no weight, no buffer and no chance, and is
    not in the key.

    Attributes:
        measures: whether it only measures.
        decides: what it alone decides, in words; a trial has no two callbacks that decide the same.
    """

    measures: ClassVar[bool] = False
    decides: ClassVar[str] = ""

    def attach(self, training: Training, state: State) -> None:
        """Before anything else, and again where training goes on from its checkpoint: for what no state keeps."""

    def begin(self, training: Training, state: State) -> None:
        """Before the first step, of a training that goes on from its checkpoint not again."""

    def before_epoch(self, training: Training, state: State) -> None:
        """Before each epoch. What it adds to a curve stands at that epoch's place."""

    def after_step(self, training: Training, state: State) -> None:
        """After each step of the optimizer."""

    def after_epoch(self, training: Training, state: State) -> None:
        """After each epoch, before anything is evaluated."""

    def evaluated(self, training: Training, state: State) -> State | None:
        """The network's state that is evaluated, and is the training's result, where it is another than the trained.

        One that only measures may not have it.
        """
        return None

    def after_evaluation(self, training: Training, state: State) -> None:
        """After each epoch's evaluation, with the weights in place that were evaluated."""

    def final(self, training: Training, state: State) -> Mapping[str, float]:
        """Measurements at the end, by name, with the weights in place that are evaluated."""
        return {}

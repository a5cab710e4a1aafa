"""A trial: everything that decides the outcome of one training run, as one immutable value.

A :class:`Trial` says where the weights start, what pulls on them, which data is seen and when training
stops. It trains nothing and imports nothing that trains. Two trials of which the same is asked have the
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
import itertools
import json
from collections.abc import Mapping
from typing import Any, Literal

from wsnb import values
from wsnb.data.augment import Augment
from wsnb.data.part import Part
from wsnb.errors import InvalidValue
from wsnb.regularizers.plain_sum import PlainSum
from wsnb.seam import Callback, Direction, Model, Optimizer, Regularizer, Start, Stop
from wsnb.starts.random_init import RandomInit
from wsnb.starts.warm_start import WarmStart
from wsnb.values import Value, kind, setting

LOOP = 1
"""Version of the training loop and the evaluation. Raise it whenever a change to them alters results."""

CURVES = ("train_accuracy", "train_loss", "evaluated_train_accuracy", "test_accuracy", "test_loss", "seconds")
"""What every training measures by epoch; callbacks add curves of other names."""

FINALS = ("test_accuracy", "test_loss", "train_accuracy", "train_loss", "late_test_accuracy")
FINALS += ("epochs", "steps", "images_seen", "stopped", "failed")
"""What every training measures at its end."""

LATE = 5
"""How many epochs, the last ones, the late accuracy is the mean of."""


@kind("trial")
class Trial(Value):
    """One training run.

    Args:
        data: the part of the training set that is seen.
        model: the architecture.
        optimizer: the rule that moves the weights.
        stop: when training ends.
        seed: draws all that chance decides: which images are in the part, their order and augmentation
            in each epoch, the initial weights. Trials that differ in their start alone share all but that.
        start: where the weights come from.
        parent: the trial that the start, or a regularizer, takes something from; None when nothing does.
        batch_size: images per step.
        last_batch: whether an epoch's last batch, where it is smaller, is ``"kept"`` or ``"dropped"``. A few images
            in it spoil SGD on a network with batch normalisation.
        optimizer_state: ``"fresh"``, or ``"kept"`` to go on with the parent's momenta.
        precision: arithmetic of the forward and backward pass.
        augmentation: how the images of each step are changed; None takes them as they are. Those that
            accuracies are evaluated on are never changed.
        regularizer: what pulls on the backbone's weights: one, several, or none.
        direction: how the regularizers' gradient is joined with the loss's.
        callbacks: what else happens during training, or is measured. Those that only measure are not in the key.
        curve_images: how many images the test accuracy by epoch is measured on: a fixed sample of the test
            set, the same for all trials; None takes all. Final accuracies always take all. It is not in the key.
    """

    data: Part
    model: Model
    optimizer: Optimizer
    stop: Stop
    seed: int = setting(0, minimum=0, maximum=2**32 - 1)
    start: Start = RandomInit()
    parent: Trial | None = None
    batch_size: int = setting(128, minimum=1)
    last_batch: Literal["kept", "dropped"] = setting("kept", added=True)
    optimizer_state: Literal["fresh", "kept"] = "fresh"
    precision: Literal["fp32", "bf16"] = "fp32"
    augmentation: Augment | None = setting(None, added=True)
    regularizer: tuple[Regularizer, ...] = setting((), added=True)
    direction: Direction = setting(PlainSum(), added=True)
    callbacks: tuple[Callback, ...] = setting((), added=True)
    curve_images: int | None = setting(None, minimum=1, measured=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        needing = [value for value in (self.start, *self.regularizer) if value.needs_parent]
        if needing and self.parent is None:
            raise InvalidValue(f"{needing[0]!r} takes something from a parent and there is none; use parent.then(...).")
        if not needing and self.parent is not None:
            raise InvalidValue(
                f"Trial.parent is given and nothing takes anything from it: the start is {self.start!r}; "
                "use parent.replace(...) instead."
            )
        for each in self.ancestors() if self.data.held_out else ():
            if each.data.dataset == self.data.dataset and each.data.held_out != self.data.held_out:
                raise InvalidValue(
                    f"Trial.data holds out {self.data.held_out!r} of the images, and {each.data!r} of a training "
                    "before it does not; hold out as many of both, or a choice would be made on images that were seen."
                )
        if not self.regularizer and self.direction != PlainSum():
            raise InvalidValue(f"Trial.direction is {self.direction!r} and there is no regularizer to join; name one.")
        for one, other in itertools.combinations(self.callbacks, 2):
            if one.kind == other.kind:
                raise InvalidValue(f"Trial.callbacks has two of kind {one.kind!r}; allowed: one of each.")
            if one.decides and one.decides == other.decides:
                raise InvalidValue(f"{one!r} and {other!r} both decide {one.decides}; allowed: one that does.")
        if self.optimizer_state == "kept":
            if self.parent is None:
                raise InvalidValue("Trial.optimizer_state is 'kept' and there is no parent; use 'fresh'.")
            if (self.parent.optimizer.kind, self.parent.model) != (self.optimizer.kind, self.model):
                raise InvalidValue("Trial.optimizer_state is 'kept': the parent must have this model and optimizer.")

    def __hash__(self) -> int:
        """By the key, which is made once: fields would be hashed with all trials before it at each look-up."""
        return hash(self.key)

    def then(self, **changes: Any) -> Trial:
        """A trial that starts from this one's final weights: a warm start unless ``start`` says otherwise."""
        inherited = {"start": WarmStart(), "optimizer_state": "fresh"} | changes
        return dataclasses.replace(self, parent=self, **inherited)

    @functools.cached_property
    def depth(self) -> int:
        """How many trials stand before this one."""
        return len(self.ancestors())

    @functools.cached_property
    def repeats(self) -> int:
        """How many of the trials before this one saw the same part: each sees it in an order of its own."""
        own = self.data.canonical()  # a folder by what it holds, wherever it is
        return sum(each.seed == self.seed and each.data.canonical() == own for each in self.ancestors())

    def ancestors(self) -> list[Trial]:
        """The trials before this one, the first first."""
        found: list[Trial] = []
        trial = self.parent
        while trial is not None:
            found.append(trial)
            trial = trial.parent
        return found[::-1]

    def _decisive(self, name: str, given: Any) -> Any:
        """A parent stands by its key; what is only measured is left out."""
        if name == "parent":
            return None if given is None else given.key
        return tuple(each for each in given if not each.measures) if name == "callbacks" else given

    def canonical(self) -> dict[str, Any]:
        """The JSON object whose hash is the key: what decides the outcome, with the version of the loop."""
        form = super().canonical() | {"loop": LOOP}
        if not self.regularizer:  # nothing is joined, in whichever version
            form.pop("direction", None)
        return form

    @functools.cached_property
    def key(self) -> str:
        """Sixteen hexadecimal digits that name this trial: where what decides the outcome is equal, so are they."""
        for ancestor in self.ancestors():  # the first first: a long chain is not gone down by recursion
            _ = ancestor.key
        return key_of(self.canonical())

    @functools.cached_property
    def asked(self) -> dict[str, Any]:
        """What is to be measured beside what every record holds."""
        measuring = sorted((each for each in self.callbacks if each.measures), key=lambda each: each.kind)
        return {"curve_images": self.curve_images, "callbacks": [each.canonical() for each in measuring]}

    def to_json(self) -> dict[str, Any]:
        """The JSON object from which :meth:`from_json` makes this trial again, and those before it."""
        lineage = []
        for trial in (*self.ancestors(), self):
            form = {
                field.name: getattr(trial, field.name)
                for field in dataclasses.fields(self)  # type: ignore[arg-type]
                if field.name != "parent"
            }
            lineage.append({name: values.in_json(value, whole=True) for name, value in form.items()})
        return {"kind": self.kind, "lineage": lineage}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Trial:
        """The trial that :meth:`to_json` has described.

        Raises:
            InvalidValue: when it names a kind that is not known here.
        """
        trial = None
        names = {field.name for field in dataclasses.fields(cls)} - {"parent"}  # type: ignore[arg-type]
        for fields in form["lineage"]:
            own = {name: values.restored(value) for name, value in fields.items() if name in names}
            trial = cls(**own, parent=trial)
        assert trial is not None, "a lineage ends with the trial itself"
        return trial

    def _shown(self, given: Any) -> str:
        return f"<{given.key}>" if isinstance(given, Trial) else repr(given)


def key_of(canonical: Mapping[str, Any]) -> str:
    """The key of a trial in its canonical form: the first 16 hexadecimal digits of a SHA-256."""
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

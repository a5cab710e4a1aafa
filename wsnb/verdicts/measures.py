"""Measures: what an effect compares of its two sides, a number for each from one or several trainings.

To add one: its line here, with the smallest size of it that matters and the reason for that.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Literal

from wsnb.callbacks.pull_angles import joined, steps_taken
from wsnb.evidence.records import Record
from wsnb.verdicts.statistics import growth_exponent


@dataclass(frozen=True)
class Measure:
    """A number that trainings end with.

    Attributes:
        name: what pages call it.
        unit: of a difference of it.
        of: the number of a side, from the records of its trainings.
        least: the smallest difference that matters to somebody who has to choose; of a ratio, the factor.
        resolution: its smallest step: no spread between seeds counts as smaller.
        higher_is_better: how a training that failed counts.
        is_ratio: whether sides are compared by their ratio: the difference is of natural logarithms.
        must_converge: whether a training that ended at its limit of epochs failed: it never got there.
        must_learn: whether a training that never learned failed.
        digits: with which it is shown.
    """

    name: str
    unit: str
    of: Callable[[Sequence[Record]], float]
    least: float
    resolution: float
    higher_is_better: bool = True
    is_ratio: bool = False
    must_converge: bool = False
    must_learn: bool = True
    digits: int = 1

    def value(self, records: Sequence[Record]) -> float:
        """Of one side, on the scale on which differences are taken."""
        value = self.of(records)
        return math.log(value) if self.is_ratio else value

    def on_scale(self, least: float) -> float:
        """The smallest size that matters on that scale."""
        return math.log(least) if self.is_ratio else least


def _mean_of(name: str) -> Callable[[Sequence[Record]], float]:
    return lambda records: mean(100 * record.final[name] for record in records)


def _growth(records: Sequence[Record]) -> float:
    """Of images seen in a step with the images that have arrived at it; the first step has nothing before it."""
    steps = records[1:]
    return growth_exponent([_arrived(record) for record in steps], [record.final["images_seen"] for record in steps])


def _arrived(record: Record) -> float:
    return record.final["images_seen"] / record.final["epochs"]


def _gradient_ratio(records: Sequence[Record]) -> float:
    """Of new images over old ones, the geometric mean over the first epochs."""
    pairs = [
        pair
        for record in records
        for pair in zip(
            record.curves["gradient_norm_new"][:FIRST], record.curves["gradient_norm_old"][:FIRST], strict=True
        )
    ]
    return math.exp(mean(math.log(new / old) for new, old in pairs))


def _angle(to: Literal["loss", "pull"], of: Callable[[list[float]], float]) -> Callable[[Sequence[Record]], float]:
    """In degrees, from a training's own direction, at the step of each epoch that was looked at."""
    names = {"dtnh": "DTNH", "gem": "GEM"}

    def measured(records: Sequence[Record]) -> float:
        angles = []
        for record in records:
            direction = names.get(record.trial.get("direction", {}).get("kind", ""), "plain sum")
            steps = [joined(direction, *step) for step in steps_taken(record.curves).values()]
            angles += [step.to_loss if to == "loss" else step.to_pull for step in steps]
        return of(angles)

    return measured


FIRST = 5
"""Epochs, the first ones, that a measure of the beginning is the mean of."""

ACCURACY = Measure("final test accuracy", "points", _mean_of("test_accuracy"), least=1.0, resolution=0.01)
"""The papers' own measure; the mean, of several trainings. A point is less than what they call a gap."""

TRAINING_MODE_ACCURACY = Measure(
    "final test accuracy in training mode", "points", _mean_of("training_mode_test_accuracy"), least=1.0,
    resolution=0.01, must_learn=False,
)  # fmt: skip
"""As the replication's code measures: each batch is normalised by its own statistics."""

MODES = Measure(
    "final test accuracy in training mode less that in evaluation mode", "points",
    lambda records: mean(
        100 * (record.final["training_mode_test_accuracy"] - record.final["test_accuracy"]) for record in records
    ), least=1.0, resolution=0.01, must_learn=False,
)  # fmt: skip
"""What the mode alone makes of the same network."""

ACCURACY_IF_ANY = dataclasses.replace(ACCURACY, must_learn=False)
"""The same where the question is whether anything is learned at all."""

LATE_ACCURACY = Measure("test accuracy, mean of the last five epochs", "points", _mean_of("late_test_accuracy"),
                        least=1.0, resolution=0.01)  # fmt: skip
"""Quieter than the accuracy at the stop, which is one draw of what moves by half a point from epoch to epoch."""

EARLY_ACCURACY = Measure(
    "test accuracy, mean of the first five epochs", "points",
    lambda records: mean(100 * value for record in records for value in record.curves["test_accuracy"][:FIRST]),
    least=1.0, resolution=0.01,
)  # fmt: skip
"""How soon something is learned, on the test images of the curves."""

TRAIN_ACCURACY = Measure("final training accuracy", "points", _mean_of("train_accuracy"), least=1.0, resolution=0.01)
"""After as many epochs, how far training has come."""

OVER_FITTING = Measure(
    "training accuracy less test accuracy", "points",
    lambda records: mean(100 * (record.final["train_accuracy"] - record.final["test_accuracy"]) for record in records),
    least=1.0, resolution=0.01, higher_is_better=False,
)  # fmt: skip
"""What was learned of the training images alone."""

LOSS = Measure(
    "final training loss", "nats", lambda records: mean(record.final["train_loss"] for record in records),
    least=0.05, resolution=0.001, higher_is_better=False, digits=3,
)  # fmt: skip
"""0.05 nats are a twentieth of what a right answer at 40 % confidence costs."""

IMAGES_SEEN = Measure(
    "training images seen", "ratio", lambda records: sum(record.final["images_seen"] for record in records),
    least=1.25, resolution=0.02, higher_is_better=False, is_ratio=True, must_converge=True, digits=2,
)  # fmt: skip
"""What training costs, whatever the machine; the sum, of several trainings. A quarter more or less matters; an epoch
of fifty is the smallest step."""

GROWTH = Measure(
    "exponent of training images seen in a step against the data that has arrived", "", _growth,
    least=0.25, resolution=0.01, higher_is_better=False, must_converge=True, digits=2,
)  # fmt: skip
"""0 where a step's cost is constant, 1 where it is in proportion; a quarter is half of what a square root would be."""

GRADIENT_RATIO = Measure(
    "length of the gradient, mean of the first five epochs", "ratio", _gradient_ratio,
    least=1.25, resolution=0.02, higher_is_better=False, is_ratio=True, digits=2,
)  # fmt: skip
"""Of new images over those that the parent has seen."""

TEST_LOSS = Measure(
    "final test loss", "nats", lambda records: mean(record.final["test_loss"] for record in records),
    least=0.05, resolution=0.001, higher_is_better=False, digits=3,
)  # fmt: skip
"""As large as of the training loss."""

ANGLE_TO_LOSS = Measure(
    "angle with the loss's gradient, mean over epochs", "degrees", _angle("loss", mean), least=5.0, resolution=0.1
)
"""Of a training's direction. A step at 5 degrees is as long along the gradient as one straight ahead, but for 0.4 %."""

ANGLE_TO_PULL = dataclasses.replace(
    ANGLE_TO_LOSS, name="angle with the regularizer's gradient, mean over epochs", of=_angle("pull", mean)
)
"""As large."""

WIDEST_TO_PULL = dataclasses.replace(
    ANGLE_TO_LOSS, name="angle with the regularizer's gradient, the widest of an epoch's steps", of=_angle("pull", max)
)
"""Of the steps that were looked at, one an epoch."""

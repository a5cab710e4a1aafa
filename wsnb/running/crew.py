"""What those who train are given, and what is heard of them: the words that all of running shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from wsnb.trials.trial import Trial


@dataclass(frozen=True)
class Task:
    """One trial to train.

    Attributes:
        trial: what to train.
        folder: the folder of records.
        keep_weights: whether children will start from its weights.
    """

    trial: Trial
    folder: Path
    keep_weights: bool


@dataclass(frozen=True)
class Event:
    """What is heard of a trial: an epoch is done, or it is no longer trained.

    It is ``finished`` (a sentence says where it came out otherwise than before), ``failed`` (the sentence says why),
    ``paused`` (its place is kept), or ``lost`` with the process or the machine that trained it (the sentence says how).
    """

    key: str
    kind: Literal["epoch", "finished", "failed", "paused", "lost"]
    epochs: int = 0
    images_seen: int = 0
    sentence: str = ""


@dataclass(frozen=True)
class Workload:
    """What decides how long an image takes.

    Attributes:
        trial: one that does the same to an image; its learning rate moves nothing.
        classes: how many outputs the network has.
        image_shape: (channels, height, width).
    """

    trial: Trial
    classes: int
    image_shape: tuple[int, int, int]


@dataclass(frozen=True)
class Speed:
    """How fast a crew does a workload.

    Attributes:
        train: seconds per image of a training epoch, in one worker.
        evaluate: seconds per image of an evaluation, in one worker.
        trial: seconds that a trial takes beside its images: building, saving.
        start: seconds until a worker is ready for its first trial.
        memory: bytes that a worker uses beside its data set; on a GPU, of the GPU's memory.
    """

    train: float
    evaluate: float
    trial: float
    start: float
    memory: int

    @classmethod
    def mean(cls, speeds: Sequence[Speed]) -> Speed:
        """What the crew does on average; the memory is the largest."""
        fields: dict[str, Any] = {
            field.name: sum(getattr(speed, field.name) for speed in speeds) / len(speeds)
            for field in dataclasses.fields(cls)
        }
        return cls(**fields | {"memory": max(speed.memory for speed in speeds)})


LOSSES = 2
"""How often a trial is begun again after the process or the machine that trained it was lost."""


class Crew(Protocol):
    """Those who train, several at a time."""

    attend: Callable[[], None]
    """Called after each epoch by one that trains in this very process, which would hear nothing meanwhile."""

    size: int
    """How many trials are trained at a time."""

    hardware: str
    """What they train on, for people: equal words, equal speed."""

    def free(self) -> bool:
        """Whether another task can begin."""

    def begin(self, task: Task) -> None:
        """Have this task done."""

    def pause(self) -> None:
        """Have all that is under way keep its place after its epoch."""

    def hear(self, seconds: float) -> Event | None:
        """The next event, or None when there is none for so long."""

    def measure(self, workload: Workload) -> Speed:
        """How fast this work is done while all of the crew do it."""

    def end(self) -> None:
        """Send everyone home; what is under way goes on from its last checkpoint another time."""

"""What a run would cost, before it is run: which trials, how many images, how much time and memory.

Time comes from a short calibration: each kind of network that is to be trained is timed on random images,
on the very crew that would train it, all of it at work. What cannot be known beforehand is how many epochs
a training to a train accuracy takes; recorded trials of its kind tell, else :data:`USUAL_EPOCHS` is assumed.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wsnb import places
from wsnb.data import catalogue
from wsnb.data.part import Part
from wsnb.errors import RecordError, counted
from wsnb.evidence.records import Records
from wsnb.files import write_whole
from wsnb.running.crew import Crew, Speed, Workload
from wsnb.running.jobs import Job
from wsnb.trials.stops import Epochs
from wsnb.trials.trial import LATE, Trial

USUAL_EPOCHS = 20
"""Epochs that a training to a train accuracy is taken to need while no record of its kind says better."""


@dataclass(frozen=True)
class Line:
    """Trials of a plan that differ in their seed alone."""

    trial: Trial
    recorded: int
    to_train: int
    images: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What a run would cost.

    Attributes:
        lines: the trials by kind, in the order they were asked for.
        images: expected training images, by the key of each trial to be trained.
        work: expected seconds of one worker, by key.
        seconds: until all is done, on ``workers`` workers.
        workers: how many trials are trained at a time.
        memory: bytes of all workers together.
        assumed: how many trials' epochs no record tells.
        hardware: what it would run on.
    """

    lines: tuple[Line, ...]
    images: dict[str, int]
    work: dict[str, float]
    seconds: float
    workers: int
    memory: int
    assumed: int
    hardware: str

    def summary(self) -> str:
        """One line on what is going to happen."""
        if not self.work:
            return "Every trial is recorded: nothing to train."
        text = (
            f"{counted(len(self.work), 'trial')} to train, {in_millions(sum(self.images.values()))} images: about "
            f"{in_words(self.seconds)} and {self.memory / 2**30:.1f} GiB with {counted(self.workers, 'worker')} "
            f"({self.hardware})."
        )
        if self.assumed:
            text += f" {self.assumed} of them train to an accuracy; no record tells in how many epochs."
        return text

    def table(self) -> str:
        """One line per kind of trial: what is recorded, what would run, what that takes."""
        rows = [("recorded", "to train", "images", "time of one worker", "trials")]
        for line in self.lines:
            time = in_words(line.seconds) if line.to_train else "-"
            rows.append((str(line.recorded), str(line.to_train), f"{line.images:,}", time, _kind(line.trial)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
        return "\n".join(
            "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
        )


def _kind(trial: Trial) -> str:
    """All that the trial is, its parent by its part of the data."""
    shown = repr(trial).removeprefix("Trial(").removesuffix(")")
    return shown if trial.parent is None else shown.replace(f"<{trial.parent.key}>", repr(trial.parent.data))


def in_millions(images: int) -> str:
    """A number of images: "2,560", "0.032 million", "6.3 million", "157 million"."""
    millions = images / 1e6
    if images < 10_000:
        return f"{images:,}"
    return f"{millions:,.0f} million" if millions >= 10 else f"{millions:.2g} million"


def in_words(seconds: float) -> str:
    """A length of time with as many digits as an estimate deserves."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def make_plan(
    wanted: Sequence[Trial],
    jobs: Sequence[Job],
    store: Records,
    speeds: Mapping[Workload, Speed],
    workers: int,
    hardware: str,
) -> Plan:
    """The plan of these jobs.

    Args:
        wanted: all trials that were asked for, recorded or not.
        jobs: those to be trained (:func:`wsnb.running.jobs.jobs_for`).
        store: the records.
        speeds: of each job's workload (:func:`measured_speeds`).
        workers: how many trials are trained at a time.
        hardware: what on, for people.
    """
    trials = [job.trial for job in jobs]
    epochs = {trial.key: expected_epochs(trial, store) for trial in trials}
    images, work = {}, {}
    for trial in trials:
        count = epochs[trial.key] or min(USUAL_EPOCHS, most_epochs(trial))
        images[trial.key] = round(count * images_in(trial.data))
        work[trial.key] = _seconds(trial, count, speeds[workload_of(trial)])
    start = max((speeds[workload_of(trial)].start for trial in trials), default=0.0)
    memory = max((speeds[workload_of(trial)].memory + _data_bytes(trial) for trial in trials), default=0)
    asked = set(wanted)
    unasked = [trial for trial in trials if trial not in asked]
    at_work = min(workers, len(trials))
    return Plan(
        lines=_lines([*wanted, *unasked], images, work),
        images=images,
        work=work,
        seconds=start + _makespan(jobs, work, workers),
        workers=at_work,
        memory=memory * at_work,
        assumed=sum(count is None for count in epochs.values()),
        hardware=hardware,
    )


def _lines(wanted: Sequence[Trial], images: dict[str, int], work: dict[str, float]) -> tuple[Line, ...]:
    kinds: dict[Trial, list[Trial]] = {}
    for trial in wanted:
        kinds.setdefault(with_seed(trial, 0), []).append(trial)
    lines = []
    for kind, trials in kinds.items():
        new = [trial.key for trial in trials if trial.key in work]
        counts = (len(trials) - len(new), len(new), sum(map(images.__getitem__, new)), sum(map(work.__getitem__, new)))
        lines.append(Line(kind, *counts))
    return tuple(lines)


def _makespan(jobs: Sequence[Job], work: dict[str, float], workers: int) -> float:
    """When the last job ends, where each worker takes the next that is ready: as a session does."""
    ready = [job for job in jobs if not job.waits]
    running: list[tuple[float, int, Job]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < workers:
            job = ready.pop(0)
            heapq.heappush(running, (now + work[job.trial.key], id(job), job))
        now, _, job = heapq.heappop(running)
        ready[:0] = job.children
    return now


# One trial ----------------------------------------------------------------------------------------


def _seconds(trial: Trial, epochs: float, speed: Speed) -> float:
    seen, tested = images_in(trial.data), test_images_of(trial.data)
    by_epoch = min(trial.curve_images or tested, tested)
    by_epoch += min(trial.stop.images or seen, seen) if trial.stop.measured != "running" else 0
    evaluated = by_epoch * (epochs + 1) + seen + tested * min(max(epochs, 1), LATE)
    return speed.trial + epochs * seen * speed.train + evaluated * speed.evaluate


def expected_epochs(trial: Trial, store: Records) -> float | None:
    """How many epochs the trial is going to take; None when nothing tells.

    A fixed number, or the mean over recorded trials that differ in seed alone, in ``store`` or in the
    checkout's own records.
    """
    if trial.stop.is_fixed:
        return most_epochs(trial)
    taken = []
    for records in {store.folder.resolve(): store, places.records().resolve(): Records()}.values():
        for seed in range(10):
            try:
                record = records.find(with_seed(trial, seed).key)
            except RecordError:
                continue
            taken += [record.final["epochs"]] if record and not record.failed else []
        if taken:
            return sum(taken) / len(taken)
    return None


def most_epochs(trial: Trial) -> float:
    """How many epochs the trial may take at most."""
    by_epoch = max(1, -(-images_in(trial.data) // trial.batch_size))
    return trial.stop.most_steps(by_epoch) / by_epoch


@functools.lru_cache(maxsize=10_000)  # a chain of steps asks for each of its parents again
def with_seed(trial: Trial, seed: int) -> Trial:
    """The trial, and all before it, with another seed."""
    parent = None if trial.parent is None else with_seed(trial.parent, seed)
    return trial.replace(seed=seed, parent=parent)


def workload_of(trial: Trial) -> Workload:
    """What decides how long one of the trial's images takes."""
    facts = catalogue.facts(trial.data.dataset, trial.data.resize)
    alike = Trial(
        data=Part("digits", 4 * trial.batch_size),  # its pixels will be random ones; only its name is real
        model=trial.model,
        optimizer=trial.optimizer.replace(learning_rate=1e-9),
        stop=Epochs(1),
        batch_size=trial.batch_size,
        precision=trial.precision,
        augmentation=trial.augmentation,
    )
    if trial.regularizer:  # how strong it is takes no time
        pulls = tuple(each.replace(coefficient=1e-3, decay=1.0, head_coefficient=0.0) for each in trial.regularizer)
        alike = alike.then(regularizer=pulls, direction=trial.direction)
    return Workload(alike, len(trial.data.classes) if trial.data.classes else facts.classes, facts.image_shape)


# One part -----------------------------------------------------------------------------------------


def images_in(part: Part) -> int:
    """How many training images a part has; classes are taken to be equally frequent."""
    facts = catalogue.facts(part.dataset, part.resize)
    if isinstance(part.amount, int):
        return part.amount * (len(part.classes or ()) or facts.classes) if part.by_class else part.amount
    return round(part.amount * (_share(part, facts) * facts.train_images - _held_out(part, facts)))


def test_images_of(part: Part) -> int:
    """How many test images a part has."""
    facts = catalogue.facts(part.dataset, part.resize)
    return round(_held_out(part, facts) if part.held_out else _share(part, facts) * facts.test_images)


def _held_out(part: Part, facts: catalogue.Facts) -> float:
    held_out = part.held_out
    return held_out if isinstance(held_out, int) else held_out * _share(part, facts) * facts.train_images


def _share(part: Part, facts: catalogue.Facts) -> float:
    return 1.0 if part.classes is None else len(part.classes) / facts.classes


def _data_bytes(trial: Trial) -> int:
    """The whole set as it is loaded, and the trial's part of it."""
    facts = catalogue.facts(trial.data.dataset, trial.data.resize)
    channels, height, width = facts.image_shape
    return channels * height * width * (facts.train_images + 2 * facts.test_images + images_in(trial.data))


# Speeds -------------------------------------------------------------------------------------------


def measured_speeds(trials: Iterable[Trial], crew: Crew, *, anew: bool = False) -> dict[Workload, Speed]:
    """The speed at which this crew does what the trials ask for: remembered from an earlier run, or measured now.

    Args:
        trials: what is to be trained.
        crew: who trains.
        anew: measure even what is remembered.
    """
    path = places.cache() / "speeds.json"
    try:
        remembered = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        remembered = {}
    found: dict[Workload, Speed] = {}
    for workload in dict.fromkeys(map(workload_of, trials)):
        name = hashlib.sha256(f"{crew.hardware} {workload}".encode()).hexdigest()[:16]
        if anew or name not in remembered:
            remembered[name] = dataclasses.asdict(crew.measure(workload))
            write_whole(path, json.dumps(remembered, indent=1).encode(), what="the measured speeds")
        found[workload] = Speed(**remembered[name])
    return found

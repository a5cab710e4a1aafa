"""``run``: the only way from trials to records.

It looks each trial up in the records and trains what is missing: parents first, each parent once for all
its children, as many at a time as its crew can. A crew is the worker processes of this machine
(:mod:`wsnb.local`) or a Ray cluster (:mod:`wsnb.cluster`). Whatever is finished is on disk; a run that is
stopped goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from wsnb.errors import DamagedRecord, InvalidValue, MissingRecords, TrialFailed, near_miss
from wsnb.plan import Plan, Speed, Workload, make_plan, measured_speeds
from wsnb.progress import Display, display
from wsnb.records import Record, Records
from wsnb.trials import Trial

Missing = Literal["train", "skip", "error"]
ENGINES = ("local", "ray")

LOSSES = 2
"""How often a trial is begun again after the process or the machine that trained it was lost."""


class Unfinished(TrialFailed):
    """The time budget ended, or a trial failed: what was finished is recorded, the rest is not."""


def run(
    trials: Iterable[Trial],
    *,
    records: Records | Path | str | None = None,
    missing: Missing | None = None,
    workers: int | None = None,
    threads: int = 1,
    device: str | None = None,
    engine: str = "local",
    address: str | None = None,
    time_budget: float | None = None,
    progress: bool = True,
) -> dict[Trial, Record]:
    """The records of these trials; what no record answers is trained.

    Args:
        trials: what to find out, in any order; parents need not be named.
        records: where records are kept; the checkout's own by default.
        missing: ``"train"`` what no record answers, ``"skip"`` it, or raise an ``"error"``. By default
            ``WSNB_MISSING``, else ``"train"``.
        workers: how many trials are trained at a time; by default one per ``threads`` cores on a CPU and
            one per GPU. On a cluster as many as its resources allow.
        threads: threads of the processor per trial. Results may differ in the last bits between
            numbers of threads, never between numbers of workers or engines.
        device: ``"cpu"``, ``"cuda"`` (every GPU of this machine), ``"cuda:1"``, ``"cuda:0,cuda:2"``; by
            default the GPUs when there are any. On a cluster ``"cpu"``, ``"cuda"`` (a GPU for each trial)
            or a share of one, ``"cuda/4"``.
        engine: ``"local"`` processes, or a ``"ray"`` cluster.
        address: of the Ray cluster, such as ``"auto"`` or ``"ray://head:10001"``; by default ``RAY_ADDRESS``,
            else a cluster of this machine alone.
        time_budget: seconds after which nothing new is begun, and what is under way keeps its place
            after its epoch.
        progress: whether to show it, in a terminal or a live notebook.

    Returns:
        The record of each trial asked for, in the order asked; those without one are left out.

    Raises:
        MissingRecords: when records are missing and that is an error.
        DamagedRecord: when a record is damaged and nothing may be trained; else it is set aside and its
            trial runs again.
        Unfinished: when the budget ended or a trial failed; the others' records are written.
    """
    wanted = _trials(trials)
    if _declared is not None:
        _declared.wanted.extend(wanted if records is None else ())  # records of its own: a page that trains live
        raise Collected
    _check_engine(engine, address)
    store = _store(records)
    missing = missing or os.environ.get("WSNB_MISSING") or "train"  # type: ignore[assignment]
    if missing not in ("train", "skip", "error"):
        raise InvalidValue(f"missing is {missing!r}; allowed: 'train', 'skip', 'error'.")
    found = _sound(wanted, store, set_aside=missing == "train")
    absent = [trial for trial in wanted if trial not in found]
    if absent and missing == "error":
        raise MissingRecords(
            f"{len(absent)} of {len(wanted)} records are missing in {store.folder}, the first that of {absent[0]!r}."
        )
    if absent and missing == "train":
        jobs = jobs_for(absent, store)
        crew = _crew(engine, address, workers, threads, device, len(jobs))
        Session(jobs, store, crew, time_budget, display(progress)).work()
        found |= _sound(absent, store, set_aside=False)
    return {trial: found[trial] for trial in wanted if trial in found}


def recorded(trials: Iterable[Trial], *, records: Records | Path | str | None = None) -> dict[Trial, Record]:
    """Those of these trials that are recorded already; none is trained, and no chapter is incomplete without them.

    For cells that need data which few machines have. In a chapter it stands before :func:`run`.
    """
    wanted = _trials(trials)
    if _declared is not None:
        _declared.welcome.extend(wanted)
        return {}
    return _sound(wanted, _store(records), set_aside=False)


def plan(
    trials: Iterable[Trial],
    *,
    records: Records | Path | str | None = None,
    workers: int | None = None,
    threads: int = 1,
    device: str | None = None,
    engine: str = "local",
    address: str | None = None,
) -> Plan:
    """What :func:`run` with these arguments would train, how long it would take and in how much memory.

    Nothing is trained but for the seconds in which each kind of network is timed, on random images.
    """
    wanted = _trials(trials)
    _check_engine(engine, address)
    store = _store(records)
    absent = [trial for trial in wanted if trial not in store]
    jobs = jobs_for(absent, store)
    if not jobs:
        return make_plan(wanted, [], store, {}, 0, "")
    crew = _crew(engine, address, workers, threads, device, len(jobs))
    try:
        return _plan(wanted, jobs, store, crew, anew=True)
    finally:
        crew.end()


def _plan(wanted: list[Trial], jobs: dict[str, Job], store: Records, crew: Crew, *, anew: bool) -> Plan:
    speeds = measured_speeds([job.trial for job in jobs.values()], crew, anew=anew)
    return make_plan(wanted, list(jobs.values()), store, speeds, crew.size, crew.hardware)


def _store(records: Records | Path | str | None) -> Records:
    return records if isinstance(records, Records) else Records(records)


def _trials(given: Iterable[Trial]) -> list[Trial]:
    wanted = list(dict.fromkeys(given))
    for trial in wanted:
        if not isinstance(trial, Trial):
            raise InvalidValue(f"run was given {trial!r}, a {type(trial).__name__}; allowed: Trials.")
    return wanted


def _sound(trials: list[Trial], store: Records, *, set_aside: bool) -> dict[Trial, Record]:
    """The records that are there and sound; damaged ones are set aside and named, if that is wanted."""
    found = {}
    for trial in trials:
        try:
            record = store.get(trial)
        except DamagedRecord as damage:
            if not set_aside:
                raise
            print(f"{damage} It was set aside as {store.set_aside(trial.key)}; its trial runs again.", file=sys.stderr)
            continue
        if record is not None:
            found[trial] = record
    return found


# Declaring without training -----------------------------------------------------------------------


@dataclass
class Declared:
    """The trials that a chapter names.

    Attributes:
        wanted: those it runs.
        welcome: those it only looks up.
    """

    wanted: list[Trial] = field(default_factory=list)
    welcome: list[Trial] = field(default_factory=list)


_declared: Declared | None = None


class Collected(BaseException):
    """Raised by :func:`run` inside :func:`collecting`: the trials are known, nothing is trained."""


@contextlib.contextmanager
def collecting() -> Iterator[Declared]:
    """Within this context :func:`run` notes its trials and ends the code that called it."""
    global _declared
    outer, _declared = _declared, Declared()
    try:
        yield _declared
    except Collected:
        pass
    finally:
        _declared = outer


# Who trains ---------------------------------------------------------------------------------------


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

    It is ``finished``, ``failed`` (the sentence says why), ``paused`` (its place is kept), or ``lost`` with the
    process or the machine that trained it (the sentence says how).
    """

    key: str
    kind: Literal["epoch", "finished", "failed", "paused", "lost"]
    epochs: int = 0
    images_seen: int = 0
    sentence: str = ""


class Crew(Protocol):
    """Those who train, several at a time."""

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


def _check_engine(engine: str, address: str | None) -> None:
    """That there is such an engine and it takes an address, before anything is done."""
    if engine not in ENGINES:
        raise InvalidValue(f"engine is {engine!r}; allowed: {', '.join(ENGINES)}.{near_miss(engine, ENGINES)}")
    if engine == "local" and address is not None:
        raise InvalidValue(f"address is {address!r} and engine is 'local'; an address is for engine='ray'.")


def _crew(engine: str, address: str | None, workers: int | None, threads: int, device: str | None, jobs: int) -> Crew:
    """The crew that is asked for, no larger than there are jobs."""
    if engine == "ray":
        from wsnb.cluster import RayCrew

        return RayCrew(address=address, workers=min(workers or jobs, jobs), threads=threads, device=device)
    from wsnb.local import LocalCrew

    return LocalCrew(workers=workers, threads=threads, device=device, at_most=jobs)


# Training -----------------------------------------------------------------------------------------


@dataclass
class Job:
    """A trial to be trained in this session."""

    trial: Trial
    keep_weights: bool = False
    children: list[Job] = field(default_factory=list)
    waits: bool = False
    losses: int = 0


def jobs_for(absent: list[Trial], store: Records) -> dict[str, Job]:
    """What must be trained, by key: the absent trials, and parents whose weights are not at hand."""
    jobs: dict[str, Job] = {}

    def add(trial: Trial) -> Job:
        if trial.key not in jobs:
            job = Job(trial)
            parent = trial.parent
            if parent is not None and not (parent in store and store.weights(parent.key).exists()):
                add(parent).children.append(job)
                job.waits = True
            jobs[trial.key] = job
        return jobs[trial.key]

    for trial in absent:
        add(trial)
    parents = {trial.parent.key for trial in absent if trial.parent is not None}
    for job in jobs.values():
        job.keep_weights = bool(job.children) or job.trial.key in parents
    return jobs


class Session:
    """One call of :func:`run` that has something to train."""

    def __init__(
        self, jobs: dict[str, Job], store: Records, crew: Crew, time_budget: float | None, shown: Display
    ) -> None:
        self.jobs = jobs
        self.store, self.crew, self.shown = store, crew, shown
        self.deadline = None if time_budget is None else time.monotonic() + time_budget
        self.ready = [job for job in self.jobs.values() if not job.waits]
        self.running: dict[str, Job] = {}
        self.failures: dict[str, str] = {}
        self.finished = 0

    def work(self) -> None:
        """Train all that can be trained.

        Raises:
            Unfinished: when something is left.
        """
        try:
            self.shown.begin(lambda: _plan([], self.jobs, self.store, self.crew, anew=False))
            self._loop()
        finally:
            self.crew.end()
            self.shown.end()
        self._account()

    def _loop(self) -> None:
        pausing = False
        while True:
            if not pausing and self.deadline is not None and time.monotonic() > self.deadline:
                pausing = True
                self.crew.pause()
            while self.ready and not pausing and self.crew.free():
                self._begin(self.ready.pop(0))
            if not self.running:
                return
            event = self.crew.hear(0.5)
            if event is not None and event.key in self.running:
                self._heard(event, self.running[event.key])

    def _begin(self, job: Job) -> None:
        key = job.trial.key
        if job.trial in self.store and (not job.keep_weights or self.store.weights(key).exists()):
            self._finish(job)  # another run finished it meanwhile
            return
        self.running[key] = job
        self.crew.begin(Task(job.trial, self.store.folder.resolve(), job.keep_weights))

    def _heard(self, event: Event, job: Job) -> None:
        if event.kind == "epoch":
            self.shown.epoch(job.trial, event.epochs, event.images_seen)
            return
        del self.running[event.key]
        if event.kind == "finished":
            self._finish(job)
        elif event.kind == "lost" and job.losses < LOSSES:
            job.losses += 1
            self.ready.insert(0, job)
        elif event.kind in ("failed", "lost"):
            self.failures[event.key] = event.sentence
            self.shown.done(job.trial)
        else:
            self.shown.done(job.trial)

    def _finish(self, job: Job) -> None:
        self.finished += 1
        self.ready[:0] = job.children
        self.shown.done(job.trial)

    def _account(self) -> None:
        left = len(self.jobs) - self.finished
        if not left:
            return
        sentences = "".join(f"\n{sentence}" for sentence in self.failures.values())
        raise Unfinished(
            f"{self.finished} of {len(self.jobs)} trials finished, {len(self.failures)} failed, "
            f"{left - len(self.failures)} are left; run again to go on with them.{sentences}"
        )

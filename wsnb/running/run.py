"""``run``: the only way from trials to records.

It looks each trial up in the records and trains what is missing: parents first, each parent once for all
its children, as many at a time as its crew can. A crew is this very process or the worker processes of this machine
(:mod:`wsnb.running.local`), or a Ray cluster (:mod:`wsnb.running.cluster`). Whatever is finished is on disk; a run
that is stopped goes on from there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from wsnb.errors import DamagedRecord, InvalidValue, MissingRecords, TrialFailed, near_miss
from wsnb.evidence.records import Record, Records
from wsnb.running.crew import LOSSES, Crew, Event, Task
from wsnb.running.jobs import Job, jobs_for, not_trained
from wsnb.running.plan import Plan, make_plan, measured_speeds
from wsnb.running.progress import Display, display
from wsnb.trials.trial import Trial

Missing = Literal["train", "skip", "error"]
ENGINES = ("local", "ray")


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
            one per GPU. On a cluster as many as its resources allow. With 0 this very process trains, one after
            another, so that a debugger can step through.
        threads: threads of the processor per trial. Results may differ in the last bits between
            numbers of threads, never between numbers of workers or engines.
        device: ``"cpu"``, ``"cuda"`` (every GPU of this machine), ``"cuda:1"``, ``"cuda:0,cuda:2"``; by
            default the GPUs when there are any. On a cluster ``"cpu"``, ``"cuda"`` (a GPU for each trial)
            or a share of one, ``"cuda/4"``.
        engine: ``"local"`` processes, or a ``"ray"`` cluster.
        address: of the Ray cluster, such as ``"auto"`` or ``"ray://head:10001"``; by default ``RAY_ADDRESS``,
            else a cluster of this machine alone.
        time_budget: seconds after which nothing new is begun, and what is under way keeps its place
            after its epoch; on a cluster it is called off, and begins again another time.
        progress: whether to show it, in a terminal or a live notebook; in this very process never: what is needed for
            an estimate would be trained first.

    Returns:
        The record of each trial asked for, in the order asked; those without one are left out.

    Raises:
        MissingRecords: when records are missing and that is an error.
        DamagedRecord: when a record is damaged and nothing may be trained; else it is set aside and its
            trial runs again.
        Unfinished: when the budget ended or a trial failed; the others' records are written.
    """
    wanted = _trials(trials)
    _check_engine(engine, address)
    _check_number("workers", workers, 1 if engine == "ray" else 0)
    _check_number("threads", threads, 1)
    _check_number("time_budget", time_budget, 0, whole=False)
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
        before = dict.fromkeys(ancestor for trial in absent for ancestor in trial.ancestors())
        _sound(list(before), store, set_aside=True)
        jobs = jobs_for(absent, store)
        crew = _crew(engine, address, workers, threads, device, jobs)
        Session(jobs, store, crew, time_budget, display(progress and workers != 0)).work()
        found |= _sound(absent, store, set_aside=False)
    return {trial: found[trial] for trial in wanted if trial in found}


def recorded(trials: Iterable[Trial], *, records: Records | Path | str | None = None) -> dict[Trial, Record]:
    """Those of these trials that are recorded already; none is trained."""
    return _sound(_trials(trials), _store(records), set_aside=False)


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
    absent = [trial for trial in wanted if store.get(trial) is None]
    jobs = jobs_for(absent, store)
    if not jobs:
        return make_plan(wanted, [], store, {}, 0, "")
    crew = _crew(engine, address, workers, threads, device, jobs)
    try:
        return _plan(wanted, jobs, store, crew, anew=True)
    finally:
        crew.end()


def _plan(wanted: list[Trial], jobs: dict[str, Job], store: Records, crew: Crew, *, anew: bool) -> Plan:
    speeds = measured_speeds([job.trial for job in jobs.values()], crew, anew=anew)
    return make_plan(wanted, list(jobs.values()), store, speeds, crew.size, crew.hardware)


def _store(records: Records | Path | str | None) -> Records:
    if not isinstance(records, Records | Path | str | None):
        raise InvalidValue(f"records is {records!r}; allowed: the path of a folder, Records, or None: the checkout's.")
    return records if isinstance(records, Records) else Records(records)


def _check_number(name: str, given: object, least: float, whole: bool = True) -> None:
    """That a number is one, and large enough."""
    kinds = (int,) if whole else (int, float)
    if given is not None and (type(given) not in kinds or given < least):  # type: ignore[operator]
        sort = "a whole number" if whole else "seconds"
        raise InvalidValue(f"{name} is {given!r}; allowed: {sort}, at least {least:g}.")


def _trials(given: Iterable[Trial]) -> list[Trial]:
    if isinstance(given, Trial) or not isinstance(given, Iterable):
        raise InvalidValue(f"run was given {given!r}; allowed: a list of trials, such as [trial].")
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


# Who trains ---------------------------------------------------------------------------------------


def _check_engine(engine: str, address: str | None) -> None:
    """That there is such an engine and it takes an address, before anything is done."""
    if engine not in ENGINES:
        raise InvalidValue(f"engine is {engine!r}; allowed: {', '.join(ENGINES)}.{near_miss(engine, ENGINES)}")
    if engine == "local" and address is not None:
        raise InvalidValue(f"address is {address!r} and engine is 'local'; an address is for engine='ray'.")


def _crew(
    engine: str, address: str | None, workers: int | None, threads: int, device: str | None, jobs: dict[str, Job]
) -> Crew:
    """The crew that is asked for, no larger than there are jobs."""
    if not isinstance(device, str | None):
        raise InvalidValue(f"device is {device!r}; allowed: a text such as 'cpu', 'cuda' or 'cuda:1', or None.")
    if workers == 0 and engine == "local":
        from wsnb.running.local import InProcess

        return InProcess(threads=threads, device=device)
    _check_travel(jobs)
    if engine == "ray":
        from wsnb.running.cluster import RayCrew

        return RayCrew(address=address, workers=min(workers or len(jobs), len(jobs)), threads=threads, device=device)
    from wsnb.running.local import LocalCrew

    return LocalCrew(workers=workers, threads=threads, device=device, at_most=len(jobs))


def _check_travel(jobs: dict[str, Job]) -> None:
    """That whatever is not this package's can be sent to another process, before anything is begun."""
    from wsnb.running.travel import has_foreign, packed

    for job in jobs.values():
        if has_foreign(job.trial):
            packed(job.trial, job.trial)


# Training -----------------------------------------------------------------------------------------


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
        self.pausing = False
        crew.attend = self._attend

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
        while True:
            self._pause_when_due()
            while self.ready and not self.pausing and self.crew.free():
                self._begin(self.ready.pop(0))
            if not self.running:
                return
            self._hear(0.5)

    def _attend(self) -> None:
        self._hear(0.0)
        self._pause_when_due()

    def _pause_when_due(self) -> None:
        if not self.pausing and self.deadline is not None and time.monotonic() > self.deadline:
            self.pausing = True
            self.crew.pause()

    def _hear(self, seconds: float) -> None:
        event = self.crew.hear(seconds)
        if event is not None and event.key in self.running:
            self._heard(event, self.running[event.key])

    def _begin(self, job: Job) -> None:
        from wsnb.evidence.weights import weights_path

        key, parent = job.trial.key, job.trial.parent
        before = None if parent is None else self.store.find(parent.key)
        if before is not None and before.failed:
            self.store.put(not_trained(job.trial, before))
        there = self.store.get(job.trial)
        if there is not None and (there.failed or not job.keep_weights or weights_path(key).exists()):
            self._finish(job)  # it cannot be trained, or another run finished it meanwhile
            return
        self.running[key] = job
        self.crew.begin(Task(job.trial, self.store.folder.resolve(), job.keep_weights))

    def _heard(self, event: Event, job: Job) -> None:
        if event.kind == "epoch":
            self.shown.epoch(job.trial, event.epochs, event.images_seen)
            return
        del self.running[event.key]
        if event.kind == "finished":
            if event.sentence:
                print(event.sentence, file=sys.stderr)
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

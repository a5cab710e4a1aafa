"""``run``: the only way from trials to records.

It looks each trial up in the records and trains what is missing: parents first, each parent once for all
its children, several at a time on a CPU. Whatever is finished is on disk; a run that is stopped goes on
from there.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wsnb.errors import InvalidValue, MissingRecords, TrialFailed
from wsnb.progress import Display, display
from wsnb.records import Record, Records
from wsnb.trials import Trial

Missing = Literal["train", "skip", "error"]


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
    time_budget: float | None = None,
    progress: bool = True,
) -> dict[Trial, Record]:
    """The records of these trials; what no record answers is trained.

    Args:
        trials: what to find out, in any order; parents need not be named.
        records: where records are kept; the checkout's own by default.
        missing: ``"train"`` what no record answers, ``"skip"`` it, or raise an ``"error"``. By default
            ``WSNB_MISSING``, else ``"train"``.
        workers: how many trials are trained at a time; by default one per ``threads`` cores on a CPU
            and one on a GPU.
        threads: threads of the processor per trial. Results may differ in the last bits between
            numbers of threads, never between numbers of workers.
        device: ``"cpu"``, ``"cuda"``, ...; by default a GPU when there is one.
        time_budget: seconds after which nothing new is begun, and what is under way keeps its place
            after its epoch.
        progress: whether to show it, in a terminal or a live notebook.

    Returns:
        The record of each trial asked for, in the order asked; those without one are left out.

    Raises:
        MissingRecords: when records are missing and that is an error.
        Unfinished: when the budget ended or a trial failed; the others' records are written.
    """
    wanted = list(dict.fromkeys(trials))
    for trial in wanted:
        if not isinstance(trial, Trial):
            raise InvalidValue(f"run was given {trial!r}, a {type(trial).__name__}; allowed: Trials.")
    if _collector is not None:
        _collector.extend(wanted if records is None else ())  # records of its own: a page that trains live
        raise Collected
    store = records if isinstance(records, Records) else Records(records)
    missing = missing or os.environ.get("WSNB_MISSING") or "train"  # type: ignore[assignment]
    if missing not in ("train", "skip", "error"):
        raise InvalidValue(f"missing is {missing!r}; allowed: 'train', 'skip', 'error'.")
    absent = [trial for trial in wanted if trial not in store]
    if absent and missing == "error":
        raise MissingRecords(
            f"{len(absent)} of {len(wanted)} records are missing in {store.folder}, the first that of {absent[0]!r}."
        )
    if absent and missing == "train":
        device = device or default_device()
        workers = workers or (max(1, (os.cpu_count() or 1) // threads) if device == "cpu" else 1)
        Session(absent, store, workers, threads, device, time_budget, display(progress)).work()
    found = {trial: store.get(trial) for trial in wanted}
    return {trial: record for trial, record in found.items() if record is not None}


def default_device() -> str:
    """A GPU when PyTorch sees one, else the CPU."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


# Declaring without training -----------------------------------------------------------------------

_collector: list[Trial] | None = None


class Collected(BaseException):
    """Raised by :func:`run` inside :func:`collecting`: the trials are known, nothing is trained."""


@contextlib.contextmanager
def collecting() -> Iterator[list[Trial]]:
    """Within this context :func:`run` notes its trials in the list and ends the code that called it."""
    global _collector
    outer, _collector = _collector, []
    try:
        yield _collector
    except Collected:
        pass
    finally:
        _collector = outer


# Training -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One trial to train.

    Attributes:
        trial: what to train.
        folder: the folder of records.
        device: where to train.
        threads: how many threads of the processor to use.
        keep_weights: whether children will start from its weights.
    """

    trial: Trial
    folder: Path
    device: str
    threads: int
    keep_weights: bool


@dataclass(frozen=True)
class Event:
    """What a worker has to say: an epoch is done, or the trial is ``finished``, ``failed`` or ``paused``."""

    key: str
    kind: str
    epochs: int = 0
    images_seen: int = 0
    sentence: str = ""


@dataclass
class Job:
    """A trial to be trained in this session."""

    trial: Trial
    children: list[Job] = field(default_factory=list)
    waits_for: Trial | None = None


def jobs_for(absent: list[Trial], store: Records) -> dict[str, Job]:
    """What must be trained, by key: the absent trials, and parents whose weights are not at hand."""
    jobs: dict[str, Job] = {}

    def add(trial: Trial) -> Job:
        if trial.key not in jobs:
            job = Job(trial)
            parent = trial.parent
            if parent is not None and not (parent in store and store.weights(parent.key).exists()):
                add(parent).children.append(job)
                job.waits_for = parent
            jobs[trial.key] = job
        return jobs[trial.key]

    for trial in absent:
        add(trial)
    return jobs


class Session:
    """One call of :func:`run` that has something to train."""

    def __init__(
        self,
        absent: list[Trial],
        store: Records,
        workers: int,
        threads: int,
        device: str,
        time_budget: float | None,
        shown: Display,
    ) -> None:
        self.jobs = jobs_for(absent, store)
        self.parents = {trial.parent.key for trial in absent if trial.parent is not None}
        self.parents |= {job.waits_for.key for job in self.jobs.values() if job.waits_for is not None}
        self.store, self.threads, self.device, self.shown = store, threads, device, shown
        self.deadline = None if time_budget is None else time.monotonic() + time_budget
        self.ready = [job for job in self.jobs.values() if job.waits_for is None]
        self.failures: dict[str, str] = {}
        self.finished = 0
        self.events: queue.Queue = queue.Queue()
        self.workers = [WorkerProcess(self.events) for _ in range(min(workers, len(self.jobs)))]

    def work(self) -> None:
        """Train all that can be trained.

        Raises:
            Unfinished: when something is left.
        """
        self.shown.begin([job.trial for job in self.jobs.values()], self.store, self.device)
        try:
            self._loop()
        finally:
            for worker in self.workers:
                worker.end()
            self.shown.end()
        self._account()

    def _loop(self) -> None:
        while True:
            over = self.deadline is not None and time.monotonic() > self.deadline
            for worker in self.workers:
                if over:
                    worker.pause()
                elif worker.job is None and self.ready:
                    worker.begin(self.ready.pop(0), self)
            if all(worker.job is None for worker in self.workers):
                return
            with contextlib.suppress(queue.Empty):
                self._hear(*self.events.get(timeout=0.5))

    def _hear(self, worker: WorkerProcess, event: object) -> None:
        job = worker.job
        if job is None:
            return
        if isinstance(event, Event) and event.kind == "epoch":
            self.shown.epoch(job.trial, event.epochs, event.images_seen)
            return
        worker.job = None
        if not isinstance(event, Event):
            self._fail(job, f"The process that trained {job.trial!r} ended unexpectedly (exit status {event}).")
            worker.restart()
        elif event.kind == "finished":
            self.finished += 1
            self.ready[:0] = job.children
        elif event.kind == "failed":
            self._fail(job, event.sentence)
        self.shown.done(job.trial)

    def _fail(self, job: Job, sentence: str) -> None:
        self.failures[job.trial.key] = sentence

    def _account(self) -> None:
        left = len(self.jobs) - self.finished
        if not left:
            return
        sentences = "".join(f"\n{sentence}" for sentence in self.failures.values())
        paused = left - len(self.failures)
        raise Unfinished(
            f"{self.finished} of {len(self.jobs)} trials finished, {len(self.failures)} failed, {paused} are left; "
            f"run again to go on with them.{sentences}"
        )


KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(4 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
}
"""glibc's malloc then keeps freed tensors instead of returning their pages at each step: 5 to 20 % faster."""


class WorkerProcess:
    """A process that trains one trial after another."""

    def __init__(self, events: queue.Queue) -> None:
        self.events = events
        self.job: Job | None = None
        self.process: subprocess.Popen | None = None
        self.pausing = False

    def begin(self, job: Job, session: Session) -> None:
        """Have this job trained."""
        self.job = job
        keep = job.trial.key in session.parents
        task = Task(job.trial, session.store.folder.resolve(), session.device, session.threads, keep)
        if self.process is None:
            self._start(session.threads)
        self._send(task)

    def pause(self) -> None:
        """Have it keep its place after the epoch under way."""
        if self.job is not None and not self.pausing:
            self.pausing = True
            self._send("pause")

    def end(self) -> None:
        """End the process; what it was training goes on from its last checkpoint another time."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process.stdin.close()  # type: ignore[union-attr]
            self.process = None

    restart = end

    def _start(self, threads: int) -> None:
        environment = KEEP_MEMORY | os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        command = [sys.executable, "-m", "wsnb.worker"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _send(self, message: object) -> None:
        assert self.process is not None and self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its death is heard by the listener
            pickle.dump(message, self.process.stdin)
            self.process.stdin.flush()

    def _listen(self, process: subprocess.Popen) -> None:
        assert process.stdout is not None
        with contextlib.suppress(EOFError, pickle.UnpicklingError):
            while True:
                self.events.put((self, pickle.load(process.stdout)))
        self.events.put((self, process.wait()))

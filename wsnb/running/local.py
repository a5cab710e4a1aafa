"""The crews on one machine: worker processes, on the CPU or on each of its GPUs, or this very process."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from wsnb.errors import InvalidValue, TrialFailed, counted
from wsnb.running.crew import Event, Speed, Task, Workload
from wsnb.running.travel import packed

KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(4 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
}
"""glibc's malloc then keeps freed tensors instead of returning their pages at each step: 5 to 20 % faster."""


class LocalCrew:
    """Processes that train one trial after another, each on its device.

    Args:
        workers: how many; by default one per ``threads`` cores on a CPU, one per GPU.
        threads: threads of the processor that each may use.
        device: as in :func:`wsnb.running.run.run`.
        at_most: no more workers than this: there are no more trials.

    Raises:
        InvalidValue: when there is no such device here.
    """

    def __init__(
        self, workers: int | None = None, threads: int = 1, device: str | None = None, at_most: int | None = None
    ) -> None:
        devices = devices_of(device)
        count = workers or (max(1, cores() // threads) if devices == ["cpu"] else len(devices))
        count = min(count, at_most or count)
        self._events: queue.Queue[tuple[WorkerProcess, subprocess.Popen, object]] = queue.Queue()
        self.workers = [WorkerProcess(self._events, devices[i % len(devices)], threads) for i in range(count)]
        self.size = count
        from wsnb.running.worker import device_in_words

        self.hardware = f"{device_in_words(devices[0])}, {counted(threads, 'thread')} a worker, {count} at work"

    def free(self) -> bool:
        """Whether another task can begin."""
        return any(worker.task is None for worker in self.workers)

    def begin(self, task: Task) -> None:
        """Have this task done by the first worker that has none."""
        next(worker for worker in self.workers if worker.task is None).begin(task)

    def pause(self) -> None:
        """Have all that is under way keep its place after its epoch."""
        for worker in self.workers:
            if worker.task is not None:
                worker.send("pause")

    def hear(self, seconds: float) -> Event | None:
        """The next event, or None when there is none for so long."""
        try:
            worker, process, said = self._events.get(timeout=seconds)
        except queue.Empty:
            return None
        task = worker.task
        if process is not worker.process:  # the last words of one that was ended
            return None
        if isinstance(said, Event):
            if said.kind != "epoch":
                worker.task = None
            return said
        worker.end()
        if task is None:  # it died of something else: the next task has another process
            return None
        return Event(task.trial.key, "lost", sentence=f"The process that trained {task.trial!r} {_ending(said)}")

    def measure(self, workload: Workload) -> Speed:
        """How fast this work is done while all of the crew do it.

        Raises:
            TrialFailed: when a worker cannot do it.
        """
        content = packed(workload, workload.trial)
        for worker in self.workers:
            worker.send((str(workload), content))
        speeds: list[Speed] = []
        while len(speeds) < len(self.workers):
            _, _, said = self._events.get()
            if not isinstance(said, Speed):
                why = said.sentence if isinstance(said, Event) else f"The process {_ending(said)}"
                raise TrialFailed(f"{workload} cannot be timed. {why}")
            speeds.append(said)
        return Speed.mean(speeds)

    def end(self) -> None:
        """End the processes; what they were training goes on from its last checkpoint another time."""
        for worker in self.workers:
            worker.end()


class InProcess:
    """This very process, one trial after another: what a debugger can step through.

    Args:
        threads: threads of the processor to use.
        device: as in :func:`wsnb.running.run.run`; of several the first.
    """

    size = 1

    def __init__(self, threads: int = 1, device: str | None = None) -> None:
        from wsnb.running.worker import device_in_words

        self._device, self._threads = devices_of(device)[0], threads
        self._events: list[Event] = []
        self._pausing = False
        self.attend: Callable[[], None] = lambda: None
        self.hardware = f"{device_in_words(self._device)}, {counted(threads, 'thread')}, in this process"

    def free(self) -> bool:
        """Always: a task is done when it is begun."""
        return not self._events

    def begin(self, task: Task) -> None:
        """Do this task; what it raises is raised here."""
        import torch

        from wsnb.running.worker import perform

        def tell(event: Event) -> None:
            self._events.append(event)
            self.attend()

        before = torch.get_num_threads()
        try:
            perform(task, self._device, self._threads, tell, lambda: self._pausing)
        finally:
            torch.set_num_threads(before)  # this process is somebody's

    def pause(self) -> None:
        """Begin nothing more."""
        self._pausing = True

    def hear(self, seconds: float) -> Event | None:
        """The next event."""
        return self._events.pop(0) if self._events else None

    def measure(self, workload: Workload) -> Speed:
        """How fast this process does the work."""
        from wsnb.running.calibration import measure

        return measure(workload, self._device, self._threads, 0.0)

    def end(self) -> None:
        """Nothing is left to end."""


class WorkerProcess:
    """A process that does what it is sent; it is started by the first thing sent."""

    def __init__(self, heard: queue.Queue, device: str, threads: int) -> None:
        self.task: Task | None = None
        self.device = device
        self._heard, self._threads = heard, threads
        self.process: subprocess.Popen | None = None

    def begin(self, task: Task) -> None:
        """Have this task done."""
        self.task = task
        self.send((task.trial.key, packed(task, task.trial)))

    def send(self, message: object) -> None:
        """Send ``"pause"``, or a packed :class:`Task` or :class:`Workload` with what a sentence may call it."""
        if self.process is None:
            self._start()
        assert self.process is not None and self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its death is heard by the listener
            pickle.dump(message, self.process.stdin)
            self.process.stdin.flush()

    def end(self) -> None:
        """End the process; another is started when something is sent again."""
        self.task = None
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            with contextlib.suppress(BrokenPipeError):  # what was not yet read
                self.process.stdin.close()  # type: ignore[union-attr]
            self.process = None

    def _start(self) -> None:
        threads = str(self._threads)
        environment = KEEP_MEMORY | os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # modules of one's own are found there too
        command = [sys.executable, "-m", "wsnb.running.worker", self.device, threads, str(time.time())]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen) -> None:
        assert process.stdout is not None
        with contextlib.suppress(EOFError, pickle.UnpicklingError):
            while True:
                self._heard.put((self, process, pickle.load(process.stdout)))
        self._heard.put((self, process, process.wait()))


def _ending(status: object) -> str:
    """The end of a sentence on a process that ended with this exit status."""
    if isinstance(status, int) and status == -signal.SIGKILL:
        return (
            "was killed (signal 9). Most often the machine had no memory left: fewer --workers need less. "
            "It goes on from its last checkpoint when run again."
        )
    return f"ended unexpectedly (exit status {status}). It goes on from its last checkpoint when run again."


def cores() -> int:
    """How many cores of the processor this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def devices_of(device: str | None) -> list[str]:
    """The devices that ``device`` stands for, one by one.

    Raises:
        InvalidValue: when there is no such device here.
    """
    import torch

    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if device is None:
        return gpus or ["cpu"]
    found: list[str] = []
    for name in device.split(","):
        found += gpus if name == "cuda" else [name]
        if name != "cpu" and (not gpus or name not in [*gpus, "cuda"]):
            none = "" if gpus else " PyTorch sees no GPU on this machine."
            raise InvalidValue(f"device is {device!r}; allowed here: {', '.join(['cpu', *gpus])}.{none}")
    return found

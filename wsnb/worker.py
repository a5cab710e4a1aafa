"""Training one trial to its record, and the process that does so for others.

``python -m wsnb.worker`` reads pickled tasks from its standard input and answers with pickled events,
until its input ends. It is the engine's own pipe, to code of the same version on the same machine.
Processes are started afresh, not forked, and import nothing of the program that asks.
"""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import os
import pickle
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import wsnb
from wsnb import data, places
from wsnb.engine import Event, Task
from wsnb.errors import TrialFailed, WsnbError
from wsnb.records import Record, Records
from wsnb.training import Outcome, train
from wsnb.weights import FileCheckpoint, load_weights, save_weights


class Paused(Exception):
    """Training was asked to stop; its place is kept."""


def perform(task: Task, tell: Callable[[Event], None], paused: Callable[[], bool]) -> None:
    """Train the task's trial and write its record; how it ended is told as an event, only bugs are raised.

    Args:
        task: what to do.
        tell: hears of each epoch and of the end.
        paused: asked after each epoch; True ends the training, to go on from its checkpoint later.
    """
    trial, key = task.trial, task.trial.key

    def after_epoch(epochs: int, images_seen: int) -> None:
        tell(Event(key, "epoch", epochs, images_seen))
        if paused():
            raise Paused

    try:
        _train_to_record(task, FileCheckpoint(Records(task.folder).checkpoint(key), hurry=paused), after_epoch)
    except Paused:
        tell(Event(key, "paused"))
    except torch.OutOfMemoryError as error:
        tell(Event(key, "failed", sentence=f"The device ran out of memory in {trial!r}: {error}"))
    except MemoryError:
        tell(Event(key, "failed", sentence=f"This machine ran out of memory in {trial!r}."))
    except WsnbError as error:
        tell(Event(key, "failed", sentence=str(error)))
    else:
        tell(Event(key, "finished"))


def _train_to_record(task: Task, checkpoint: FileCheckpoint, after_epoch: Callable[[int, int], None]) -> None:
    trial, records = task.trial, Records(task.folder)
    began, started = time.perf_counter(), datetime.datetime.now(datetime.UTC)
    torch.set_num_threads(task.threads)
    parent = None
    if trial.parent is not None:
        parent = load_weights(records.weights(trial.parent.key))
        if parent is None:
            raise TrialFailed(f"The weights of {trial.parent!r} are missing or damaged. Run again to make them again.")
    images = data.take(_loaded(trial.data.dataset, trial.data.resize), trial.data, trial.seed)
    outcome = train(trial, images, parent=parent, device=task.device, checkpoint=checkpoint, after_epoch=after_epoch)
    if task.keep_weights:
        save_weights(records.weights(trial.key), outcome.snapshot)
    if trial not in records:
        seconds = time.perf_counter() - began
        records.put(_record(task, outcome, started.isoformat(timespec="seconds"), seconds))
    checkpoint.remove()


@functools.lru_cache(maxsize=2)
def _loaded(name: str, resize: int | None) -> data.ImageSet:
    return data.load(name, resize=resize)


def _record(task: Task, outcome: Outcome, started: str, seconds: float) -> Record:
    progress = outcome.progress
    curves = {name: [_rounded(value) for value in curve] for name, curve in progress.curves.items()}
    provenance = {
        "versions": versions(),
        "commit": commit(),
        "device": device_in_words(task.device),
        "threads": task.threads,
        "started": started,
        "seconds": round(seconds, 1),
    }
    final = {name: _rounded(value) for name, value in outcome.final.items()}
    initial = {name: _rounded(value) for name, value in progress.initial.items()}
    return Record(task.trial.canonical(), initial, curves, final, provenance)


def _rounded(value: Any) -> Any:
    """Seven digits: more than an accuracy over 60 000 images needs, fewer than make a diff unreadable."""
    return float(f"{value:.7g}") if isinstance(value, float) else value


def versions() -> dict[str, str]:
    """Versions of the package and of what its numbers depend on."""
    found = {"wsnb": wsnb.__version__, "python": platform.python_version()}
    return found | {name: importlib.metadata.version(name) for name in ("torch", "torchvision", "numpy", "pillow")}


@functools.cache
def commit() -> str | None:
    """The commit that the package runs from, with ``+`` when its files were changed since; None outside git."""
    git = ["git", "-C", str(places.root())]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain", "wsnb"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


@functools.cache
def device_in_words(device: str) -> str:
    """The processor's or the GPU's name."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    """Serve tasks from standard input until it ends."""
    commit()  # of the code as this process has loaded it, whatever is edited while it trains
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the engine decides
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to standard error, not into the channel
    tasks: list[Task] = []
    arrived, stop = threading.Condition(), threading.Event()

    def listen() -> None:
        while True:
            try:
                message = pickle.load(sys.stdin.buffer)
            except EOFError:
                os._exit(0)  # the engine is gone: checkpoints are on disk, nobody waits for the rest
            if message == "pause":
                stop.set()
                continue
            with arrived:
                tasks.append(message)
                arrived.notify()

    def tell(event: Event) -> None:
        pickle.dump(event, channel)
        channel.flush()

    threading.Thread(target=listen, daemon=True).start()
    while True:
        with arrived:
            arrived.wait_for(lambda: tasks)
            task = tasks.pop(0)
        perform(task, tell, stop.is_set)


if __name__ == "__main__":
    main()

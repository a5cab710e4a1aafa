"""Training one trial to its record, and the process that does so for others.

``python -m wsnb.running.worker DEVICE THREADS`` reads packed tasks and workloads from its standard input and
answers with pickled events and speeds, until its input ends. It is the engine's own pipe, to code of the
same version on the same machine. Processes are started afresh, not forked, and import nothing of the
program that asks.
"""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import os
import pickle
import platform
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from wsnb import places, version
from wsnb.data import catalogue, image_set
from wsnb.errors import TrialFailed, WsnbError
from wsnb.evidence.records import Record, Records
from wsnb.evidence.weights import FileCheckpoint, checkpoint_path, digest, load_weights, save_weights, weights_path
from wsnb.running.calibration import measure, peak_memory
from wsnb.running.crew import Event, Speed, Task, Workload
from wsnb.running.travel import unpacked
from wsnb.training.loop import Outcome, train
from wsnb.trials.trial import Trial, key_of


class Paused(Exception):
    """Training was asked to stop; its place is kept."""


def perform(task: Task, device: str, threads: int, tell: Callable[[Event], None], paused: Callable[[], bool]) -> None:
    """Train the task's trial and write its record; how it ended is told as an event, only bugs are raised.

    Args:
        task: what to do.
        device: where to train.
        threads: how many threads of the processor to use.
        tell: hears of each epoch and of the end.
        paused: asked after each epoch; True ends the training, to go on from its checkpoint later.
    """
    trial, key = task.trial, task.trial.key
    pausing = False

    def hurry() -> bool:
        nonlocal pausing
        pausing = paused()
        return pausing

    def after_epoch(epochs: int, images_seen: int) -> None:
        tell(Event(key, "epoch", epochs, images_seen))
        if pausing:  # as it was when the place was kept: whoever asks since then waits for another epoch
            raise Paused

    def failed(sentence: str) -> None:
        tell(Event(key, "failed", sentence=sentence))

    try:
        torch.set_num_threads(threads)
        checkpoint = FileCheckpoint(checkpoint_path(key), trial.asked, hurry)
        said = _train_to_record(task, device, checkpoint, after_epoch)
    except Paused:
        tell(Event(key, "paused"))
    except (MemoryError, RuntimeError) as error:
        if not (sentence := _out_of_memory(error, device)):
            raise
        failed(f"{sentence} in {trial!r}. Fewer --workers at a time, or a smaller batch_size, need less.")
    except WsnbError as error:
        failed(str(error))
    else:
        tell(Event(key, "finished", sentence=said))


def _out_of_memory(error: Exception, device: str) -> str:
    """The beginning of a sentence when the error says that memory ran out, else nothing."""
    if isinstance(error, torch.OutOfMemoryError):
        torch.cuda.empty_cache()
        return f"The memory of {device} ran out"
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):  # PyTorch's on the CPU
        return "This machine's memory ran out"
    return ""


def _train_to_record(
    task: Task, device: str, checkpoint: FileCheckpoint, after_epoch: Callable[[int, int], None]
) -> str:
    """Train and write; a sentence when it came out otherwise than its record says, else nothing."""
    trial, records = task.trial, Records(task.folder)
    form = trial.canonical()  # as it was asked for: training may change what its methods' code names
    if key_of(form) != trial.key:
        raise TrialFailed(
            f"{trial!r} would be another trial here: the images of {trial.data.dataset!r}, or the code of its methods, "
            "have changed since it was asked for, or are others here. Make them the same, or ask for it again."
        )
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    parent, old, said = None, 0, ""
    everything = _loaded(trial.data.dataset, trial.data.resize, catalogue.identity(trial.data.dataset)["fingerprint"])
    images = image_set.take(everything, trial.data, trial.seed)
    if trial.parent is not None:
        path = weights_path(trial.parent.key)
        parent = load_weights(path)
        if parent is None:
            path.unlink(missing_ok=True)
            raise TrialFailed(f"The weights of {trial.parent!r} are missing or damaged. Run again to make them again.")
        before = records.find(trial.parent.key)
        if before is not None and before.provenance.get("weights") not in (None, digest(parent.model)):
            said = f"{trial!r} starts from weights that are not those of its parent's record {trial.parent.key}. "
        if _nested(trial.parent, trial):
            seen = image_set.take(everything, trial.parent.data, trial.seed)
            old = min(len(seen.train_images), len(images.train_images))
    outcome = train(
        trial, images, parent=parent, old=old, device=device, checkpoint=checkpoint, after_epoch=after_epoch
    )
    record, there = _record(form, trial.asked, outcome, device, started), records.find(trial.key)
    differing = there.differences(record) if there is not None else []
    if differing and there is not None and not there.holds(record.measured):
        checkpoint.remove()
        raise TrialFailed(
            f"{trial!r} was trained again for what its record {trial.key} lacks, and came out otherwise than that says "
            f"({', '.join(differing)}): made on {there.provenance.get('device')} then, on {device_in_words(device)} "
            "now. The record stays as it is. Measure it where it was made, or keep the records in another folder."
        )
    weights = weights_path(trial.key)
    # Where another process was faster, its record and its weights belong together: on a GPU these differ.
    if task.keep_weights and outcome.snapshot is not None and not (there is not None and weights.exists()):
        save_weights(weights, outcome.snapshot)
    records.put(record)
    checkpoint.remove()
    if there is None:
        return said
    if lost := [each for each in there.measured["callbacks"] if each not in record.measured["callbacks"]]:
        said += f"The record {trial.key} held what {lost} had measured, and holds what was asked for now in its place. "
    then, now = there.provenance, record.provenance
    digests = {made["weights"] for made in (then, now) if "weights" in made}
    if not (differing := differing + ["weights"] * (len(digests) > 1)):
        return said
    return said + (
        f"{trial!r} was trained again and came out otherwise than its record {trial.key} says "
        f"({', '.join(differing)}): made on {then.get('device')} then, on {now['device']} now."
    )


def _nested(parent: Trial, child: Trial) -> bool:
    """Whether the child's part begins with the parent's."""
    one, other = parent.data, child.data
    facts = ("dataset", "classes", "resize", "held_out", "by_class")
    return parent.seed == child.seed and all(getattr(one, name) == getattr(other, name) for name in facts)


@functools.lru_cache(maxsize=2)
def _loaded(name: str, resize: int | None, fingerprint: str) -> image_set.ImageSet:
    """All images of this name; those of another ``fingerprint``, as of a folder that has changed, are loaded anew."""
    return image_set.load(name, resize=resize)


def _record(form: dict[str, Any], asked: dict[str, Any], outcome: Outcome, device: str, started: str) -> Record:
    progress = outcome.progress
    curves = {name: [_rounded(value) for value in curve] for name, curve in progress.curves.items()}
    final = {name: _rounded(value) for name, value in outcome.final.items()}
    initial = {name: _rounded(value) for name, value in progress.initial.items()}
    made = {
        "versions": versions(),
        "commit": commit(),
        "device": device_in_words(device),
        "threads": torch.get_num_threads(),
        "started": started,
        "seconds": round(progress.spent, 1),
        "memory_mb": round(peak_memory(device) / 2**20),
    }
    if outcome.snapshot is not None:
        made["weights"] = digest(outcome.snapshot.model)
    return Record(form, asked, initial, curves, final, made)


def _rounded(value: Any) -> Any:
    """Seven digits: more than an accuracy over 60 000 images needs, fewer than make a diff unreadable."""
    return float(f"{value:.7g}") if isinstance(value, float) else value


def versions() -> dict[str, str]:
    """Versions of the package and of what its numbers depend on."""
    found = {"wsnb": version.__version__, "python": platform.python_version()}
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


def main(device: str, threads: int, asked: float) -> None:
    """Serve tasks and workloads from standard input until it ends.

    Args:
        device: where to train.
        threads: how many threads of the processor to use.
        asked: when this process was started, in seconds since 1970.
    """
    commit()  # of the code as this process has loaded it, whatever is edited while it trains
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the engine decides
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to standard error, not into the channel
    start = time.time() - asked
    arrived: queue.Queue[tuple[str, bytes]] = queue.Queue()
    stop = threading.Event()

    def listen() -> None:
        while True:
            try:
                message = pickle.load(sys.stdin.buffer)
            except EOFError:
                os._exit(0)  # the engine is gone: checkpoints are on disk, nobody waits for the rest
            if message == "pause":
                stop.set()
            else:
                arrived.put(message)

    def tell(message: Event | Speed) -> None:
        pickle.dump(message, channel)
        channel.flush()

    threading.Thread(target=listen, daemon=True).start()
    while True:
        name, content = arrived.get()
        try:
            task = unpacked(content)
        except Exception as error:  # code of somebody's: it may need what is not here
            why = f"cannot be read by the process that would do it: {type(error).__name__}: {error}."
            tell(Event(name, "failed", sentence=f"{name} {why}"))
            continue
        if isinstance(task, Workload):
            tell(measure(task, device, threads, start))
            continue
        try:
            perform(task, device, threads, tell, stop.is_set)
        except Exception as error:  # a bug, or one in a method of somebody's: it would only be met again
            tell(Event(name, "failed", sentence=f"{task.trial!r} failed: {type(error).__name__}: {error}."))
            traceback.print_exc()
            os._exit(1)  # another process does what is next: this one's GPU may be in no fit state


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))

"""Weights and checkpoints: a cache of the user's, in safetensors, shared by all checkouts and never committed.

They are known by their trials' keys. The cache is kept below a size: what was used longest ago goes first, and
is trained again when a child asks for it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import save as to_safetensors

from wsnb import places
from wsnb.errors import InvalidValue
from wsnb.files import write_whole
from wsnb.training.loop import Place, Progress, Snapshot, State

CHECKPOINT_SECONDS = 20.0
"""A checkpoint is written when the last is older than this."""

CHECKPOINT_SHARE = 20.0
"""And older than this many times what writing the last took: large networks do not spend their time on it."""

MOST_GIB = 20.0
"""The size that the cache is kept below; ``WSNB_WEIGHTS_GIB`` says another."""

RECENT_SECONDS = 3600.0
"""What was used within this time is kept whatever the size: a child may be reading it."""


def weights_path(key: str) -> Path:
    """Where the weights that this trial ended with are kept for its children."""
    return places.weights() / f"{key}.safetensors"


def checkpoint_path(key: str) -> Path:
    """Where the place of this trial is kept while it is unfinished."""
    return places.weights() / "unfinished" / f"{key}.safetensors"


def save_weights(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot, whole or not at all, and keep the cache below its size."""
    facts = {"classes": str(snapshot.classes), "image_shape": json.dumps(snapshot.image_shape)}
    _save(path, {"model": snapshot.model, "optimizer": snapshot.optimizer}, facts, "the weights")
    _keep_size(path.parent)


def put_weights(path: Path, content: bytes) -> None:
    """Write the file of a snapshot as it came from another machine; else as :func:`save_weights`."""
    write_whole(path, content, what="the weights")
    _keep_size(path.parent)


def load_weights(path: Path) -> Snapshot | None:
    """The snapshot in this file; None when there is none or it is damaged (it can be made again)."""
    found = _load(path)
    if found is None:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used now
    states, facts = found
    shape = tuple(json.loads(facts["image_shape"]))
    return Snapshot(states["model"], states["optimizer"], int(facts["classes"]), shape)


def digest(state: State) -> str:
    """Sixteen hexadecimal digits of a SHA-256 over a network's state: equal weights, equal digits."""
    return hashlib.sha256(to_safetensors(state)).hexdigest()[:16]


def _keep_size(folder: Path) -> None:
    said = os.environ.get("WSNB_WEIGHTS_GIB", str(MOST_GIB))
    try:
        most = float(said) * 2**30
    except ValueError as error:
        raise InvalidValue(f"WSNB_WEIGHTS_GIB is {said!r}; allowed: a number of GiB, such as 20.") from error
    found = []
    for path in folder.rglob("*.safetensors"):  # with the places of trainings that were never finished
        with contextlib.suppress(OSError):  # another process was faster
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    left = sum(size for _, size, _ in found)
    for used, size, path in sorted(found):
        if left <= most or time.time() - used < RECENT_SECONDS:
            return
        path.unlink(missing_ok=True)
        left -= size


class FileCheckpoint:
    """The place of one unfinished trial, in one file that each saving replaces.

    It is saved when the last one is old enough, or at once when ``hurry()`` says so.

    Args:
        path: the file.
        asked: what is measured (:attr:`wsnb.Trial.asked`): a place that was kept for another is none.
        hurry: whether to save at once.
    """

    def __init__(self, path: Path, asked: Any = None, hurry: Callable[[], bool] = lambda: False) -> None:
        self.path, self.hurry = path, hurry
        self._asked = json.dumps(asked, sort_keys=True)
        self._saved, self._took = time.monotonic(), 0.0

    def load(self) -> Place | None:
        """The last place kept, or None."""
        found = _load(self.path)
        if found is None or found[1].get("asked") != self._asked:
            return None
        return Place(found[0], Progress(**json.loads(found[1]["progress"])))

    def save(self, make: Callable[[], Place]) -> None:
        """Keep this place, if it is time to."""
        began = time.monotonic()
        if self.hurry() or began - self._saved >= max(CHECKPOINT_SECONDS, CHECKPOINT_SHARE * self._took):
            place = make()
            progress = json.dumps(dataclasses.asdict(place.progress))
            _save(self.path, place.states, {"progress": progress, "asked": self._asked}, "a checkpoint")
            self._saved = time.monotonic()
            self._took = self._saved - began

    def remove(self) -> None:
        """Forget the place: the trial is finished."""
        self.path.unlink(missing_ok=True)


def _save(path: Path, states: dict[str, State], metadata: dict[str, str], what: str) -> None:
    tensors = {f"{part}/{name}": tensor for part, state in states.items() for name, tensor in state.items()}
    metadata = metadata | {"parts": json.dumps(list(states))}  # one may be empty: plain SGD remembers nothing
    write_whole(path, to_safetensors(tensors, metadata | {"sha256": _checksum(tensors, metadata)}), what=what)


def _checksum(tensors: State, metadata: dict[str, str]) -> str:
    text = json.dumps(metadata, sort_keys=True)
    return hashlib.sha256(to_safetensors(tensors) + text.encode()).hexdigest()


def _load(path: Path) -> tuple[dict[str, State], dict[str, str]] | None:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            metadata = file.metadata() or {}
    except (safetensors.SafetensorError, OSError):
        return None
    if metadata.pop("sha256", None) != _checksum(tensors, metadata) or "parts" not in metadata:
        return None
    states: dict[str, State] = {part: {} for part in json.loads(metadata["parts"])}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        states[part][rest] = tensor
    return states, metadata

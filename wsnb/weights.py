"""Weights and checkpoints: a cache beside the records, in safetensors, never committed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import safetensors
from safetensors.torch import save as to_safetensors

from wsnb.records import write_whole
from wsnb.starts import State
from wsnb.training import Progress, Snapshot

CHECKPOINT_SECONDS = 20.0
"""A checkpoint is written when the last is older than this."""


def save_weights(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot, whole or not at all."""
    _save(path, snapshot, {}, "the weights")


def load_weights(path: Path) -> Snapshot | None:
    """The snapshot in this file; None when there is none or it is damaged (it can be made again)."""
    found = _load(path)
    return found[0] if found else None


class FileCheckpoint:
    """The place of one unfinished trial, in one file that each saving replaces.

    It is saved when the last one is old enough, or at once when ``hurry()`` says so.
    """

    def __init__(self, path: Path, hurry: Callable[[], bool] = lambda: False) -> None:
        self.path = path
        self.hurry = hurry
        self._saved = time.monotonic()

    def load(self) -> tuple[Snapshot, Progress] | None:
        """The last place kept, or None."""
        found = _load(self.path)
        if found is None or "progress" not in found[1]:
            return None
        return found[0], Progress(**json.loads(found[1]["progress"]))

    def save(self, make: Callable[[], tuple[Snapshot, Progress]]) -> None:
        """Keep this place, if it is time to."""
        if self.hurry() or time.monotonic() - self._saved >= CHECKPOINT_SECONDS:
            snapshot, progress = make()
            _save(self.path, snapshot, {"progress": json.dumps(dataclasses.asdict(progress))}, "a checkpoint")
            self._saved = time.monotonic()

    def remove(self) -> None:
        """Forget the place: the trial is finished."""
        self.path.unlink(missing_ok=True)


def _save(path: Path, snapshot: Snapshot, metadata: dict[str, str], what: str) -> None:
    tensors = {f"model.{name}": tensor for name, tensor in snapshot.model.items()}
    tensors |= {f"optimiser.{name}": tensor for name, tensor in snapshot.optimiser.items()}
    write_whole(path, to_safetensors(tensors, metadata | {"sha256": _digest(tensors, metadata)}), what=what)


def _digest(tensors: State, metadata: dict[str, str]) -> str:
    text = json.dumps(metadata, sort_keys=True)
    return hashlib.sha256(to_safetensors(tensors) + text.encode()).hexdigest()


def _load(path: Path) -> tuple[Snapshot, dict[str, str]] | None:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            metadata = file.metadata() or {}
    except (safetensors.SafetensorError, OSError):
        return None
    if metadata.pop("sha256", None) != _digest(tensors, metadata):
        return None
    parts: dict[str, State] = {"model": {}, "optimiser": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = tensor
    return Snapshot(**parts), metadata

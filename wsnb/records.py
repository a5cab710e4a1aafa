"""Records: one small JSON file per finished trial, the book's evidence.

A record holds the trial in its canonical form, what was measured, and where that came from. Its name is
the trial's key and it carries a checksum, so a record that was cut short or edited is noticed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wsnb import places
from wsnb.errors import RecordError, WsnbError
from wsnb.trials import Trial, key_of

FORMAT = 1


@dataclass(frozen=True)
class Record:
    """The result of one trial.

    Attributes:
        trial: the trial's canonical form (its parent stands in it by its key).
        initial: ``test_accuracy`` and ``test_loss`` before the first step, on the curve's test images.
        curves: by epoch, see :class:`wsnb.training.Progress`; accuracies are fractions of 1.
        final: ``test_accuracy``, ``test_loss``, ``train_accuracy``, ``train_loss`` over all images, and
            ``epochs``, ``images_seen``, ``stopped``.
        provenance: what made it: versions, commit, device, threads, start, seconds.
    """

    trial: dict[str, Any]
    initial: dict[str, float]
    curves: dict[str, list[float]]
    final: dict[str, Any]
    provenance: dict[str, Any]

    @property
    def key(self) -> str:
        """The key of the trial that this record answers."""
        return key_of(self.trial)

    @property
    def test_accuracy(self) -> float:
        """Final test accuracy in percent."""
        return 100 * self.final["test_accuracy"]

    @property
    def converged(self) -> bool:
        """Whether training stopped for the reason it was meant to, not at its limit of epochs."""
        return self.final["stopped"] != "epoch limit"

    def to_json(self) -> str:
        """The text of the record's file: each curve on a line of its own."""
        body = {"format": FORMAT, "key": self.key} | dataclasses.asdict(self)
        text = json.dumps(body | {"checksum": _checksum(body)}, indent=1, allow_nan=False)
        return re.sub(r'\[\n[^\[\]{}"]*\]', lambda found: re.sub(r"\s+", " ", found[0]), text) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str) -> Record:
        """The record in ``text``; ``name`` is what errors call it.

        Raises:
            RecordError: when it is cut short, edited, or not a record.
        """
        advice = "Restore it from git or another copy, or delete it and run its chapter again."
        changed = RecordError(f"The record {name} was changed after it was made: its checksum differs. {advice}")
        try:
            body = json.loads(text)
            if body.pop("checksum") != _checksum(body):
                raise changed
            if body["format"] != FORMAT:
                raise RecordError(
                    f"The record {name} has format {body['format']}; this wsnb reads {FORMAT}. Update it."
                )
            record = cls(**{field.name: body[field.name] for field in dataclasses.fields(cls)})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"The record {name} is cut short or no record at all. {advice}") from error
        if body["key"] != record.key:
            raise changed
        return record


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


class Records:
    """A folder of records, one ``KEY.json`` each; made when the first is written."""

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder) if folder is not None else places.records()

    def path(self, key: str) -> Path:
        """Where the record of this key is, or would be."""
        return self.folder / f"{key}.json"

    def weights(self, key: str) -> Path:
        """Where the weights that this trial ended with are kept for its children: a cache, never committed."""
        return self.folder / ".cache" / "weights" / f"{key}.safetensors"

    def checkpoint(self, key: str) -> Path:
        """Where the place of this trial is kept while it is unfinished."""
        return self.folder / ".cache" / "checkpoints" / f"{key}.safetensors"

    def __contains__(self, trial: Trial) -> bool:
        return self.path(trial.key).exists()

    def get(self, trial: Trial) -> Record | None:
        """The record that answers this trial, or None.

        Raises:
            RecordError: when there is one and it is damaged.
        """
        path = self.path(trial.key)
        return self.read(path) if path.exists() else None

    def read(self, path: Path) -> Record:
        """The record in this file.

        Raises:
            RecordError: when it is damaged, or is not the record of its name.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecordError(f"The record {path.name} cannot be read: {error}.") from error
        record = Record.from_json(text, path.name)
        if record.key != path.stem:
            raise RecordError(f"The record {path.name} is that of another trial, {record.key}. Rename or delete it.")
        return record

    def paths(self) -> list[Path]:
        """The files of all records, by name."""
        return sorted(self.folder.glob("*.json"))

    def __iter__(self) -> Iterator[Record]:
        return (self.read(path) for path in self.paths())

    def put(self, record: Record) -> Path:
        """Write the record, whole or not at all.

        Raises:
            RecordError: when the disk has no room or the folder cannot be written.
        """
        path = self.path(record.key)
        write_whole(path, record.to_json().encode(), what=f"the record {path.name}")
        return path

    def table(self) -> pd.DataFrame:
        """One row per record: key, the trial's settings, final measurements, provenance."""
        rows = []
        for record in self:
            settings = {name: _in_a_cell(value) for name, value in _flat(record.trial)}
            provenance = {name: _in_a_cell(value) for name, value in _flat(record.provenance)}
            rows.append({"key": record.key} | settings | record.final | provenance)
        return pd.DataFrame(rows)


def _flat(form: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """("data.dataset", value) pairs of nested objects; an object's ``kind`` stands under its own name."""
    for name, value in form.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield (prefix + name).removesuffix(".kind"), value


def _in_a_cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def write_whole(path: Path, content: bytes, *, what: str, error: type[WsnbError] = RecordError) -> None:
    """Write a file so that other processes see all of it or none, and a failure leaves nothing behind.

    Raises:
        WsnbError: of the type ``error``, a sentence about ``what`` when it cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise error(f"Could not write {what} in {path.parent}: {reason}. Nothing half-written was left.") from failure
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)

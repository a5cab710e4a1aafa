"""Records: one small JSON file per finished trial, the book's evidence.

A record holds the trial in its canonical form, what was measured, and where that came from. Its name is
the trial's key and it carries a checksum, so a record that was cut short or edited is noticed. It is read
without the code of the trial's methods, which only making the trial again needs.

Any number of processes may write to one folder, on one machine or on a file system that several share:
the first record of a trial stays, and nobody sees a part of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsnb import places
from wsnb.errors import DamagedRecord, InvalidValue, RecordError, near_miss
from wsnb.files import write_whole
from wsnb.trials.trial import CURVES, FINALS, Trial, key_of

if TYPE_CHECKING:
    import pandas as pd  # half of a second: loaded where a table is made

FORMAT = 2

ADVICE = "Restore it from git or another copy, or delete it and run its chapter again."


@dataclass(frozen=True)
class Record:
    """The result of one trial.

    Attributes:
        trial: the trial's canonical form (its parent stands in it by its key).
        measured: what was asked for beside what every record holds: ``curve_images``, and the ``callbacks`` that
            only measure. See :attr:`wsnb.Trial.asked`.
        initial: ``test_accuracy`` and ``test_loss`` before the first step, on the curve's test images.
        curves: by epoch, see :class:`wsnb.training.loop.Progress`; accuracies are fractions of 1.
        final: ``test_accuracy``, ``test_loss``, ``train_accuracy``, ``train_loss`` over all images;
            ``late_test_accuracy``, over all test images, the mean of the last five epochs; and ``epochs``, ``steps``,
            ``images_seen``, ``stopped``. A training that diverged, or whose parent did, has a sentence under
            ``failed`` and no accuracies.
        provenance: what made it: versions, commit, device, threads, start, seconds, a digest of the weights.
    """

    trial: dict[str, Any]
    measured: dict[str, Any]
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
        """Final test accuracy in percent; NaN of a training that failed."""
        return 100 * self.final.get("test_accuracy", float("nan"))

    @property
    def failed(self) -> str:
        """Why there is no result: the training diverged, or its parent did; else nothing."""
        return self.final.get("failed", "")

    @property
    def converged(self) -> bool:
        """Whether training stopped for the reason it was meant to: not at its limit of epochs, and not failed."""
        return not self.failed and self.final["stopped"] != "epoch limit"

    def holds(self, asked: Mapping[str, Any]) -> bool:
        """Whether it holds what is asked to be measured; one that failed has nothing to measure."""
        return bool(self.failed) or (
            self.measured["curve_images"] == asked["curve_images"]
            and all(each in self.measured["callbacks"] for each in asked["callbacks"])
        )

    def differences(self, other: Record) -> list[str]:
        """Which measurements of both differ: times are none, and what was not measured alike is not compared."""
        curves = self.curves.keys() & other.curves.keys() - {"seconds"}
        finals = self.final.keys() & other.final.keys()
        if self.measured["callbacks"] != other.measured["callbacks"]:
            curves, finals = curves & set(CURVES), finals & set(FINALS)
        found = {name for name in finals if self.final[name] != other.final[name]}
        if self.measured["curve_images"] == other.measured["curve_images"]:
            found |= {name for name in curves if self.curves[name] != other.curves[name]}
            found |= {"initial"} if self.initial != other.initial else set()
        return sorted(found)

    def to_json(self) -> str:
        """The text of the record's file: each curve on a line of its own."""
        body = {"format": FORMAT, "key": self.key} | dataclasses.asdict(self)
        text = json.dumps(body | {"checksum": _checksum(body)}, indent=1, allow_nan=False)
        return re.sub(r'\[\n[^\[\]{}"]*\]', lambda found: re.sub(r"\s+", " ", found[0]), text) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, name: str) -> Record:
        """The record in ``text``; ``name`` is what errors call it.

        Raises:
            DamagedRecord: when it is cut short, edited, or not a record.
            RecordError: when its format is another one.
        """
        changed = DamagedRecord(f"The record {name} was changed after it was made: its checksum differs. {ADVICE}")
        try:
            body = json.loads(text)
            if body.pop("checksum") != _checksum(body):
                raise changed
            if body["format"] != FORMAT:
                older = "An older wsnb made it: delete it and run its chapter again."
                raise RecordError(
                    f"The record {name} has format {body['format']}; this wsnb reads {FORMAT}. "
                    f"{'Update wsnb.' if body['format'] > FORMAT else older}"
                )
            parts = {field.name: body[field.name] for field in dataclasses.fields(cls)}
            if not all(isinstance(part, dict) for part in parts.values()):
                raise TypeError("a part is no object")
            record = cls(**parts)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedRecord(f"The record {name} is cut short or no record at all. {ADVICE}") from error
        if body["key"] != record.key:
            raise changed
        return record

    @classmethod
    def from_file(cls, content: bytes, name: str) -> Record:
        """The record that a file called ``name`` holds: ``KEY.json`` of its own key.

        Raises:
            DamagedRecord: as :meth:`from_json`, and when it stands under another name.
            RecordError: when its format is another one.
        """
        record = cls.from_json(content, name)
        if name != f"{record.key}.json":
            raise DamagedRecord(f"The record {name} is that of another trial, {record.key}. Rename or delete it.")
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

    def get(self, trial: Trial) -> Record | None:
        """The record that answers this trial and holds what it asks to be measured, or None.

        Raises:
            DamagedRecord: when there is one and it is damaged.
            RecordError: when there is one and it cannot be read.
        """
        record = self.find(trial.key)
        return record if record is not None and record.holds(trial.asked) else None

    def find(self, key: str) -> Record | None:
        """The record of this key, as :meth:`get`; None too when another process has just moved it."""
        try:
            return self.read(self.path(key))
        except RecordError as error:
            if isinstance(error.__cause__, (FileNotFoundError, NotADirectoryError)):
                return None
            raise

    def read(self, path: Path) -> Record:
        """The record in this file.

        Raises:
            DamagedRecord: when it is damaged, or is not the record of its name.
            RecordError: when it cannot be read, or its format is another one.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RecordError(f"The record {path.name} cannot be read: {error}.") from error
        return Record.from_file(content, path.name)

    def paths(self) -> list[Path]:
        """The files of all records, by name."""
        try:
            names = os.listdir(self.folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise RecordError(f"The records in {self.folder} cannot be listed: {error}.") from error
        return [self.folder / name for name in sorted(names) if name.endswith(".json") and not name.startswith(".")]

    def __iter__(self) -> Iterator[Record]:
        return (self.read(path) for path in self.paths())

    def put(self, record: Record) -> Path:
        """Write the record, whole or not at all. A sound one that is there already stays, unless it holds less.

        A damaged one is set aside first. Where a file system has no hard links and two processes write
        the same record at the same moment, the last one stays instead, no less whole.

        Raises:
            RecordError: when the disk has no room or the folder cannot be written, or when the one there
                cannot be read.
        """
        path, there = self.path(record.key), None
        try:
            there = self.find(record.key)
        except DamagedRecord:
            self.set_aside(record.key)
        if there is None or not there.holds(record.measured):
            content = record.to_json().encode()
            write_whole(path, content, what=f"the record {path.name}", replace=there is not None)
        return path

    def trial_of(self, record: Record) -> Trial:
        """The trial that a record answers, with those before it, whose records are here too.

        Raises:
            RecordError: when the record of one before it is missing.
            InvalidValue: when the code of one of its methods is missing or another (the sentence names the kind), or
                its images are in a folder, of which records keep no path.
        """
        lineage = [record]
        while (key := lineage[0].trial["parent"]) is not None:
            before = self.find(key)
            if before is None:
                raise RecordError(f"The record {key}.json, of a trial before {record.key}, is not in {self.folder}.")
            lineage.insert(0, before)
        if "images" in (each.trial["data"]["dataset"] for each in lineage):
            raise InvalidValue(
                f"The record {record.key}.json is of a folder of images, and records keep no path; make the trial "
                "itself, of Part('images:PATH')."
            )
        trial = Trial.from_json({"lineage": [each.trial | _measured(each) for each in lineage]})
        if trial.key != record.key:
            raise InvalidValue(
                f"The record {record.key}.json was made with other code or other images of {trial.data.dataset!r} than "
                "those here; use the code that made it."
            )
        return trial

    def rows(self, wanted: Iterable[tuple[str, str]] = ()) -> list[dict[str, Any]]:
        """One row per record: key, the trial's settings, final measurements, provenance.

        Args:
            wanted: (column, value) pairs: only rows that have all of these values, as text.

        Raises:
            DamagedRecord: when a record is damaged.
            InvalidValue: when no record has such a column.
        """
        rows = [_row(record) for record in self]
        wanted = list(wanted)
        columns = dict.fromkeys(itertools.chain.from_iterable(rows)) if wanted else {}
        for column, _ in wanted if rows else ():
            if column not in columns:
                raise InvalidValue(
                    f"Records have no column {column!r}; allowed: {', '.join(columns)}.{near_miss(column, columns)}"
                )
        return [row for row in rows if all(column in row and str(row[column]) == value for column, value in wanted)]

    def table(self) -> pd.DataFrame:
        """The :meth:`rows` as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def set_aside(self, key: str) -> Path:
        """Move the record of this key, when it is damaged, to ``damaged/``, beside any moved before.

        Returns:
            Where it is now; that folder alone when another process was faster.

        Raises:
            RecordError: when it is of another format, or cannot be moved.
        """
        path, folder = self.path(key), self.folder / "damaged"
        try:
            content = path.read_bytes()
            with contextlib.suppress(DamagedRecord):
                Record.from_file(content, path.name)
                return folder  # another process has moved it and trained again
            folder.mkdir(exist_ok=True)
            # Named by what it holds: several processes move one record to one place.
            return path.replace(folder / f"{key}.{hashlib.sha256(content).hexdigest()[:8]}.json")
        except FileNotFoundError:
            return folder
        except OSError as error:
            raise RecordError(f"The record {path.name} is damaged and cannot be moved: {error}.") from error

    def damaged(self) -> list[Path]:
        """The files of the records that were set aside, and not deleted since."""
        return sorted((self.folder / "damaged").glob("*.json"))


def _measured(record: Record) -> dict[str, Any]:
    """What its trial's canonical form leaves out, as that is only measured."""
    callbacks = record.trial.get("callbacks", []) + record.measured["callbacks"]
    return {"curve_images": record.measured["curve_images"], "callbacks": callbacks}


def _row(record: Record) -> dict[str, Any]:
    settings = {name: _in_a_cell(value) for name, value in _flat(record.trial)}
    provenance = {name: _in_a_cell(value) for name, value in _flat(record.provenance)}
    return {"key": record.key} | settings | record.final | provenance


def _flat(form: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """("data.dataset", value) pairs of nested objects; an object's ``kind`` stands under its own name."""
    for name, value in form.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield (prefix + name).removesuffix(".kind"), value


def _in_a_cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value

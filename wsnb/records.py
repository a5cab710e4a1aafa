"""Records: one small JSON file per finished trial, the book's evidence.

A record holds the trial in its canonical form, what was measured, and where that came from. Its name is
the trial's key and it carries a checksum, so a record that was cut short or edited is noticed.

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
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsnb import places
from wsnb.errors import DamagedRecord, InvalidValue, RecordError, WsnbError, near_miss
from wsnb.trials import Trial, key_of

if TYPE_CHECKING:
    import pandas as pd  # half of a second: loaded where a table is made

FORMAT = 1

PARTIAL = ".wsnb-partial"
"""How the name of a file ends while it is being written."""

LEFT_SECONDS = 3600.0
"""A partial file as old as this was left by a process that was killed."""

ADVICE = "Restore it from git or another copy, or delete it and run its chapter again."

INDEX = 1
"""Version of the index beside the records. Raise it whenever the same record makes another row."""

SETTLED = 2.0
"""Seconds after which a file's times tell a later change: file systems keep them no finer than this."""

ABANDONED = 24 * 3600.0
"""Seconds after which nobody is still writing a temporary file, even where two machines' clocks differ."""

_TEMPORARY = re.compile(r"\.([0-9a-f]{16}\.(json|safetensors)|index)\.[a-z0-9_]{8}")


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
            DamagedRecord: when it is cut short, edited, or not a record.
            RecordError: when its format is another one.
        """
        changed = DamagedRecord(f"The record {name} was changed after it was made: its checksum differs. {ADVICE}")
        try:
            body = json.loads(text)
            if body.pop("checksum") != _checksum(body):
                raise changed
            if body["format"] != FORMAT:
                raise RecordError(
                    f"The record {name} has format {body['format']}; this wsnb reads {FORMAT}. Update it."
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
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise DamagedRecord(f"The record {name} is no text: {error}. {ADVICE}") from error
        record = cls.from_json(text, name)
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
            DamagedRecord: when there is one and it is damaged.
            RecordError: when there is one and it cannot be read.
        """
        return self.find(trial.key)

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
        return [self.folder / name for name in self._names()]

    def _names(self) -> list[str]:
        try:
            names = os.listdir(self.folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise RecordError(f"The records in {self.folder} cannot be listed: {error}.") from error
        return sorted(name for name in names if name.endswith(".json") and not name.startswith("."))

    def __iter__(self) -> Iterator[Record]:
        return (self.read(path) for path in self.paths())

    def put(self, record: Record) -> Path:
        """Write the record, whole or not at all. A sound one of this trial that is there already stays.

        A damaged one is set aside first. Where a file system has no hard links and two processes write
        the same record at the same moment, the last one stays instead, no less whole.

        Raises:
            RecordError: when the disk has no room or the folder cannot be written, or when the one there
                cannot be read.
        """
        path = self.path(record.key)
        try:
            if self.find(record.key) is not None:
                return path
        except DamagedRecord:
            self.set_aside(path)
        write_whole(path, record.to_json().encode(), what=f"the record {path.name}", replace=False)
        return path

    def rows(self, wanted: Iterable[tuple[str, str]] = ()) -> list[dict[str, Any]]:
        """One row per record: key, the trial's settings, final measurements, provenance.

        Reading and checking thousands of records takes seconds, so rows made before are kept in an index,
        ``.cache/index``; a record is read again when its file's size or times differ. The index may be
        deleted at any time, and a damaged one is as none.

        Args:
            wanted: (column, value) pairs: only rows that have all of these values, as text.

        Raises:
            DamagedRecord: when a record is damaged.
            InvalidValue: when no record has such a column.
        """
        known = self._index()
        found: dict[str, list[Any]] = {}
        for name in self._names():
            entry, stamp = known.get(name), _stamp(os.path.join(self.folder, name))
            if entry is None or entry[0] != stamp:
                record = self.find(name.removesuffix(".json"))
                if record is None:
                    continue
                entry = [stamp, _row(record)]
            found[name] = entry
        self._keep_index(found, known)
        rows = [row for _, row in found.values()]
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

    def _index(self) -> dict[str, list[Any]]:
        """By file name, the stamp of each record that was read and checked before, and its row."""
        with contextlib.suppress(OSError, ValueError):
            head, _, body = (self.folder / ".cache" / "index").read_bytes().partition(b"\n")
            if head == _index_head(body):
                return json.loads(body)
        return {}

    def _keep_index(self, found: dict[str, list[Any]], known: dict[str, list[Any]]) -> None:
        """Write the index if it is out of date; a folder that cannot be written goes without."""
        last = (time.time() - SETTLED) * 1e9
        settled = {name: entry for name, entry in found.items() if entry[0] and max(entry[0][1:]) < last}
        if settled != known:
            body = json.dumps(settled, separators=(",", ":")).encode()
            with contextlib.suppress(RecordError):
                write_whole(self.folder / ".cache" / "index", _index_head(body) + b"\n" + body, what="the index")

    def set_aside(self, record: Path | str) -> Path:
        """Move a damaged record, given by its file or its key, to ``damaged/``, beside any moved before.

        Returns:
            Where it is now; when another process was faster, where that has put it.

        Raises:
            RecordError: when there is no such record, it is sound or of another format, or it cannot be moved.
        """
        path = self.path(record.stem if isinstance(record, Path) else record)
        try:
            state = "not there" if self.find(path.stem) is None else "sound"
        except DamagedRecord:
            moved = self._move(path)
            if moved is not None:
                return moved
            state = "not there"
        before = [moved for moved in self.damaged() if moved.name.partition(".")[0] == path.stem]
        if not before:
            raise RecordError(f"The record {path.name} is {state} in {self.folder}; only a damaged one is set aside.")
        return before[-1]

    def _move(self, path: Path) -> Path | None:
        """Move this record to ``damaged/`` under a name that is free; None when another process did so before."""
        folder = self.folder / "damaged"
        try:
            folder.mkdir(exist_ok=True)
            for number in itertools.count(1):
                target = folder / (path.name if number == 1 else f"{path.stem}.{number}.json")
                with contextlib.suppress(FileExistsError):
                    target.touch(exist_ok=False)  # the name is ours, also where others do this at the same time
                    break
            try:
                os.replace(path, target)
            except OSError as error:
                target.unlink()
                if isinstance(error, FileNotFoundError):
                    return None
                raise
        except OSError as error:
            raise RecordError(f"The record {path.name} is damaged and cannot be moved to {folder}: {error}.") from error
        try:
            Record.from_file(target.read_bytes(), path.name)
        except DamagedRecord:
            return target
        except RecordError:
            pass
        _link(str(target), path)  # another process has set it aside and trained it anew since we read it
        target.unlink(missing_ok=True)
        return None

    def damaged(self) -> list[Path]:
        """The files of the records that were set aside, and not deleted since."""
        return sorted((self.folder / "damaged").glob("*.json"), key=lambda path: (len(path.name), path.name))

    def remove_leftovers(self) -> int:
        """Remove the temporary files of writers that were killed, a day later at the earliest; how many."""
        cache = self.folder / ".cache"
        removed = 0
        for folder in (self.folder, cache, *cache.glob("*/")):
            for path in folder.glob(".*"):
                with contextlib.suppress(OSError):  # removed by another process, or not ours to remove
                    if _TEMPORARY.fullmatch(path.name) and path.stat().st_mtime < time.time() - ABANDONED:
                        path.unlink()
                        removed += 1
        return removed


def _stamp(path: str) -> list[int]:
    """What changes when the file does: its size and times."""
    try:
        status = os.stat(path)
    except OSError:  # reading it will say what is wrong
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _index_head(body: bytes) -> bytes:
    return f"{INDEX} {hashlib.sha256(body).hexdigest()}".encode()


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


def write_whole(
    path: Path, content: bytes, *, what: str, error: type[WsnbError] = RecordError, replace: bool = True
) -> None:
    """Write a file so that other processes see all of it or none, and a failure leaves nothing behind.

    Without ``replace`` a file that is there already stays, wherever the file system has hard links. What a process that
    was killed had half-written in the same folder is removed.

    Raises:
        WsnbError: of the type ``error``, a sentence about ``what`` when it cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path.parent)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        if replace:
            os.replace(temporary, path)
        else:
            _link(temporary, path)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise error(f"Could not write {what} in {path.parent}: {reason}. Nothing half-written was left.") from failure
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def _remove_left(folder: Path) -> None:
    """Remove what killed processes have left half-written: nobody else would, and weights are large."""
    for left in folder.glob(f".*{PARTIAL}"):
        with contextlib.suppress(OSError):  # another process was faster, or it is not ours to remove
            if time.time() - left.stat().st_mtime >= LEFT_SECONDS:
                left.unlink()


def _link(temporary: str, path: Path) -> None:
    """Give the file its name unless that is taken: unlike renaming, one step on a network file system too."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:  # no hard links here
        os.replace(temporary, path)

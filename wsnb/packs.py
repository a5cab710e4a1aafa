"""Packs: records of several machines brought together.

A pack is a zip of ``records/KEY.json`` and a ``manifest.json`` that says how many there are. Equal records
make equal packs, to the byte. Nothing of a pack is written under a name that it gives: what is merged is
read, checked as every record is, and put under its own key.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wsnb.errors import DamagedRecord, InvalidValue, RecordError
from wsnb.records import Record, Records, write_whole

PACK = 1
"""Version of the layout of packs."""

MOST_BYTES = 2**24
"""Of one record: a larger one is refused before it is read (16 MiB; 350 epochs make 30 KiB)."""

_RECORD = re.compile(r"records/([0-9a-f]{16}\.json)")
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError)

Member = tuple[str, Callable[[], bytes]]
"""One record of a source: its file's name, and what reads it."""


def pack(store: Records, file: Path, wanted: Iterable[tuple[str, str]] = ()) -> int:
    """Write the records that :meth:`Records.rows` has under ``wanted`` to ``file``, a zip; how many.

    Raises:
        InvalidValue: when ``file`` is no name of a zip, or no record has such a column.
        RecordError: when there are no such records, one is damaged, or the file cannot be written.
    """
    if file.suffix != ".zip":
        raise InvalidValue(f"FILE is {str(file)!r}; allowed: a name that ends in .zip.")
    records = [store.read(store.path(row["key"])) for row in store.rows(wanted)]
    if not records:
        raise RecordError(f"No such records in {store.folder}: nothing was packed.")
    texts = {"manifest.json": json.dumps({"pack": PACK, "records": len(records)}, indent=1) + "\n"}
    texts |= {f"records/{record.key}.json": record.to_json() for record in records}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            entry = zipfile.ZipInfo(name)  # of 1980: a pack does not say when it was made
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # alike on every system
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    write_whole(file, content.getvalue(), what=f"the pack {file.name}")
    return len(records)


@dataclass
class Merged:
    """What came of merging one source.

    Attributes:
        added: keys of the records that were new here.
        restored: keys of those added in place of a damaged one, which was set aside.
        already: keys of those that had the same measurements as ours.
        different: a sentence for each that had others; ours was kept.
        refused: a sentence for each that is damaged, and for what else was wrong with the source.
    """

    added: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """How many of each, in one line."""
        counts = {"already here": self.already, "different": self.different, "refused": self.refused}
        shown = [f"{len(self.added)} added"]
        if self.restored:
            shown[0] += f" ({len(self.restored)} in place of damaged ones, which were set aside)"
        return ", ".join(shown + [f"{len(found)} {name}" for name, found in counts.items() if found])


def merge(store: Records, source: Path) -> Merged:
    """Add the records of a pack, or of a folder of records, that are not in ``store`` yet.

    Of two records with one key ours is kept. A record that is damaged, and a source that is none, is
    refused with a sentence, and the rest is merged.

    Raises:
        RecordError: when a record cannot be written; those before it are.
    """
    merged = Merged()
    with contextlib.ExitStack() as opened:
        try:
            members = opened.enter_context(_members(source, merged))
        except RecordError as error:
            merged.refused.append(str(error))
            return merged
        for name, read in members:
            try:
                theirs = _checked(name, read)
                ours = _ours(store, theirs.key, merged)
            except RecordError as error:
                merged.refused.append(f"{source}: {error}")
                continue
            if ours is None:
                store.put(theirs)
                merged.added.append(theirs.key)
            elif parts := _differing(ours, theirs):
                merged.different.append(
                    f"{source}: The record {name} has another {' and '.join(parts)} than ours, which was kept: "
                    f"test accuracy {_in_short(theirs)} there, {_in_short(ours)} here."
                )
            else:
                merged.already.append(theirs.key)
    return merged


def _ours(store: Records, key: str, merged: Merged) -> Record | None:
    try:
        return store.find(key)
    except DamagedRecord:
        merged.restored.append(key)
        return None


def _differing(ours: Record, theirs: Record) -> list[str]:
    """The parts whose measurements differ; how many seconds they took is none."""
    curves = [{name: curve for name, curve in one.curves.items() if name != "seconds"} for one in (ours, theirs)]
    pairs = {"initial": (ours.initial, theirs.initial), "curves": curves, "final": (ours.final, theirs.final)}
    return [part for part, (one, other) in pairs.items() if one != other]


def _in_short(record: Record) -> str:
    return f"{record.final.get('test_accuracy')} on {record.provenance.get('device')}"


# Reading a source ---------------------------------------------------------------------------------


def _checked(name: str, read: Callable[[], bytes]) -> Record:
    try:
        content = read()
    except _DAMAGED as error:
        raise DamagedRecord(f"The record {name} cannot be read: {error}. Have it packed or copied again.") from error
    return Record.from_file(content, name)


def _read_file(path: Path) -> bytes:
    _refuse_huge(path.name, path.stat().st_size)
    return path.read_bytes()


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    _refuse_huge(entry.filename, entry.file_size)
    return archive.read(entry)


def _refuse_huge(name: str, size: int) -> None:
    if size > MOST_BYTES:
        raise RecordError(f"{name} has {size:,} bytes; allowed in a record: at most {MOST_BYTES:,}.")


@contextlib.contextmanager
def _members(source: Path, merged: Merged) -> Iterator[list[Member]]:
    """The records of a folder or a pack, to be read while this lasts.

    Raises:
        RecordError: when it is neither.
    """
    if source.is_dir():
        members = [(path.name, functools.partial(_read_file, path)) for path in Records(source).paths()]
        if not members:
            raise RecordError(f"{source} holds no records; allowed: a folder of KEY.json files, or a pack.")
        yield members
        return
    if not source.exists():
        raise RecordError(f"There is no {source}; allowed: a folder of records, or a pack (.zip).")
    try:
        archive = zipfile.ZipFile(source)
    except _DAMAGED as error:
        raise RecordError(f"{source} is no pack, or is cut short: {error}. Have it packed or copied again.") from error
    with archive:
        yield _of_pack(source, archive, merged)


def _of_pack(source: Path, archive: zipfile.ZipFile, merged: Merged) -> list[Member]:
    expected = _manifest(source, archive)
    found: list[Member] = []
    foreign: list[str] = []
    for entry in archive.infolist():
        if name := _RECORD.fullmatch(entry.filename):
            found.append((name[1], functools.partial(_read_entry, archive, entry)))
        elif entry.filename != "manifest.json":
            foreign.append(entry.filename)
    if foreign:
        merged.refused.append(f"{source}: {len(foreign)} entries are no records (the first: {foreign[0]!r}).")
    if len(found) != expected:
        merged.refused.append(f"{source} says it holds {expected} records and holds {len(found)}. Pack it again.")
    return found


def _manifest(source: Path, archive: zipfile.ZipFile) -> int:
    """How many records the pack says it holds."""
    try:
        entry = archive.getinfo("manifest.json")
    except KeyError as error:
        raise RecordError(
            f"{source} is no pack: it has no manifest.json. Make one with `wsnb records pack`, or unpack it and "
            f"merge its folder of records."
        ) from error
    try:
        manifest = json.loads(_read_entry(archive, entry))
        version, expected = manifest["pack"], manifest["records"]
    except (*_DAMAGED, RecordError, KeyError, TypeError) as error:
        raise RecordError(f"{source} is a damaged pack: its manifest.json cannot be read. Make it again.") from error
    if version != PACK:
        raise RecordError(f"{source} is a pack of version {version!r}; this wsnb reads {PACK}. Update it.")
    return expected

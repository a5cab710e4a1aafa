"""Records of several machines brought together: a folder of them is merged into another.

Nothing is written under a name that the other folder gives: what is merged is read, checked as every record
is, and put under its own key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from wsnb.errors import DamagedRecord, RecordError
from wsnb.evidence.records import Record, Records

MOST_BYTES = 2**24
"""Of one record: a larger one is refused before it is read (16 MiB; 350 epochs make 30 KiB)."""


@dataclass
class Merged:
    """What came of merging one folder.

    Attributes:
        added: keys of the records that were new here, or hold more than ours did.
        restored: keys of those added in place of a damaged one, which was set aside.
        already: keys of those that had the same measurements as ours.
        different: a sentence for each that had others, or lacks some of ours; ours was kept.
        refused: a sentence for each that is damaged, and for what else was wrong with the folder.
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


def merge(store: Records, folder: Path) -> Merged:
    """Add the records of a folder that are not in ``store`` yet.

    Of two records with one key ours is kept. A record that is damaged is refused with a sentence, and the rest is
    merged.

    Raises:
        RecordError: when a record cannot be written; those before it are.
    """
    merged = Merged()
    source = Records(folder)
    paths = source.paths()
    if not paths:
        hint = " Unpack it first." if folder.is_file() else ""
        merged.refused.append(f"{folder} holds no records; allowed: a folder of KEY.json files.{hint}")
    for path in paths:
        try:
            if (size := path.stat().st_size) > MOST_BYTES:
                raise RecordError(f"{path.name} has {size:,} bytes; allowed in a record: at most {MOST_BYTES:,}.")
            theirs = source.read(path)
            ours = _ours(store, theirs.key, merged)
        except RecordError as error:
            merged.refused.append(f"{folder}: {error}")
            continue
        if ours is not None and (parts := ours.differences(theirs)):
            merged.different.append(
                f"{folder}: The record {path.name} has another {' and '.join(parts)} than ours, which was kept: "
                f"test accuracy {_in_short(theirs)} there, {_in_short(ours)} here."
            )
        elif ours is not None and ours.holds(theirs.measured):
            merged.already.append(theirs.key)
        elif ours is not None and not theirs.holds(ours.measured):
            merged.different.append(f"{folder}: The record {path.name} lacks measurements of ours, which was kept.")
        else:
            store.put(theirs)
            merged.added.append(theirs.key)
    return merged


def _ours(store: Records, key: str, merged: Merged) -> Record | None:
    try:
        return store.find(key)
    except DamagedRecord:
        merged.restored.append(key)
        return None


def _in_short(record: Record) -> str:
    return f"{record.final.get('test_accuracy')} on {record.provenance.get('device')}"

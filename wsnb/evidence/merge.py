"""Records of several machines brought together: a folder of them is merged into another.

Nothing is written under a name that the other folder gives: what is merged is read, checked as every record
is, and put under its own key.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

from wsnb.errors import DamagedRecord, RecordError
from wsnb.evidence.records import Record, Records


def merge(store: Records, folder: Path) -> tuple[Counter[str], list[str]]:
    """Add the records of a folder that are not in ``store`` yet.

    Of two records with one key ours is kept. A record that is damaged is refused with a sentence, and the rest is
    merged; a damaged one of ours is set aside for theirs.

    Returns:
        How many were ``"added"``, as new or holding more than ours did; ``"already here"``, with the same
        measurements; ``"different"``, with others, or without some of ours; and ``"refused"``. And a sentence for
        each of the last two, and for what else was wrong with the folder.

    Raises:
        RecordError: when a record cannot be written; those before it are.
    """
    counts = Counter(dict.fromkeys(("added", "already here", "different", "refused"), 0))
    sentences: list[str] = []
    source = Records(folder)
    paths = source.paths()
    if not paths:
        hint = " Unpack it first." if folder.is_file() else ""
        counts["refused"] += 1
        sentences.append(f"{folder} holds no records; allowed: a folder of KEY.json files.{hint}")
    for path in paths:
        ours = None
        try:
            theirs = source.read(path)
            with contextlib.suppress(DamagedRecord):
                ours = store.find(theirs.key)
        except RecordError as error:
            counts["refused"] += 1
            sentences.append(f"{folder}: {error}")
            continue
        if ours is not None and (parts := ours.differences(theirs)):
            counts["different"] += 1
            sentences.append(
                f"{folder}: The record {path.name} has another {' and '.join(parts)} than ours, which was kept: "
                f"test accuracy {_in_short(theirs)} there, {_in_short(ours)} here."
            )
        elif ours is not None and ours.holds(theirs.measured):
            counts["already here"] += 1
        elif ours is not None and not theirs.holds(ours.measured):
            counts["different"] += 1
            sentences.append(f"{folder}: The record {path.name} lacks measurements of ours, which was kept.")
        else:
            store.put(theirs)
            counts["added"] += 1
    return counts, sentences


def _in_short(record: Record) -> str:
    return f"{record.final.get('test_accuracy')} on {record.provenance.get('device')}"

"""What a cell shows: Markdown, or HTML that stands under its own power on a page, with where it comes from."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote

from wsnb.errors import InvalidValue, counted
from wsnb.evidence.records import Record
from wsnb.trials.trial import Trial

SAFE = " /:?=,;()'+*!@$"
"""What stands for itself in the address of a file that is within the page."""


WIDE = "wider-than-text"
"""The class of what a wide page shows over its margin too."""


class Shown:
    """Markdown as the output of a cell."""

    def __init__(self, markdown: str) -> None:
        self.markdown = self.plain = markdown

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/markdown": self.markdown, "text/plain": self.markdown}


class Html:
    """HTML as the output of a cell, and what is said in its place where there is only text."""

    def __init__(self, html: str, plain: str) -> None:
        self.html, self.plain = html, plain

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": self.plain}


@dataclass(frozen=True)
class Source:
    """What a figure or a table was made from.

    Attributes:
        chapter: whose it is.
        profile: at which its trainings were made, or several; empty where it gathers from other chapters, was trained
            while the page was executed, or rests on no training.
        records: what it rests on.
        changes: parameters that are not the profile's, with their values.
        failed: seeds that are left out, since a training of theirs failed.
        is_live: whether it was trained while the page was executed.
    """

    chapter: str
    profile: str = ""
    records: Mapping[Trial, Record] = field(default_factory=dict, repr=False)
    changes: Mapping[str, Any] = field(default_factory=dict)
    failed: Sequence[int] = ()
    is_live: bool = False

    @property
    def seeds(self) -> list[int]:
        """In their order."""
        return sorted({record.trial["seed"] for record in self.records.values()})

    @property
    def commands(self) -> list[str]:
        """What makes it again: a command for each profile."""
        words = ["wsnb", "run" if self.profile or self.is_live else "book", self.chapter]
        given = [part for name, value in self.changes.items() for part in ("-p", f"{name}={json.dumps(value)}")]
        profiles = [each for each in self.profile.split(", ") if each and each != "changed"]
        return [shlex.join([*words, "--profile", profile, *given]) for profile in profiles] or [shlex.join(words)]

    def line(self, name: str, data: str, picture: str = "", more: str = "") -> str:
        """The quiet line under a figure or a table: its data, its picture, its records, and how to make it again.

        Args:
            name: of its files.
            data: CSV of what it shows.
            picture: SVG of it, where it is one.
            more: what else there is to be had, as HTML.
        """
        parts = [download(f"{name}.csv", "text/csv", data, "data (CSV)")]
        if picture:
            parts.append(download(f"{name}.svg", "image/svg+xml", picture, "picture (SVG)"))
        if more:
            parts.append(more)
        if self.records:
            parts.append(in_ranges(self.seeds))
        if self.failed:
            parts.append(f"{in_ranges(self.failed)} failed and {'is' if len(self.failed) == 1 else 'are'} left out")
        if self.records and not self.is_live:
            hours = sum(record.provenance["seconds"] for record in self.records.values()) / 3600
            parts.append(f"{hours:.1f} hours of training")
        if self.records and self.profile:
            parts.append(f"profile {escape(self.profile)}")
        parts += [f"<code>{_in_words(command)}</code>" for command in self.commands]
        if self.records:
            keys = " ".join(f"<code>{trial.key}</code>" for trial in self.records)
            parts.append(f"<details><summary>{counted(len(self.records), 'record')}</summary> {keys}</details>")
        return f'<div class="made-from">{" · ".join(parts)}</div>'


def _in_words(command: str) -> str:
    """A command that breaks between its words alone, not at a hyphen."""
    return " ".join(f"<span>{escape(word)}</span>" for word in command.split())


_NAME = re.compile(r"[\w-]+")


def checked_name(name: str) -> None:
    """Make sure that the name of a figure or a table can be part of an address and of a file's name.

    Raises:
        InvalidValue: when it cannot.
    """
    if not _NAME.fullmatch(name):
        raise InvalidValue(f"A figure or a table is called {name!r}; allowed: letters, digits, - and _.")


def download(name: str, kind: str, text: str, label: str) -> str:
    """A link to a file that is within the page; the book's build makes files of such."""
    return f'<a download="{name}" href="data:{kind};charset=utf-8,{quote(text, safe=SAFE)}">{label}</a>'


def in_ranges(seeds: Sequence[int]) -> str:
    """ "seeds 1 to 5, 901, 902"."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    shown = ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)
    return f"seed{'' if len(seeds) == 1 else 's'} {shown}"


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Comma-separated values; numbers as they were computed, an empty field where there is none, at a row's end too."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        filled = ["" if value is None else value for value in row]
        writer.writerow(filled + [""] * (len(columns) - len(filled)))
    return file.getvalue()

"""Chapters: py:percent scripts in ``notebooks/``, their parameters, and the trials they declare."""

from __future__ import annotations

import ast
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from wsnb import engine, places, profiles
from wsnb.errors import InvalidValue, near_miss
from wsnb.records import Records
from wsnb.trials import Trial


@dataclass(frozen=True)
class Chapter:
    """A chapter of the book.

    Attributes:
        name: as in ``wsnb run NAME``.
        path: its script.
    """

    name: str
    path: Path

    @property
    def notebook_path(self) -> Path:
        """The paired notebook without outputs, where a papermill user looks for it."""
        return self.path.with_suffix(".ipynb")

    @property
    def page_path(self) -> Path:
        """The executed copy that the book shows."""
        return places.root() / "book" / f"{self.name}.ipynb"

    @cached_property
    def notebook(self) -> nbformat.NotebookNode:
        """The script as a notebook, the same to the byte each time and as ``jupytext --sync`` would write it."""
        notebook = jupytext.read(self.path)
        config = self.path.with_name("jupytext.toml")
        filters = tomllib.loads(config.read_text(encoding="utf-8")) if config.exists() else {}
        filters.pop("formats", None)
        notebook.metadata["jupytext"] = filters
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"{self.name}-{number}"  # not drawn at random
        return notebook

    @cached_property
    def title(self) -> str:
        """The first heading."""
        lines = (line for cell in self.notebook.cells for line in cell.source.splitlines())
        return next((line.lstrip("# ") for line in lines if line.startswith("# ")), self.name)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Names and default values, from the cell tagged ``parameters``."""
        cells = [cell for cell in self.notebook.cells if "parameters" in cell.metadata.get("tags", ())]
        found = {}
        for statement in ast.parse("\n".join(cell.source for cell in cells)).body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                found[statement.targets[0].id] = ast.literal_eval(statement.value)
        return found

    def settings(self, profile: str | None = None, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The parameters to run with: the chapter's own, then the profile's, then those given.

        Raises:
            InvalidValue: when a name is not this chapter's, or a value is of a wrong type or out of range.
        """
        given = given or {}
        profiles.check_names(given, self.parameters, f"Chapter {self.name}")
        values = dict(self.parameters)
        if profile is not None:
            values |= {name: value for name, value in profiles.parameters(profile).items() if name in values}
        if given and "profile" in values:
            values["profile"] = f"{profile or values['profile']}, changed"
        values |= given
        if values:
            profiles.Settings.of(values)
        return values

    def declared(self, settings: Mapping[str, Any]) -> engine.Declared:
        """The trials that the chapter asks the book's records for, found by running it up to there."""
        if self.gathers:
            return engine.Declared()
        with engine.collecting() as declared:
            self.executed(settings)
        return declared

    def executed(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The chapter's names after its code has run in this process with these settings."""
        code = []
        for cell in self.notebook.cells:
            if cell.cell_type == "code":
                code.append(cell.source)
                if "parameters" in cell.metadata.get("tags", ()):
                    code += [f"{name} = {value!r}" for name, value in settings.items()]
        names: dict[str, Any] = {"__name__": self.name}
        exec(compile("\n".join(code), str(self.path), "exec"), names)
        return names

    def trials(self, settings: Mapping[str, Any]) -> list[Trial]:
        """The trials that the chapter runs."""
        return self.declared(settings).wanted

    def missing(self, settings: Mapping[str, Any], records: Records) -> list[Trial]:
        """Those of its trials that no record answers."""
        return [trial for trial in self.trials(settings) if trial not in records]

    def published_profile(self, records: Records) -> str | None:
        """The largest profile whose records are complete; the chapter's own values when none is."""
        if "profile" not in self.parameters:
            return None
        for profile in reversed(profiles.PROFILES):
            if not self.missing(self.settings(profile), records):
                return profile
        return str(self.parameters["profile"])

    def sync(self) -> bool:
        """Bring the paired notebook up to the script; whether it had to be written."""
        text = nbformat.writes(self.notebook) + "\n"
        if self.notebook_path.exists() and self.notebook_path.read_text(encoding="utf-8") == text:
            return False
        self.notebook_path.write_text(text, encoding="utf-8")
        return True

    @property
    def gathers(self) -> bool:
        """Whether this is a page about the other chapters: it takes no parameters and runs nothing."""
        return not self.parameters

    def digest(self, settings: Mapping[str, Any], records: Records) -> str:
        """A hash of all that an execution depends on: script, parameters, package, profiles, records."""
        state = hashlib.sha256(repr(sorted(settings.items())).encode())
        package = Path(__file__).resolve().parent.parent
        files = [self.path, *sorted(package.rglob("*.py")), *sorted(self.path.parent.glob("profiles/*.yml"))]
        if self.gathers:
            others = [chapter for chapter in chapters() if not chapter.gathers]
            files += [path for chapter in others for path in (chapter.path, chapter.page_path)]
            files += [*sorted(places.benchmarks().glob("*.json")), *records.paths()]
        declared = self.declared(settings)
        files += [records.path(trial.key) for trial in (*declared.wanted, *declared.welcome)]
        for file in files:
            state.update(file.name.encode() + (file.read_bytes() if file.exists() else b"-"))
        return state.hexdigest()


def chapters() -> list[Chapter]:
    """All chapters in the order in which they are executed: those that gather from others after them.

    Raises:
        InvalidValue: when there is no folder of chapters here.
    """
    folder = places.root() / "notebooks"
    if not folder.is_dir():
        raise InvalidValue(f"There are no chapters in {folder}. Run in a checkout of the book.")
    found = [Chapter(path.stem, path) for path in sorted(folder.glob("*.py"))]
    return sorted(found, key=lambda chapter: chapter.gathers)


def chapter(name: str) -> Chapter:
    """The chapter of this name.

    Raises:
        InvalidValue: when there is none.
    """
    known = {each.name: each for each in chapters()}
    if name not in known:
        raise InvalidValue(f"There is no chapter {name!r}; allowed: {', '.join(known)}.{near_miss(name, known)}")
    return known[name]

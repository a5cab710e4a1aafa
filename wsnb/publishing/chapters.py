"""Chapters: py:percent scripts in ``notebooks/``, their parameters, and the two functions that are their contract.

The cell tagged ``trials`` defines ``trials(at)``: by item, what is compared (:class:`wsnb.trials.item.Item`). The
cell tagged ``verdicts`` defines ``verdicts(at, records)``: what becomes of the claims. Both stand on their own, so that
the rest of the book can ask a chapter what it trains and what it says without running it.
"""

from __future__ import annotations

import ast
import hashlib
import io
import linecache
import tokenize
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from wsnb import places
from wsnb.errors import InvalidValue, near_miss
from wsnb.evidence.records import Record, Records
from wsnb.publishing import settings as profiles
from wsnb.publishing.results import Results, published
from wsnb.publishing.settings import PUBLISHED, Settings
from wsnb.running.run import recorded
from wsnb.trials.item import Item, required, welcome
from wsnb.trials.trial import Trial
from wsnb.verdicts.judging import Judged


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

    @cached_property
    def meanings(self) -> dict[str, str]:
        """What each parameter is: the comment at the end of its line."""
        found: dict[str, str] = {}
        for source in self._sources("parameters"):
            name = ""
            for token in tokenize.generate_tokens(io.StringIO(source).readline):
                if token.type == tokenize.NAME and token.start[1] == 0:
                    name = token.string
                elif token.type == tokenize.COMMENT and token.start[1] > 0:
                    found[name] = token.string.lstrip("# ")
        return found

    def settings(self, profile: str | None = None, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The parameters to run with: the chapter's own, then the profile's, then those given.

        Those of the profile ``published`` are the chapter's own: each item is of a profile of its own.

        Raises:
            InvalidValue: when a name is not this chapter's, or a value is of a wrong type or out of range.
        """
        given = given or {}
        if "profile" in given:
            raise InvalidValue("A profile is a whole set of values, no parameter; it is chosen by --profile NAME.")
        profiles.check(given, self.parameters, f"Chapter {self.name}")
        values = dict(self.parameters)
        if profile == PUBLISHED and "profile" in values:
            values["profile"] = PUBLISHED
        elif profile is not None:
            values |= {name: value for name, value in profiles.profile(profile).items() if name in values}
        if given and "profile" in values:
            values["profile"] = f"{profile or values['profile']}, changed"
        return values | given

    def _sources(self, tag: str) -> list[str]:
        return [cell.source for cell in self.notebook.cells if tag in cell.metadata.get("tags", ())]

    @cached_property
    def _contract(self) -> dict[str, Any]:
        """What the cells tagged ``trials`` and ``verdicts`` define.

        Raises:
            InvalidValue: when they do not define the function of that name.
        """
        names: dict[str, Any] = {"__name__": f"notebooks.{self.name}"}
        for tag in ("trials", "verdicts"):
            for number, source in enumerate(self._sources(tag)):
                file = f"<{self.path}: {tag} {number}>"
                # Where Python looks for source: a method that a chapter defines is known by it (values.source_digest).
                linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
                exec(compile(source, file, "exec", dont_inherit=True), names)
            if self._sources(tag) and not callable(names.get(tag)):
                raise InvalidValue(f"The cell tagged {tag!r} in {self.path} defines no {tag}(...); see book/edit.md.")
            if tag == "trials" and tag in names:
                names[tag] = _remembered(names[tag])  # the cell of the verdicts asks for the same
        return names

    @property
    def has_trials(self) -> bool:
        """Whether it rests on the book's records: a page that gathers, or that trains live, does not."""
        return bool(self._sources("trials"))

    def items(self, settings: Mapping[str, Any]) -> dict[Any, Item]:
        """What the chapter compares, by item."""
        return self._contract["trials"](Settings(settings)) if self.has_trials else {}

    def trials(self, settings: Mapping[str, Any]) -> list[Trial]:
        """The trials that the chapter runs."""
        return required(self.items(settings))

    def records(self, settings: Mapping[str, Any], store: Records | None = None) -> dict[Trial, Record]:
        """Those of its trials, and of those that are welcome, that are recorded."""
        items = self.items(settings)
        return recorded([*required(items), *welcome(items)], records=store)

    def judged(self, settings: Mapping[str, Any], records: Mapping[Trial, Record]) -> Judged:
        """What becomes of the chapter's effects and claims on these records; nothing where it has none."""
        judge = self._contract.get("verdicts") if self.has_trials else None
        return judge(Settings(settings), records) if judge else Judged({}, ())

    def published(self, records: Records | None = None, *, seeds_from: int = 0) -> Results:
        """Its items, each family of the largest profile that has all of its records."""
        at = Settings(self.settings(PUBLISHED))
        return published(self.name, at, lambda at: self.items(vars(at)), records, seeds_from=seeds_from)

    def published_verdicts(self, *, seeds_from: int = 0) -> Judged:
        """What becomes of its effects and claims at the profiles that its page shows."""
        found = self.published(seeds_from=seeds_from)
        return found.judged(lambda at, records: self.judged(vars(at), records))

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
        """A hash of what an execution depends on (script, parameters, package, profiles, records) and of its page."""
        state = hashlib.sha256(repr(sorted(settings.items())).encode() + _package())
        files = [self.path, self.page_path]
        files += sorted(self.path.parent.glob("profiles/*.yml"))
        if self.gathers:
            others = [chapter for chapter in chapters() if not chapter.gathers]
            files += [path for chapter in others for path in (chapter.path, chapter.page_path)]
            files += [*sorted(places.benchmarks().glob("*.json")), *records.paths()]
        layers = (
            [self.settings(name) for name in profiles.PROFILES[1:]]
            if settings.get("profile") == PUBLISHED
            else [settings]
        )
        for items in map(self.items, layers):
            files += [records.path(trial.key) for trial in (*required(items), *welcome(items))]
        return _digest(files, state).hexdigest()


def _digest(files: Iterable[Path], state: Any) -> Any:
    """The state of a hash, with these files."""
    for file in files:
        state.update(file.name.encode() + (file.read_bytes() if file.exists() else b"-"))
    return state


@cache
def _package() -> bytes:
    """A hash of the package as this process has it."""
    return bytes(_digest(sorted(Path(__file__).resolve().parents[1].rglob("*.py")), hashlib.sha256()).digest())


def _remembered(trials: Callable[[Settings], Mapping[Any, Item]]) -> Callable[[Settings], dict[Any, Item]]:
    """The function, asked once for the same settings."""
    known: dict[str, Mapping[Any, Item]] = {}

    def items(at: Settings) -> dict[Any, Item]:
        if repr(at) not in known:
            known[repr(at)] = trials(at)
        return dict(known[repr(at)])

    return items


@lru_cache
def _chapter(path: Path, written: int) -> Chapter:
    """The chapter of this script, read once for each time that it was written."""
    return Chapter(path.stem, path)


def chapters() -> list[Chapter]:
    """All chapters in the order in which they are executed: those that gather from others after them.

    Raises:
        InvalidValue: when there is no folder of chapters here.
    """
    folder = places.root() / "notebooks"
    if not folder.is_dir():
        raise InvalidValue(f"There are no chapters in {folder}. Run in a checkout of the book.")
    found = [_chapter(path, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.py"))]
    return sorted(found, key=lambda chapter: chapter.gathers)


def chapter(name: str) -> Chapter:
    """The chapter of this name.

    Raises:
        InvalidValue: when there is none.
    """
    path = places.root() / "notebooks" / f"{name}.py"
    if path.is_file() and path.stem == name:  # which names a chapter, and not what lies elsewhere
        return _chapter(path, path.stat().st_mtime_ns)
    known = [each.name for each in chapters()]
    raise InvalidValue(f"There is no chapter {name!r}; allowed: {', '.join(known)}.{near_miss(name, known)}")

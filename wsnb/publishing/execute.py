"""Executing a chapter: first its trials, in this process with progress in the terminal; then its cells.

By the time papermill starts the kernel the records are there, so a page shows no progress, takes seconds
and comes out the same to the byte: what papermill and Jupyter add of the day and the machine is taken out.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from wsnb import places
from wsnb.errors import WsnbError
from wsnb.evidence.records import Records
from wsnb.publishing.chapters import Chapter
from wsnb.publishing.layout import as_page, with_steady_names


class ChapterFailed(WsnbError):
    """A cell of a chapter raised an error."""

    exit_status = 7


@dataclass(frozen=True)
class Execution:
    """A chapter that is to be executed.

    Attributes:
        chapter: which.
        settings: values of its parameters; those equal to its own defaults are not injected.
        output: where the executed copy goes; it is left as it was when a cell fails.
    """

    chapter: Chapter
    settings: Mapping[str, Any]
    output: Path


def execute(work: Sequence[Execution], *, missing: str = "error") -> None:
    """Execute chapters' cells by papermill, as many at a time as there are cores.

    Args:
        work: the chapters.
        missing: what ``run`` does about missing records inside them.

    Raises:
        ChapterFailed: when a cell fails, with its last line.
    """
    with (
        mock.patch.dict(os.environ, WSNB_MISSING=missing, WSNB_PROGRESS="off"),  # kernels inherit them
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        list(pool.map(_execute, work))


def _execute(work: Execution) -> None:
    chapter, output = work.chapter, work.output
    changed = {name: value for name, value in work.settings.items() if chapter.parameters[name] != value}
    with tempfile.TemporaryDirectory() as folder:
        source, executed = Path(folder, "source.ipynb"), Path(folder, "executed.ipynb")
        nbformat.write(chapter.notebook, source)
        logging.getLogger("papermill").setLevel(logging.ERROR)
        try:
            papermill.execute_notebook(
                source,
                executed,
                changed,
                kernel_name="python3",
                progress_bar=False,
                cwd=places.root(),
                extra_arguments=["--log-level=ERROR"],
            )
        except PapermillExecutionError as error:
            cell = error.source.strip().splitlines()[0] if error.source else ""
            raise ChapterFailed(
                f"Chapter {chapter.name} failed in the cell that begins with `{cell}`: {error.ename}: {error.evalue}"
            ) from error
        notebook = nbformat.read(executed, as_version=4)
    if notebook.metadata.papermill.exception:
        raise ChapterFailed(f"Chapter {chapter.name} failed; papermill reports an exception.")
    page = without_circumstance(as_page(notebook), chapter.name)
    text = with_steady_names(page) + "\n"
    if not output.exists() or output.read_text(encoding="utf-8") != text:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")


def without_circumstance(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The notebook without times, random names and versions of the day, so that equal results are equal bytes."""
    widgets = {"widgets": notebook.metadata.widgets} if "widgets" in notebook.metadata else {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **widgets,
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{name}-{number}"
        kept = {"tags", "mystnb"}
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in kept and value}
        for output in cell.get("outputs", ()):
            output["metadata"] = {}
    return notebook


# Skipping what has not changed --------------------------------------------------------------------


def is_current(chapter: Chapter, settings: Mapping[str, Any], records: Records) -> bool:
    """Whether the page on disk is what executing the chapter here again would give."""
    stamp = _stamp(chapter)
    return stamp.exists() and stamp.read_text(encoding="utf-8") == chapter.digest(settings, records)


def note_current(chapter: Chapter, settings: Mapping[str, Any], records: Records) -> None:
    """Remember what the page on disk was made from."""
    path = _stamp(chapter)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(chapter.digest(settings, records), encoding="utf-8")


def _stamp(chapter: Chapter) -> Path:
    return places.root() / "_build" / "executed" / f"{chapter.name}.sha256"

"""A page from an executed chapter: the answer first, and code that is not the experiment folded at a section's end.

A chapter stands in the order in which it is computed; its page, in the order in which it is read.
"""

from __future__ import annotations

import json
import re

import nbformat

from wsnb.publishing.shown import WIDE

ANSWER = "answer"
"""Tags a cell that says or shows the answer: a page has it under its title."""

FOLDED = "hide-input"
"""Tags a cell whose output is on the page where it stands, and whose code is with that of its section."""

INJECTED = "injected-parameters"
"""Tags the cell by which papermill changes parameters; the page has them in its table."""


def as_page(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The cells of an executed chapter in the order of its page."""
    answer = [cell for cell in notebook.cells if _is_tagged(cell, ANSWER)]
    cells: list[nbformat.NotebookNode] = []
    folded: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            cells += _code_of(folded)
            folded = []
        if cell.cell_type == "code" and (_is_tagged(cell, FOLDED) or _is_tagged(cell, INJECTED)):
            folded.append(cell.source)
            cell.metadata.tags = [*cell.metadata.tags, "remove-input" if cell.outputs else "remove-cell"]
        if any(WIDE in output.get("data", {}).get("text/html", "") for output in cell.get("outputs", ())):
            cell.metadata.tags = [*cell.metadata.get("tags", ()), "full-width"]  # the theme's
        if not _is_tagged(cell, ANSWER):
            cells.append(cell)
    notebook.cells = [cells[0], *answer, *cells[1:], *_code_of(folded)]
    return notebook


def _is_tagged(cell: nbformat.NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", ())


def _code_of(sources: list[str]) -> list[nbformat.NotebookNode]:
    """A cell with the folded code of a section, where it has any."""
    if not sources:
        return []
    code = "\n\n".join(sources)
    text = f"````{{dropdown}} The code of this section\n```{{code-block}} python\n{code}\n```\n````"
    return [nbformat.v4.new_markdown_cell(text)]


_LED_TO = re.compile(r"IPY_MODEL_(\w+)")


def with_steady_names(notebook: nbformat.NotebookNode) -> str:
    """The notebook as JSON, its widgets named in the order in which they lead to one another, not at random."""
    text = nbformat.writes(notebook)
    state = {
        name: json.dumps(of)
        for each in notebook.metadata.get("widgets", {}).values()
        for name, of in each["state"].items()
    }
    outputs = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    order: dict[str, int] = {}
    waiting = re.findall(r'"model_id": "(\w+)"', outputs)
    while waiting:
        name = waiting.pop(0)
        if name in state and name not in order:
            order[name] = len(order)
            waiting += _LED_TO.findall(state[name])
    links = [name for name in state if name not in order]  # which nothing leads to: they lead to others
    links.sort(key=lambda name: [order[each] for each in _LED_TO.findall(state[name]) if each in order])
    for number, name in enumerate([*order, *links]):
        text = text.replace(name, f"{number:032x}")
    return nbformat.writes(nbformat.reads(text, as_version=4))  # in the order of these names

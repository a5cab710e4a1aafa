"""A chapter's cells, run in this process: what a kernel would show, without a kernel."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from wsnb.publishing.chapters import Chapter


def shown(chapter: Chapter, settings: Mapping[str, Any]) -> list[Any]:
    """What each of the chapter's code cells ends with, in order: in words where it has some, else the value."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found = []
    for cell in (cell for cell in chapter.notebook.cells if cell.cell_type == "code"):
        tree = ast.parse(cell.source)
        last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, chapter.name, "exec", dont_inherit=True), names)
        if "parameters" in cell.metadata.get("tags", ()):
            names |= settings
        if last is not None:
            value = eval(compile(last, chapter.name, "eval"), names)
            found.append(getattr(value, "plain", value))
    return found


def text_of(chapter: Chapter, settings: Mapping[str, Any]) -> str:
    """All that the chapter shows, in words."""
    return "\n\n".join(each for each in shown(chapter, settings) if isinstance(each, str))

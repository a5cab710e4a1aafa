"""Tables that fit: numbers under one another by their decimal point, units in heads, wide ones in a frame of their own.

A cell is text, in which Markdown's emphasis, code, links and breaks of a line count; or a :class:`Cell`, which knows
the numbers that its text shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from wsnb.errors import InvalidValue
from wsnb.publishing.shown import WIDE, Html, Source, as_csv, checked_name

WIDE_FROM = 7
"""Columns from which a table stands over a wide page's margin too."""

LONGEST = 30
"""Characters of a cell that stand on one line; on a phone a row's head may take two."""

FIGURE_SPACE = "\N{FIGURE SPACE}"
_NUMBER = re.compile(r"[<+−×-]?\.?\d[\d\N{NARROW NO-BREAK SPACE} ]*(?=[.,/%: )(\[]|$)")
_UNIT = re.compile(r"^(.*\S)\s*\(([^()\d]+)\)$")
_MARKED = re.compile(r"[*`\[<\n]")
_MARKS = re.compile(r"\*\*|`")
LINE = "  \n"
"""Between the lines of a cell that has several, as Markdown has it."""


class Cell(str):
    """A cell's text, and the numbers that it shows.

    Attributes:
        data: by what each is, after the head of its column (empty: what the column holds).
    """

    data: Mapping[str, float]

    def __new__(cls, text: str, data: Mapping[str, float]) -> Cell:
        """The text, with its numbers."""
        cell = super().__new__(cls, text)
        cell.data = data
        return cell


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    name: str = "",
    source: Source | None = None,
    title: str = "",
) -> Html:
    """A table, in a frame of its own in which it scrolls where it is wider than the page; the first column stays.

    Args:
        columns: their heads; what ends in parentheses is a unit.
        rows: a text per column.
        name: its anchor on the page is ``table-NAME``, its file of data is called so.
        source: what it was made from; with a name, the quiet line under it.
        title: what it is, for those who do not see it, where its heads do not say.

    Raises:
        InvalidValue: for a row that has not a cell for each column, or a name that cannot be part of an address.
    """
    rows = [list(row) for row in rows]
    if name:
        checked_name(name)
    if odd := [row for row in rows if len(row) != len(columns)]:
        raise InvalidValue(f"A table of {len(columns)} columns has a row of {len(odd[0])} cells: {odd[0]}.")
    for row in rows:
        if odd := [cell for cell in row if not isinstance(cell, str)]:
            raise InvalidValue(
                f"A table has the cell {odd[0]!r} in the row {row}; allowed: texts, such as str({odd[0]})."
            )
    label = escape(title or "; ".join(filter(None, columns)), quote=True)
    aligned = [_aligned([row[number] for row in rows]) for number in range(len(columns))]
    head = "".join(f'<th scope="col">{_head(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, range(len(columns)), row))}</tr>" for row in zip(*aligned, strict=True))
    line = source.line(f"table-{name}", data(columns, rows)) if source is not None and name else ""
    anchor = f' id="table-{name}"' if name else ""
    first = min(max((len(line) for row in rows for line in row[0].split(LINE)), default=0), LONGEST)
    kind = f"table-frame {WIDE}" if len(columns) >= WIDE_FROM else "table-frame"
    html = (
        f'<div class="{kind}"{anchor} role="region" aria-label="{label}" tabindex="0">'
        f'<table style="--first: {first}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{line}"
    )
    return Html(html, "\n".join(" | ".join(row).replace(LINE, ": ") for row in [list(columns), *rows]))


def data(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as comma-separated values: a column for each number that a cell shows, a text as it is."""
    parts: list[list[str]] = []
    for number in range(len(columns)):
        of_cells = [list(row[number].data) for row in rows if isinstance(row[number], Cell)]
        parts.append(max(of_cells, key=len, default=[""]))
    heads = [f"{column} {part}".strip() for column, of in zip(columns, parts, strict=True) for part in of]
    found = []
    for row in rows:
        line: list[object] = []
        for cell, of in zip(row, parts, strict=True):
            line += (
                [cell.data.get(part) for part in of]
                if isinstance(cell, Cell)
                else [_MARKS.sub("", cell.replace(LINE, ": ")), *[None] * (len(of) - 1)]
            )
        found.append(line)
    return as_csv(heads, found)


def _cell(place: int, cell: tuple[str, bool]) -> str:
    """One cell, the first of a row as its head."""
    text, is_number = cell
    if place == 0:
        return f'<th scope="row">{_inline(text)}</th>'
    is_long = max(map(len, _MARKS.sub("", text).split(LINE))) > LONGEST
    kind = ' class="text"' if is_long else ' class="number"' if is_number else ""
    return f"<td{kind}>{_inline(text)}</td>"


def _aligned(cells: Sequence[str]) -> list[tuple[str, bool]]:
    """The cells with spaces before their whole numbers, so that their decimal points stand under one another."""
    starts = [_NUMBER.match(cell) for cell in cells]
    longest = max((len(start[0].rstrip()) for start in starts if start), default=0)
    return [
        (cell, False) if start is None else (FIGURE_SPACE * (longest - len(start[0].rstrip())) + cell, True)
        for cell, start in zip(cells, starts, strict=True)
    ]


def _head(column: str) -> str:
    found = _UNIT.match(column)
    return _inline(column) if found is None else f'{_inline(found[1])} <span class="unit">{escape(found[2])}</span>'


def _inline(text: str) -> str:
    """Markdown within a line, as HTML."""
    if not _MARKED.search(text):
        return escape(text, quote=False)
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).renderInline(text)

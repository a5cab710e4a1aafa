"""Tables: how cells line up, and what their file of data holds."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from wsnb.errors import InvalidValue
from wsnb.publishing import page, tables
from wsnb.publishing.shown import Source
from wsnb.publishing.tables import FIGURE_SPACE, LINE, Cell, table
from wsnb.verdicts.statistics import Paired

SOURCE = Source("online", "laptop", {})


def test_numbers_of_a_column_stand_under_one_another_by_their_decimal_point() -> None:
    html = table(
        ("start", "accuracy (%)"),
        [("a", "9.5 (0.1)"), ("b", "−12.25"), ("e", "-1.5"), ("c", "not run"), ("d", "×0.31 [×0.2]")],
    ).html
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    assert cells == [
        f"{FIGURE_SPACE * 2}9.5 (0.1)",
        "−12.25",
        f"{FIGURE_SPACE}-1.5",
        "not run",
        f"{FIGURE_SPACE}×0.31 [×0.2]",
    ]
    assert html.count('<td class="number">') == 4


def test_units_are_in_heads_and_the_first_column_is_the_rows_head() -> None:
    html = table(("start", "gap (points)"), [("warm start", "1.0")]).html
    assert 'gap <span class="unit">points</span></th>' in html
    assert '<th scope="row">warm start</th>' in html and '<th scope="col">start</th>' in html


def test_a_table_scrolls_in_a_frame_that_a_keyboard_reaches_and_that_has_a_name() -> None:
    assert 'role="region" aria-label="start; gap" tabindex="0"' in table(("start", "gap"), []).html
    assert 'aria-label="Two &quot;things&quot;"' in table(("start", "gap"), [], title='Two "things"').html


def test_markdown_within_a_cell_is_shown_and_anything_else_is_text() -> None:
    html = table(("a", "b"), [("`x` < y & z", "**met**"), ("1 < 2", "[there](there.html)")]).html
    assert "<code>x</code> &lt; y &amp; z" in html and "<strong>met</strong>" in html
    assert "1 &lt; 2" in html and '<a href="there.html">there</a>' in html


@pytest.mark.parametrize(
    "rows, name, said",
    [
        ([("a",)], "t", "2 columns has a row of 1 cells"),
        ([], "my table", "'my table'"),
        ([("a", 1.5)], "t", r"the cell 1.5 in the row .*such as str\(1.5\)"),
        ([("a", None)], "t", "the cell None"),
    ],
)
def test_a_table_that_cannot_be_made_is_refused(rows: list[tuple[Any, ...]], name: str, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        table(("start", "gap"), rows, name=name)


def test_short_cells_stay_on_a_line_and_long_ones_are_text() -> None:
    html = table(("a", "b"), [("x", "CIFAR-10"), ("y", "a sentence that is longer than a line of a table")]).html
    assert "<td>CIFAR-10</td>" in html and '<td class="text">a sentence' in html
    assert '<td class="text">0.1, 0.2' in table(("a", "b"), [("x", ", ".join(["0.1", "0.2"] * 6))]).html


def test_a_cell_may_have_several_lines() -> None:
    rows = [(f"`width`{LINE}of its first layer", f"a{LINE}b")]
    shown = table(("parameter", "value"), rows)
    assert "<code>width</code><br />" in shown.html and "<td>a<br />" in shown.html
    assert shown.plain.splitlines()[1] == "`width`: of its first layer | a: b"
    assert tables.data(("parameter", "value"), rows).splitlines()[1] == "width: of its first layer,a: b"


def test_the_data_are_the_numbers_that_cells_show_and_not_their_texts() -> None:
    cells = page.accuracy([50.0, 51.0, 53.0]), page.effect(Paired((1.0, 2.0, 4.0)))
    shown = table(
        ("start", "accuracy (%)", "gap (points)"), [("a", *cells), ("b", "not run", "not run")], name="t", source=SOURCE
    )
    rows = list(
        csv.reader(
            io.StringIO(
                tables.data(("start", "accuracy (%)", "gap (points)"), [("a", *cells), ("b", "not run", "not run")])
            )
        )
    )
    assert rows[0] == [
        "start",
        "accuracy (%)",
        "accuracy (%) standard error",
        "gap (points)",
        "gap (points) low",
        "gap (points) high",
    ]
    assert float(rows[1][1]) == (50 + 51 + 53) / 3 and float(rows[1][3]) == 7 / 3
    assert rows[2] == ["b", "not run", "", "not run", "", ""]
    assert 'id="table-t"' in shown.html and 'download="table-t.csv"' in shown.html


def test_a_cell_is_the_text_that_it_shows() -> None:
    cell = Cell("57.8 (0.4)", {"": 57.8123, "standard error": 0.4})
    assert cell == "57.8 (0.4)" and f"{cell} %" == "57.8 (0.4) %"

"""A page from a chapter: what stands where."""

from __future__ import annotations

from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from wsnb.publishing.layout import as_page, with_steady_names
from wsnb.publishing.tables import table


def code(source: str, *tags: str, shows: str = "") -> Any:
    outputs = [new_output("display_data", {"text/plain": shows})] if shows else []
    return new_code_cell(source, metadata={"tags": list(tags)}, outputs=outputs)


def page(*cells: Any) -> list[Any]:
    return as_page(new_notebook(cells=list(cells))).cells


TITLE = new_markdown_cell("# Title\n\nThe question.")


def test_the_answer_stands_under_the_title_in_its_order() -> None:
    cells = page(
        TITLE, new_markdown_cell("## Trials"), code("one", "answer", shows="1"), code("two", "answer", shows="2")
    )
    assert [cell.source for cell in cells] == [TITLE.source, "one", "two", "## Trials"]


def test_code_that_is_not_the_experiment_is_folded_once_at_its_sections_end() -> None:
    cells = page(
        TITLE, new_markdown_cell("## One"), code("a = 1", "hide-input"), code("trials", "trials"),
        code("show(a)", "answer", "hide-input", shows="1"), new_markdown_cell("### In"), new_markdown_cell("## Two"),
        code("last", "hide-input", shows="2"),
    )  # fmt: skip
    folded = [(number, cell.source) for number, cell in enumerate(cells) if "{dropdown}" in cell.source]
    assert len(folded) == 2
    (first, of_one), (second, of_two) = folded
    assert "a = 1\n\nshow(a)" in of_one and "last" in of_two and "trials" not in of_one
    assert cells[first + 1].source == "## Two" and second == len(cells) - 1
    tags = {cell.source: cell.metadata.tags for cell in cells if cell.cell_type == "code"}
    assert "remove-input" in tags["show(a)"] and "remove-cell" in tags["a = 1"] and tags["trials"] == ["trials"]


def test_what_papermill_injects_is_folded_too() -> None:
    cells = page(TITLE, new_markdown_cell("## One"), code('profile = "full"', "injected-parameters"))
    assert 'profile = "full"' in cells[-1].source and "remove-cell" in cells[2].metadata.tags


def test_a_page_without_folded_code_gains_no_cell() -> None:
    assert len(page(TITLE, code("live", shows="1"))) == 2


def with_widgets(*names: str) -> Any:
    """A page that shows a box of two widgets, with a link between these, under such names."""
    box, first, second, link = names
    state = {
        box: {"state": {"children": [f"IPY_MODEL_{first}", f"IPY_MODEL_{second}"]}},
        first: {"state": {"value": "a"}},
        second: {"state": {"value": "b"}},
        link: {"state": {"source": [f"IPY_MODEL_{first}", "index"]}},
    }
    view = new_output("display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": box}})
    metadata = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": dict(sorted(state.items()))}}}
    return new_notebook(cells=[new_code_cell("w", outputs=[view], id="w")], metadata=metadata)


def test_widgets_have_names_by_where_they_stand_and_not_at_random() -> None:
    one, other = (
        with_steady_names(with_widgets(*names)) for names in (("f9", "0a", "77", "c3"), ("1b", "e2", "04", "99"))
    )
    assert one == other and "f9" not in one


def test_what_is_wider_than_text_stands_over_the_margin() -> None:
    wide, narrow = (table(["a"] * columns, [["1"] * columns]).html for columns in (7, 6))
    cells = [new_code_cell("", outputs=[new_output("display_data", {"text/html": html})]) for html in (wide, narrow)]
    assert ["full-width" in cell.metadata.get("tags", ()) for cell in page(TITLE, *cells)[1:]] == [True, False]

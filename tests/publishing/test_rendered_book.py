"""The rendered book: how it is built, and what a browser with no network finds on its pages."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
import reading

from wsnb.errors import WsnbError
from wsnb.publishing import assets, render

ROOT = Path(__file__).parents[2]
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


def cannot(why: str) -> None:
    """Skip on a developer's machine; fail where everything is meant to be checked."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = reading.find_chromium()
    if found is None:
        cannot("there is no Chromium on PATH")
    return found


# Reading: each rule finds what breaks it, and nothing else.

BROKEN = {
    "request to a host": '<script src="https://example.org/a.js"></script>',
    "missing file": '<script src="nowhere.js"></script>',
    "console error": "<script>console.error('no')</script>",
    "uncaught exception": "<script>throw new Error('no')</script>",
    "image without alt text": f'<img src="{PIXEL}">',
    "broken image": '<img alt="a square" src="data:image/png;base64,AAAA">',
    "figure without caption": f'<div class="cell_output"><img alt="a square" src="{PIXEL}"></div>',
    "alt text without a number": (
        '<figure class="drawn" id="f"><div role="img" aria-label="A line."><svg></svg></div></figure>'
    ),
    "scrolls sideways": '<div style="width: 900px">wide</div>',
    "inaccessible": "<button></button>",
    "maths not typeset": '<span class="math">\\(x\\)</span>',
    "maths in error": '<mjx-merror data-mjx-error="Undefined control sequence">x</mjx-merror>',
    "broken link": '<a href="good.html#nowhere">there</a>',
    "error in a cell's output": '<div class="cell_output"><div class="output traceback">ValueError: no</div></div>',
    "stderr in a cell's output": '<div class="cell_output"><div class="output stderr">a warning</div></div>',
}
GOOD = f"""
<h2 id="here">Good</h2>
<p>A price of $5 and <code>$$</code>, <a href="#here">here</a>, <a href="https://example.org">elsewhere</a>.</p>
<div class="cell_output"><figure><img alt="a square" src="{PIXEL}"><figcaption>A square.</figcaption></figure></div>
"""
# Two more ways to break a rule that has one above.
ALSO_BROKEN = {
    "raw.html": ("maths not typeset", "<p>So $$x$$ is</p>"),
    "lost.html": ("broken link", '<a href="nowhere.html">there</a>'),
    "outside.html": ("broken link", '<a href="../../etc/hosts">there</a>'),
    "fetched.html": ("request to a host", "<script>fetch('https://example.org/').catch(() => {})</script>"),
}


@pytest.fixture(scope="session")
def found(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The rules that each of the small pages was found to break."""
    folder = tmp_path_factory.mktemp("pages")
    bodies = {f"{rule}.html": body for rule, body in BROKEN.items()}
    bodies |= {name: body for name, (_, body) in ALSO_BROKEN.items()} | {"good.html": GOOD}
    for name, body in bodies.items():
        (folder / name).write_text(
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>A page</title><body><main><h1>A page</h1>{body}</main></body></html>"
        )
    rules: dict[str, set[str]] = {name: set() for name in bodies}
    for problem in reading.read(folder, chromium):
        rules[problem.page].add(problem.rule)
    return rules


@pytest.mark.parametrize("rule", BROKEN)
def test_a_page_that_breaks_a_rule_is_found_by_that_rule_alone(found: dict[str, set[str]], rule: str) -> None:
    assert rule in found[f"{rule}.html"] <= {rule, "inaccessible"}  # axe wants text for images, too


@pytest.mark.parametrize("page", ALSO_BROKEN)
def test_other_ways_to_break_a_rule_are_found_too(found: dict[str, set[str]], page: str) -> None:
    assert found[page] == {ALSO_BROKEN[page][0]}


def test_a_good_page_has_no_problem(found: dict[str, set[str]]) -> None:
    assert found["good.html"] == set()


# The project's own book.


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project's pages, built from scratch."""
    for page in render.pages(ROOT):
        if not any((ROOT / f"{page}{suffix}").exists() for suffix in render.PAGE_SUFFIXES):
            cannot(f"{page} is not made yet")
    html = tmp_path_factory.mktemp("book") / "html"
    return render.build(ROOT, out=html).parents[1]


def test_the_book_has_no_problem(book: Path, chromium: str) -> None:
    assert [str(problem) for problem in reading.read(book, chromium)] == []


def test_every_page_of_the_contents_is_built_and_reachable_from_the_first(book: Path) -> None:
    first = (book / f"{render.pages(ROOT)[0]}.html").read_text(encoding="utf-8")
    for page in render.pages(ROOT):
        assert (book / f"{page}.html").exists()
        assert f"{page.rsplit('/', 1)[-1]}.html" in first or page == render.pages(ROOT)[0]


def test_maths_is_drawn_by_the_local_mathjax(book: Path) -> None:
    assert (book / "_static/mathjax/tex-mml-chtml.js").exists()
    assert list((book / "_static/mathjax/output/chtml/fonts/woff-v2").glob("*.woff"))


def test_files_that_pages_offer_are_beside_them_each_under_a_name_of_its_own(book: Path) -> None:
    found = {}
    for page in render.pages(ROOT):
        html = (book / f"{page}.html").read_text(encoding="utf-8")
        offered = re.findall(r'download="[\w.-]+" href="([^"]+)"', html)
        assert len(offered) == len(set(offered)) and 'href="data:' not in html
        found[page] = [address for address in offered if (book / "book" / address).stat().st_size > 20]
        assert found[page] == offered
    early = {"early-stopping/fig-early-stopping.csv", "early-stopping/fig-early-stopping.svg"}
    assert early <= set(found["book/early-stopping"])


def test_a_slider_shows_each_of_its_pictures_by_the_keyboard_alone(book: Path, chromium: str) -> None:
    with reading.browser(chromium) as browser:
        tab = browser.new_context(offline=True).new_page()
        tab.goto((book / "book/early-stopping.html").as_uri())
        slider = tab.get_by_role("slider", name="Stop the half after")
        slider.wait_for()
        seen = []
        for _ in range(5):
            [shown] = [each for each in tab.locator(".widget-html .picture").all() if each.is_visible()]
            seen.append((slider.get_attribute("aria-valuetext"), shown.get_attribute("aria-label")))
            slider.press("ArrowRight")
    assert [value for value, _ in seen] == [f"{epochs} epochs" for epochs in (5, 10, 15, 20, 25)]
    assert len({label for _, label in seen}) == 5


# Building.


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book of three pages with the project's settings, and assets that need no network."""
    monkeypatch.setattr(assets, "fetch", lambda folder: folder)
    (tmp_path / "_build/assets").mkdir(parents=True)
    (tmp_path / "_config.yml").write_text((ROOT / "_config.yml").read_text())
    contents = "format: jb-book\nroot: book/intro\nchapters: [{file: book/chapter}, {file: book/other}]\n"
    (tmp_path / "_toc.yml").write_text(contents)
    style = tmp_path / "book/style"
    style.mkdir(parents=True)
    for file in ("book.css", "page.js", "widgets.js"):
        (style / file).write_text("")
    (tmp_path / "book/references.bib").write_text("")
    for page in ("intro", "chapter", "other"):
        (tmp_path / f"book/{page}.md").write_text(f"# The {page}\n")
    return tmp_path


def test_a_second_build_writes_the_page_that_changed_and_leaves_the_others(small: Path) -> None:
    first = render.build(small)
    assert first == small / "_build/html/book/intro.html"
    chapter, other = first.with_name("chapter.html"), first.with_name("other.html")
    written = other.stat().st_mtime_ns
    (small / "book/chapter.md").write_text("# The chapter\n\nChanged.\n")
    render.build(small)
    assert "Changed." in chapter.read_text()
    assert other.stat().st_mtime_ns == written


def test_a_preview_has_the_copy_in_the_pages_place_and_leaves_the_book_as_it_is(small: Path) -> None:
    (small / "book/chapter.md").unlink()
    of = {text: nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]) for text in ("# Book", "# Copy")}
    nbformat.write(of["# Book"], small / "book/chapter.ipynb")
    nbformat.write(of["# Copy"], small / "copy.ipynb")
    shown = render.preview(small, "chapter", small / "copy.ipynb")
    assert shown == small / "_build/preview/_build/html/book/chapter.html" and "Copy" in shown.read_text()
    assert "# Book" in (small / "book/chapter.ipynb").read_text()
    with pytest.raises(WsnbError, match=r"`- file: book/new` to _toc.yml"):
        render.preview(small, "new", small / "copy.ipynb")


def test_a_warning_stops_a_build_and_the_next_one_too(small: Path) -> None:
    (small / "book/chapter.md").write_text("# Chapter\n\n[lost](nowhere.md)\n")
    for _ in range(2):
        with pytest.raises(WsnbError, match="nowhere"):
            render.build(small)


def test_a_chapter_that_was_not_executed_is_named_with_the_command_that_makes_it(small: Path) -> None:
    (small / "book/chapter.md").unlink()
    (small / "notebooks").mkdir()
    (small / "notebooks/chapter.py").touch()
    with pytest.raises(WsnbError, match=r"book/chapter.ipynb is missing.*`wsnb book chapter`"):
        render.build(small)


def test_a_page_that_would_load_a_script_from_another_host_is_not_built(small: Path) -> None:
    config = (small / "_config.yml").read_text()
    (small / "_config.yml").write_text(
        config.replace("html_js_files: [page.js]", 'html_js_files: ["https://example.org/a.js"]')
    )
    with pytest.raises(WsnbError, match="would load https://example.org/a.js from another host"):
        render.build(small)


def test_a_page_of_the_contents_that_is_neither_a_chapter_nor_there_is_named(small: Path) -> None:
    (small / "book/other.md").unlink()
    with pytest.raises(WsnbError, match="book/other is listed in _toc.yml, but there is neither"):
        render.build(small)

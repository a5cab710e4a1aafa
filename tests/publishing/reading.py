"""Reading the built book as a browser does: every page opened from its folder, with no network, and what is wrong."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
SETTLED_MS = 500
"""After which a page has asked for all that it will, and the theme has seen that it has another size."""

OF_SIZE_AND_SCHEME = ("color-contrast", "scrollable-region-focusable", "target-size")
"""Rules of axe that a page may keep on a desktop in light colours alone."""

_AXE = Axe()
_ELSEWHERE = re.compile(r"^(?!file:|data:|blob:|about:)")
_REFRESH = re.compile(r"""http-equiv=["']?refresh["']?[^>]*url=([^"'>]+)""", re.IGNORECASE)

# Runs in the page: waits for the maths, then says what is wrong with what it shows. Each problem is [rule, detail].
_INSPECT = r"""
async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  const problems = [];
  const excerpt = text => text.trim().replace(/\s+/g, " ").slice(0, 80);
  const name = image => image.getAttribute("src").replace(/^data:.*/, "embedded image").split("/").pop();

  for (const image of document.querySelectorAll("img")) {
    if (!image.getAttribute("alt")?.trim() && image.getAttribute("role") !== "presentation")
      problems.push(["image without alt text", name(image)]);
    if (image.complete && image.naturalWidth === 0) problems.push(["broken image", name(image)]);
    if (image.closest(".cell_output") && !image.closest("figure")?.querySelector("figcaption")?.textContent.trim())
      problems.push(["figure without caption", name(image)]);
  }
  for (const figure of document.querySelectorAll("figure.drawn")) {
    const picture = figure.querySelector("[role=img]");
    if (picture && !/\d/.test(picture.getAttribute("aria-label")))
      problems.push(["alt text without a number", figure.id]);
    if (picture && [...picture.querySelectorAll("svg")].filter(svg => svg.checkVisibility()).length !== 1)
      problems.push(["not one picture", figure.id]);
  }

  for (const error of document.querySelectorAll("mjx-merror, [data-mjx-error]"))
    problems.push(["maths in error", excerpt(error.getAttribute("data-mjx-error") ?? error.textContent)]);
  for (const maths of document.querySelectorAll(".math"))
    if (!maths.querySelector("mjx-container")) problems.push(["maths not typeset", excerpt(maths.textContent)]);
  const prose = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (prose.nextNode()) {
    const node = prose.currentNode;
    if (/\$\$|\\\(|\\\[/.test(node.data) && !node.parentElement.closest("code, pre, script, style, textarea, .math"))
      problems.push(["maths not typeset", excerpt(node.data)]);
  }

  for (const output of document.querySelectorAll(".cell_output .traceback"))
    problems.push(["error in a cell's output", excerpt(output.textContent.trim().split("\n").pop())]);
  for (const output of document.querySelectorAll(".cell_output .stderr"))
    problems.push(["stderr in a cell's output", excerpt(output.textContent)]);

  return {
    problems,
    links: [...document.querySelectorAll("a[href]")].map(a => [a.getAttribute("href"), a.href]),
    anchors: [...document.querySelectorAll("[id], a[name]")].map(e => e.id || e.name),
  };
}
"""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with one page.

    Attributes:
        page: the page, relative to the folder that was read.
        rule: what kind of thing is wrong, such as ``"image without alt text"``.
        detail: which thing it is.
    """

    page: str
    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.page}: {self.rule}: {self.detail}"


@dataclass
class _Reading:
    """What one page turned out to hold."""

    problems: list[Problem] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


def read(pages: Path, chromium: str) -> list[Problem]:
    """Open every page under ``pages`` from ``file://`` in Chromium, with no network, and list what is wrong.

    Looks for: requests to another host, missing files, console errors and uncaught exceptions, images that are
    broken or have no alt text, figures of cells without a caption or a number in their alt text, maths that was not
    typeset, errors and stderr in cells' outputs, links to pages or anchors that are not there, what axe finds on a
    desktop in light colours and on a phone in dark ones, and what makes a page scroll sideways on a phone.

    Args:
        pages: a folder of built pages; folders whose name starts with ``_`` hold none.
        chromium: the browser to use.
    """
    pages = pages.resolve()
    files = [f for f in sorted(pages.rglob("*.html")) if not any(p[0] in "_." for p in f.relative_to(pages).parts)]
    assert files, f"there are no pages to read in {pages}"
    readings: dict[Path, _Reading] = {}
    with browser(chromium) as chrome:
        for file in files:
            name = file.relative_to(pages).as_posix()
            if refresh := _REFRESH.search(file.read_text(encoding="utf-8")):
                target = refresh[1].strip()
                readings[file] = _Reading(links=[(target, (file.parent / target).as_uri())])
            else:
                readings[file] = _read_page(chrome, file, name)
    for file, reading in readings.items():
        name = file.relative_to(pages).as_posix()
        reading.problems += [Problem(name, "broken link", why) for why in _broken_links(reading.links, readings, pages)]
    # A theme may show one image or link twice; a reader needs to be told once.
    return sorted({problem for reading in readings.values() for problem in reading.problems})


def find_chromium() -> str | None:
    """The first Chromium on PATH, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()


def _read_page(browser: Browser, file: Path, name: str) -> _Reading:
    reading = _Reading()

    def found(rule: str, detail: str) -> None:
        reading.problems.append(Problem(name, rule, detail))

    def on_console(message: ConsoleMessage) -> None:
        # A resource that did not load is reported by name, as a request.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            found("console error", message.text)

    def on_request(request: Request) -> None:
        if _ELSEWHERE.match(request.url):
            found("request to a host", request.url)

    def on_request_failed(request: Request) -> None:
        if request.url.startswith("file:"):
            found("missing file", unquote(urlsplit(request.url).path))

    # A tab that remembers nothing, as on a reader's first visit, and reaches no network.
    tab = browser.new_context(offline=True, service_workers="block", viewport=DESKTOP).new_page()
    tab.on("console", on_console)
    tab.on("pageerror", lambda error: found("uncaught exception", str(error)))
    tab.on("request", on_request)
    tab.on("requestfailed", on_request_failed)
    tab.on("websocket", lambda socket: found("request to a host", socket.url))
    tab.route(_ELSEWHERE, lambda route: route.abort())
    # The search page does its work, and loads its index, only when it is asked something.
    tab.goto(file.as_uri() + ("?q=training" if file.name == "search.html" else ""))
    tab.wait_for_timeout(SETTLED_MS)
    seen: dict[str, Any] = tab.evaluate(_INSPECT)
    inaccessible = _inaccessible(tab)
    tab.emulate_media(color_scheme="dark")
    tab.set_viewport_size(PHONE)
    tab.wait_for_timeout(SETTLED_MS)
    if (wide := tab.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
        found("scrolls sideways", f"it is {wide} pixels wide on a phone of {PHONE['width']}")
    inaccessible |= _inaccessible(tab, *OF_SIZE_AND_SCHEME)
    tab.context.close()

    for rule, detail in [*seen["problems"], *(("inaccessible", each) for each in sorted(inaccessible))]:
        found(rule, detail)
    reading.links = [(written, resolved) for written, resolved in seen["links"]]
    reading.anchors = set(seen["anchors"])
    return reading


def _inaccessible(tab: Page, *rules: str) -> set[str]:
    """What axe finds outside of pictures, by these rules or by all, each with its first place."""
    options = {"preload": False, "resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    violations = _AXE.run(tab, {"exclude": [[".picture svg"]]}, options).response["violations"]
    return {f"{each['id']}: {each['nodes'][0]['html'][:80]}" for each in violations}


def _broken_links(links: list[tuple[str, str]], readings: dict[Path, _Reading], pages: Path) -> Iterator[str]:
    """Of a page's links, as written and as resolved, those into the book that lead nowhere."""
    for written, resolved in links:
        address, anchor = urldefrag(resolved)
        if not address.startswith("file:"):
            continue
        target = Path(unquote(urlsplit(address).path))
        if not target.is_relative_to(pages):
            yield f"{written} leads out of the book"
        elif not target.is_file():
            yield f"{written} leads to {target.relative_to(pages)}, which does not exist"
        elif anchor and target in readings and unquote(anchor) not in readings[target].anchors:
            yield f"{written} leads to an anchor that {target.relative_to(pages)} does not have"

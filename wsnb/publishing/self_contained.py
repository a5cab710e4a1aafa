"""A Sphinx extension that keeps a built page to itself: opened from a folder, it asks no host for anything.

The list of extensions in ``_config.yml`` leaves out those that speak to other hosts; this one brings MathJax in
before pages are written, loads it where an output has maths, makes files of the data and pictures that a chapter
offers, and refuses a script or a style sheet that would be loaded from elsewhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from wsnb.publishing import assets


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.connect("config-inited", _fetch_assets)
    app.connect("doctree-read", _note_maths)
    app.connect("html-page-context", _make_files)
    app.connect("html-page-context", _refuse_remote_files, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _fetch_assets(app: Sphinx, config: Config) -> None:
    assets.fetch(app.srcdir / "_build" / "assets")


def _note_maths(app: Sphinx, doctree: nodes.document) -> None:
    """Have MathJax on a page whose maths stands in the HTML of a cell's output, where Sphinx does not look."""
    if any('class="math' in node.astext() for node in doctree.findall(nodes.raw)):
        app.env.get_domain("math").data["has_equations"][app.env.docname] = True


_OFFERED = re.compile(r'download="([\w.-]+)" href="data:[^,"]*,([^"]*)"')


def _make_files(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Each file that is within the page becomes one beside it, which the page links to."""
    folder = Path(app.outdir, pagename)

    def linked(offered: re.Match[str]) -> str:
        name, text = offered.groups()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(unquote(text), encoding="utf-8")
        return f'download="{name}" href="{folder.name}/{name}"'

    if "body" in context:
        context["body"] = _OFFERED.sub(linked, context["body"])


def _refuse_remote_files(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    for file in [*context.get("script_files", ()), *context.get("css_files", ())]:
        address = str(getattr(file, "filename", file) or "")
        if "//" in address:
            raise ExtensionError(f"{pagename} would load {address} from another host, and the book works without one.")

"""A Sphinx extension that keeps a built page to itself: opened from a folder, it asks no host for anything.

The list of extensions in ``_config.yml`` leaves out those that speak to other hosts; this one brings MathJax in
before pages are written, and refuses a script or a style sheet that would be loaded from elsewhere.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from wsnb.publishing import assets


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.connect("config-inited", _fetch_assets)
    app.connect("html-page-context", _refuse_remote_files, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _fetch_assets(app: Sphinx, config: Config) -> None:
    assets.fetch(app.srcdir / "_build" / "assets")


def _refuse_remote_files(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    for file in [*context.get("script_files", ()), *context.get("css_files", ())]:
        address = str(getattr(file, "filename", file) or "")
        if "//" in address:
            raise ExtensionError(f"{pagename} would load {address} from another host, and the book works without one.")

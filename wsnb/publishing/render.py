"""Pages from chapters: Jupyter Book's settings, built by Sphinx in this process."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import yaml

from wsnb.errors import InvalidValue, WsnbError, near_miss
from wsnb.publishing import assets

PAGE_SUFFIXES = (".ipynb", ".md")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def pages(root: Path) -> list[str]:
    """The pages that ``_toc.yml`` lists, in reading order, as paths without suffix (``book/intro``)."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [*toc.get("chapters", ()), *(c for part in toc.get("parts", ()) for c in part["chapters"])]
    return [toc["root"], *(chapter["file"] for chapter in chapters)]


def build(root: Path, *, only: str | None = None, strict: bool = True, out: Path | None = None) -> Path:
    """Build the pages of the book in ``root`` and return the first one (or the one asked for).

    What is unchanged since the last build is not built again, unless that build gave a warning: then everything
    is, so that a warning is never lost.

    Args:
        root: the folder that holds ``_config.yml`` and ``_toc.yml``.
        only: build this page alone, by its name (``gap-offline``); the others stay as they are, or missing.
        strict: any warning (of the page asked for, if there is one) is an error.
        out: where the pages go, instead of ``_build/html``.

    Raises:
        InvalidValue: ``only`` is not a page of the book.
        WsnbError: a page is missing, or Sphinx stopped or warned; the message holds its warnings.
    """
    root = root.resolve()
    html = (out or root / "_build" / "html").resolve()
    wanted = _pages_wanted(pages(root), only)
    sources = [_source(root, page) for page in wanted]
    assets.fetch(root / "_build" / "assets")

    warnings = _run_sphinx(root, html, [] if only is None else sources)
    if only is not None:
        warnings = [warning for warning in warnings if wanted[0] in warning]
    if strict and warnings:
        count = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
        raise WsnbError("\n".join([f"The book was built with {count}:", *warnings]))
    return html / f"{wanted[0]}.html"


def _pages_wanted(listed: list[str], only: str | None) -> list[str]:
    if only is None:
        return listed
    names = {page.rsplit("/", 1)[-1]: page for page in listed}
    name = Path(only).stem
    if name not in names:
        raise InvalidValue(
            f"{only!r} is not a page of the book.{near_miss(name, names)} Its pages are {', '.join(names)}."
        )
    return [names[name]]


def _source(root: Path, page: str) -> Path:
    """The file a page is made from."""
    for suffix in PAGE_SUFFIXES:
        if (found := root / f"{page}{suffix}").exists():
            return found
    name = page.rsplit("/", 1)[-1]
    if any((root / "notebooks").glob(f"{name}.*")):
        raise WsnbError(f"The executed chapter {page}.ipynb is missing. Make it with `wsnb book {name}`.")
    raise WsnbError(f"The page {page} is listed in _toc.yml, but there is neither {page}.md nor {page}.ipynb.")


def _run_sphinx(root: Path, html: Path, sources: list[Path]) -> list[str]:
    """Run Sphinx, on these sources alone if there are any, and return its warnings."""
    from jupyter_book.config import get_final_config
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    config, _ = get_final_config(
        user_yaml=root / "_config.yml",
        cli_config={"latex_individualpages": False},
        sourcedir=root,
        raise_on_invalid=True,
    )
    doctrees = html.with_name(f".{html.name}-doctrees")
    output = io.StringIO()
    try:
        with patch_docutils(str(root)), docutils_namespace():
            app = Sphinx(
                srcdir=root,
                confdir=None,
                outdir=html,
                doctreedir=doctrees,
                buildername="html",
                confoverrides=config,
                status=None,
                warning=output,
            )
            app.build(filenames=[str(source) for source in sources])
    except SphinxError as error:
        shutil.rmtree(doctrees, ignore_errors=True)
        raise WsnbError("\n".join([f"The book could not be built: {error}", *_warnings(output)])) from error
    warnings = _warnings(output)
    if warnings:
        shutil.rmtree(doctrees)
    return warnings


def _warnings(output: io.StringIO) -> list[str]:
    """What Sphinx wrote to its warning stream, a line each, without a terminal's colours."""
    return [line for line in _COLOUR.sub("", output.getvalue()).splitlines() if line.strip()]

"""Pages from chapters: Jupyter Book's settings, built by Sphinx in this process."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import yaml

from wsnb.errors import WsnbError
from wsnb.publishing import assets

PAGE_SUFFIXES = (".ipynb", ".md")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def pages(root: Path) -> list[str]:
    """The pages that ``_toc.yml`` lists, in reading order, as paths without suffix (``book/intro``)."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [*toc.get("chapters", ()), *(c for part in toc.get("parts", ()) for c in part["chapters"])]
    return [toc["root"], *(chapter["file"] for chapter in chapters)]


def build(root: Path, *, out: Path | None = None) -> Path:
    """Build the pages of the book in ``root`` and return the first one.

    What is unchanged since the last build is not built again, unless that build gave a warning: then everything
    is, so that a warning is never lost.

    Args:
        root: the folder that holds ``_config.yml`` and ``_toc.yml``.
        out: where the pages go, instead of ``_build/html``.

    Raises:
        WsnbError: a page is missing, or Sphinx stopped or warned; the message holds its warnings.
    """
    root = root.resolve()
    html = (out or root / "_build" / "html").resolve()
    listed = pages(root)
    for page in listed:
        _check_source(root, page)
    assets.fetch(root / "_build" / "assets")
    if warnings := _run_sphinx(root, html):
        count = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
        raise WsnbError("\n".join([f"The book was built with {count}:", *warnings]))
    return html / f"{listed[0]}.html"


def preview(root: Path, chapter: str, executed: Path) -> Path:
    """Build the book beside itself, in ``_build/preview``, with this copy of a chapter, and return the chapter's page.

    Args:
        root: the folder of the book.
        chapter: its name.
        executed: the copy, as it was executed.

    Raises:
        WsnbError: the chapter is not in the contents, or as :func:`build`.
    """
    check_listed(root, chapter)
    place = root / "_build" / "preview"
    shutil.copytree(root / "book", place / "book", dirs_exist_ok=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(root / name, place / name)
    shutil.copytree(assets.fetch(root / "_build" / "assets"), place / "_build" / "assets", dirs_exist_ok=True)
    shutil.copyfile(executed, place / "book" / f"{chapter}.ipynb")
    return build(place).with_name(f"{chapter}.html")


def check_listed(root: Path, chapter: str) -> None:
    """Make sure that a chapter has a page.

    Raises:
        WsnbError: the chapter is not in the contents.
    """
    if f"book/{chapter}" not in pages(root):
        raise WsnbError(f"Chapter {chapter} has no page yet: add a line `- file: book/{chapter}` to _toc.yml.")


def _check_source(root: Path, page: str) -> None:
    """Make sure that there is a file to make the page from."""
    if any((root / f"{page}{suffix}").exists() for suffix in PAGE_SUFFIXES):
        return
    name = page.rsplit("/", 1)[-1]
    if any((root / "notebooks").glob(f"{name}.*")):
        raise WsnbError(f"The executed chapter {page}.ipynb is missing. Make it with `wsnb book {name}`.")
    raise WsnbError(f"The page {page} is listed in _toc.yml, but there is neither {page}.md nor {page}.ipynb.")


def _run_sphinx(root: Path, html: Path) -> list[str]:
    """Run Sphinx and return its warnings."""
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
            app.build()
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

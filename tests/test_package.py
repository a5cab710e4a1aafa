"""Imports run one way: the package works where none of the book's tools is installed, and starts without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "wsnb"
BOOKS_TOOLS = ("papermill", "jupytext", "jupyter_book", "nbformat", "myst_nb", "playwright")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_but_the_books_own_part_imports_without_the_books_tools() -> None:
    modules = [f"wsnb.{path.stem}" for path in PACKAGE.glob("*.py") if path.stem not in ("__init__", "__main__")]
    assert len(modules) > 15
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in BOOKS_TOOLS)
    python(f"import sys; {blocked}; import wsnb, {', '.join(modules)}")


def test_trials_and_records_are_at_hand_without_loading_torch() -> None:
    assert python("import sys, wsnb.cli, wsnb.figures, wsnb.book.page; print('torch' in sys.modules)") == "False\n"


def test_only_the_books_part_knows_the_books_tools() -> None:
    for path in PACKAGE.glob("*.py"):
        for tool in ("papermill", "jupytext", "jupyter_book", "sphinx", "playwright"):
            for line in path.read_text().splitlines():
                assert not line.strip().startswith((f"import {tool}", f"from {tool}")), (path.name, line)

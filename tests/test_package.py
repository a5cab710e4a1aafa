"""Imports run one way: the package works where none of the book's tools is installed, and starts without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import wsnb

PACKAGE = Path(wsnb.__file__).parent
BOOKS_TOOLS = ("papermill", "jupytext", "jupyter_book", "nbformat", "myst_nb", "playwright", "sphinx")


def modules(*folders):
    return [
        ".".join(("wsnb", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for folder in folders
        for path in sorted((PACKAGE / folder).rglob("*.py"))
        if path.stem != "__main__"
    ]


CORE = ["wsnb.values", "wsnb.seam", "wsnb.chance", "wsnb.errors"]
CORE += modules("trials", "starts", "optimizers", "regularizers", "callbacks", "models", "data", "training", "evidence")


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("code", ["import wsnb", "from wsnb import *", "import wsnb.trials.trial, wsnb.seam"])
def test_trials_are_at_hand_without_loading_torch_or_numpy(code):
    assert python(f"import sys; {code}; print('torch' in sys.modules, 'numpy' in sys.modules)") == "False False\n"


def test_the_core_imports_without_the_books_tools():
    assert len(CORE) > 35
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in BOOKS_TOOLS)
    python(f"import sys; {blocked}; import {', '.join(CORE)}")


def test_files_of_methods_load_no_torch_at_their_top():
    methods = modules("starts", "optimizers", "regularizers", "callbacks", "models")
    methods = [name for name in methods if not name.endswith(("_network", ".pull"))]
    assert python(f"import sys, {', '.join(methods)}; print('torch' in sys.modules)") == "False\n"


def test_the_loop_knows_no_method_by_name():
    from wsnb import values
    from wsnb.seam import Callback, Direction, Regularizer, Start

    text = (PACKAGE / "training" / "loop.py").read_text() + (PACKAGE / "regularizers" / "pull.py").read_text()
    known = [cls for cls in values._kinds.values() if issubclass(cls, Start | Regularizer | Callback | Direction)]
    code = "\n".join(line.partition("#")[0] for line in text.splitlines() if ">>>" not in line)
    assert [cls.__name__ for cls in known if f"{cls.__name__}(" in code and cls.__name__ != "PlainSum"] == []


def test_nothing_before_the_running_imports_what_comes_after_it():
    after = ("wsnb.running", "wsnb.verdicts", "wsnb.book", "wsnb.publishing", "wsnb.papers", "wsnb.cli")
    for name in CORE:
        path = PACKAGE / Path(*name.split(".")[1:])
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for line in path.read_text().splitlines():
            assert not line.strip().startswith(
                tuple(f"{verb} {each}" for verb in ("import", "from") for each in after)
            ), name

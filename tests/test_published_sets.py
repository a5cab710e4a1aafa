"""A chapter's cells on data sets that few machines have: run on small files in the sets' own formats, then shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize("name", PUT)
def test_cells_on_another_data_set_are_run_by_one_command_and_fill_the_table(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title, put = PUT[name]
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("wsnb.data._download", lambda *_, **__: pytest.fail("the files are here"))
    put(tmp_path / "data", monkeypatch, images=240)
    _loaded.cache_clear()
    chapter = chapters.chapter("gap-offline")
    settings = chapter.settings("smoke", {"dataset": name, "seeds": 2, "small_model_seeds": 2, "epoch_limit": 2})
    trials = [trial for trial in chapter.trials(settings) if trial.stop.kind != "epochs"]
    assert {trial.data.dataset for trial in trials} == {name}
    heard = []
    for trial in sorted(trials, key=lambda trial: trial.depth):
        perform(Task(trial, tmp_path / "records", True), "cpu", 1, heard.append, lambda: False)
    _loaded.cache_clear()
    assert {event.kind for event in heard} == {"epoch", "finished"}
    assert len(Records(tmp_path / "records").paths()) == len(trials) == 54

    command = [Path(sys.executable).with_name("wsnb"), "run", "gap-offline", "--profile", "smoke"]
    command += ["-p", "epoch_limit=2", "--missing", "skip", "--output", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [page] = tmp_path.glob("*.ipynb")
    outputs = [output for cell in nbformat.read(page, as_version=4).cells for output in cell.get("outputs", ())]
    shown = "\n".join(str(output.get("data", {}).get("text/markdown", "")) for output in outputs)
    assert f"Measured on {title}, in the same profile." in shown
    others = {"SVHN", "CIFAR-100"} - {title}
    assert all(f"**Not run: needs {other}**" in shown for other in others)
    verdicts = [verdict for output in outputs for verdict in output.get("data", {}).get(VERDICTS_MIME, ())]
    words = f"-{title.lower()}-"
    assert {verdict["seeds"] for verdict in verdicts if words in verdict["claim"]} == {2}
    assert {verdict["seeds"] for verdict in verdicts if words not in verdict["claim"]} == {0}

"""A chapter's cells on the papers' other data sets: run on small files in the sets' own formats, then shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from cells import text_of

from wsnb import Records
from wsnb.publishing.chapters import chapter
from wsnb.running.crew import Task
from wsnb.running.worker import _loaded, perform

sys.path.append(str(Path(__file__).parents[1] / "data"))

from small_sets import put_small_cifar100, put_small_svhn  # noqa: E402

PUT = {"svhn": ("SVHN", put_small_svhn), "cifar100": ("CIFAR-100", put_small_cifar100)}
SHORT = {
    "seeds": 2,
    "small_model_seeds": 2,
    "figure_1_seeds": 2,
    "epoch_limit": 1,
    "phase_epochs": 1,
    "width": 2,
    "images": 96,
}


@pytest.mark.parametrize(
    "name, dataset, count", [("gap-offline", "svhn", 66), ("gap-offline", "cifar100", 60), ("online", "svhn", 20)]
)
def test_cells_on_another_data_set_are_run_by_one_command_and_fill_the_page(
    name: str, dataset: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title, put = PUT[dataset]
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "data"))
    put(tmp_path / "data", monkeypatch, images=240)
    _loaded.cache_clear()
    found = chapter(name)
    given = {key: value for key, value in SHORT.items() if key in found.parameters}
    own, others = (found.settings("smoke", more | given) for more in ({"dataset": dataset}, {}))
    trials = found.trials(own)
    heard: list[Any] = []
    for trial in sorted(trials, key=lambda trial: trial.depth):
        perform(Task(trial, Records().folder, True), "cpu", 1, heard.append, lambda: False)
    _loaded.cache_clear()
    assert {event.kind for event in heard} == {"epoch", "finished"}
    assert len(Records().paths()) == len(trials) == count

    monkeypatch.setenv("WSNB_MISSING", "skip")
    judged = []
    for settings in (own, others):
        text = text_of(found, settings)
        assert f"Measured on {title}, in the same profile." in text
        measured = {
            name: each.measured for name, each in found.judged(settings, found.records(settings)).findings.items()
        }
        judged.append({name for name, each in measured.items() if len(each.seeds) == 2})
        assert all(len(each.seeds) in (0, 2) for each in measured.values())
    missing = {"SVHN", "CIFAR-100"} - {title} if name == "gap-offline" else set()
    assert all(f"**Not run: needs {other}.**" in text for other in missing)
    of_own, of_others = judged
    assert of_others <= of_own
    assert of_others and all(f"-{title.lower()}-" in name for name in of_others)

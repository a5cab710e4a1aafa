"""What every test shares: caches and records in folders of the test's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from wsnb import Record, Trial
from wsnb.running.progress import Display

settings.register_profile("wsnb", deadline=None)  # how fast an example is says how busy the machine is
settings.load_profile("wsnb")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded: tests run beside each other

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_places(monkeypatch: pytest.MonkeyPatch, session_cache: Path, tmp_path: Path) -> None:
    """No test reads or writes the user's records and cache, or draws progress."""
    monkeypatch.setenv("WSNB_CACHE", str(session_cache))
    monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("WSNB_RECORDS", str(tmp_path / "records"))
    monkeypatch.setenv("WSNB_PROGRESS", "off")
    monkeypatch.delenv("WSNB_MISSING", raising=False)


def measured(record: Record | None) -> dict:
    """All that a record says but when and how fast it was made."""
    assert record is not None
    curves = {name: curve for name, curve in record.curves.items() if name != "seconds"}
    return {"trial": record.trial, "initial": record.initial, "curves": curves, "final": record.final}


class Hook(Display):
    """Does something at each epoch that is heard of."""

    def __init__(self, epoch: Callable[[Trial, int], None]) -> None:
        self._epoch = epoch

    def epoch(self, trial: Trial, epochs: int, images_seen: int) -> None:
        self._epoch(trial, epochs)

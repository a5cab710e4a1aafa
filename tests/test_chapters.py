"""Chapters: executed in the smoke profile as a re-runner would, and kept in step with their notebooks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from wsnb.book import chapters
from wsnb.book.page import VERDICTS_MIME
from wsnb.claims import CLAIMS
from wsnb.records import Records

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def call(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``records`` and the executed ``pages`` of all chapters in the smoke profile."""
    folder = tmp_path_factory.mktemp("smoke")
    run_smoke(folder, "pages")
    return folder


def run_smoke(folder: Path, pages: str) -> None:
    call(
        BIN / "wsnb", "run", "--profile", "smoke", "--output", folder / pages,
        WSNB_RECORDS=str(folder / "records"), WSNB_CACHE=str(folder / "cache"),
    )  # fmt: skip


def test_every_chapter_executes_without_an_error_or_a_word_on_stderr(smoke: Path) -> None:
    executed = sorted((smoke / "pages").glob("*.ipynb"))
    assert len(executed) == len(chapters.chapters())
    for path in executed:
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                assert output.output_type not in ("error", "stream"), (path.name, output)


def test_every_figure_has_alt_text_and_a_caption(smoke: Path) -> None:
    figures = 0
    for path in (smoke / "pages").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", ())):
                figures += 1
                shown = cell.metadata["mystnb"]
                assert len(shown["image"]["alt"]) > 40
                assert shown["figure"]["name"].startswith("fig-")
                assert len(shown["figure"]["caption"]) > 40
    assert figures >= 3


def test_verdicts_of_the_gap_chapter_are_of_known_claims_and_from_three_seeds(smoke: Path) -> None:
    page = nbformat.read(smoke / "pages" / "gap-offline.smoke.ipynb", as_version=4)
    outputs = [output for cell in page.cells for output in cell.get("outputs", ())]
    verdicts = [verdict for output in outputs for verdict in output.get("data", {}).get(VERDICTS_MIME, ())]
    assert {verdict["claim"] for verdict in verdicts} <= set(CLAIMS)
    run = [verdict for verdict in verdicts if verdict["outcome"] != "not run"]
    assert len(run) == 3 + 9 + 4 + 1  # Figure 1's three, the CIFAR-10 cells of two papers and all of them
    assert all(verdict["seeds"] == 3 for verdict in run)
    assert {verdict["missing"] for verdict in verdicts if verdict not in run} == {"SVHN", "CIFAR-100"}


def test_every_claim_is_judged_on_one_page(smoke: Path) -> None:
    judged = []
    for path in (smoke / "pages").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                judged += [verdict["claim"] for verdict in output.get("data", {}).get(VERDICTS_MIME, ())]
    assert sorted(judged) == sorted(CLAIMS)


def test_executing_again_trains_nothing_and_changes_no_byte(smoke: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (smoke / "records").glob("*.json")}
    run_smoke(smoke, "again")
    assert {path.name: path.stat().st_mtime_ns for path in (smoke / "records").glob("*.json")} == before
    for path in (smoke / "pages").glob("*.ipynb"):
        assert (smoke / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_records_deleted_and_made_again_are_equal_to_the_last_bit(smoke: Path) -> None:
    chapter = chapters.chapter("gap-offline")
    settings = chapter.settings("smoke", {"seeds": 1})
    again = smoke / "once-more"
    call(
        BIN / "wsnb", "run", "gap-offline", "--profile", "smoke", "-p", "seeds=1", "--output", again / "pages",
        WSNB_RECORDS=str(again / "records"), WSNB_CACHE=str(smoke / "cache"),
    )  # fmt: skip
    trials = chapter.trials(settings)
    assert trials
    for trial in trials:
        first, second = (Records(folder / "records").get(trial) for folder in (smoke, again))
        assert first and second
        assert (first.trial, first.initial, first.final) == (second.trial, second.initial, second.final)
        del first.curves["seconds"], second.curves["seconds"]
        assert first.curves == second.curves


def test_plain_papermill_runs_a_chapter_with_a_profile_and_a_parameter(smoke: Path) -> None:
    out = smoke / "out.ipynb"
    call(
        BIN / "papermill", "notebooks/gap-offline.ipynb", out, "-f", "notebooks/profiles/smoke.yml", "-p", "seeds", "2",
        WSNB_RECORDS=str(smoke / "records"), WSNB_CACHE=str(smoke / "cache"), WSNB_PROGRESS="",
    )  # fmt: skip
    page = nbformat.read(out, as_version=4)
    assert not page.metadata.papermill.exception
    assert page.metadata.papermill.parameters.seeds == 2
    shown = "".join(str(cell.get("outputs", "")) for cell in page.cells)
    assert "inconclusive" in shown  # two seeds decide nothing


def test_records_that_are_missing_leave_a_page_that_says_not_run(smoke: Path) -> None:
    call(
        BIN / "wsnb", "run", "gap-offline", "--profile", "paper", "--missing", "skip", "--output", smoke / "absent",
        WSNB_RECORDS=str(smoke / "none"), WSNB_CACHE=str(smoke / "cache"),
    )  # fmt: skip
    page = (smoke / "absent" / "gap-offline.paper.ipynb").read_text()
    assert "not run: needs" in page
    assert "60.3 / 57.8" in page


def test_a_notebook_in_step_with_its_script_stays_as_it_is_and_any_other_is_brought_up(tmp_path: Path) -> None:
    for chapter in chapters.chapters():
        assert not chapter.sync(), f"run `wsnb sync`: {chapter.notebook_path.name} is behind its script"
    script = tmp_path / "new.py"
    script.write_text("# %% [markdown]\n# # New\n\n# %%\n1 + 1\n")
    new = chapters.Chapter("new", script)
    assert new.sync()
    assert not new.sync()
    assert new.title == "New"


def test_jupytext_sync_changes_nothing_in_a_clean_checkout(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    files = sorted(path for path in (tmp_path / "notebooks").rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in files}
    notebooks = [path.relative_to(tmp_path) for path in files if path.suffix == ".ipynb"]
    done = subprocess.run([BIN / "jupytext", "--sync", *notebooks], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in files} == before


def test_parameters_come_from_the_cell_the_profile_and_the_command_in_that_order() -> None:
    chapter = chapters.chapter("gap-offline")
    assert chapter.settings()["profile"] == "laptop"
    assert chapter.settings("paper")["images"] == 1.0
    changed = chapter.settings("paper", {"seeds": 3})
    assert (changed["seeds"], changed["width"], changed["profile"]) == (3, 64, "paper, changed")


def test_the_paper_profile_differs_from_the_paper_in_nothing() -> None:
    chapter = chapters.chapter("gap-offline")
    trials = chapter.trials(chapter.settings("paper"))
    assert len({trial.key for trial in trials}) == 15 + 5 * 9 * 3  # Figure 1, and Table 1's cells
    assert {trial.data.dataset for trial in trials} == {"cifar10"}

"""Chapters: asked for what they train and say, and executed in the smoke profile as a re-runner would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import pytest
from cells import shown, text_of

from wsnb import Record, Records, Trial, places, run
from wsnb.errors import InvalidValue
from wsnb.papers import CLAIMS
from wsnb.publishing import chapters, execute
from wsnb.publishing.chapters import Chapter, chapter
from wsnb.running.jobs import not_trained

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WITH_TRIALS = [each.name for each in chapters.chapters() if each.has_trials]


def call(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``records`` of all chapters in the smoke profile, trained in this process."""
    folder = tmp_path_factory.mktemp("smoke")
    with mock.patch.dict(os.environ, WSNB_WEIGHTS=str(folder / "weights")):
        trials = [trial for each in chapters.chapters() for trial in each.trials(each.settings("smoke"))]
        run(trials, records=folder / "records", workers=0, progress=False)
    return folder


@pytest.fixture(scope="module")
def pages(smoke: Path) -> dict[str, nbformat.NotebookNode]:
    """The executed pages of all chapters, by name."""
    executed(smoke, "pages", *WITH_TRIALS, PYTHONPATH=_without_torch(smoke))
    executed(smoke, "pages", *(each.name for each in chapters.chapters() if not each.has_trials))
    return {path.name.partition(".")[0]: nbformat.read(path, as_version=4) for path in (smoke / "pages").iterdir()}


def executed(smoke: Path, pages: str, *names: str, **environment: str) -> None:
    call(
        BIN / "wsnb", "run", *names, "--profile", "smoke", "--missing", "error", "--output", smoke / pages,
        WSNB_RECORDS=str(smoke / "records"), WSNB_WEIGHTS=str(smoke / "weights"), **environment,
    )  # fmt: skip


def _without_torch(folder: Path) -> str:
    """A path of modules on which there is no torch, and whoever asks for it is written down in ``asked``."""
    (folder / "torch.py").write_text(
        "import pathlib, traceback\n"
        "pathlib.Path(__file__).with_name('asked').write_text(''.join(traceback.format_stack()))\n"
        "raise ImportError('there is no torch here')\n"
    )
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


def outputs(page: nbformat.NotebookNode) -> list[Any]:
    return [output for cell in page.cells for output in cell.get("outputs", ())]


# The contract -------------------------------------------------------------------------------------

CELLS = {
    "parameters": 'profile = "laptop"\nseeds = 5\nfirst_seed = 0',
    "trials": """
from wsnb import MLP, SGD, Epochs, Part, Trial
from wsnb.trials.item import Item

def trials(at):
    def one(rate, seed):
        return {"one": Trial(Part("digits", 40), MLP(hidden=(4,)), SGD(rate), Epochs(1), seed, batch_size=16)}
    return {
        "ours": Item({seed: one(0.1, seed) for seed in at.all_seeds}),
        "theirs": Item({seed: one(0.2, seed) for seed in at.all_seeds}, welcome=True),
    }
""",
    "": 'raise RuntimeError("this cell was run")',
    "verdicts": """
from wsnb.papers import CLAIMS
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY_IF_ANY

def verdicts(at, records):
    effects = [Effect("figure-1-gap", "one", 5.0, ACCURACY_IF_ANY, "ours")]
    return judge(effects, trials(at), records, CLAIMS.values(), at.profile)
""",
}


def written(folder: Path, cells: dict[str, str] = CELLS) -> Chapter:
    script = folder / "new.py"
    marks = {tag: f'# %% tags=["{tag}"]' if tag else "# %%" for tag in cells}
    title = "# %% [markdown]\n# # New\n\n"
    script.write_text(title + "\n\n".join(f"{marks[tag]}\n{source.strip()}" for tag, source in cells.items()) + "\n")
    return Chapter("new", script)


def test_a_chapter_is_asked_for_its_trials_and_verdicts_without_its_other_cells(tmp_path: Path) -> None:
    new = written(tmp_path)
    settings = new.settings()
    trials = new.trials(settings)
    assert [trial.seed for trial in trials] == [0, 1, 2, 3, 4]
    records = run(trials, workers=0)
    judged = new.judged(settings, records)
    measured = [100 * records[trial].final["test_accuracy"] - 5 for trial in trials]
    assert judged.findings["figure-1-gap"].measured.differences == pytest.approx(measured)
    assert CLAIMS["gap-figure-1"] in [verdict.claim for verdict in judged.verdicts]
    with pytest.raises(RuntimeError, match="this cell was run"):
        shown(new, settings)


def test_what_is_welcome_is_never_required_and_shown_where_it_is_recorded(tmp_path: Path) -> None:
    new = written(tmp_path)
    settings = new.settings(given={"seeds": 1})
    items = new.items(settings)
    ours, theirs = (items[name].first()["one"] for name in ("ours", "theirs"))
    assert new.trials(settings) == [ours]
    run([ours], workers=0)
    assert set(new.records(settings)) == {ours}
    run([theirs], workers=0)
    assert set(new.records(settings)) == {ours, theirs}


@pytest.mark.parametrize("tag", ["trials", "verdicts"])
def test_a_tagged_cell_without_its_function_is_refused_with_a_sentence(tmp_path: Path, tag: str) -> None:
    new = written(tmp_path, CELLS | {tag: "something = 1"})
    with pytest.raises(InvalidValue, match=f"tagged '{tag}' in .*new.py defines no {tag}"):
        new.items(new.settings())


def test_a_page_without_trials_trains_nothing_and_says_nothing(tmp_path: Path) -> None:
    page = written(tmp_path, {"": "1 + 1"})
    assert not page.has_trials and page.gathers
    assert page.trials({}) == [] and page.judged({}, {}).verdicts == ()


OWN = '''
from wsnb import MLP, SGD, Epochs, Part, Trial, kind, setting
from wsnb.seam import Callback
from wsnb.trials.item import Item

def shrunk(tensor, factor):
    tensor.mul_(factor)

@kind("chapters_own_shrinking")
class Shrinking(Callback):
    """Shrinks every weight after each epoch."""
    factor: float = setting(0.5, above=0)

    def after_epoch(self, training, state):
        import torch
        with torch.no_grad():
            for tensor in training.model.parameters():
                shrunk(tensor, self.factor)

def trials(at):
    plain = Trial(Part("digits", 40), MLP(hidden=(4,)), SGD(0.1), Epochs(1), batch_size=16)
    return {"ours": Item({0: {"plain": plain, "shrunk": plain.replace(callbacks=(Shrinking(),))}})}
'''


def test_a_chapter_may_define_a_method_of_its_own_which_is_known_by_its_source(tmp_path: Path) -> None:
    new = written(tmp_path, {"parameters": CELLS["parameters"], "trials": OWN})
    plain, shrunk = new.trials(new.settings())
    records = run([plain, shrunk], workers=0)
    assert records[plain].final["test_loss"] != records[shrunk].final["test_loss"]
    comment = OWN.replace("def trials(at):", "def trials(at):\n    # the same")
    assert [trial.key for trial in written(tmp_path, {"trials": comment}).trials({})] == [plain.key, shrunk.key]
    edited = OWN.replace("tensor.mul_(factor)", "tensor.mul_(factor**2)")
    other, changed = written(tmp_path, {"trials": edited}).trials({})
    assert other.key == plain.key and changed.key != shrunk.key


def test_parameters_come_from_the_cell_the_profile_and_the_command_in_that_order() -> None:
    found = chapter("gap-offline")
    assert found.settings()["profile"] == "laptop"
    assert found.settings("paper")["images"] == 1.0
    changed = found.settings("paper", {"seeds": 3})
    assert (changed["seeds"], changed["width"], changed["profile"]) == (3, 64, "paper, changed")
    with pytest.raises(InvalidValue, match="Did you mean 'seeds'"):
        found.settings("paper", {"sedes": 3})
    with pytest.raises(InvalidValue, match="chosen by --profile"):
        found.settings("paper", {"profile": "laptop", "seeds": 3})


def test_the_settings_that_are_published_are_the_chapters_own_and_each_item_has_a_profile_of_its_own() -> None:
    found = chapter("gap-offline")
    assert found.settings("published") == found.settings() | {"profile": "published"}


def test_a_page_is_current_until_something_that_it_rests_on_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "book").mkdir()
    monkeypatch.setattr(places, "root", lambda: tmp_path)
    new, store = written(tmp_path), Records()
    settings = new.settings()
    assert not execute.is_current(new, settings, store)
    new.page_path.write_text("the page")
    execute.note_current(new, settings, store)
    assert execute.is_current(written(tmp_path), settings, store)
    assert not execute.is_current(new, settings | {"seeds": 3}, store)
    welcome = new.items(settings)["theirs"].first()["one"]
    run([welcome], workers=0)
    assert not execute.is_current(new, settings, store)
    execute.note_current(new, settings, store)
    assert execute.is_current(new, settings, store)
    new.page_path.write_text("the page, edited by hand")
    assert not execute.is_current(new, settings, store)
    new.page_path.write_text("the page")
    changed = written(tmp_path, CELLS | {"": "1 + 1"})
    assert not execute.is_current(changed, settings, store)


def test_a_failing_cell_is_a_sentence_and_leaves_the_page_as_it_was(tmp_path: Path) -> None:
    broken = written(tmp_path, {"": 'raise ValueError("no such thing")'})
    with pytest.raises(execute.ChapterFailed, match=r"raise ValueError.*: ValueError: no such thing"):
        execute.execute([execute.Execution(broken, {}, tmp_path / "out.ipynb")])
    assert not (tmp_path / "out.ipynb").exists()


# In step with their notebooks ---------------------------------------------------------------------


def test_a_notebook_in_step_with_its_script_stays_as_it_is_and_any_other_is_brought_up(tmp_path: Path) -> None:
    for each in chapters.chapters():
        assert not each.sync(), f"run `wsnb sync`: {each.notebook_path.name} was behind its script"
    new = written(tmp_path, {"": "1 + 1"})
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


# The smoke run ------------------------------------------------------------------------------------


def test_every_chapter_executes_without_an_error_or_a_word_on_stderr(pages: dict[str, Any]) -> None:
    assert set(pages) == {each.name for each in chapters.chapters()}
    for name, page in pages.items():
        for output in outputs(page):
            assert output.output_type not in ("error", "stream"), (name, output)


def test_a_page_shows_the_verdicts_that_its_chapter_gives(smoke: Path, pages: dict[str, Any]) -> None:
    judged = []
    for name in WITH_TRIALS:
        found = chapter(name)
        settings = found.settings("smoke")
        of_chapter = found.judged(settings, found.records(settings, Records(smoke / "records")))
        judged += [verdict.claim.id for verdict in of_chapter.verdicts]
        text = "\n".join(str(output.get("data", {}).get("text/plain", "")) for output in outputs(pages[name]))
        for verdict in of_chapter.verdicts:
            card, *_ = (line for line in text.splitlines() if f" {verdict.claim.id}: " in line)
            assert card.split(": ")[0].endswith(verdict.outcome)
        absent = {name for line in re.findall(r"effects? not run: (.*)", text) for name in line.split(", ")}
        for effect, finding in of_chapter.findings.items():
            assert f"\n`{effect}`:" in text if finding.measured.seeds else effect in absent
    assert sorted(judged) == sorted(name for name, each in CLAIMS.items() if each.expects)  # every one, on one page


def test_the_gap_chapter_judges_what_it_has_records_of_and_names_the_data_that_the_rest_needs(smoke: Path) -> None:
    found = chapter("gap-offline")
    settings = found.settings("smoke")
    judged = found.judged(settings, found.records(settings, Records(smoke / "records")))
    measured = [name for name, finding in judged.findings.items() if finding.measured.seeds]
    assert len(measured) == 3 + 9  # Figure 1's three, and the CIFAR-10 cells
    assert {finding.state for finding in judged.findings.values()} == {"not judged"}  # three seeds are too few
    missing = {verdict.missing for verdict in judged.verdicts}
    assert missing == {"SVHN", "its trainings", "five seeds or more: 2 are planned"}


def test_executing_again_trains_nothing_and_changes_no_byte(smoke: Path, pages: dict[str, Any]) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (smoke / "records").glob("*.json")}
    executed(smoke, "again", "gap-offline", "intro")
    assert {path.name: path.stat().st_mtime_ns for path in (smoke / "records").glob("*.json")} == before
    for path in (smoke / "again").iterdir():
        assert (smoke / "pages" / path.name).read_bytes() == path.read_bytes(), path.name


def test_records_deleted_and_made_again_are_equal_to_the_last_bit(smoke: Path, tmp_path: Path) -> None:
    found = chapter("early-stopping")
    call(
        BIN / "wsnb", "run", "early-stopping", "--profile", "smoke", "-p", "seeds=1", "--output", tmp_path / "pages",
        WSNB_RECORDS=str(tmp_path / "again"), WSNB_WEIGHTS=str(tmp_path / "weights"),
    )  # fmt: skip
    trials = found.trials(found.settings("smoke", {"seeds": 1}))
    assert trials
    for trial in trials:
        first, second = (Records(folder).get(trial) for folder in (smoke / "records", tmp_path / "again"))
        assert first and second and not first.differences(second)
        asked_more = first.measured != second.measured  # another chapter may ask more of the same training
        final = {name: first.final[name] for name in second.final} if asked_more else first.final
        assert (first.trial, first.initial, final) == (second.trial, second.initial, second.final)


def test_plain_papermill_runs_a_chapter_with_a_profile_and_a_parameter(smoke: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    call(
        BIN / "papermill", "notebooks/early-stopping.ipynb", out, "-f", "notebooks/profiles/smoke.yml",
        "-p", "seeds", 2, WSNB_RECORDS=str(smoke / "records"), WSNB_PROGRESS="",
    )  # fmt: skip
    page = nbformat.read(out, as_version=4)
    assert not page.metadata.papermill.exception
    assert page.metadata.papermill.parameters.seeds == 2
    assert "not judged: five seeds are the fewest" in str(outputs(page))


# What is missing, and what failed -----------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_TRIALS)
def test_without_records_a_page_shows_the_papers_numbers_and_says_not_run(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WSNB_MISSING", "skip")
    found = chapter(name)
    text = text_of(found, found.settings("paper"))
    assert "not run" in text.lower() and "none; nothing on this page was run" in text
    if name == "gap-offline":
        assert "60.3 / 57.8" in text


def diverged(trial: Trial, sound: Record) -> Record:
    """As the loop writes the record of a training that diverged in its second epoch."""
    counts = {"epochs": 1, "steps": 2, "images_seen": sound.final["images_seen"] // sound.final["epochs"]}
    why = "the training diverged in epoch 2: train loss is nan"
    curves = {name: curve[:1] for name, curve in sound.curves.items()}
    made = {key: value for key, value in sound.provenance.items() if key != "weights"}
    final = counts | {"stopped": "diverged", "failed": why}
    return Record(trial.canonical(), trial.asked, sound.initial, curves, final, made)


def with_failures(smoke: Path, folder: Path, trials: list[Trial], lost: list[Trial]) -> Records:
    """The records of these trials, those of ``lost`` failed, and what should have started there not trained."""
    sound, store = Records(smoke / "records"), Records(folder)
    for trial in trials:
        record = sound.get(trial)
        if trial in lost:
            record = diverged(trial, record)
        elif trial.parent is not None and (parent := store.find(trial.parent.key)) is not None and parent.failed:
            record = not_trained(trial, parent)
        store.put(record)
    return store


@pytest.mark.parametrize("which", ["a parent", "a child", "every seed"])
@pytest.mark.parametrize("name", WITH_TRIALS)
def test_a_training_that_failed_breaks_no_page_and_is_told_of(
    name: str, which: str, smoke: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = chapter(name)
    settings = found.settings("smoke")
    trials = sorted(found.trials(settings), key=lambda trial: trial.depth)
    parents = {trial.parent for trial in trials}
    lost = {
        "a parent": [trial for trial in trials if trial in parents][:1],
        "a child": [trial for trial in trials if trial not in parents][-1:],
        "every seed": [trial for trial in trials if trial.parent is None],
    }[which]
    store = with_failures(smoke, places.records(), trials, lost)
    records = list(store)  # fewer than the trials where several ask one training for different measurements
    failed = sum(bool(record.failed) for record in records)
    monkeypatch.setenv("WSNB_MISSING", "error")
    text = text_of(found, settings)
    assert f"**Failed:** {failed} of the {len(records)} trainings have no result" in text
    assert "nan" not in text.lower().replace(lost_sentence := "train loss is nan", "") and lost_sentence in text
    for finding in found.judged(settings, found.records(settings)).findings.values():
        measured = finding.measured
        assert set(measured.failed) <= set(measured.seeds)
        if which == "every seed":
            assert measured.failed == measured.seeds


def test_the_quickstart_shows_what_is_left_when_every_training_diverges() -> None:
    found = chapter("quickstart")
    given = {"adam_learning_rate": 1e30, "seeds": 1, "images": 40, "epoch_limit": 1, "width": 1}
    monkeypatch = pytest.MonkeyPatch()
    with monkeypatch.context() as patched:
        patched.setattr("wsnb.run", lambda trials, **more: run(trials, **more | {"workers": 0}))
        text = text_of(found, found.settings(given=given))
    assert "**Failed:** 4 of the 4 trainings have no result" in text and "warm start | not run |" in text


# Without torch ------------------------------------------------------------------------------------


def test_pages_whose_records_are_all_there_were_made_without_torch(smoke: Path, pages: dict[str, Any]) -> None:
    assert set(WITH_TRIALS) <= pages.keys()
    assert not (asked := smoke / "asked").exists(), asked.read_text()


def test_commands_that_look_import_no_torch(smoke: Path) -> None:
    script = """
import sys
from click.testing import CliRunner
from wsnb import cli
for command in (["--help"], ["chapters"], ["records", "list"], ["records", "verify"], ["data", "list"]):
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code == 0, done
    assert "torch" not in sys.modules, command
"""
    call(sys.executable, "-c", script, WSNB_RECORDS=str(smoke / "records"))

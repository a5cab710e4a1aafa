"""What the pages tell a reader to type does what they say."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from wsnb import Records, Trial, cli, places, run
from wsnb.data import catalogue
from wsnb.data.image_set import load
from wsnb.publishing import chapters
from wsnb.publishing.shown import Shown

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "book").glob("*.md")), *sorted((ROOT / "notebooks").glob("*.py"))]


def commands() -> list[str]:
    """Every line of a page that calls ``wsnb``, and every call in its sentences."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n#", "")
        found += re.findall(r"^(?:# |    |#     )?wsnb (.+)$", text, re.MULTILINE)
        found += re.findall(r"`wsnb ([^`]+)`", text.replace("\n# ", " ").replace("\n", " "))
    return sorted({line.partition("  #")[0].strip() for line in found})


@pytest.mark.parametrize("line", commands())
def test_every_command_that_a_page_shows_is_one(line: str) -> None:
    words = shlex.split(line, comments=True)
    command: click.Command = cli.app
    context = click.Context(cli.app)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        command = command.get_command(context, name) or pytest.fail(f"there is no command {name}")
    context = click.Context(command)
    if words and words != ["--help"]:  # a sentence may name a command alone
        command.parse_args(context, words)


def blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a page's blocks of Python one after another, in this process, each training for one epoch on few images."""
    monkeypatch.setattr("wsnb.run", lambda trials, **more: run(trials, **more | {"workers": 0, "progress": False}))
    monkeypatch.chdir(tmp_path)

    def execute(page: str) -> dict[str, object]:
        names: dict[str, object] = {"__name__": f"shown_in_{Path(page).stem}"}
        for number, block in enumerate(blocks(page)):
            shorter = re.sub(r"Epochs\(\d\)", "Epochs(1)", block).replace('Part("digits")', 'Part("digits", 64)')
            shorter = shorter.replace('Part("digits", 0.5)', 'Part("digits", 32)')
            script = tmp_path / f"block_{number}.py"  # where the source of a class is looked for
            script.write_text(shorter)
            exec(compile(shorter, str(script), "exec", dont_inherit=True), names)
        return names

    return execute


def test_the_readmes_trainings_run(executed, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(executed("README.md")["records"]) == 3
    said = capsys.readouterr().out
    for start in ("WarmStart()", "ShrinkPerturb(noise=0.01)", "RandomInit()"):
        assert f"{start}: " in said


def test_a_method_a_model_and_a_data_set_of_ones_own_are_as_short_as_the_page_has_them_and_work(executed) -> None:
    names = executed("book/edit.md")
    plain, own = names["records"].values()
    assert plain.final["test_loss"] != own.final["test_loss"]
    assert own.trial["callbacks"][0]["factor"] == 0.8 and "source" in own.trial["callbacks"][0]
    noise = load("noise")
    assert (noise.title, len(noise.train_images), len(noise.test_images)) == ("Noise", 500, 100)
    trial: Trial = names["plain"].replace(model=names["SmallCNN"](4), data=names["Part"]("noise", 64))
    [record] = run([trial], workers=0).values()
    assert record.final["epochs"] == 1 and record.key in {path.stem for path in Records().paths()}
    assert max(map(len, (block.strip().splitlines() for block in blocks("book/edit.md")))) <= 14
    del catalogue._sets["noise"]


def test_the_minimal_chapter_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks" / "profiles", folder / "profiles")
    shutil.copy(ROOT / "book" / "minimal-chapter.py", folder)
    monkeypatch.setattr(places, "root", lambda: tmp_path)
    monkeypatch.setenv("WSNB_RECORDS", str(tmp_path / "records"))
    [found] = chapters.chapters()
    settings = found.settings("smoke", {"seeds": 5})
    trials = found.trials(settings)
    run(trials, workers=0, progress=False)
    assert [finding.is_judged for finding in found.judged(settings, found.records(settings)).findings.values()] == [
        True
    ]
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in found.notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            if "parameters" in cell.metadata.get("tags", ()):
                names |= settings
    assert isinstance(eval(found.notebook.cells[-1].source, names), Shown)
    assert len(found.notebook.cells) < 20

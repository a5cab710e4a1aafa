"""The command line: bad input gets a sentence and an exit status, never a traceback unless asked for."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pandas as pd
import pytest
from made_records import failed, record

from wsnb import MLP, SGD, Epochs, Part, Records, Trial, cli, places, run
from wsnb.publishing import chapters, execute, render

TRIAL = Trial(Part("digits", 40), MLP(hidden=(4,)), SGD(0.1), Epochs(1), batch_size=16)


@pytest.fixture
def wsnb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs ``wsnb ARGUMENTS`` in this process: (exit status, standard output, standard error)."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wsnb", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["rnu"],
            "There is no command 'rnu'; allowed: book, chapters, data, info, plan, records, run, sync. "
            "Did you mean 'run'?",
        ),
        (["run", "gap-ofline"], "There is no chapter 'gap-ofline'"),
        (["run", "gap-ofline"], "Did you mean 'gap-offline'?"),
        (["book", "quikstart"], "Did you mean 'quickstart'?"),
        (["run", "gap-offline", "--profile", "lptop"], "Did you mean 'laptop'?"),
        (["run", "gap-offline", "-p", "sedes=3"], "has no parameter 'sedes'"),
        (["run", "gap-offline", "-p", "sedes=3"], "Did you mean 'seeds'?"),
        (["run", "gap-offline", "-p", "seeds=many"], "seeds is 'many'; allowed: a whole number."),
        (["run", "gap-offline", "-p", "seeds=0"], "seeds is 0; allowed: a whole number, above 0."),
        (["run", "gap-offline", "-p", "images=1.5"], "Part.amount is 1.5; allowed"),
        (["run", "gap-offline", "-p", "dataset=cifar11"], "Did you mean 'cifar10'?"),
        (["run", "gap-offline", "-p", "seeds"], "-p was given 'seeds'; allowed: name=value"),
        (["run", "gap-offline", "--time-budget", "soon"], "--time-budget was given 'soon'; allowed: a time such as"),
        (["run", "quickstart", "gap-offline", "--profile", "smoke", "--engine", "rya"], "Did you mean 'ray'?"),
        (["run", "gap-offline", "--profile", "smoke", "--address", "auto"], "an address is for engine='ray'"),
        (["plan", "gap-offline", "--profile", "smoke", "--device", "cuda:7"], "device is 'cuda:7'; allowed here: cpu"),
        (["plan", "gap-ofline"], "Did you mean 'gap-offline'?"),
        (["run", "-p", "nothing=1"], "No chapter takes all of the parameters nothing"),
        (["records", "export", "table.xls"], "allowed: a name that ends in .csv or .parquet."),
        (["records", "list", "--where", "seed"], "--where was given 'seed'; allowed: column=value, such as --where"),
        (["records", "pack", "pack.zip"], "There is no command 'pack'; allowed: export, list, merge, verify."),
        (["records", "merge", "/nowhere/at/all"], "/nowhere/at/all holds no records; allowed: a folder of KEY.json"),
        (["data", "check", "cifar11"], "Did you mean 'cifar10'?"),
        (["data", "check", "images:/nowhere/at/all"], "/nowhere/at/all"),
    ],
)
def test_a_mistake_gets_a_sentence(wsnb, arguments: list[str], sentence: str) -> None:
    status, _, err = wsnb(*arguments)
    assert status not in (0, None)
    assert sentence in err
    assert "Traceback" not in err


def test_a_traceback_is_shown_when_asked_for(wsnb) -> None:
    _, _, err = wsnb("--traceback", "run", "gap-ofline")
    assert "Traceback" in err


def test_help_names_every_command(wsnb) -> None:
    status, out, _ = wsnb("--help")
    assert status == 0
    for command in ("book", "chapters", "data", "info", "plan", "records", "run", "sync"):
        assert f"  {command} " in out


def test_records_are_listed_verified_and_exported(wsnb, tmp_path: Path) -> None:
    run([TRIAL])
    assert TRIAL.key in wsnb("records", "list")[1]
    assert TRIAL.key in wsnb("records", "list", "--where", "data.dataset=digits")[1]
    assert "No such records" in wsnb("records", "list", "--where", "seed=7")[1]
    assert "Did you mean 'seed'?" in wsnb("records", "list", "--where", "seeed=7")[2]
    assert "1 records in" in wsnb("records", "verify")[1]
    for name in ("table.csv", "table.parquet"):
        assert wsnb("records", "export", str(tmp_path / name))[0] == 0
    read = [pd.read_csv(tmp_path / "table.csv"), pd.read_parquet(tmp_path / "table.parquet")]
    assert [list(table["key"]) for table in read] == [[TRIAL.key]] * 2
    assert read[0]["optimizer.learning_rate"][0] == 0.1


@pytest.mark.parametrize("damage", ["cut", "edited"])
def test_a_damaged_record_is_named_and_nothing_is_shown_from_it(wsnb, damage: str) -> None:
    run([TRIAL])
    path = Records().path(TRIAL.key)
    text = path.read_text()
    path.write_text(text[:200] if damage == "cut" else text.replace('"epochs": 1', '"epochs": 2'))
    for command in (["records", "verify"], ["records", "list"]):
        status, _, err = wsnb(*command)
        assert status == 4
        assert path.name in err
        assert "run its chapter again" in err


def recorded(trial: Trial, store: Records, accuracy: float = 0.5) -> Path:
    return store.put(record(trial, accuracy, epochs=1))


def test_the_list_is_a_table_whose_columns_are_aligned(wsnb) -> None:
    keys = [recorded(TRIAL.replace(seed=seed), Records(), accuracy).stem for seed, accuracy in ((7, 0.5), (12345, 1))]
    status, out, _ = wsnb("records", "list")
    header, *lines = out.splitlines()
    assert status == 0 and sorted(keys) == [line.split()[0] for line in lines]
    assert header.split() == (
        "key data.dataset data.amount model start optimizer stop seed epochs test accuracy".split()
    )
    assert {tuple(line.split()[-3:]) for line in lines} == {("7", "1", "50.00"), ("12345", "1", "100.00")}
    assert len({len(line) for line in (header, *lines)}) == 1
    [line] = wsnb("records", "list", "--where", "seed=12345", "--where", "model=mlp")[1].splitlines()[1:]
    assert line.split()[0] == keys[1]


def test_verify_names_every_damaged_record_and_tells_of_what_lies_beside_them(wsnb) -> None:
    paths = [recorded(TRIAL.replace(seed=seed), Records()) for seed in range(4)]
    paths[0].write_text("damaged")
    Records().set_aside(TRIAL.replace(seed=0).key)
    for path in paths[1:3]:
        path.write_text("damaged")
    status, out, err = wsnb("records", "verify")
    assert status == 4
    assert "1 records in" in out and "are sound, 2 damaged." in out
    assert f"1 damaged ones were set aside earlier: {Records().folder / 'damaged'}." in out
    assert [path.name in err for path in paths] == [False, True, True, False]
    for path in paths[1:3]:
        path.unlink()
    assert wsnb("records", "verify")[0] == 0


def test_a_training_that_failed_is_listed_as_such(wsnb) -> None:
    Records().put(failed(TRIAL))
    assert wsnb("records", "list")[1].splitlines()[1].endswith(" failed")


def test_records_go_from_machine_to_machine_as_a_folder(wsnb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(3):
        recorded(TRIAL.replace(seed=seed), Records())
    here = Records().folder
    monkeypatch.setenv("WSNB_RECORDS", str(tmp_path / "elsewhere"))
    added = f"{here}: 3 added\n3 records are now in {tmp_path / 'elsewhere'}.\n"
    assert wsnb("records", "merge", str(here)) == (0, added, "")
    again = f"{here}: 0 added, 3 already here\n3 records are now in {tmp_path / 'elsewhere'}.\n"
    assert wsnb("records", "merge", str(here)) == (0, again, "")


def test_a_merge_goes_on_after_what_is_wrong_and_says_it_at_the_end(wsnb, tmp_path: Path) -> None:
    recorded(TRIAL, Records())
    first, second = Records(tmp_path / "first"), Records(tmp_path / "second")
    recorded(TRIAL, first, 0.75)
    recorded(TRIAL.replace(seed=1), first).write_text("damaged")
    recorded(TRIAL.replace(seed=2), second)
    status, out, err = wsnb("records", "merge", str(first.folder), "nowhere", str(second.folder))
    assert status == 4
    assert out.splitlines() == [
        f"{first.folder}: 0 added, 1 different, 1 refused",
        "nowhere: 0 added, 1 refused",
        f"{second.folder}: 1 added",
        f"2 records are now in {Records().folder}.",
    ]
    assert f"The record {TRIAL.key}.json has another late_test_accuracy and test_accuracy than ours" in err
    assert "test accuracy 0.75 on a CPU there, 0.5 on a CPU here" in err
    assert f"{TRIAL.replace(seed=1).key}.json is cut short" in err and "nowhere holds no records" in err


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(
    wsnb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run([TRIAL])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, _, err = wsnb("records", "export", str(tmp_path / "new" / "table.csv"))
    assert status == 4
    assert "No space left on device" in err
    assert not list((tmp_path / "new").iterdir())


def test_ctrl_c_is_a_sentence_that_says_what_to_do(wsnb, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(chapters.Chapter, "trials", interrupted)
    status, _, err = wsnb("run", "gap-offline", "--profile", "smoke")
    assert status == 130
    assert "run again to go on" in err
    assert "Traceback" not in err


def test_missing_data_without_a_network_names_the_set_the_place_and_the_command(
    wsnb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "data"))
    status, _, err = wsnb("data", "check", "svhn")
    assert status == 3
    assert "SVHN is not here" in err
    assert str(tmp_path / "data") in err
    assert "wsnb data fetch svhn" in err


def test_missing_records_are_an_error_when_asked(wsnb) -> None:
    status, _, err = wsnb("run", "gap-offline", "--profile", "smoke", "--missing", "error")
    assert status == 6
    assert "60 of 60 records are missing" in err


def test_a_plan_says_what_is_recorded_and_what_would_run_and_trains_nothing(wsnb) -> None:
    few = ("-p", "seeds=1", "-p", "small_model_seeds=1", "-p", "figure_1_seeds=1")
    status, out, _ = wsnb("plan", "gap-offline", "--profile", "smoke", *few, "--workers", "2")
    assert status == 0
    assert "30 trials to train" in out and "with 2 workers" in out
    assert "ResNet18(width=4)" in out and "start=WarmStart(), parent=Part(dataset='digits', amount=48)" in out
    assert not Records().paths()


# Chapters and the book ----------------------------------------------------------------------------


def test_chapters_are_listed_in_columns_that_fit_what_stands_in_them(wsnb) -> None:
    status, out, _ = wsnb("chapters")
    found, lines = chapters.chapters(), out.splitlines()
    assert status == 0 and len(lines) == len(found)
    profiles = ["laptop" if each.has_trials else "" for each in found]
    name, profile = (max(map(len, cells)) for cells in ([each.name for each in found], profiles))
    for line, each, published in zip(lines, found, profiles, strict=True):
        assert line == f"{each.name:<{name}}  {published:<{profile}}  {each.title}"


def test_a_chapters_parameters_stand_under_it(wsnb) -> None:
    _, out, _ = wsnb("chapters", "--parameters")
    under = out[out.index("gap-offline") : out.index("learning-rate-batch-size ")]
    assert "\n    images = 7680\n" in under and "\n    optimizer_state = 'kept'\n" in under


def test_data_sets_are_listed_in_columns_with_where_they_are(wsnb) -> None:
    _, out, _ = wsnb("data", "list")
    lines = out.splitlines()
    assert len({line.index(" images, ") > 0 and line.index("here") for line in lines if " images, " in line}) <= 2
    [digits] = [line for line in lines if line.startswith("digits ")]
    assert digits.endswith("here: scikit-learn") and lines[-1].startswith("images:PATH ")


def test_a_book_executes_what_has_changed_and_then_what_gathers_and_renders(
    wsnb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done: list[str] = []
    current: set[str] = set()
    monkeypatch.setattr(execute, "is_current", lambda chapter, *_: chapter.name in current)
    monkeypatch.setattr(execute, "note_current", lambda chapter, *_: current.add(chapter.name))
    monkeypatch.setattr(
        execute, "execute", lambda work, missing: done.extend((each.chapter.name, missing) for each in work)
    )
    monkeypatch.setattr(render, "build", lambda root: tmp_path / "intro.html")
    gathers = [each.name for each in chapters.chapters() if each.gathers]
    status, out, _ = wsnb("book", "online")
    assert (status, out) == (0, f"{tmp_path / 'online.html'}\n")
    assert [name for name, _ in done] == ["online", *gathers]
    assert {missing for _, missing in done} == {"skip"}  # nothing is trained for a page
    done.clear()
    assert wsnb("book", "online", "--no-pages")[1] == "" and done == []
    wsnb("book", "--no-pages", "--force")
    assert [name for name, _ in done] == [each.name for each in chapters.chapters()]


def test_a_run_trains_what_is_missing_then_executes_into_a_folder_of_its_own(
    wsnb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained: list[tuple] = []
    monkeypatch.setattr("wsnb.run", lambda trials, **more: trained.append((len(trials), more["workers"])))
    monkeypatch.setattr(execute, "execute", lambda work, missing: trained.extend(each.output.name for each in work))
    few = ("-p", "seeds=1", "-p", "small_model_seeds=1", "-p", "figure_1_seeds=1", "--workers", "3")
    status, out, _ = wsnb("run", "gap-offline", "--profile", "smoke", *few, "--output", str(tmp_path))
    assert status == 0
    assert trained == [(30, 3), "gap-offline.smoke-changed.ipynb"]
    assert out == f"gap-offline: {tmp_path / 'gap-offline.smoke-changed.ipynb'}\n"


def test_a_preview_of_a_chapter_that_has_no_page_is_refused_before_anything_is_trained(
    wsnb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsnb.run", lambda *_, **__: pytest.fail("trained"))
    monkeypatch.setattr(render, "pages", lambda _: ["book/intro"])
    status, _, err = wsnb("run", "gap-offline", "--profile", "smoke", "--preview")
    assert status != 0 and "add a line `- file: book/gap-offline` to _toc.yml" in err


def test_what_smoke_makes_is_kept_apart_from_the_evidence(wsnb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WSNB_RECORDS")
    kept: list[Path] = []
    monkeypatch.setattr("wsnb.run", lambda *_, **__: kept.append(places.records()))
    monkeypatch.setattr(execute, "execute", lambda *_, **__: None)
    assert wsnb("run", "gap-offline", "--profile", "smoke")[0] == 0
    assert kept == [places.root() / "_build" / "smoke"]

"""``run``: trains what no record answers, parents first, and loses nothing when it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Hook, measured

from wsnb import MLP, SGD, Adam, Epochs, Part, Records, ResNet18, ShrinkPerturb, Trial, recorded, run
from wsnb.engine import Session, Unfinished, collecting, jobs_for, plan
from wsnb.errors import InvalidValue, MissingRecords
from wsnb.local import LocalCrew


def mlp(seed: int = 0, **changes: object) -> Trial:
    trial = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(2), seed=seed, batch_size=16)
    return trial.replace(**changes)


def test_only_what_no_record_answers_is_trained(tmp_path: Path) -> None:
    half = mlp()
    warm = half.then(data=Part("digits", 120))
    first = run([warm], records=tmp_path)
    assert set(first) == {warm}
    assert sorted(path.stem for path in Records(tmp_path).paths()) == sorted([half.key, warm.key])
    before = {path: path.stat().st_mtime_ns for path in Records(tmp_path).paths()}
    other = half.then(data=Part("digits", 120), start=ShrinkPerturb(0.5, 0.1))
    second = run([other, warm, half], records=tmp_path)
    assert list(second) == [other, warm, half]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert second[warm] == first[warm]


def test_a_parent_is_trained_once_for_all_its_children(tmp_path: Path) -> None:
    half = mlp()
    children = [half.then(start=ShrinkPerturb(scale, 0.1)) for scale in (0.2, 0.4)]
    jobs = jobs_for([*children, half], Records(tmp_path))
    assert len(jobs) == 3
    assert [job.trial for job in jobs[half.key].children] == children


def test_records_do_not_depend_on_the_number_of_workers_and_come_out_the_same_again(tmp_path: Path) -> None:
    cnn = Trial(Part("digits", 50), ResNet18(2), Adam(0.01), Epochs(2), seed=3, batch_size=16)
    trials = [cnn, cnn.then(data=Part("digits", 100)), mlp(), mlp(1)]
    alone = run(trials, records=tmp_path / "one", workers=1)
    together = run(trials, records=tmp_path / "three", workers=3)
    assert [measured(alone[trial]) for trial in trials] == [measured(together[trial]) for trial in trials]


def test_missing_records_are_left_out_or_an_error_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run([mlp()], records=tmp_path, missing="skip") == {}
    with pytest.raises(MissingRecords, match="1 of 1 records are missing"):
        run([mlp()], records=tmp_path, missing="error")
    monkeypatch.setenv("WSNB_MISSING", "skip")
    assert run([mlp()], records=tmp_path) == {}
    with pytest.raises(InvalidValue, match="allowed: 'train', 'skip', 'error'"):
        run([mlp()], records=tmp_path, missing="skpi")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="a str; allowed: Trials"):
        run(["mlp"])  # type: ignore[list-item]


def test_a_mistake_about_who_trains_is_told_even_when_nothing_is_left_to_train(tmp_path: Path) -> None:
    for ask in (run, plan):
        with pytest.raises(InvalidValue, match="Did you mean 'ray'"):
            ask([], records=tmp_path, engine="rya")
        with pytest.raises(InvalidValue, match="an address is for engine='ray'"):
            ask([], records=tmp_path, address="auto")


def test_a_parent_whose_weights_are_gone_is_trained_again_and_its_record_stays(tmp_path: Path) -> None:
    half = mlp()
    warm = half.then(data=Part("digits", 120))
    expected = measured(run([warm], records=tmp_path)[warm])
    store = Records(tmp_path)
    store.weights(half.key).unlink()
    store.path(warm.key).unlink()
    before = store.path(half.key).read_bytes()
    assert measured(run([warm], records=tmp_path)[warm]) == expected
    assert store.path(half.key).read_bytes() == before


def test_a_trial_that_diverges_is_named_and_spares_the_others(tmp_path: Path) -> None:
    bad = mlp(model=MLP(hidden=(8,), activation="relu"), optimiser=SGD(1e30))
    with pytest.raises(Unfinished, match=r"2 of 3 trials finished, 1 failed, 0 are left.*\n.*diverged in epoch"):
        run([mlp(), bad, mlp(1)], records=tmp_path, workers=1)
    assert mlp() in Records(tmp_path)
    assert mlp(1) in Records(tmp_path)
    assert bad not in Records(tmp_path)


def test_a_budget_stops_in_good_order_and_the_next_run_goes_on_to_the_same_record(tmp_path: Path) -> None:
    trial = Trial(Part("digits", 200), ResNet18(2), SGD(0.05, momentum=0.9), Epochs(30), seed=1, batch_size=16)
    store, begun = Records(tmp_path / "parts"), []
    with pytest.raises(Unfinished, match="0 of 1 trials finished, 0 failed, 1 are left"):
        run([trial], records=store, time_budget=0.01)

    def out_of_time(trial: Trial, epochs: int) -> None:
        begun.append(epochs)
        session.deadline = 0.0

    for _ in range(2):
        heard = len(begun)
        crew = LocalCrew(workers=1, device="cpu")
        session = Session(jobs_for([trial], store), store, crew, 3600.0, Hook(out_of_time))
        with pytest.raises(Unfinished, match="0 of 1 trials finished, 0 failed, 1 are left; run again to go on"):
            session.work()
        assert store.checkpoint(trial.key).exists()
    assert begun[heard] == begun[heard - 1] + 1 > 1  # it went on where it was
    assert measured(run([trial], records=store)[trial]) == measured(run([trial], records=tmp_path / "whole")[trial])
    assert not store.checkpoint(trial.key).exists()


SCRIPT = """

from wsnb import SGD, Epochs, Part, ResNet18, Trial, run
trial = Trial(Part("digits", 200), ResNet18(2), SGD(0.05, momentum=0.9), Epochs(40), seed=1, batch_size=16)
print(run([trial], records={folder!r})[trial].test_accuracy)
"""


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX")
def test_a_run_that_is_killed_leaves_no_half_record_and_goes_on(tmp_path: Path) -> None:
    """Also: a script needs no ``if __name__ == "__main__"`` for its workers."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(tmp_path / "killed")))
    process = subprocess.Popen([sys.executable, script], start_new_session=True, stdout=subprocess.DEVNULL)
    time.sleep(6)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left = [path.name for path in (tmp_path / "killed").glob("*.json")]
    trial = Trial(Part("digits", 200), ResNet18(2), SGD(0.05, momentum=0.9), Epochs(40), seed=1, batch_size=16)
    assert left in ([], [f"{trial.key}.json"])
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    expected = run([trial], records=tmp_path / "whole")[trial]
    assert measured(Records(tmp_path / "killed").get(trial)) == measured(expected)  # type: ignore[arg-type]


def test_collecting_notes_the_trials_and_trains_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSNB_RECORDS", str(tmp_path))
    after = []
    with collecting() as declared:
        assert recorded([mlp(2)]) == {}
        run([mlp(), mlp(1)])
        after.append("not reached")
    assert declared.wanted == [mlp(), mlp(1)]
    assert declared.welcome == [mlp(2)]
    assert not after
    assert not list(tmp_path.iterdir())


def test_looking_up_trains_nothing_and_finds_what_is_recorded(tmp_path: Path) -> None:
    made = run([mlp()], records=tmp_path)
    assert recorded([mlp(1), mlp()], records=tmp_path) == made

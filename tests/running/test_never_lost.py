"""Whatever is killed, full, damaged or done twice: no finished work is lost, and results are those of a calm run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import measured
from own_methods import OwnFault

from wsnb import MLP, SGD, Adam, Epochs, HareTortoise, Logistic, Part, Records, ReDo, ResNet18, Trial, run
from wsnb.evidence.weights import checkpoint_path, weights_path
from wsnb.running import run as running
from wsnb.running.jobs import jobs_for
from wsnb.running.local import InProcess, LocalCrew
from wsnb.running.progress import Display
from wsnb.running.run import Session, Unfinished

SMALL = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(3), batch_size=16)
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


# Killed -------------------------------------------------------------------------------------------

HALF = Trial(Part("digits", 60), ResNet18(2), SGD(0.05, momentum=0.9), Epochs(6), seed=1, batch_size=20)
WARM = HALF.then(data=Part("digits", 120), optimizer_state="kept", callbacks=HareTortoise(0.9, 2))
MLP_16 = MLP(hidden=(16,), activation="relu")
REDO = Trial(Part("digits", 200), MLP_16, SGD(0.3), Epochs(6), seed=2, callbacks=ReDo(0.3))

KILLED_AT_RANDOM = """
import json, os, random, signal, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from wsnb import Records, Trial, files
from wsnb.evidence import weights
from wsnb.running.crew import Task
from wsnb.running.worker import perform

files.LEFT_SECONDS = 0.0  # nobody else writes here
weights.CHECKPOINT_SECONDS = weights.CHECKPOINT_SHARE = 0.0  # after every epoch: most kills fall into one begun again
folder, kills = Path(sys.argv[1]), int(sys.argv[2])
chance, killed, spent = random.Random(kills), 0, {}
for trial in map(Trial.from_json, json.load(sys.stdin)):
    before = killed
    while Records(folder).get(trial) is None:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            perform(Task(trial, folder, True), "cpu", 1, lambda event: None, lambda: False)
            os._exit(0)
        if killed - before < kills:
            time.sleep(chance.uniform(0.0, 0.5))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        spent.setdefault(trial.key, []).append(time.monotonic() - began)
print(json.dumps([killed, spent]))
"""


@posix
def test_trials_killed_again_and_again_at_random_end_in_the_records_of_calm_ones(tmp_path: Path, monkeypatch) -> None:
    trials = [HALF, WARM, REDO]
    given = json.dumps([trial.to_json() for trial in trials])
    command = [sys.executable, "-c", KILLED_AT_RANDOM, str(tmp_path / "killed"), "3"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    times, spent = json.loads(done.stdout)
    assert times >= 3
    assert not list(checkpoint_path("x").parent.iterdir())
    monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / "calm weights"))
    calm = run(trials, records=tmp_path / "calm", workers=0, device="cpu")
    for trial in trials:
        record = Records(tmp_path / "killed").get(trial)
        assert measured(record) == measured(calm[trial])
        assert record.provenance["weights"] == calm[trial].provenance["weights"]
        assert record.provenance["seconds"] <= sum(spent[trial.key]) + 0.1, "no second counts twice"


def test_the_seconds_of_a_training_that_was_stopped_are_those_of_all_its_processes(tmp_path: Path) -> None:
    class Slow(Display):
        def epoch(self, trial: Trial, epochs: int, images_seen: int) -> None:
            time.sleep(0.3)
            session.deadline = 0.0

    store, trial = Records(tmp_path), SMALL.replace(stop=Epochs(5))
    for _ in range(2):  # each does two epochs, and its place is kept after the second, before that is heard of
        session = Session(jobs_for([trial], store), store, InProcess(device="cpu"), 3600.0, Slow())
        with pytest.raises(Unfinished):
            session.work()
    record = run([trial], records=store, workers=0, device="cpu")[trial]
    assert 0.6 <= record.provenance["seconds"] < 5
    assert len(record.curves["seconds"]) == 5 and record.curves["seconds"] == sorted(record.curves["seconds"])


class Killer(Display):
    """Kills so many workers, each when it is heard of for the first time."""

    def __init__(self, crew: LocalCrew, trial: Trial, times: int) -> None:
        self.crew, self.trial, self.times = crew, trial, times
        self.killed: list[int] = []

    def epoch(self, trial: Trial, epochs: int, images_seen: int) -> None:
        process = self.crew.workers[0].process.pid
        # A dead worker may be heard of again: of epochs that it told before it was killed.
        if trial == self.trial and process not in self.killed and len(self.killed) < self.times:
            self.killed.append(process)
            os.kill(process, signal.SIGKILL)


@posix
def test_a_worker_that_is_killed_is_replaced_and_its_trial_goes_on(tmp_path: Path) -> None:
    trial = SMALL.replace(stop=Epochs(40), data=Part("digits", 200))
    crew, store = LocalCrew(workers=1, device="cpu"), Records(tmp_path)
    killer = Killer(crew, trial, times=1)
    Session(jobs_for([trial], store), store, crew, None, killer).work()
    assert len(killer.killed) == 1
    assert measured(store.get(trial)) == measured(run([trial], records=tmp_path / "calm", workers=0)[trial])


@posix
def test_a_trial_that_costs_its_worker_every_time_is_named_and_spares_the_others(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(running, "LOSSES", 1)
    deadly, other = SMALL.replace(stop=Epochs(100_000)), SMALL.replace(seed=1)
    crew, store = LocalCrew(workers=1, device="cpu"), Records(tmp_path)
    killer = Killer(crew, deadly, times=9)
    with pytest.raises(Unfinished, match=r"1 of 2 trials finished, 1 failed, 0 are left.*\n.*killed \(signal 9\)"):
        Session(jobs_for([deadly, other], store), store, crew, None, killer).work()
    assert len(killer.killed) == 2
    assert store.get(other) is not None and store.get(deadly) is None


SCRIPT = """
from wsnb import MLP, SGD, Epochs, Part, Trial, run
trial = Trial(Part("digits", 400), MLP(hidden=(8,)), SGD(0.1), Epochs(1_000_000), batch_size=16)
run([trial], records={folder!r}, workers=2)
"""


@posix
def test_the_workers_of_a_run_that_is_killed_end_with_it_and_leave_no_record(tmp_path: Path) -> None:
    """Also: a script needs no ``if __name__ == "__main__"`` for its workers."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(tmp_path / "records")))
    process = subprocess.Popen([sys.executable, script])
    deadline, children = time.monotonic() + 60, Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (workers := children.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.0)
    process.kill()
    process.wait()
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers and not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert not list((tmp_path / "records").glob("*"))


# Faulty -------------------------------------------------------------------------------------------


def test_a_fault_in_a_method_is_named_at_once_and_spares_the_others(tmp_path: Path, capfd) -> None:
    faulty = SMALL.replace(callbacks=OwnFault())
    with pytest.raises(Unfinished, match=r"1 of 2 trials finished, 1 failed.*\n.*failed: KeyError: .a fault of one's"):
        run([faulty, SMALL], records=tmp_path, workers=1, device="cpu")
    assert capfd.readouterr().err.count("raise KeyError") == 1, "the traceback is shown, and it is not tried again"
    assert Records(tmp_path).get(SMALL) is not None


# No room ------------------------------------------------------------------------------------------


def test_a_network_too_large_for_this_machine_ends_in_a_sentence_and_spares_the_others(tmp_path: Path) -> None:
    huge = SMALL.replace(model=MLP(hidden=(2_000_000_000,)))
    with pytest.raises(Unfinished, match=r"1 of 2 trials finished, 1 failed, 0 are left.*\n.*memory ran out in Trial"):
        run([huge, SMALL], records=tmp_path, workers=0, device="cpu")
    assert Records(tmp_path).get(SMALL) is not None


NO_ROOM = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from wsnb import MLP, SGD, Epochs, Part, Trial, run
from wsnb.running.run import Unfinished
small = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(3), batch_size=16)
large = small.replace(model=MLP(hidden=(64,)))
run([small.replace(seed=5)], records=sys.argv[1], workers=0)  # the decoded digits are cached by now
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    run([large.then(), small], records=sys.argv[1], workers=0)
except Unfinished as error:
    print(error)
"""


@posix
def test_no_room_for_a_file_ends_in_a_sentence_and_spares_the_others(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", NO_ROOM, str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert "1 of 3 trials finished, 1 failed, 1 are left" in done.stdout, done.stdout + done.stderr
    assert "Could not write the weights" in done.stdout and "Nothing half-written was left" in done.stdout
    assert Records(tmp_path).get(SMALL) is not None
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.name.startswith(".")]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unfinished, match="Could not write the record .*json in .*file: "):
        run([SMALL], records=tmp_path / "file", workers=0, device="cpu")


# Twice --------------------------------------------------------------------------------------------

TOGETHER = """
import sys
from wsnb import Adam, Epochs, Logistic, Part, Trial, run
half = Trial(Part("digits", 60), Logistic(), Adam(0.01), Epochs(3), batch_size=16)
run([half.replace(seed=seed).then() for seed in range(4)], records=sys.argv[1], workers=int(sys.argv[2]))
"""


def test_two_runs_at_once_in_one_folder_leave_one_sound_record_of_each_trial(tmp_path: Path, monkeypatch) -> None:
    command = [sys.executable, "-c", TOGETHER, str(tmp_path / "both")]
    running = [subprocess.Popen([*command, workers], stderr=subprocess.PIPE, text=True) for workers in ("0", "1")]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0 and "otherwise" not in said, said
    half = Trial(Part("digits", 60), Logistic(), Adam(0.01), Epochs(3), batch_size=16)
    trials = [trial for seed in range(4) for trial in (half.replace(seed=seed), half.replace(seed=seed).then())]
    both = Records(tmp_path / "both")
    assert sorted(path.stem for path in both.paths()) == sorted(trial.key for trial in trials)
    assert all(weights_path(trial.key).exists() for trial in trials[::2])
    monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / "calm weights"))
    calm = run(trials, records=tmp_path / "calm", workers=0, device="cpu")
    assert [measured(both.get(trial)) for trial in trials] == [measured(calm[trial]) for trial in trials]

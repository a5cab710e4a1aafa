"""Whatever is killed, full, damaged or done twice: no finished work is lost, and results are those of a calm run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import measured

from wsnb import MLP, SGD, Adam, Epochs, Logistic, Part, Records, ResNet18, Trial, run
from wsnb.engine import LOSSES, Session, Unfinished, jobs_for
from wsnb.local import LocalCrew
from wsnb.progress import Display

SMALL = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(3), batch_size=16)
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


# Killed -------------------------------------------------------------------------------------------

KILLED_AT_RANDOM = """
import os, random, signal, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from wsnb import SGD, Epochs, Part, Records, ResNet18, Trial, records, weights
from wsnb.engine import Task
from wsnb.worker import perform

records.LEFT_SECONDS = 0.0  # nobody else writes here
weights.CHECKPOINT_SECONDS = 0.0  # after every epoch: most kills then fall into an epoch that is done again
folder, kills = Path(sys.argv[1]), int(sys.argv[2])
half = Trial(Part("digits", 100), ResNet18(2), SGD(0.05, momentum=0.9), Epochs(12), seed=1, batch_size=16)
warm = half.then(data=Part("digits", 200), optimiser_state="kept")
chance, killed = random.Random(kills), 0
for trial in (half, warm):
    while trial not in Records(folder):
        child = os.fork()
        if child == 0:
            perform(Task(trial, folder, True), "cpu", 1, lambda event: None, lambda: False)
            os._exit(0)
        if killed < kills:
            time.sleep(chance.uniform(0.0, 0.6))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
print(killed)
"""


@posix
def test_a_trial_killed_again_and_again_at_random_ends_in_the_record_of_a_calm_one(tmp_path: Path) -> None:
    half = Trial(Part("digits", 100), ResNet18(2), SGD(0.05, momentum=0.9), Epochs(12), seed=1, batch_size=16)
    warm = half.then(data=Part("digits", 200), optimiser_state="kept")
    calm = run([half, warm], records=tmp_path / "calm")
    command = [sys.executable, "-c", KILLED_AT_RANDOM, str(tmp_path / "killed"), "12"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 3
    killed = Records(tmp_path / "killed")
    for trial in (half, warm):
        assert measured(killed.get(trial)) == measured(calm[trial])
    assert not list(killed.checkpoint("x").parent.iterdir())


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
    trial = SMALL.replace(stop=Epochs(100), data=Part("digits", 400))
    crew, store = LocalCrew(workers=1, device="cpu"), Records(tmp_path)
    killer = Killer(crew, trial, times=LOSSES)
    Session(jobs_for([trial], store), store, crew, None, killer).work()
    assert len(killer.killed) == LOSSES
    assert measured(store.get(trial)) == measured(run([trial], records=tmp_path / "calm")[trial])


@posix
def test_a_trial_that_costs_its_worker_every_time_is_named_and_spares_the_others(tmp_path: Path) -> None:
    deadly, other = SMALL.replace(stop=Epochs(100_000)), SMALL.replace(seed=1)
    crew, store = LocalCrew(workers=1, device="cpu"), Records(tmp_path)
    killer = Killer(crew, deadly, times=LOSSES + 1)
    with pytest.raises(Unfinished, match=r"1 of 2 trials finished, 1 failed, 0 are left.*\n.*killed \(signal 9\)"):
        Session(jobs_for([deadly, other], store), store, crew, None, killer).work()
    assert len(killer.killed) == LOSSES + 1
    assert other in store and deadly not in store


# Damaged ------------------------------------------------------------------------------------------


def test_a_damaged_record_is_set_aside_and_named_and_its_trial_runs_again(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    calm = run([SMALL], records=tmp_path)[SMALL]
    path = Records(tmp_path).path(SMALL.key)
    damaged = path.read_bytes()[:-40]
    path.write_bytes(damaged)
    again = run([SMALL], records=tmp_path)[SMALL]
    assert measured(again) == measured(calm)
    assert f"{SMALL.key}.json" in capsys.readouterr().err
    assert [file.read_bytes() for file in tmp_path.glob("damaged/*")] == [damaged]


def test_damaged_weights_of_a_parent_are_noticed(tmp_path: Path) -> None:
    store, warm = Records(tmp_path), SMALL.then()
    calm = run([warm], records=store)[warm]
    store.path(warm.key).unlink()
    weights = store.weights(SMALL.key)
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(Unfinished, match="weights of .* are missing or damaged"):
        run([warm], records=store)
    assert measured(run([warm], records=store)[warm]) == measured(calm)


# No room ------------------------------------------------------------------------------------------


def test_a_network_too_large_for_this_machine_ends_in_a_sentence_and_spares_the_others(tmp_path: Path) -> None:
    huge = SMALL.replace(model=MLP(hidden=(2_000_000_000,)))
    with pytest.raises(Unfinished, match=r"1 of 2 trials finished, 1 failed, 0 are left.*\n.*memory ran out in Trial"):
        run([huge, SMALL], records=tmp_path, workers=1, device="cpu")
    assert SMALL in Records(tmp_path)


NO_ROOM = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from wsnb import MLP, SGD, Epochs, Part, Trial, run
from wsnb.engine import Unfinished
small = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(3), batch_size=16)
large = small.replace(model=MLP(hidden=(64,)))
run([small.replace(seed=5)], records=sys.argv[1])  # the decoded digits are cached by now
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    run([large.then(), small], records=sys.argv[1], workers=1)
except Unfinished as error:
    print(error)
"""


@posix
def test_no_room_for_a_file_ends_in_a_sentence_and_spares_the_others(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", NO_ROOM, str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert "1 of 3 trials finished, 1 failed, 1 are left" in done.stdout, done.stdout + done.stderr
    assert "Could not write the weights" in done.stdout and "Nothing half-written was left" in done.stdout
    store = Records(tmp_path)
    assert SMALL in store
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.name.startswith(".")]


# Twice --------------------------------------------------------------------------------------------

TOGETHER = """
import sys
from wsnb import Adam, Epochs, Logistic, Part, Trial, run
half = Trial(Part("digits", 60), Logistic(), Adam(0.01), Epochs(3), batch_size=16)
run([half.replace(seed=seed).then() for seed in range(4)], records=sys.argv[1], workers=1)
"""


def test_two_runs_at_once_in_one_folder_leave_one_sound_record_of_each_trial(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TOGETHER, str(tmp_path / "both")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    half = Trial(Part("digits", 60), Logistic(), Adam(0.01), Epochs(3), batch_size=16)
    trials = [trial for seed in range(4) for trial in (half.replace(seed=seed), half.replace(seed=seed).then())]
    assert sorted(path.stem for path in Records(tmp_path / "both").paths()) == sorted(trial.key for trial in trials)
    calm = run(trials, records=tmp_path / "calm")
    assert [measured(Records(tmp_path / "both").get(trial)) for trial in trials] == [
        measured(calm[trial]) for trial in trials
    ]

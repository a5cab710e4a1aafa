"""Code of somebody's own travels to whoever trains, and what cannot is refused before anything is begun."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
import torch
from conftest import measured
from own_methods import OwnDecay, OwnNet, OwnNorm, OwnPull, OwnStart, run_as_a_script

from wsnb import MLP, SGD, Epochs, Part, Records, Trial, plan, run
from wsnb.errors import InvalidValue
from wsnb.running.plan import workload_of
from wsnb.running.run import Unfinished
from wsnb.running.travel import has_foreign, packed, unpacked
from wsnb.seam import Callback
from wsnb.values import kind

OWN_METHODS = Path(__file__).with_name("own_methods.py")
SMALL = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(2), batch_size=16)
OWN = Trial(Part("own_blobs", 20), OwnNet(), SGD(0.1), Epochs(3), batch_size=8)
CHILD = OWN.then(data=Part("own_blobs"), start=OwnStart(), regularizer=OwnPull(0.01), callbacks=(OwnDecay(), OwnNorm()))


# What is one's own --------------------------------------------------------------------------------


def test_what_is_foreign_is_seen_in_a_trial_in_one_before_it_and_in_its_data() -> None:
    assert not has_foreign(SMALL) and not has_foreign(SMALL.then())
    assert has_foreign(SMALL.replace(callbacks=OwnNorm()))
    assert has_foreign(SMALL.replace(model=OwnNet()).then().then())
    assert has_foreign(SMALL.replace(data=Part("own_blobs", 20)))


def test_methods_in_a_module_are_trained_by_a_worker_keyed_recorded_and_read_back(tmp_path: Path, monkeypatch) -> None:
    store = Records(tmp_path)
    made = run([CHILD], records=store, workers=1, device="cpu")[CHILD]
    monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / "own weights"))
    here = run([CHILD], records=tmp_path / "here", workers=0, device="cpu")[CHILD]
    assert measured(made) == measured(here) and made.provenance["weights"] == here.provenance["weights"]
    assert made.curves["decays"] == [0.0, 1.0, 1.0] and len(made.curves["norm"]) == 3
    assert made.trial["start"]["source"] and made.trial["callbacks"][0]["source"] and made.trial["data"]["fingerprint"]
    assert made.measured["callbacks"][0]["kind"] == "own_norm"
    assert store.trial_of(store.find(CHILD.key)) == CHILD
    assert run([CHILD], records=store, missing="error") == {CHILD: made}


READ_ALONE = """
import sys
from wsnb import Records
from wsnb.errors import InvalidValue
store = Records(sys.argv[1])
record = store.find(sys.argv[2])
print(record.test_accuracy, len(store.rows()), len(store.table()), record.curves["decays"], sep="|")
for form in ({}, {"data": record.trial["data"] | {"dataset": "digits"}}):
    try:
        print(store.trial_of(record))
    except InvalidValue as error:
        print(error)
"""


def test_without_its_code_a_record_is_still_read_and_says_which_kind_is_missing(tmp_path: Path) -> None:
    store = Records(tmp_path)
    record = run([CHILD], records=store, workers=0, device="cpu")[CHILD]
    command = [sys.executable, "-c", READ_ALONE, str(tmp_path), CHILD.key]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    read, said = done.stdout.splitlines()[:2]
    assert read == f"{record.test_accuracy}|2|2|[0.0, 1.0, 1.0]"
    assert said.startswith("'own_blobs' is no data set") or "'own_net' is not known here" in said


def test_an_edit_of_a_method_or_of_what_it_uses_beside_it_makes_another_key_and_is_named(tmp_path: Path) -> None:
    store = Records(tmp_path / "records")
    record = run([CHILD], records=store, workers=0, device="cpu")[CHILD]
    (tmp_path / "own_methods.py").write_text(OWN_METHODS.read_text().replace("factor * tensor", "tensor * factor"))
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import own_methods; from wsnb import Records\n"
        "store = Records(sys.argv[2]); store.trial_of(store.find(sys.argv[3]))"
    )
    command = [sys.executable, "-c", script, str(tmp_path), str(store.folder), record.key]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert "InvalidValue: OwnStart has another source here" in done.stderr


def test_methods_in_a_script_are_trained_by_workers_and_have_the_keys_that_they_have_in_a_module(
    tmp_path: Path, monkeypatch
) -> None:
    key, curves, weights = run_as_a_script(tmp_path, workers=1)
    monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / "own weights"))
    here = run([CHILD], records=tmp_path / "here", workers=0, device="cpu")[CHILD]
    assert (key, curves, weights) == (CHILD.key, here.curves | {"seconds": 0}, here.provenance["weights"])


# There and back -----------------------------------------------------------------------------------

ARRIVES = """
import sys
from wsnb.running.travel import unpacked
sys.path = [folder for folder in sys.path if "tests" not in folder]
trial = unpacked(sys.stdin.buffer.read())
assert "own_methods" not in sys.modules
print(trial.key, trial.canonical()["start"]["source"], trial.asked["callbacks"][0]["source"])
"""


def test_what_is_packed_is_whole_where_nobody_has_the_module(tmp_path: Path) -> None:
    content = packed(CHILD, CHILD)
    done = subprocess.run([sys.executable, "-c", ARRIVES], input=content, capture_output=True, timeout=100)
    said = done.stdout.decode().split()
    assert said == [CHILD.key, CHILD.canonical()["start"]["source"], CHILD.asked["callbacks"][0]["source"]], done.stderr
    assert unpacked(content).key == CHILD.key


def test_a_model_of_ones_own_is_timed_by_workers(tmp_path: Path) -> None:
    """Its workload travels as its trials do: a plan, and the bar of a run, ask for it first."""
    found = plan([SMALL.replace(model=OwnNet())], records=tmp_path, workers=1, device="cpu")
    assert found.seconds > 0
    workload = workload_of(OWN)
    assert unpacked(packed(workload, workload.trial)).trial.model.kind == "own_net"


# What cannot travel -------------------------------------------------------------------------------


def with_live(live: object) -> Trial:
    """A trial with a method that holds on to something that lives in this process."""

    @kind("own_live")
    class OwnLive(Callback):
        def after_epoch(self, training, state):  # noqa: ANN001, ANN202
            assert live is not None

    return SMALL.replace(callbacks=OwnLive())


@pytest.mark.parametrize(
    "make", [lambda: tempfile.TemporaryFile("w"), threading.Lock, socket.socket, lambda: (item for item in "ab")]
)
def test_what_cannot_travel_is_refused_at_once_before_anything_is_begun(tmp_path: Path, monkeypatch, make) -> None:
    live = make()
    trial = with_live(live)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    began = time.monotonic()
    for settings in ({"workers": 2, "device": "cpu"}, {"engine": "ray"}):
        with pytest.raises(InvalidValue, match=r"Trial\(.*OwnLive\(\).* cannot be sent to the process .*workers=0"):
            run([SMALL, trial], records=tmp_path, **settings)
    assert time.monotonic() - began < 5
    assert not list(tmp_path.glob("*"))


def test_what_cannot_travel_can_be_trained_in_this_process(tmp_path: Path) -> None:
    trial = with_live(threading.Lock())
    assert not run([trial], records=tmp_path, workers=0, device="cpu")[trial].failed


def refuse() -> None:
    raise ImportError("no module of that name on this machine")


class Stubborn:
    """Can be sent, and cannot be received."""

    def __reduce__(self) -> tuple:
        return refuse, ()


def test_a_worker_that_cannot_read_a_trial_says_so_and_goes_on_with_others(tmp_path: Path) -> None:
    trial = with_live(Stubborn())
    said = rf"1 of 2 trials finished, 1 failed.*\n.*{trial.key} cannot be read by the process .*: ImportError: no mod"
    with pytest.raises(Unfinished, match=said):
        run([trial, SMALL], records=tmp_path, workers=1, device="cpu")
    assert Records(tmp_path).get(SMALL) is not None


def test_tensors_and_helpers_of_a_method_travel_with_it(tmp_path: Path) -> None:
    trial = with_live(torch.arange(3))
    assert not run([trial], records=tmp_path, workers=1, device="cpu")[trial].failed

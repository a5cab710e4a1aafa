"""The crew of one machine: one worker per core, or per GPU, each GPU in turn."""

from __future__ import annotations

import os

import pytest
import torch

from wsnb import MLP, SGD, Epochs, Part, Trial
from wsnb.errors import InvalidValue, TrialFailed
from wsnb.running import local
from wsnb.running.crew import Task
from wsnb.running.local import LocalCrew, cores, devices_of
from wsnb.running.plan import workload_of


@pytest.fixture
def four_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


def test_without_a_gpu_there_is_a_worker_for_every_so_many_cores(no_gpu, monkeypatch):
    monkeypatch.setattr(local, "cores", lambda: 6)
    assert LocalCrew().size == 6
    assert LocalCrew(threads=2).size == 3
    assert LocalCrew(threads=8).size == 1
    assert LocalCrew(workers=5).size == 5
    assert LocalCrew(at_most=2).size == 2
    assert LocalCrew(workers=5, at_most=2).size == 2


@pytest.mark.parametrize(
    ("device", "found"),
    [
        (None, ["cuda:0", "cuda:1", "cuda:2", "cuda:3"]),
        ("cuda", ["cuda:0", "cuda:1", "cuda:2", "cuda:3"]),
        ("cuda:2", ["cuda:2"]),
        ("cuda:0,cuda:3", ["cuda:0", "cuda:3"]),
        ("cpu", ["cpu"]),
    ],
)
def test_a_device_stands_for_one_or_many(four_gpus, device, found):
    assert devices_of(device) == found


def test_workers_are_shared_out_among_the_gpus(four_gpus):
    assert LocalCrew().size == 4
    crew = LocalCrew(workers=6, device="cuda:1,cuda:3")
    assert [worker.device for worker in crew.workers] == ["cuda:1", "cuda:3"] * 3
    assert "a GPU" in crew.hardware


@pytest.mark.parametrize("device", ["cuda:4", "cuda0", "gpu", "", "cuda:0,cuda:9"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(four_gpus, device):
    with pytest.raises(InvalidValue, match="allowed here: cpu, cuda:0, cuda:1, cuda:2, cuda:3"):
        devices_of(device)


def test_without_a_gpu_none_can_be_asked_for(no_gpu):
    with pytest.raises(InvalidValue, match="allowed here: cpu. PyTorch sees no GPU"):
        devices_of("cuda")
    assert devices_of(None) == ["cpu"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux tells which cores a process may use")
def test_only_the_cores_that_this_process_may_use_count():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


SMALL = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(2), batch_size=16)


def test_a_workload_that_this_machine_cannot_do_is_a_sentence():
    crew = LocalCrew(workers=1, device="cpu")
    try:
        with pytest.raises(TrialFailed, match="cannot be timed. The process ended unexpectedly"):
            crew.measure(workload_of(SMALL.replace(model=MLP(hidden=(2_000_000_000,)))))
    finally:
        crew.end()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_worker_that_dies_between_two_tasks_is_replaced(tmp_path, monkeypatch):
    crew = LocalCrew(workers=1, device="cpu")
    worker = crew.workers[0]
    try:
        worker._start()
        dead = worker.process
        dead.kill()
        dead.wait()
        assert crew.hear(10) is None
        crew.begin(Task(SMALL, tmp_path, False))
        assert worker.process is not dead and worker.process.poll() is None
    finally:
        crew.end()

"""Training on a Ray cluster: the same records as on one machine, whatever becomes of its nodes."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import measured
from own_methods import OwnDecay, OwnFault, OwnNet, OwnNorm, OwnPull, OwnStart, run_as_a_script
from safetensors.torch import save as to_safetensors

from wsnb import MLP, SGD, Adam, Epochs, Part, Records, ResNet18, ShrinkPerturb, Trial, run, version
from wsnb.errors import InvalidValue, TrialFailed
from wsnb.evidence.weights import load_weights, weights_path
from wsnb.running import cluster
from wsnb.running.cluster import ClusterError, RayCrew, fitting, trials_per_gpu
from wsnb.running.crew import Event
from wsnb.running.jobs import jobs_for
from wsnb.running.plan import workload_of
from wsnb.running.progress import Display
from wsnb.running.run import Session, Unfinished
from wsnb.training.loop import Snapshot

SMALL = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(2), batch_size=16)
ENDLESS = SMALL.replace(stop=Epochs(1_000_000))


# What a trial asks for ----------------------------------------------------------------------------


@pytest.mark.parametrize(("device", "expected"), [("cpu", 0), ("cuda", 1), ("cuda/1", 1), ("cuda/4", 4)])
def test_a_device_says_how_many_trials_share_a_gpu(device: str, expected: int) -> None:
    assert trials_per_gpu(device) == expected


@pytest.mark.parametrize("device", ["cuda:1", "cuda/0", "cuda/-4", "cuda/1.5", "cuda/100", "gpu", "cpu/2", "", "4"])
def test_another_device_is_refused_with_what_is_allowed(device: str) -> None:
    with pytest.raises(InvalidValue, match="allowed on a cluster: cpu, cuda .*, or cuda/2 to cuda/99"):
        trials_per_gpu(device)


@pytest.mark.parametrize(
    ("resources", "threads", "per_gpu", "expected"),
    [
        ({"CPU": 8.0}, 1, 0, 8),
        ({"CPU": 7.0}, 2, 0, 3),
        ({"CPU": 1.0}, 2, 0, 0),
        ({"memory": 1e9}, 1, 0, 0),
        ({"CPU": 64.0, "GPU": 2.0}, 1, 1, 2),
        ({"CPU": 64.0, "GPU": 2.0}, 1, 4, 8),
        ({"CPU": 6.0, "GPU": 2.0}, 2, 4, 3),
        ({"CPU": 64.0}, 1, 1, 0),
    ],
)
def test_as_many_trials_fit_into_a_node_as_the_scarcer_resource_allows(
    resources: dict[str, float], threads: int, per_gpu: int, expected: int
) -> None:
    assert fitting(resources, threads, per_gpu) == expected


# Which cluster ------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


os.environ.update(cluster.QUIET)  # before Ray is imported
# By default Ray's processes are so nice that whatever runs beside the tests has them starve.
KEEN = {"RAY_worker_niceness": "0"}
os.environ.update(KEEN)
ray = pytest.importorskip("ray")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"Ray is not installed: pip install 'wsnb\[cluster\]'\."):
        RayCrew()


def test_an_address_where_nothing_answers_is_a_sentence_within_seconds(disconnected: None, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    began = time.monotonic()
    with pytest.raises(ClusterError, match=f"No Ray cluster answers at {address}: .*`ray status`"):
        run([SMALL], records=tmp_path, engine="ray", address=address)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:8265", "127.0.0.1", "127.0.0.1:99999", "ray://"])
def test_what_is_no_address_is_refused_with_what_is_allowed(address: str, disconnected: None) -> None:
    with pytest.raises(InvalidValue, match=r"allowed: auto .*, host:port, .*, or ray://host:port"):
        RayCrew(address=address)


def test_something_else_that_answers_is_not_waited_for(disconnected: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        script = (
            "import socket, sys; c, _ = socket.socket(fileno=int(sys.argv[1])).accept(); c.sendall(b'SSH-2.0-server')"
        )
        descriptor = server.fileno()
        with subprocess.Popen([sys.executable, "-c", script, str(descriptor)], pass_fds=[descriptor]) as process:
            with pytest.raises(ClusterError, match=f"What answers at {address} is not Ray"):
                RayCrew(address=address)
            process.wait()


@pytest.fixture(scope="module")
def nodes(session_cache: Path) -> Iterator[object]:
    """A cluster of one node with one processor; tests may add nodes."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WSNB_CACHE", str(session_cache))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a shell's background job: nodes inherit it
        found = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        signal.signal(signal.SIGINT, interrupted)
        yield found
        ray.shutdown()
        found.shutdown()


@pytest.fixture
def disconnected() -> None:
    """This process uses no cluster."""
    ray.shutdown()


@pytest.fixture
def connected(nodes) -> object:
    """This process uses the cluster, so that its crews need not join it and its processes serve all tests."""
    if not ray.is_initialized():
        ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    return nodes


class Listening(RayCrew):
    """Keeps all that it hears."""

    def __init__(self, **settings: object) -> None:
        self.events: list[Event] = []
        super().__init__(**settings)

    def hear(self, seconds: float) -> Event | None:
        event = super().hear(seconds)
        self.events += [event] if event else []
        return event

    def heard(self, kind: str) -> list[str]:
        return [event.key for event in self.events if event.kind == kind]


def at_work(raylet: int) -> list[int]:
    """The processes of a node that are training."""
    children = Path(f"/proc/{raylet}/task/{raylet}/children").read_text().split()
    return [int(child) for child in children if b"ray::train_on_node" in Path(f"/proc/{child}/cmdline").read_bytes()]


def wait_for(found: object, seconds: float = 60.0) -> object:
    """What ``found`` gives, as soon as that is something."""
    deadline = time.monotonic() + seconds
    while not (what := found()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert what
    return what


# The same records ---------------------------------------------------------------------------------

CNN = Trial(Part("digits", 100), ResNet18(2), Adam(0.01), Epochs(2), seed=1, batch_size=25)
KEPT = CNN.then(data=Part("digits", 150), optimizer_state="kept")
OWN = Trial(Part("own_blobs", 20), OwnNet(), SGD(0.1), Epochs(3), batch_size=8)
OWN_CHILD = OWN.then(
    data=Part("own_blobs"), start=OwnStart(), regularizer=OwnPull(0.01), callbacks=(OwnDecay(), OwnNorm())
)
BAD = SMALL.replace(model=MLP(hidden=(8,), activation="relu"), optimizer=SGD(1e30))
TRIALS = [KEPT, KEPT.then(start=ShrinkPerturb(0.4, 0.01)), SMALL, SMALL.then(), OWN_CHILD, BAD, BAD.then()]


def test_records_and_weights_are_those_of_this_process_and_nothing_but_ray_carries_files(
    nodes, disconnected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with methods, a model and a data set of one's own, and with trainings that diverge."""
    found = run(TRIALS, records=tmp_path / "cluster", engine="ray", address=nodes.address, device="cpu")
    assert not ray.is_initialized()
    assert list(found) == TRIALS
    carried = {trial: load_weights(weights_path(trial.key)) for trial in (CNN, KEPT, SMALL, OWN)}
    monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / "own weights"))
    local = run(TRIALS, records=tmp_path / "local", workers=0, device="cpu")
    for trial in TRIALS:
        assert measured(found[trial]) == measured(local[trial])
        assert found[trial].provenance.get("weights") == local[trial].provenance.get("weights")
    for trial, snapshot in carried.items():
        assert in_bytes(snapshot) == in_bytes(load_weights(weights_path(trial.key)))
    assert [path.name for path in Records(tmp_path / "cluster").paths()] == [
        path.name for path in Records(tmp_path / "local").paths()
    ]
    assert {record.provenance["threads"] for record in Records(tmp_path / "cluster")} == {1}


def test_methods_that_stand_in_a_script_are_trained_on_the_cluster_too(
    nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, curves, weights = run_as_a_script(tmp_path, engine="ray", address=nodes.address)
    monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / "own weights"))
    here = run([OWN_CHILD], records=tmp_path / "here", workers=0, device="cpu")[OWN_CHILD]
    assert (key, curves, weights) == (OWN_CHILD.key, here.curves | {"seconds": 0}, here.provenance["weights"])


def test_the_epochs_of_a_trial_are_heard_of_at_its_end_and_a_parents_weights_are_sent_once(
    connected, tmp_path: Path
) -> None:
    crew, store, put = Listening(device="cpu"), Records(tmp_path), []
    crew._ray = Counting(ray, put)
    children = [SMALL.then(seed=seed) for seed in (1, 2)]
    Session(jobs_for(children, store), store, crew, None, Display()).work()
    assert put == [weights_path(SMALL.key).read_bytes()]
    events = [event for event in crew.events if event.key == SMALL.key]
    assert [(event.kind, event.epochs, event.images_seen) for event in events] == [
        ("epoch", 1, 60), ("epoch", 2, 120), ("finished", 0, 0),
    ]  # fmt: skip


def in_bytes(snapshot: Snapshot) -> bytes:
    return to_safetensors(snapshot.model) + to_safetensors(snapshot.optimizer)


class Counting:
    """Ray, with what is put into its object store noted."""

    def __init__(self, module: object, put: list) -> None:
        self._module, self._put = module, put

    def __getattr__(self, name: str) -> object:
        return getattr(self._module, name)

    def put(self, content: bytes) -> object:
        self._put.append(content)
        return self._module.put(content)


def test_damaged_weights_of_a_parent_are_made_again_and_one_that_comes_out_otherwise_is_said(
    connected, tmp_path: Path, capsys
) -> None:
    store, warm = Records(tmp_path), SMALL.then()
    calm = run([warm], records=store, workers=0, device="cpu")[warm]
    store.path(warm.key).unlink()
    record = store.find(SMALL.key)
    store.path(SMALL.key).unlink()
    store.put(dataclasses.replace(record, initial=record.initial | {"test_loss": 2.0}))
    weights_path(SMALL.key).write_bytes(weights_path(SMALL.key).read_bytes()[:-1])
    with pytest.raises(Unfinished, match=r"weights of .* are missing or damaged.*\(On the node "):
        run([warm], records=store, engine="ray", device="cpu")
    assert measured(run([warm], records=store, engine="ray", device="cpu")[warm]) == measured(calm)
    assert f"otherwise than its record {SMALL.key} says (initial)" in capsys.readouterr().err
    assert store.find(SMALL.key).initial["test_loss"] == 2.0 and load_weights(weights_path(SMALL.key)) is not None


def test_a_parent_whose_weights_are_not_those_of_its_record_is_said(connected, tmp_path: Path, capsys) -> None:
    store, warm = Records(tmp_path), SMALL.then()
    run([SMALL], records=store, workers=0, device="cpu")
    path = store.path(SMALL.key)
    record = store.find(SMALL.key)
    path.unlink()
    store.put(dataclasses.replace(record, provenance=record.provenance | {"weights": "0" * 16}))
    run([warm], records=store, engine="ray", device="cpu")
    assert f"starts from weights that are not those of its parent's record {SMALL.key}" in capsys.readouterr().err


def test_a_fault_in_a_method_is_named_with_its_traceback_and_spares_others(connected, tmp_path: Path, capfd) -> None:
    faulty = SMALL.replace(callbacks=OwnFault())
    said = r"1 of 2 trials finished, 1 failed, 0 are left.*\n.*OwnFault\(\).* failed: KeyError: "
    with pytest.raises(Unfinished, match=said):
        run([faulty, SMALL], records=tmp_path, engine="ray", device="cpu")
    assert "raise KeyError" in capfd.readouterr().err


# Lost nodes ---------------------------------------------------------------------------------------

LONG = Trial(Part("digits", 400), MLP(hidden=(32,)), SGD(0.01, momentum=0.9), Epochs(20), seed=1, batch_size=8)
HALVES = [LONG, LONG.replace(seed=2)]
WARM = [half.then(data=Part("digits", 800), start=ShrinkPerturb(0.4, 0.01), stop=Epochs(2)) for half in HALVES]


@linux
def test_a_node_that_is_killed_at_work_costs_no_record_and_none_is_made_twice(
    connected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, crew = Records(tmp_path), Listening(device="cpu")
    assert crew.size == 1
    node = connected.add_node(num_cpus=1)
    raylet = node.all_processes["raylet"][0].process.pid
    crew._looked = 0.0  # a node that came is put to work
    session = Session(jobs_for(WARM, store), store, crew, None, Display())
    killed: list[int] = []
    hear = crew.hear

    def kill(seconds: float) -> Event | None:
        if not killed and at_work(raylet):
            killed.extend(at_work(raylet))
            connected.remove_node(node, allow_graceful=False)
        return hear(0.1)

    monkeypatch.setattr(crew, "hear", kill)
    session.work()
    assert len(killed) == 1
    wait_for(lambda: crew._look() and crew.size == 1)
    keys = sorted(trial.key for trial in [*HALVES, *WARM])
    assert sorted(crew.heard("finished")) == [path.stem for path in store.paths()] == keys
    monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / "own weights"))
    local = run([*HALVES, *WARM], records=tmp_path / "local", workers=0, device="cpu")
    assert all(measured(store.get(trial)) == measured(local[trial]) for trial in local)


@linux
def test_a_budget_calls_off_what_is_under_way_and_what_waits_and_they_begin_again_another_time(
    connected, tmp_path: Path
) -> None:
    store, crew = Records(tmp_path), Listening(device="cpu")
    crew.size, crew._at_most = 2, 2  # the second waits for room
    crew._look = lambda: [""]  # and the crew does not notice
    raylet = connected.head_node.all_processes["raylet"][0].process.pid
    scratch = Path(tempfile.gettempdir())
    before = set(scratch.glob("wsnb-*"))
    session = Session(jobs_for([ENDLESS, ENDLESS.replace(seed=1)], store), store, crew, 3600.0, Display())
    hear = crew.hear

    def out_of_time(seconds: float) -> Event | None:
        if at_work(raylet) and set(scratch.glob("wsnb-*")) - before:
            session.deadline = 0.0
        return hear(0.1)

    crew.hear = out_of_time
    with pytest.raises(Unfinished, match="0 of 2 trials finished, 0 failed, 2 are left; run again to go on"):
        session.work()
    assert sorted(crew.heard("paused")) == sorted([ENDLESS.key, ENDLESS.replace(seed=1).key])
    wait_for(lambda: not at_work(raylet))
    assert set(scratch.glob("wsnb-*")) <= before
    assert ray.is_initialized()
    assert run([SMALL], records=store, engine="ray", device="cpu"), "the node is of use again"


# The crew -----------------------------------------------------------------------------------------


def test_a_crew_says_what_it_is_and_times_what_it_would_do_with_a_model_of_ones_own_too(connected) -> None:
    crew = RayCrew(device="cpu", workers=5)
    try:
        assert crew.size == 1
        assert crew.hardware == f"Ray cluster of 1 node: {socket.gethostname()}, 1 thread a worker, 1 at work"
        speed = crew.measure(workload_of(SMALL.replace(model=OwnNet())))
        assert 0 < speed.train < 1 and speed.memory > 0 and 0 <= speed.start < 60
        with pytest.raises(TrialFailed, match="cannot be timed on the cluster: "):
            crew.measure(workload_of(SMALL.replace(model=MLP(hidden=(2_000_000_000,)))))
    finally:
        crew.end()


def test_a_trial_that_fits_on_no_node_is_refused_with_what_there_is(connected) -> None:
    with pytest.raises(InvalidValue, match=r"threads=64, .*, which takes 64 CPU, and there are 1 CPU and 0 GPU at "):
        RayCrew(device="cpu", threads=64)
    with pytest.raises(InvalidValue, match=r"device='cuda/4', which takes 1 CPU and 1/4 GPU"):
        RayCrew(device="cuda/4")


def test_a_node_of_another_version_is_named_with_both_versions(
    connected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = version.__version__
    monkeypatch.setattr(version, "__version__", "9.9")
    with pytest.raises(ClusterError, match=rf"There is wsnb {here} on the node .* and 9\.9 on this machine: .*Install"):
        run([SMALL], records=tmp_path, engine="ray", device="cpu")


def test_a_node_that_cannot_load_the_package_is_a_sentence(connected, tmp_path: Path, monkeypatch) -> None:
    def train_on_node(*given: object) -> None:
        raise AssertionError

    class Missing:
        def __reduce__(self) -> tuple:
            return __import__, ("wsnb_that_is_not_there",)

    train_on_node.__defaults__ = (Missing(),)
    train_on_node.__module__ = "__main__"
    monkeypatch.setattr(cluster, "train_on_node", train_on_node)
    with pytest.raises(ClusterError, match=r"cannot load wsnb .*No module named 'wsnb_that.*Each node needs"):
        run([SMALL], records=tmp_path, engine="ray", device="cpu")


# One machine --------------------------------------------------------------------------------------

SCRIPT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
from wsnb import MLP, SGD, Epochs, Part, Trial, run
trial = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(1_000_000), batch_size=16)
run([trial], engine="ray", workers=1, device="cpu")
"""


def marked(text: str) -> set[int]:
    """The processes with this text in their environment."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (process / "environ").read_bytes():
                found.add(int(process.name))
        except OSError:
            pass
    return found


@linux
def test_without_an_address_a_cluster_of_this_machine_is_started_and_ctrl_c_leaves_nothing_of_it(
    tmp_path: Path,
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    scratch = Path(tempfile.gettempdir())
    before = set(scratch.glob("wsnb-*"))
    environment |= KEEN | {"HOME": str(tmp_path / "home")}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    try:
        wait_for(lambda: set(scratch.glob("wsnb-*")) - before or process.poll() is not None, 120)
        there = marked(str(tmp_path))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)  # or it would train on beside the next tests
        raise
    assert len(there) > 3, said
    assert process.returncode != 0 and "KeyboardInterrupt" in said
    assert "(raylet" not in said  # what Ray itself would tell
    wait_for(lambda: not marked(str(tmp_path)), 20)
    assert set(scratch.glob("wsnb-*")) <= before and not (tmp_path / "home").exists()

"""Training on a Ray cluster: the same records as on one machine, whatever becomes of its nodes."""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import Hook, measured
from PIL import Image

from wsnb import MLP, SGD, Adam, Epochs, Part, Records, ResNet18, ShrinkPerturb, Trial, cluster, run
from wsnb.cluster import ClusterError, Letters, Place, RayCrew, fitting, trials_per_gpu
from wsnb.engine import Event, Session, Task, Unfinished, jobs_for
from wsnb.errors import InvalidValue, TrialFailed
from wsnb.plan import workload_of
from wsnb.trials import RECIPE
from wsnb.worker import perform

SMALL = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(2), batch_size=16)
LONG = Trial(Part("digits", 400), MLP(hidden=(32,)), SGD(0.01, momentum=0.9), Epochs(30), seed=1, batch_size=4)


def pictures(folder: Path) -> None:
    """A data set of one's own: two classes of noise."""
    for number in range(24):
        path = folder / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)).save(path)


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


class FakeMailbox:
    """Takes letters as the actor's handle does."""

    def __init__(self) -> None:
        self.letters: list = []
        self.tell = self

    def remote(self, *letters: object) -> None:
        self.letters += letters


def test_a_trial_tells_of_all_its_epochs_and_sends_a_place_that_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox, place = FakeMailbox(), tmp_path / "place"
    letters = Letters(mailbox, place)
    monkeypatch.setattr(cluster, "LETTER_SECONDS", 0.05)
    epochs = [Event("key", "epoch", number, 10 * number) for number in range(1, 4)]
    letters.tell(epochs[0])
    letters.tell(epochs[1])
    assert mailbox.letters == epochs[:1]
    time.sleep(0.06)
    place.write_bytes(b"there")
    letters.tell(epochs[2])
    assert mailbox.letters == epochs
    monkeypatch.setattr(cluster, "PLACE_SECONDS", 0.0)
    letters.tell(Event("key", "epoch", 4, 40))
    assert mailbox.letters == [*epochs, Place("key", b"there")]
    letters.tell(Event("key", "finished"))
    assert letters.last.kind == "finished"
    assert len(mailbox.letters) == 4


def test_a_trial_pauses_with_its_place_kept_whenever_it_is_told_to(tmp_path: Path) -> None:
    told: list[Event] = []
    # Told to pause by its first epoch: too late for that one's place, so it pauses after the second.
    perform(Task(SMALL.replace(stop=Epochs(9)), tmp_path, False), "cpu", 1, told.append, lambda: bool(told))
    assert [(event.kind, event.epochs) for event in told] == [("epoch", 1), ("epoch", 2), ("paused", 0)]
    assert list((tmp_path / ".cache" / "checkpoints").iterdir())


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


def test_an_address_where_nothing_answers_is_a_sentence_within_seconds() -> None:
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-c", "from wsnb.cli import main; main()", "run", "gap-offline", "--profile", "smoke"]
    command += ["--engine", "ray", "--address", address]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert time.monotonic() - began < 60  # most of it is Python's imports
    assert done.returncode == ClusterError.exit_status
    assert done.stderr.startswith(f"wsnb: No Ray cluster answers at {address}: ")
    assert len(done.stderr.splitlines()) == 1


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


def scratch(cache: Path) -> Path:
    return cache / "cluster" / platform.node()


# The same records ---------------------------------------------------------------------------------

CNN = Trial(Part("digits", 200), ResNet18(2), Adam(0.01), Epochs(2), seed=1, batch_size=16)
KEPT = CNN.then(data=Part("digits", 300), optimiser_state="kept")
CHAIN = [KEPT, KEPT.then(start=ShrinkPerturb(0.4, 0.01)), SMALL, SMALL.then()]
HALVES = [LONG, LONG.replace(seed=2)]
WARM = [half.then(data=Part("digits", 800), start=ShrinkPerturb(0.4, 0.01), stop=Epochs(2)) for half in HALVES]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Records:
    """The records that the local engine makes of what this module trains."""
    found = Records(tmp_path_factory.mktemp("local"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WSNB_CACHE", str(session_cache))
        run([*CHAIN, *WARM], records=found, device="cpu", workers=1, progress=False)
    return found


def test_records_are_those_of_the_local_engine_and_nothing_but_ray_carries_files(
    nodes, disconnected, local: Records, tmp_path: Path, session_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "pictures")
    own = Trial(Part("images:pictures"), MLP(hidden=(8,)), SGD(0.1), Epochs(2), batch_size=5)
    left = scratch(session_cache) / "99999999-killed"  # no process has this number
    left.mkdir(parents=True)

    found = run([*CHAIN, own.then()], records="cluster", engine="ray", address=nodes.address, device="cpu")
    assert not ray.is_initialized()
    assert not list(scratch(session_cache).iterdir())
    assert list(found) == [*CHAIN, own.then()]
    on_cluster = Records("cluster")
    for trial in [*CHAIN, CNN]:
        assert measured(on_cluster.get(trial)) == measured(local.get(trial))
    for trial in (CNN, KEPT, SMALL):
        assert on_cluster.weights(trial.key).read_bytes() == local.weights(trial.key).read_bytes()
    assert {record.provenance["threads"] for record in on_cluster} == {1}


def test_a_trial_that_diverges_is_named_and_spares_the_others(connected, tmp_path: Path) -> None:
    bad = SMALL.replace(model=MLP(hidden=(8,), activation="relu"), optimiser=SGD(1e30))
    trials = [bad, bad.then(), SMALL]
    said = r"1 of 3 trials finished, 1 failed, 1 are left.*\n.*diverged in epoch .*\(On the node .*\.\)"
    with pytest.raises(Unfinished, match=said):
        run(trials, records=tmp_path, engine="ray", device="cpu")
    assert [path.stem for path in Records(tmp_path).paths()] == [SMALL.key]


def test_damaged_weights_of_a_parent_are_noticed_and_made_again(connected, tmp_path: Path) -> None:
    store, warm = Records(tmp_path), SMALL.then()
    calm = run([warm], records=store, engine="ray", device="cpu")[warm]
    store.path(warm.key).unlink()
    store.weights(SMALL.key).write_bytes(store.weights(SMALL.key).read_bytes()[:-1])
    with pytest.raises(Unfinished, match="weights of .* are missing or damaged"):
        run([warm], records=store, engine="ray", device="cpu")
    assert measured(run([warm], records=store, engine="ray", device="cpu")[warm]) == measured(calm)


def test_a_paused_trial_brings_its_place_back_and_goes_on_anywhere_to_the_same_record(
    connected, local: Records, tmp_path: Path
) -> None:
    store = Records(tmp_path)

    def out_of_time(trial: Trial, epochs: int) -> None:
        session.deadline = 0.0

    begun = []
    for _ in range(2):
        crew = Listening(device="cpu")
        session = Session(jobs_for([LONG, SMALL], store), store, crew, 3600.0, Hook(out_of_time))
        with pytest.raises(Unfinished, match="0 of 2 trials finished, 0 failed, 2 are left; run again to go on"):
            session.work()
        assert crew.heard("paused") == [LONG.key]
        assert store.checkpoint(LONG.key).exists()
        begun.append(crew.events[0].epochs)
    assert 1 == begun[0] < begun[1]
    assert measured(run([LONG], records=store, device="cpu")[LONG]) == measured(local.get(LONG))
    assert not store.checkpoint(LONG.key).exists()


# Lost nodes ---------------------------------------------------------------------------------------


def at_work(raylet: int) -> list[int]:
    """The processes of a node that are training."""
    children = Path(f"/proc/{raylet}/task/{raylet}/children").read_text().split()
    return [int(child) for child in children if Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"ray::do_err")]


@linux
def test_a_node_that_is_killed_at_work_costs_no_record_and_none_is_made_twice(
    connected, local: Records, tmp_path: Path
) -> None:
    store = Records(tmp_path)
    node = connected.add_node(num_cpus=1)
    raylet = node.all_processes["raylet"][0].process.pid
    crew = Listening(device="cpu")
    assert crew.size == 2
    seen: set[str] = set()
    under_way: set[str] = set()

    def kill(trial: Trial, epochs: int) -> None:
        seen.add(trial.key)
        # Each that is under way has done an epoch, and one of them is at work on the node.
        if not under_way and session.running.keys() <= seen and at_work(raylet):
            under_way.update(session.running)
            connected.remove_node(node, allow_graceful=False)

    session = Session(jobs_for(WARM, store), store, crew, None, Hook(kill))
    session.work()
    lost = crew.heard("lost")
    assert len(lost) == 1
    assert lost[0] in under_way
    deadline = time.monotonic() + 60
    while crew.size > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
        crew.free()
    assert crew.size == 1
    assert sorted(crew.heard("finished")) == sorted(trial.key for trial in [*HALVES, *WARM])
    assert [path.stem for path in store.paths()] == sorted(trial.key for trial in [*HALVES, *WARM])
    for trial in [*HALVES, *WARM]:
        assert measured(store.get(trial)) == measured(local.get(trial))


@linux
def test_a_process_that_is_killed_is_replaced_and_a_node_that_comes_is_put_to_work(
    connected, local: Records, tmp_path: Path
) -> None:
    crew, store = Listening(device="cpu"), Records(tmp_path)
    assert crew.size == 1
    raylet = connected.head_node.all_processes["raylet"][0].process.pid
    killed: list[int] = []
    added: list = []

    def kill(trial: Trial, epochs: int) -> None:
        if not killed:
            killed.extend(at_work(raylet))
            os.kill(killed[0], signal.SIGKILL)
            added.append(connected.add_node(num_cpus=1))

    try:
        Session(jobs_for([LONG], store), store, crew, None, Hook(kill)).work()
        assert crew.heard("lost") == [LONG.key]
        assert measured(store.get(LONG)) == measured(local.get(LONG))
        assert crew.size == 2
    finally:
        for node in added:
            connected.remove_node(node)


def test_a_place_that_reaches_the_driver_is_kept_and_the_end_of_a_crew_tidies_up(
    connected, tmp_path: Path, session_cache: Path
) -> None:
    crew, store = RayCrew(device="cpu"), Records(tmp_path)
    crew.begin(Task(LONG.replace(stop=Epochs(10_000)), tmp_path, False))
    key = LONG.replace(stop=Epochs(10_000)).key
    while (event := crew.hear(1.0)) is None or event.epochs < 1:
        pass
    ray.get(crew._mailbox.tell.remote(Place(key, b"a place")))
    while not store.checkpoint(key).exists():
        crew.hear(0.1)
    assert store.checkpoint(key).read_bytes() == b"a place"
    began = time.monotonic()
    crew.end()
    assert time.monotonic() - began < 20
    assert not list(scratch(session_cache).iterdir())
    assert ray.is_initialized()


# The crew -----------------------------------------------------------------------------------------


def test_a_crew_says_what_it_is_and_times_what_it_would_do(connected) -> None:
    crew = RayCrew(device="cpu", workers=5)
    try:
        assert crew.size == 1
        assert crew.hardware.startswith("Ray cluster of 1 node: ")
        assert crew.hardware.endswith(", 1 thread a worker, 1 at work")
        speed = crew.measure(workload_of(SMALL))
        assert 0 < speed.train < 1 and speed.memory > 0 and 0 <= speed.start < 60
    finally:
        crew.end()


def test_a_trial_that_fits_on_no_node_is_refused_with_what_there_is(connected) -> None:
    with pytest.raises(InvalidValue, match=r"threads=64 .*: that takes 64 CPU, and there are 1 CPU and 0 GPU at "):
        RayCrew(device="cpu", threads=64)
    with pytest.raises(InvalidValue, match=r"device='cuda/4': that takes 1 CPU and 1/4 GPU"):
        RayCrew(device="cuda/4")


def test_a_node_of_another_version_is_named_with_both_versions(connected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "RECIPE", RECIPE + 1)
    with pytest.raises(
        ClusterError, match=rf"node .* has wsnb .* \(recipe {RECIPE}\), this .* \(recipe {RECIPE + 1}\)"
    ):
        RayCrew(device="cpu")


def test_a_workload_that_no_node_can_do_is_a_sentence(connected) -> None:
    crew = RayCrew(device="cpu")
    try:
        with pytest.raises(TrialFailed, match="cannot be timed on the cluster: "):
            crew.measure(workload_of(SMALL.replace(model=MLP(hidden=(2_000_000_000,)))))
    finally:
        crew.end()


# One machine --------------------------------------------------------------------------------------

SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
from wsnb import SGD, Epochs, Part, Records, ResNet18, Trial
from wsnb.cluster import RayCrew
from wsnb.engine import Session, jobs_for
from wsnb.progress import Display

class Telling(Display):
    def epoch(self, trial, epochs, images_seen):
        print(epochs, flush=True)

trial = Trial(Part("digits", 200), ResNet18(2), SGD(0.05, momentum=0.9), Epochs(10_000), seed=1, batch_size=16)
crew, store = RayCrew(workers=1, device="cpu"), Records()
Session(jobs_for([trial], store), store, crew, None, Telling()).work()
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
    tmp_path: Path, session_cache: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= KEEN | {"HOME": str(tmp_path / "home"), "WSNB_RECORDS": str(tmp_path / "records")}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    assert process.stdout is not None
    begun = process.stdout.readline()
    there = marked(str(tmp_path))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        _, said = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # or it would train on beside the next tests
        raise
    assert begun == "1\n", said
    assert len(there) > 3
    assert process.returncode != 0 and "KeyboardInterrupt" in said
    assert "(raylet" not in said  # what Ray itself would tell
    deadline = time.monotonic() + 20
    while marked(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not marked(str(tmp_path))
    assert not list(scratch(session_cache).iterdir())
    assert not (tmp_path / "home").exists()

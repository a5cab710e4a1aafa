"""The crew on a Ray cluster: each trial is a task that asks a node for processors or for a share of a GPU.

No file system is shared. A task is sent with its parent's weights and returns the text of its record and the file
of its weights; the driver, which is the process that called :func:`wsnb.running.run.run`, alone writes to the folder
of records and to its cache of weights. A task whose process or node was lost is begun anew by Ray, from its first
epoch. A node needs this package, in the driver's version, and the data sets that the trials name.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import logging
import os
import platform
import re
import secrets
import signal
import socket
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path
from typing import Any

from wsnb import version
from wsnb.errors import InvalidValue, TrialFailed, WsnbError, counted
from wsnb.evidence.records import Record, Records
from wsnb.running.crew import LOSSES, Event, Speed, Task, Workload
from wsnb.running.local import KEEP_MEMORY, cores
from wsnb.running.travel import packed, unpacked

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # of what Ray prints for its nodes, lost workers for one
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns of what a later version will do
    "RAY_task_oom_retries": str(LOSSES),  # else a trial too large for its node would be begun anew for ever
}
"""Environment in which Ray neither reports its use nor prints; it counts where Ray is not imported yet."""

REACH_SECONDS, LOOK_SECONDS = 5.0, 2.0
"""How long a cluster is waited for before it is called unreachable; how old the count of its nodes may be."""


class ClusterError(WsnbError):
    """A cluster that cannot be reached, or whose nodes cannot do the work."""

    exit_status = 7


def trials_per_gpu(device: str) -> int:
    """How many trials share a GPU: 0 for ``"cpu"``, 1 for ``"cuda"``, 4 for ``"cuda/4"``; else an InvalidValue."""
    found = re.fullmatch(r"cpu|cuda(?:/([1-9][0-9]?))?", device)
    if found is None:
        raise InvalidValue(
            f"device is {device!r}; allowed on a cluster: cpu, cuda (a GPU for each trial), or cuda/2 to cuda/99 "
            "(so many trials share a GPU). Which GPU it is, Ray decides."
        )
    return 0 if device == "cpu" else int(found[1] or 1)


def fitting(resources: dict[str, float], threads: int, per_gpu: int) -> int:
    """How many trials fit at a time into a node's resources, as Ray tells them."""
    fit = int(resources.get("CPU", 0)) // threads
    return min(fit, int(resources.get("GPU", 0)) * per_gpu) if per_gpu else fit


# The driver's side --------------------------------------------------------------------------------


class RayCrew:
    """The nodes of a Ray cluster, as many trials at a time as fit into their resources.

    Where this process uses Ray already, it is that cluster; one that it starts of this machine ends with the crew.

    Args:
        address, workers, threads, device: as in :func:`wsnb.running.run.run`; a trial asks for ``threads`` processors.

    Raises:
        InvalidValue: when the address or the device is none, or no node is large enough for a trial.
        ClusterError: when Ray is not installed, or the cluster cannot be reached.
    """

    def __init__(
        self, address: str | None = None, workers: int | None = None, threads: int = 1, device: str | None = None
    ) -> None:
        self._per_gpu = trials_per_gpu(device or "cpu")
        self._ray = ray = _ray()
        self._under_way: dict[Any, Task] = {}
        self._heard: collections.deque[Event] = collections.deque()
        self._at_most, self._threads = workers or sys.maxsize, threads
        self._weights = functools.lru_cache(maxsize=16)(self._put)
        self._joined = not ray.is_initialized()
        try:
            if self._joined:
                _join(address)
            self._device = device or ("cuda" if ray.cluster_resources().get("GPU") else "cpu")
            self._per_gpu = trials_per_gpu(self._device)
            hosts = self._look()
            if not hosts:
                raise InvalidValue(self._no_room())
        except BaseException:
            self.end()
            raise
        environment = KEEP_MEMORY | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        task = ray.remote(
            num_cpus=threads,
            num_gpus=10_000 // self._per_gpu / 10_000 if self._per_gpu else 0,  # Ray counts in steps of 0.0001
            max_retries=LOSSES,  # of lost processes and nodes: what has raised would only raise again
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": environment},
        )
        self._train, self._time = task(train_on_node), task(time_on_node)
        share = f"{self._per_gpu} trials on a GPU, " if self._per_gpu > 1 else ""
        self.hardware = (
            f"Ray cluster of {counted(len(hosts), 'node')}: {', '.join(sorted(set(hosts)))}, {share}"
            f"{counted(threads, 'thread')} a worker, {self.size} at work"
        )

    def _look(self) -> list[str]:
        """Note how many trials fit into the nodes that are there now; the hosts of these nodes."""
        self._nodes, self._looked = [node for node in self._ray.nodes() if node["Alive"]], time.monotonic()
        fits = [fitting(node["Resources"], self._threads, self._per_gpu) for node in self._nodes]
        self.size = min(sum(fits), self._at_most)
        return [node["NodeManagerHostname"] for node, fit in zip(self._nodes, fits, strict=True) if fit]

    def _no_room(self) -> str:
        there = [
            f"{node['Resources'].get('CPU', 0):g} CPU and {node['Resources'].get('GPU', 0):g} GPU at "
            f"{node['NodeManagerAddress']} ({node['NodeManagerHostname']})"
            for node in self._nodes
        ]
        gpu = {0: "", 1: " and a GPU"}.get(self._per_gpu, f" and 1/{self._per_gpu} GPU")
        return (
            f"No node of the Ray cluster has room for a trial with threads={self._threads}, device={self._device!r}, "
            f"which takes {self._threads} CPU{gpu}, and there are {', '.join(there) or 'no nodes'}."
        )

    def free(self) -> bool:
        """Whether another task can begin, on the nodes that are there now."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._look()
        return len(self._under_way) < self.size

    def begin(self, task: Task) -> None:
        """Have this task done by whichever node has room."""
        parent, store = task.trial.parent, Records(task.folder)
        there = [each for each in (task.trial, parent) if each is not None and store.find(each.key) is not None]
        driver = {"version": version.__version__, "folder": os.getcwd(), "data": os.environ.get("WSNB_DATA")}
        known = {each.key: store.path(each.key).read_text(encoding="utf-8") for each in there}
        weights = None if parent is None else self._weights(parent.key)
        done = self._train.remote(packed(task, task.trial), self._device, self._threads, driver, known, weights)
        self._under_way[done] = task

    def _put(self, key: str) -> Any:
        """A parent's weights in Ray's object store, for all its children; None when they are missing or damaged."""
        from wsnb.evidence.weights import load_weights, weights_path

        path = weights_path(key)
        if load_weights(path) is None:
            path.unlink(missing_ok=True)
            return None
        return self._ray.put(path.read_bytes())

    def pause(self, force: bool = False) -> None:
        """Call off all that is under way: on a cluster no place is kept, and it begins again another time."""
        for done in self._under_way:
            with contextlib.suppress(self._ray.exceptions.RayError, ValueError, ConnectionError):
                self._ray.cancel(done, force=force)

    def hear(self, seconds: float) -> Event | None:
        """The next event, or None when there is none for so long. The epochs of a trial are heard of at its end.

        Raises:
            ClusterError: when the connection is lost, no node with room is left, or a node does not fit this machine.
        """
        if not self._heard and self._under_way:
            try:
                done, _ = self._ray.wait(list(self._under_way), timeout=seconds)
                if not done and time.monotonic() - self._looked > LOOK_SECONDS and not self._look():
                    raise ClusterError(f"{self._no_room()} What was finished is recorded; run again to go on.")
            except (self._ray.exceptions.RayError, ConnectionError) as error:
                said = f"The connection to the Ray cluster was lost: {_gist(error)}"
                raise ClusterError(f"{said}. What was finished is recorded; run again to go on.") from error
            for each in done:
                self._heard += self._ended(self._under_way.pop(each), each)
        return self._heard.popleft() if self._heard else None

    def _ended(self, task: Task, done: Any) -> list[Event]:
        """What is heard of a task at its end, after what it returned has been written."""
        errors, sentence = self._ray.exceptions, ""
        try:
            return self._take_in(task, *self._ray.get(done))
        except errors.TaskCancelledError:
            return [Event(task.trial.key, "paused")]
        except errors.RayTaskError as error:
            if isinstance(error.cause, ClusterError):
                raise ClusterError(str(error.cause)) from error
            if "failed to import on the worker" in str(error):
                said = f"A node of the Ray cluster cannot load wsnb {version.__version__}: {_gist(error)}"
                raise ClusterError(f"{said}. Each node needs the environment of this machine.") from error
            print(error, file=sys.stderr)  # a bug, or one in a method of somebody's: the traceback of the node
            sentence = f"{task.trial!r} failed: {_gist(error)}."
        except errors.RayError as error:
            sentence = (
                f"{task.trial!r} was lost with its process or its node {LOSSES + 1} times ({_gist(error)}). Most often "
                "a node had no memory left: fewer --workers need less. It begins anew when run again."
            )
        except WsnbError as error:
            sentence = str(error)
        return [Event(task.trial.key, "failed", sentence=sentence)]

    def _take_in(self, task: Task, told: list[Event], record: str | None, weights: bytes | None) -> list[Event]:
        """Write what a task returned: the record last, so that what it stands for is there before it."""
        from wsnb.evidence.weights import put_weights, weights_path

        if record is None:
            return told
        store, key = Records(task.folder), task.trial.key
        made = Record.from_file(record.encode(), f"{key}.json")
        # Where another process was faster, its record and its weights belong together: on a GPU these differ.
        if weights is not None and not (weights_path(key).exists() and store.find(key) is not None):
            put_weights(weights_path(key), weights)
        store.put(made)
        return told

    def measure(self, workload: Workload) -> Speed:
        """How fast this work is done while all of the crew do it.

        Raises:
            TrialFailed: when no node can do it.
        """
        content, count = packed(workload, workload.trial), max(1, min(self.size, 8))  # enough for a mean
        timed = [self._time.remote(content, self._device, self._threads, time.time()) for _ in range(count)]
        try:
            speed = Speed.mean(self._ray.get(timed))
        except self._ray.exceptions.RayError as error:
            raise TrialFailed(f"{workload} cannot be timed on the cluster: {_gist(error)}.") from error
        beside = speed.start if self._per_gpu else 0.0  # a trial on a GPU starts a process of its own
        return dataclasses.replace(speed, trial=speed.trial + beside)

    def end(self) -> None:
        """End what is under way, which begins again another time, and leave the cluster."""
        try:
            for force, seconds in ((False, 5.0), (True, 1.0)):  # a task that is interrupted tidies up
                if self._under_way and self._ray.is_initialized():
                    self.pause(force)
                    for done in self._ray.wait(tasks := [*self._under_way], num_returns=len(tasks), timeout=seconds)[0]:
                        del self._under_way[done]
        finally:
            if self._joined:
                self._ray.shutdown()


# Which cluster ------------------------------------------------------------------------------------


def _ray() -> Any:
    """The module ``ray``, or a ClusterError when it is not installed."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise ClusterError("engine is 'ray' and Ray is not installed: pip install 'wsnb[cluster]'.") from error
    return ray


def _join(address: str | None) -> None:
    """Connect this process to the cluster, or start one of this machine alone; what cannot be is a sentence."""
    ray, settings = _ray(), {}
    if address in (None, "auto"):
        address = os.environ.get("RAY_ADDRESS") or address or "local"
    if address == "local":
        settings = {"num_cpus": cores(), "include_dashboard": False}
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else Ray writes one to the home folder
    elif address == "auto":
        with contextlib.suppress(OSError):  # what Ray notes of its last cluster here stays when that is killed
            _greet((Path(os.environ.get("RAY_TMPDIR") or "/tmp") / "ray" / "ray_current_cluster").read_text())
    else:
        _greet(address)
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **settings)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ClusterError(f"The Ray cluster at {address!r} cannot be joined: {_gist(error)}.") from error


def _greet(address: str) -> None:
    """Make sure that something answers there and speaks HTTP/2, as Ray does: Ray itself tries for minutes."""
    scheme, _, place = address.rpartition("://")
    try:
        found = urllib.parse.urlsplit(f"//{place}")
        host, port = found.hostname, found.port
    except ValueError:
        host = port = None
    if scheme not in ("", "ray") or not host or not port:
        raise InvalidValue(
            f"address is {address!r}; allowed: auto (the cluster that this machine is a node of), host:port, such as "
            "10.0.0.1:6379, or ray://host:port, such as ray://10.0.0.1:10001."
        )
    advice = "`ray status` on a node, or who runs the cluster, tells the right one."
    try:
        with socket.create_connection((host, port), REACH_SECONDS) as connection:
            if os.environ.get("RAY_USE_TLS") in (None, "", "0", "false"):
                connection.settimeout(REACH_SECONDS)
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
                if connection.recv(9)[3:4] != b"\4":  # a client and a server each begin with their settings
                    raise ClusterError(f"What answers at {address} is not Ray. {advice}")
    except OSError as error:
        raise ClusterError(f"No Ray cluster answers at {address}: {error}. {advice}") from error


def _gist(error: BaseException) -> str:
    """What an error of Ray's says, in a line: the first, or the last where it ends with a traceback."""
    cause = getattr(error, "cause", None)
    error = cause if isinstance(cause, BaseException) else error
    lines = [line.strip().rstrip(".:") for line in str(error).splitlines() if line.strip()]
    said = lines[-1 if any(line.startswith("Traceback") for line in lines) else 0] if lines else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


# The node's side ----------------------------------------------------------------------------------


def time_on_node(workload: bytes, device: str, threads: int, asked: float) -> Speed:
    """The speed of a packed workload on this node, which was ``asked`` for it at this time."""
    from wsnb.running.calibration import measure

    start = max(0.0, time.time() - asked)
    return measure(unpacked(workload), "cpu" if device == "cpu" else "cuda:0", threads, start)


def train_on_node(
    content: bytes, device: str, threads: int, driver: dict[str, Any], known: dict[str, str], parent: bytes | None
) -> tuple[list[Event], str | None, bytes | None]:
    """Train a trial on this node, in folders of its own.

    Args:
        content: the packed task.
        device, threads: where; any device but ``"cpu"`` is the GPU that Ray gives.
        driver: its ``version`` of the package; the ``folder`` from where paths of one's own images are meant; the
            ``data`` folder, which counts on a node that has it and names no other.
        known: by key, the text of the records that the driver has of the trial, which is compared with what comes
            out, and of its parent, whose weights are compared.
        parent: the file of the parent's weights.

    Returns:
        What was told of it, its end last; of a finished one the text of its record, and the file of the weights that
        children need.
    """
    import torch

    from wsnb.evidence.weights import put_weights, weights_path
    from wsnb.running.worker import perform

    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as all that a shell's background job has started
        signal.signal(signal.SIGINT, signal.default_int_handler)  # or Ray could not call this task off
    node, told = f"the node {platform.node()} of the Ray cluster", []
    if driver["version"] != version.__version__:
        raise ClusterError(
            f"There is wsnb {version.__version__} on {node} and {driver['version']} on this machine: records of the "
            "two are not comparable. Install the same version on both."
        )
    if device != "cpu" and not torch.cuda.is_available():
        raise ClusterError(f"PyTorch sees no GPU on {node}, where Ray has one.")
    with contextlib.suppress(OSError):
        os.chdir(driver["folder"])
    if driver["data"] and "WSNB_DATA" not in os.environ and Path(driver["data"]).is_dir():
        os.environ["WSNB_DATA"] = driver["data"]
    with tempfile.TemporaryDirectory(prefix="wsnb-", ignore_cleanup_errors=True) as folder:
        os.environ["WSNB_WEIGHTS"] = str(Path(folder, "weights"))
        task, store = unpacked(content), Records(Path(folder, "records"))
        key = task.trial.key
        if parent is not None:
            put_weights(weights_path(task.trial.parent.key), parent)
        for each, text in known.items():
            store.put(Record.from_file(text.encode(), f"{each}.json"))
        task = dataclasses.replace(task, folder=store.folder)
        perform(task, "cpu" if device == "cpu" else "cuda:0", threads, told.append, lambda: False)
        end, weights = told[-1], weights_path(key)
        if end.kind == "failed":
            return [dataclasses.replace(end, sentence=f"{end.sentence} (On {node}.)")], None, None
        return told, store.path(key).read_text(encoding="utf-8"), weights.read_bytes() if weights.exists() else None

"""The crew on a Ray cluster: each trial is a task that asks a node for processors or for a share of a GPU.

No file system is shared. The driver, which is the process that called :func:`wsnb.engine.run`, sends a
parent's weights and the checkpoint of a trial that was begun before; the node sends back the record, the
weights and the place of a trial that was paused; and the driver alone writes to the folder of records.
While trials are under way, an actor beside the driver, the :class:`Mailbox`, takes their letters and tells
them to pause. A node needs this package, in the driver's version, and the data sets that the trials name.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import functools
import logging
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wsnb
from wsnb import places
from wsnb.engine import Event, Task
from wsnb.errors import InvalidValue, TrialFailed, WsnbError
from wsnb.local import KEEP_MEMORY, cores
from wsnb.plan import Speed, Workload, counted
from wsnb.records import Record, Records, write_whole
from wsnb.trials import RECIPE

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # of what Ray prints for its nodes, lost workers for one: a session tells of them
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns of what a later version will do
}
"""Environment in which Ray neither reports its use nor prints; it counts where Ray is not imported yet."""

REACH_SECONDS = 5.0
"""How long a cluster is waited for before it is called unreachable."""

NODE_SECONDS = 120.0
"""How long each node may take to start a process that has loaded this package."""

LOOK_SECONDS = 2.0
"""How old the count of the nodes may be."""

PLACE_SECONDS = 60.0
"""A trial sends its place to the driver when the last that it sent is older: a lost node costs little more."""

LETTER_SECONDS = 0.2
"""How long a trial gathers its epochs before it tells of them."""

TIMED_AT_ONCE = 8
"""How many workers time a workload: enough for a mean, on however many nodes."""

GOES_ON = "It goes on from the last place that reached this machine when run again."


class ClusterError(WsnbError):
    """A cluster that cannot be reached, or whose nodes cannot do the work."""

    exit_status = 7


# What a trial asks for ----------------------------------------------------------------------------


def trials_per_gpu(device: str) -> int:
    """How many trials share a GPU: 0 for ``"cpu"``, 1 for ``"cuda"``, 4 for ``"cuda/4"``.

    Raises:
        InvalidValue: for anything else.
    """
    if device == "cpu":
        return 0
    found = re.fullmatch(r"cuda(?:/([1-9][0-9]?))?", device)
    if found is None:
        raise InvalidValue(
            f"device is {device!r}; allowed on a cluster: cpu, cuda (a GPU for each trial), or cuda/2 to cuda/99 "
            "(so many trials share a GPU). Which GPU it is, Ray decides."
        )
    return int(found[1] or 1)


def fitting(resources: dict[str, float], threads: int, per_gpu: int) -> int:
    """How many trials fit into a node's resources at a time.

    Args:
        resources: of the node, as Ray tells them.
        threads: how many processors each trial asks for.
        per_gpu: how many share a GPU; 0 when they need none.
    """
    fit = int(resources.get("CPU", 0)) // threads
    return min(fit, int(resources.get("GPU", 0)) * per_gpu) if per_gpu else fit


# The driver's side --------------------------------------------------------------------------------


class RayCrew:
    """The nodes of a Ray cluster, as many trials at a time as fit into their resources.

    A trial on a GPU has a process to itself, since a process cannot change its GPU; on processors alone
    a process trains one trial after another.

    Args:
        address: of the cluster: ``"auto"`` for the one that this machine is a node of, ``"host:port"``, or
            ``"ray://host:port"`` from a machine that is no node. None is ``RAY_ADDRESS``, else a cluster of
            this machine alone that ends with the crew. Where this process uses Ray already, it is that cluster.
        workers: at most so many trials at a time.
        threads: processors that each trial asks for, and threads that it uses.
        device: ``"cpu"``, ``"cuda"``, or a share such as ``"cuda/4"``; by default GPUs where there are any.

    Raises:
        InvalidValue: when the address or the device is none, or no node is large enough for a trial.
        ClusterError: when Ray is not installed, the cluster cannot be reached, or a node has another version.
    """

    def __init__(
        self, address: str | None = None, workers: int | None = None, threads: int = 1, device: str | None = None
    ) -> None:
        if device is not None:
            trials_per_gpu(device)
        self._ray = _ray()
        self._mailbox: Any = None
        self._under_way: dict[Any, Task] = {}
        self._begun: dict[str, str] = {}
        self._heard: collections.deque[Event] = collections.deque()
        self._parent = functools.lru_cache(maxsize=16)(self._put)
        self._at_most, self._threads = workers, threads
        self._joined = not self._ray.is_initialized()
        try:
            if self._joined:
                _join(address)
            nodes = [node for node in self._ray.nodes() if node["Alive"]]
            gpus = sum(node["Resources"].get("GPU", 0) for node in nodes)
            self._device = device or ("cuda" if gpus else "cpu")
            self._per_gpu = trials_per_gpu(self._device)
            able = self._able(nodes)
            self._open_mailbox()
            words, number = self._meet(able), self._count()
            self._do, self._time = self._task(do_errand), self._task(time_workload)
            self.hardware = (
                f"Ray cluster of {counted(number, 'node')}: {words}, "
                f"{counted(threads, 'thread')} a worker, {self.size} at work"
            )
            self._wait_for_mailbox()
        except BaseException:
            self.end()
            raise

    # Who there is ---------------------------------------------------------------------------------

    def _count(self) -> int:
        """Note how many trials fit into the nodes that are there now; how many nodes these are."""
        there = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        fits = [fit for resources in there if (fit := fitting(resources, self._threads, self._per_gpu))]
        self.size, self._counted = min(sum(fits), self._at_most or sys.maxsize), time.monotonic()
        return len(fits)

    def _able(self, nodes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those of the nodes that a trial fits into.

        Raises:
            InvalidValue: when there are none.
        """
        able = [node for node in nodes if fitting(node["Resources"], self._threads, self._per_gpu)]
        if not able:
            counts = [[node["Resources"].get(kind, 0) for kind in ("CPU", "GPU")] for node in nodes]
            there = ", ".join(
                f"{cpus:g} CPU and {gpus:g} GPU at {_host(node)}"
                for (cpus, gpus), node in zip(counts, nodes, strict=True)
            )
            gpu = {0: "", 1: " and a GPU"}.get(self._per_gpu, f" and 1/{self._per_gpu} GPU")
            raise InvalidValue(
                f"No node of the Ray cluster has room for a trial with threads={self._threads} and "
                f"device={self._device!r}: that takes {self._threads} CPU{gpu}, and there are {there or 'no nodes'}."
            )
        return able

    def _meet(self, nodes: Sequence[dict[str, Any]]) -> str:
        """Have each node load this package; what they train on, in words.

        Raises:
            ClusterError: when one cannot load it, or has another version.
        """
        ray = self._ray
        introduce = ray.remote(num_cpus=0, max_retries=0, runtime_env=self._environment())(introduction)
        asked = {}
        for node in nodes:
            place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            ask = introduce.options(scheduling_strategy=place)
            asked[ask.remote(wsnb.__version__, RECIPE)] = node
        ready, late = ray.wait(list(asked), num_returns=len(asked), timeout=NODE_SECONDS)
        if late:
            raise ClusterError(
                f"The node {_host(asked[late[0]])} of the Ray cluster has not loaded wsnb within {NODE_SECONDS:.0f} "
                "seconds. Its load, and Ray's logs there, may tell why."
            )
        words = []
        for answer in ready:
            node = asked[answer]
            try:
                misfit, processor = ray.get(answer)
            except ray.exceptions.RayError as error:
                raise ClusterError(
                    f"The node {_host(node)} of the Ray cluster cannot load wsnb {wsnb.__version__}: {_gist(error)}. "
                    "Each node needs the environment of this machine."
                ) from error
            if misfit:
                raise ClusterError(misfit)
            kinds = [name.partition(":")[2] for name in node["Resources"] if name.startswith("accelerator_type:")]
            words.append(" and ".join(kinds or ["GPU"]) if self._per_gpu else processor)
        share = f" for {self._per_gpu} trials each" if self._per_gpu > 1 else ""
        return ", ".join(sorted(set(words))) + share

    def _environment(self) -> dict[str, Any]:
        threads = str(self._threads)
        return {"env_vars": KEEP_MEMORY | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}}

    def _task(self, function: Any) -> Any:
        """The function as a Ray task that asks for what a trial asks for."""
        return self._ray.remote(
            num_cpus=self._threads,
            num_gpus=10_000 // self._per_gpu / 10_000 if self._per_gpu else 0,  # Ray counts in steps of 0.0001
            max_calls=1 if self._per_gpu else 0,  # a process cannot change its GPU
            max_retries=0,  # a session begins lost trials again itself
            scheduling_strategy="SPREAD",
            runtime_env=self._environment(),
        )(function)

    def _open_mailbox(self) -> None:
        ray = self._ray
        here = ray.get_runtime_context().get_node_id()
        place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(here, soft=False)
        open_mailbox = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Mailbox)
        self._mailbox = open_mailbox.options(max_concurrency=10_000, scheduling_strategy=place).remote()
        self._letters = self._mailbox.take.remote()

    def _wait_for_mailbox(self) -> None:
        """Return when letters arrive and a pause is heard: a first trial may take less than that.

        Raises:
            ClusterError: when the mailbox cannot be opened.
        """
        ray = self._ray
        try:
            ray.get(self._mailbox.tell.remote(), timeout=NODE_SECONDS)
        except ray.exceptions.RayError as error:
            raise ClusterError(f"The Ray cluster cannot start a process for its mailbox: {_gist(error)}.") from error

    # The crew -------------------------------------------------------------------------------------

    def free(self) -> bool:
        """Whether another task can begin, on the nodes that are there now."""
        if time.monotonic() - self._counted > LOOK_SECONDS:
            self._count()
        return len(self._under_way) < self.size

    def begin(self, task: Task) -> None:
        """Have this task done by whichever node has room."""
        store, parent = Records(task.folder), task.trial.parent
        errand = Errand(task, self._device, self._threads, os.getcwd(), os.environ.get("WSNB_DATA"))
        brought = None if parent is None else self._parent(store.weights(parent.key))
        place = _content(store.checkpoint(task.trial.key))
        done = self._do.remote(errand, brought, place, self._mailbox)
        self._under_way[done] = task
        self._begun.pop(task.trial.key, None)  # before it was lost

    def _put(self, weights: Path) -> Any:
        """A parent's weights in Ray's object store, for all its children; None where there are none."""
        content = _content(weights)
        return None if content is None else self._ray.put(content)

    def pause(self) -> None:
        """Have all that is under way keep its place after its epoch, and what still waits for room not begin."""
        self._mailbox.pause.remote()
        self._cancel_waiting()

    def _cancel_waiting(self) -> None:
        for done, task in self._under_way.items():
            if task.trial.key not in self._begun:
                self._ray.cancel(done)

    def hear(self, seconds: float) -> Event | None:
        """The next event, or None when there is none for so long.

        Raises:
            ClusterError: when the connection to the cluster is lost.
        """
        if not self._heard:
            self._listen(seconds)
        return self._heard.popleft() if self._heard else None

    def _listen(self, seconds: float) -> None:
        ray, awaited = self._ray, [self._letters, *self._under_way]
        ready, _ = ray.wait(awaited, timeout=seconds)
        if ready:
            ready, _ = ray.wait(awaited, num_returns=len(awaited), timeout=0)
        elif time.monotonic() - self._counted > LOOK_SECONDS and not self._count():
            self._cancel_waiting()  # else they would wait for ever
        if self._letters in ready:
            try:
                letters = ray.get(self._letters)
            except ray.exceptions.RayError as error:
                raise ClusterError(
                    f"The connection to the Ray cluster was lost: {_gist(error)}. Finished trials are recorded; "
                    "run again to go on with the rest."
                ) from error
            self._letters = self._mailbox.take.remote()
            for letter in letters:
                self._read(letter)
        for done in ready:
            if done in self._under_way:
                task = self._under_way.pop(done)
                self._heard.append(self._ended(task, done))
                self._begun.pop(task.trial.key, None)

    def _read(self, letter: Event | Begun | Place) -> None:
        match letter:
            case Begun(key, host):
                self._begun[key] = host
            case Place(key, content):
                for task in self._under_way.values():
                    if task.trial.key == key:  # else it has ended since, and its place is no longer needed
                        with contextlib.suppress(WsnbError):  # a full disk is told of when the trial ends
                            write_whole(Records(task.folder).checkpoint(key), content, what="a checkpoint")
            case Event():
                self._heard.append(letter)

    def _ended(self, task: Task, done: Any) -> Event:
        """How a task ended, after what it brought has been written."""
        key, errors = task.trial.key, self._ray.exceptions
        host = f"the node {self._begun[key]}" if key in self._begun else "a node"
        try:
            brought: Brought = self._ray.get(done)
        except errors.TaskCancelledError:
            if self.size:
                return Event(key, "paused")
            return Event(key, "failed", sentence=f"No node that is left in the cluster has room for {task.trial!r}.")
        except errors.OutOfMemoryError:
            sentence = (
                f"The process that trained {task.trial!r} on {host} was ended by Ray before the node's memory ran out: "
                f"fewer --workers need less. {GOES_ON}"
            )
            return Event(key, "lost", sentence=sentence)
        except (errors.RayTaskError, errors.RuntimeEnvSetupError, errors.TaskUnschedulableError) as error:
            return Event(key, "failed", sentence=f"{task.trial!r} could not be begun on {host}: {_gist(error)}.")
        except errors.RayError as error:
            self._count()
            sentence = f"{task.trial!r} was lost with its process on {host}, or with the node ({type(error).__name__})"
            return Event(key, "lost", sentence=f"{sentence}. {GOES_ON}")
        try:
            return self._take_in(task, brought)
        except WsnbError as error:
            return Event(key, "failed", sentence=str(error))

    def _take_in(self, task: Task, brought: Brought) -> Event:
        """Write what a task brought: the record last, so that what it stands for is there before it.

        Raises:
            RecordError: when that is damaged, or cannot be written.
        """
        store, key = Records(task.folder), task.trial.key
        if brought.bug:
            print(brought.bug, file=sys.stderr)
        if brought.parent_damaged and task.trial.parent is not None:
            store.weights(task.trial.parent.key).unlink(missing_ok=True)
        if brought.checkpoint is not None:
            write_whole(store.checkpoint(key), brought.checkpoint, what="a checkpoint")
        if brought.record is not None:
            record = Record.from_json(brought.record, f"{key}.json, as it came from its node,")
            if record.key != key:
                sentence = f"{task.trial!r} was trained on other images than those here: {task.trial.data.dataset}"
                return Event(key, "failed", sentence=f"{sentence} is not the same on every node.")
            weights = store.weights(key)
            # Where another process was faster, its record and its weights belong together: on a GPU these differ.
            if brought.weights is not None and not (task.trial in store and weights.exists()):
                write_whole(weights, brought.weights, what="the weights")
            store.put(record)
            store.checkpoint(key).unlink(missing_ok=True)
        return brought.event

    def measure(self, workload: Workload) -> Speed:
        """How fast this work is done while all of the crew do it.

        Raises:
            TrialFailed: when no node can do it.
        """
        ray, began = self._ray, time.monotonic()
        count = min(self.size, TIMED_AT_ONCE)
        timed = [self._time.remote(workload, self._device, self._threads) for _ in range(count)]
        found, reason = [], ""
        for answer in timed:
            try:
                found.append(ray.get(answer))
            except ray.exceptions.RayError as error:
                reason = _gist(error)
        if not found:
            raise TrialFailed(f"{workload} cannot be timed on the cluster: {reason}.")
        start = max(0.0, time.monotonic() - began - max(seconds for _, seconds in found))
        speed = Speed.mean([speed for speed, _ in found])
        beside = speed.trial + (start if self._per_gpu else 0.0)  # a trial on a GPU starts a process of its own
        return dataclasses.replace(speed, start=start, trial=beside)

    def end(self) -> None:
        """End what is under way, which goes on from its last place another time, and leave the cluster."""
        ray = self._ray
        try:
            if self._under_way and ray.is_initialized():
                self._call_off()
            if self._mailbox is not None and ray.is_initialized():
                ray.wait([self._letters, self._mailbox.close.remote()], num_returns=2, timeout=2.0)
                ray.kill(self._mailbox)
        finally:
            self._under_way, self._mailbox = {}, None
            if self._joined:
                ray.shutdown()

    def _call_off(self) -> None:
        ray, left = self._ray, list(self._under_way)
        with contextlib.suppress(ray.exceptions.RayError, ClusterError):
            if ray.wait([self._letters], timeout=0)[0]:
                self._listen(0)  # places that have come since it was last heard
        for force, seconds in ((False, 5.0), (True, 1.0)):  # a task that is interrupted tidies up
            for done in left:
                with contextlib.suppress(ray.exceptions.RayError, ValueError):
                    ray.cancel(done, force=force)
            _, left = ray.wait(left, num_returns=len(left), timeout=seconds) if left else ([], [])


def _ray() -> Any:
    """The module ``ray``.

    Raises:
        ClusterError: when it is not installed.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise ClusterError("engine is 'ray' and Ray is not installed: pip install 'wsnb[cluster]'.") from error
    return ray


def _join(address: str | None) -> None:
    """Connect this process to the cluster, or start one of this machine alone.

    Raises:
        InvalidValue: when the address is none.
        ClusterError: when there is no such cluster, or it cannot be joined.
    """
    ray = _ray()
    if address in (None, "auto"):
        address = os.environ.get("RAY_ADDRESS") or address or "local"
    settings: dict[str, Any] = {}
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
    """Make sure that something answers there and speaks HTTP/2, as Ray does: Ray itself tries for minutes.

    Raises:
        InvalidValue: when that is no address.
        ClusterError: when nothing answers, or something else.
    """
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
    if isinstance(cause, BaseException):
        error = cause
    lines = [line.strip().rstrip(".:") for line in str(error).splitlines() if line.strip()]
    said = lines[-1 if any(line.startswith("Traceback") for line in lines) else 0] if lines else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _host(node: dict[str, Any]) -> str:
    return f"{node['NodeManagerAddress']} ({node['NodeManagerHostname']})"


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


# Between the two ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Errand:
    """A task on its way to a node.

    Attributes:
        task: what to do; its folder is the driver's.
        device: ``"cpu"``, or ``"cuda"`` for the GPU that Ray gives.
        threads: how many threads of the processor to use.
        folder: where the driver works, from where paths of one's own images are meant.
        data: the driver's ``WSNB_DATA``, which counts on a node that has the folder and names no other.
        version: of the driver's package.
        recipe: of the driver's package.
    """

    task: Task
    device: str
    threads: int
    folder: str
    data: str | None
    version: str = wsnb.__version__
    recipe: int = RECIPE


@dataclass(frozen=True)
class Brought:
    """What a task brings back: how it ended, and the files that it wrote.

    Attributes:
        event: how it ended.
        record: the text of its record, when it is finished.
        weights: the file of its weights, when children start from them.
        checkpoint: the file of its place, when it is not finished.
        parent_damaged: whether the parent's weights were found to be.
        bug: a traceback.
    """

    event: Event
    record: str | None = None
    weights: bytes | None = None
    checkpoint: bytes | None = None
    parent_damaged: bool = False
    bug: str = ""


@dataclass(frozen=True)
class Begun:
    """A letter: the trial of this key has begun on this node."""

    key: str
    host: str


@dataclass(frozen=True)
class Place:
    """A letter: the checkpoint of the trial of this key."""

    key: str
    content: bytes


class Mailbox:
    """An actor beside the driver: takes the letters of the trials, and tells them to pause."""

    def __init__(self) -> None:
        self._letters: list[Event | Begun | Place] = []
        self._came, self._pause = asyncio.Event(), asyncio.Event()

    async def tell(self, *letters: Event | Begun | Place) -> None:
        """Leave letters for the driver."""
        self._letters += letters
        self._came.set()

    async def take(self) -> list[Event | Begun | Place]:
        """All letters, as soon as there is one."""
        await self._came.wait()
        self._came.clear()
        taken, self._letters = self._letters, []
        return taken

    async def pause(self) -> None:
        """Tell all trials to pause."""
        self._pause.set()

    async def paused(self) -> None:
        """Returns when the trials are to pause."""
        await self._pause.wait()

    async def close(self) -> None:
        """Let go whoever waits, or Ray would complain of calls that were not answered."""
        self._came.set()
        self._pause.set()
        await asyncio.sleep(0.1)


# The node's side ----------------------------------------------------------------------------------


def introduction(version: str, recipe: int) -> tuple[str, str]:
    """What a node says first: a sentence when it does not fit the driver, and its processor in words."""
    from wsnb.worker import commit, device_in_words

    commit()  # of the code as this process has loaded it
    return _misfit(version, recipe), device_in_words("cpu")


def _misfit(version: str, recipe: int) -> str:
    """A sentence when the driver has another version of the package or of the training recipe, else nothing."""
    if (version, recipe) == (wsnb.__version__, RECIPE):
        return ""
    return (
        f"The node {_here()} of the Ray cluster has wsnb {wsnb.__version__} (recipe {RECIPE}), this machine has "
        f"{version} (recipe {recipe}): records of the two are not comparable. Install the same version on both."
    )


def _here() -> str:
    import ray

    return f"{ray.util.get_node_ip_address()} ({platform.node()})"


def time_workload(workload: Workload, device: str, threads: int) -> tuple[Speed, float]:
    """The speed of a workload on this node, and how many seconds it took to find out."""
    from wsnb.calibration import measure

    began = time.monotonic()
    speed = measure(workload, "cuda:0" if device.startswith("cuda") else "cpu", threads, 0.0)
    return speed, time.monotonic() - began


def do_errand(errand: Errand, parent: bytes | None, place: bytes | None, mailbox: Any) -> Brought:
    """Train a trial on this node, in a folder of records of its own.

    Args:
        errand: what to do.
        parent: the file of the parent's weights.
        place: the file of the place that the trial goes on from.
        mailbox: the handle of the :class:`Mailbox`.
    """
    import torch

    from wsnb.worker import commit, perform

    trial, key = errand.task.trial, errand.task.trial.key
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as all that a shell's background job has started
        signal.signal(signal.SIGINT, signal.default_int_handler)  # or Ray could not call this task off
    mailbox.tell.remote(Begun(key, _here()))
    commit()
    if misfit := _misfit(errand.version, errand.recipe):
        return Brought(Event(key, "failed", sentence=misfit))
    if errand.device != "cpu" and not torch.cuda.is_available():
        sentence = f"PyTorch sees no GPU on the node {_here()}, where Ray has one for {trial!r}."
        return Brought(Event(key, "failed", sentence=sentence))
    with contextlib.suppress(OSError):
        os.chdir(errand.folder)
    if errand.data and "WSNB_DATA" not in os.environ and Path(errand.data).is_dir():
        os.environ["WSNB_DATA"] = errand.data
    with _scratch() as folder:
        here, bug = Records(folder), ""
        if parent is not None:
            write_whole(here.weights(trial.parent.key), parent, what="the weights")
        if place is not None:
            write_whole(here.checkpoint(key), place, what="a checkpoint")
        letters = Letters(mailbox, here.checkpoint(key))
        try:
            task = dataclasses.replace(errand.task, folder=folder)
            device = "cpu" if errand.device == "cpu" else "cuda:0"
            perform(task, device, errand.threads, letters.tell, _pausing(mailbox).is_set)
            event = letters.last
        except Exception as error:
            bug = traceback.format_exc()
            event = Event(key, "failed", sentence=f"{trial!r} failed: {type(error).__name__}: {error}.")
        if event.kind == "failed":
            event = dataclasses.replace(event, sentence=f"{event.sentence} (On the node {_here()}.)")
        finished = event.kind == "finished"
        return Brought(
            event,
            # Not by its key: that tells the driver whether the images were the same here.
            record=here.paths()[0].read_text(encoding="utf-8") if finished else None,
            weights=_content(here.weights(key)) if finished and errand.task.keep_weights else None,
            checkpoint=None if finished else _content(here.checkpoint(key)),
            parent_damaged=parent is not None and not here.weights(trial.parent.key).exists(),
            bug=bug,
        )


class Letters:
    """What a trial on a node tells the driver; nothing here waits for an answer.

    Args:
        mailbox: the handle of the :class:`Mailbox`.
        checkpoint: the file of the trial's place, which is sent when it is new and the last one sent is old.
    """

    def __init__(self, mailbox: Any, checkpoint: Path) -> None:
        self._mailbox, self._checkpoint = mailbox, checkpoint
        self._epochs: list[Event] = []
        self._told, self._sent = -LETTER_SECONDS, time.monotonic()
        self.last: Event

    def tell(self, event: Event) -> None:
        """Take note of an event; that of the end goes with what the task brings."""
        self.last = event
        if event.kind != "epoch":
            return
        self._epochs.append(event)
        now = time.monotonic()
        if now - self._told >= LETTER_SECONDS:
            self._mailbox.tell.remote(*self._epochs)
            self._epochs, self._told = [], now
        if now - self._sent >= PLACE_SECONDS and (place := _content(self._checkpoint)) is not None:
            self._mailbox.tell.remote(Place(event.key, place))
            self._sent = now


@functools.cache
def _pausing(mailbox: Any) -> threading.Event:
    """Set when the trials are to pause: one thread of this process waits for that, and the trials for nothing."""
    import ray

    told = threading.Event()

    def wait() -> None:
        with contextlib.suppress(ray.exceptions.RayError):  # the mailbox is gone, and so is the driver
            ray.get(mailbox.paused.remote())
            told.set()

    threading.Thread(target=wait, daemon=True).start()
    return told


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for one task; what killed processes of this machine have left is removed with it."""
    mine = places.cache() / "cluster" / platform.node()
    mine.mkdir(parents=True, exist_ok=True)
    for left in mine.iterdir():
        process = left.name.partition("-")[0]
        if os.name == "posix" and process.isdecimal() and not _is_alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-", dir=mine, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True

"""``make bench``: our training loop beside the usual one and the bare step, as ratios within one run.

Each contender (:mod:`contender`) has the whole machine while it works. They take turns, round after round, so
that whatever else the machine does falls on all alike; a ratio is the median over rounds. The measurements
go to ``benchmarks/results``, one file per kind of machine, where the book's page on cost reads them.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import torch
from contender import A_TRIAL_RUN, WORKS, random_images
from scipy.optimize import nnls
from torch import Tensor

from wsnb import DTNH, GEM, L2SP, SGD, Epochs, KnowDist, Part, PlainSum, ResNet18, Trial, kind, places, run
from wsnb.files import write_whole
from wsnb.publishing.chapters import chapters
from wsnb.running.local import KEEP_MEMORY, LocalCrew, cores
from wsnb.running.plan import measured_speeds
from wsnb.running.worker import commit, device_in_words, versions
from wsnb.seam import Callback, Direction
from wsnb.training import loop

HERE = Path(__file__).resolve().parent

TOGETHER = "8 trials at once"
LATE, SEAM = "late accuracies", "a callback"
NEAR, ALIKE, PROJECTED = "a pull in closed form", "a pull by features", "GEM's projection"
PAIRED = {
    LATE: ("last 5 epochs", "last epoch alone"),
    SEAM: ("one that does nothing", "none"),
    NEAR: ("DTNH(L2-SP)", "L2-SP"),
    ALIKE: ("DTNH(KnowDist)", "KnowDist"),
    PROJECTED: ("in closed form", "by a quadratic programme"),
}
"""What is asked of the loop, by work: the way that costs more, and the way without."""
Precision = Literal["fp32", "bf16"]

GOALS = {
    "ResNet-18, width 64": {"cpu": {"usual": 1.6, "bare": 0.95}, "cuda": {"usual": 8.0, "images/s": 80_000}},
    "ResNet-18, width 64, augmentation": {"cpu": {"usual": 1.7, "bare": 0.90}, "cuda": {"usual": 30.0}},
    "ResNet-18, width 16": {"cpu": {"usual": 2.0, "bare": 0.90}, "cuda": {}},
    "MLP": {"cpu": {"usual": 6.0, "bare": 0.70}, "cuda": {}},
    "logistic regression": {"cpu": {"usual": 14.0, "bare": 0.60}, "cuda": {}},
    TOGETHER: {"cpu": {"one after another": 1.3}, "cuda": {"one after another": 3.0}},
    SEAM: {"cpu": {"none": 0.97}, "cuda": {"none": 0.97}},
    NEAR: {"cpu": {"L2-SP": 1 / 1.05}, "cuda": {"L2-SP": 1 / 1.05}},
    ALIKE: {"cpu": {"KnowDist": 1 / 1.7}, "cuda": {"KnowDist": 1 / 1.7}},
}
"""What we want to reach: our loop over the usual one and over the bare step; with an idle callback over without; with
DTNH over the plain sum, whose step is to be no more than 1.05 times as long with L2-SP, and 1.7 times with KnowDist."""


@dataclass(frozen=True)
class Contender:
    """One line of the table.

    Attributes:
        name: in the results.
        kind, precision: as :mod:`contender` takes them.
        processes: how many train at the same time; all have equal shares of the machine's cores.
        loaders: processes of the DataLoader.
    """

    name: str
    kind: str
    precision: str
    processes: int = 1
    loaders: int = 0


def contenders(work: str, device: str) -> list[Contender]:
    """Who is compared."""
    loaders = cores() if device == "cpu" else min(8, cores())
    found = [Contender(f"usual, {count} loaders", "usual", "fp32", loaders=count) for count in (0, loaders)]
    convolves = WORKS[work][0].kind == "resnet18"
    for precision in precisions(device) if convolves else ("fp32",):
        kinds = ("arithmetic", "bare", "ours") if convolves and device == "cpu" else ("bare", "ours")
        found += [Contender(f"{kind} {precision}", kind, precision) for kind in kinds]
        if device == "cpu":  # as trials are trained there
            found.append(Contender(f"ours {precision}, a trial per core", "ours", precision, processes=cores()))
    return found


def precisions(device: str) -> tuple[Precision, ...]:
    """Those that are measured: bf16 where it is arithmetic of the hardware's own, not fp32 in disguise."""
    able = torch.cpu.get_capabilities()
    has_bf16 = device != "cpu" or able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16")
    return ("fp32", "bf16") if has_bf16 else ("fp32",)


class Processes:
    """Equal processes that train at the same time, with all of the machine's cores between them."""

    def __init__(self, count: int, device: str, environment: dict[str, str]) -> None:
        threads = str(cores() // count)
        self.processes = [
            subprocess.Popen(
                [sys.executable, str(HERE / "contender.py"), device, threads],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment | os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads},
            )
            for _ in range(count)
        ]

    def images_per_second(self, contender: Contender, work: str, seconds: float) -> float:
        """Of all of them together, over about so many seconds."""
        told = json.dumps([contender.kind, work, contender.precision, contender.loaders, seconds])
        for process in self.processes:
            print(told, file=process.stdin, flush=True)
        answers = [process.stdout.readline() for process in self.processes]  # type: ignore[union-attr]
        if not all(answers):
            raise RuntimeError(f"A process ended in {work}, {contender.name}; what it said stands above.")
        return sum(map(float, answers))

    def end(self) -> None:
        """End them."""
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait()


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        works: names of :data:`contender.WORKS`.
        rounds: how often each contender has its turn.
        seconds: how long a turn is.
        trials, images, epochs: how many are trained at once, on how many images, how long.
        loop_images, loop_epochs: of the trainings by which late accuracies and callbacks are timed.
        speeds: whether the chapters' paper profile is timed too.
    """

    works: tuple[str, ...]
    rounds: int
    seconds: float
    trials: int
    images: int
    epochs: int
    loop_images: int
    loop_epochs: int
    speeds: bool


QUICK = Size(
    (A_TRIAL_RUN,),
    rounds=1,
    seconds=0.05,
    trials=2,
    images=128,
    epochs=1,
    loop_images=16,
    loop_epochs=1,
    speeds=False,
)
FULL = Size(
    tuple(work for work in WORKS if work != A_TRIAL_RUN),
    rounds=5,
    seconds=1.0,
    trials=8,
    images=1280,
    epochs=8,
    loop_images=960,
    loop_epochs=25,
    speeds=True,
)


def compare(device: str, size: Size) -> dict[str, dict[str, list[float]]]:
    """Images per second by work and contender, round by round; a first round warms up and is not counted."""
    started = {1: Processes(1, device, KEEP_MEMORY), "usual": Processes(1, device, {})}
    if device == "cpu" and cores() > 1:
        started[cores()] = Processes(cores(), device, KEEP_MEMORY)
    rates: dict[str, dict[str, list[float]]] = {}
    try:
        for work in size.works:
            chosen = contenders(work, device)
            rates[work] = {contender.name: [] for contender in chosen}
            for number in range(size.rounds + 1):
                for contender in chosen:
                    processes = started["usual" if contender.kind == "usual" else contender.processes]
                    rate = processes.images_per_second(contender, work, size.seconds if number else 0)
                    if number:
                        rates[work][contender.name].append(round(rate, 1))
    finally:
        for processes in started.values():
            processes.end()
    return rates


def at_once(device: str, size: Size) -> dict[str, list[float]]:
    """Images per second of small trials, several at a time and one after another, in both precisions.

    Both ways have all cores, and in both the start of the processes is counted.
    """
    one = Trial(Part("digits", size.images), ResNet18(16), SGD(1e-3), Epochs(size.epochs), curve_images=100)
    ways = {"at once": (cores(), 1) if device == "cpu" else (size.trials, 1), "one after another": (1, cores())}
    rates: dict[str, list[float]] = {f"{name}, {precision}": [] for precision in precisions(device) for name in ways}
    for _ in range(min(size.rounds, 3)):
        for precision, (name, (workers, threads)) in itertools.product(precisions(device), ways.items()):
            chosen = [one.replace(seed=seed, precision=precision) for seed in range(size.trials)]
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                run(chosen, records=folder, workers=workers, threads=threads, device=device, progress=False)
                rate = size.trials * size.images * size.epochs / (time.perf_counter() - began)
            rates[f"{name}, {precision}"].append(round(rate, 1))
    return rates


@kind("nothing")
class Nothing(Callback):
    """Does nothing, at every moment at which a callback may do something."""

    def before_epoch(self, training: Any, state: Any) -> None:
        """Nothing."""

    def after_step(self, training: Any, state: Any) -> None:
        """Nothing."""

    def after_epoch(self, training: Any, state: Any) -> None:
        """Nothing."""

    def after_evaluation(self, training: Any, state: Any) -> None:
        """Nothing."""


@kind("gem_by_programme")
class GEMByProgramme(Direction):
    """GEM's direction as its authors have it, by a solver of the dual quadratic programme; here scipy's."""

    def join(self, loss: Sequence[Tensor], pull: Sequence[Tensor]) -> list[Tensor]:
        """The loss's gradient and as much of the pull as the solver says."""
        one, other = (torch.cat([each.flatten() for each in of]).cpu().double().numpy() for of in (loss, pull))
        found, _ = nnls(other[:, None], -one)  # of |other v + one| the smallest, v >= 0
        return [each + float(found[0]) * more for each, more in zip(loss, pull, strict=True)]


def of_the_loop(device: str, size: Size) -> dict[str, dict[str, list[float]]]:
    """Images per second of whole trainings of width 16, evaluations included, with what :data:`PAIRED` names or not.

    In proportion these are the laptop profile's of Figure 1: test images are 1.3 times as many as those trained on, and
    a fifth of them is what the accuracy by epoch is measured on. What pulls starts from a training of an epoch.
    """
    images = random_images(size.loop_images, tested := round(1.3 * size.loop_images))
    one = Trial(Part("digits", size.loop_images), ResNet18(16), SGD(1e-3), Epochs(size.loop_epochs))
    one = one.replace(curve_images=max(1, tested // 5))
    late, (idle, none) = loop.LATE, PAIRED[SEAM]
    ways = {
        (LATE, PAIRED[LATE][0]): (one, late),
        (LATE, PAIRED[LATE][1]): (one, 1),
        (SEAM, idle): (one.replace(callbacks=(Nothing(),)), late),
        (SEAM, none): (one, late),
    }
    joined = {NEAR: (L2SP(), (DTNH(), PlainSum())), ALIKE: (KnowDist(0.001), (DTNH(), PlainSum()))}
    joined[PROJECTED] = (L2SP(), (GEM(), GEMByProgramme()))
    for work, (pulls, directions) in joined.items():
        for way, direction in zip(PAIRED[work], directions, strict=True):
            ways[work, way] = (one.then(regularizer=pulls, direction=direction), late)
    rates: dict[str, dict[str, list[float]]] = {work: {way: [] for way in names} for work, names in PAIRED.items()}
    torch.set_num_threads(cores())
    try:
        source = loop.train(one.replace(stop=Epochs(1)), images, device=device).snapshot  # warms up
        for _ in range(min(size.rounds, 3)):
            for (work, way), (trial, loop.LATE) in ways.items():
                began = time.perf_counter()
                loop.train(trial, images, parent=source if trial.parent else None, device=device)
                rate = size.loop_images * size.loop_epochs / (time.perf_counter() - began)
                rates[work][way].append(round(rate, 1))
    finally:
        loop.LATE = late
    return rates


def paper_speeds(_: dict[str, Any], device: str, size: Size) -> dict[str, Any]:
    """How fast this machine's crew does what the chapters' paper profile asks for, by workload; and of which commit."""
    if not size.speeds:
        return {"paper_speeds": {}}
    asked = [chapter for chapter in chapters() if chapter.has_trials]
    trials = [trial for chapter in asked for trial in chapter.trials(chapter.settings("paper"))]
    crew = LocalCrew(device=device)
    try:
        speeds = measured_speeds(trials, crew, anew=True)
    finally:
        crew.end()
    found = {str(workload): asdict(speed) for workload, speed in speeds.items()}
    return {"paper_speeds": found, "paper_speeds_commit": commit()}


def loop_rates(results: dict[str, Any], device: str, size: Size) -> dict[str, Any]:
    """The results with :func:`of_the_loop` in them, and its commit."""
    rates = of_the_loop(device, size)
    kind = results["kind"]
    return {
        "images_per_second": results["images_per_second"] | rates,
        "ratios": results["ratios"] | {work: ratios(work, measured, kind) for work, measured in rates.items()},
        "loop_commit": commit(),
    }


PARTS = {"loop": loop_rates, "speeds": paper_speeds}
"""What is measured after the rest, and may be measured anew without it."""


# What comes of it ---------------------------------------------------------------------------------


def ratios(work: str, rates: dict[str, list[float]], kind: str) -> list[dict[str, Any]]:
    """Each of our contenders over the usual loop, and over the bare step where both have the same threads.

    A trial per core is compared with the arithmetic on all cores, where that was measured; what is asked of the loop,
    with the loop without it.
    A goal stands at the ratio that it is meant for: over the usual loop, of the way in which trials run.
    """
    goals = GOALS.get(work, {kind: {}})[kind]
    if work in PAIRED:
        with_it, without = PAIRED[work]
        pairs = [(with_it, without, goals.get(without))]
    elif work == TOGETHER:
        ways = [name.partition(", ")[2] for name in rates if name.startswith("at once")]
        pairs = [(f"at once, {way}", f"one after another, {way}", goals["one after another"]) for way in ways]
    else:
        usual = max((name for name in rates if name.startswith("usual")), key=lambda name: median(rates[name]))
        as_trials_run = ", a trial per core" if kind == "cpu" else ""
        pairs = []
        for name in (name for name in rates if name.startswith("ours")):
            how = re.fullmatch(r"ours (\w+)(.*)", name)
            assert how is not None
            pairs.append((name, usual, goals.get("usual") if how[2] == as_trials_run else None))
            if not how[2]:
                pairs.append((name, f"bare {how[1]}", goals.get("bare")))
            elif (limit := f"arithmetic {how[1]}") in rates:
                pairs.append((name, limit, None))
    found = []
    for name, other, goal in pairs:
        by_round = [a / b for a, b in zip(rates[name], rates[other], strict=True)]
        measured = {"median": median(by_round), "least": min(by_round), "greatest": max(by_round)}
        found.append({"of": name, "over": other} | {key: round(value, 3) for key, value in measured.items()})
        found[-1]["goal"] = goal
    return found


def table(results: dict[str, Any]) -> str:
    """The results for a terminal."""
    lines = []
    for work, rates in results["images_per_second"].items():
        lines.append(work)
        for name, measured in rates.items():
            lines.append(f"    {name:<34}{median(measured):>9,.0f} images/s")
            for ratio in (ratio for ratio in results["ratios"][work] if ratio["of"] == name):
                goal = "" if ratio["goal"] is None else f", goal {ratio['goal']:g}"
                lines[-1] += "   {median:.2f} [{least:.2f}, {greatest:.2f}] of {over}".format(**ratio) + goal
    return "\n".join(lines)


def measure(device: str, size: Size) -> dict[str, Any]:
    """Who is compared, and trials at once, as it is written."""
    kind = "cuda" if device.startswith("cuda") else "cpu"
    load = os.getloadavg()[0]
    rates = compare(device, size)
    rates[TOGETHER] = at_once(device, size)
    return {
        "kind": kind,
        "machine": machine(device),
        "cores": cores(),
        "load_before": round(load, 2),
        "versions": versions(),
        "commit": commit(),
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "goals": {work: goals[kind] for work, goals in GOALS.items()},
        "images_per_second": rates,
        "ratios": {work: ratios(work, measured, kind) for work, measured in rates.items()},
    }


def machine(device: str) -> str:
    """The GPU, or the processor with the instructions that PyTorch uses of it: names alone do not tell these."""
    words = device_in_words(device)
    return words if device.startswith("cuda") else f"{words} ({torch.backends.cpu.get_cpu_capability()})"


def slug(device: str) -> str:
    """This machine's name as that of a file."""
    words = machine(device) + ("" if device.startswith("cuda") else f" {cores()} cores")
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def main() -> None:
    """Measure, print and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--quick", action="store_true", help="see whether it works; the figures mean nothing")
    parser.add_argument("--only", choices=PARTS, help="a part anew, in the results of a whole run that are there")
    parser.add_argument("--output", type=Path, help="the file of results [benchmarks/results/MACHINE.json]")
    given = parser.parse_args()
    place = given.output or (None if given.quick else places.benchmarks() / f"{slug(given.device)}.json")
    size = QUICK if given.quick else FULL
    if given.only is None:
        results = measure(given.device, size)
    elif place is not None and place.exists():
        results = json.loads(place.read_text(encoding="utf-8"))
    else:
        parser.error("--only adds to the results of a whole run, and there are none for this machine.")
    for part in (given.only,) if given.only else PARTS:
        results |= PARTS[part](results, given.device, size)
    print(table(results))
    if place is not None:
        write_whole(place, (json.dumps(results, indent=1) + "\n").encode(), what="the results")
        print(place)


if __name__ == "__main__":
    main()

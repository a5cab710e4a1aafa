"""How fast this process trains and evaluates a network: seconds per image, from a few seconds of work."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import torch

from wsnb.data.image_set import ImageSet
from wsnb.running.crew import Speed, Workload
from wsnb.training.evaluation import evaluate
from wsnb.training.loop import UnderWay, train
from wsnb.trials.stops import Epochs

SECONDS = 1.0
"""How long each of training and evaluation is timed at least."""


def measure(workload: Workload, device: str, threads: int, start: float) -> Speed:
    """Time a workload on random images.

    Args:
        workload: what to time.
        device: where.
        threads: how many threads of the processor to use.
        start: what this process took until it was ready, which is passed on.
    """
    torch.set_num_threads(threads)
    trial, place, images = workload.trial, torch.device(device), _random_images(workload)
    parent = None if trial.parent is None else train(trial.parent, images, device=place).snapshot
    began = time.perf_counter()
    train(trial, images, parent=parent, device=place)  # what a first training sets up is not timed again
    warming = time.perf_counter() - began

    training = UnderWay(trial.replace(stop=Epochs(10**6)), images, parent, 0, place)
    pixels, labels = training.images, training.labels
    by_image = _timed(training.train_epoch, warming) / len(pixels)
    evaluated = _timed(
        lambda: evaluate(training.model, pixels, labels, trial.precision, training.normalize), warming
    ) / len(pixels)

    began = time.perf_counter()
    train(trial, images, parent=parent, device=place)
    beside = time.perf_counter() - began - len(pixels) * (by_image + 4 * evaluated)
    return Speed(by_image, evaluated, max(beside, 0.0), start, peak_memory(device))


def _timed(work: Callable[[], object], at_most: float) -> float:
    """Seconds that the work takes once, from as many times as fill :data:`SECONDS`."""
    times, began = 0, time.perf_counter()
    while times == 0 or time.perf_counter() - began < min(SECONDS, 10 * at_most):
        work()
        times += 1
    return (time.perf_counter() - began) / times


def _random_images(workload: Workload) -> ImageSet:
    generator, count = torch.Generator().manual_seed(0), workload.trial.data.amount
    pixels = torch.randint(256, (count, *workload.image_shape), dtype=torch.uint8, generator=generator)
    labels = torch.randint(workload.classes, (count,), generator=generator)
    classes = tuple(map(str, range(workload.classes)))
    return ImageSet("random", "random images", classes, pixels, labels, pixels, labels)


def peak_memory(device: str) -> int:
    """The most bytes that this process has used at a time: of the GPU's memory, or of the machine's."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

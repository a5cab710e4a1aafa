"""The trainings that the papers compare, as trials: each function gives those of one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsnb import papers
from wsnb.plan import images_in
from wsnb.profiles import Settings, half_of
from wsnb.trials import (
    MLP,
    SGD,
    Adam,
    Epochs,
    Logistic,
    Model,
    Optimiser,
    Part,
    ResNet18,
    Stop,
    StopsImproving,
    TrainAccuracy,
    Trial,
)


def offline(
    at: Settings,
    optimiser: Optimiser,
    stop: Stop,
    seed: int,
    *,
    model: Model | None = None,
    optimiser_state: Literal["fresh", "kept"] = "fresh",
    precision: Literal["fp32", "bf16"] = "fp32",
) -> dict[str, Trial]:
    """The three trainings of the offline setting, by start: on half of the data, then on all of it from either start.

    Args:
        at: data, sizes and images per step.
        optimiser: of all three.
        stop: of all three.
        seed: shared, so that the two starts on all the data see the same images in the same order.
        model: of all three; by default the ResNet-18 of ``at``'s width.
        optimiser_state: whether the warm start goes on with the momenta of the training on half.
        precision: of all three.
    """
    half = Trial(
        data=Part(at.dataset, at.half),
        model=model or ResNet18(at.width),
        optimiser=optimiser,
        stop=stop,
        seed=seed,
        batch_size=at.batch_size,
        precision=precision,
        curve_images=at.curve_images,
    )
    whole = Part(at.dataset, at.images)
    return {
        "half of the data": half,
        "random init": half.replace(data=whole),
        "warm start": half.then(data=whole, optimiser_state=optimiser_state),
    }


def table_1(at: Settings, dataset: str | None = None) -> dict[tuple[str, str], list[dict[str, Trial]]]:
    """All of Table 1 on one data set: by model and optimiser, one comparison per seed, trained to convergence.

    Args:
        at: sizes, learning rates and seeds; the data set when ``dataset`` is None.
        dataset: a name of :mod:`wsnb.catalogue`.
    """
    at = at.replace(dataset=dataset or at.dataset)
    converged = StopsImproving(at_most=at.epoch_limit)
    found = {}
    for name, model in zip(papers.MODELS, (ResNet18(at.width), MLP(), Logistic()), strict=True):
        rate, seeds = at.small_model_learning_rate, at.seeds_of(at.small_model_seeds)
        if isinstance(model, ResNet18):
            rate, seeds = at.learning_rate, at.all_seeds
        elif isinstance(model, MLP) and at.dataset == "svhn":
            rate = at.svhn_mlp_learning_rate
        optimisers = (SGD(rate), Adam(at.adam_learning_rate), SGD(at.momentum_learning_rate, momentum=0.9))
        for label, optimiser in zip(papers.OPTIMISERS, optimisers, strict=True):
            found[name, label] = [
                offline(at, optimiser, converged, seed, model=model, optimiser_state=at.optimiser_state)
                for seed in seeds
            ]
    return found


def online(at: Settings, optimiser: Optimiser, stop: Stop, seed: int) -> dict[str, list[Trial]]:
    """The online setting of Figure 2: each time ``at.chunk`` images have been added, training starts again.

    Returns:
        By start, one trial per step. Both starts share the first, which has nothing to start from.
    """
    whole = images_in(Part(at.dataset, at.images))
    first, *later = [*range(at.chunk, whole, at.chunk), whole]
    begin = Trial(
        data=Part(at.dataset, first),
        model=ResNet18(at.width),
        optimiser=optimiser,
        stop=stop,
        seed=seed,
        batch_size=at.batch_size,
        curve_images=at.curve_images,
    )
    warm = [begin]
    for amount in later:
        warm.append(warm[-1].then(data=Part(at.dataset, amount)))
    fresh = [begin.replace(data=Part(at.dataset, amount)) for amount in later]
    return {"random init": [begin, *fresh], "warm start": warm}


@dataclass(frozen=True)
class StoppedEarly:
    """The trainings of Figure 3 of one seed.

    Attributes:
        halves: on half of the data, by the number of epochs after which it was stopped.
        warm: on all of the data, each from the half of that number.
        random_init: on all of the data.
    """

    halves: dict[int, Trial]
    warm: dict[int, Trial]
    random_init: Trial


def stopped_early(at: Settings, optimiser: Optimiser, seed: int) -> StoppedEarly:
    """Warm starts from one training on half of the data, stopped every ``at.checkpoint_every`` epochs (Figure 3)."""
    full = offline(at, optimiser, Epochs(at.phase_epochs), seed)
    half, random_init = full["half of the data"], full["random init"]
    stops = range(at.checkpoint_every, at.phase_epochs + 1, at.checkpoint_every)
    halves = {epochs: half.replace(stop=Epochs(epochs)) for epochs in stops}
    warm = {epochs: each.then(data=random_init.data, stop=half.stop) for epochs, each in halves.items()}
    return StoppedEarly(halves, warm, random_init)


Pair = tuple[float, int]
"""A learning rate and a batch size."""


@dataclass(frozen=True)
class Crossed:
    """The trainings of Figure 4 of one seed and one pair of learning rate and batch size.

    Attributes:
        half: on half of the data, with the pair.
        random_init: on all of it, with the pair.
        warm: on all of it, from the half, by the pair of the second phase.
        as_coded: from where ``warm``'s first ended, with the pair of its second: the replication's code lets
            its repeats share one network, so that all but the first start from one that is already trained.
    """

    half: Trial
    random_init: Trial
    warm: dict[Pair, Trial]
    as_coded: Trial


def crossed(at: Settings, seed: int) -> dict[Pair, Crossed]:
    """Every learning rate with every batch size, from either start, to 99 % train accuracy (Figure 4).

    The paper draws the pair of the second phase at random. Here it is the one that stands one, and another time
    two, places further on in both lists (beginning again at their ends): no pair is drawn more often than
    another, and a configuration is the same over seeds, so that it can be chosen on some and judged on others.
    """
    stop = TrainAccuracy(0.99, at.figure_4_epoch_limit, measured="running")
    rates, sizes = at.learning_rates, at.batch_sizes
    found = {}
    for i, rate in enumerate(rates):
        for j, size in enumerate(sizes):
            half = Trial(
                data=Part(at.dataset, half_of(at.figure_4_images)),
                model=ResNet18(at.width),
                optimiser=SGD(rate),
                stop=stop,
                seed=seed,
                batch_size=size,
                curve_images=at.curve_images,
            )
            whole = Part(at.dataset, at.figure_4_images)
            second = [(rates[(i + step) % len(rates)], sizes[(j + step) % len(sizes)]) for step in (1, 2)]
            warm = {(r, s): half.then(data=whole, optimiser=SGD(r), batch_size=s) for r, s in second}
            (first, _), (rate_2, size_2) = second, second[1]
            found[rate, size] = Crossed(
                half=half,
                random_init=half.replace(data=whole),
                warm=warm,
                as_coded=warm[first].then(optimiser=SGD(rate_2), batch_size=size_2),
            )
    return found

"""The trainings that the papers compare, as trials by name for one seed; and their records, paired by seed."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, Literal, TypeVar

from wsnb import papers
from wsnb.errors import InvalidValue
from wsnb.papers import CellName
from wsnb.plan import images_in
from wsnb.profiles import Settings, half_of, settings
from wsnb.records import Record
from wsnb.statistics import Paired, paired
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

Item = TypeVar("Item", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)


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


def table_1(at: Settings) -> dict[CellName, list[dict[str, Trial]]]:
    """The cells of Table 1 on one data set, each one comparison per seed, trained to convergence.

    On SVHN there is one more: the perceptron with SGD, whose learning rate the paper changes, with that of the others.
    """
    dataset = paper_dataset(at.dataset)
    converged = StopsImproving(at_most=at.epoch_limit)
    found = {}
    for name, model in zip(papers.MODELS, (ResNet18(at.width), MLP(), Logistic()), strict=True):
        is_large = isinstance(model, ResNet18)
        rate = at.learning_rate if is_large else at.small_model_learning_rate
        optimisers: dict[str, Optimiser] = dict(
            zip(
                papers.OPTIMISERS,
                (SGD(rate), Adam(at.adam_learning_rate), SGD(at.momentum_learning_rate, momentum=0.9)),
                strict=True,
            )
        )
        if (dataset, name) == papers.UNMARKED[:2]:
            optimisers |= {"SGD": SGD(at.svhn_mlp_learning_rate), papers.UNMARKED[2]: SGD(rate)}
        for label, optimiser in optimisers.items():
            found[dataset, name, label] = [
                offline(at, optimiser, converged, seed, model=model, optimiser_state=at.optimiser_state)
                for seed in (at.all_seeds if is_large else at.seeds_of(at.small_model_seeds))
            ]
    return found


def paper_dataset(name: str) -> str:
    """Which of Table 1's data sets a data set of ours stands for; any other of ours stands for CIFAR-10."""
    return {"svhn": "SVHN", "cifar100": "CIFAR-100"}.get(name, "CIFAR-10")


def elsewhere(at: Settings) -> list[Settings]:
    """The same settings on the paper's data sets that ``at``'s own does not stand for."""
    own = paper_dataset(at.dataset)
    return [at.replace(dataset=name) for name in ("cifar10", "svhn", "cifar100") if paper_dataset(name) != own]


def as_in_the_paper(at: Settings) -> Settings:
    """The paper profile, on the paper's data set that ``at``'s own stands for."""
    theirs = settings("paper")
    same = paper_dataset(theirs.dataset) == paper_dataset(at.dataset)
    return theirs if same else theirs.replace(dataset=at.dataset)


def seed_by_seed(*comparisons: Iterable[Mapping[Name, Trial]]) -> Iterator[Trial]:
    """The trials of several comparisons, all of the first seed before any of the second."""
    for trials in itertools.zip_longest(*comparisons, fillvalue={}):
        for each in trials:
            yield from each.values()


def merged(items: Mapping[Item, Sequence[Mapping[Name, Trial]]]) -> list[dict[tuple[Item, Name], Trial]]:
    """Several comparisons of the same seeds as one, whose names are pairs: what it compares is paired across all."""
    return [
        {(item, name): trial for item, trials in zip(items, seeds, strict=True) for name, trial in trials.items()}
        for seeds in zip(*items.values(), strict=True)
    ]


def online(at: Settings, optimiser: Optimiser, stop: Stop, seed: int) -> dict[tuple[str, int], Trial]:
    """The online setting of Figure 2: each time ``at.chunk`` images have been added, training starts again.

    Returns:
        Trials by start and number of images. Both starts share the first, which has nothing to start from.

    Raises:
        InvalidValue: where that makes fewer than three steps, which show no growth.
    """
    whole = images_in(Part(at.dataset, at.images))
    amounts = [*range(at.chunk, whole, at.chunk), whole]
    if len(amounts) < 3:
        raise InvalidValue(
            f"{whole} images in chunks of {at.chunk} make {len(amounts)} step(s); allowed: three or more. "
            "Take a smaller chunk or more images."
        )
    trial = warm = Trial(
        data=Part(at.dataset, amounts[0]),
        model=ResNet18(at.width),
        optimiser=optimiser,
        stop=stop,
        seed=seed,
        batch_size=at.batch_size,
        curve_images=at.curve_images,
    )
    found = {}
    for amount in amounts:
        data = Part(at.dataset, amount)
        warm = warm.then(data=data) if found else trial
        found["random init", amount] = trial.replace(data=data)
        found["warm start", amount] = warm
    return found


def stopped_early(at: Settings, optimiser: Optimiser, seed: int) -> dict[tuple[str, int], Trial]:
    """Warm starts from one training on half of the data, stopped every ``at.checkpoint_every`` epochs (Figure 3).

    Returns:
        Trials by start and by the number of epochs after which the training on half was stopped; random init,
        which no half comes before, has 0 there.
    """
    full = offline(at, optimiser, Epochs(at.phase_epochs), seed)
    half, fresh = full["half of the data"], full["random init"]
    found = {("random init", 0): fresh}
    for epochs in range(at.checkpoint_every, at.phase_epochs + 1, at.checkpoint_every):
        stopped = half.replace(stop=Epochs(epochs))
        found["half of the data", epochs] = stopped
        found["warm start", epochs] = stopped.then(data=fresh.data, stop=fresh.stop)
    return found


Pair = tuple[float, int]
"""A learning rate and a batch size."""


def crossed(at: Settings, seed: int) -> dict[tuple[str, Pair, Pair], Trial]:
    """Every learning rate with every batch size, from either start, to 99 % train accuracy (Figure 4).

    The paper draws the pair of the second phase at random. Here it is the one that stands one, and another time
    two, places further on in both lists (beginning again at their ends): no pair is drawn more often than
    another, and a configuration is the same over seeds, so that it can be chosen on some and judged on others.

    Returns:
        Trials by start and by the pairs of the first and the second phase; where there is one phase, they are
        equal. ``"as coded"`` are second repeats of warm starts as the replication's code makes them: its repeats
        share one network, so that all but the first go on from one that is trained on all the data already.
    """
    stop = TrainAccuracy(at.train_accuracy, at.figure_4_epoch_limit, measured="running")
    whole = Part(at.dataset, at.figure_4_images)
    rates, sizes = at.learning_rates, at.batch_sizes
    found = {}
    for i, rate in enumerate(rates):
        for j, size in enumerate(sizes):
            pair = rate, size
            half = Trial(
                data=Part(at.dataset, half_of(at.figure_4_images)),
                model=ResNet18(at.width),
                optimiser=SGD(rate),
                stop=stop,
                seed=seed,
                batch_size=size,
                curve_images=at.curve_images,
            )
            found["half of the data", pair, pair] = half
            found["random init", pair, pair] = half.replace(data=whole)
            first, second = ((rates[(i + k) % len(rates)], sizes[(j + k) % len(sizes)]) for k in (1, 2))
            for after in (first, second):
                found["warm start", pair, after] = half.then(data=whole, optimiser=SGD(after[0]), batch_size=after[1])
            found["as coded", pair, second] = found["warm start", pair, first].then(
                optimiser=SGD(second[0]), batch_size=second[1]
            )
    return found


class Compared(Generic[Name]):
    """The records of comparable trainings, paired by seed.

    Args:
        seeds: for each seed, its trials by name, the same names for all.
        records: what is recorded. A seed counts only when all of its trials are.
    """

    def __init__(self, seeds: Iterable[Mapping[Name, Trial]], records: Mapping[Trial, Record]) -> None:
        self.seeds = [
            {name: records[trial] for name, trial in trials.items()}
            for trials in seeds
            if all(trial in records for trial in trials.values())
        ]

    def __len__(self) -> int:
        """How many seeds are complete."""
        return len(self.seeds)

    def records(self, name: Name) -> list[Record]:
        """The records of this name, seed by seed."""
        return [each[name] for each in self.seeds]

    def final(self, name: Name, measure: str) -> list[float]:
        """A final measurement, seed by seed."""
        return [record.final[measure] for record in self.records(name)]

    def percent(self, name: Name, measure: str = "test_accuracy") -> list[float]:
        """A final accuracy in percent, seed by seed."""
        return [100 * value for value in self.final(name, measure)]

    def gap(self, first: Name, second: Name) -> Paired | None:
        """First minus second in final test accuracy, in points; None for fewer than two seeds."""
        return paired(self.percent(first), self.percent(second)) if len(self) > 1 else None

"""Kireev, Mohtashami and Pajouheshgar (2021), [Re] Warm-Starting Neural Network Training: what it prints and claims.

Accuracies are in percent, in pairs (random init, warm start).
"""

from __future__ import annotations

from functools import partial

from wsnb.papers import table_1
from wsnb.papers.tables import Cell, CellName
from wsnb.papers.topics import AUGMENTATION, DECAY, EARLY, GRADIENTS, OFFLINE, ONLINE, RATES, REMEDY, SHRUNK, TRANSFER
from wsnb.verdicts.claims import Claim, Paper, Printed

PAPER = Paper("kireev2021", "Kireev et al. (2021)")
_claim = partial(Claim, paper=PAPER)

# Table 1 of Kireev et al. 2021; five seeds. SGD on the MLP on SVHN has a learning rate of its own, 0.005.
TABLE_1: dict[CellName, Cell] = {
    ("CIFAR-10", "ResNet-18", "SGD"): Cell((60.3, 57.8), (0.1, 0.4)),
    ("CIFAR-10", "ResNet-18", "Adam"): Cell((80.3, 79.0), (0.1, 0.1)),
    ("CIFAR-10", "ResNet-18", "momentum SGD"): Cell((65.5, 63.4), (0.2, 0.2)),
    ("CIFAR-10", "MLP", "SGD"): Cell((38.2, 38.5), (0.2, 0.3)),
    ("CIFAR-10", "MLP", "Adam"): Cell((46.5, 46.0), (0.2, 0.3)),
    ("CIFAR-10", "MLP", "momentum SGD"): Cell((45.9, 43.5), (0.1, 0.4)),
    ("CIFAR-10", "logistic regression", "SGD"): Cell((39.8, 39.7), (0.1, 0.2)),
    ("CIFAR-10", "logistic regression", "Adam"): Cell((35.6, 35.2), (0.3, 0.3)),
    ("CIFAR-10", "logistic regression", "momentum SGD"): Cell((38.4, 38.5), (0.3, 0.2)),
    ("SVHN", "ResNet-18", "SGD"): Cell((84.7, 86.3), (0.1, 0.4)),
    ("SVHN", "ResNet-18", "Adam"): Cell((92.4, 93.2), (0.2, 0.2)),
    ("SVHN", "ResNet-18", "momentum SGD"): Cell((87.7, 87.2), (0.1, 0.1)),
    ("SVHN", "MLP", "SGD"): Cell((72.7, 67.3), (1.0, 1.7)),
    ("SVHN", "MLP", "Adam"): Cell((72.2, 72.5), (0.8, 0.5)),
    ("SVHN", "MLP", "momentum SGD"): Cell((68.8, 70.0), (1.0, 0.6)),
    ("SVHN", "logistic regression", "SGD"): Cell((19.8, 19.8), (0.6, 0.4)),
    ("SVHN", "logistic regression", "Adam"): Cell((24.2, 24.4), (0.9, 0.8)),
    ("SVHN", "logistic regression", "momentum SGD"): Cell((22.4, 22.8), (0.4, 0.4)),
    ("CIFAR-100", "ResNet-18", "SGD"): Cell((30.5, 27.6), (0.3, 0.5)),
    ("CIFAR-100", "ResNet-18", "Adam"): Cell((48.8, 46.1), (0.2, 0.2)),
    ("CIFAR-100", "ResNet-18", "momentum SGD"): Cell((34.4, 30.6), (0.1, 0.3)),
    ("CIFAR-100", "MLP", "SGD"): Cell((5.1, 5.1), (0.2, 0.3)),
    ("CIFAR-100", "MLP", "Adam"): Cell((19.5, 18.6), (0.3, 0.1)),
    ("CIFAR-100", "MLP", "momentum SGD"): Cell((16.4, 16.6), (0.1, 0.2)),
    ("CIFAR-100", "logistic regression", "SGD"): Cell((16.6, 16.5), (0.2, 0.1)),
    ("CIFAR-100", "logistic regression", "Adam"): Cell((12.6, 12.2), (0.2, 0.1)),
    ("CIFAR-100", "logistic regression", "momentum SGD"): Cell((17.2, 17.0), (0.2, 0.1)),
}

# The test accuracies behind Table 1 of Kireev et al. 2021, (random init, warm start), for their seeds 42 to 46: from
# the arrays tables/table1-seed42.npy to -seed46.npy of the code that they published. SGD on the MLP on SVHN is here
# the run at learning rate 0.001 that the printed table replaces.
TABLE_1_SEEDS: dict[CellName, tuple[tuple[float, ...], tuple[float, ...]]] = {
    ("CIFAR-10", "ResNet-18", "SGD"): ((59.97, 60.25, 59.94, 60.45, 60.79), (57.43, 56.5, 57.66, 58.69, 58.79)),
    ("CIFAR-10", "ResNet-18", "Adam"): ((80.66, 80.21, 80.38, 80.46, 80.0), (78.84, 79.37, 79.31, 78.74, 78.52)),
    ("CIFAR-10", "ResNet-18", "momentum SGD"): (
        (65.24, 65.92, 64.92, 66.1, 65.49),
        (63.65, 62.67, 63.41, 63.83, 63.25),
    ),
    ("CIFAR-10", "MLP", "SGD"): ((38.53, 38.09, 39.08, 37.95, 37.59), (39.28, 37.85, 39.18, 38.5, 37.9)),
    ("CIFAR-10", "MLP", "Adam"): ((46.86, 46.31, 47.08, 46.03, 46.46), (46.05, 45.95, 47.2, 45.42, 45.23)),
    ("CIFAR-10", "MLP", "momentum SGD"): ((45.72, 45.8, 45.49, 46.47, 46.02), (43.49, 42.72, 42.43, 44.27, 44.81)),
    ("CIFAR-10", "logistic regression", "SGD"): (
        (39.93, 39.58, 39.84, 39.87, 39.55),
        (39.49, 39.79, 40.03, 39.15, 40.11),
    ),
    ("CIFAR-10", "logistic regression", "Adam"): (
        (36.51, 35.11, 36.35, 35.08, 34.94),
        (35.03, 34.18, 35.45, 35.95, 35.54),
    ),
    ("CIFAR-10", "logistic regression", "momentum SGD"): (
        (39.0, 38.14, 38.9, 37.41, 38.78),
        (38.91, 38.11, 39.27, 38.26, 38.14),
    ),
    ("SVHN", "ResNet-18", "SGD"): ((84.74, 84.37, 84.91, 84.68, 84.64), (84.77, 87.23, 87.12, 85.54, 86.77)),
    ("SVHN", "ResNet-18", "Adam"): ((92.97, 92.5, 92.15, 92.75, 91.68), (92.93, 93.84, 92.68, 93.35, 93.33)),
    ("SVHN", "ResNet-18", "momentum SGD"): ((87.67, 87.4, 87.93, 87.52, 87.87), (87.4, 87.22, 87.32, 87.13, 86.86)),
    ("SVHN", "MLP", "SGD"): ((20.47, 51.29, 52.61, 53.42, 19.32), (48.74, 50.53, 56.87, 48.64, 52.23)),
    ("SVHN", "MLP", "Adam"): ((72.09, 70.4, 71.47, 75.82, 71.3), (72.59, 70.4, 73.17, 73.67, 72.48)),
    ("SVHN", "MLP", "momentum SGD"): ((67.15, 66.48, 72.56, 68.24, 69.58), (70.89, 68.1, 71.23, 70.83, 68.92)),
    ("SVHN", "logistic regression", "SGD"): ((22.13, 19.19, 18.76, 20.19, 18.7), (21.39, 19.23, 19.07, 20.17, 19.06)),
    ("SVHN", "logistic regression", "Adam"): ((20.72, 23.6, 24.97, 27.14, 24.69), (21.68, 26.14, 25.28, 22.92, 26.08)),
    ("SVHN", "logistic regression", "momentum SGD"): (
        (21.2, 22.17, 22.11, 23.52, 22.89),
        (23.51, 23.52, 21.95, 21.51, 23.42),
    ),
    ("CIFAR-100", "ResNet-18", "SGD"): ((31.3, 29.65, 31.07, 29.91, 30.75), (27.58, 27.37, 25.84, 28.21, 29.17)),
    ("CIFAR-100", "ResNet-18", "Adam"): ((48.87, 48.51, 48.27, 49.52, 48.69), (46.63, 45.09, 45.99, 46.34, 46.38)),
    ("CIFAR-100", "ResNet-18", "momentum SGD"): (
        (34.68, 34.28, 34.74, 34.27, 34.16),
        (29.75, 30.49, 30.1, 30.85, 31.96),
    ),
    ("CIFAR-100", "MLP", "SGD"): ((4.37, 5.3, 5.94, 5.14, 4.65), (4.26, 5.41, 5.98, 4.9, 4.92)),
    ("CIFAR-100", "MLP", "Adam"): ((19.22, 19.58, 18.3, 19.82, 20.68), (18.68, 18.82, 18.81, 18.27, 18.38)),
    ("CIFAR-100", "MLP", "momentum SGD"): ((16.29, 16.37, 16.72, 16.34, 16.05), (16.47, 16.57, 15.85, 17.27, 16.84)),
    ("CIFAR-100", "logistic regression", "SGD"): (
        (16.57, 16.03, 16.86, 17.24, 16.35),
        (16.16, 16.47, 16.35, 17.09, 16.58),
    ),
    ("CIFAR-100", "logistic regression", "Adam"): (
        (12.56, 12.26, 13.18, 12.27, 12.71),
        (12.08, 12.62, 12.07, 11.96, 12.51),
    ),
    ("CIFAR-100", "logistic regression", "momentum SGD"): (
        (17.35, 16.67, 17.69, 16.96, 17.11),
        (16.97, 16.86, 17.19, 17.27, 16.74),
    ),
}

_REPLACED = ("SVHN", "MLP", "SGD")
"""The cell whose seeds are of another run than the one that is printed."""

BEHIND_TABLE_1 = {name: seeds for name, seeds in TABLE_1_SEEDS.items() if name != _REPLACED}
"""The seeds of what is printed."""

# Table 2 of Kireev et al. 2021, by weight decay: ResNet-18, SGD, CIFAR-10; no errors printed.
TABLE_2 = {
    0.1: Cell((81.44, 81.16)),
    0.01: Cell((62.73, 61.22)),
    0.001: Cell((60.42, 58.63)),
}


def _of_resnet(data: str) -> Claim:
    """What the replication's text says of the gap on a data set, which is of the ResNet-18 first of all."""
    cells = [table_1.effect_of(name) for name in TABLE_1 if name[:2] == (data, "ResNet-18")]
    finds = data != "SVHN"
    return _claim(
        id=f"table-1-{data.lower()}",
        item="Section 2.1, on Table 1",
        statement=f"On {data} a ResNet-18 "
        + ("shows the gap with each of the three optimisers." if finds else "shows no gap with any of the three."),
        topic=f"{OFFLINE}: Table 1, {data}",
        expects=dict.fromkeys(cells, "positive" if finds else "not above"),
        needs="" if finds else "SVHN",
    )


def _less_gap(one: float, other: float) -> Printed:
    """By how much Table 2's gap is smaller at the other weight decay; without an error, as its cells are."""
    return Printed(round(TABLE_2[one].gap - TABLE_2[other].gap, 2))


_BOTH_WAYS = ("cifar10-to-cifar100", "cifar100-to-cifar10")
"""Pairs of Figure 11, from and to."""

CLAIMS = (
    _claim(
        id="gap-figure-1",
        item="Figure 1",
        statement="Trained for the same number of epochs with SGD, ResNet-18 warm-started from half of the data "
        "ends at a lower test accuracy than ResNet-18 from a random initialisation.",
        topic=f"{OFFLINE}: Figure 1",
        expects={"figure-1-gap": "positive"},
    ),
    *(_of_resnet(data) for data in ("CIFAR-10", "SVHN", "CIFAR-100")),
    *table_1.claims(PAPER, TABLE_1, BEHIND_TABLE_1, "SVHN"),
    _claim(
        id="svhn-mlp-sgd-fails",
        item="Section 2.1",
        statement="On SVHN the MLP with SGD does not reach a reasonable accuracy at the learning rate of the other "
        "cells; at five times that it does.",
        topic=f"{OFFLINE}: Table 1, SVHN",
        expects={"table-1-svhn-mlp-sgd-rate": "positive"},
        needs="SVHN",
    ),
    _claim(
        id="online-gap-cifar10",
        item="Figure 2a",
        statement="Online, trained to 99 % each time data is added to CIFAR-10, random initialisation stays above "
        "the warm start.",
        topic=ONLINE,
        expects={"online-gap": "positive"},
    ),
    _claim(
        id="online-random-time-linear",
        item="Figure 2a",
        statement="The training time of a step increases almost linearly with the data for random initialisation.",
        topic=ONLINE,
        expects={"online-growth-random-init": "negligible"},
    ),
    _claim(
        id="online-warm-time-constant",
        item="Figure 2a",
        statement="The training time of a step is constant for the warm start.",
        topic=ONLINE,
        expects={"online-growth-warm-start": "negligible"},
    ),
    _claim(
        id="online-no-gap-svhn-99",
        item="Figure 2b",
        statement="On SVHN, trained to 99 %, there is no gap online.",
        topic=ONLINE,
        expects={"online-gap-svhn-99": "not above"},
        needs="SVHN",
    ),
    _claim(
        id="online-gap-svhn-99.9",
        item="Figure 2c",
        statement="On SVHN, trained to 99.9 %, the gap appears online.",
        topic=ONLINE,
        expects={"online-gap-svhn-99.9": "positive"},
        needs="SVHN",
    ),
    _claim(
        id="online-cifar10-is-harder",
        item="Section 2.1",
        statement="99 % training accuracy takes more training on CIFAR-10 than on SVHN.",
        topic=ONLINE,
        expects={"online-cifar-10-and-svhn": "positive"},
        needs="SVHN",
    ),
    _claim(
        id="gap-after-early-stop",
        item="Figure 3",
        statement="The gap is there already when the training on half of the data was stopped at the first checkpoint.",
        topic=EARLY,
        expects={"figure-3-gap": "positive"},
    ),
    _claim(
        id="gap-decays-with-decay-0.1",
        item="Table 2",
        statement="A weight decay of 0.1 makes the gap smaller than training without it.",
        topic=DECAY,
        expects={"table-2-decay-0.1": "positive"},
    ),
    _claim(
        id="gap-decays-with-more-decay",
        item="Table 2",
        statement="The gap is smaller at a weight decay of 0.1 than at 0.001.",
        topic=DECAY,
        expects={"table-2-0.001-to-0.1": "positive"},
        prints={"table-2-0.001-to-0.1": _less_gap(0.001, 0.1)},
    ),
    _claim(
        id="gap-decays-with-each-decay",
        item="Table 2",
        statement="The higher the weight decay, the smaller the gap: from 0.001 to 0.01, and from there to 0.1.",
        topic=DECAY,
        expects={"table-2-0.001-to-0.01": "positive", "table-2-0.01-to-0.1": "positive"},
        prints={"table-2-0.001-to-0.01": _less_gap(0.001, 0.01), "table-2-0.01-to-0.1": _less_gap(0.01, 0.1)},
    ),
    _claim(
        id="rates-warm-as-good",
        item="Figure 4",
        statement="With the right learning rate and batch size a warm start is as good as random initialisation, "
        "or better.",
        topic=RATES,
        expects={"figure-4-accuracy": "not below"},
    ),
    _claim(
        id="rates-warm-as-good-and-faster",
        item="Figure 4",
        statement="Warm starts of comparable accuracy are trained faster than random initialisation.",
        topic=RATES,
        expects={"figure-4-comparable": "not below", "figure-4-cost": "negative"},
    ),
    _claim(
        id="shrink-perturb-helps-offline",
        item="Figure 5",
        statement="Offline, shrink-perturb ends above the plain warm start.",
        topic=REMEDY,
        expects={"figure-5-help": "positive"},
    ),
    _claim(
        id="shrink-perturb-beats-random-init",
        item="Figure 5",
        statement="Offline, shrink-perturb ends above random initialisation.",
        topic=REMEDY,
        expects={"figure-5-ahead": "positive"},
    ),
    _claim(
        id="shrink-perturb-helps-online",
        item="Figure 6",
        statement="Online, shrink-perturb at each arrival of data ends above the plain warm start.",
        topic=REMEDY,
        expects={"figure-6-help": "positive"},
    ),
    _claim(
        id="shrink-perturb-fails-in-cases",
        item="Section 5",
        statement="In some cases shrink-perturb was not very successful.",
        topic=REMEDY,
        expects={},
        needs="the cases, which the paper does not name",
    ),
    _claim(
        id="shrinking-damages-relu",
        item="Figure 7",
        statement="Shrunk by half, a ReLU perceptron with biases is damaged (the text says above 0.6; below is meant).",
        topic=SHRUNK,
        expects={"figure-7-relu-mlp-0.50": "positive"},
    ),
    _claim(
        id="shrinking-a-little-spares-relu",
        item="Figure 7",
        statement="Shrunk by more than 0.8, a ReLU perceptron with biases is hardly damaged.",
        topic=SHRUNK,
        expects={"figure-7-relu-mlp-0.90": "negligible"},
    ),
    _claim(
        id="relu-without-biases-is-immune",
        item="Figure 7",
        statement="A ReLU perceptron without biases is immune to shrinking.",
        topic=SHRUNK,
        expects={"figure-7-relu-mlp-without-biases-0.50": "negligible"},
    ),
    _claim(
        id="resnet-and-tanh-bear-shrinking",
        item="Figure 7",
        statement="A ResNet-18 and tanh perceptrons are not significantly damaged above 0.2.",
        topic=SHRUNK,
        expects={
            "figure-7-resnet-18-0.30": "negligible",
            "figure-7-tanh-mlp-0.30": "negligible",
            "figure-7-tanh-mlp-without-biases-0.30": "negligible",
        },
    ),
    _claim(
        id="old-gradients-are-smaller",
        item="Figure 8",
        statement="After a warm start the gradients of old images are substantially smaller than those of new ones.",
        topic=GRADIENTS,
        expects={"figure-8-warm-start": "positive"},
    ),
    _claim(
        id="shrink-perturb-evens-gradients",
        item="Figure 8",
        statement="Shrink-perturb eliminates the difference between the gradients of old and new images.",
        topic=GRADIENTS,
        expects={"figure-8-shrink-perturb": "negligible"},
    ),
    _claim(
        id="augmentation-mitigates-the-gap",
        item="Figure 9",
        statement="Augmentation makes the gap smaller.",
        topic=AUGMENTATION,
        expects={"figure-9-mitigates": "positive"},
    ),
    _claim(
        id="augmented-warm-start-is-sooner",
        item="Figure 9",
        statement="With augmentation a warm start reaches a good accuracy sooner than random initialisation.",
        topic=AUGMENTATION,
        expects={"figure-9-sooner": "positive"},
    ),
    _claim(
        id="augmentation-keeps-train-and-test-together",
        item="Figure 9",
        statement="With augmentation the accuracies on training and test images lie closer together than without.",
        topic=AUGMENTATION,
        expects={"figure-9-over-fitting": "positive"},
    ),
    _claim(
        id="augmentation-slows-convergence",
        item="Section 2.4",
        statement="Augmentation slows convergence.",
        topic=AUGMENTATION,
        expects={"figure-9-slower": "positive"},
    ),
    _claim(
        id="augmented-is-not-converged",
        item="Section 2.4",
        statement="With augmentation, at a learning rate of 0.001, 350 epochs are not enough to converge.",
        topic=AUGMENTATION,
        expects={},
        needs="350 epochs at the paper's learning rate",
    ),
    _claim(
        id="augmentation-evens-gradients",
        item="Figure 10",
        statement="Augmentation makes the difference between the gradients of old and new images smaller.",
        topic=AUGMENTATION,
        expects={"figure-10-mitigates": "positive"},
    ),
    _claim(
        id="transfer-gap",
        item="Figure 11",
        statement="Between CIFAR-10 and CIFAR-100, either way, a warm start ends below random init on the other.",
        topic=TRANSFER,
        expects={f"figure-11-gap-{pair}": "positive" for pair in _BOTH_WAYS},
    ),
    _claim(
        id="transfer-gap-grows",
        item="Figure 11",
        statement="Between CIFAR-10 and CIFAR-100, either way, the gap is larger with all data than with a tenth.",
        topic=TRANSFER,
        expects={f"figure-11-growth-{pair}": "positive" for pair in _BOTH_WAYS},
    ),
    _claim(
        id="shrink-perturb-helps-transfer",
        item="Figure 11",
        statement="Between CIFAR-10 and CIFAR-100, either way, shrink-perturb ends above the plain warm start.",
        topic=TRANSFER,
        expects={f"figure-11-help-{pair}": "positive" for pair in _BOTH_WAYS},
    ),
    _claim(
        id="transfer-gap-svhn",
        item="Figure 11",
        statement="Between SVHN and either CIFAR, either way, a warm start ends below random init on the other.",
        topic=TRANSFER,
        expects={
            f"figure-11-gap-{pair}": "positive"
            for other in ("cifar10", "cifar100")
            for pair in (f"svhn-to-{other}", f"{other}-to-svhn")
        },
        needs="SVHN",
    ),
    _claim(
        id="gap-is-over-fitting",
        item="Sections 2.1 and 2.4",
        statement="The gap is a side effect of over-fitting to the first half of the data (a hypothesis): a warm start "
        "from a half that over-fits less, by dropout, weight decay, augmentation or stopping early, ends higher.",
        topic=f"{OFFLINE}: Figure 1",
        expects={
            f"over-fitting-{way}-help": "positive"
            for way in ("dropout", "weight-decay", "augmentation", "stopped-early")
        },
        is_derived=True,
    ),
    _claim(
        id="more-random-inits-explain-it",
        item="Section 2.2",
        statement="That the original ran more random initialisations than it says explains why it found otherwise.",
        topic=RATES,
        expects={},
        needs="the original's own trainings",
    ),
)

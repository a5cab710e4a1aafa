"""Ash and Adams (2020), On Warm-Starting Neural Network Training: what it prints and claims.

Accuracies are in percent, in pairs (random init, warm start).
"""

from __future__ import annotations

from functools import partial

from wsnb.papers import table_1
from wsnb.papers.tables import Cell, CellName
from wsnb.papers.topics import DECAY, EARLY, GRADIENTS, OFFLINE, ONLINE, RATES, REMEDY, SHRUNK
from wsnb.verdicts.claims import Claim, Paper

PAPER = Paper("ash2020", "Ash and Adams (2020)")
_claim = partial(Claim, paper=PAPER)


def _cell(accuracies: tuple[float, float], deviations: tuple[float, float] | None = None) -> Cell:
    return Cell(accuracies, deviations, errors_are="deviations")


# Table 1 of Ash and Adams 2020, which Kireev et al. set out to replicate: means of five runs, with the standard
# deviations over them where they are known here; without momentum.
TABLE_1: dict[CellName, Cell] = {
    ("CIFAR-10", "ResNet-18", "SGD"): _cell((56.2, 51.7), (1.0, 0.9)),
    ("CIFAR-10", "ResNet-18", "Adam"): _cell((78.0, 74.4), (0.6, 0.9)),
    ("CIFAR-10", "MLP", "SGD"): _cell((39.0, 37.4)),
    ("CIFAR-10", "MLP", "Adam"): _cell((39.4, 36.1)),
    ("SVHN", "ResNet-18", "SGD"): _cell((89.4, 87.5)),
    ("SVHN", "ResNet-18", "Adam"): _cell((93.6, 93.5)),
    ("SVHN", "MLP", "SGD"): _cell((76.5, 75.4)),
    ("SVHN", "MLP", "Adam"): _cell((76.7, 69.4)),
    ("CIFAR-100", "ResNet-18", "SGD"): _cell((18.2, 15.5), (0.3, 0.3)),
    ("CIFAR-100", "ResNet-18", "Adam"): _cell((41.4, 35.0), (0.2, 1.2)),
    ("CIFAR-100", "MLP", "SGD"): _cell((10.3, 9.4), (0.2, 0.0)),
    ("CIFAR-100", "MLP", "Adam"): _cell((11.6, 9.9), (0.2, 0.1)),
    ("CIFAR-100", "logistic regression", "SGD"): _cell((16.9, 16.3), (0.18, 0.28)),
    ("CIFAR-100", "logistic regression", "Adam"): _cell((10.2, 9.9), (0.4, 0.3)),
}

_REPLICATED = "as Kireev et al. (2021) report it"

CLAIMS = (
    _claim(
        id="gap-figure-1-ash2020",
        item="Figure 1",
        statement="ResNet-18 that is warm-started from half of the data ends at a lower test accuracy than from a "
        "random initialisation.",
        topic=f"{OFFLINE}: Figure 1",
        expects={"figure-1-gap": "positive"},
    ),
    *table_1.claims(PAPER, TABLE_1, {}),
    _claim(
        id="online-gap-ash2020",
        item=f"online experiment, {_REPLICATED}",
        statement="Online, as data is added to CIFAR-10, random initialisation stays above the warm start.",
        topic=ONLINE,
        expects={"online-gap": "positive"},
    ),
    _claim(
        id="shrink-perturb-helps-online-ash2020",
        item=f"Figure 7, {_REPLICATED}",
        statement="Online, shrink-perturb at each arrival of data ends above the plain warm start.",
        topic=REMEDY,
        expects={"figure-6-help": "positive"},
    ),
    _claim(
        id="old-gradients-are-smaller-ash2020",
        item=f"Figure 5, {_REPLICATED}",
        statement="After a warm start the gradients of old images are substantially smaller than those of new ones.",
        topic=GRADIENTS,
        expects={"figure-8-warm-start": "positive"},
    ),
    _claim(
        id="shrink-perturb-evens-gradients-ash2020",
        item=f"Figure 5, {_REPLICATED}",
        statement="Shrink-perturb eliminates the difference between the gradients of old and new images.",
        topic=GRADIENTS,
        expects={"figure-8-shrink-perturb": "negligible"},
    ),
    _claim(
        id="relu-bears-shrinking-ash2020",
        item=f"Figure 6, {_REPLICATED}",
        statement="Shrunk by half, a ReLU perceptron with biases is not damaged.",
        topic=SHRUNK,
        expects={"figure-7-relu-mlp-0.50": "negligible"},
    ),
    _claim(
        id="gap-after-early-stop-ash2020",
        item=f"Figure 4, {_REPLICATED}",
        statement="The gap is there already when the training on half of the data was stopped early.",
        topic=EARLY,
        expects={"figure-3-gap": "positive"},
    ),
    _claim(
        id="decay-does-not-help-ash2020",
        item=f"appendix, Table 13, {_REPLICATED}",
        statement="A weight decay of 0.1 does not make the gap smaller.",
        topic=DECAY,
        expects={"table-2-decay-0.1": "not above"},
    ),
    _claim(
        id="rates-as-good-takes-as-long-ash2020",
        item=f"Figure 3, {_REPLICATED}",
        statement="Warm starts of comparable accuracy take as long to train as random initialisation.",
        topic=RATES,
        expects={"figure-4-comparable": "not below", "figure-4-cost": "negligible"},
    ),
)

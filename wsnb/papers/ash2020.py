"""Ash and Adams (2020), On Warm-Starting Neural Network Training: what it prints and claims.

Accuracies are in percent, in pairs (random init, warm start).
"""

from __future__ import annotations

from wsnb.papers import table_1
from wsnb.papers.tables import Cell, CellName
from wsnb.papers.topics import DECAY, EARLY, OFFLINE, ONLINE, RATES
from wsnb.verdicts.claims import Claim, Paper

PAPER = Paper("ash2020", "Ash and Adams (2020)")

# Table 1 of Ash and Adams 2020, which Kireev et al. set out to replicate; neither momentum nor logistic regression.
TABLE_1: dict[CellName, Cell] = {
    ("CIFAR-10", "ResNet-18", "SGD"): Cell((56.2, 51.7)),
    ("CIFAR-10", "ResNet-18", "Adam"): Cell((78.0, 74.4)),
    ("CIFAR-10", "MLP", "SGD"): Cell((39.0, 37.4)),
    ("CIFAR-10", "MLP", "Adam"): Cell((39.4, 36.1)),
    ("SVHN", "ResNet-18", "SGD"): Cell((89.4, 87.5)),
    ("SVHN", "ResNet-18", "Adam"): Cell((93.6, 93.5)),
    ("SVHN", "MLP", "SGD"): Cell((76.5, 75.4)),
    ("SVHN", "MLP", "Adam"): Cell((76.7, 69.4)),
    ("CIFAR-100", "ResNet-18", "SGD"): Cell((18.2, 15.5)),
    ("CIFAR-100", "ResNet-18", "Adam"): Cell((41.4, 35.0)),
    ("CIFAR-100", "MLP", "SGD"): Cell((10.3, 9.4)),
    ("CIFAR-100", "MLP", "Adam"): Cell((11.6, 9.9)),
}

_REPLICATED = "as Kireev et al. (2021) report it"

CLAIMS = (
    Claim(
        id="gap-figure-1-ash2020",
        paper=PAPER,
        item="Figure 1",
        statement="ResNet-18 that is warm-started from half of the data ends at a lower test accuracy than from a "
        "random initialisation.",
        topic=f"{OFFLINE}: Figure 1",
        expects={"figure-1-gap": "positive"},
    ),
    *table_1.claims(PAPER, TABLE_1, {}),
    Claim(
        id="online-gap-ash2020",
        paper=PAPER,
        item=f"online experiment, {_REPLICATED}",
        statement="Online, as data is added to CIFAR-10, random initialisation stays above the warm start.",
        topic=ONLINE,
        expects={"online-gap": "positive"},
    ),
    Claim(
        id="gap-after-early-stop-ash2020",
        paper=PAPER,
        item=f"Figure 4, {_REPLICATED}",
        statement="The gap is there already when the training on half of the data was stopped early.",
        topic=EARLY,
        expects={"figure-3-gap": "positive"},
    ),
    Claim(
        id="decay-does-not-help-ash2020",
        paper=PAPER,
        item=f"appendix, Table 13, {_REPLICATED}",
        statement="A weight decay of 0.1 does not make the gap smaller.",
        topic=DECAY,
        expects={"table-2-decay-0.1": "not above"},
    ),
    Claim(
        id="rates-as-good-takes-as-long-ash2020",
        paper=PAPER,
        item=f"Figure 3, {_REPLICATED}",
        statement="Warm starts of comparable accuracy take as long to train as random initialisation.",
        topic=RATES,
        expects={"figure-4-cost": "negligible"},
    ),
)

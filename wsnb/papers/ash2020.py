"""Ash and Adams (2020), On Warm-Starting Neural Network Training: what it prints and claims.

Accuracies are in percent, in pairs (random init, warm start).
"""

from __future__ import annotations

from wsnb.papers.table_1 import of_table_1
from wsnb.papers.tables import Cell, CellName
from wsnb.verdicts.claims import Paper

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

CLAIMS = tuple(of_table_1(PAPER, name, cell) for name, cell in TABLE_1.items())

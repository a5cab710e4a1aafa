"""Saeed (2023), a course on reproducing Ash and Adams' paper: what it prints of their Table 1, of one seed a cell.

Accuracies are in percent, in pairs (random init, warm start).
"""

from __future__ import annotations

from wsnb.papers.tables import Cell, CellName
from wsnb.verdicts.claims import Paper

PAPER = Paper("saeed2023", "Saeed (2023)")

TABLE_1: dict[CellName, Cell] = {
    ("CIFAR-10", "ResNet-18", "SGD"): Cell((53.827, 50.791)),
    ("CIFAR-10", "ResNet-18", "Adam"): Cell((75.781, 74.219)),
    ("CIFAR-10", "MLP", "SGD"): Cell((40.111, 38.973)),
    ("CIFAR-10", "MLP", "Adam"): Cell((47.251, 45.194)),
    ("SVHN", "ResNet-18", "SGD"): Cell((83.273, 81.637)),
    ("SVHN", "ResNet-18", "Adam"): Cell((91.439, 91.522)),
    ("SVHN", "MLP", "SGD"): Cell((62.310, 60.668)),
    ("SVHN", "MLP", "Adam"): Cell((74.072, 74.133)),
    ("CIFAR-100", "ResNet-18", "SGD"): Cell((24.070, 21.707)),
    ("CIFAR-100", "ResNet-18", "Adam"): Cell((43.325, 39.082)),
    ("CIFAR-100", "MLP", "SGD"): Cell((6.092, 4.450)),
    ("CIFAR-100", "MLP", "Adam"): Cell((20.599, 16.752)),
}

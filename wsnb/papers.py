"""What the papers print: their numbers, once, each with its source.

Accuracies are in percent, in pairs (random init, warm start).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper and how the book's bibliography cites it."""

    cite: str
    short: str


KIREEV_2021 = Paper("kireev2021", "Kireev et al. (2021)")
ASH_2020 = Paper("ash2020", "Ash and Adams (2020)")


@dataclass(frozen=True)
class Cell:
    """Test accuracies of one row and column of a table: (random init, warm start), in percent.

    ``errors`` are standard errors where the paper prints them.
    """

    accuracies: tuple[float, float]
    errors: tuple[float, float] | None = None

    @property
    def gap(self) -> float:
        """Random init minus warm start, in points."""
        return round(self.accuracies[0] - self.accuracies[1], 2)


# Table 1a of Kireev et al. 2021, its CIFAR-10 row: ResNet-18; five seeds.
KIREEV_TABLE_1A_CIFAR10 = {
    "SGD": Cell((60.3, 57.8), (0.1, 0.4)),
    "Adam": Cell((80.3, 79.0), (0.1, 0.1)),
    "momentum SGD": Cell((65.5, 63.4), (0.2, 0.2)),
}

# Table 1 of Ash and Adams 2020, CIFAR-10, ResNet columns, as Kireev et al. set out to replicate them.
ASH_TABLE_1_CIFAR10_RESNET = {
    "SGD": Cell((56.2, 51.7)),
    "Adam": Cell((78.0, 74.4)),
}

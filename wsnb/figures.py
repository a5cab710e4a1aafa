"""The book's figures: one colour per start throughout, lines named where they end, seeds as a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wsnb.records import Record
from wsnb.statistics import Paired

COLOURS = {
    "half of the data": "#767676",
    "random init": "#0072B2",
    "warm start": "#D55E00",
    "shrink-perturb": "#009E73",
    "paper": "#000000",
}
"""By start; colours from Okabe and Ito's palette, which colour-blind readers can tell apart."""

STYLE = {
    "figure.figsize": (7.2, 4.2),
    "figure.dpi": 160,
    "figure.constrained_layout.use": True,
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "lines.linewidth": 1.8,
}


@dataclass(frozen=True)
class Line:
    """One line of a figure of curves.

    Attributes:
        start: which start, a name in :data:`COLOURS`.
        records: one per seed; their curves may differ in length.
        shift: epochs by which the line is moved to the right.
    """

    start: str
    records: Sequence[Record]
    shift: int = 0


def curves(lines: Sequence[Line], *, measure: str = "test_accuracy", ylabel: str = "test accuracy (%)") -> Figure:
    """Curves by epoch: the mean over seeds, a band of one standard deviation, the name at the line's end.

    Where seeds stopped at different epochs the mean goes as far as the shortest.
    """
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots()
        ends = []
        for line in lines:
            if not line.records:
                continue
            length = min(len(record.curves[measure]) for record in line.records)
            values = 100 * np.array([record.curves[measure][:length] for record in line.records])
            epochs = line.shift + np.arange(1, length + 1)
            mean, spread = values.mean(0), values.std(0, ddof=1) if len(values) > 1 else 0.0
            colour = COLOURS[line.start]
            axes.plot(epochs, mean, color=colour)
            axes.fill_between(epochs, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0)
            ends.append((epochs[-1], mean[-1], line.start))
        if ends:
            _name_ends(axes, ends)
        axes.set(xlabel="epoch", ylabel=ylabel)
        axes.margins(x=0.01)
        plt.close(figure)
        return figure


def _name_ends(axes: Axes, ends: list[tuple[float, float, str]]) -> None:
    """Write each line's name to the right of its end, apart where ends are close."""
    low, high = axes.get_ylim()
    apart = 0.055 * (high - low)
    right = max(x for x, _, _ in ends)
    previous: dict[float, float] = {}
    for x, y, name in sorted(ends, key=lambda end: end[1]):
        height = max(y, previous.get(x, -np.inf) + apart)
        previous[x] = height
        side = {"ha": "left", "xytext": (6, 0)} if x == right else {"ha": "right", "xytext": (-4, -14)}
        axes.annotate(
            name,
            (x, height),
            textcoords="offset points",
            va="center",
            color=COLOURS[name],
            fontweight="bold",
            annotation_clip=False,
            **side,
        )


def gaps(rows: Mapping[str, tuple[Paired | None, float | None]], *, xlabel: str) -> Figure:
    """Paired effects: ours with its interval and each seed as a dot, the paper's value as a diamond.

    Args:
        rows: by label, our effect (None where not run) and the paper's (None where it prints none).
        xlabel: what the effect is, with its unit.
    """
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7.2, 0.9 + 0.62 * len(rows)))
        axes.axvline(0, color="#444444", linewidth=1)
        for height, (label, (ours, theirs)) in zip(range(len(rows), 0, -1), rows.items(), strict=True):
            del label
            if ours is not None:
                axes.plot([ours.low, ours.high], [height, height], color=COLOURS["warm start"], linewidth=3)
                axes.plot(ours.mean, height, "o", color=COLOURS["warm start"], markersize=9)
                dots = np.full(ours.n, height - 0.22)
                axes.plot(ours.differences, dots, "o", color=COLOURS["warm start"], markersize=4, alpha=0.55)
            if theirs is not None:
                axes.plot(theirs, height + 0.22, "D", color=COLOURS["paper"], markersize=6)
        axes.set_yticks(range(len(rows), 0, -1), list(rows))
        axes.set_ylim(0.4, len(rows) + 0.6)
        axes.set_xlabel(xlabel)
        axes.grid(axis="y", visible=False)
        plt.close(figure)
        return figure

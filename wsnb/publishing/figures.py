"""The book's figures: one colour per start throughout, lines named where they end, seeds as a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from wsnb.evidence.records import Record
from wsnb.verdicts.statistics import Paired, Pooled

COLOURS = {
    "half of the data": "#767676",
    "random init": "#0072B2",
    "warm start": "#D55E00",
    "shrink-perturb": "#009E73",
    "as coded": "#CC79A7",
    "paper": "#000000",
}
"""By start; colours from Okabe and Ito's palette, which colour-blind readers can tell apart."""

OTHERS = ("#56B4E9", "#E69F00", "#8C564B", "#5A5A00")
"""For starts that have none of their own."""


def colour_of(start: str) -> str:
    """The colour of a start: its own, or by its name one of the others."""
    return COLOURS.get(start) or OTHERS[sum(start.encode()) % len(OTHERS)]


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
        start: which start.
        records: one per seed; their curves may differ in length.
        shift: epochs by which the line is moved to the right.
    """

    start: str
    records: Sequence[Record]
    shift: int = 0


def curves(lines: Sequence[Line], *, ylabel: str = "test accuracy (%)") -> Figure:
    """Test accuracy from before the first step (epoch 0) to the end of training.

    A line is the mean over seeds, its band one standard deviation, its name stands at its end. A seed
    that stopped before others stays at its last value.
    """
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots()
        ends = []
        for line in lines:
            if not line.records:
                continue
            values = _held([_test_accuracy(record) for record in line.records])
            epochs = line.shift + np.arange(values.shape[1])
            ends.append(_mean_and_band(axes, epochs, values, line.start))
        _name_ends(axes, ends)
        axes.set(xlabel="epoch", ylabel=ylabel)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.01)
        plt.close(figure)
        return figure


@dataclass(frozen=True)
class Series:
    """A measurement against something that was varied.

    Attributes:
        start: which start.
        x: what was varied.
        values: one row per seed, one column per x.
    """

    start: str
    x: Sequence[float]
    values: Sequence[Sequence[float]]


def series(panels: Mapping[str, Sequence[Series]], *, xlabel: str) -> Figure:
    """Panels side by side, by what their y axis is called: means over seeds, with one standard deviation as a band."""
    with mpl.rc_context(STYLE):
        figure, row = plt.subplots(1, len(panels), figsize=(7.2 if len(panels) == 1 else 9.6, 3.9), squeeze=False)
        for axes, (ylabel, lines) in zip(row[0], panels.items(), strict=True):
            ends = []
            for line in lines:
                if not len(line.values):
                    continue
                values = np.asarray(line.values, dtype=float)
                ends.append(_mean_and_band(axes, line.x, values, line.start, marker="o", markersize=4))
            _name_ends(axes, ends)
            axes.set(xlabel=xlabel, ylabel=ylabel)
        plt.close(figure)
        return figure


@dataclass(frozen=True)
class Cloud:
    """Trainings by what they cost and what they reach.

    Attributes:
        start: which start.
        costs: by configuration, one per seed.
        reached: the same shape: what each reached.
    """

    start: str
    costs: Sequence[Sequence[float]]
    reached: Sequence[Sequence[float]]


def frontiers(clouds: Sequence[Cloud], *, xlabel: str, ylabel: str) -> Figure:
    """Configurations as discs (means over seeds), single trainings as dots, and each start's frontier as a line.

    On the frontier are the configurations than which none is both cheaper and better, in the mean over seeds.
    """
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7.2, 4.6))
        ends = []
        for cloud in clouds:
            if not len(cloud.costs):
                continue
            colour = colour_of(cloud.start)
            axes.plot(np.ravel(cloud.costs), np.ravel(cloud.reached), ".", color=colour, alpha=0.35, markersize=4)
            points = [(float(np.mean(x)), float(np.mean(y))) for x, y in zip(cloud.costs, cloud.reached, strict=True)]
            axes.plot(*zip(*points, strict=True), "o", color=colour, markersize=7, alpha=0.8)
            best = frontier(points)
            axes.plot(*zip(*best, strict=True), color=colour, drawstyle="steps-post")
            ends.append((*best[-1], cloud.start))
        axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
        axes.margins(x=0.12)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        _name_ends(axes, ends)
        plt.close(figure)
        return figure


def frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those points (cost, reached) that no other beats at its cost or less, the cheapest first."""
    found: list[tuple[float, float]] = []
    for cost, reached in sorted(points, key=lambda point: (point[0], -point[1])):
        if not found or reached > found[-1][1]:
            found.append((cost, reached))
    return found


def _mean_and_band(
    axes: Axes, x: Sequence[float], values: np.ndarray, start: str, **style: Any
) -> tuple[float, float, str]:
    """Draw the mean over seeds (rows) within one standard deviation; where the line ends, and the start's name."""
    mean, spread = values.mean(0), values.std(0, ddof=1) if len(values) > 1 else 0.0
    colour = colour_of(start)
    axes.plot(x, mean, color=colour, **style)
    axes.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0)
    return float(x[-1]), float(mean[-1]), start


def _test_accuracy(record: Record) -> list[float]:
    return [100 * value for value in (record.initial["test_accuracy"], *record.curves["test_accuracy"])]


def _held(curves: Sequence[Sequence[float]]) -> np.ndarray:
    """Curves of different lengths as rows of one array, each held at its last value."""
    length = max(len(curve) for curve in curves)
    return np.array([[*curve, *[curve[-1]] * (length - len(curve))] for curve in curves])


def _name_ends(axes: Axes, ends: list[tuple[float, float, str]]) -> None:
    """Write each line's name at its end, apart where ends are close: beside the last, under the others."""
    low, high = axes.get_ylim()
    last = max((x for x, _, _ in ends), default=0.0)
    height = -np.inf
    for x, y, name in sorted(ends, key=lambda end: end[1]):
        height = max(y, height + 0.055 * (high - low))
        axes.annotate(
            name,
            (x, height),
            xytext=(5, 0) if x == last else (0, -12),
            textcoords="offset points",
            ha="left" if x == last else "right",
            va="center",
            color=colour_of(name),
            fontweight="bold",
            annotation_clip=False,
            path_effects=[Stroke(linewidth=3, foreground="white"), Normal()],
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
        for height, (ours, theirs) in zip(range(len(rows), 0, -1), rows.values(), strict=True):
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


@dataclass(frozen=True)
class Study:
    """A study's value in a forest plot.

    Attributes:
        name: whose, and how many seeds.
        value: what it found.
        half_width: half of its 95 % interval.
        is_ours: drawn in the colour of the book's own measurements.
        is_imputed: whether its interval is not its own, and is drawn thin.
    """

    name: str
    value: float
    half_width: float
    is_ours: bool = False
    is_imputed: bool = False


def forest(groups: Mapping[str, tuple[Sequence[Study], Pooled | None]], *, xlabel: str) -> Figure:
    """What several studies found of the same, by group: each with its interval, and under them their mean.

    Args:
        groups: by title, the studies, and their random-effects mean, drawn as a diamond as wide as its interval.
        xlabel: what was measured, with its unit.
    """
    rows = sum(len(studies) + 1 + (pooled is not None) for studies, pooled in groups.values())
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7.2, 0.8 + 0.27 * rows))
        axes.axvline(0, color="#444444", linewidth=1)
        heights, labels, height = [], [], 0.0
        for title, (studies, pooled) in groups.items():
            heights.append(height)
            labels.append(title)
            for study in studies:
                height -= 1
                colour = COLOURS["warm start" if study.is_ours else "paper"]
                ends = [study.value - study.half_width, study.value + study.half_width]
                axes.plot(ends, [height, height], color=colour, linewidth=0.8 if study.is_imputed else 2.4)
                axes.plot(
                    study.value,
                    height,
                    "o",
                    color=colour,
                    markersize=6,
                    fillstyle="none" if study.is_imputed else "full",
                )
                heights.append(height)
                labels.append(study.name)
            if pooled is not None:
                height -= 1
                corners = [
                    (pooled.low, height),
                    (pooled.mean, height + 0.3),
                    (pooled.high, height),
                    (pooled.mean, height - 0.3),
                ]
                axes.fill(*zip(*corners, strict=True), color="#767676")
                heights.append(height)
                labels.append("random-effects mean")
            height -= 1.4
        axes.set_yticks(heights, labels)
        for label in axes.get_yticklabels():
            label.set_fontweight("bold" if label.get_text() in groups else "normal")
        axes.set_ylim(height + 0.8, 0.6)
        axes.set_xlabel(xlabel)
        axes.grid(axis="y", visible=False)
        plt.close(figure)
        return figure

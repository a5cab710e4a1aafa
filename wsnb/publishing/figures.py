"""The book's figures, each from data, a message and where the data comes from.

A figure is drawn for a wide page and for a phone, for a light one and for a dark one; starts keep their colours
throughout. Its alternative text and its file of data are made from the same numbers as its picture. Its caption is the
message, which its author computes where it states a number, and how to read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from wsnb.errors import InvalidValue
from wsnb.evidence.records import Record
from wsnb.publishing.colours import DASHES, FAINT, INK, PAPER, colour_of, dashes_of
from wsnb.publishing.drawing import Layout, picture
from wsnb.publishing.shown import Html, Source, as_csv, checked_name
from wsnb.verdicts.claims import Printed
from wsnb.verdicts.statistics import Paired, Pooled

NOT_RUN = "Not run."


class Drawn(Html):
    """A figure as the output of a cell.

    Attributes:
        picture: itself alone, without its caption.
        file: the same as a file of its own.
        columns: of what is drawn.
        rows: the same, a value for each column or for the first of them.
    """

    def __init__(
        self,
        picture: str,
        file: str,
        caption: str,
        plain: str,
        anchor: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
    ) -> None:
        self.picture, self.file, self.columns, self.rows = picture, file, columns, rows
        super().__init__(f'<figure class="drawn" id="{anchor}">{picture}{caption}</figure>', plain)


def figure(
    name: str,
    draw: Callable[[Layout], Figure],
    *,
    message: str,
    reading: str,
    alt: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    source: Source,
    is_empty: bool = False,
) -> Drawn:
    """A figure of a page: the picture, its caption, and the quiet line.

    Args:
        name: its anchor on the page is ``fig-NAME``, its files are called so.
        draw: makes the picture in a layout.
        message: what it shows, in a sentence.
        reading: how its marks are read.
        alt: what it shows, for those who do not see it.
        columns, rows: what is drawn.
        source: what it was made from.
        is_empty: whether there is nothing to draw yet.

    Raises:
        InvalidValue: for a name that cannot be part of an address.
    """
    checked_name(name)
    caption = f'<figcaption><p><strong>{escape(message)}</strong> <span class="reading">{escape(reading)}</span></p>'
    if is_empty:
        drawn = html = ""
        caption = f"<figcaption><p>{NOT_RUN}</p>"
    else:
        made = picture(f"fig-{name}", draw)
        drawn = made.file
        html = f'<div class="picture" role="img" aria-label="{escape(alt)}">{made.html}</div>'
    line = source.line(f"fig-{name}", as_csv(columns, rows), drawn)
    return Drawn(html, drawn, f"{caption}{line}</figcaption>", f"{message} {alt}", f"fig-{name}", columns, rows)


def _all_finite(what: str, values: Iterable[Any]) -> None:
    """Refuse what is no number: a figure would leave it out without a word."""
    odd = [value for value in values if not isinstance(value, int | float | np.number) or not np.isfinite(value)]
    if odd:
        raise InvalidValue(
            f"{what} holds {odd[0]!r}; allowed: numbers. Leave out a training that has no result, and say how many."
        )


# Lines ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A measurement against something that was varied.

    Attributes:
        start: which start, after which it is coloured.
        x: what was varied.
        values: one row per seed, one column per x.
    """

    start: str
    x: Sequence[float]
    values: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        lengths = {len(row) for row in self.values} - {len(self.x)}
        if lengths:
            raise InvalidValue(
                f"Line {self.start!r} has {len(self.x)} places x and a row of {lengths.pop()} values; allowed: a row "
                "for each seed, with a value for each x."
            )
        _all_finite(f"Line {self.start!r}", [*self.x, *(value for row in self.values for value in row)])
        if list(self.x) != sorted(set(self.x)):
            raise InvalidValue(
                f"Line {self.start!r} has the places x {list(self.x)}; allowed: each greater than the last."
            )

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it was run."""
        return not len(self.values) or not len(self.x)


def of_epochs(start: str, records: Sequence[Record], shift: int = 0) -> Line:
    """Test accuracy in percent from before the first step (epoch 0) to the end of training.

    A seed that stopped before others stays at its last value.

    Args:
        start: which start.
        records: one per seed; their curves may differ in length.
        shift: epochs by which the line is moved to the right.
    """
    curves = [[100 * v for v in (each.initial["test_accuracy"], *each.curves["test_accuracy"])] for each in records]
    length = max(map(len, curves), default=0)
    held = [[*curve, *[curve[-1]] * (length - len(curve))] for curve in curves]
    return Line(start, [shift + epoch for epoch in range(length)], held)


def of_curve(name: str, records: Sequence[Record], curve: str, scale: float = 1.0, first: int = 0) -> Line:
    """A curve by epoch; where there is a last point beside it (``last_`` and its name), up to the end.

    Args:
        name: what the line is called.
        records: one per seed, of as many epochs each.
        curve: its name.
        scale: by which its values are multiplied.
        first: the epoch of its first point.
    """
    rows = []
    for record in records:
        last = [record.final[f"last_{curve}"]] if f"last_{curve}" in record.final else []
        rows.append([scale * value for value in (*record.curves[curve], *last)])
    return Line(name, range(first, first + max(map(len, rows), default=0)), rows)


def across(name: str, values: Mapping[float, Sequence[float]]) -> Line:
    """A line from what was measured at each place x, seed by seed."""
    return Line(name, list(values), list(zip(*values.values(), strict=True)))


def lines(
    name: str,
    panels: Mapping[str, Sequence[Line]],
    *,
    xlabel: str,
    message: str,
    source: Source,
    printed: Mapping[str, Mapping[float, float]] | None = None,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    is_log: bool = False,
    within: float | None = None,
    reading: str = "",
) -> Drawn:
    """Means over seeds as lines, within a band of one standard deviation, each named where it ends.

    Of lines of one colour in one panel the first is solid, the others are dashed. A panel without lines is left out,
    and the figure says so.

    Args:
        name: the figure's.
        panels: by what is measured, with its unit: the lines.
        xlabel: what was varied, with its unit.
        message: what the figure shows.
        source: what it was made from.
        printed: by panel, what the paper prints, at which x; drawn as diamonds.
        limits: of the horizontal and of the vertical axes, where several figures share them, as those of a slider do;
            their names stand above the lines.
        is_log: whether the horizontal axis is logarithmic.
        within: of differences the smallest size that matters; what lies within it on either side of zero is shaded.
        reading: what else a reader must know.

    Raises:
        InvalidValue: for what is printed of a panel that is not there; two lines of one name in a panel; a logarithmic
            axis with a place x that has no logarithm.
    """
    given, printed = panels, printed or {}
    for unknown in printed.keys() - given.keys():
        raise InvalidValue(f"Values are printed for panel {unknown!r}; allowed: {', '.join(map(repr, given))}.")
    filled = {ylabel: [line for line in drawn if not line.is_empty] for ylabel, drawn in given.items()}
    panels = {ylabel: drawn for ylabel, drawn in filled.items() if drawn or ylabel in printed}
    for low, high in limits or ():
        if not low < high:
            raise InvalidValue(f"An axis is limited to {low} and {high}; allowed: two numbers, the first the smaller.")
    _all_finite("What is printed", [each for of in printed.values() for pair in of.items() for each in pair])
    for ylabel, drawn in panels.items():
        names = [line.start for line in drawn]
        if len(set(names)) < len(names):
            raise InvalidValue(f"Panel {ylabel!r} has two lines of one name: {names}; call each its own.")
        if is_log and any(x <= 0 for line in drawn for x in line.x):
            raise InvalidValue(f"Panel {ylabel!r} has a place x of 0 or less on a logarithmic axis; leave it out.")
    most = max((len(drawn) for drawn in panels.values()), default=0)
    not_run = [ylabel for ylabel in given if ylabel not in panels] if panels else []

    def draw(layout: Layout) -> Figure:
        shown, axes = layout.axes(len(panels), 330 + 22 * max(0, most - 3))
        for panel, (ylabel, drawn) in zip(axes, panels.items(), strict=True):
            ends = []
            marker = "o" if all(len(line.x) <= FEW_POINTS for line in drawn) else None
            if within is not None:
                panel.axhspan(-within, within, color=FAINT.light, alpha=0.14, linewidth=0)
                panel.axhline(0, color=FAINT.light, linewidth=1)
            for line, (dashes, stroke) in zip(drawn, dashes_of([line.start for line in drawn]), strict=True):
                mean, spread = _mean_and_spread(line)
                colour = colour_of(line.start).light
                panel.plot(line.x, mean, linestyle=dashes, marker=marker, color=colour, markersize=6)
                panel.fill_between(line.x, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
                ends.append((float(line.x[-1]), float(mean[-1]), line.start, stroke))
            if theirs := printed.get(ylabel):
                panel.plot(list(theirs), list(theirs.values()), "D", color=INK.light, markersize=7)
            panel.set(xlabel=xlabel)
            if limits:
                panel.set(xlim=limits[0], ylim=limits[1])
            beside = layout.is_wide and len(panels) == 1 and limits is None and _fit_beside(ends)
            if not beside:
                ends = [(x, y, layout.wrapped(name, len(panels)), stroke) for x, y, name, stroke in ends]
            count = sum(1 + end[2].count("\n") for end in ends)
            panel.set_title(layout.wrapped(ylabel, len(panels)), pad=12 if beside else 10 + 22 * count)
            if is_log:
                _make_log(panel)
            else:
                whole = all(float(x).is_integer() for line in drawn for x in line.x)
                panel.xaxis.set_major_locator(MaxNLocator(5, integer=whole))
            panel.yaxis.set_major_locator(MaxNLocator(5))
            (_name_ends if beside else _name_above)(panel, ends)
        return shown

    rows: list[list[Any]] = []
    alt = ""
    for ylabel, drawn in panels.items():
        said, means = [], {line.start: _mean_and_spread(line) for line in drawn}
        number_of = _numbers([value for mean, _ in means.values() for value in mean])
        for line in drawn:
            mean, spread = means[line.start]
            for number, x in enumerate(line.x):
                rows.append(
                    [ylabel, line.start, x, mean[number], spread[number], *(row[number] for row in line.values)]
                )
            told = range(len(line.x)) if len(line.x) <= FEW_POINTS else _telling(mean)
            said.append(f"{line.start}: " + ", ".join(f"{number_of(mean[each])} at {line.x[each]:g}" for each in told))
        alt += f"{ylabel} against {xlabel}. {'; '.join(said)}. "
        if theirs := printed.get(ylabel):
            rows += [[ylabel, "printed", x, value] for x, value in theirs.items()]
            alt += "Printed: " + "; ".join(f"{_printed(value)} at {x:g}" for x, value in theirs.items()) + ". "
    read = "Lines are means over seeds, bands one standard deviation between them."
    if printed:
        read += " Diamonds: what the paper prints."
    if within is not None:
        read += " Shaded: too small to matter."
    if not_run:
        read += f" Not run: {'; '.join(not_run)}."
    all_lines = [line for drawn in panels.values() for line in drawn]
    columns = ["panel", "line", xlabel, "mean", "standard deviation", *_columns(source, all_lines)]
    return figure(
        name, draw, message=message, reading=f"{read} {reading}".strip(), alt=alt.strip(), columns=columns,
        rows=rows, source=source, is_empty=not panels,
    )  # fmt: skip


FEW_POINTS = 12
"""Lines of no more have a mark at each; of no more lines the names fit beside their ends."""

LONGEST = 30
"""Characters of a name that stands beside the end of its line."""


def _make_log(axes: Axes) -> None:
    """Give the axes a logarithmic horizontal axis, with round numbers."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=7))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _mean_and_spread(line: Line) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(line.values, dtype=float)
    return values.mean(0), values.std(0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])


def _telling(mean: np.ndarray) -> list[int]:
    """Of a long line the places that tell its course: its ends, its lowest and its highest."""
    return sorted({0, int(mean.argmin()), int(mean.argmax()), len(mean) - 1})


def _columns(source: Source, drawn: Sequence[Line]) -> list[str]:
    """What the columns of single seeds are called: by their seeds where the lines have one row for each."""
    most = max((len(line.values) for line in drawn), default=0)
    seeds = source.seeds
    if all(len(line.values) == len(seeds) for line in drawn):
        return [f"seed {seed}" for seed in seeds]
    return [f"run {number}" for number in range(1, most + 1)]


End = tuple[float, float, str, str]
"""Of a line: where it ends, its name, how it is drawn."""


def _fit_beside(ends: list[End]) -> bool:
    """Whether lines can be named where they end: those that reach the last place beside it, the others above."""
    last = max((x for x, *_ in ends), default=0)
    return len(ends) < FEW_POINTS and all(len(name) < LONGEST and x >= 0.4 * last for x, _, name, _ in ends)


def _name_ends(axes: Axes, ends: list[End]) -> None:
    """Write each line's name beside its end, apart where ends are close; above it where the line ends before others."""
    low, high = axes.get_ylim()
    last, height = max((x for x, *_ in ends), default=0), -np.inf
    for x, y, name, _ in sorted(ends, key=lambda end: end[1]):
        is_last = x == last
        if is_last:
            y = height = max(y, height + 0.08 * (high - low))
        axes.annotate(
            name,
            (x, y),
            xytext=(6, 0) if is_last else (0, 12),
            textcoords="offset points",
            ha="left" if is_last else "right",
            va="center" if is_last else "bottom",
            color=colour_of(name).light,
            fontweight="bold",
            annotation_clip=False,
        )


def _name_above(axes: Axes, ends: list[End]) -> None:
    """Write the lines' names above them, in their colours and in the order of their ends."""
    number = 0
    for _, _, name, stroke in sorted(ends, key=lambda end: end[1]):
        axes.annotate(
            f"{stroke} {name}",
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 8 + 22 * number),
            textcoords="offset points",
            color=colour_of(name.replace("\n", " ")).light,
            fontweight="bold",
        )
        number += 1 + name.count("\n")


# Intervals ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """A row of a figure of intervals.

    Attributes:
        mean: the value; None where it was not run.
        low, high: the ends of its 95 % interval.
        seeds: single values, drawn as dots.
        printed: by paper, what it prints.
        kind: one of :data:`KINDS`: ``"ours"``; ``"theirs"``; ``"imputed"``: theirs, with an interval that is not its
            own, drawn thin; or ``"pooled"``: a mean over those above it, drawn as a diamond as wide as its interval.
    """

    mean: float | None
    low: float = 0.0
    high: float = 0.0
    seeds: Sequence[float] = ()
    printed: Mapping[str, Printed] = field(default_factory=dict)
    kind: str = "ours"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidValue(f"An interval's kind is {self.kind!r}; allowed: {', '.join(map(repr, KINDS))}.")
        _all_finite("What is printed", [each.value for each in self.printed.values()])
        if self.mean is not None:
            _all_finite("An interval", (self.mean, self.low, self.high, *self.seeds))
            if not self.low <= self.mean <= self.high:
                raise InvalidValue(
                    f"An interval is from {self.low} to {self.high}, and its mean {self.mean} outside it."
                )


LINES_IN_ROW = 0.32
"""Rows that a further line of a row's name takes on a phone."""

KINDS = ("ours", "theirs", "imputed", "pooled")


def interval(ours: Paired | None, printed: Mapping[str, Printed] | None = None) -> Interval:
    """A paired effect of ours beside the papers' values."""
    if ours is None:
        return Interval(None, printed=printed or {})
    return Interval(ours.mean, ours.low, ours.high, ours.differences, printed or {})


def pooled(mean: Pooled) -> Interval:
    """A random-effects mean."""
    return Interval(mean.mean, mean.low, mean.high, kind="pooled")


def intervals(
    name: str,
    groups: Mapping[str, Mapping[str, Interval]],
    *,
    xlabel: str,
    message: str,
    source: Source,
    within: float | None = None,
    reading: str = "",
) -> Drawn:
    """Values with their intervals, a row each, in groups under their titles.

    Args:
        name: the figure's.
        groups: by title (empty: none), by label.
        xlabel: what is measured, with its unit.
        message: what the figure shows.
        source: what it was made from.
        within: the smallest size that matters; what lies within it on either side of zero is shaded.
        reading: what else a reader must know.
    """
    rows = [row for group in groups.values() for row in group.values()]
    papers = list(dict.fromkeys(paper for row in rows for paper in row.printed))
    count = sum(len(group) + bool(title) * 1.3 for title, group in groups.items())

    def draw(layout: Layout) -> Figure:
        names = {
            label: label if layout.is_wide else layout.wrapped(label, 1) for group in groups.values() for label in group
        }
        longer = LINES_IN_ROW * sum(name.count("\n") for name in names.values())
        shown, (axes,) = layout.axes(1, 64 + (count + longer) * (34 if layout.is_wide else 70))
        if within is not None:
            axes.axvspan(-within, within, color=FAINT.light, alpha=0.14, linewidth=0)
        axes.axvline(0, color=FAINT.light, linewidth=1)
        labels, height = {}, 0.0
        for title, group in groups.items():
            if title:
                height -= 0.3
                axes.annotate(title, (0, height), xycoords=("axes fraction", "data"), va="center", fontweight="bold",
                              xytext=(-4 if layout.is_wide else 0, 0), textcoords="offset points",
                              ha="right" if layout.is_wide else "left")  # fmt: skip
                height -= 1
            for label, row in group.items():
                above = LINES_IN_ROW * names[label].count("\n")
                height -= above
                _draw_interval(axes, height, row, papers)
                if layout.is_wide:
                    labels[height] = label
                else:
                    axes.annotate(
                        names[label], (0, height + 0.5 + above / 2), xycoords=("axes fraction", "data"), va="center",
                        bbox={"facecolor": PAPER.light, "edgecolor": "none", "pad": 1},
                    )  # fmt: skip
                height -= 1
        axes.set_yticks(list(labels), list(labels.values()))
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(height + 0.5, 0.5 if layout.is_wide else 0.8)
        shown.supxlabel(layout.wrapped(xlabel, 1), fontsize=16)
        axes.xaxis.set_major_locator(MaxNLocator(7 if layout.is_wide else 5))
        axes.grid(axis="y", visible=False)
        axes.spines.left.set_visible(False)
        return shown

    columns = ["group", "row", "kind", xlabel, "low", "high"]
    columns += [each for paper in papers for each in (f"printed: {paper}", f"its standard error: {paper}")]
    most = max((len(row.seeds) for row in rows), default=0)
    data = []
    for title, group in groups.items():
        for label, row in group.items():
            theirs = [row.printed.get(paper) for paper in papers]
            data.append(
                [
                    title,
                    label,
                    row.kind,
                    row.mean,
                    *((None, None) if row.mean is None else (row.low, row.high)),
                    *(part for each in theirs for part in ((None, None) if each is None else (each.value, each.error))),
                    *row.seeds,
                ]
            )
    number_of = _numbers([value for row in rows if row.mean is not None for value in (row.mean, row.low, row.high)])
    said = [
        f"{f'{title}, ' if title else ''}{label}: "
        + (
            "not run"
            if row.mean is None
            else f"{number_of(row.mean)} from {number_of(row.low)} to {number_of(row.high)}"
        )
        + "".join(f", {paper} prints {_printed(each.value)}" for paper, each in row.printed.items())
        for title, group in groups.items()
        for label, row in group.items()
    ]
    read = ""
    if any(row.mean is not None for row in rows):
        read = "Discs and bars: means and 95 % intervals" + ("; small dots: single seeds." if most else ".")
    if papers:
        named = "; ".join(f"{MARKERS[number % len(MARKERS)][1]}: {paper}" for number, paper in enumerate(papers))
        read += f" In print: {named}" + (
            ", with 95 % intervals as thin lines where an error is printed."
            if any(each.error is not None for row in rows for each in row.printed.values())
            else "."
        )
    if within is not None:
        read += " Shaded: too small to matter."
    return figure(
        name, draw, message=message, reading=f"{read} {reading}".strip(), alt=f"{xlabel}. {'; '.join(said)}.",
        columns=[*columns, *(f"pair {number + 1}" for number in range(most))], rows=data, source=source,
        is_empty=all(row.mean is None and not row.printed for row in rows),
    )  # fmt: skip


MARKERS = (("D", "diamonds"), ("s", "squares"), ("^", "triangles"), ("v", "triangles that point down"))
"""Of papers, in their order."""


def _draw_interval(axes: Axes, height: float, row: Interval, papers: Sequence[str]) -> None:
    if row.mean is not None:
        colour = {"ours": INK, "pooled": FAINT}.get(row.kind, FAINT).light
        if row.kind == "pooled":
            corners = ((row.low, 0), (row.mean, 0.3), (row.high, 0), (row.mean, -0.3))
            axes.fill([x for x, _ in corners], [height + y for _, y in corners], color=colour)
        else:
            thin = row.kind == "imputed"
            axes.plot([row.low, row.high], [height, height], color=colour, linewidth=1 if thin else 4)
            axes.plot(row.mean, height, "o", color=colour, markersize=8 if thin else 10,
                      markerfacecolor="none" if thin else colour)  # fmt: skip
            axes.plot(row.seeds, np.full(len(row.seeds), height - 0.25), "o", color=colour, markersize=4, alpha=0.6)
    for paper, theirs in row.printed.items():
        above, (marker, _) = height + 0.25, MARKERS[papers.index(paper) % len(MARKERS)]
        if (half := theirs.half_width) is not None:
            axes.plot([theirs.value - half, theirs.value + half], [above, above], color=FAINT.light, linewidth=1)
        axes.plot(theirs.value, above, marker, color=FAINT.light, markersize=7,
                  markerfacecolor="none" if papers.index(paper) else FAINT.light)  # fmt: skip


# Accuracy against cost ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cloud:
    """Trainings by what they cost and what they reach.

    Attributes:
        start: which start.
        costs: by configuration, one per seed.
        reached: the same shape: what each reached.
        names: of the configurations.
    """

    start: str
    costs: Sequence[Sequence[float]]
    reached: Sequence[Sequence[float]]
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        if [len(each) for each in self.costs] != [len(each) for each in self.reached]:
            raise InvalidValue(f"Cloud {self.start!r}: costs and what was reached differ in their shapes.")
        if self.names and len(self.names) != len(self.costs):
            raise InvalidValue(
                f"Cloud {self.start!r} has {len(self.costs)} configurations and {len(self.names)} names; allowed: a "
                "name for each, or none."
            )
        costs = [cost for row in self.costs for cost in row]
        _all_finite(f"Cloud {self.start!r}", [*costs, *(value for row in self.reached for value in row)])
        if min(costs, default=1) <= 0:
            raise InvalidValue(
                f"Cloud {self.start!r} has a cost of {min(costs):g}; allowed: above 0 (the axis is a log)."
            )

    @property
    def points(self) -> list[tuple[float, float]]:
        """The means over seeds."""
        return [(float(np.mean(x)), float(np.mean(y))) for x, y in zip(self.costs, self.reached, strict=True)]


def frontiers(
    name: str, clouds: Sequence[Cloud], *, xlabel: str, ylabel: str, message: str, source: Source, reading: str = ""
) -> Drawn:
    """Configurations as discs (means over seeds), single trainings as dots, and each start's frontier as a line.

    On the frontier are the configurations than which none is both cheaper and better, in the mean over seeds.

    Args:
        name: the figure's.
        clouds: a start each.
        xlabel: what it costs, with its unit, on a logarithmic axis.
        ylabel: what is reached, with its unit.
        message: what the figure shows.
        source: what it was made from.
        reading: what else a reader must know.
    """
    clouds = [cloud for cloud in clouds if sum(map(len, cloud.costs))]

    def draw(layout: Layout) -> Figure:
        shown, (axes,) = layout.axes(1, 400)
        ends = []
        for cloud in clouds:
            colour = colour_of(cloud.start).light
            axes.plot(np.ravel(cloud.costs), np.ravel(cloud.reached), ".", color=colour, alpha=0.35, markersize=4)
            axes.plot(*zip(*cloud.points, strict=True), "o", color=colour, markersize=8, alpha=0.8)
            best = frontier(cloud.points)
            axes.plot(*zip(*best, strict=True), color=colour, drawstyle="steps-post")
            ends.append((*best[-1], cloud.start, DASHES[0][1]))
        axes.set(xlabel=xlabel)
        axes.set_title(ylabel, pad=10 + 22 * len(ends))
        axes.margins(x=0.12)
        _make_log(axes)
        _name_above(axes, ends)
        return shown

    rows, said = [], []
    of_cost = _numbers([cost for cloud in clouds for cost, _ in cloud.points])
    of_reached = _numbers([value for cloud in clouds for _, value in cloud.points])
    for cloud in clouds:
        names = cloud.names or [str(number + 1) for number in range(len(cloud.costs))]
        on_frontier = frontier(cloud.points)
        for label, costs, reached, point in zip(names, cloud.costs, cloud.reached, cloud.points, strict=True):
            rows += [
                [cloud.start, label, point in on_frontier, number, cost, value]
                for number, (cost, value) in enumerate(zip(costs, reached, strict=True), 1)
            ]
        (cheap, low), (dear, high) = on_frontier[0], on_frontier[-1]
        said.append(
            f"{cloud.start}, {len(names)} configurations: the cheapest reaches {of_reached(low)} at {of_cost(cheap)}, "
            f"the best {of_reached(high)} at {of_cost(dear)}"
        )
    return figure(
        name, draw, message=message,
        reading=f"Discs: configurations, means over seeds; dots: single trainings; lines: frontiers. {reading}".strip(),
        alt=f"{ylabel} against {xlabel}. {'; '.join(said)}.",
        columns=["line", "configuration", "on the frontier", "run", xlabel, ylabel], rows=rows, source=source,
        is_empty=not clouds,
    )  # fmt: skip


def frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those points (cost, reached) that no other beats at its cost or less, the cheapest first."""
    found: list[tuple[float, float]] = []
    for cost, reached in sorted(points, key=lambda point: (point[0], -point[1])):
        if not found or reached > found[-1][1]:
            found.append((cost, reached))
    return found


# Arrows ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrow:
    """A vector in a plane, from the origin.

    Attributes:
        name: what it is, after which it is coloured.
        x, y: where it ends.
    """

    name: str
    x: float
    y: float

    def __post_init__(self) -> None:
        _all_finite(f"Arrow {self.name!r}", (self.x, self.y))


def arrows(
    name: str,
    drawn: Sequence[Arrow],
    *,
    xlabel: str,
    ylabel: str,
    reach: float,
    message: str,
    source: Source,
    reading: str = "",
) -> Drawn:
    """Vectors of one plane, with the same unit in both directions.

    Args:
        name: the figure's.
        drawn: the vectors; those in the lower half of the plane are refused.
        xlabel, ylabel: what the two directions are.
        reach: how far the axes go to either side and up.
        message: what the figure shows.
        source: what it was made from.
        reading: what else a reader must know.

    Raises:
        InvalidValue: for a vector that ends below the origin, or beyond the axes.
    """
    for arrow in drawn:
        if arrow.y < 0 or max(abs(arrow.x), arrow.y) > reach:
            raise InvalidValue(
                f"Arrow {arrow.name!r} ends at ({arrow.x:g}, {arrow.y:g}); allowed: from {-reach:g} to {reach:g}, and "
                f"from 0 to {reach:g}."
            )

    def draw(layout: Layout) -> Figure:
        shown, (axes,) = layout.axes(1, 0.5 * layout.width + 70 + 22 * len(drawn))
        names = []
        for number, arrow in enumerate(drawn):
            dashes, stroke = DASHES[number % len(DASHES)]
            colour = colour_of(arrow.name).light
            axes.plot((0, arrow.x), (0, arrow.y), linestyle=dashes, color=colour)
            head = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 18}
            before = (0.98 * arrow.x, 0.98 * arrow.y)
            axes.annotate("", (arrow.x, arrow.y), before, arrowprops=head)
            names.append((0.0, -float(number), arrow.name, stroke))
        _name_above(axes, names)
        axes.set(xlim=(-reach, reach), ylim=(-0.05 * reach, reach), aspect="equal", xlabel=xlabel)
        axes.set_title(layout.wrapped(ylabel, 1), pad=10 + 22 * len(drawn))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5))
        return shown

    number_of = _numbers([each for arrow in drawn for each in (arrow.x, arrow.y)])
    said = "; ".join(f"{arrow.name} ends at {number_of(arrow.x)}, {number_of(arrow.y)}" for arrow in drawn)
    return figure(
        name, draw, message=message, reading=reading, alt=f"{ylabel} against {xlabel}. {said}.",
        columns=["arrow", xlabel, ylabel], rows=[[arrow.name, arrow.x, arrow.y] for arrow in drawn], source=source,
        is_empty=not drawn,
    )  # fmt: skip


# What they share ------------------------------------------------------------------------------------


def _numbers(values: Sequence[float]) -> Callable[[float], str]:
    """How numbers that belong together are said: with as many digits each."""
    largest = max(map(abs, values), default=0.0)
    digits = 0 if largest >= 1000 else 1 if largest >= 0.95 else 3

    def number(value: float) -> str:
        shown = f"{value:.3g}" if abs(value) >= 1e6 else f"{round(value, digits) + 0.0:.{digits}f}"
        return shown.replace("-", "\N{MINUS SIGN}")

    return number


def _printed(value: float) -> str:
    """A number as a paper prints it: with its digits, one at the least."""
    shown = f"{value:.1f}" if round(value, 1) == value else f"{value:g}"
    return shown.replace("-", "\N{MINUS SIGN}")

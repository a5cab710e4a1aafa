"""Figures: that picture, alternative text and data are of the same numbers, for any page and for either scheme."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import xml.etree.ElementTree as ElementTree
from typing import Any
from urllib.parse import unquote

import made_records
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from wsnb.errors import InvalidValue
from wsnb.publishing import drawing, figures, widgets
from wsnb.publishing.colours import FAINT, GRID, INK, OTHERS, STARTS, Colour, colour_of
from wsnb.publishing.figures import Arrow, Cloud, Drawn, Interval, Line
from wsnb.publishing.shown import Source
from wsnb.verdicts.claims import Printed
from wsnb.verdicts.statistics import Paired

SOURCE = Source("gap-offline", "laptop", {})
X = [5, 10, 15]
RISING = Line("warm start", X, [[10.0, 20.0, 31.0], [12.0, 22.0, 33.0]])
FLAT = Line("random init", X, [[40.0, 40.0, 40.0], [44.0, 44.0, 44.0]])


def lines(**more: Any) -> Drawn:
    given: dict[str, Any] = {"xlabel": "epochs", "message": "It rises to 32.0 %.", "source": SOURCE}
    return figures.lines("rising", {"test accuracy (%)": [RISING, FLAT]}, **given | more)


def intervals(**more: Any) -> Drawn:
    rows = {
        "SGD": Interval(1.5, 0.5, 2.5, (1.0, 2.0), {"One": Printed(2.46), "Other": Printed(3.0, 0.5, 4)}),
        "Adam": Interval(None, printed={"One": Printed(-0.3)}),
    }
    given: dict[str, Any] = {"xlabel": "gap (points)", "message": "One gap.", "source": SOURCE, "within": 1.0}
    return figures.intervals("gaps", {"CIFAR-10": rows}, **given | more)


def frontiers(**more: Any) -> Drawn:
    cloud = Cloud("warm start", [[10.0, 12.0], [30.0, 30.0], [40.0, 44.0]], [[50.0, 52.0], [60.0, 62.0], [55.0, 55.0]])
    given: dict[str, Any] = {"xlabel": "thousands", "ylabel": "accuracy (%)", "message": "M.", "source": SOURCE}
    return figures.frontiers("rates", [cloud], **given | more)


def arrows(**more: Any) -> Drawn:
    given: dict[str, Any] = {"xlabel": "along", "ylabel": "across", "reach": 2.0, "message": "M.", "source": SOURCE}
    return figures.arrows("step", [Arrow("plain sum", -1.5, 0.5), Arrow("DTNH", 1.0, 0.5)], **given | more)


KINDS = {"lines": lines, "intervals": intervals, "frontiers": frontiers, "arrows": arrows}


def data_of(figure: Drawn) -> list[dict[str, str]]:
    """The rows of the figure's file of data."""
    [text] = re.findall(r'href="data:text/csv;charset=utf-8,([^"]*)"', figure.html)
    return list(csv.DictReader(io.StringIO(unquote(text))))


def alt_of(figure: Drawn) -> str:
    [text] = re.findall(r'role="img" aria-label="([^"]*)"', figure.html)
    return text


def drawn(monkeypatch: pytest.MonkeyPatch, make: Any) -> list[Figure]:
    """What matplotlib was given to draw, wide and narrow."""
    made: list[Figure] = []
    svg = drawing._svg

    def spy(figure: Figure, layout: drawing.Layout, prefix: str) -> str:
        made.append(figure)
        return svg(figure, layout, prefix)

    monkeypatch.setattr(drawing, "_svg", spy)
    make()
    return made


# Every kind ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_figure_has_its_anchor_its_message_its_alternative_text_and_its_files(make: Any) -> None:
    html = make().html
    assert html.startswith('<figure class="drawn" id="fig-')
    assert len(re.findall(r"<figcaption>.*?</figcaption>", html, re.DOTALL)) == 1
    assert 'download="' in html and ".csv" in html
    assert "wsnb run gap-offline --profile laptop" in re.sub(r"</?span>", "", html)
    assert re.search(r"\d", alt_of(make()))


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_the_alternative_text_names_numbers_of_the_data(make: Any) -> None:
    figure = make()
    said = {float(each.replace("−", "-")) for each in re.findall(r"−?\d+\.\d", alt_of(figure))}
    rows = [[float(each) for each in row.values() if re.fullmatch(r"-?[\d.]+", each or "")] for row in data_of(figure)]
    known = [value for row in rows for value in row]
    if make is frontiers:  # which shows means over the runs of a configuration, a row each
        known += [
            sum(pair) / 2 for one, other in zip(rows, rows[1:], strict=False) for pair in zip(one, other, strict=True)
        ]
    assert said and all(min(abs(value - each) for value in known) < 0.1 for each in said)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_picture_has_both_layouts_with_text_as_large_as_the_pages(make: Any) -> None:
    html = make().html.partition("<figcaption>")[0]
    assert re.findall(r'<svg class="(\w+)" viewBox="0 0 (\d+) ', html) == [("wide", "656"), ("narrow", "304")]
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", html)]
    assert sizes and min(sizes) >= 16 and "font: " not in html
    assert "font-family" not in html


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_every_colour_of_a_picture_has_one_for_a_dark_page(make: Any) -> None:
    html = make().html.partition("<figcaption>")[0]
    assert "light-dark(" in html
    assert re.findall(r"#[0-9a-f]{6}", re.sub(r"light-dark\([^)]*\)|url\([^)]*\)", "", html)) == []


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_the_file_of_a_picture_stands_alone_in_the_colours_of_a_light_page(make: Any) -> None:
    [text] = re.findall(r'href="data:image/svg\+xml;charset=utf-8,([^"]*)"', make().html)
    svg = unquote(text)
    assert svg.startswith("<svg") and "light-dark" not in svg and 'xmlns="http://www.w3.org/2000/svg"' in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_figure_is_the_same_to_the_byte_each_time(make: Any) -> None:
    assert make().html == make().html


def test_identifiers_inside_a_page_are_all_different() -> None:
    ids = re.findall(r' id="([^"]*)"', "".join(make().html for make in KINDS.values()))
    assert len(ids) == len(set(ids)) > 10


def test_what_is_said_in_words_cannot_break_out_of_them() -> None:
    html = lines(message='a "quoted" <b>').html
    assert "<b>" not in html and "a &quot;quoted&quot; &lt;b&gt;" in html


def test_with_nothing_to_draw_a_figure_says_that_it_was_not_run() -> None:
    empty = figures.lines("e", {"a": [Line("warm start", [], [])]}, xlabel="x", message="M.", source=SOURCE)
    assert "<svg" not in empty.html and "Not run." in empty.html and ".svg" not in empty.html
    nothing = figures.intervals("i", {"": {"SGD": Interval(None)}}, xlabel="x", message="M.", source=SOURCE)
    assert "Not run." in nothing.html
    assert "Not run." in figures.frontiers("f", [], xlabel="x", ylabel="y", message="M.", source=SOURCE).html


# Lines --------------------------------------------------------------------------------------------


def test_lines_and_bands_are_those_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {(row["line"], float(row["epochs"])): row for row in data_of(lines())}
    for figure in drawn(monkeypatch, lines):
        [axes] = figure.axes
        for line, start in zip(axes.lines, ("warm start", "random init"), strict=True):
            assert line.get_color() == colour_of(start).light
            for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True):
                assert float(rows[start, x]["mean"]) == y
        bands = [each for each in axes.collections if isinstance(each, PolyCollection)]
        first = bands[0].get_paths()[0].vertices
        mean, spread = (float(rows["warm start", 5][part]) for part in ("mean", "standard deviation"))
        assert {mean - spread, mean + spread} <= set(first[first[:, 0] == 5][:, 1])
    assert [rows["warm start", 15][f"run {n}"] for n in (1, 2)] == ["31.0", "33.0"]


def test_what_a_paper_prints_is_drawn_said_and_in_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> Drawn:
        return lines(printed={"test accuracy (%)": {10: 25.5}})

    assert "Printed: 25.5 at 10" in alt_of(make()) and "Diamonds: what the paper prints." in make().html
    assert [row["mean"] for row in data_of(make()) if row["line"] == "printed"] == ["25.5"]
    for figure in drawn(monkeypatch, make):
        assert [list(each.get_ydata()) for each in figure.axes[0].lines if each.get_marker() == "D"] == [[25.5]]


def test_panels_stand_side_by_side_or_under_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    wide, narrow = drawn(
        monkeypatch,
        lambda: figures.lines("two", {"a": [RISING], "b": [FLAT]}, xlabel="x", message="M.", source=SOURCE),
    )
    (left, right), (above, below) = (figure.axes for figure in (wide, narrow))
    assert left.get_position().y0 == pytest.approx(right.get_position().y0, abs=0.01)
    assert above.get_position().y0 > below.get_position().y1


def test_a_curve_that_ended_early_is_held_at_its_last_value() -> None:
    long, short = (
        dataclasses.replace(made_records.record(made_records.HALF), curves={"test_accuracy": curve})
        for curve in ([0.2, 0.3, 0.4], [0.5])
    )
    line = figures.of_epochs("warm start", [long, short], shift=2)
    assert line.x == [2, 3, 4, 5]
    assert [row[1:] for row in line.values] == [[20.0, 30.0, 40.0], [50.0, 50.0, 50.0]]


def test_a_panel_without_lines_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> Drawn:
        return figures.lines(
            "two", {"a": [RISING], "b": [Line("FIRE", [], [])]}, xlabel="x", message="M.", source=SOURCE
        )

    assert all(len(figure.axes) == 1 for figure in drawn(monkeypatch, make)) and "Not run: b." in make().html


def test_lines_of_one_colour_are_told_apart_by_their_dashes(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = [dataclasses.replace(RISING, start=start) for start in ("warm start", "warm start, raised rate", "FIRE")]
    for figure in drawn(monkeypatch, lambda: figures.lines("d", {"a": panel}, xlabel="x", message="M.", source=SOURCE)):
        plain, raised, fire = figure.axes[0].lines
        assert plain.get_color() == raised.get_color() != fire.get_color()
        assert plain.get_linestyle() == fire.get_linestyle() != raised.get_linestyle()


@pytest.mark.parametrize(
    "names",
    [
        [f"start {number}" for number in range(14)],
        ["a start of a name so long that nobody would choose it, but who knows", "FIRE"],
        ["a price of $5", "of $x$"],
    ],
    ids=["many", "long", "dollars"],
)
@pytest.mark.filterwarnings("error")
def test_many_lines_long_names_and_dollars_are_drawn_as_they_are(names: list[str]) -> None:
    panel = [Line(name, [1, 2], [[float(number), number + 1.0]]) for number, name in enumerate(names)]
    html = figures.lines("f", {"a": panel}, xlabel="x", message="M.", source=SOURCE).html
    shown = html.partition('<svg class="narrow"')[0].replace("\n", " ")
    assert all(name.split()[-1] in shown for name in names)


def test_what_is_printed_is_drawn_where_nothing_was_run() -> None:
    html = figures.lines(
        "f", {"a": [Line("FIRE", [], [[]])]}, xlabel="x", message="M.", source=SOURCE, printed={"a": {1: 2.0}}
    ).html
    assert "<svg" in html and "Printed: 2.0 at 1" in html


def test_an_axis_can_be_logarithmic(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [figure.axes[0].get_xscale() for figure in drawn(monkeypatch, lambda: lines(is_log=True))] == ["log"] * 2


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Line("FIRE", [1, 2], [[1.0, 2.0], [1.0]]), "2 places x and a row of 1 values"),
        (lambda: Line("FIRE", [1, 2], [[1.0, float("nan")]]), "Line 'FIRE' holds nan"),
        (lambda: Interval(1.0, 2.0, 3.0), "its mean 1.0 outside it"),
        (lambda: Interval(float("inf"), 0.0, float("inf")), "holds inf"),
        (lambda: Cloud("FIRE", [[1.0, 2.0]], [[1.0]]), "differ in their shapes"),
        (lambda: Cloud("FIRE", [[0.0]], [[1.0]]), "a cost of 0; allowed: above 0"),
        (lambda: lines(printed={"loss": {5: 1.0}}), "panel 'loss'; allowed: 'test accuracy (%)'"),
        (lambda: lines(printed={"test accuracy (%)": {5: float("nan")}}), "What is printed holds nan"),
        (lambda: Line("FIRE", [3, 1], [[1.0, 2.0]]), "[3, 1]; allowed: each greater than the last"),
        (lambda: Line("FIRE", ["a"], [[1.0]]), "holds 'a'; allowed: numbers"),
        (lambda: Line("FIRE", [1], [[None]]), "holds None; allowed: numbers"),
        (lambda: Interval(1.0, 0.0, 2.0, kind="mine"), "kind is 'mine'; allowed: 'ours'"),
        (lambda: Interval(1.0, 0.0, 2.0, printed={"One": Printed(float("nan"))}), "What is printed holds nan"),
        (
            lambda: figures.lines("f", {"a": [FLAT, FLAT]}, xlabel="x", message="M.", source=SOURCE),
            "two lines of one name",
        ),
        (
            lambda: figures.lines(
                "f", {"a": [Line("FIRE", [0], [[1.0]])]}, xlabel="x", message="M.", source=SOURCE, is_log=True
            ),
            "0 or less on a logarithmic axis",
        ),
        (lambda: lines(limits=((0, 5), (3, 3))), "limited to 3 and 3"),
        (lambda: Cloud("FIRE", [[1.0], [2.0]], [[1.0], [2.0]], ["a"]), "2 configurations and 1 names"),
        (lambda: arrows(reach=1.2), "Arrow 'plain sum' ends at (-1.5, 0.5); allowed: from -1.2 to 1.2"),
        (lambda: figures.lines("my figure", {"a": [FLAT]}, xlabel="x", message="M.", source=SOURCE), "'my figure'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(make: Any, said: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(said)):
        make()


def test_a_curve_of_a_callback_goes_on_to_its_last_point_where_there_is_one() -> None:
    made = dataclasses.replace(made_records.record(made_records.HALF), curves={"distance": [0.0, 1.5]})
    assert figures.of_curve("FIRE", [made], "distance", 2, first=1) == Line("FIRE", range(1, 3), [[0.0, 3.0]])
    longer = dataclasses.replace(made, final=made.final | {"last_distance": 0.0})
    assert figures.of_curve("FIRE", [longer], "distance").values == [[0.0, 1.5, 0.0]]
    assert figures.of_curve("FIRE", [], "distance").is_empty


def test_values_at_each_place_make_a_line_with_a_row_for_each_seed() -> None:
    assert figures.across("FIRE", {0.1: [1.0, 2.0], 0.2: [3.0, 4.0]}) == Line("FIRE", [0.1, 0.2], [(1, 3), (2, 4)])
    assert figures.across("FIRE", {0.1: [], 0.2: []}).is_empty


def test_every_row_of_a_file_of_data_has_a_field_for_each_column() -> None:
    for make in KINDS.values():
        [text] = re.findall(r'href="data:text/csv;charset=utf-8,([^"]*)"', make(**{}).html)
        assert len({len(row) for row in csv.reader(io.StringIO(unquote(text)))}) == 1


def test_a_line_is_named_where_it_ends_and_one_that_ends_before_the_others_above_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early = Line("half of the data", [5, 10], [[9.0, 9.5]])

    def make(*more: Line) -> Drawn:
        return figures.lines("f", {"a": [RISING, early, *more]}, xlabel="x", message="M.", source=SOURCE)

    wide, narrow = drawn(monkeypatch, make)
    places = {text.get_text(): (text.xy, text.get_ha()) for text in wide.axes[0].texts}
    assert places == {"warm start": ((15.0, 32.0), "left"), "half of the data": ((10.0, 9.5), "right")}
    assert {text.xy for text in narrow.axes[0].texts} == {(0, 1)}
    short = Line("DASH", [5], [[1.0]])  # too short to be named above its end
    assert {text.xy for text in drawn(monkeypatch, lambda: make(short))[0].axes[0].texts} == {(0, 1)}
    limits = ((0, 20), (0, 50))
    [axes] = drawn(monkeypatch, lambda: lines(limits=limits))[0].axes
    assert (axes.get_xlim(), axes.get_ylim()) == limits and {text.xy for text in axes.texts} == {(0, 1)}


def test_of_differences_what_is_too_small_to_matter_is_shaded_and_a_gap_has_the_colour_of_neither_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gap = Line("gap", X, RISING.values)
    for figure in drawn(
        monkeypatch, lambda: figures.lines("f", {"a": [gap]}, xlabel="x", message="M.", source=SOURCE, within=1.0)
    ):
        [shaded] = [each for each in figure.axes[0].patches if each.get_alpha() == 0.14]
        assert (shaded.get_y(), shaded.get_height()) == (-1, 2)
        assert figure.axes[0].lines[0].get_color() != colour_of("warm start").light
    assert "Shaded: too small to matter." in lines(within=1.0).html and "Shaded" not in lines().html


def test_numbers_that_belong_together_are_said_with_as_many_digits_and_printed_ones_as_printed() -> None:
    mixed = Line("warm start", [1, 2], [[0.25, 12.0]])
    printed = {"a": {1: 2.46, 2: 3.0}}
    figure = figures.lines("f", {"a": [mixed]}, xlabel="x", message="M.", source=SOURCE, printed=printed)
    assert "warm start: 0.2 at 1, 12.0 at 2" in alt_of(figure) and "Printed: 2.46 at 1; 3.0 at 2" in alt_of(figure)
    small = {"": {"a": Interval(-0.0001, -0.01, 0.02)}}
    figure = figures.intervals("f", small, xlabel="x", message="M.", source=SOURCE)
    assert "a: 0.000 from −0.010 to 0.020" in alt_of(figure)


def test_without_javascript_a_slider_offers_its_pictures() -> None:
    figure = {"after 5": lines(), "after 10": lines()}
    html = widgets.chooser("stops", "Stop", figure, message="M.", source=SOURCE).html
    assert "<noscript>" in html
    assert re.findall(r'download="([^"]*)\.svg"', html) == ["stops-1", "stops-2"]
    assert {"after 5", "after 10"} <= set(re.findall(r">([^<]*)</a>", html))


# Intervals and frontiers --------------------------------------------------------------------------


def test_intervals_are_those_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = data_of(intervals())
    names = ("gap (points)", "low", "high", "printed: One", "printed: Other", "its standard error: Other", "pair 1")
    assert first["kind"] == "ours"
    assert [first[part] for part in names] == ["1.5", "0.5", "2.5", "2.46", "3.0", "0.5", "1.0"]
    assert (second["gap (points)"], second["printed: One"], second["printed: Other"]) == ("", "-0.3", "")
    assert "CIFAR-10, Adam: not run, One prints −0.3" in alt_of(intervals())
    assert "In print: diamonds: One; squares: Other, with 95 % intervals" in intervals().html
    for figure in drawn(monkeypatch, intervals):
        ends = [sorted(line.get_xdata()) for line in figure.axes[0].lines if line.get_linewidth() == 4]
        assert ends == [[0.5, 2.5]]
        assert [list(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "D"] == [[2.46], [-0.3]]
        assert [list(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "s"] == [[3.0]]
        thin = [
            line.get_xdata()
            for line in figure.axes[0].lines
            if line.get_linewidth() == 1 and "D" not in line.get_marker()
        ]
        assert pytest.approx([3 - 2.776 * 0.5, 3 + 2.776 * 0.5], abs=0.001) in [list(each) for each in thin]


def test_a_paired_effect_is_a_row_with_its_seeds() -> None:
    row = figures.interval(Paired((1.0, 2.0, 3.0)), {"One": Printed(2.0)})
    assert (row.mean, row.seeds, row.printed) == (
        2.0,
        (1.0, 2.0, 3.0),
        {"One": Printed(2.0)},
    ) and row.low < 2 < row.high
    assert figures.interval(None).mean is None


def test_arrows_go_from_the_origin_to_their_ends_in_one_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    for figure in drawn(monkeypatch, arrows):
        [axes] = figure.axes
        ends = [tuple(line.get_xydata()[-1]) for line in axes.lines]
        assert ends == [(-1.5, 0.5), (1.0, 0.5)]
        assert [tuple(line.get_xydata()[0]) for line in axes.lines] == [(0.0, 0.0)] * 2
        assert axes.get_aspect() == 1.0 and axes.get_xlim() == (-2.0, 2.0)
    assert "plain sum ends at \N{MINUS SIGN}1.5, 0.5; DTNH ends at 1.0, 0.5" in alt_of(arrows())


def test_the_frontier_leaves_out_what_another_beats() -> None:
    assert figures.frontier([(3, 1), (1, 2), (2, 5), (2, 4), (9, 5)]) == [(1, 2), (2, 5)]
    on = {row["configuration"] for row in data_of(frontiers()) if row["on the frontier"] == "True"}
    assert on == {"1", "2"}


# Colours ------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", {INK, FAINT, *STARTS.values(), *OTHERS})
def test_a_colour_can_be_read_on_either_page(colour: Colour) -> None:
    assert contrast(colour.light, "#ffffff") >= 4.5
    assert contrast(colour.dark, "#121212") >= 4.5


def test_starts_have_a_colour_each_and_no_colour_stands_for_two() -> None:
    known = [*STARTS.values(), *OTHERS, FAINT, GRID]
    assert len({each.light for each in known}) == len(known) == len({each.dark for each in known})
    assert colour_of("warm start") == STARTS["warm start"] and colour_of("a start of one's own") in OTHERS
    assert colour_of("shrunk alone") == colour_of("shrink-perturb, 0.4") == STARTS["shrink-perturb"]

"""The book's colours: one per start throughout, each in two forms, for a light page and for a dark one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Colour(NamedTuple):
    """A colour on a light page, by which a picture is drawn, and what stands for it on a dark one."""

    light: str
    dark: str


INK = Colour("#222832", "#ced6dd")
FAINT = Colour("#5d6670", "#9aa5b1")
GRID = Colour("#e3e6ea", "#2c333b")
PAPER = Colour("#fffffe", "#121212")
"""Text, secondary text, lines behind the data, and the page itself."""


STARTS = {
    "half of the data": Colour("#6a6a6b", "#a3a7ad"),
    "random init": Colour("#0068a8", "#56b4f0"),
    "warm start": Colour("#b84e00", "#ff9147"),
    "shrink-perturb": Colour("#007a56", "#2fc796"),
    "as coded": Colour("#a8437c", "#e58fbd"),
    "re-warmed": Colour("#8a1842", "#d46080"),
    "DASH": Colour("#6d47b8", "#b89eff"),
    "FIRE": Colour("#b02a2d", "#fd736d"),
    "Hare & Tortoise": Colour("#135d1d", "#9ee6a0"),
    "ReDo": Colour("#723311", "#c57e5e"),
    "L2-Init": Colour("#024e6e", "#4d9cc7"),
    "L2-SP": Colour("#383da2", "#8394fe"),
    "KnowDist": Colour("#7a4d04", "#ebb16c"),
    "DELTA": Colour("#852e6d", "#e486c6"),
    "Sylvester": Colour("#5c5c01", "#c9cb6b"),
    "Net2Net": Colour("#994caa", "#eda4fe"),
}
"""By start; the first are hues of Okabe and Ito's palette, which colour-blind readers can tell apart. All have the
contrast of text. What stands in no list has one of :data:`OTHERS`."""

KIN = {
    "shrunk alone": "shrink-perturb",
    "perturbed alone": "shrink-perturb",
    "fine-tuning": "warm start",
    "DTNH(L2-SP)": "L2-SP",
    "DTNH(KnowDist)": "KnowDist",
    "DTNH(DELTA)": "DELTA",
    "Net2Wider": "Net2Net",
    "Net2Deeper": "Net2Net",
}
"""Variants that share the colour of a start, as those do that are called so up to a comma."""

DASHES = (
    ("-", "\N{EM DASH}"),
    ((0, (5, 2)), "--"),
    ((0, (1, 1.5)), "\N{MIDDLE DOT}" * 3),
    ((0, (6, 2, 1, 2)), "-\N{MIDDLE DOT}"),
)
"""How the lines of one colour in one panel are drawn, in their order: as matplotlib says it, and before their names."""

OTHERS = (
    Colour("#6d57c2", "#b3a4f2"),
    Colour("#7a6200", "#d9b93c"),
    Colour("#8c4a40", "#d99a8f"),
    Colour("#00737f", "#4cc3cf"),
)
"""For starts that have none of their own."""

DIRECTIONS = {
    "gradient of the loss": INK,
    "gradient of the regularizer": FAINT,
    "plain sum": OTHERS[2],
    "DTNH": OTHERS[3],
    "GEM": OTHERS[0],
}
"""Of a step, and what they are made of."""


def colour_of(start: str) -> Colour:
    """The colour of a start: its own, that of its kin, or by its name one of the others."""
    name = start.partition(",")[0]
    if name == "gap":  # of two starts, and of the colour of neither
        return INK
    return (STARTS | DIRECTIONS).get(KIN.get(name, name)) or OTHERS[sum(start.encode()) % len(OTHERS)]


def dashes_of(starts: Sequence[str]) -> list[tuple[Any, str]]:
    """How the lines of a panel are drawn: the first of a colour solid, those after it in the others of ``DASHES``."""
    colours = [colour_of(start) for start in starts]
    return [DASHES[colours[:number].count(colour) % len(DASHES)] for number, colour in enumerate(colours)]


def in_both_schemes(svg: str) -> str:
    """The picture for any page: each colour that it was drawn in is also what stands for it on a dark page."""
    for colour in {INK, FAINT, GRID, PAPER, *STARTS.values(), *OTHERS}:
        svg = svg.replace(colour.light, f"light-dark({colour.light}, {colour.dark})")
    return svg

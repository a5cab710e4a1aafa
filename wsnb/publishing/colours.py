"""The book's colours: one per start throughout, each in two forms, for a light page and for a dark one."""

from __future__ import annotations

from typing import NamedTuple


class Colour(NamedTuple):
    """A colour on a light page, by which a picture is drawn, and what stands for it on a dark one."""

    light: str
    dark: str


INK = Colour("#222832", "#ced6dd")
FAINT = Colour("#5d6670", "#9aa5b1")
GRID = Colour("#e3e6ea", "#2c333b")
"""Text, secondary text, and lines behind the data."""

STARTS = {
    "half of the data": Colour("#6a6a6b", "#a3a7ad"),
    "random init": Colour("#0068a8", "#56b4f0"),
    "warm start": Colour("#b84e00", "#ff9147"),
    "shrink-perturb": Colour("#007a56", "#2fc796"),
    "as coded": Colour("#a8437c", "#e58fbd"),
}
"""By start; hues of Okabe and Ito's palette, which colour-blind readers can tell apart, at the contrast of text."""

OTHERS = (
    Colour("#6d57c2", "#b3a4f2"),
    Colour("#7a6200", "#d9b93c"),
    Colour("#8c4a40", "#d99a8f"),
    Colour("#00737f", "#4cc3cf"),
)
"""For starts that have none of their own."""


def colour_of(start: str) -> Colour:
    """The colour of a start: its own, or by its name one of the others."""
    return STARTS.get(start) or OTHERS[sum(start.encode()) % len(OTHERS)]


def in_both_schemes(svg: str) -> str:
    """The picture for any page: each colour that it was drawn in is also what stands for it on a dark page."""
    for colour in {INK, FAINT, GRID, *STARTS.values(), *OTHERS}:
        svg = svg.replace(colour.light, f"light-dark({colour.light}, {colour.dark})")
    return svg

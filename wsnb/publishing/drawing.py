"""Pictures: what is drawn once by matplotlib, as SVG, for a wide page and for a phone, in both colour schemes.

A unit of a picture is a pixel of the page, so that its text is as large as the page's; text stays text.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wsnb.publishing.colours import FAINT, GRID, INK, in_both_schemes

UNITS = 72
"""In an inch, by which matplotlib measures."""

CHARACTER = 11
"""Pixels that one takes, at the most."""


@dataclass(frozen=True)
class Layout:
    """A form of a picture.

    Attributes:
        name: ``"wide"``, or ``"narrow"`` on a phone.
        width: pixels; a page that has more shows the picture larger.
    """

    name: str
    width: int

    @property
    def is_wide(self) -> bool:
        """Whether panels stand side by side, and names at the ends of lines."""
        return self.name == "wide"

    def wrapped(self, title: str, panels: int) -> str:
        """A panel's title, in as many lines as it needs."""
        return textwrap.fill(title, self.width // (panels if self.is_wide else 1) // CHARACTER)

    def axes(self, panels: int, height: float) -> tuple[Figure, list[Axes]]:
        """Empty panels, side by side or one under the other, each so many pixels high."""
        rows, columns = (1, panels) if self.is_wide else (panels, 1)
        figure, found = plt.subplots(
            rows, columns, figsize=(self.width / UNITS, rows * height / UNITS), squeeze=False, layout="constrained"
        )
        return figure, list(found.flat)


LAYOUTS = (Layout("wide", 656), Layout("narrow", 304))

NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'

STYLE = {
    "font.size": 16,
    "text.color": INK.light,
    "axes.labelcolor": INK.light,
    "axes.edgecolor": FAINT.light,
    "axes.facecolor": "none",
    "axes.titlesize": 16,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "figure.constrained_layout.h_pad": 4 / UNITS,
    "figure.constrained_layout.w_pad": 2 / UNITS,
    "grid.color": GRID.light,
    "lines.linewidth": 2.2,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may have dollars in it
    "svg.hashsalt": "wsnb",
    "xtick.color": FAINT.light,
    "xtick.labelcolor": INK.light,
    "ytick.color": FAINT.light,
    "ytick.labelcolor": INK.light,
}


@dataclass(frozen=True)
class Picture:
    """What was drawn.

    Attributes:
        html: SVG in both layouts, of which the page shows the one that fits, in both schemes.
        file: the wide one as a file of its own, in the colours of a light page.
    """

    html: str
    file: str


def picture(name: str, draw: Callable[[Layout], Figure]) -> Picture:
    """Have a picture drawn in each layout.

    Args:
        name: the figure's on its page, part of the identifiers inside.
        draw: makes the figure in a layout, with the colours of a light page.
    """
    with mpl.rc_context(STYLE):
        drawn = [_svg(draw(layout), layout, f"{name}-{layout.name}") for layout in LAYOUTS]
    first = drawn[0].replace('aria-hidden="true"', f'{NAMESPACES} font-family="sans-serif" style="background: white"')
    return Picture("".join(map(in_both_schemes, drawn)), first)


def _svg(figure: Figure, layout: Layout, prefix: str) -> str:
    """The figure as an element of a page: in the page's font, its identifiers apart from those of other figures."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
    size = figure.get_size_inches() * UNITS
    body = file.getvalue().partition("</style>")[2].partition("</defs>")[2]
    body = re.sub(r"font-family: [^;\"]+; ?", "", body)
    used = set(re.findall(r'(?:url\(|xlink:href=")#(\w+)', body))
    body = re.sub(r' id="([^"]*)"', lambda id: f' id="{prefix}-{id[1]}"' if id[1] in used else "", body)
    body = re.sub(r'(url\(|xlink:href=")#', rf"\g<1>#{prefix}-", body)
    body = re.sub(r"\n *", "\n", body)
    hidden = "" if layout.is_wide else ' style="display: none"'
    return (
        f'<svg class="{layout.name}" viewBox="0 0 {size[0]:g} {size[1]:g}" stroke-linejoin="round" aria-hidden="true"'
        f"{hidden}>{body}"
    )

"""What the cells of a paper's Table 1 claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wsnb.papers.tables import Cell, CellName
from wsnb.papers.topics import OFFLINE
from wsnb.verdicts.claims import Claim, Paper, Printed
from wsnb.verdicts.statistics import paired

Seeds = tuple[Sequence[float], Sequence[float]]
"""Test accuracies in percent by seed, of random init and of the warm start."""

CLEAR = 1.0
"""Points under which a printed gap without an error claims nothing."""


def effect_of(cell: CellName) -> str:
    """The name of the effect that a cell is about: the gap in it."""
    return "table-1-" + "-".join(cell).lower().replace(" ", "-")


def printed(cell: Cell, seeds: Seeds | None = None) -> Printed:
    """A cell's gap, as printed, with its error: of its seeds, paired, where they are known; else the printed."""
    if seeds is not None:
        pairs = paired(*seeds)
        return Printed(cell.gap, pairs.error, pairs.n - 1)
    return Printed(cell.gap, cell.gap_error, 2 * cell.seeds - 2)


def is_shown(value: Printed) -> bool:
    """Whether a paper's own numbers show which start is ahead: by the t test at 5 %, or clearly without an error."""
    return abs(value.value) >= CLEAR if value.half_width is None else abs(value.value) > value.half_width


def claims(
    paper: Paper, table: Mapping[CellName, Cell], seeds: Mapping[CellName, Seeds], denied: str = ""
) -> Iterator[Claim]:
    """Which start is ahead in each cell that shows one ahead; of the others the table claims nothing.

    Args:
        paper: whose table.
        table: its cells.
        seeds: of those cells of which they are known.
        denied: the data set of which the paper's text says that there is no gap: what its cells show is our reading.
    """
    for name, cell in table.items():
        value = printed(cell, seeds.get(name))
        if not is_shown(value):
            continue
        data, model, optimizer = name
        found = "below" if value.value > 0 else "above"
        yield Claim(
            id=f"{effect_of(name)}-{paper.cite}",
            paper=paper,
            item=f"Table 1, {data}",
            statement=f"{model} with {optimizer}, trained to convergence on {data}: the warm start ends {found} random "
            "init.",
            topic=f"{OFFLINE}: Table 1, {data}",
            expects={effect_of(name): "positive" if value.value > 0 else "negative"},
            prints={effect_of(name): value},
            is_derived=data == denied,
            needs="SVHN" if data == "SVHN" else "",
        )

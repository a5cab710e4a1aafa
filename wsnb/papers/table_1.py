"""What the cells of a paper's Table 1 claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wsnb.papers.tables import Cell, CellName
from wsnb.papers.topics import OFFLINE
from wsnb.verdicts.claims import Claim, Expects, Paper, Printed
from wsnb.verdicts.statistics import paired

Seeds = tuple[Sequence[float], Sequence[float]]
"""Test accuracies in percent by seed, of random init and of the warm start."""

CLEAR = 0.5
"""Points under which a printed gap without an error claims nothing."""


def effect_of(cell: CellName) -> str:
    """The name of the effect that a cell is about: the gap in it."""
    return "table-1-" + "-".join(cell).lower().replace(" ", "-")


def printed(cell: Cell, seeds: Seeds | None = None) -> Printed:
    """A cell's gap, with its error: of the seeds, paired, where they are known; else what the printed errors make."""
    if seeds is not None:
        return Printed(cell.gap, len(seeds[0]), float(paired(*seeds).error))
    return Printed(cell.gap, cell.seeds if cell.errors else 0, cell.gap_error)


def claims(paper: Paper, table: Mapping[CellName, Cell], seeds: Mapping[CellName, Seeds]) -> Iterator[Claim]:
    """What each cell says: which start ends higher, where the difference is over twice its standard error.

    A difference within that is no statement of the paper; that there is none is our own reading, and marked so. Without
    an error in print a cell claims a gap of half a point or more, and nothing of a smaller one.
    """
    for name, cell in table.items():
        data, model, optimizer = name
        expects: Expects
        expects, found = ("negligible", "ends neither higher nor lower than random init")
        if cell.gap_error is None and abs(cell.gap) < CLEAR:
            continue
        if cell.gap_error is None or abs(cell.gap) > 2 * cell.gap_error:
            expects, found = ("positive", "ends below random init") if cell.gap > 0 else ("negative", "ends above it")
        yield Claim(
            id=f"{effect_of(name)}-{paper.cite}",
            paper=paper,
            item=f"Table 1, {data}",
            statement=f"{model} with {optimizer}, trained to convergence on {data}: the warm start {found}.",
            topic=f"{OFFLINE}: Table 1, {data}",
            expects={effect_of(name): expects},
            printed=printed(cell, seeds.get(name)),
            is_derived=expects == "negligible",
            needs="SVHN" if data == "SVHN" else "",
        )

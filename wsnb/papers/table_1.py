"""What the cells of a paper's Table 1 claim."""

from __future__ import annotations

import math

from wsnb.papers.tables import Cell, CellName
from wsnb.papers.topics import OFFLINE
from wsnb.verdicts.claims import Claim, Expects, Paper


def in_table_1(paper: Paper, cell: CellName) -> str:
    """The id of a paper's claim about this cell of its Table 1."""
    words = "-".join(cell).lower().replace(" ", "-")
    return f"table-1-{paper.cite}-{words}"


def of_table_1(paper: Paper, name: CellName, cell: Cell) -> Claim:
    """What a cell says: which start ends higher, where the difference is over twice its standard error."""
    dataset, model, optimizer = name
    error = 2 * math.hypot(*cell.errors) if cell.errors else 0.0
    expects: Expects
    expects, says = ("within", "ends within half a point of random init")
    if abs(cell.gap) > error:
        expects, says = ("above", "ends below random init") if cell.gap > 0 else ("below", "ends above random init")
    return Claim(
        id=in_table_1(paper, name),
        paper=paper,
        item=f"Table 1, {dataset}",
        statement=f"{model} with {optimizer}, to convergence on {dataset}: the warm start {says}.",
        topic=f"{OFFLINE}: Table 1, {dataset}",
        expects=expects,
        printed=cell.gap,
    )

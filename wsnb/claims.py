"""Claims of the papers, and verdicts on them computed from paired seeds.

A claim is a statement with a source, an effect that is measured, and a rule fixed beforehand for what
would confirm it. Its verdict is never written by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wsnb import papers
from wsnb.errors import InvalidValue, near_miss
from wsnb.papers import Cell, Paper
from wsnb.statistics import Paired, paired

GAP = "random init − warm start, test accuracy, points"
"""The effect that most claims are about."""

Outcome = Literal["reproduced", "not reproduced", "inconclusive", "not run"]


@dataclass(frozen=True)
class Claim:
    """One statement of a paper.

    Attributes:
        id: its name in the book.
        paper: who says it.
        item: where: a table's cell, a figure.
        statement: what it says, in our words.
        effect: what is measured, with its unit.
        printed: the paper's own value of the effect; None where a figure shows it without a number.
        least: the smallest effect of interest, in the effect's unit: see :func:`judge`.
    """

    id: str
    paper: Paper
    item: str
    statement: str
    effect: str = GAP
    printed: float | None = None
    least: float = 0.5


@dataclass(frozen=True)
class Verdict:
    """What the records say of a claim.

    Attributes:
        claim: the claim.
        outcome: in a word or two.
        measured: the paired differences it rests on; None when not run.
        setting: what it was measured on, for people.
        missing: what is needed when it was not run.
    """

    claim: Claim
    outcome: Outcome
    measured: Paired | None
    setting: str
    missing: str = ""


def judge(claim: Claim, higher: Sequence[float], lower: Sequence[float], setting: str) -> Verdict:
    """The verdict on a claim that ``higher`` exceeds ``lower``; seeds are paired by position.

    *Reproduced* when the 95 % confidence interval of the mean difference lies above zero. *Not
    reproduced* when it does not, and lies below the claim's smallest effect of interest: an effect
    worth speaking of is then excluded. Else *inconclusive*. Fewer than three seeds decide nothing.
    """
    if len(higher) < 2 or len(lower) < 2:
        return not_run(claim, "at least two seeds", setting)
    measured = paired(higher, lower)
    outcome: Outcome = "inconclusive"
    if measured.n >= 3:
        if measured.low > 0:
            outcome = "reproduced"
        elif measured.high < claim.least:
            outcome = "not reproduced"
    return Verdict(claim, outcome, measured, setting)


def not_run(claim: Claim, missing: str, setting: str = "") -> Verdict:
    """The verdict where records are missing; ``missing`` says what is needed."""
    return Verdict(claim, "not run", None, setting, missing)


def claim(name: str) -> Claim:
    """The claim of this id.

    Raises:
        InvalidValue: when there is none.
    """
    if name not in CLAIMS:
        raise InvalidValue(f"There is no claim {name!r}; allowed: {', '.join(CLAIMS)}.{near_miss(name, CLAIMS)}")
    return CLAIMS[name]


def _gap_in_table(prefix: str, paper: Paper, table: str, optimiser: str, cell: Cell) -> Claim:
    return Claim(
        id=f"{prefix}-{optimiser.lower().replace(' ', '-')}",
        paper=paper,
        item=f"{table}, CIFAR-10, ResNet, {optimiser}",
        statement=f"Trained with {optimiser} to convergence, a warm start from half of the data "
        "ends at a lower test accuracy than a random initialisation.",
        printed=cell.gap,
    )


CLAIMS = {
    entry.id: entry
    for entry in (
        Claim(
            id="gap-figure-1",
            paper=papers.KIREEV_2021,
            item="Figure 1",
            statement="Trained for the same number of epochs with SGD, ResNet-18 warm-started from half of the data "
            "ends at a lower test accuracy than ResNet-18 from a random initialisation.",
        ),
        *(
            _gap_in_table("gap-table-1a", papers.KIREEV_2021, "Table 1a", optimiser, cell)
            for optimiser, cell in papers.KIREEV_TABLE_1A_CIFAR10.items()
        ),
        *(
            _gap_in_table("gap-ash-table-1", papers.ASH_2020, "Table 1", optimiser, cell)
            for optimiser, cell in papers.ASH_TABLE_1_CIFAR10_RESNET.items()
        ),
    )
}
"""Every claim of the book, by id."""

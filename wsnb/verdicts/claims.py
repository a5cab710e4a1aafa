"""Claims of the papers, and verdicts on them computed from paired seeds.

A claim is a statement with a source, an effect that is measured, and a rule fixed beforehand for what
would confirm it. Its verdict is never written by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wsnb.verdicts.statistics import Paired, paired

GAP = "random init − warm start, test accuracy, points"
"""The effect that most claims are about."""

Expects = Literal["above", "below", "within", "not below"]

Outcome = Literal["reproduced", "not reproduced", "inconclusive", "not run"]


@dataclass(frozen=True)
class Paper:
    """A paper and how the book's bibliography cites it."""

    cite: str
    short: str


@dataclass(frozen=True)
class Claim:
    """One statement of a paper.

    Attributes:
        id: its name in the book.
        paper: who says it.
        item: where: a table's cell, a figure.
        statement: what it says, in our words.
        topic: the heading under which the front page counts it.
        effect: what is measured, with its unit.
        expects: where the effect lies when the statement holds: above zero, below it, within ``least`` of it,
            or not below it by so much.
        least: the smallest effect of interest, in the effect's unit: see :func:`judge`.
        printed: the paper's own value of the effect; None where a figure shows it without a number.
        digits: decimals with which the effect is shown.
    """

    id: str
    paper: Paper
    item: str
    statement: str
    topic: str
    effect: str = GAP
    expects: Expects = "above"
    least: float = 0.5
    printed: float | None = None
    digits: int = 1


@dataclass(frozen=True)
class Verdict:
    """What the records say of a claim.

    Attributes:
        claim: the claim.
        outcome: in a word or two.
        measured: the paired differences it rests on, at the level it was judged at; None when not run.
        setting: what it was measured on, for people.
        missing: what is needed when it was not run.
    """

    claim: Claim
    outcome: Outcome
    measured: Paired | None
    setting: str
    missing: str = ""


def judge(
    claim: Claim, first: Sequence[float], second: Sequence[float] | float, setting: str, *, together: int = 1
) -> Verdict:
    """The verdict on a claim about ``first - second``; seeds are paired by position.

    It rests on the confidence interval of the mean difference. A claim that the effect lies *above* zero
    is reproduced when the whole interval does, and not reproduced when it does not and leaves out every
    effect of ``claim.least`` or more; *below* zero likewise. A claim that it lies *within* ``claim.least`` of
    zero, or *not below* zero by so much, is reproduced when the whole interval does, and not reproduced when all
    of it lies outside. Anything else is inconclusive, and fewer than three seeds decide nothing.

    Args:
        claim: what is judged.
        first: one value per seed.
        second: likewise, or one number for all seeds.
        setting: what they were measured on, for people.
        together: how many claims are judged at once: the interval's level is then ``1 - 0.05 / together``
            (Bonferroni), so that the chance that any of them is decided wrongly stays under 5 %.
    """
    second = [second] * len(first) if isinstance(second, int | float) else second
    if len(first) < 2 or len(second) < 2:
        return not_run(claim, "at least two seeds", setting)
    return verdict_on(claim, paired(first, second, level=1 - 0.05 / together), setting)


def verdict_on(claim: Claim, measured: Paired, setting: str) -> Verdict:
    """The verdict by :func:`judge`'s rule on an effect that is measured already, at the level of its interval."""
    low, high, least = measured.low, measured.high, claim.least
    if claim.expects == "below":
        low, high = -high, -low
    match claim.expects:
        case "within":
            confirmed, refuted = -least < low and high < least, low > least or high < -least
        case "not below":
            confirmed, refuted = low > -least, high < -least
        case _:
            confirmed, refuted = low > 0, low <= 0 and high < least
    outcome: Outcome = "inconclusive"
    if measured.n >= 3 and (confirmed or refuted):
        outcome = "reproduced" if confirmed else "not reproduced"
    return Verdict(claim, outcome, measured, setting)


def not_run(claim: Claim, missing: str, setting: str = "") -> Verdict:
    """The verdict where records are missing; ``missing`` says what is needed."""
    return Verdict(claim, "not run", None, setting, missing)

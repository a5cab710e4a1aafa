"""Claims of the papers, and verdicts on them computed from paired seeds.

A claim is a statement with a source, an effect that is measured, and a rule fixed beforehand for what
would confirm it. Its verdict is never written by hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wsnb import papers
from wsnb.errors import InvalidValue, near_miss
from wsnb.papers import Cell, CellName, Paper
from wsnb.statistics import Paired, paired

GAP = "random init − warm start, test accuracy, points"
"""The effect that most claims are about."""

ONLINE_GAP = "random init − warm start, test accuracy, mean over the steps after the first, points"
SAVED = "images saved by the fastest warm start within a point of the best random init, % of the latter's"

Expects = Literal["above", "below", "within", "not below"]

Outcome = Literal["reproduced", "not reproduced", "inconclusive", "not run"]


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


def claim(name: str) -> Claim:
    """The claim of this id.

    Raises:
        InvalidValue: when there is none.
    """
    if name not in CLAIMS:
        raise InvalidValue(f"There is no claim {name!r}; allowed: {', '.join(CLAIMS)}.{near_miss(name, CLAIMS)}")
    return CLAIMS[name]


# What the papers claim ----------------------------------------------------------------------------

OFFLINE, ONLINE = "The gap, offline", "The gap, online"
EARLY, DECAY, RATES = "Early stopping", "Weight decay", "Learning rate and batch size"


def in_table_1(paper: Paper, cell: CellName) -> str:
    """The id of a paper's claim about this cell of its Table 1."""
    words = "-".join(cell).lower().replace(" ", "-")
    return f"table-1-{paper.cite}-{words}"


def _of_table_1(paper: Paper, name: CellName, cell: Cell) -> Claim:
    """What a cell says: which start ends higher, where the difference is over twice its standard error."""
    dataset, model, optimiser = name
    error = 2 * math.hypot(*cell.errors) if cell.errors else 0.0
    expects: Expects
    expects, says = ("within", "ends within half a point of random init")
    if abs(cell.gap) > error:
        expects, says = ("above", "ends below random init") if cell.gap > 0 else ("below", "ends above random init")
    return Claim(
        id=in_table_1(paper, name),
        paper=paper,
        item=f"Table 1, {dataset}",
        statement=f"{model} with {optimiser}, to convergence on {dataset}: the warm start {says}.",
        topic=f"{OFFLINE}: Table 1, {dataset}",
        expects=expects,
        printed=cell.gap,
    )


def on_data_set(dataset: str) -> str:
    """The id of the replication's claim about all of Table 1 on this data set."""
    return f"table-1-{dataset.lower()}"


def _on(dataset: str) -> Claim:
    """What the replication's text says of Table 1 as a whole."""
    gaps = [cell.gap for name, cell in papers.KIREEV_TABLE_1.items() if name[0] == dataset]
    finds = dataset != "SVHN"
    return Claim(
        id=on_data_set(dataset),
        paper=papers.KIREEV_2021,
        item="Section 2.1, on Table 1",
        statement=f"On {dataset} " + ("there is a gap." if finds else "the gap that CIFAR-10 shows is not observed."),
        topic=f"{OFFLINE}: Table 1, {dataset}",
        effect="random init − warm start, test accuracy, mean over the nine cells of model and optimiser, points",
        expects="above" if finds else "within",
        printed=round(sum(gaps) / len(gaps), 2),
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
            topic=f"{OFFLINE}: Figure 1",
        ),
        Claim(
            id="gap-warmstart2019",
            paper=papers.ICLR_2020,
            item="abstract",
            statement="Warm-starting generalises worse than a fresh random initialisation.",
            topic=f"{OFFLINE}: Figure 1",
        ),
        Claim(
            id="similar-losses",
            paper=papers.ICLR_2020,
            item="abstract",
            statement="The final training losses of the two starts are similar.",
            topic=f"{OFFLINE}: Figure 1",
            effect="random init − warm start, final training loss, nats",
            expects="within",
            least=0.05,
            digits=3,
        ),
        *(_on(dataset) for dataset in ("CIFAR-10", "SVHN", "CIFAR-100")),
        *(_of_table_1(papers.KIREEV_2021, name, cell) for name, cell in papers.KIREEV_TABLE_1.items()),
        *(_of_table_1(papers.ASH_2020, name, cell) for name, cell in papers.ASH_TABLE_1.items()),
        Claim(
            id="svhn-mlp-sgd-fails",
            paper=papers.KIREEV_2021,
            item="Section 2.1",
            statement="On SVHN the MLP with SGD does not reach a reasonable accuracy at the learning rate of the other "
            "cells; at five times that it does.",
            topic=f"{OFFLINE}: Table 1, SVHN",
            effect="test accuracy of random init at the larger learning rate − at the other cells', points",
            least=5.0,
        ),
        Claim(
            id="online-gap-cifar10",
            paper=papers.KIREEV_2021,
            item="Figure 2a",
            statement="Online, trained to 99 % each time data is added to CIFAR-10, random initialisation stays above "
            "the warm start.",
            topic=ONLINE,
            effect=ONLINE_GAP,
        ),
        Claim(
            id="online-random-time-linear",
            paper=papers.KIREEV_2021,
            item="Figure 2a",
            statement="The training time of a step increases almost linearly with the data for random initialisation.",
            topic=ONLINE,
            effect="exponent of images seen in a step against its data − 1, random init",
            expects="within",
            least=0.25,
            digits=2,
        ),
        Claim(
            id="online-warm-time-constant",
            paper=papers.KIREEV_2021,
            item="Figure 2a",
            statement="The training time of a step is constant for the warm start.",
            topic=ONLINE,
            effect="exponent of images seen in a step against its data, warm start",
            expects="within",
            least=0.25,
            digits=2,
        ),
        Claim(
            id="online-no-gap-svhn-99",
            paper=papers.KIREEV_2021,
            item="Figure 2b",
            statement="On SVHN, trained to 99 %, there is no gap online.",
            topic=ONLINE,
            effect=ONLINE_GAP,
            expects="within",
        ),
        Claim(
            id="online-gap-svhn-99.9",
            paper=papers.KIREEV_2021,
            item="Figure 2c",
            statement="On SVHN, trained to 99.9 %, the gap appears online.",
            topic=ONLINE,
            effect=ONLINE_GAP,
        ),
        Claim(
            id="online-cifar10-is-harder",
            paper=papers.KIREEV_2021,
            item="Section 2.1",
            statement="99 % training accuracy takes more training on CIFAR-10 than on SVHN.",
            topic=ONLINE,
            effect="images seen by random init on CIFAR-10 beyond those on SVHN, over the steps of both, % of these",
            least=10.0,
            digits=0,
        ),
        Claim(
            id="online-warm-start-saves",
            paper=papers.ICLR_2020,
            item="abstract",
            statement="A warm start shortens training.",
            topic=ONLINE,
            effect="images saved by the warm start over all steps, % of those of random init",
            least=10.0,
            digits=0,
        ),
        Claim(
            id="gap-after-early-stop",
            paper=papers.KIREEV_2021,
            item="Figure 3",
            statement="The gap is there already when the training on half of the data was stopped at the first "
            "checkpoint.",
            topic=EARLY,
        ),
        Claim(
            id="gap-decays-with-decay-0.1",
            paper=papers.KIREEV_2021,
            item="Table 2",
            statement="A weight decay of 0.1 makes the gap smaller than training without it.",
            topic=DECAY,
            effect="gap without weight decay − gap with 0.1, points",
            printed=round(
                papers.KIREEV_TABLE_1["CIFAR-10", "ResNet-18", "SGD"].gap - papers.KIREEV_TABLE_2[0.1].gap, 2
            ),
        ),
        Claim(
            id="gap-decays-with-more-decay",
            paper=papers.KIREEV_2021,
            item="Table 2",
            statement="The gap is smaller at a weight decay of 0.1 than at 0.001.",
            topic=DECAY,
            effect="gap with weight decay 0.001 − gap with 0.1, points",
            printed=round(papers.KIREEV_TABLE_2[0.001].gap - papers.KIREEV_TABLE_2[0.1].gap, 2),
        ),
        Claim(
            id="rates-warm-as-good",
            paper=papers.KIREEV_2021,
            item="Figure 4",
            statement="With the right learning rate and batch size a warm start is as good as random initialisation, "
            "or better.",
            topic=RATES,
            effect="best warm start − best random init, test accuracy, points",
            expects="not below",
            least=1.0,
        ),
        Claim(
            id="rates-warm-as-good-and-faster",
            paper=papers.KIREEV_2021,
            item="Figure 4",
            statement="Warm starts of comparable accuracy are trained faster than random initialisation.",
            topic=RATES,
            effect=SAVED,
            least=20.0,
            digits=0,
        ),
        Claim(
            id="rates-no-time-saved",
            paper=papers.ICLR_2020,
            item="abstract",
            statement="Hyper-parameters that close the gap give up the time that the warm start saves.",
            topic=RATES,
            effect=SAVED,
            expects="within",
            least=20.0,
            digits=0,
        ),
    )
}
"""Every claim of the book, by id."""

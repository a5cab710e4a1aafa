"""Findings and verdicts on a page: the same on a chapter's, the front page and the page of other seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from wsnb.publishing.page import Shown, signed, table
from wsnb.verdicts.claims import Claim, Verdict, against_printed, says
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.findings import OTHERWISE, Finding
from wsnb.verdicts.judging import Judged
from wsnb.verdicts.power import MOST_SEEDS

MARKS = {"reproduced": "✔", "not reproduced": "✘", "inconclusive": "≈", "not run": "–"}

CORES = 2
"""Those that the hours of more seeds are said for."""


def grouped(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """Verdicts on the same question together: one measurement that several papers claim is one."""
    found: dict[object, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.claim.question or verdict.claim.id, []).append(verdict)
    return list(found.values())


def size(effect: Effect, value: float) -> str:
    """ "+2.1", or "×0.31" of a ratio."""
    digits = effect.measure.digits
    return f"×{math.exp(value):.{digits}f}" if effect.measure.is_ratio else signed(value, digits)


def least(effect: Effect) -> str:
    """The smallest size that matters: "1 points", or "×1.25"."""
    unit = f" {effect.measure.unit}" if effect.measure.unit and not effect.measure.is_ratio else ""
    return f"×{math.exp(effect.smallest):g}" if effect.measure.is_ratio else f"{effect.smallest:g}{unit}"


def measured(finding: Finding) -> str:
    """ "+2.1 [+0.9, +3.3]": the mean over seeds that finished, with its 95 % interval, of this effect alone."""
    effect, pairs = finding.effect, finding.measured.finished
    if pairs is None:
        return "failed" if finding.measured.failed else "one seed" if finding.measured.seeds else "not run"
    low, high = size(effect, pairs.low), size(effect, pairs.high)
    return f"{size(effect, pairs.mean)} [{low},\N{NO-BREAK SPACE}{high}]"


def state(finding: Finding) -> str:
    """The finding in words: "positive and large", "not judged: seeds 4, 5 are missing"."""
    found = finding.measured
    if finding.is_judged:
        failed = f" ({len(found.failed)} of {len(found.seeds)} pairs failed)" if found.failed else ""
        return finding.state + (" and large" if finding.is_large else "") + failed
    if found.missing:
        return f"not judged: {len(found.missing)} of {len(found.seeds) + len(found.missing)} seeds are missing"
    return "not judged: five seeds are the fewest"


def findings(judged: Judged) -> Shown:
    """The effects as they were declared, and what was found of each.

    p values are those by Holm's method over the members of a family: of the sign, of being small, of being large.
    """
    rows = []
    for finding in judged.findings.values():
        effect, found = finding.effect, finding.measured
        p_values = " / ".join(_p(p) for p in (finding.sign, finding.small, finding.large)) if finding.is_judged else "–"
        rows.append(
            (
                f"`{effect.name}`: {effect.sides}, {effect.measure.name}",
                least(effect),
                str(finding.members),
                measured(finding),
                str(len(found.seeds)),
                p_values,
                f"**{state(finding)}**",
            )
        )
    columns = (
        "effect",
        "smallest size that matters",
        "in its family",
        "mean [95 %]",
        "seeds",
        "p: sign / small / large",
    )
    return table((*columns, "finding"), rows)


def _p(value: float) -> str:
    return "<.001" if value < 0.001 else f"{value:.3f}".lstrip("0") if value < 1 else "1"


def verdicts(judged: Judged) -> Shown:
    """The table of a chapter's verdicts, a row a question, with what they rest on and what would settle the open."""
    rows = [
        (
            "<br>".join(f"`{verdict.claim.id}`: {stated(verdict.claim)}" for verdict in group),
            "<br>".join(dict.fromkeys(map(printed, group))),
            rests_on(group[0]),
            mark(group[0]),
        )
        for group in grouped(judged.verdicts)
    ]
    return table(("claim", "paper", "here", "verdict"), rows)


def mark(verdict: Verdict) -> str:
    """The verdict with its mark: "✔ **reproduced**"."""
    return f"{MARKS[verdict.outcome]} **{verdict.outcome}**"


def stated(claim: Claim) -> str:
    """The claim with its source."""
    derived = "; derived by us" if claim.is_derived else ""
    return f"{claim.statement} ({claim.paper.short}, {claim.item}{derived})"


def printed(verdict: Verdict) -> str:
    """The paper's own value of a claim's effect, and whether ours agrees with it."""
    claim = verdict.claim
    if claim.printed is None:
        return "no number"
    shown = signed(claim.printed.value, 1 if round(claim.printed.value, 1) == claim.printed.value else 2)
    return f"{shown} ({against_printed(verdict.findings[0], claim.printed)})" if verdict.findings else shown


def rests_on(verdict: Verdict) -> str:
    """What a verdict rests on: each finding, the seeds, what they could have found, what would settle it."""
    if not verdict.findings:
        return f"not run: needs {verdict.missing}"
    parts = []
    for finding in verdict.findings:
        name = f"`{finding.effect.name}` " if len(verdict.claim.expects) > 1 else ""
        said = f"{name}{measured(finding)}, {len(finding.measured.seeds)} seeds: {state(finding)}"
        if finding.is_judged and (least_found := finding.detectable) is not None:
            said += f"; so many find the sign of {size(finding.effect, least_found).lstrip('+')} four times in five"
        if finding.is_judged and says(finding, verdict.claim.expects[finding.effect.name]) == "inconclusive":
            said += f"; {settles(finding, verdict.claim)}"
        parts.append(said)
    if verdict.missing:
        parts.append(f"{'needs' if verdict.outcome == 'not run' else 'waits for'} {verdict.missing}")
    return "<br>".join(parts)


def settles(finding: Finding, claim: Claim) -> str:
    """How many seeds would settle an open claim four times in five, and about how many hours of two cores these are."""
    if finding.measured.failed:
        return "more seeds settle it only if their trainings do not fail"
    value = None if claim.printed is None else claim.printed.value
    hours, there = finding.measured.cost / 3600 / CORES, len(finding.measured.seeds)
    cases = "there is nothing", "it is as printed" if value else f"it is {OTHERWISE:g} times what matters"
    said = []
    for seeds, case in zip(finding.seeds_to_settle(claim.expects[finding.effect.name], value), cases, strict=True):
        if seeds is None:
            said.append(f"over {MOST_SEEDS} seeds if {case}")
        elif seeds <= there:
            said.append(f"as many seeds as these if {case}")
        else:
            said.append(f"{seeds} seeds if {case} ({(seeds - there) * hours:.1f} h more)")
    return "settled four times in five by " + ", by ".join(said)


def counted(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """By outcome, how many there are: what rests on the same measurements with the same outcome counts once.

    A claim that is made of several which are counted is not counted again.
    """
    alone = {question for verdict in verdicts if len(question := verdict.claim.question) == 1}
    found = {
        (frozenset(verdict.claim.expects) or verdict.claim.id, verdict.outcome)
        for verdict in verdicts
        if len(verdict.claim.question) < 2 or not all((part,) in alone for part in verdict.claim.question)
    }
    outcomes = [outcome for _, outcome in found]
    return {outcome: outcomes.count(outcome) for outcome in MARKS}

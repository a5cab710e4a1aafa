"""Claims of the papers, and verdicts on them computed from findings.

A claim is a statement with a source, the effects that it speaks of, and what it expects of each. Its verdict follows
from the findings by one rule, and is never written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scipy.special import stdtrit

from wsnb.verdicts.findings import Finding
from wsnb.verdicts.rule import Expects, Outcome
from wsnb.verdicts.statistics import welch


@dataclass(frozen=True)
class Paper:
    """A paper and how the book's bibliography cites it."""

    cite: str
    short: str


@dataclass(frozen=True)
class Printed:
    """A paper's own value of an effect.

    Attributes:
        value: on the effect's scale: the difference of the accuracies that it prints.
        error: the standard error of the value, where the paper prints one or its seeds are known.
        freedom: the degrees of freedom of that.
    """

    value: float
    error: float | None = None
    freedom: int = 0

    @property
    def half_width(self) -> float | None:
        """Of its 95 % interval, by Student's t."""
        return None if self.error is None else float(stdtrit(self.freedom, 0.975)) * self.error


@dataclass(frozen=True)
class Claim:
    """One statement of a paper.

    Attributes:
        id: its name in the book.
        paper: who says it.
        item: where: a table's cell, a figure.
        statement: what it says, in our words.
        topic: the heading under which the front page counts it.
        expects: what of which effect, by the effect's name; of several, all.
        prints: the paper's own value of each effect of which it prints a number, by the effect's name.
        is_derived: whether it follows from what the paper prints by our own reading alone.
        needs: what it needs that cannot be had here, when no chapter declares its effects.
    """

    id: str
    paper: Paper
    item: str
    statement: str
    topic: str
    expects: Mapping[str, Expects]
    prints: Mapping[str, Printed] = field(default_factory=dict)
    is_derived: bool = False
    needs: str = ""

    @property
    def printed(self) -> Printed | None:
        """The paper's own value of its effect, where it is about one and the paper prints a number."""
        return next(iter(self.prints.values()), None) if len(self.expects) == 1 else None

    @property
    def question(self) -> tuple[tuple[str, Expects], ...]:
        """What is measured and expected: claims with the same question are one, of several papers."""
        return tuple(sorted(self.expects.items()))


@dataclass(frozen=True)
class Verdict:
    """What the findings say of a claim.

    Attributes:
        claim: the claim.
        outcome: in a word or two.
        findings: those it rests on; none where nothing of it is recorded.
        profile: at which they were made.
        missing: what is needed when it was not run, or what it waits for.
    """

    claim: Claim
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    profile: str = ""
    missing: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether it says anything of the claim."""
        return self.outcome in ("reproduced", "not reproduced")


def says(finding: Finding, expects: Expects) -> Outcome:
    """What a finding makes of one expectation.

    *Positive* (or *negative*) is reproduced when the effect is, and not reproduced when it is the reverse or
    negligible; *negligible* when it is, and not reproduced when it is large; *not below* (or *not above*) when it is
    not, and not reproduced when it is large on that side. Anything else is inconclusive.
    """
    state, large = finding.state, finding.is_large
    confirmed: bool
    refuted: bool
    match expects:
        case "positive" | "negative":
            confirmed, refuted = state == expects, state in ({"positive", "negative", "negligible"} - {expects})
        case "negligible":
            confirmed, refuted = state == "negligible", large
        case "not below":
            confirmed, refuted = finding.is_not_below, large and state == "negative"
        case "not above":
            confirmed, refuted = finding.is_not_above, large and state == "positive"
    if not finding.is_judged:
        return "not run"
    return "reproduced" if confirmed else "not reproduced" if refuted else "inconclusive"


def verdict(claim: Claim, findings: Mapping[str, Finding], profile: str = "", needs: str = "") -> Verdict:
    """The verdict on a claim: every part reproduced reproduces it, and one part that is refuted refutes it.

    Args:
        claim: what is judged.
        findings: by the effect's name; a part of which there is none was not run.
        profile: at which they were made.
        needs: what a part needs of which there is no finding.
    """
    parts = [findings[name] for name in claim.expects if name in findings]
    outcomes: set[Outcome] = {
        says(findings[name], expects) for name, expects in claim.expects.items() if name in findings
    }
    if len(parts) < len(claim.expects) or not parts:
        outcomes.add("not run")
    order: tuple[Outcome, ...] = ("not reproduced", "not run", "inconclusive", "reproduced")
    outcome = next(each for each in order if each in outcomes)
    shown = tuple(each for each in parts if each.measured.seeds)
    needs = claim.needs or _records(parts) or needs if outcome == "not run" else ""
    return Verdict(claim, outcome, shown, profile, needs or ("its trainings" if outcome == "not run" else ""))


def _records(parts: Iterable[Finding]) -> str:
    """Which seeds are missing, in words."""
    for part in parts:
        measured = part.measured
        if measured.missing and not measured.seeds:
            return "its trainings"
        if measured.missing:
            return f"its trainings of seeds {', '.join(map(str, measured.missing))}"
        if not part.is_judged:
            return f"five seeds or more: {len(measured.seeds)} are planned"
    return ""


def against_printed(finding: Finding, printed: Printed) -> str:
    """Whether ours agrees with the paper's value: "agrees", "differs", or what cannot be said.

    By the Welch interval of ours less theirs: it differs when that leaves out zero, and agrees when it does not and
    half of its width is under the larger of d and half of what is printed. Without an error in print, where theirs lies
    of our interval is said.
    """
    ours = finding.measured.finished
    if ours is None or not finding.is_judged or finding.measured.too_many_failed:
        return "not judged"
    if printed.error is None:
        return "inside ours" if ours.low <= printed.value <= ours.high else "outside ours"
    low, high = welch(ours, printed.value, printed.error, printed.freedom)
    if low > 0 or high < 0:
        return "differs"
    narrow = (high - low) / 2 < max(finding.effect.smallest, abs(printed.value) / 2)
    return "agrees" if narrow else "cannot tell"

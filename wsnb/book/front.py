"""The front page: the verdicts of all chapters, gathered from their executed pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import nbformat

from wsnb import claims
from wsnb.book.chapters import chapters
from wsnb.book.page import MARKS, VERDICTS_MIME, Shown, signed, table
from wsnb.claims import GAP


@dataclass(frozen=True)
class Published:
    """A verdict as a chapter's page publishes it.

    Attributes:
        chapter: the chapter's name.
        outcome: as :attr:`wsnb.claims.Verdict.outcome`.
        measured: the effect with its interval, in words.
        seeds: how many.
        setting: what it was measured on.
        mean: the mean effect; None when not run.
    """

    chapter: str
    outcome: str
    measured: str
    seeds: int
    setting: str
    mean: float | None = None


def published_verdicts() -> dict[str, Published]:
    """By claim, the verdicts on the executed pages."""
    found = {}
    for chapter in chapters():
        if not chapter.page_path.exists():
            continue
        page = nbformat.read(chapter.page_path, as_version=4)
        for cell in page.cells:
            for output in cell.get("outputs", ()):
                for verdict in output.get("data", {}).get(VERDICTS_MIME, ()):
                    name = verdict.pop("claim")
                    found[name] = Published(chapter.name, **verdict)
    return found


def answer(published: Mapping[str, Published]) -> Shown:
    """What was measured, in two sentences: the range of the gap, and the count of verdicts."""
    outcomes = Counter(published[name].outcome if name in published else "not run" for name in claims.CLAIMS)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    lines = [f"Of {len(claims.CLAIMS)} claims examined so far: **{counts}**."]
    settings = sorted({verdict.setting for verdict in published.values() if verdict.seeds})
    gaps = [
        found.mean for name, found in published.items() if found.mean is not None and claims.CLAIMS[name].effect == GAP
    ]
    if gaps:
        span = f"{signed(min(gaps))} to {signed(max(gaps))} points"
        lines.append(f"In the mean over seeds, random init ended {span} above the warm start.")
        lines.append(f"Measured on {'; and on '.join(settings)}.")
    return Shown(" ".join(lines))


def claims_table(published: Mapping[str, Published]) -> Shown:
    """All claims with the paper's value, ours and the verdict, each linked to its chapter."""
    rows = []
    for name, claim in claims.CLAIMS.items():
        found = published.get(name)
        outcome = found.outcome if found else "not run"
        rows.append(
            (
                f"{claim.statement} ({claim.paper.short}, {claim.item})",
                "shown, not printed" if claim.printed is None else signed(claim.printed),
                f"{found.measured} ({found.seeds} seeds)" if found and found.seeds else "–",
                f"[{MARKS[outcome]} **{outcome}**]({found.chapter}.html)" if found else f"{MARKS[outcome]} {outcome}",
            )
        )
    return table(("claim", "paper", "here: mean [95 % interval]", "verdict"), rows)

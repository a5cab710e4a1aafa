"""The front page: the verdicts of all chapters, by the functions that the chapters call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from wsnb.evidence.records import Records
from wsnb.papers import CLAIMS
from wsnb.publishing.chapters import chapters
from wsnb.publishing.page import MARKS, Shown, effect, printed, signed, stated, table
from wsnb.verdicts.claims import GAP, Claim, Verdict


@dataclass(frozen=True)
class Published:
    """A verdict and the chapter whose page shows it."""

    chapter: str
    verdict: Verdict

    @property
    def mean(self) -> float | None:
        """The mean effect; None when not run."""
        return None if self.verdict.measured is None else self.verdict.measured.mean


def published_verdicts() -> dict[str, Published]:
    """By claim, the verdicts of each chapter in the profile that its page shows."""
    found = {}
    for chapter in chapters():
        if chapter.has_trials:
            settings = chapter.settings(chapter.published_profile(Records()))
            judged = chapter.verdicts(settings, chapter.records(settings))
            found |= {verdict.claim.id: Published(chapter.name, verdict) for verdict in judged}
    return found


def answer(published: Mapping[str, Published]) -> Shown:
    """What was measured, in a few sentences: the count of verdicts, the range of the gap, gap and saving online."""
    outcomes = Counter(_outcome(name, published) for name in CLAIMS)
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in MARKS if outcomes[outcome])
    lines = [f"Of {len(CLAIMS)} claims examined so far: **{counts}**."]
    settings = sorted({found.verdict.setting for found in published.values() if found.verdict.measured})
    gaps = [found.mean for name, found in published.items() if found.mean is not None and CLAIMS[name].effect == GAP]
    if gaps:
        span = f"{signed(min(gaps))} to {signed(max(gaps))} points"
        lines.append(f"In the mean over seeds, random init ended {span} above the warm start.")
    online, saved = (published.get(name) for name in ("online-gap-cifar10", "online-warm-start-saves"))
    if online and online.mean is not None and saved and saved.mean is not None:
        lines.append(
            f"Where data kept arriving, going on from the last model saved {saved.mean:.0f} % of the images that fresh "
            f"starts were shown, and random init ended {signed(online.mean)} points above it, in the mean over steps."
        )
    if settings:
        lines.append(f"Measured on {'; and on '.join(settings)}.")
    return Shown(" ".join(lines))


def _outcome(name: str, published: Mapping[str, Published]) -> str:
    return published[name].verdict.outcome if name in published else "not run"


def _by_topic() -> dict[str, list[Claim]]:
    topics: dict[str, list[Claim]] = {}
    for claim in CLAIMS.values():
        topics.setdefault(claim.topic, []).append(claim)
    return topics


def counts_table(published: Mapping[str, Published]) -> Shown:
    """How many claims there are of each topic, and what became of them."""
    rows = []
    for topic, group in _by_topic().items():
        chapters_of = {published[claim.id].chapter for claim in group if claim.id in published}
        link = f"[{topic}]({chapters_of.pop()}.html)" if len(chapters_of) == 1 else topic
        outcomes = Counter(_outcome(claim.id, published) for claim in group)
        rows.append((link, str(len(group)), *(str(outcomes[outcome] or "–") for outcome in MARKS)))
    return table(("topic", "claims", *(f"{mark} {outcome}" for outcome, mark in MARKS.items())), rows)


def claims_tables(published: Mapping[str, Published]) -> Shown:
    """All claims by topic, with the paper's value, ours and the verdict; those that were not run in a line."""
    parts = []
    for topic, group in _by_topic().items():
        run = [claim for claim in group if _outcome(claim.id, published) != "not run"]
        rows = []
        for claim in run:
            verdict = published[claim.id].verdict
            assert verdict.measured is not None
            rows.append(
                (
                    stated(claim),
                    printed(claim),
                    f"{effect(verdict.measured, claim.digits)} ({verdict.measured.n} seeds)",
                    f"[{MARKS[verdict.outcome]} **{verdict.outcome}**]({published[claim.id].chapter}.html)",
                )
            )
        parts.append(f"**{topic}**")
        if rows:
            parts.append(table(("claim", "paper", "here: mean [interval]", "verdict"), rows).markdown)
        absent = len(group) - len(run)
        if absent:
            needs = {published[claim.id].verdict.missing for claim in group if claim.id in published} - {""}
            parts.append(f"{absent} not run" + (f": needs {', '.join(sorted(needs))}." if needs else "."))
    return Shown("\n\n".join(parts))

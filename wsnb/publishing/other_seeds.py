"""Whether verdicts hold on other seeds: each chapter's claims, judged again on seeds that its page does not use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wsnb.evidence.records import Records
from wsnb.papers import CLAIMS
from wsnb.publishing.chapters import Chapter, chapters
from wsnb.publishing.page import MARKS, Shown, effect, stated, table
from wsnb.verdicts.claims import Verdict, verdict_on
from wsnb.verdicts.statistics import Paired

APART = 10
"""How far the other seeds lie above those of a page; no profile has more."""


@dataclass(frozen=True)
class Twice:
    """A claim as judged on the seeds of its page, and on others.

    Attributes:
        chapter: whose claim it is.
        first: the page's verdict.
        other: that of the other seeds.
    """

    chapter: Chapter
    first: Verdict
    other: Verdict

    @property
    def together(self) -> Verdict:
        """The verdict on the seeds of both."""
        first, other = self.first.measured, self.other.measured
        if first is None or other is None:
            return self.first if other is None else self.other
        pooled = Paired(first.differences + other.differences, level=first.level)
        return verdict_on(self.first.claim, pooled, self.first.setting)

    @property
    def holds(self) -> str:
        """Whether the other seeds say the same: "the same", "undecided" when one of the two is, or "the opposite"."""
        if self.first.outcome == self.other.outcome:
            return "the same"
        return "undecided" if "inconclusive" in (self.first.outcome, self.other.outcome) else "the opposite"


def judged_twice() -> list[Twice]:
    """Every claim of every chapter, in the profile that its page shows, from what is recorded. Nothing is trained."""
    found = []
    for chapter in chapters():
        if not chapter.has_trials:
            continue
        settings = _settings(chapter)
        first = _judged(chapter, settings)
        other = _judged(chapter, settings | {"first_seed": settings["first_seed"] + APART})
        found += [Twice(chapter, *both) for both in zip(first, other, strict=True)]
    order = list(CLAIMS)
    return sorted(found, key=lambda each: order.index(each.first.claim.id))


def _settings(chapter: Chapter) -> dict[str, Any]:
    """Those of its page."""
    return chapter.settings(chapter.published_profile(Records()))


def _judged(chapter: Chapter, settings: dict[str, Any]) -> list[Verdict]:
    return chapter.verdicts(settings, chapter.records(settings))


def _run_on_both(twice: Sequence[Twice]) -> list[Twice]:
    return [each for each in twice if each.first.measured and each.other.measured]


def summary(twice: Sequence[Twice]) -> Shown:
    """How many verdicts were the same."""
    both = _run_on_both(twice)
    if not both:
        return Shown("No claim has been run on other seeds yet.")
    decided = [each for each in both if _is_decided(each.first)]
    says = Counter(each.holds for each in decided)
    later = sum(_is_decided(each.other) for each in both if not _is_decided(each.first))
    signs = sum(each.first.measured.mean * each.other.measured.mean > 0 for each in both)
    return Shown(
        f"{len(both)} claims were run on other seeds. The seeds of the pages decide {len(decided)} of them: **the "
        f"other seeds say the same of {says['the same']}, are inconclusive about {says['undecided']}, and say the "
        f"opposite of {says['the opposite']}.** Of the {len(both) - len(decided)} that the pages leave open, the other "
        f"seeds decide {later}. All seeds together decide {sum(_is_decided(each.together) for each in both)}. The mean "
        f"effect has the same sign on both for {signs}."
    )


def _is_decided(verdict: Verdict) -> bool:
    return verdict.outcome in ("reproduced", "not reproduced")


def tables(twice: Sequence[Twice]) -> Shown:
    """For each chapter a table of its claims: effect and verdict on the page's seeds, on others, and on both."""
    parts = []
    for chapter in dict.fromkeys(each.chapter for each in twice):
        own = [each for each in twice if each.chapter == chapter]
        parts.append(f"**[{chapter.title}]({chapter.name}.html)**")
        both = _run_on_both(own)
        if both:
            rows = [
                (
                    stated(each.first.claim),
                    *(_in_words(verdict) for verdict in (each.first, each.other, each.together)),
                )
                for each in both
            ]
            parts.append(table(("claim", "on the page", "on other seeds", "on both together"), rows).markdown)
        elif any(each.first.measured for each in own):
            settings = _settings(chapter)
            options = f"--profile {settings['profile']} -p first_seed={settings['first_seed'] + APART}"
            parts.append(
                f"Not run on other seeds. This runs it:\n\n```\nwsnb run {chapter.name} {options}\n"
                "wsnb book other-seeds\n```"
            )
        else:
            parts.append("Not run.")
    return Shown("\n\n".join(parts))


def _in_words(verdict: Verdict) -> str:
    assert verdict.measured is not None
    shown = effect(verdict.measured, verdict.claim.digits)
    return f"{shown}, {verdict.measured.n} seeds: {MARKS[verdict.outcome]} **{verdict.outcome}**"

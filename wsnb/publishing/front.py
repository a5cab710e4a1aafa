"""The front page: the verdicts of all chapters, by the functions that the chapters call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from wsnb.papers import CLAIMS
from wsnb.publishing.board import MARKS, apart, cards, grouped, outcomes
from wsnb.publishing.chapters import chapters
from wsnb.publishing.page import measured_on, signed
from wsnb.publishing.shown import Html, Shown
from wsnb.publishing.tables import table
from wsnb.verdicts.claims import Verdict
from wsnb.verdicts.findings import Finding


@dataclass(frozen=True)
class Board:
    """What became of every claim, and of every effect that a chapter declares.

    Attributes:
        verdicts: by claim.
        findings: by effect.
        chapter_of: by claim, the chapter whose page shows it; of a claim that none can test, nothing.
    """

    verdicts: Mapping[str, Verdict]
    findings: Mapping[str, Finding]
    chapter_of: Mapping[str, str]


def board() -> Board:
    """Every chapter's verdicts at the profiles that its page shows."""
    verdicts: dict[str, Verdict] = {}
    findings: dict[str, Finding] = {}
    chapter_of: dict[str, str] = {}
    for chapter in chapters():
        if chapter.has_trials:
            judged = chapter.published_verdicts()
            verdicts |= {verdict.claim.id: verdict for verdict in judged.verdicts}
            findings |= judged.findings
            chapter_of |= {verdict.claim.id: chapter.name for verdict in judged.verdicts}
    absent = {name: Verdict(claim, "not run", missing=claim.needs) for name, claim in CLAIMS.items()}
    return Board({name: verdicts.get(name, absent[name]) for name in CLAIMS}, findings, chapter_of)


def answer(found: Board) -> Shown:
    """What was measured, in a few sentences: the count of verdicts, the headline gap, gap and saving online."""
    became = outcomes(list(found.verdicts.values()))
    counts = ", ".join(f"{count} {outcome}" for outcome, count in became.items() if count)
    lines = [f"Of {sum(became.values())} claims examined so far: **{counts}**."]
    headline = found.findings.get("figure-1-gap")
    if headline and headline.measured.finished:
        pairs, example = headline.measured.finished, headline.measured.example
        where = f" ({measured_on(example)})" if example else ""
        place = "below" if pairs.mean > 0 else "above"
        lines.append(
            f"Trained on half of the data and then on all of it, a ResNet-18 ended {abs(pairs.mean):.1f} points "
            f"{place} one that was trained on all of it from a random initialisation: a gap of {signed(pairs.mean)} "
            f"[{signed(pairs.low)}, {signed(pairs.high)}] over {pairs.n} seeds{where}."
        )
    gap, images = found.findings.get("online-gap"), found.findings.get("online-images")
    if gap and gap.measured.finished and images and images.measured.finished:
        saved, points = 100 * (1 - math.exp(images.measured.finished.mean)), gap.measured.finished.mean
        lines.append(
            f"Where data kept arriving, going on from the last model saved {saved:.0f} % of the images that fresh "
            f"starts were shown, and random init ended {signed(points)} points above it, in the mean over steps."
        )
    return Shown(" ".join(lines))


def counts_table(found: Board) -> Html:
    """How many claims there are of each topic, and what became of them; what several papers claim counts once."""
    rows = []
    for topic, group in _by_topic(found).items():
        of_chapters = {found.chapter_of[each.claim.id] for each in group if each.claim.id in found.chapter_of}
        link = f"[{topic}]({of_chapters.pop()}.html)" if len(of_chapters) == 1 else topic
        became = outcomes(group)
        rows.append((link, str(sum(became.values())), *(str(count or "–") for count in became.values())))
    return table(("topic", "claims", *(f"{mark} {outcome}" for outcome, mark in MARKS.items())), rows)


def _by_topic(found: Board) -> dict[str, list[Verdict]]:
    topics: dict[str, list[Verdict]] = {}
    for verdict in found.verdicts.values():
        topics.setdefault(verdict.claim.topic, []).append(verdict)
    return topics


def claims(found: Board) -> Html:
    """All claims by topic; those that were not run in a line."""
    html, plain = "", []
    for topic, group in _by_topic(found).items():
        run, absent = apart(grouped(group))
        shown = cards(run, {each[0].claim.id: f"{found.chapter_of[each[0].claim.id]}.html" for each in run})
        lines = [
            f"{outcomes([each[0] for each in lacking])['not run']} not run: needs {missing}."
            for missing, lacking in absent.items()
        ]
        html += f'<p class="topic">{escape(topic)}</p>{shown.html}' + "".join(
            f"<p>{escape(line)}</p>" for line in lines
        )
        plain += [topic, shown.plain, *lines]
    return Html(html, "\n".join(plain))

"""The front page and the page of claims: all chapters' verdicts, by the functions that the chapters call."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from wsnb.errors import counted
from wsnb.papers import CLAIMS
from wsnb.publishing import figures
from wsnb.publishing.board import LEGEND, MARKS, apart, cards, grouped, outcomes
from wsnb.publishing.board import answer as board_answer
from wsnb.publishing.chapters import chapters
from wsnb.publishing.figures import Drawn
from wsnb.publishing.shown import Html, Shown, Source
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
    """What was found of the questions that a reader has first: what is decided, then what is not."""

    def of(name: str, **words: str) -> str:
        return board_answer(found.findings.get(name), **words)

    half_first = "Trained on half of the data first, with SGD, a ResNet-18 ends"
    going_on = "Where data keeps arriving, going on from the last model, with Adam, ends"
    lines = [
        of(
            "figure-1-gap",
            positive=f"{half_first} below one that had all of it from the beginning",
            negative=f"{half_first} above one that had all of it from the beginning",
            negligible=f"{half_first} as one does that had all of it from the beginning",
            unclear="whether a ResNet-18 that was trained on half of the data first, with SGD, ends below one that had "
            "all of it from the beginning",
        ),
        of(
            "online-gap",
            positive=f"{going_on} below training anew",
            negative=f"{going_on} above training anew",
            negligible=f"{going_on} as training anew does",
            unclear="whether going on from the last model, as data keeps arriving, ends below training anew",
        ),
    ]
    images = found.findings.get("online-images")
    if images and images.measured.finished and images.measured.finished.mean < 0:
        saved = 100 * (1 - math.exp(images.measured.finished.mean))
        lines[-1] += f" It is shown {saved:.0f} % fewer images."
    lines.append(
        of(
            "figure-5-help",
            positive="Shrink-perturb ends above the plain warm start",
            negative="Shrink-perturb ends below the plain warm start",
            negligible="Shrink-perturb ends as the plain warm start does",
            unclear="whether shrink-perturb ends above the plain warm start",
        )
    )
    decided = [line for line in lines if not line.startswith("Not")]
    return Shown(
        "\n\n".join(" ".join(part) for part in (decided, [each for each in lines if each not in decided]) if part)
    )


def counts(found: Board) -> Shown:
    """How many claims there are, and what became of them."""
    became = outcomes(list(found.verdicts.values()))
    said = ", ".join(f"{count} {outcome}" for outcome, count in became.items() if count)
    return Shown(f"Of {sum(became.values())} claims so far: **{said}**.")


HEADLINES = {
    "What a warm start costs": {
        "figure-1-gap": "half of the data, then all: SGD",
        "table-1-cifar-10-resnet-18-momentum-sgd": "to 99 %: momentum SGD",
        "table-1-cifar-10-resnet-18-adam": "to 99 %: Adam",
        "online-gap": "as data keeps arriving: Adam",
    },
    "How much of that is saved": {
        "figure-3-help": "by stopping the half early",
        "table-2-0.001-to-0.1": "by weight decay of 0.1, not 0.001",
        "figure-9-mitigates": "by augmentation",
        "figure-5-help": "by shrink-perturb",
    },
}
"""The effects that the front page draws, by heading, each with what it is called there; all in points of accuracy."""


def headlines(found: Board) -> Drawn:
    """The figure of the front page: what a warm start costs, and what is saved by what."""
    rows, absent = {}, []
    for title, group in HEADLINES.items():
        measured = {label: found.findings[name].measured for name, label in group.items() if name in found.findings}
        absent += [label for label in group.values() if label not in measured or not measured[label].finished]
        rows[title] = {label: figures.interval(each.finished) for label, each in measured.items() if each.finished}
    drawn = {name for group in HEADLINES.values() for name in group}
    judged = [each for name, each in found.findings.items() if name in drawn and each.measured.finished]
    decided = sum(each.is_judged and each.state != "unclear" for each in judged)
    reading = (
        "Test accuracy of ResNet-18 on CIFAR-10. Above: random init less the warm start, to the right where the warm "
    )
    reading += "start is worse. Below: how much smaller that is, or becomes."
    if absent:
        reading += f" Not run: {'; '.join(absent)}."
    return figures.intervals(
        "headlines",
        {title: group for title, group in rows.items() if group},
        xlabel="points of test accuracy",
        message=f"What a warm start costs, and what helps: {decided} of {len(judged)} that were run are decided.",
        within=1.0,
        source=Source(
            "intro", records={trial: record for each in judged for trial, record in each.measured.records.items()}
        ),
        reading=reading,
    )


def counts_table(found: Board) -> Html:
    """How many claims there are of each topic, and what became of them; what several papers claim counts once."""
    rows = []
    for topic, group in _by_topic(found).items():
        link = f"[{topic}](claims.html#{_anchor(topic)})"
        became = outcomes(group)
        rows.append((link, str(sum(became.values())), *(str(count or "–") for count in became.values())))
    return table(("topic", "claims", *(f"{mark} {outcome}" for outcome, mark in MARKS.items())), rows)


def _anchor(topic: str) -> str:
    """Of a topic, on the page of claims."""
    return "topic-" + re.sub(r"\W+", "-", topic.lower())


def _by_topic(found: Board) -> dict[str, list[Verdict]]:
    topics: dict[str, list[Verdict]] = {}
    for verdict in found.verdicts.values():
        topics.setdefault(verdict.claim.topic, []).append(verdict)
    return topics


def claims(found: Board) -> Html:
    """All claims by topic; those that were not run are folded."""
    html, plain = f'<p class="rests">{LEGEND}</p>', []
    for topic, group in _by_topic(found).items():
        run, absent = apart(grouped(group))
        shown = cards(run, {each[0].claim.id: f"{found.chapter_of[each[0].claim.id]}.html" for each in run})
        html += f'<h2 id="{_anchor(topic)}">{escape(topic)}</h2>{shown.html}'
        plain += [topic, shown.plain]
        if absent:
            folded, count = cards(each for groups in absent.values() for each in groups), sum(map(len, absent.values()))
            html += (
                f'<details class="rests"><summary>{counted(count, "question")} not run</summary>{folded.html}</details>'
            )
            plain.append(folded.plain)
    return Html(html, "\n".join(plain))

"""Findings and verdicts on a page: the same on a chapter's, the front page and the page of other seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from wsnb.errors import counted
from wsnb.publishing.colours import FAINT, INK, PAPER, in_both_schemes
from wsnb.publishing.page import signed
from wsnb.publishing.shown import Html, Source
from wsnb.publishing.tables import LINE, Cell, table
from wsnb.verdicts.claims import Claim, Printed, Verdict, against_printed, says
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


def least_in_words(effect: Effect) -> str:
    """The smallest size that matters: "1 point", or "×1.25"."""
    if effect.measure.is_ratio:
        return f"×{math.exp(effect.smallest):g}"
    unit = _unit(effect).removesuffix("s") if effect.smallest == 1 else _unit(effect)
    return f"{effect.smallest:g}{unit}"


def in_units(finding: Finding) -> str:
    """ "+2.1 [+0.9, +3.3] points, 5 seeds", or how far it came."""
    if finding.measured.finished is None:
        return measured(finding)
    return f"{measured(finding)}{_unit(finding.effect)}, {counted(len(finding.measured.seeds), 'seed')}"


def measured(finding: Finding) -> str:
    """ "+2.1 [+0.9, +3.3]": the mean over seeds that finished, with its 95 % interval, of this effect alone."""
    effect, pairs = finding.effect, finding.measured.finished
    if pairs is None:
        return "failed" if finding.measured.failed else "one seed" if finding.measured.seeds else "not run"
    low, high = size(effect, pairs.low), size(effect, pairs.high)
    values = (pairs.mean, pairs.low, pairs.high)
    if effect.measure.is_ratio:
        values = tuple(map(math.exp, values))
    return Cell(
        f"{size(effect, pairs.mean)} [{low},\N{NO-BREAK SPACE}{high}]",
        dict(zip(("", "low", "high"), values, strict=True)),
    )


def state(finding: Finding) -> str:
    """The finding in words: "positive and large", "not judged: seeds 4, 5 are missing"."""
    found = finding.measured
    if finding.is_judged:
        failed = f" ({len(found.failed)} of {len(found.seeds)} pairs failed)" if found.failed else ""
        return finding.state + (" and large" if finding.is_large else "") + failed
    if found.missing:
        return f"not judged: {len(found.missing)} of {len(found.seeds) + len(found.missing)} seeds are missing"
    return "not judged: five seeds are the fewest"


def findings(judged: Judged, source: Source | None = None) -> Html:
    """The effects as they were declared, and what was found of each; of those that were not run, the names.

    The p value is that of being small where the effect is negligible, and else that of its sign, by Holm's method over
    the members of a family, of which there are so many; the file of data has both, and that of being large.
    """
    rows = []
    for finding in judged.findings.values():
        effect, found = finding.effect, finding.measured
        p_values = "–"
        if finding.is_judged:
            of = {"sign": finding.sign, "small": finding.small, "large": finding.large}
            decides = of["small" if finding.state == "negligible" else "sign"]
            p_values = Cell(f"{_p(decides)} ({finding.members})", of)
        if found.seeds:
            rows.append(
                (
                    f"`{effect.name}`{LINE}{effect.sides}, {effect.measure.name}",
                    measured(finding),
                    f"**{state(finding)}**",
                    str(len(found.seeds)),
                    least_in_words(effect),
                    p_values,
                )
            )
    columns = ("effect", "mean [95 %]", "finding", "seeds", "matters from", "p (family of)")
    shown = table(columns, rows, name="findings", source=source) if rows else Html("", "")
    absent = [finding.effect.name for finding in judged.findings.values() if not finding.measured.seeds]
    if not absent:
        return shown
    names, title = ", ".join(f"<code>{escape(name)}</code>" for name in absent), counted(len(absent), "effect")
    html = f'<details class="rests"><summary>{title} not run</summary><p>{names}</p></details>'
    return Html(shown.html + html, f"{shown.plain}\n{title} not run: {', '.join(absent)}".lstrip())


def _p(value: float) -> str:
    return "<.001" if value < 0.001 else f"{value:.3f}".lstrip("0") if value < 1 else "1"


def verdicts(judged: Judged, also: Iterable[str] = ()) -> Html:
    """A chapter's verdicts, a card for each question.

    Args:
        judged: what became of its effects and claims.
        also: effects that no claim speaks of, by name, each on a card of its own.
    """
    shown = cards(grouped(judged.verdicts))
    asked = [judged.findings[name] for name in also if name in judged.findings]
    html = "".join(
        f'<div class="verdict"><p class="outcome">{state(each)}</p><p class="claim">{escape(each.effect.sides)} '
        f'<span class="by">asked by us</span></p>{_row(each, escape(f"{_what(each.effect)}: "), [])}</div>'
        for each in asked
        if each.measured.seeds
    )
    plain = "".join(f"\nAsked by us: {each.effect.sides}: {measured(each)}: {state(each)}" for each in asked)
    return Html(f'<p class="rests">{LEGEND}</p>{shown.html}{html}', shown.plain + plain)


def cards(questions: Iterable[Sequence[Verdict]], links: Mapping[str, str] | None = None) -> Html:
    """For each question the claims in words, the finding beside what matters and what is printed, what it rests on.

    What was not run, and lacks the same, is one card.

    Args:
        questions: the verdicts on each.
        links: by claim, the page that its outcome leads to.
    """
    run, absent = apart(questions)
    shown = [(_card(group, (links or {}).get(group[0].claim.id)), _in_text(group)) for group in run]
    shown += [(_absent_card(missing, groups), "\n".join(map(_in_text, groups))) for missing, groups in absent.items()]
    return Html("".join(html for html, _ in shown), "\n".join(plain for _, plain in shown))


def apart(
    questions: Iterable[Sequence[Verdict]],
) -> tuple[list[Sequence[Verdict]], dict[str, list[Sequence[Verdict]]]]:
    """The questions of which something was run; and by what is missing, those of which nothing was."""
    run: list[Sequence[Verdict]] = []
    absent: dict[str, list[Sequence[Verdict]]] = {}
    for group in questions:
        (run if group[0].findings else absent.setdefault(group[0].missing, [])).append(group)
    return run, absent


def _absent_card(missing: str, groups: Sequence[Sequence[Verdict]]) -> str:
    """What lacks the same, a line for each question."""
    claims = "".join(f"<li>{''.join(map(_claim, group))}{_printed(group)}</li>" for group in groups)
    outcome = mark(groups[0][0]) + (f": needs {missing}" if missing else "")
    return f'<div class="verdict not-run"><p class="outcome">{escape(outcome)}</p><ul>{claims}</ul></div>'


def _claim(verdict: Verdict) -> str:
    claim = verdict.claim
    return (
        f'<p class="claim" id="claim-{claim.id}">{escape(claim.statement)} '
        f'<span class="by">{escape(by(claim))}</span></p>'
    )


def _printed(group: Sequence[Verdict], *sentences: str) -> str:
    """What papers print of a question, and what else there is to say."""
    theirs = dict.fromkeys(f"{each.claim.paper.short}: {printed(each)}" for each in group if each.claim.prints)
    rests = [f"Printed: {'; '.join(theirs)}."] if theirs else []
    return f'<p class="rests">{escape(" ".join([*rests, *sentences]))}</p>' if rests or sentences else ""


def _card(group: Sequence[Verdict], link: str | None) -> str:
    first = group[0]
    outcome = escape(mark(first))
    if link:
        outcome = f'<a href="{link}">{outcome}</a>'
    several = len(first.findings) > 1

    def theirs(finding: Finding) -> list[Printed]:
        prints = (verdict.claim.prints.get(finding.effect.name) for verdict in group)
        return [each for each in prints if each]

    whats = [_what(finding.effect) for finding in first.findings]
    shared = several and len(set(whats)) == 1
    found = f"<p>{escape(whats[0])}:</p>" if shared else ""
    ends: dict[str, list[float]] = {}  # of each measure's axes
    for finding in first.findings:
        ends.setdefault(finding.effect.measure.name, []).extend(_ends(finding, theirs(finding)))
    for finding, what in zip(first.findings, whats, strict=True):
        name = f"<code>{escape(finding.effect.name)}</code> " if several else ""
        what, of = "" if shared else escape(f"{what}: "), ends[finding.effect.measure.name]
        found += _row(finding, name + what, theirs(finding), f": {state(finding)}", of)
    said = notes(first)
    if several and said:
        power = "".join(f"<li>{escape(each)}</li>" for each in said)
        rests = (
            f'{_printed(group)}<details class="rests"><summary>What its seeds find, and what would settle it</summary>'
        )
        rests += f"<ul>{power}</ul></details>"
    else:
        rests = _printed(group, *said)
    return (
        f'<div class="verdict {first.outcome.replace(" ", "-")}"><p class="outcome">{outcome}</p>'
        f"{''.join(map(_claim, group))}{found}{rests}</div>"
    )


def _row(finding: Finding, before: str, theirs: Sequence[Printed], after: str = "", ends: Sequence[float] = ()) -> str:
    """A finding on its axis, which holds these ends too, and beside it in words."""
    here = f"{before}<strong>{escape(in_units(finding))}</strong>{after}"
    return f'<div class="finding">{_axis(finding, theirs, ends)}<p>{here}</p></div>'


def _ends(finding: Finding, theirs: Sequence[Printed]) -> list[float]:
    """What an axis of this finding has to hold, at the least."""
    least, pairs = finding.effect.smallest, finding.measured.finished
    ends = [-1.6 * least, 1.6 * least, *([] if pairs is None else (pairs.low, pairs.high))]
    return ends + [each.value + sign * (each.half_width or 0.0) for each in theirs for sign in (-1, 1)]


def _what(effect: Effect) -> str:
    """What is measured, and from which size it matters."""
    return f"{effect.sides}, {effect.measure.name} (matters from {least_in_words(effect)})"


def _in_text(group: Sequence[Verdict]) -> str:
    """The card in words."""
    first = group[0]
    claims = " / ".join(f"{verdict.claim.id}: {stated(verdict.claim)}" for verdict in group)
    theirs = "; ".join(dict.fromkeys(map(printed, group)))
    return f"{mark(first)}: {claims} Printed: {theirs}. Here: {rests_on(first)}"


LEGEND = (
    "Disc and bar: our mean and its 95 % interval; shaded: too small to matter; diamond: what a paper prints, on a "
    "thin line where it prints an error, hollow where it is the second paper. The axes of a card are of one width "
    "where they measure the same; those of others are not. What is negligible is so by its 90 % interval."
)

WIDTH, HEIGHT = 260, 40
"""Of what is drawn on a finding's axis, in pixels; its numbers stand below."""


def _axis(finding: Finding, theirs: Sequence[Printed], ends: Sequence[float] = ()) -> str:
    """A finding as an interval on a small axis, with what is too small to matter and the papers' values."""
    pairs, effect = finding.measured.finished, finding.effect
    if pairs is None:
        return ""
    least, printed = effect.smallest, [(each.value, each.half_width or 0.0) for each in theirs]
    ends = [*ends, *_ends(finding, theirs)]
    low, high = min(ends), max(ends)

    def at(value: float) -> float:
        return round(12 + (WIDTH - 24) * (value - low) / (high - low), 1)

    middle, ink, faint = HEIGHT / 2, INK.light, FAINT.light
    marks = [
        f'<path d="M{at(-least)} 3H{at(least)}V{HEIGHT - 3}H{at(-least)}z" fill-opacity=".16" style="fill: {faint}"/>',
        f'<path d="M4 {middle}H{WIDTH - 4}" stroke-width="1" style="stroke: {faint}"/>',
        f'<path d="M{at(0)} 3V{HEIGHT - 3}" stroke-width="1" style="stroke: {faint}"/>',
        f'<path d="M{at(pairs.low)} {middle}H{at(pairs.high)}" stroke-width="4" style="stroke: {ink}"/>',
        f'<circle cx="{at(pairs.mean)}" cy="{middle}" r="6" style="fill: {ink}"/>',
    ]
    for number, (value, half) in enumerate(printed):
        paint = f"fill: {PAPER.light if number else faint}; stroke: {faint}"
        marks += [
            f'<path d="M{at(value - half)} {middle - 9}H{at(value + half)}" stroke-width="1" style="stroke: {faint}"/>',
            f'<path d="M{at(value)} {middle - 14}l5 5l-5 5l-5 -5z" style="{paint}"/>',
        ]
    zero = "×1" if effect.measure.is_ratio else "0"
    ticks = [_Tick.at(at(0), zero)]
    around = [_Tick.at(at(value), size(effect, value)) for value in (-least, least)]
    if all(each.is_clear_of(ticks) for each in around):
        ticks += around
    else:  # the ends of the interval instead, where they stand apart from zero, and what of the others has room
        ticks_of_ends = [_Tick.at(at(value), size(effect, value)) for value in (pairs.low, pairs.high)]
        for each in (*ticks_of_ends, *reversed(around)):
            if each.is_clear_of(ticks):
                ticks.append(each)
    marks += [each.drawn for each in sorted(ticks)]
    said = f"{effect.sides}: {measured(finding)}{_unit(effect)}; the smallest that matters is {least_in_words(effect)}"
    said += "".join(f"; printed {size(effect, value)}" for value, _ in printed)
    return (
        f'<svg class="axis" viewBox="0 0 {WIDTH} {HEIGHT + 18}" width="{WIDTH}" height="{HEIGHT + 18}" role="img" '
        f'aria-label="{escape(said)}">{in_both_schemes("".join(marks))}</svg>'
    )


CHARACTER = 8
"""Pixels that one takes of an axis's numbers, and between two of these."""


class _Tick(NamedTuple):
    """A number below an axis, and where its middle stands."""

    x: float
    text: str

    @classmethod
    def at(cls, x: float, text: str) -> _Tick:
        """There, or as near to it as the whole number fits."""
        half = CHARACTER * len(text) / 2
        return cls(min(max(x, half), WIDTH - half), text)

    def is_clear_of(self, others: Iterable[_Tick]) -> bool:
        """Whether a character's room is left between it and each of these."""
        return all(abs(self.x - each.x) > CHARACTER * (len(self.text + each.text) / 2 + 1) for each in others)

    @property
    def drawn(self) -> str:
        """The mark."""
        return (
            f'<text x="{self.x}" y="{HEIGHT + 13}" text-anchor="middle" font-size="14" style="fill: {INK.light}">'
            f"{self.text}</text>"
        )


def _unit(effect: Effect) -> str:
    return f" {effect.measure.unit}" if effect.measure.unit and not effect.measure.is_ratio else ""


def mark(verdict: Verdict) -> str:
    """The verdict with its mark: "✔ reproduced"."""
    return f"{MARKS[verdict.outcome]} {verdict.outcome}"


def stated(claim: Claim) -> str:
    """The claim with its source."""
    return f"{claim.statement} ({by(claim)})"


def by(claim: Claim) -> str:
    """Whose a claim is, and where."""
    return f"{claim.paper.short}, {claim.item}" + ("; derived by us" if claim.is_derived else "")


def printed(verdict: Verdict) -> str:
    """The paper's own values of a claim's effects, and whether ours agree with them."""
    found, ours = [], {finding.effect.name: finding for finding in verdict.findings}
    for name, theirs in verdict.claim.prints.items():
        shown = signed(theirs.value, 1 if round(theirs.value, 1) == theirs.value else 2)
        found.append(f"{shown} ({against_printed(ours[name], theirs)})" if name in ours else shown)
    return ", ".join(found) or "no number"


def rests_on(verdict: Verdict) -> str:
    """What a verdict rests on: each finding, the seeds, what they could have found, what would settle it."""
    if not verdict.findings:
        return f"not run: needs {verdict.missing}"
    parts = []
    for finding in verdict.findings:
        name = f"{finding.effect.name} " if len(verdict.claim.expects) > 1 else ""
        parts.append(f"{name}{measured(finding)}, {counted(len(finding.measured.seeds), 'seed')}: {state(finding)}")
    return "; ".join(parts) + ". " + " ".join(notes(verdict))


def notes(verdict: Verdict) -> list[str]:
    """Sentences on a verdict's power: what its seeds could have found; of an open one, what would settle it."""
    found = [] if verdict.findings or not verdict.missing else [f"Not run: needs {verdict.missing}."]
    several = len(verdict.claim.expects) > 1
    for finding in verdict.findings:
        of = f"{finding.effect.name}: " if several else ""
        if finding.is_judged and (least_found := finding.detectable) is not None:
            sign = size(finding.effect, least_found).lstrip("+")
            found.append(
                f"{of}These seeds would find the sign of an effect of {sign}{_unit(finding.effect)} four times in five."
            )
        if finding.is_judged and says(finding, verdict.claim.expects[finding.effect.name]) == "inconclusive":
            found.append(of + settles(finding, verdict.claim))
    if verdict.findings and verdict.missing:
        found.append(f"It {'needs' if verdict.outcome == 'not run' else 'waits for'} {verdict.missing}.")
    return found


def answer(finding: Finding | None, *, positive: str, negative: str, negligible: str, unclear: str) -> str:
    """A sentence for a chapter's answer, by what was found.

    Args:
        finding: what it speaks of; none where nothing of it can be judged.
        positive, negative, negligible: what is said of each.
        unclear: what is asked, of which nothing can be said ("whether ...").
    """
    if finding is None or not finding.measured.seeds:
        return f"Not judged yet: {unclear}."
    words = {"positive": positive, "negative": negative, "negligible": negligible}.get(finding.state)
    found = finding.measured
    if found.finished is None:
        failed = f"; {len(found.failed)} failed" if found.failed else ""
        return f"Not judged: {unclear} ({counted(len(found.seeds), 'seed')}{failed})."
    here = in_units(finding)
    if words:
        if finding.state == "negligible" or finding.effect.measure.is_ratio:
            return f"{words} ({here})."
        matters = "" if finding.is_large else f", where {least_in_words(finding.effect)} matters"
        return f"{words} (by {_how_much(finding)}{matters})."
    return f"{'Not decided' if finding.is_judged else 'Not judged before all seeds are there'}: {unclear} ({here})."


def _how_much(finding: Finding) -> str:
    """ "3.2 [2.4, 3.9] points, 5 seeds": a difference whose sign the words say."""
    pairs, effect = finding.measured.finished, finding.effect
    assert pairs is not None
    sign = 1 if finding.state == "positive" else -1
    low, high = sorted((sign * pairs.low, sign * pairs.high))
    mean, low, high = (size(effect, value).lstrip("+") for value in (sign * pairs.mean, low, high))
    seeds = counted(len(finding.measured.seeds), "seed")
    return f"{mean} [{low},\N{NO-BREAK SPACE}{high}]{_unit(effect)}, {seeds}"


def settles(finding: Finding, claim: Claim) -> str:
    """How many seeds would settle an open claim four times in five, and about how many hours of two cores these are."""
    if finding.measured.failed:
        return "More seeds settle it only if their trainings do not fail."
    theirs = claim.prints.get(finding.effect.name)
    value = None if theirs is None else theirs.value
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
    return "It would be settled, four times in five, by " + ", by ".join(said) + "."


def outcomes(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """By outcome, how many there are: what rests on the same measurements with the same outcome counts once.

    A claim that is made of several which are counted is not counted again.
    """
    alone = {question for verdict in verdicts if len(question := verdict.claim.question) == 1}
    found = {
        (frozenset(verdict.claim.expects) or verdict.claim.id, verdict.outcome)
        for verdict in verdicts
        if len(verdict.claim.question) < 2 or not all((part,) in alone for part in verdict.claim.question)
    }
    of_all = [outcome for _, outcome in found]
    return {outcome: of_all.count(outcome) for outcome in MARKS}

"""Whether findings hold on other seeds: each chapter's effects, judged again on seeds that its page does not use.

Other seeds have verdicts of their own. They change no page's, and are not joined with its seeds: that would be a second
look at the same question, at a level that was meant for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from wsnb.papers import CLAIMS
from wsnb.publishing.board import grouped, mark, measured, stated
from wsnb.publishing.chapters import Chapter, chapters
from wsnb.publishing.shown import Html, Shown
from wsnb.publishing.tables import table
from wsnb.verdicts.claims import Verdict

APART = 50
"""How far the other seeds lie above those of a page; no profile has more."""


@dataclass(frozen=True)
class Twice:
    """A question as judged on the seeds of its page, and on others.

    Attributes:
        chapter: whose it is.
        first: the page's verdict.
        other: that of the other seeds.
    """

    chapter: Chapter
    first: Verdict
    other: Verdict

    @property
    def holds(self) -> str:
        """Whether the other seeds say the same: "the same", "undecided" when one of the two is, or "the opposite"."""
        if self.first.outcome == self.other.outcome:
            return "the same"
        return "the opposite" if self.first.is_decided and self.other.is_decided else "undecided"

    @property
    def is_on_both(self) -> bool:
        """Whether both are judged."""
        return "not run" not in (self.first.outcome, self.other.outcome)


def judged_twice() -> list[Twice]:
    """Every question of every chapter, at the profile that its page shows, from what is recorded."""
    found = []
    for chapter in chapters():
        if not chapter.has_trials:
            continue
        others = {each.claim.id: each for each in chapter.published_verdicts(seeds_from=APART).verdicts}
        for first, *_ in grouped(chapter.published_verdicts().verdicts):
            other = others.get(first.claim.id, Verdict(first.claim, "not run"))
            if other.profile != first.profile:
                other = Verdict(first.claim, "not run")
            found.append(Twice(chapter, first, other))
    order = list(CLAIMS)
    return sorted(found, key=lambda each: order.index(each.first.claim.id))


def summary(twice: Sequence[Twice]) -> Shown:
    """How many verdicts were the same."""
    both = [each for each in twice if each.is_on_both]
    if not both:
        return Shown("No claim has been run on other seeds yet.")
    decided = [each for each in both if each.first.is_decided]
    says = Counter(each.holds for each in decided)
    later = sum(each.other.is_decided for each in both if not each.first.is_decided)
    return Shown(
        f"{len(both)} claims were run on other seeds. The seeds of the pages decide {len(decided)} of them: **the "
        f"other seeds say the same of {says['the same']}, are inconclusive about {says['undecided']}, and say the "
        f"opposite of {says['the opposite']}.** Of the {len(both) - len(decided)} that the pages leave open, the other "
        f"seeds decide {later}."
    )


def tables(twice: Sequence[Twice]) -> Html:
    """For each chapter a table of its claims: effect and verdict on the page's seeds and on others."""
    html, plain = "", []
    for chapter in dict.fromkeys(each.chapter for each in twice):
        own = [each for each in twice if each.chapter == chapter]
        html += f'<p class="topic"><a href="{chapter.name}.html">{escape(chapter.title)}</a></p>'
        plain.append(chapter.title)
        if both := [each for each in own if each.is_on_both]:
            rows = [(stated(each.first.claim), _in_words(each.first), _in_words(each.other)) for each in both]
            shown = table(("claim", "on the page", "on other seeds"), rows, title=chapter.title)
        elif judged := [each.first for each in own if each.first.outcome != "not run"]:
            settings = chapter.settings(judged[0].profile)
            options = f"--profile {judged[0].profile} -p first_seed={settings['first_seed'] + APART}"
            command = f"wsnb run {chapter.name} {options}\nwsnb book other-seeds"
            said = "Not run on other seeds. This runs it:"
            shown = Html(f'<p>{said}</p><pre tabindex="0">{escape(command)}</pre>', f"{said}\n{command}")
        else:
            shown = Html("<p>Not run.</p>", "Not run.")
        html += shown.html
        plain.append(shown.plain)
    return Html(html, "\n".join(plain))


def _in_words(verdict: Verdict) -> str:
    shown = ", ".join(f"{measured(each)}, {len(each.measured.seeds)} seeds" for each in verdict.findings)
    return f"{shown}: {mark(verdict)}"

"""From declared effects and records to findings and verdicts: what a chapter's ``verdicts(at, records)`` calls."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from wsnb.errors import InvalidValue
from wsnb.evidence.records import Record
from wsnb.trials.item import Item
from wsnb.trials.trial import Trial
from wsnb.verdicts.claims import Claim, Verdict, verdict
from wsnb.verdicts.effects import Effect, measure
from wsnb.verdicts.findings import Finding, find


@dataclass(frozen=True)
class Judged:
    """What became of a chapter's effects, and of the claims that speak of them.

    Attributes:
        findings: by the effect's name.
        verdicts: on the claims, in the papers' order.
    """

    findings: dict[str, Finding]
    verdicts: tuple[Verdict, ...]


def judge(
    effects: Sequence[Effect],
    items: Mapping[Hashable, Item],
    records: Mapping[Trial, Record],
    claims: Iterable[Claim],
    profile: str = "",
    needs: str = "",
) -> Judged:
    """Judge the effects, and those of the claims that speak of any of them.

    Args:
        effects: as they were declared; their items are among ``items``, or were not planned.
        items: what the chapter compares.
        records: what is recorded of it.
        claims: of all papers.
        profile: at which the items were made.
        needs: what an effect needs whose item was not planned.

    Raises:
        InvalidValue: when two effects have one name.
    """
    names = [effect.name for effect in effects]
    if len(set(names)) < len(names):
        raise InvalidValue(
            f"Two effects are called {next(n for n in names if names.count(n) > 1)!r}; name each its own."
        )
    planned = [effect for effect in effects if effect.item in items]
    findings = find([measure(effect, items[effect.item], records) for effect in planned])
    own = [claim for claim in claims if set(claim.expects) & set(names)]
    return Judged(findings, tuple(verdict(claim, findings, profile, needs) for claim in own))

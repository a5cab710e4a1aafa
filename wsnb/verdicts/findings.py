"""Findings: what became of each effect, judged together with the others of its family.

From the differences of at least five paired seeds come three tests: of the *sign* (two-sided, against zero), of being
*small* (two one-sided tests that it lies within the smallest size that matters, d), and of being *large* (further from
zero than d). Each is corrected over the declared members of the family by Holm's method at 5 %; a member of which
records are missing counts with p = 1, so what is decided does not depend on what happens to be there.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

from wsnb.verdicts.effects import Effect, Measured
from wsnb.verdicts.power import Plan, seeds_to_settle
from wsnb.verdicts.rule import FEWEST_SEEDS, LEVEL, STILL_SMALL, Expects, State
from wsnb.verdicts.statistics import Paired, holm, largest_spread

OTHERWISE = 1.5
"""Times the smallest size that matters: the effect that open claims are planned for where no paper prints one."""


@dataclass(frozen=True)
class Finding:
    """What the seeds say of an effect.

    Attributes:
        measured: the effect, seed by seed.
        members: how many effects its family has.
        sign, small, large: the p values by Holm's method over the family.
        one_sided: the level at which it is tested to lie above -d or below d alone: 5 % over the members of the
            family that are not negligible.
    """

    measured: Measured
    members: int
    sign: float
    small: float
    large: float
    one_sided: float

    @property
    def effect(self) -> Effect:
        """Which effect."""
        return self.measured.effect

    @property
    def is_judged(self) -> bool:
        """Whether every planned seed is there, and enough are."""
        return not self.measured.missing and len(self.measured.seeds) >= FEWEST_SEEDS

    @cached_property
    def state(self) -> State:
        """In a word."""
        if not self.is_judged:
            return "not judged"
        if self.measured.too_many_failed:
            return "unclear"
        if self.small <= LEVEL:
            return "negligible"
        pairs, least = self._paired, self.effect.smallest
        is_clear = all(pairs.without(number).p_small(least) > STILL_SMALL for number in range(pairs.n))
        if self.sign <= LEVEL and is_clear:
            return "positive" if pairs.mean > 0 else "negative"
        return "unclear"

    @property
    def is_large(self) -> bool:
        """Whether it is positive or negative, and further from zero than the smallest size that matters."""
        return self.state in ("positive", "negative") and self.large <= LEVEL

    @property
    def is_not_below(self) -> bool:
        """Whether it is no further below zero than the smallest size that matters."""
        return self._is_beyond(self._paired.p_above(-self.effect.smallest)) if self.is_judged else False

    @property
    def is_not_above(self) -> bool:
        """Whether it is no further above zero than the smallest size that matters."""
        return self._is_beyond(self._paired.p_below(self.effect.smallest)) if self.is_judged else False

    def _is_beyond(self, p: float) -> bool:
        return self.state == "negligible" or (not self.measured.failed and p <= self.one_sided)

    @property
    def _paired(self) -> Paired:
        assert self.measured.paired is not None
        return self.measured.paired

    @property
    def detectable(self) -> float | None:
        """The size of which these seeds find the sign four times in five; None where a training failed."""
        if self.measured.failed:
            return None
        return Plan(self._paired.n, self._paired.spread, self.effect.smallest, self.members).detectable()

    def seeds_to_settle(self, expects: Expects, printed: float | None) -> tuple[int | None, int | None]:
        """How many seeds decide a claim four times in five; None for over a hundred.

        By the upper 80 % limit of the spread, and without what other members of the family would make easier.

        Args:
            expects: what the claim expects of the effect.
            printed: the paper's own value of it.

        Returns:
            If there is no effect; and if it is the printed one, or half as large again as matters.
        """
        spread, least = largest_spread(self._paired), self.effect.smallest
        sizes = 0.0, OTHERWISE * least if printed is None else printed
        nothing, something = (seeds_to_settle(size, expects, spread, least, self.members) for size in sizes)
        return nothing, something


def find(measured: Sequence[Measured]) -> dict[str, Finding]:
    """The findings on these effects, by name; those of one family are judged together."""
    families: dict[Hashable, list[Measured]] = {}
    for each in measured:
        families.setdefault(each.family, []).append(each)
    found = [finding for family in families.values() for finding in _judged(family)]
    by_name = {finding.effect.name: finding for finding in found}
    return {each.effect.name: by_name[each.effect.name] for each in measured}


def _judged(family: Sequence[Measured]) -> list[Finding]:
    """The findings on the members of one family."""
    raw = [_p_values(each) for each in family]
    sign, small, large = (holm(column) for column in zip(*raw, strict=True))
    open_members = sum(p > LEVEL for p in small)
    return [
        Finding(each, len(family), *p_values, LEVEL / max(1, open_members))
        for each, *p_values in zip(family, sign, small, large, strict=True)
    ]


def _p_values(measured: Measured) -> tuple[float, float, float]:
    """Of the sign, of being small and of being large, each alone; 1 where there is nothing to judge or to decide."""
    pairs, least = measured.paired, measured.effect.smallest
    if pairs is None or measured.missing or pairs.n < FEWEST_SEEDS or measured.too_many_failed:
        return 1.0, 1.0, 1.0
    return pairs.p_sign, 1.0 if measured.failed else pairs.p_small(least), pairs.p_large(least)

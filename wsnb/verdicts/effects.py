"""Effects: what is going to be measured, declared before the first of its records is made."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from wsnb.data import catalogue
from wsnb.evidence.records import Record
from wsnb.trials.item import Item
from wsnb.trials.trial import Trial
from wsnb.verdicts.measures import Measure
from wsnb.verdicts.rule import MOST_FAILED
from wsnb.verdicts.statistics import Paired


@dataclass(frozen=True)
class Difference:
    """One side less another, itself a side of an effect: a gap, of two that are compared."""

    first: Any
    second: Any


@dataclass(frozen=True)
class Effect:
    """One question, as it is put before it is answered: how much more of a measure the first side has.

    Attributes:
        name: its name in the book, by which claims speak of it.
        first, second: the sides: the name of a training in the item; a list of names, which the measure takes
            together; a :class:`Difference` of two sides; or a number.
        measure: what is compared.
        item: where: a figure, a table, on one data set: its name in the chapter's trials.
        least: the smallest size that matters, where that is not the measure's own; of a ratio the factor.
        words: the two sides, for people; found from their names where these are words.
    """

    name: str
    first: Any
    second: Any
    measure: Measure
    item: Hashable
    least: float | None = None
    words: str = ""

    @property
    def smallest(self) -> float:
        """The smallest size that matters, on the scale on which differences are taken: d."""
        return self.measure.on_scale(self.measure.least if self.least is None else self.least)

    @property
    def sides(self) -> str:
        """The two sides in words."""
        sign = " / " if self.measure.is_ratio else " \N{MINUS SIGN} "
        return self.words or f"{self.first}{sign}{self.second}"

    def names(self) -> dict[Any, int]:
        """The trainings that it compares: by name, 1 where its measure is added and -1 where it is taken away."""
        found: dict[Any, int] = {}
        for name, sign in [*_signed(self.first, 1), *_signed(self.second, -1)]:
            found[name] = found.get(name, 0) + sign
        return found

    def difference(self, records: Mapping[Any, Record]) -> float:
        """First less second, from one seed's records by name."""
        return self._value(self.first, records) - self._value(self.second, records)

    def _value(self, side: Any, records: Mapping[Any, Record]) -> float:
        if isinstance(side, Difference):
            return self._value(side.first, records) - self._value(side.second, records)
        if isinstance(side, int | float):
            return self.measure.on_scale(side)
        return self.measure.value([records[name] for name in (side if isinstance(side, list) else [side])])


def _signed(side: Any, sign: int) -> Iterator[tuple[Any, int]]:
    if isinstance(side, Difference):
        yield from _signed(side.first, sign)
        yield from _signed(side.second, -sign)
    elif not isinstance(side, int | float):
        yield from ((name, sign) for name in (side if isinstance(side, list) else [side]))


@dataclass(frozen=True)
class Measured:
    """What the records say of an effect, seed by seed.

    Attributes:
        effect: which.
        family: the question that it is judged together with others of: that of its item, on its measure.
        differences: of the seeds of which all trainings are recorded; those of which one failed count against it.
        seeds: these seeds.
        failed: those of them of which a training failed.
        missing: the planned seeds of which a record is missing.
        example: the trial among those compared that sees most images, of the first seed: what it was measured on.
        cost: seconds that all trainings of the item took for one seed, in the mean; NaN where none is there.
        records: those of the trainings that it compares, of these seeds.
    """

    effect: Effect
    family: tuple[Hashable, str]
    differences: tuple[float, ...]
    seeds: tuple[int, ...]
    failed: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    example: Trial | None = None
    cost: float = float("nan")
    records: Mapping[Trial, Record] = field(default_factory=dict, repr=False, compare=False)

    @property
    def paired(self) -> Paired | None:
        """The differences as they are judged, failures against their side; None for fewer than two."""
        return self._paired(self.differences)

    @property
    def finished(self) -> Paired | None:
        """Those of the seeds of which none failed: what was measured; None for fewer than two."""
        pairs = zip(self.seeds, self.differences, strict=True)
        return self._paired(tuple(difference for seed, difference in pairs if seed not in self.failed))

    def _paired(self, differences: tuple[float, ...]) -> Paired | None:
        return Paired(differences, self.effect.measure.resolution) if len(differences) > 1 else None

    @property
    def too_many_failed(self) -> bool:
        """Whether so many failed that nothing else is decided."""
        return len(self.failed) > MOST_FAILED * (len(self.seeds) + len(self.missing))


def measure(effect: Effect, item: Item, records: Mapping[Trial, Record]) -> Measured:
    """The effect on every planned seed of the item.

    A training failed when it diverged, when it never learned (on its own training images it is right no more often than
    two guesses at random would be) or, where the measure asks for it, when it or one before it never got there. The
    pair of such a seed counts against it with the larger of twice the smallest size that matters and the largest
    difference of the pairs that finished; with 0 where that counts for neither side.
    """
    names = effect.names()
    against: dict[int, int] = {}
    found: dict[int, float] = {}
    missing, seconds = [], []
    compared: dict[Trial, Record] = {}
    for seed, trials in item.seeds.items():
        if not all(trials[name] in records for name in names):
            missing.append(seed)
            continue
        of_seed = {name: records[trials[name]] for name in names}
        compared |= {trials[name]: record for name, record in of_seed.items()}
        seconds.append(sum(records[each].provenance["seconds"] for each in set(trials.values()) if each in records))
        lost = [sign for name, sign in names.items() if has_failed(trials[name], records, effect.measure)]
        if lost:
            worse = -1 if effect.measure.higher_is_better else 1
            against[seed] = worse * (sum(lost) > 0) - worse * (sum(lost) < 0)
        else:
            found[seed] = effect.difference(of_seed)
    size = max(2 * effect.smallest, *map(abs, found.values()), 0.0)
    found |= {seed: sign * size for seed, sign in against.items()}
    seeds = tuple(seed for seed in item.seeds if seed in found)
    example = max((item.first()[name] for name in names), key=lambda trial: trial.data.amount)
    cost = mean(seconds) if seconds else float("nan")
    family = (item.family_of(effect.item), effect.measure.name)
    differences = tuple(found[seed] for seed in seeds)
    return Measured(effect, family, differences, seeds, tuple(against), tuple(missing), example, cost, compared)


def has_failed(trial: Trial, records: Mapping[Trial, Record], measure: Measure) -> bool:
    """Whether this training has no result that the measure could take."""
    record = records[trial]
    if record.failed:
        return True
    if measure.must_converge:
        there = (records[each] for each in (trial, *trial.ancestors()) if each in records)
        return not all(each.converged for each in there)
    if not measure.must_learn:
        return False
    classes = len(trial.data.classes or ()) or catalogue.facts(trial.data.dataset).classes
    return record.final["train_accuracy"] <= 1 - (1 - 1 / classes) ** 2

"""Findings on differences that nothing was trained for."""

from wsnb.verdicts.effects import Effect, Measured
from wsnb.verdicts.findings import find
from wsnb.verdicts.measures import ACCURACY


def measured(differences, name="gap", *, failed=(), missing=(), effect_measure=ACCURACY, family="one", least=None):
    """An effect that has these differences."""
    effect = Effect(name, "random init", "warm start", effect_measure, family, least)
    seeds = tuple(range(len(differences)))
    return Measured(effect, (family, effect_measure.name), tuple(differences), seeds, failed, missing, cost=3600.0)


def found(differences, **more):
    """The finding on an effect that is its family's only one."""
    return find([measured(differences, **more)])["gap"]


def around(mean, spread, seeds=5):
    """Differences with just this mean and standard deviation."""
    values = [2 * number / (seeds - 1) - 1 for number in range(seeds)]
    scale = spread / (sum(value**2 for value in values) / (seeds - 1)) ** 0.5
    return [mean + scale * value for value in values]

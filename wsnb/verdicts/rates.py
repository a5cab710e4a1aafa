"""The learning rate that seeds of their own choose for each start."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean
from typing import Any

from wsnb.evidence.records import Record
from wsnb.trials.item import Item
from wsnb.trials.trial import Trial


def best_of(
    item: Item[tuple[str, Any]], records: Mapping[Trial, Record], *, may_be_at_end: bool = False
) -> tuple[Any, ...] | None:
    """By start, in the item's order, the rate of the highest accuracy, in the mean over its seeds.

    A training that failed counts as one that knows nothing.

    Args:
        item: its trials by start and rate, on held-out images.
        records: what is recorded of it.
        may_be_at_end: whether the lowest and the highest are as good as others, as for a coefficient of which the
            lowest is next to none.

    Returns:
        None while a training is missing, or where a start's best rate is the lowest or the highest that was tried: the
        best may then lie beyond. Of equally good ones the lowest.
    """
    if not all(trial in records for trials in item.seeds.values() for trial in trials.values()):
        return None
    means = {
        name: mean(records[trials[name]].final.get("test_accuracy") or 0.0 for trials in item.seeds.values())
        for name in item.first()
    }
    chosen = []
    for start in dict.fromkeys(start for start, _ in means):
        rates = sorted(rate for other, rate in means if other == start)
        best = max(rates, key=lambda rate: means[start, rate])
        if best in (rates[0], rates[-1]) and not may_be_at_end:
            return None
        chosen.append(best)
    return tuple(chosen)

"""What must be trained, and in which order: parents before their children."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from wsnb.errors import InvalidValue
from wsnb.evidence.records import Record, Records
from wsnb.trials.trial import Trial
from wsnb.values import from_json


@dataclass
class Job:
    """A trial to be trained in this session."""

    trial: Trial
    keep_weights: bool = False
    children: list[Job] = field(default_factory=list)
    waits: bool = False
    losses: int = 0


def jobs_for(absent: Iterable[Trial], store: Records) -> dict[str, Job]:
    """What must be trained, by key: the absent trials, and parents whose weights are not at hand."""
    from wsnb.evidence.weights import weights_path  # imports torch

    jobs: dict[str, Job] = {}

    def is_ready(parent: Trial) -> bool:
        """Whether there is nothing to train before its children."""
        record = store.find(parent.key)
        return record is not None and (bool(record.failed) or weights_path(parent.key).exists())

    def add(trial: Trial, *, asked: bool) -> Job:
        there = store.find(trial.key)
        if there is not None and not asked:  # only for its weights: what its record holds is measured again
            trial = trial.replace(curve_images=there.measured["curve_images"])
        job = jobs[trial.key] = Job(trial if there is None else _with_more(trial, _measuring(there)))
        return job

    absent = list(absent)
    for trial in sorted(absent, key=lambda trial: trial.depth):
        if trial.key in jobs:
            job = jobs[trial.key]
            if job.trial.curve_images != trial.curve_images:
                raise InvalidValue(
                    f"{trial!r} is asked for with curve_images={job.trial.curve_images} and with "
                    f"curve_images={trial.curve_images}, and its record can hold one; ask for one."
                )
            for one, other in itertools.product(job.trial.callbacks, trial.callbacks):
                if one.kind == other.kind and one != other:
                    raise InvalidValue(
                        f"{trial!r} is asked for with {one!r} and with {other!r}, and its record can hold one; "
                        "ask for one."
                    )
            job.trial = _with_more(job.trial, trial.callbacks)
            continue
        job = add(trial, asked=True)
        for parent in reversed(trial.ancestors()):  # the nearest first
            if is_ready(parent):
                break
            known = jobs.get(parent.key)
            before = known or add(parent, asked=False)
            before.children.append(job)
            job.waits = True
            if known:
                break
            job = before
    order = {trial.key: number for number, trial in enumerate(absent)}
    parents = {trial.parent.key for trial in absent if trial.parent is not None}
    for job in jobs.values():
        job.keep_weights = bool(job.children) or job.trial.key in parents
    return dict(sorted(jobs.items(), key=lambda item: order.get(item[0], -1)))


def _measuring(record: Record) -> list:
    """What a record holds that only measures, as far as its code is here: measured again, it is not lost."""
    found = []
    for form in record.measured["callbacks"]:
        try:
            found.append(from_json(form))
        except InvalidValue:
            continue
    return found


def _with_more(trial: Trial, callbacks: Iterable) -> Trial:
    kinds = {each.kind for each in trial.callbacks}
    more = tuple(each for each in callbacks if each.measures and each.kind not in kinds)
    return trial.replace(callbacks=trial.callbacks + more) if more else trial


def not_trained(trial: Trial, parent: Record) -> Record:
    """The record of a trial that cannot be trained, because its parent came to nothing."""
    why = parent.failed  # of the first that failed, however far before
    if parent.final["stopped"] != "not trained":
        why = f"not trained, since {parent.key} has no result: {why}"
    counts = {"epochs": 0, "steps": 0, "images_seen": 0}
    made = parent.provenance | {"seconds": 0.0}
    made.pop("weights", None)
    return Record(trial.canonical(), trial.asked, {}, {}, counts | {"stopped": "not trained", "failed": why}, made)

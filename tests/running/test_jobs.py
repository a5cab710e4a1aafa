"""What is trained: the absent trials, parents first and once, and parents whose weights are not at hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_records import failed, record
from own_methods import OwnNorm

from wsnb import MLP, SGD, Epochs, GradientNorms, Part, Record, Records, ShrinkPerturb, TrainingModeAccuracy, Trial
from wsnb.evidence.weights import weights_path
from wsnb.running.jobs import jobs_for, not_trained

HALF = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(2), batch_size=16)


@pytest.fixture
def store(tmp_path: Path) -> Records:
    return Records(tmp_path)


def kept(trial: Trial) -> None:
    weights_path(trial.key).parent.mkdir(exist_ok=True)
    weights_path(trial.key).write_bytes(b"")


def test_a_parent_is_trained_once_for_all_its_children_and_before_them(store: Records) -> None:
    children = [HALF.then(start=ShrinkPerturb(scale, 0.1)) for scale in (0.2, 0.4)]
    jobs = jobs_for([*children, HALF], store)
    assert len(jobs) == 3
    assert [job.trial for job in jobs[HALF.key].children] == children
    assert [jobs[trial.key].waits for trial in (HALF, *children)] == [False, True, True]
    assert [jobs[trial.key].keep_weights for trial in (HALF, *children)] == [True, False, False]
    assert list(jobs) == [children[0].key, children[1].key, HALF.key], "as asked"


def test_parents_that_nobody_asked_for_come_first(store: Records) -> None:
    last = HALF.then().then()
    jobs = jobs_for([HALF.replace(seed=1), last], store)
    assert set(list(jobs)[:2]) == {HALF.key, last.parent.key} and list(jobs)[2:] == [HALF.replace(seed=1).key, last.key]
    assert jobs[HALF.key].children == [jobs[last.parent.key]] and jobs[last.parent.key].children == [jobs[last.key]]


def test_of_a_parent_that_is_recorded_its_weights_are_made_again_when_they_are_gone(store: Records) -> None:
    store.put(record(HALF))
    assert set(jobs_for([HALF.then()], store)) == {HALF.key, HALF.then().key}
    kept(HALF)
    (job,) = jobs_for([HALF.then()], store).values()
    assert not job.waits and not job.keep_weights


def test_nothing_is_made_again_before_a_parent_that_is_at_hand(store: Records) -> None:
    parent = HALF.then()
    store.put(record(parent))
    kept(parent)
    assert list(jobs_for([parent.then()], store)) == [parent.then().key]


def test_a_parent_that_came_to_nothing_is_not_trained_again(store: Records) -> None:
    store.put(failed(HALF))
    (job,) = jobs_for([HALF.then()], store).values()
    assert job.trial == HALF.then() and not job.waits


def test_a_trial_that_cannot_be_trained_has_a_record_that_says_why_and_took_no_time(store: Records) -> None:
    parent = replace(failed(HALF), provenance={"seconds": 9.0, "weights": "abc"})
    child = HALF.then(curve_images=5, callbacks=GradientNorms())
    made = not_trained(child, parent)
    assert (made.key, made.measured) == (child.key, child.asked)
    assert made.failed == f"not trained, since {HALF.key} has no result: {parent.failed}"
    assert made.final["epochs"] == made.final["images_seen"] == 0 and made.curves == {} and not made.converged
    assert made.provenance == {"seconds": 0.0}
    assert Record.from_json(made.to_json(), "x") == made


def test_what_a_record_holds_is_measured_again_with_what_it_lacks(store: Records) -> None:
    store.put(record(HALF.replace(callbacks=(GradientNorms(images=7), OwnNorm()))))
    (job,) = jobs_for([HALF.replace(callbacks=TrainingModeAccuracy())], store).values()
    assert set(job.trial.callbacks) == {TrainingModeAccuracy(), GradientNorms(images=7), OwnNorm()}


def test_a_measurement_whose_code_is_gone_does_not_keep_others_from_being_made(store: Records, monkeypatch) -> None:
    store.put(record(HALF.replace(callbacks=OwnNorm())))
    monkeypatch.delitem(__import__("wsnb.values", fromlist=["x"])._kinds, "own_norm")
    (job,) = jobs_for([HALF.replace(callbacks=GradientNorms())], store).values()
    assert job.trial.callbacks == (GradientNorms(),)


def test_trials_of_one_key_are_one_job_that_measures_for_all(store: Records) -> None:
    one, other = HALF.replace(callbacks=GradientNorms()), HALF.replace(callbacks=TrainingModeAccuracy())
    (job,) = jobs_for([one, other], store).values()
    assert set(job.trial.callbacks) == {GradientNorms(), TrainingModeAccuracy()}


def test_a_chain_may_be_longer_than_pythons_stack(store: Records) -> None:
    trial = HALF
    for _ in range(1500):
        trial = trial.then()
    jobs = jobs_for([trial], store)
    assert len(jobs) == 1501 and sum(not job.waits for job in jobs.values()) == 1

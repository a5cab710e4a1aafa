"""What a run would cost is said beforehand: exactly where it can be, from what is known elsewhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from made_records import failed, record

from wsnb import (
    DTNH,
    L2SP,
    MLP,
    SGD,
    Adam,
    Augment,
    Epochs,
    KnowDist,
    Logistic,
    Part,
    Records,
    ResNet18,
    Steps,
    StopsImproving,
    TrainAccuracy,
    Trial,
)
from wsnb import plan as plan_trials
from wsnb.data.image_set import ImageSet, load, take
from wsnb.running.calibration import measure
from wsnb.running.crew import Crew, Speed, Workload
from wsnb.running.jobs import jobs_for
from wsnb.running.plan import (
    LATE,
    USUAL_EPOCHS,
    Plan,
    expected_epochs,
    images_in,
    in_words,
    make_plan,
    measured_speeds,
    workload_of,
)

TRIAL = Trial(Part("digits", 0.5), Logistic(), SGD(), Epochs(7))
OPEN_ENDED = TRIAL.replace(stop=StopsImproving(at_most=100))
TWO_MILLISECONDS = Speed(train=0.002, evaluate=0.0, trial=0.0, start=0.0, memory=2**20)


class Pretended(Crew):
    """A crew that trains nothing and does every workload at the same speed."""

    def __init__(self, size: int = 1, speed: Speed = TWO_MILLISECONDS, hardware: str = "") -> None:
        self.size, self.speed = size, speed
        self.hardware = hardware or f"a machine of its own, {speed}"
        self.measured: Counter[Workload] = Counter()

    def measure(self, workload: Workload) -> Speed:
        self.measured[workload] += 1
        return self.speed


@pytest.fixture
def store(tmp_path: Path) -> Records:
    return Records(tmp_path / "own")


def planned(trials: list[Trial], store: Records, crew: Crew | None = None) -> Plan:
    absent = [trial for trial in trials if store.get(trial) is None]
    jobs, crew = list(jobs_for(absent, store).values()), crew or Pretended()
    speeds = measured_speeds([job.trial for job in jobs], crew)
    return make_plan(trials, jobs, store, speeds, crew.size, crew.hardware)


# How much there is to do --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits(session_cache: Path) -> ImageSet:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WSNB_CACHE", str(session_cache))
        return load("digits")


@pytest.mark.parametrize("amount", [0.5, 1.0, 0.333, 100, 1])
def test_a_number_of_epochs_shows_exactly_that_many_images(store, digits, amount):
    part = Part("digits", amount)
    seen = len(take(digits, part, seed=0).train_images)
    assert images_in(part) == seen
    trial = TRIAL.replace(data=part)
    assert planned([trial], store).images == {trial.key: 7 * seen}


def test_a_choice_of_classes_has_fewer_images_and_outputs():
    assert images_in(Part("cifar10", 1.0, classes=(0, 1))) == 10_000
    assert images_in(Part("cifar10", 0.5, classes=(0, 1))) == 5000
    assert images_in(Part("cifar10", 100, by_class=True)) == 1000
    assert images_in(Part("cifar10", 100, classes=(0, 1), by_class=True)) == 200
    assert workload_of(TRIAL.replace(data=Part("cifar10", classes=(0, 3, 5)))).classes == 3


def test_a_trial_to_a_train_accuracy_takes_as_long_as_other_seeds_did(store):
    parent = TRIAL.replace(seed=3)
    trial = parent.then(stop=TrainAccuracy(at_most=100))
    assert expected_epochs(trial, store) is None
    assert planned([trial], store).assumed == 1
    for seed, epochs in ((0, 10), (5, 21)):
        store.put(record(TRIAL.replace(seed=seed).then(stop=TrainAccuracy(at_most=100)), epochs=epochs))
    other_kind = TRIAL.replace(seed=1, stop=TrainAccuracy(at_most=100))  # no warm start
    store.put(record(other_kind, epochs=90))
    assert expected_epochs(trial, store) == (10 + 21) / 2
    assert planned([trial], store).images[trial.key] == round(15.5 * images_in(trial.data))
    assert planned([trial], store).assumed == 0


def test_the_checkouts_own_records_tell_too(store, tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_RECORDS", str(tmp_path / "checkout"))
    Records().put(record(OPEN_ENDED, epochs=12))
    assert expected_epochs(OPEN_ENDED.replace(seed=4), store) == 12


def test_no_more_is_assumed_than_the_limit_of_epochs(store):
    trial = TRIAL.replace(stop=TrainAccuracy(at_most=3))
    assert planned([trial], store).images[trial.key] == 3 * images_in(trial.data)
    assert planned([OPEN_ENDED], store).images[OPEN_ENDED.key] == USUAL_EPOCHS * images_in(OPEN_ENDED.data)


def test_a_training_that_failed_says_nothing_of_how_long_others_take(store):
    store.put(failed(OPEN_ENDED))
    assert expected_epochs(OPEN_ENDED.replace(seed=4), store) is None


def test_a_fixed_number_of_steps_is_so_many_images(store):
    trial = TRIAL.replace(data=Part("digits", 100), stop=Steps(17), batch_size=32)  # 4 steps make an epoch
    assert planned([trial], store).images == {trial.key: 425}


def test_a_damaged_record_spoils_no_estimate(store):
    store.put(record(OPEN_ENDED.replace(seed=0), epochs=10))
    store.path(OPEN_ENDED.replace(seed=1).key).write_text("{")
    assert expected_epochs(OPEN_ENDED.replace(seed=2), store) == 10


# How long it takes --------------------------------------------------------------------------------


def test_the_time_is_that_of_the_images_shared_among_the_workers(store):
    trials = [TRIAL.replace(seed=seed, data=Part("digits", 100)) for seed in range(4)]
    one = 7 * 100 * 0.002
    assert planned(trials, store).seconds == pytest.approx(4 * one)
    assert planned(trials, store, Pretended(2)).seconds == pytest.approx(2 * one)
    assert planned(trials, store, Pretended(3)).seconds == pytest.approx(2 * one)
    assert planned(trials, store, Pretended(9)).seconds == pytest.approx(one)
    assert planned(trials, store, Pretended(9)).workers == 4


def test_children_wait_for_their_parents(store):
    half = TRIAL.replace(data=Part("digits", 100))
    children = [half.then(), half.then(stop=Epochs(14))]
    assert planned(children, store, Pretended(9)).seconds == pytest.approx((7 + 14) * 100 * 0.002)


def test_evaluations_the_start_and_what_a_trial_takes_beside_its_images_count(store):
    speed = Speed(train=0.0, evaluate=0.001, trial=5.0, start=30.0, memory=0)
    trial = TRIAL.replace(curve_images=50)
    tested = 355  # of the digits; the curve's before the first epoch and after each, at the end all of both
    expected = 30 + 5 + 0.001 * (50 * 8 + LATE * tested + images_in(trial.data))
    assert planned([trial], store, Pretended(speed=speed)).seconds == pytest.approx(expected, rel=0.01)
    evaluated = trial.replace(stop=TrainAccuracy(at_most=7, images=50))
    expected += 0.001 * 50 * 8
    assert planned([evaluated], store, Pretended(speed=speed)).seconds == pytest.approx(expected, rel=0.01)


def test_equal_workloads_are_timed_once_and_remembered(store):
    trials = [TRIAL, TRIAL.replace(seed=1, optimizer=SGD(0.5)), TRIAL.replace(optimizer=Adam())]
    slow = replace(TWO_MILLISECONDS, train=9.0)
    first, second, other = Pretended(1, hardware="A"), Pretended(1, slow, "A"), Pretended(1, slow, "B")
    seconds = [planned(trials, store, crew).seconds for crew in (first, second, other)]
    assert sorted(first.measured.values()) == [1, 1]
    assert not second.measured and seconds[1] == seconds[0]
    assert other.measured and seconds[2] > seconds[0]


def test_memory_is_the_largest_trials_times_the_workers(store):
    small, large = TRIAL, TRIAL.replace(data=Part("cifar10"))
    assert planned([small], store).memory < planned([small, large], store).memory
    assert planned([small, large], store, Pretended(2)).memory == 2 * planned([small, large], store).memory
    assert planned([large], store).memory > 2**20 + 60_000 * 3072


# What is said -------------------------------------------------------------------------------------


def test_a_plan_says_what_is_recorded_and_what_would_run(store):
    store.put(record(TRIAL, epochs=7))
    plan = planned([TRIAL, TRIAL.replace(seed=1), TRIAL.replace(seed=2), OPEN_ENDED], store)
    assert [(line.recorded, line.to_train) for line in plan.lines] == [(1, 2), (0, 1)]
    assert "3 trials to train" in plan.summary() and "1 of them" in plan.summary()
    first, second = plan.table().splitlines()[1:]
    assert first.split()[:2] == ["1", "2"] and "Epochs(at_most=7)" in first and "StopsImproving" in second
    store.put(record(TRIAL.replace(seed=1), epochs=7))
    assert planned([TRIAL], store).summary() == "Every trial is recorded: nothing to train."
    assert planned([TRIAL], store).seconds == 0


def test_trials_of_different_methods_are_told_apart_and_timed_apart(store):
    crew = Pretended(hardware="by methods")
    warm = TRIAL.then()
    pulled = TRIAL.then(regularizer=L2SP(0.3), direction=DTNH())
    table = planned([TRIAL, warm, pulled], store, crew).table().splitlines()[1:]
    assert "parent=Part(dataset='digits', amount=0.5)" in table[1] and "L2SP(coefficient=0.3)" in table[2]
    assert "DTNH()" in table[2] and len(crew.measured) == 2
    assert crew.measured[workload_of(pulled)] == 1


def test_a_regularizer_is_timed_once_however_strong_it_is():
    strong, weak = (TRIAL.then(regularizer=L2SP(each, decay=each, head_coefficient=each)) for each in (0.9, 0.1))
    assert workload_of(strong) == workload_of(weak)


@pytest.mark.parametrize("model", [MLP((8,)), ResNet18(1)])
def test_what_is_cropped_is_timed_at_the_crops_size(model):
    cropped = TRIAL.replace(model=model, augmentation=Augment(crop=16))
    assert measure(workload_of(cropped), "cpu", 1, 0.0).evaluate > 0


def test_a_regularizer_is_timed_with_the_parent_that_it_needs():
    with_features = TRIAL.replace(model=MLP((8,))).then(regularizer=KnowDist(compared=("hidden.0",)))
    assert measure(workload_of(with_features), "cpu", 1, 0.0).train > 0


def test_parents_that_nobody_asked_for_are_in_the_plan(store):
    warm = TRIAL.then()
    assert [line.trial for line in planned([warm], store).lines] == [warm, TRIAL]


@pytest.mark.parametrize(
    "seconds, words",
    [(3.2, "3 seconds"), (89, "89 seconds"), (600, "10 minutes"), (7200, "2.0 hours"), (400_000, "4.6 days")],
)
def test_a_time_has_as_many_digits_as_an_estimate_deserves(seconds, words):
    assert in_words(seconds) == words


def test_the_plan_of_real_trials_is_measured_on_real_workers(tmp_path, monkeypatch):
    trials = [
        Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(2), batch_size=16),
        Trial(Part("digits", 60), ResNet18(2), SGD(0.1), Epochs(2), batch_size=16, precision="bf16"),
    ]
    plan = plan_trials(trials, records=tmp_path, workers=1, device="cpu")
    assert set(plan.work) == {trial.key for trial in trials}
    assert 0 < plan.seconds < 300
    assert 50 * 2**20 < plan.memory < 8 * 2**30
    assert not list(tmp_path.glob("*.json"))


def test_where_nothing_is_to_be_trained_nobody_is_asked(tmp_path, monkeypatch):
    store = Records(tmp_path)
    store.put(record(TRIAL, epochs=7))
    monkeypatch.setattr("wsnb.running.run._crew", lambda *_: pytest.fail("a crew was asked for"))
    assert plan_trials([TRIAL], records=store).summary() == "Every trial is recorded: nothing to train."

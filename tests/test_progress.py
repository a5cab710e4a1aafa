"""Progress is an estimate where it must be and exact where it can be, and silent when told so."""

import io
import sys

import pytest

from wsnb import progress
from wsnb.data import ImageSet, load, take
from wsnb.progress import Bar, Display, display, expected_epochs, expected_images, images_in
from wsnb.records import Record, Records
from wsnb.trials import SGD, Epochs, Logistic, Part, StopsImproving, TrainAccuracy, Trial

TRIAL = Trial(Part("digits", 0.5), Logistic(), SGD(), Epochs(7))
OPEN_ENDED = TRIAL.replace(stop=StopsImproving(at_most=100))


@pytest.fixture
def store(tmp_path):
    return Records(tmp_path)


def put(store, trial, epochs):
    return store.put(Record(trial.canonical(), {}, {}, {"epochs": epochs}, {}))


# What is expected ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits(tmp_path_factory) -> ImageSet:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WSNB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load("digits")


@pytest.mark.parametrize("amount", [0.5, 1.0, 0.333, 100, 1])
def test_a_number_of_epochs_shows_exactly_that_many_images(store, digits, amount):
    part = Part("digits", amount)
    seen = len(take(digits, part, seed=0).train_images)
    assert images_in(part) == seen
    assert expected_images(TRIAL.replace(data=part), store) == 7 * seen


def test_a_choice_of_classes_has_fewer_images():
    assert images_in(Part("cifar10", 1.0, classes=(0, 1))) == 10_000
    assert images_in(Part("cifar10", 0.5, classes=(0, 1))) == 5000


def test_a_trial_to_a_train_accuracy_takes_as_long_as_other_seeds_did(store):
    parent = TRIAL.replace(seed=3)
    trial = parent.then(stop=TrainAccuracy(at_most=100))
    assert expected_epochs(trial, store) == progress.USUAL_EPOCHS
    for seed, epochs in ((0, 10), (5, 21)):
        put(store, TRIAL.replace(seed=seed).then(stop=TrainAccuracy(at_most=100)), epochs)
    put(store, TRIAL.replace(seed=1).replace(stop=TrainAccuracy(at_most=100)), 90)  # no warm start: of another kind
    assert expected_epochs(trial, store) == round((10 + 21) / 2)
    assert expected_images(trial, store) == expected_epochs(trial, store) * 721


def test_no_more_is_expected_than_the_limit_of_epochs(store):
    assert expected_epochs(TRIAL.replace(stop=TrainAccuracy(at_most=3)), store) == 3


def test_a_damaged_record_spoils_no_estimate(store):
    put(store, OPEN_ENDED.replace(seed=0), 10)
    store.path(OPEN_ENDED.replace(seed=1).key).write_text("{")
    assert expected_epochs(OPEN_ENDED.replace(seed=2), store) == 10


# What is shown ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted, environment", [(True, "off"), (False, "")])
def test_nothing_is_shown_when_nothing_is_wanted(store, monkeypatch, capsys, wanted, environment):
    monkeypatch.setenv("WSNB_PROGRESS", environment)
    shown = display(wanted)
    shown.begin([TRIAL], store, "cpu")
    shown.epoch(TRIAL, 1, 721)
    shown.done(TRIAL)
    shown.end()
    assert type(shown) is Display
    assert capsys.readouterr() == ("", "")


def test_outside_a_notebook_a_bar_is_drawn_on_standard_error_alone(store, monkeypatch, capsys):
    monkeypatch.delenv("WSNB_PROGRESS", raising=False)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    shown = display(True)
    assert type(shown) is Bar
    shown.begin([TRIAL], store, "cpu")
    shown.epoch(TRIAL, 7, 7 * 721)
    shown.done(TRIAL)
    shown.end()
    out, err = capsys.readouterr()
    assert out == "" and "1 of 1 trials" in err and "100%" in err


class QuietBar(Bar):
    def file(self):
        return io.StringIO()


def test_the_bar_ends_full_however_long_trials_really_were(store):
    short, long = OPEN_ENDED, OPEN_ENDED.replace(seed=1)
    bar = QuietBar()
    bar.begin([short, long, TRIAL], store, "cpu")
    assert bar.bar.total == (30 + 30 + 7) * 721
    for trial, epochs in ((short, 2), (long, 40), (TRIAL, 7)):
        for epoch in range(1, epochs + 1):
            bar.epoch(trial, epoch, epoch * 721)
        bar.done(trial)
    assert bar.bar.n == bar.bar.total == (2 + 40 + 7) * 721
    bar.end()


def test_epochs_from_a_checkpoint_count_as_done_and_not_as_speed(store):
    bar = QuietBar()
    bar.begin([TRIAL], store, "cpu")
    bar.epoch(TRIAL, 5, 5 * 721)  # the first word of a trial that went on after its fourth epoch
    assert bar.bar.n == 5 * 721
    assert bar.bar.n - bar.bar.initial <= 721
    bar.epoch(TRIAL, 6, 6 * 721)
    assert bar.bar.n - bar.bar.initial == pytest.approx(2 * 721, abs=721)
    bar.end()

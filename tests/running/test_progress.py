"""Progress is shown where somebody looks, counts what is really done, and is silent when told so."""

import pytest

from wsnb import SGD, Epochs, Logistic, Part, StopsImproving, Trial
from wsnb.running.plan import Plan
from wsnb.running.progress import Bar, Display, display

TRIAL = Trial(Part("digits", 100), Logistic(), SGD(), Epochs(7))
OPEN_ENDED = TRIAL.replace(stop=StopsImproving(at_most=100))


def plan_of(**epochs: tuple[Trial, int]) -> Plan:
    """Trials of 100 images, each of which takes a worker a hundredth of a second."""
    images = {trial.key: 100 * count for trial, count in epochs.values()}
    work = {key: count / 100 for key, count in images.items()}
    return Plan((), images, work, sum(work.values()), 1, 2**30, 0, "a machine")


def one() -> Plan:
    return plan_of(only=(TRIAL, 7))


@pytest.mark.parametrize("wanted, environment", [(True, "off"), (False, "")])
def test_nothing_is_shown_when_nothing_is_wanted(monkeypatch, capsys, wanted, environment):
    monkeypatch.setenv("WSNB_PROGRESS", environment)
    shown = display(wanted)
    shown.begin(lambda: pytest.fail("nobody looks at the plan"))
    shown.epoch(TRIAL, 1, 100)
    shown.done(TRIAL)
    shown.end()
    assert type(shown) is Display
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_on_standard_error_alone(monkeypatch, capsys):
    monkeypatch.delenv("WSNB_PROGRESS", raising=False)
    shown = display(True)
    assert type(shown) is Bar
    shown.begin(one)
    shown.epoch(TRIAL, 7, 700)
    shown.done(TRIAL)
    shown.end()
    out, err = capsys.readouterr()
    assert out == "" and "1 of 1 trials" in err and "100%" in err
    assert err.startswith("1 trial to train") and "about 7 seconds" in err.splitlines()[0]


def test_the_bar_ends_full_however_long_trials_really_were():
    short, long = OPEN_ENDED, OPEN_ENDED.replace(seed=1)
    bar = Bar()
    bar.begin(lambda: plan_of(short=(short, 30), long=(long, 30), exact=(TRIAL, 7)))
    assert bar.bar.total == pytest.approx(67)
    for trial, epochs in ((short, 2), (long, 40), (TRIAL, 7)):
        for epoch in range(1, epochs + 1):
            bar.epoch(trial, epoch, epoch * 100)
        bar.done(trial)
    assert bar.bar.n == pytest.approx(2 + 40 + 7)
    assert bar.bar.total == pytest.approx(2 + 40 + 7)
    bar.end()


def test_epochs_from_a_checkpoint_count_as_done_and_not_as_speed():
    bar = Bar()
    bar.begin(one)
    bar.epoch(TRIAL, 5, 500)  # the first word of a trial that went on after its fourth epoch
    assert bar.bar.n == pytest.approx(5)
    assert bar.bar.n - bar.bar.initial <= 1
    bar.epoch(TRIAL, 6, 600)
    assert bar.bar.n - bar.bar.initial == pytest.approx(2, abs=1)
    bar.end()


def test_a_trial_that_was_lost_and_goes_back_to_its_checkpoint_is_not_counted_twice():
    bar = Bar()
    bar.begin(one)
    for epoch in (1, 2, 3, 2, 3, 4, 5, 6, 7):
        bar.epoch(TRIAL, epoch, epoch * 100)
    assert bar.bar.n == pytest.approx(7)
    assert bar.bar.total == pytest.approx(7)
    bar.end()

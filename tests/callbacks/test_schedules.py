"""Learning-rate schedules: the numbers at the rise, the top, the middle and the end, and that they are what is used."""

from __future__ import annotations

import pytest
import torch
from small import IMAGES, SMALL_MLP, trained

from wsnb import Adam, CosineSchedule, Epochs, Steps, StepSchedule, TrainAccuracy
from wsnb.callbacks.schedules import by_steps, cosine
from wsnb.training.optimization import Optimization


def test_the_cosine_rises_in_a_line_to_one_and_falls_to_its_end():
    numbers = [cosine(step, 100, rise=0.1, end=0.2) for step in range(101)]
    assert numbers[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert numbers[10] == 1.0
    assert numbers[55] == pytest.approx(0.6)  # the middle of the fall, between 1 and 0.2
    assert numbers[100] == pytest.approx(0.2)
    assert numbers[10:] == sorted(numbers[10:], reverse=True)


@pytest.mark.parametrize("steps, rise", [(1, 0.01), (1, 1.0), (10, 0.0), (10, 1.0)])
def test_the_shortest_trainings_and_the_longest_rises_have_a_rate_too(steps, rise):
    numbers = [cosine(step, steps, rise) for step in range(steps + 1)]
    assert all(0 < number <= 1 for number in numbers)
    assert numbers[0] == (1 / steps if rise == 1 else 1)


def test_steps_multiply_by_the_factor_once_for_each_epoch_that_is_over():
    numbers = [by_steps(epoch, at=(2, 4), factor=0.5) for epoch in range(6)]
    assert numbers == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert by_steps(7, at=()) == 1


@pytest.fixture
def rates(monkeypatch):
    """What the learning rate is multiplied by at each step that is taken."""
    found = []
    really = Optimization.step

    def noted(optimization):
        found.append(optimization.scale)
        really(optimization)

    monkeypatch.setattr(Optimization, "step", noted)
    return found


@pytest.mark.parametrize("stop, steps", [(Epochs(3), 9), (Steps(7), 7), (TrainAccuracy(1.0, at_most=3), 9)])
def test_a_trials_cosine_is_over_the_most_steps_that_it_may_take(rates, stop, steps):
    trained(SMALL_MLP.replace(stop=stop, callbacks=CosineSchedule(0.3, 0.2)))  # 41 images: three steps an epoch
    assert rates == [cosine(step, steps, 0.3, 0.2) for step in range(steps)]


def test_a_trials_steps_fall_between_epochs_after_a_rise_in_steps(rates):
    trained(SMALL_MLP.replace(callbacks=StepSchedule(at=(1, 2), factor=0.5, rise=4)))
    assert rates == [0.25, 0.5, 0.75, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_steps_may_be_counted_in_steps(rates):
    trained(SMALL_MLP.replace(callbacks=StepSchedule(at=(2, 4), factor=0.5, counts="steps")))
    assert rates == [1, 1, 0.5, 0.5, *[0.25] * 5]


def test_the_scale_is_the_learning_rates():
    halved = SMALL_MLP.replace(optimizer=Adam(2e-3), callbacks=StepSchedule(at=(0,), factor=0.5))
    one, other = trained(halved), trained(SMALL_MLP.replace(optimizer=Adam(1e-3)))
    assert all(torch.equal(one.snapshot.model[name], other.snapshot.model[name]) for name in one.snapshot.model)


def test_a_new_training_begins_its_rise_anew(rates):
    parent = SMALL_MLP.replace(callbacks=CosineSchedule())
    trained(parent.then(callbacks=CosineSchedule(0.5)), IMAGES, parent=trained(parent).snapshot)
    assert rates[9:] == [cosine(step, 9, 0.5) for step in range(9)]

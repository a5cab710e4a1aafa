"""How the loss's gradient and the pull lie to each other."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import SMALL_MLP, trained
from torch.nn import functional

from wsnb.callbacks.pull_angles import DIRECTIONS, PullAngles, joined, steps_taken
from wsnb.errors import InvalidValue
from wsnb.models import ResNet18
from wsnb.regularizers import DTNH, GEM, L2SP, KnowDist, PlainSum, Pull
from wsnb.trials.stops import Epochs

PLANE = {"plain sum": PlainSum(), "DTNH": DTNH(), "GEM": GEM()}


@given(st.floats(0.01, 10), st.floats(0.01, 10), st.floats(-0.999, 0.999))
def test_three_numbers_make_every_direction(loss, pull, cosine):
    one = torch.tensor([loss, 0.0], dtype=torch.float64)
    other = torch.tensor([pull * cosine, pull * math.sqrt(1 - cosine**2)], dtype=torch.float64)
    for name in DIRECTIONS:
        [direction] = PLANE[name].join([one], [other])
        step = joined(name, loss, pull, cosine)
        torch.testing.assert_close(torch.tensor([step.along, step.across], dtype=torch.float64), direction)
        for to, said in ((one, step.to_loss), (other, step.to_pull)):
            between = float(functional.cosine_similarity(direction, to, dim=0))
            assert math.cos(math.radians(said)) == pytest.approx(between, abs=1e-6)


def test_another_direction_is_a_sentence():
    with pytest.raises(InvalidValue, match="A direction is 'sum'; allowed: 'plain sum', 'DTNH', 'GEM'"):
        joined("sum", 1.0, 1.0, 0.0)


@pytest.mark.parametrize("direction", [PlainSum(), DTNH()])
@pytest.mark.parametrize("regularizer", [L2SP(0.3), KnowDist(0.2), (L2SP(0.3), KnowDist(0.2))])
def test_what_is_compared_are_the_two_gradients_on_the_backbone_and_the_step_is_what_it_was(regularizer, direction):
    torch.manual_seed(0)
    model, source = (ResNet18(2).build((3, 16, 16), 4) for _ in range(2))
    images, labels = torch.randn(6, 3, 16, 16), torch.tensor([0, 1, 2, 3, 0, 1])

    def step(is_measuring, by=direction):
        pull = Pull(regularizer, model, source, by)
        pull.is_measuring = is_measuring
        pull.backward(functional.cross_entropy(model(images), labels), images, labels)
        pull.close()
        return {name: each.grad.clone() for name, each in model.named_parameters()}, pull

    (plain, _), (measured, pull) = step(False), step(True)
    assert all(torch.equal(measured[name], plain[name]) for name in plain)
    model.zero_grad()
    functional.cross_entropy(model(images), labels).backward()
    alone = torch.cat([each.grad.flatten() for each in pull.backbone.values()])
    whole, _ = step(False, PlainSum())
    both = torch.cat([whole[name].flatten() for name in pull.backbone])
    of_pull = both - alone
    expected = torch.stack([alone @ alone, alone @ of_pull, of_pull @ of_pull])
    torch.testing.assert_close(pull.products, expected, rtol=2e-3, atol=1e-5)


def test_in_a_trial_each_epoch_has_its_points_and_a_gap_where_nothing_pulls_yet():
    parent = trained(SMALL_MLP).snapshot
    trial = SMALL_MLP.then(regularizer=L2SP(0.5), stop=Epochs(3), callbacks=PullAngles(every=1))
    curves = trained(trial, parent=parent).progress.curves
    assert all(len(curves[name]) == 3 for name in curves if name.startswith("pull_"))
    assert all(-1 <= each <= 1 for each in curves["pull_angle_cosine"])
    assert all(0 <= each <= 1 for each in curves["pull_angle_obtuse"])
    rare = trained(trial.replace(callbacks=PullAngles(every=10_000)), parent=parent).progress.curves
    assert all(each is None for each in rare["pull_angle_cosine"])
    without = trained(SMALL_MLP.replace(callbacks=PullAngles(every=1))).progress.curves
    assert all(each is None for each in without["pull_angle_cosine"])


def test_steps_are_told_by_the_epoch_that_they_were_taken_in():
    curves = {
        f"pull_step_{name}": [number, None, 2.0, number] for number, name in enumerate(("loss", "pull", "cosine"))
    }
    assert steps_taken(curves) == {1: (0, 1, 2), 3: (2.0, 2.0, 2.0), 4: (0, 1, 2)}

"""Hare & Tortoise: the slow mean follows each step, is what is evaluated, and now and then takes the fast ones back."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from small import IMAGES, SMALL_MLP, SMALL_RESNET, WithEverything, trained

from wsnb import Epochs, HareTortoise, kind
from wsnb.callbacks.hare_tortoise import follow
from wsnb.seam import Callback
from wsnb.training.evaluation import evaluate
from wsnb.training.loop import UnderWay


def test_the_tortoise_goes_its_share_of_the_way_and_counts_are_copied():
    tortoise = {"w": torch.tensor([0.0, 8.0]), "count": torch.tensor(3)}
    hare = {"w": torch.tensor([1.0, 0.0]), "count": torch.tensor(7)}
    follow(tortoise, hare, momentum=0.75)
    torch.testing.assert_close(tortoise, {"w": torch.tensor([0.25, 6.0]), "count": torch.tensor(7)})
    assert hare["w"].tolist() == [1.0, 0.0]


@kind("hares")
class Hares(Callback):
    """Notes the weights that are trained after each step, before anything else happens to them."""

    measures: ClassVar[bool] = True
    found: ClassVar[list] = []

    def begin(self, training, state):
        self.found[:] = [{name: tensor.clone() for name, tensor in training.model.state_dict().items()}]

    def after_step(self, training, state):
        self.found.append({name: tensor.clone() for name, tensor in training.model.state_dict().items()})


def test_in_a_trial_it_is_the_recursion_by_hand_and_the_hare_goes_back_every_so_many_epochs():
    trial = SMALL_RESNET.replace(
        model=WithEverything(), stop=Epochs(3), callbacks=(Hares(), HareTortoise(0.8, every=2))
    )
    outcome = trained(trial)
    steps = Hares.found
    assert len(steps) == 1 + 3 * 3
    tortoise = {name: tensor.double() for name, tensor in steps[0].items()}
    for number, hare in enumerate(steps[1:], start=1):
        for name in tortoise:
            floating = hare[name].is_floating_point()
            tortoise[name] = 0.8 * tortoise[name] + 0.2 * hare[name] if floating else hare[name].double()
        if number == 6:  # the second epoch is over
            at_half_time = {name: tensor.clone() for name, tensor in tortoise.items()}
    for name, tensor in outcome.snapshot.model.items():
        torch.testing.assert_close(tensor.double(), tortoise[name].double(), rtol=1e-5, atol=1e-6, msg=name)

    # The hare of the seventh step has made one step from the tortoise, that of the fourth one from the hare.
    def distance(one, other):
        return float((one["conv2.weight"] - other["conv2.weight"]).norm())

    assert distance(steps[7], at_half_time) < distance(steps[7], steps[6])
    assert distance(steps[4], steps[3]) < distance(steps[4], steps[0])


@pytest.mark.parametrize("every", [1, 100])
def test_the_tortoise_is_what_is_evaluated_at_the_beginning_by_epoch_and_at_the_end(every):
    trial = SMALL_MLP.replace(callbacks=HareTortoise(0.5, every))
    outcome = trained(trial)
    model = trial.model.build((3, 8, 8), 3)
    model.load_state_dict(outcome.snapshot.model)
    normalize = UnderWay(trial, IMAGES, None, 0, torch.device("cpu")).normalize
    found = evaluate(model, IMAGES.test_images, IMAGES.test_labels, "fp32", normalize)
    assert found == (outcome.final["test_accuracy"], outcome.final["test_loss"])
    assert outcome.progress.curves["test_loss"][-1] == pytest.approx(found[1])
    assert outcome.progress.initial == trained(SMALL_MLP).progress.initial


def test_the_hare_is_what_is_trained_where_it_never_goes_back():
    Hares.found.clear()
    trained(SMALL_MLP.replace(callbacks=(Hares(), HareTortoise(0.9, every=100))))
    alone = trained(SMALL_MLP).snapshot.model
    assert all(torch.equal(alone[name], Hares.found[-1][name]) for name in alone)


def test_a_momentum_of_zero_is_the_training_without():
    with_it, without = trained(SMALL_MLP.replace(callbacks=HareTortoise(0.0, every=1))), trained(SMALL_MLP)
    for name, tensor in without.snapshot.model.items():
        torch.testing.assert_close(with_it.snapshot.model[name], tensor)

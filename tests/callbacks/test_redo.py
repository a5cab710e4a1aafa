"""ReDo: dormant units are found and made new, and everything else stays."""

from __future__ import annotations

import copy
from typing import ClassVar

import pytest
import torch
from small import SMALL_MLP, SMALL_RESNET, WithEverything, network, trained
from torch import nn

from wsnb import MLP, SGD, Adam, Epochs, ReDo, ResNet18, kind
from wsnb.callbacks.redo import redo
from wsnb.errors import InvalidValue
from wsnb.seam import Model
from wsnb.training.loop import UnderWay
from wsnb.training.optimization import Optimization

IMAGES_SEEN = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def fresh_of(model):
    torch.manual_seed(99)
    return model.build((3, 8, 8), 3)


def test_a_dormant_unit_of_a_perceptron_gets_fresh_weights_in_and_none_out_and_its_moments_are_forgotten():
    spec = MLP((6, 5), "relu")
    model, fresh = network(spec, 1, shape=(3, 8, 8)), fresh_of(spec)
    with torch.no_grad():
        for layer, unit in ((0, 2), (1, 4)):
            model.hidden[layer].bias.fill_(30.0)
            model.hidden[layer].bias[unit] = -1e3  # says nothing, whatever it sees
    optimization = Optimization(Adam(), model)
    model(IMAGES_SEEN).square().sum().backward()
    optimization.step()
    with torch.no_grad():
        for group in optimization.groups:
            for name in ("exp_avg", "exp_avg_sq"):
                for tensor in group.moments[name]:
                    tensor.fill_(7.0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    logits = model(IMAGES_SEEN).detach()
    share = redo(model, IMAGES_SEEN, fresh, model.successions, 0.0, optimization.moments_of)
    assert share == pytest.approx(2 / 11)

    expected = copy.deepcopy(before)
    for layer, unit in ((0, 2), (1, 4)):
        expected[f"hidden.{layer}.weight"][unit] = fresh.hidden[layer].weight[unit].detach()
        expected[f"hidden.{layer}.bias"][unit] = fresh.hidden[layer].bias[unit].detach()
    expected["hidden.1.weight"][:, 2] = 0.0  # of the new unit too: what comes from a dormant one is nothing
    expected["head.weight"][:, 4] = 0.0
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, expected[name]), name
    changed = {
        name: (model.state_dict()[name] != before[name]) | (expected[name] != before[name])
        for name, _ in model.named_parameters()
    }
    changed["hidden.1.weight"][:, 2] = True
    for name, parameter in model.named_parameters():
        moments = optimization.moments_of(parameter)
        assert torch.equal(moments["exp_avg"] == 0, changed[name]), name
        assert torch.equal(moments["exp_avg_sq"] == 0, changed[name]), name
        assert moments["step"] == 1
    torch.testing.assert_close(model(IMAGES_SEEN), logits)  # a unit that said nothing is not missed


def test_a_dormant_channel_gets_a_fresh_place_in_its_normalisation_layer():
    spec = WithEverything()
    model, fresh = network(spec, 1, shape=(3, 8, 8)).eval(), fresh_of(spec)
    with torch.no_grad():
        model.norm1.bias[1] = -1e3
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert redo(model, IMAGES_SEEN, fresh, model.successions, 0.0) == 1 / 4
    new, state = fresh.state_dict(), model.state_dict()
    for name in ("conv1.weight", "conv1.bias", "norm1.weight", "norm1.bias", "norm1.running_mean", "norm1.running_var"):
        assert torch.equal(state[name][1], new[name][1]), name
        assert not torch.equal(before[name][1], new[name][1]), name
        assert torch.equal(state[name][[0, 2, 3]], before[name][[0, 2, 3]]), name
    assert not state["conv2.weight"][:, 1].any()
    assert torch.equal(state["conv2.weight"][:, [0, 2, 3]], before["conv2.weight"][:, [0, 2, 3]])
    for name in ("norm1.num_batches_tracked", "norm2.weight", "norm2.running_mean", "head.weight"):
        assert torch.equal(state[name], before[name]), name


def test_dormant_is_at_most_the_threshold_times_the_layers_mean():
    # Three units whose activations are 1, 2 and 9: a mean of 4.
    model = nn.Sequential(nn.Linear(1, 3, bias=False), nn.Linear(3, 2))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0], [-2.0], [9.0]]))
    share = {
        threshold: redo(copy.deepcopy(model), torch.ones(4, 1), model, [("0", None, "1")], threshold)
        for threshold in (0.0, 0.24, 0.25, 0.49, 0.5, 3.0)
    }
    assert share == pytest.approx({0.0: 0, 0.24: 0, 0.25: 1 / 3, 0.49: 1 / 3, 0.5: 2 / 3, 3.0: 1})


def test_it_works_with_pytorchs_own_optimizers_and_leaves_mode_and_hooks_as_they_were():
    model = network(MLP((6,), "relu"), 1, shape=(3, 8, 8)).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(IMAGES_SEEN).sum().backward()
    optimizer.step()
    redo(model, IMAGES_SEEN, fresh_of(MLP((6,), "relu")), model.successions, 9.0, optimizer.state.__getitem__)
    assert not optimizer.state[model.hidden[0].weight]["momentum_buffer"].any() and model.training
    assert not any(module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize(
    "successions, words",
    [
        ([("hidden0", None, "head")], r"no layer 'hidden0'.*Did you mean 'hidden\.0'"),
        ([("hidden.0", None, "head")], r"hidden\.0 has 6 units and head takes 5"),
    ],
)
def test_a_succession_that_is_none_is_a_sentence_and_nothing_has_changed(successions, words):
    model = network(MLP((6, 5)), 1, shape=(3, 8, 8))
    before = copy.deepcopy(model)
    with pytest.raises(InvalidValue, match=words):
        redo(model, IMAGES_SEEN, fresh_of(MLP((6, 5))), successions, 9.0)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before.parameters(), strict=True))


# In a trial ---------------------------------------------------------------------------------------


def test_a_trials_units_are_made_new_every_so_many_epochs_and_their_share_is_a_curve():
    trial = SMALL_MLP.replace(model=MLP((8,), "relu"), stop=Epochs(4), optimizer=SGD(0.05, 0.9))
    outcome = trained(trial.replace(callbacks=ReDo(threshold=0.5, every=2, images=20)))
    share = outcome.progress.curves["dormant_units"]
    assert share[0] == share[2] == 0 < share[1] < 1
    # Two epochs with it are two without, and then what the equation says with what the callback draws.
    again = UnderWay(trial.replace(callbacks=ReDo(threshold=0.5, every=2, images=20)), *NOTHING)
    for _ in range(2):
        again.epoch_of_training()
    by_hand = UnderWay(trial.replace(callbacks=()), *NOTHING)
    for _ in range(2):
        by_hand.epoch_of_training()
    [callback] = again.trial.callbacks
    order = torch.randperm(41, generator=again.chance(callback, "images", 2))[:20]
    seen = by_hand.normalize(by_hand.images[order])
    fresh = again.fresh(callback, 2)
    redo(by_hand.model, seen, fresh, by_hand.model.successions, 0.5, by_hand.optimizer.moments_of)
    for one, other in zip(again.model.parameters(), by_hand.model.parameters(), strict=True):
        assert torch.equal(one, other)
    for name, tensor in again.optimizer.state().items():
        assert torch.equal(tensor, by_hand.optimizer.state()[name])


def _nothing():
    from small import IMAGES

    return IMAGES, None, 0, torch.device("cpu")


NOTHING = _nothing()


@pytest.mark.parametrize("model", [ResNet18(2), MLP((8, 8)), WithEverything()], ids=repr)
def test_the_networks_say_which_of_their_layers_feed_one_other_alone(model):
    outcome = trained(SMALL_RESNET.replace(model=model, stop=Epochs(1), callbacks=ReDo(threshold=9.0)))
    assert outcome.progress.curves["dormant_units"] == [1.0]


@kind("without_successions")
class WithoutSuccessions(Model):
    head: ClassVar[str] = "1"

    def build(self, image_shape, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(192, classes))


def test_a_model_without_successions_is_a_sentence():
    with pytest.raises(InvalidValue, match=r"Sequential has no `successions`: give it a tuple of \(incoming"):
        trained(SMALL_MLP.replace(model=WithoutSuccessions(), callbacks=ReDo()))

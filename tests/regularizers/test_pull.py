"""Regularizers at work: each pull by hand, on the backbone alone, joined as the direction says."""

from __future__ import annotations

import copy

import pytest
import torch
from small import IMAGES, SMALL_MLP, Everything, WithEverything, trained
from torch import nn
from torch.nn import functional

from wsnb import DTNH, L2, L2SP, SGD, Adam, AdamW, Epochs, KnowDist, RandomInit, kind
from wsnb.errors import InvalidValue
from wsnb.regularizers.dtnh import dtnh
from wsnb.regularizers.pull import Pull
from wsnb.seam import Direction, Regularizer


@pytest.fixture
def networks():
    torch.manual_seed(0)
    return Everything(3, 4, 0.0, 3), Everything(3, 4, 0.0, 3)


IMAGES_SEEN = torch.randn(5, 3, 6, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 0, 1])


def pulled(pull, model):
    """The gradients that a pull leaves, by name."""
    model.zero_grad()
    loss = functional.cross_entropy(model(IMAGES_SEEN), LABELS)
    pull.backward(loss, IMAGES_SEEN, LABELS)
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def without(model):
    model = copy.deepcopy(model)
    model.zero_grad()
    functional.cross_entropy(model(IMAGES_SEEN), LABELS).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def close(one, other):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-6, msg=name)


# L2-SP --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epoch", [0, 3])
def test_l2_sp_pulls_with_twice_the_way_from_the_source_its_coefficient_decaying_by_epoch(networks, epoch):
    model, source = networks
    alone = without(model)
    pull = Pull(L2SP(0.3, decay=0.5), model, source)
    pull.epoch = epoch
    there = dict(source.named_parameters())
    expected = {
        name: alone[name] + (0 if name.startswith("head.") else 2 * 0.3 * 0.5**epoch * (parameter - there[name]))
        for name, parameter in model.named_parameters()
    }
    close(pulled(pull, model), expected)
    assert {"norm1.weight", "norm1.bias", "conv1.bias"} <= pull.backbone.keys()
    assert pull.step == 1


def test_l2_sp_is_the_gradient_of_the_squared_distance(networks):
    model, source = networks
    there = dict(source.named_parameters())
    distance = sum((each - there[name]).square().sum() for name, each in model.named_parameters() if "head" not in name)
    distance.backward()
    by_autograd = {name: each.grad for name, each in model.named_parameters() if "head" not in name}
    pull = Pull(L2SP(1.0), model, source)
    close(dict(zip(pull.backbone, L2SP().gradient(_seen(pull), pull.backbone), strict=True)), by_autograd)


def _seen(pull):
    from wsnb.seam import Seen

    return Seen(pull.model, pull.source, IMAGES_SEEN, LABELS, {}, {}, 0, 0)


def test_plain_l2_pulls_to_zero_without_a_source(networks):
    model, source = networks
    pull = Pull(L2(1.0), model, source)
    gradients = L2().gradient(_seen(pull), pull.backbone)
    assert all(torch.equal(one, 2 * each) for one, each in zip(gradients, pull.backbone.values(), strict=True))
    assert trained(SMALL_MLP.replace(regularizer=L2(0.01))).progress.curves, "it needs no parent"


# KnowDist -----------------------------------------------------------------------------------------


def features(model, name):
    kept = []
    hook = model.get_submodule(name).register_forward_hook(lambda module, given, output: kept.append(output))
    model(IMAGES_SEEN)
    hook.remove()
    return kept[0]


@pytest.mark.parametrize("compared", [None, ("conv1", "norm2")])
def test_know_dist_is_the_mean_over_images_of_the_squared_distance_of_feature_maps(networks, compared):
    model, source = networks
    alone, twin = without(model), copy.deepcopy(model)
    pull = Pull(KnowDist(0.2, compared=compared), model, source.train())
    still = copy.deepcopy(source).eval()
    naive = 0.0
    for name in compared or ("conv2",):
        here, there = features(twin, name), features(still, name).detach()
        for number in range(len(IMAGES_SEEN)):
            naive = naive + (here[number] - there[number]).square().sum() / len(IMAGES_SEEN)
    (0.2 * naive).backward()
    expected = {
        name: alone[name] + (0 if parameter.grad is None else parameter.grad)
        for name, parameter in twin.named_parameters()
    }
    close(pulled(pull, model), expected)
    assert not torch.equal(expected["conv1.weight"], alone["conv1.weight"])
    assert torch.equal(expected["head.weight"], alone["head.weight"])


def test_the_source_is_a_copy_in_evaluation_mode_whose_statistics_stay(networks):
    model, source = networks
    pull = Pull(KnowDist(), model, source)
    before = {name: tensor.clone() for name, tensor in pull.source.state_dict().items()}
    pulled(pull, model)
    assert source.training and not pull.source.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in pull.source.state_dict().items())
    assert all(parameter.grad is None for parameter in pull.source.parameters())


def test_a_copy_of_the_model_that_sees_images_in_between_changes_nothing(networks):
    model, source = networks
    twin = copy.deepcopy(model)
    expected = pulled(Pull(KnowDist(0.2), twin, source), twin)
    pull = Pull(KnowDist(0.2), model, source)
    average = copy.deepcopy(model)
    loss = functional.cross_entropy(model(IMAGES_SEEN), LABELS)
    average(IMAGES_SEEN)
    pull.backward(loss, IMAGES_SEEN, LABELS)
    close({name: parameter.grad for name, parameter in model.named_parameters()}, expected)


def test_a_pull_that_is_closed_leaves_the_model_as_it_was(networks):
    model, source = networks
    pull = Pull(KnowDist(), model, source)
    assert any(module._forward_hooks for module in model.modules())
    pull.close()
    assert not any(module._forward_hooks for module in model.modules())


# Directions ---------------------------------------------------------------------------------------


@kind("opposes")
class Opposes(Regularizer):
    """Pulls against the loss wherever the weights are: its gradient is the opposite of what it was given."""

    def gradient(self, seen, parameters):
        return [-2 * each for each in self.of_loss]


def test_dtnh_corrects_the_backbone_alone_and_the_heads_l2_belongs_to_the_loss(networks):
    model, source = networks
    alone = without(model)
    sideways = {name: torch.randn_like(gradient) for name, gradient in alone.items()}
    names = [name for name in alone if not name.startswith("head.")]

    class Against(Opposes):
        kind = "opposes"

        def gradient(self, seen, parameters):
            assert list(parameters) == names
            return [sideways[name] - 9 * alone[name] for name in names]

    pull = Pull(Against(0.5, head_coefficient=0.7), model, source, DTNH())
    loss = [alone[name] for name in names]
    expected = dict(zip(names, dtnh(loss, [0.5 * (sideways[name] - 9 * alone[name]) for name in names]), strict=True))
    head = dict(model.head.named_parameters())
    expected |= {f"head.{name}": alone[f"head.{name}"] + 0.7 * 2 * head[name].detach() for name in head}
    found = pulled(pull, model)
    close(found, expected)
    one, other = (torch.cat([each[name].flatten() for name in names]) for each in (found, alone))
    torch.testing.assert_close(one @ other, other @ other, rtol=1e-3, atol=1e-5)


@kind("on_everything")
class OnEverything(Regularizer):
    """The squared length of all weights, the classifier's too."""

    def penalty(self, seen):
        return sum(each.square().sum() for each in seen.model.parameters())


@pytest.mark.parametrize("regularizer", [OnEverything(0.2), KnowDist(0.2, compared=("head",))])
@pytest.mark.parametrize("direction", [None, DTNH()], ids=["sum", "dtnh"])
def test_a_penalty_that_reaches_the_classifier_does_not_pull_on_it(networks, regularizer, direction):
    model, source = networks
    alone, found = without(model), pulled(Pull(regularizer, model, source, direction), model)
    of_head = [name for name in alone if name.startswith("head.")]
    close({name: found[name] for name in of_head}, {name: alone[name] for name in of_head})
    assert not torch.allclose(found["conv1.weight"], alone["conv1.weight"])


def test_the_optimizers_weight_decay_belongs_to_the_loss_that_a_direction_sees(networks):
    model, source = networks
    alone, decay = without(model), 0.05
    weights = {name: each.detach() for name, each in model.named_parameters()}
    names = [name for name in alone if not name.startswith("head.")]
    there = dict(source.named_parameters())
    pull = [9 * 2 * (weights[name] - there[name].detach()) for name in names]
    joined = dtnh([alone[name] + decay * weights[name] for name in names], pull)
    found = pulled(Pull(L2SP(9.0), model, source, DTNH(), l2=decay), model)
    expected = {name: each - decay * weights[name] for name, each in zip(names, joined, strict=True)}
    close({name: found[name] for name in names}, expected)
    assert (SGD(weight_decay=0.1).l2, AdamW(weight_decay=0.1).l2, Adam(weight_decay=0.1).l2) == (0.1, 0.0, 0.1)


def test_a_regularizer_that_does_nothing_is_a_sentence(networks):
    @kind("idle")
    class Idle(Regularizer):
        pass

    with pytest.raises(InvalidValue, match="Idle has no method gradient or penalty; wsnb/seam.py says"):
        Pull(Idle(), *networks)


@pytest.mark.parametrize("direction", [None, DTNH()], ids=["sum", "dtnh"])
def test_several_regularizers_pull_together_before_they_are_joined(networks, direction):
    model, source = networks
    alone = without(model)

    def pull_of(*regularizers):
        fresh = copy.deepcopy(model)
        found = pulled(Pull(regularizers, fresh, source), fresh)
        return {name: found[name] - alone[name] for name in found}

    first, second = pull_of(L2SP(0.1)), pull_of(KnowDist(0.2))
    names = [name for name in alone if not name.startswith("head.")]
    loss, together = [alone[name] for name in names], [first[name] + second[name] for name in names]
    joined = dtnh(loss, together) if direction else [one + other for one, other in zip(loss, together, strict=True)]
    expected = alone | dict(zip(names, joined, strict=True))
    close(pulled(Pull([L2SP(0.1), KnowDist(0.2)], model, source, direction), model), expected)


def test_a_direction_of_ones_own_is_given_both_gradients_in_the_order_of_the_backbone(networks):
    model, source = networks
    alone = without(model)

    @kind("loss_alone")
    class LossAlone(Direction):
        def join(self, loss, pull):
            seen.append((loss, pull))
            return loss

    seen = []
    close(pulled(Pull([L2SP(0.1), KnowDist(0.2)], model, source, LossAlone()), model), alone)
    [(loss, pull)] = seen
    names = [name for name in alone if not name.startswith("head.")]
    assert [tensor.shape for tensor in pull] == [alone[name].shape for name in names]
    assert all(torch.equal(tensor, alone[name]) for tensor, name in zip(loss, names, strict=True))


def test_in_a_trial_dtnh_is_the_plain_sum_where_nothing_opposes_and_another_where_it_does():
    parent = trained(SMALL_MLP).snapshot
    first = SMALL_MLP.then(regularizer=L2SP(1e-3), stop=Epochs(1), batch_size=64)
    plain, corrected = (trained(each, parent=parent) for each in (first, first.replace(direction=DTNH())))
    # One step from the source: the pull is zero there, so they are equal to the bit.
    assert all(torch.equal(plain.snapshot.model[name], corrected.snapshot.model[name]) for name in plain.snapshot.model)
    strong = SMALL_MLP.then(start=RandomInit(), regularizer=L2SP(3.0))
    plain, corrected = (trained(each, parent=parent) for each in (strong, strong.replace(direction=DTNH())))
    assert not torch.equal(plain.snapshot.model["hidden.0.weight"], corrected.snapshot.model["hidden.0.weight"])
    away = [
        float((outcome.snapshot.model["hidden.0.weight"] - parent.model["hidden.0.weight"]).norm())
        for outcome in (plain, trained(SMALL_MLP.then(start=RandomInit(), regularizer=L2SP(0.0)), parent=parent))
    ]
    assert away[0] < 0.5 * away[1], "it pulls to the source"


# What does not fit --------------------------------------------------------------------------------


def test_a_source_of_another_shape_or_without_a_layer_is_a_sentence(networks):
    model, _ = networks
    with pytest.raises(InvalidValue, match=r"conv1\.weight is \(5, 3, 3, 3\) there and \(4, 3, 3, 3\) here"):
        Pull(L2SP(), model, Everything(3, 5, 0.0, 3))
    with pytest.raises(InvalidValue, match=r"conv1\.weight is absent there"):
        Pull(L2SP(), model, nn.Linear(3, 3))
    Pull(L2SP(), model, Everything(3, 4, 0.0, 7))  # another head is no hindrance


def test_a_layer_that_is_not_there_is_a_sentence_with_a_near_miss(networks):
    with pytest.raises(InvalidValue, match=r"no layer 'conv_2'.*allowed: conv1, norm1.*Did you mean 'conv2'"):
        Pull(KnowDist(compared=("conv_2",)), *networks)


def test_a_forward_pass_before_the_pull_is_a_sentence(networks):
    model, source = networks
    loss = model(IMAGES_SEEN).sum()
    pull = Pull(KnowDist(), model, source)
    with pytest.raises(InvalidValue, match="seen no images since the last step, or since this Pull was made"):
        pull.backward(loss, IMAGES_SEEN, torch.zeros(len(IMAGES_SEEN), dtype=torch.int64))


def test_a_network_without_stages_is_asked_for_layers():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    with pytest.raises(InvalidValue, match=r"KnowDist\.compared is None and Sequential names no stages.*\['0', '1'\]"):
        Pull(KnowDist(), model, copy.deepcopy(model), head=None)


def test_a_head_that_is_not_there_is_a_sentence(networks):
    with pytest.raises(InvalidValue, match=r"head is 'haed', and the model has no parameters in it.*mean 'head'"):
        Pull(L2SP(), *networks, head="haed")


def test_in_a_trial_a_parent_of_another_width_is_a_sentence():
    parent = trained(SMALL_MLP.replace(model=WithEverything(3), stop=Epochs(0)))
    child = SMALL_MLP.replace(model=WithEverything(3)).then(
        model=WithEverything(4), start=RandomInit(), regularizer=L2SP()
    )
    with pytest.raises(InvalidValue, match="conv1.weight is .3, 3, 3, 3. there and .4, 3, 3, 3. here"):
        trained(child, parent=parent.snapshot)


def test_a_regularizer_that_needs_no_parent_pulls_to_where_training_began():
    @kind("to_the_beginning")
    class ToTheBeginning(L2SP):
        needs_parent = False

    still, free, pulled_back = (
        trained(SMALL_MLP.replace(**change), IMAGES).snapshot.model["hidden.0.weight"]
        for change in ({"stop": Epochs(0)}, {}, {"regularizer": ToTheBeginning(5.0)})
    )
    assert 0 < (pulled_back - still).norm() < 0.7 * (free - still).norm()


def test_parameters_that_are_frozen_are_not_pulled(networks):
    model, source = networks
    model.conv1.requires_grad_(False)
    pull = Pull([L2SP(0.1), KnowDist(0.1)], model, source, DTNH())
    pull.backward(functional.cross_entropy(model(IMAGES_SEEN), LABELS), IMAGES_SEEN, LABELS)
    assert model.conv1.weight.grad is None and model.conv2.weight.grad is not None

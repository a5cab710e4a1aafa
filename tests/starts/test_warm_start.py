"""A warm start is the trained network, with a fresh head where the classes differ."""

from __future__ import annotations

import pytest
import torch
from small import SHAPES, network, same_state

from wsnb import MLP, Logistic, ResNet18, ResNet20
from wsnb.errors import InvalidValue
from wsnb.starts.warm_start import warm_start


@pytest.mark.parametrize("model", SHAPES, ids=repr)
def test_a_warm_start_is_the_trained_network(model):
    trained = network(model, 1)
    assert same_state(warm_start(trained, network(model, 2)).state_dict(), trained.state_dict())


@pytest.mark.parametrize("model", SHAPES, ids=repr)
def test_a_head_for_other_classes_is_all_fresh_and_the_rest_all_trained(model):
    trained, fresh = network(model, 1, classes=3), network(model, 2, classes=5)
    state = warm_start(trained, fresh).state_dict()
    assert state.keys() == fresh.state_dict().keys()
    for name, tensor in state.items():
        source = fresh if name.startswith("head.") else trained
        assert torch.equal(tensor, source.state_dict()[name]), name


def test_a_head_may_have_another_name():
    def two_layers(classes):
        return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, classes))

    trained, fresh = two_layers(2), two_layers(5)
    state = warm_start(trained, fresh, head="1").state_dict()
    assert torch.equal(state["0.weight"], trained[0].weight) and torch.equal(state["1.weight"], fresh[1].weight)
    with pytest.raises(InvalidValue, match=r"1\.weight is \(2, 3\) there and \(5, 3\) here"):
        warm_start(trained, fresh)


def test_nothing_given_is_changed_or_shared_with_what_comes_out():
    # The replication's Figure 4 went wrong by training one model object again and again.
    given = [network(ResNet18(1), 1), network(ResNet18(1), 2, classes=5)]
    before = [{name: tensor.clone() for name, tensor in each.state_dict().items()} for each in given]
    for tensor in warm_start(*given).state_dict().values():
        tensor.zero_()
    assert all(same_state(each.state_dict(), kept) for each, kept in zip(given, before, strict=True))


@pytest.mark.parametrize(
    "parent, child, tensor",
    [
        pytest.param(ResNet18(2), ResNet18(1), "stem.weight", id="width"),
        pytest.param(ResNet20(1), ResNet18(1), "stages.3.0.conv1.weight", id="architecture"),
        pytest.param(MLP((4, 5)), MLP((4, 4)), "hidden.1.weight", id="hidden"),
        pytest.param(MLP((4, 4), bias=False), MLP((4, 4)), "hidden.0.bias", id="bias-missing"),
        pytest.param(MLP((4,)), MLP((4, 4)), "hidden.1.weight", id="layer-missing"),
        # These two hold more than the child asks for; to take a part of a network is no warm start.
        pytest.param(MLP((4, 4)), MLP((4, 4), bias=False), "hidden.0.bias", id="bias-too-many"),
        pytest.param(MLP((4, 4)), MLP((4,)), "hidden.1.weight", id="layer-too-many"),
    ],
)
def test_a_parent_of_another_architecture_is_refused_by_the_tensors_name(parent, child, tensor):
    shape = (3, 16, 16)
    with pytest.raises(InvalidValue, match=rf"{tensor}\b"):
        warm_start(network(parent, 1, shape=shape), network(child, 2, shape=shape))


def test_the_refusal_gives_both_shapes():
    trained, fresh = (network(MLP(hidden), 1, shape=(3, 4, 4)) for hidden in ((5, 4), (4, 4)))
    with pytest.raises(InvalidValue, match=r"hidden\.0\.weight is \(5, 48\) there and \(4, 48\) here"):
        warm_start(trained, fresh)


@pytest.mark.parametrize("model, tensor", [(MLP((4, 4)), "hidden.0.weight"), (Logistic(), "head.weight")])
def test_a_parent_for_another_image_size_is_refused(model, tensor):
    # A logistic regression has a head alone: its weight must not start fresh beside the parent's bias.
    trained, fresh = network(model, 1, shape=(3, 4, 4)), network(model, 2, shape=(3, 8, 8))
    with pytest.raises(InvalidValue, match=tensor):
        warm_start(trained, fresh)

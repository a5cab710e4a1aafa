"""What of an optimizer's state does not fit is a sentence, before any memory is written."""

from __future__ import annotations

import pytest
import torch
from small import SMALL_MLP, coloured, trained

from wsnb import MLP, SGD, Adam, RMSProp
from wsnb.errors import InvalidValue
from wsnb.training.optimization import Optimization


@pytest.mark.parametrize("rule", [SGD(0.05, 0.9), Adam(0.01), RMSProp()], ids=repr)
def test_momenta_never_reach_a_weight_of_another_size(rule):
    # Trial allows it: the models are equal, only the data has other classes. PyTorch's fused step does not look at
    # shapes: it would write past the end of the smaller tensor and take the process down, or worse, not.
    first = SMALL_MLP.replace(optimizer=rule)
    parent = trained(first).snapshot
    with pytest.raises(InvalidValue, match=r"'kept'.*shape \(3, 8\).*\(5, 8\); use 'fresh' when the classes differ"):
        trained(first.then(optimizer_state="kept"), coloured(classes=5), parent=parent)
    optimization = Optimization(rule, MLP((8,)).build((3, 8, 8), 5))
    with pytest.raises(InvalidValue, match="optimizer_state is 'kept'"):
        optimization.load(parent.optimizer)
    for group in optimization.groups:
        for tensors in group.moments.values():
            for tensor, parameter in zip(tensors, group.parameters, strict=True):
                assert tensor.shape in {parameter.shape, torch.Size([])}


def test_a_head_learning_rate_without_a_head_is_a_sentence():
    model = torch.nn.Sequential(torch.nn.Linear(3, 3))
    with pytest.raises(
        InvalidValue, match=r"head_learning_rate=0.5.* has a head_learning_rate, .* no parameters in 'h"
    ):
        Optimization(SGD(head_learning_rate=0.5), model)
    assert Optimization(SGD(head_learning_rate=0.5), model, head="0").groups[0].learning_rate == 0.5


def test_the_head_is_a_module_and_not_a_beginning_of_a_name():
    model = torch.nn.ModuleDict({"head": torch.nn.Linear(2, 2), "header": torch.nn.Linear(2, 2)})
    groups = Optimization(SGD(head_learning_rate=0.5), model).groups
    assert [
        group.parameters[0] is model[name].weight for group, name in zip(groups, ("header", "head"), strict=True)
    ] == [True] * 2


def test_what_is_no_parameter_has_nothing_remembered():
    with pytest.raises(KeyError, match="no parameter of this optimizer"):
        Optimization(Adam(), MLP((2,)).build((3, 2, 2), 2)).moments_of(torch.nn.Parameter(torch.ones(1)))

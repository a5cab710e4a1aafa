"""Our steps are PyTorch's, to the last bit, without what its classes load first."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from small import pytorchs_own

from wsnb import SGD, Adam, AdamW, ResNet18, RMSProp
from wsnb.training.optimization import Optimization

RULES = [
    SGD(0.05),
    SGD(0.05, weight_decay=0.01),
    SGD(0.02, 0.9),
    SGD(0.02, 0.9, 0.001),
    Adam(0.003),
    Adam(0.01, 0.8, 0.9, weight_decay=0.02),
    AdamW(0.01),
    AdamW(0.01, 0.8, 0.9, weight_decay=0.1),
    RMSProp(0.003),
    RMSProp(0.003, 0.9, 0.9, 1e-4, 0.02),
]
SMALL = ResNet18(2)


def network():
    torch.manual_seed(0)
    built = SMALL.build((3, 8, 8), 3)
    return built.to(memory_format=built.memory_format)


def stepped(built, optimizer, first, last, before_step=lambda number: None):
    """Train on random batches, numbered so that each comes once."""
    for number in range(first, last):
        batch = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(number))
        optimizer.zero_grad()
        built(batch).square().sum().backward()
        before_step(number)
        optimizer.step()


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def wanted_state(known):
    return {
        f"{index}.{name}": tensor
        for index, moments in known.state_dict()["state"].items()
        for name, tensor in moments.items()
        if tensor is not None
    }


@pytest.mark.parametrize("head_rate", [None, 0.02])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_steps_are_pytorchs_own_bit_for_bit_and_go_on_where_their_state_was_taken(rule, head_rate):
    rule, ours, reference = rule.replace(head_learning_rate=head_rate), network(), network()
    optimization = Optimization(rule, ours)
    backbone = [each for name, each in reference.named_parameters() if not name.startswith("head.")]
    known = pytorchs_own(rule, [{"params": backbone}, {"params": list(reference.head.parameters())}])
    rates, scales = (rule.learning_rate, head_rate or rule.learning_rate), [1.0, 1.0, 0.25, 0.3, 0.1, 1.0]

    def some_without_gradient(built, number):
        # PyTorch's own fused SGD fails where a first gradient comes later than another's.
        for parameter in list(built.parameters())[number % 3 :: 5] if number else ():
            parameter.grad = None

    def in_ours(number):
        optimization.scale = scales[number]
        some_without_gradient(ours, number)

    def in_theirs(number):
        for group, rate in zip(known.param_groups, rates, strict=True):
            group["lr"] = rate * scales[number]
        some_without_gradient(reference, number)

    for first in (0, 3):
        stepped(ours, optimization, first, first + 3, in_ours)
        stepped(reference, known, first, first + 3, in_theirs)
        assert same(ours, reference) and not same(ours, network())
        # Both say the network's parameters in order, the head's last.
        state, wanted = optimization.state(), wanted_state(known)
        assert state.keys() == wanted.keys() and all(torch.equal(state[key], wanted[key]) for key in wanted)
        optimization = Optimization(rule, ours)
        optimization.load({key: tensor.contiguous() for key, tensor in state.items()})  # as files hold it


def test_moments_go_back_in_the_layout_of_the_weights_that_they_belong_to_and_are_copies():
    built = network()
    optimization, other = (Optimization(Adam(), built) for _ in range(2))
    stepped(built, optimization, 0, 1)
    state = {key: tensor.contiguous() for key, tensor in optimization.state().items()}
    other.load(state)
    [group] = other.groups
    assert group.moments.keys() == {"step", "exp_avg", "exp_avg_sq"}
    for name in ("exp_avg", "exp_avg_sq"):
        assert [tensor.stride() for tensor in group.moments[name]] == [each.stride() for each in built.parameters()]
    before = {key: tensor.clone() for key, tensor in state.items()}
    stepped(built, other, 1, 2)
    assert all(torch.equal(state[key], before[key]) for key in state)
    assert all(step == 2 for step in group.moments["step"])


@pytest.mark.parametrize("rule", [SGD(0.1, 0.9), RMSProp(momentum=0.9)], ids=repr)
def test_momenta_that_were_never_made_leave_a_first_step_to_be_made(rule):
    before = network()
    plain = Optimization(rule.replace(momentum=0.0), before)
    stepped(before, plain, 0, 1)
    built = network()
    optimization = Optimization(rule, built)
    optimization.load(plain.state())
    stepped(built, optimization, 0, 1)
    [group] = optimization.groups
    assert len(group.moments["momentum_buffer"]) == len(group.parameters)
    assert all(tensor.any() for tensor in group.moments["momentum_buffer"])


@pytest.mark.parametrize("rule", [SGD(0.1, 0.9), RMSProp(momentum=0.9)], ids=repr)
def test_momenta_that_are_no_longer_wanted_are_no_hindrance(rule):
    built, reference = network(), network()
    other = network()
    before = Optimization(rule, other)
    stepped(other, before, 0, 1)
    optimization = Optimization(SGD(0.1) if isinstance(rule, SGD) else rule.replace(momentum=0.0), built)
    optimization.load(before.state())
    stepped(built, optimization, 1, 2)
    assert not same(built, reference)


def test_what_is_remembered_of_a_parameter_can_be_changed_in_place():
    built = network()
    optimization = Optimization(Adam(head_learning_rate=0.1), built)
    stepped(built, optimization, 0, 1)
    optimization.moments_of(built.head.weight)["exp_avg"][1] = 7.0
    number = [name for name, _ in built.named_parameters()].index("head.weight")
    assert (optimization.state()[f"{number}.exp_avg"][1] == 7).all()


def test_parameters_that_are_frozen_are_left_alone():
    built, before = network(), network()
    built.stem.requires_grad_(False)
    optimization = Optimization(SGD(0.1, 0.9, 0.1), built)
    stepped(built, optimization, 0, 2)
    assert torch.equal(built.stem.weight, before.stem.weight) and not torch.equal(built.head.weight, before.head.weight)


def test_a_training_does_not_load_pytorchs_compiler():
    # It takes three seconds of every worker's start.
    train = (
        "import sys; from small import IMAGES, SMALL_MLP, trained; from wsnb import *\n"
        "for rule in (SGD(0.1, 0.9), Adam(), AdamW(), RMSProp()):\n"
        "    trained(SMALL_MLP.replace(optimizer=rule, stop=Epochs(1)))\n"
        "print('torch._dynamo' in sys.modules)"
    )
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", train], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"

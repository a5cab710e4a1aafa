"""Our steps are PyTorch's, to the last bit, without what its classes load first."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from wsnb import MLP, SGD, Adam, AdamW, ResNet18, RMSProp
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


def theirs(rule, parameters):
    """PyTorch's own optimizer."""
    common = {"lr": rule.learning_rate, "weight_decay": rule.weight_decay}
    if isinstance(rule, SGD):
        return torch.optim.SGD(parameters, momentum=rule.momentum, fused=True, **common)
    if isinstance(rule, RMSProp):
        more = {"alpha": rule.smoothing, "eps": rule.epsilon, "momentum": rule.momentum}
        return torch.optim.RMSprop(parameters, **more, **common)
    cls = torch.optim.AdamW if isinstance(rule, AdamW) else torch.optim.Adam
    return cls(parameters, betas=(rule.beta1, rule.beta2), fused=True, **common)


def network(model=SMALL):
    torch.manual_seed(0)
    built = model.build((3, 8, 8), 3)
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


@pytest.mark.parametrize("model", [SMALL, MLP((8,))], ids=repr)
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_steps_are_pytorchs_own_bit_for_bit(rule, model):
    ours, reference = network(model), network(model)
    stepped(ours, Optimization(rule, ours), 0, 4)
    stepped(reference, theirs(rule, reference.parameters()), 0, 4)
    assert same(ours, reference) and not same(ours, network(model))


@pytest.mark.parametrize("rule", RULES[::2] + RULES[3::6], ids=repr)
def test_a_head_learning_rate_is_a_parameter_group(rule):
    ours, reference = network(), network()
    optimization = Optimization(rule.replace(head_learning_rate=0.02), ours)
    backbone = [each for name, each in reference.named_parameters() if not name.startswith("head.")]
    known = theirs(rule, [{"params": backbone}, {"params": list(reference.head.parameters()), "lr": 0.02}])
    stepped(ours, optimization, 0, 4)
    stepped(reference, known, 0, 4)
    assert same(ours, reference)
    assert [(len(group.parameters), group.learning_rate) for group in optimization.groups] == [
        (len(backbone), rule.learning_rate),
        (2, 0.02),
    ]
    # Both say the network's parameters in order, the head's last.
    state = optimization.state()
    assert state.keys() == wanted_state(known).keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in wanted_state(known).items())


@pytest.mark.parametrize("rule", RULES[::2] + RULES[3::6], ids=repr)
def test_a_schedules_scale_is_a_learning_rate_set_by_hand(rule):
    ours, reference = network(), network()
    rule = rule.replace(head_learning_rate=0.02)
    optimization = Optimization(rule, ours)
    backbone = [each for name, each in reference.named_parameters() if not name.startswith("head.")]
    known = theirs(rule, [{"params": backbone}, {"params": list(reference.head.parameters())}])
    scales = [0.25, 1.0, 0.3, 0.1]

    def by_hand(number):
        for group, rate in zip(known.param_groups, (rule.learning_rate, 0.02), strict=True):
            group["lr"] = rate * scales[number]

    stepped(ours, optimization, 0, 4, lambda number: setattr(optimization, "scale", scales[number]))
    stepped(reference, known, 0, 4, by_hand)
    assert same(ours, reference)


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("head_rate", [None, 0.02])
def test_the_state_is_pytorchs_and_goes_on_where_it_was_taken(rule, head_rate):
    rule = rule.replace(head_learning_rate=head_rate)
    whole = network()
    first = Optimization(rule, whole)
    stepped(whole, first, 0, 2)
    state = first.state()
    if head_rate is None:
        reference = network()
        known = theirs(rule, reference.parameters())
        stepped(reference, known, 0, 2)
        wanted = wanted_state(known)
        assert state.keys() == wanted.keys() and all(torch.equal(state[key], wanted[key]) for key in wanted)

    part = network()
    part.load_state_dict(whole.state_dict())
    second = Optimization(rule, part)
    second.load({key: tensor.contiguous() for key, tensor in state.items()})  # as files hold it
    stepped(part, second, 2, 4)
    stepped(whole, first, 2, 4)
    assert same(part, whole)


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
    before = Optimization(rule, network())
    stepped(network(), before, 0, 0)
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


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_parameters_without_a_gradient_stay_as_in_pytorch(rule):
    ours, other = network(), network()
    steps, reference = Optimization(rule, ours), theirs(rule, other.parameters())

    def without_gradient(built):
        def before_step(number):
            # PyTorch's own fused SGD fails where a first gradient comes later than another's.
            for parameter in list(built.parameters())[number % 3 :: 5] if number else ():
                parameter.grad = None

        return before_step

    for optimizer, built in ((steps, ours), (reference, other)):
        stepped(built, optimizer, 0, 6, without_gradient(built))
    assert same(ours, other)

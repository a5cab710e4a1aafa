"""Our steps are PyTorch's, to the last bit, without what its classes load first."""

import subprocess
import sys

import pytest
import torch

from wsnb import models
from wsnb.optimisers import Optimiser
from wsnb.trials import MLP, SGD, Adam, ResNet18

RULES = [SGD(0.05), SGD(0.05, weight_decay=0.01), SGD(0.02, 0.9), SGD(0.02, 0.9, 0.001), Adam(0.003)]
RULES += [Adam(0.01, 0.8, 0.9, weight_decay=0.02)]


def theirs(rule, parameters):
    """PyTorch's own optimiser."""
    if isinstance(rule, SGD):
        more = {"momentum": rule.momentum}
        kind = torch.optim.SGD
    else:
        more = {"betas": (rule.beta1, rule.beta2)}
        kind = torch.optim.Adam
    return kind(parameters, lr=rule.learning_rate, weight_decay=rule.weight_decay, fused=True, **more)


SMALL = ResNet18(2)


def network(model=SMALL):
    built = models.build(model, classes=3, image_shape=(3, 8, 8), seed=0)
    return built.to(memory_format=built.memory_format)


def stepped(built, optimiser, first, last):
    """Train on random batches, numbered so that each comes once."""
    for number in range(first, last):
        batch = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(number))
        optimiser.zero_grad()
        built(batch).square().sum().backward()
        optimiser.step()


def same(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("model", [SMALL, MLP()], ids=repr)
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_steps_are_pytorchs_own_bit_for_bit(rule, model):
    ours, reference = network(model), network(model)
    stepped(ours, Optimiser(rule, ours.parameters()), 0, 4)
    stepped(reference, theirs(rule, reference.parameters()), 0, 4)
    assert same(ours, reference) and not same(ours, network(model))


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_the_state_is_pytorchs_and_goes_on_where_it_was_taken(rule):
    whole, reference = network(), network()
    first, known = Optimiser(rule, whole.parameters()), theirs(rule, reference.parameters())
    for optimiser, built in ((first, whole), (known, reference)):
        stepped(built, optimiser, 0, 2)
    wanted = {
        f"{index}.{name}": tensor
        for index, moments in known.state_dict()["state"].items()
        for name, tensor in moments.items()
        if tensor is not None
    }
    state = first.state()
    assert state.keys() == wanted.keys() and all(torch.equal(state[key], wanted[key]) for key in wanted)

    part = network()
    part.load_state_dict(whole.state_dict())
    second = Optimiser(rule, part.parameters())
    second.load({key: tensor.contiguous() for key, tensor in state.items()})  # as files hold it
    stepped(part, second, 2, 4)
    stepped(whole, first, 2, 4)
    assert same(part, whole)


def test_moments_go_back_in_the_layout_of_the_weights_that_they_belong_to_and_are_copies():
    built = network()
    optimiser, other = (Optimiser(Adam(), built.parameters()) for _ in range(2))
    stepped(built, optimiser, 0, 1)
    state = {key: tensor.contiguous() for key, tensor in optimiser.state().items()}
    other.load(state)
    assert other.moments.keys() == {"step", "exp_avg", "exp_avg_sq"}
    for name in ("exp_avg", "exp_avg_sq"):
        strides = [tensor.stride() for tensor in other.moments[name]]
        assert strides == [parameter.stride() for parameter in built.parameters()]
    before = {key: tensor.clone() for key, tensor in state.items()}
    stepped(built, other, 1, 2)
    assert all(torch.equal(state[key], before[key]) for key in state)
    assert all(step == 2 for step in other.moments["step"])


def test_momenta_that_were_never_made_leave_a_first_step_to_be_made():
    built = network()
    optimiser = Optimiser(SGD(0.1, 0.9), built.parameters())
    optimiser.load({})
    stepped(built, optimiser, 0, 1)
    assert len(optimiser.moments["momentum_buffer"]) == len(optimiser.parameters)


def test_a_training_does_not_load_pytorchs_compiler():
    # It takes three seconds of every worker's start.
    train = (
        "import sys; from wsnb import SGD, Adam, Epochs, Logistic, Part, Trial, data; from wsnb.training import train\n"
        "for rule in (SGD(0.1, 0.9), Adam()):\n"
        "    trial = Trial(Part('digits', 64), Logistic(), rule, Epochs(1))\n"
        "    train(trial, data.take(data.load('digits'), trial.data, 0))\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", train], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"

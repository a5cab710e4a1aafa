"""Shrink-perturb: the equation holds exactly, for all parameters or for weights alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import IMAGES, SHAPES, SMALL_MLP, coloured, network, same_state, trained
from torch.nn import BatchNorm2d, Conv2d, Linear

from wsnb import MLP, ResNet18, ResNet20, ShrinkPerturb
from wsnb.errors import InvalidValue
from wsnb.starts.shrink_perturb import shrink_perturb
from wsnb.training.loop import UnderWay


def parameters_of(model):
    return {name for name, _ in model.named_parameters()}


@settings(max_examples=30)
@given(st.sampled_from(list(SHAPES)), st.floats(0, 1), st.floats(0, 2))
def test_it_is_lambda_times_trained_plus_sigma_times_fresh_for_every_parameter(model, scale, noise):
    trained, fresh = network(model, 1), network(model, 2)
    result = shrink_perturb(trained, fresh, scale, noise)
    there, other = dict(trained.named_parameters()), dict(fresh.named_parameters())
    for name, parameter in result.named_parameters():
        expected = scale * there[name].double() + noise * other[name].double()
        torch.testing.assert_close(parameter.double(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("model", SHAPES, ids=repr)
def test_no_shrinking_and_no_noise_is_the_trained_and_the_opposite_the_fresh_network(model):
    trained, fresh = network(model, 1), network(model, 2)
    assert same_state(shrink_perturb(trained, fresh, 1, 0).state_dict(), trained.state_dict())
    assert same_state(shrink_perturb(trained, fresh, 0, 1, buffers="reset").state_dict(), fresh.state_dict())


def test_a_fresh_network_of_another_shape_is_a_sentence():
    with pytest.raises(InvalidValue, match=r"weight is \(2, 3\) there and \(2, 4\) here. Make it with the same"):
        shrink_perturb(torch.nn.Linear(4, 2), torch.nn.Linear(3, 2))
    with pytest.raises(InvalidValue, match="0.weight is absent there"):
        shrink_perturb(torch.nn.Sequential(torch.nn.Linear(4, 2)), torch.nn.Linear(4, 2))


def test_a_scope_of_layers_changes_all_of_them_and_nothing_else():
    trained, fresh = network(ResNet18(1), 1), network(ResNet18(1), 2)
    kinds = {"layers": (Conv2d, Linear), "convolutions": (Conv2d,), "head and norms": (Linear, BatchNorm2d)}
    for scope, layers in kinds.items():
        result = dict(shrink_perturb(trained, fresh, 0.5, 0.5, scope).named_parameters())
        expected = {
            f"{prefix}.{name}"
            for prefix, module in trained.named_modules()
            if isinstance(module, layers)
            for name, _ in module.named_parameters(recurse=False)
        }
        changed = {name for name, before in trained.named_parameters() if not torch.equal(result[name], before)}
        assert changed == expected
        shrunk = dict(shrink_perturb(trained, fresh, 0.5, 0, scope).named_parameters())
        assert all(
            torch.equal(shrunk[name], 0.5 * before) for name, before in trained.named_parameters() if name in expected
        )


def test_of_a_perceptrons_linear_layers_the_last_one_is_the_head():
    trained, fresh = (MLP((8, 8)).build((3, 4, 4), 3) for _ in range(2))
    result = dict(shrink_perturb(trained, fresh, 0.5, 0, "head and norms").named_parameters())
    assert {name for name, before in trained.named_parameters() if not torch.equal(result[name], before)} == {
        "head.weight", "head.bias",
    }  # fmt: skip


@pytest.mark.parametrize("scope", ["all", "weights"])
def test_scope_weights_leaves_biases_and_affine_parameters_as_they_are(scope):
    trained, fresh = network(ResNet18(1), 1), network(ResNet18(1), 2)
    result = dict(shrink_perturb(trained, fresh, 0.5, 0.5, scope).named_parameters())
    left = {name for name, parameter in trained.named_parameters() if torch.equal(result[name], parameter)}
    assert left == {name for name in result if scope == "weights" and result[name].ndim < 2}
    assert scope == "all" or {"norm.weight", "norm.bias", "head.bias"} <= left


@pytest.mark.parametrize("scope", ["all", "weights"])
def test_running_statistics_are_kept_or_reset_and_never_mixed(scope):
    trained, fresh = network(ResNet20(1), 1), network(ResNet20(1), 2)
    for choice, source in (("kept", trained), ("reset", fresh)):
        result = dict(shrink_perturb(trained, fresh, 0.5, 0.5, scope, choice).named_buffers())
        assert {"norm.running_mean", "norm.running_var", "norm.num_batches_tracked"} <= result.keys()
        assert same_state(result, dict(source.named_buffers()))
        assert result["norm.num_batches_tracked"].dtype == torch.int64


def test_nothing_given_is_changed_or_shared_with_what_comes_out():
    given = [network(ResNet18(1), seed) for seed in (1, 2)]
    before = [{name: tensor.clone() for name, tensor in each.state_dict().items()} for each in given]
    for options in ((0.5, 0.5), (1, 0), (0.5, 0.5, "weights", "reset")):
        for tensor in shrink_perturb(*given, *options).state_dict().values():
            tensor.zero_()
    assert all(same_state(each.state_dict(), kept) for each, kept in zip(given, before, strict=True))


# In a trial ---------------------------------------------------------------------------------------


def start_of(trial, parent, images=IMAGES):
    return UnderWay(trial, images, parent, 0, torch.device("cpu")).model


def test_a_trials_options_reach_the_equation_and_its_noise_is_a_network_of_its_own():
    first = SMALL_MLP.replace(model=MLP((8,), "relu"))
    parent = trained(first).snapshot
    noise = start_of(first.then(start=ShrinkPerturb(0, 1)), parent)
    random_init, deeper = start_of(first, None), start_of(first.then().then(start=ShrinkPerturb(0, 1)), parent)
    for other in (random_init, deeper):
        assert not any(torch.equal(a, b) for a, b in zip(noise.parameters(), other.parameters(), strict=True))
    mixed = start_of(first.then(start=ShrinkPerturb(0.3, 0.7, "weights")), parent).state_dict()
    expected = 0.3 * parent.model["hidden.0.weight"] + 0.7 * noise.hidden[0].weight
    torch.testing.assert_close(mixed["hidden.0.weight"], expected)
    assert torch.equal(mixed["hidden.0.bias"], parent.model["hidden.0.bias"])


def test_a_fresh_head_is_treated_as_everything_else():
    # The replication's code does; EXPERIMENTS.md, point 9.
    parent, more = trained(SMALL_MLP).snapshot, coloured(classes=5)
    warm, noise, mixed = (
        start_of(SMALL_MLP.then(start=ShrinkPerturb(*options)), parent, more).head.weight
        for options in ((1, 0), (0, 1), (0.5, 0.25))
    )
    torch.testing.assert_close(mixed, 0.5 * warm + 0.25 * noise)
    assert not torch.equal(warm, noise) and warm.shape == (5, 8)


def test_what_is_added_is_a_fresh_network_numbers_of_variance_one_or_what_the_chain_began_with():
    parent = trained(SMALL_MLP).snapshot
    chain = SMALL_MLP.then().then(start=ShrinkPerturb(0, 1, perturbation="first"))
    assert same_state(start_of(chain, parent).state_dict(), start_of(SMALL_MLP, None).state_dict())
    wide = SMALL_MLP.replace(model=MLP((400,)))
    normal = start_of(wide.then(start=ShrinkPerturb(0, 1, perturbation="normal")), trained(wide).snapshot)
    weights = torch.cat([parameter.flatten() for parameter in normal.parameters()])
    assert float(weights.detach().mean()) == pytest.approx(0, abs=0.05) and float(
        weights.detach().std()
    ) == pytest.approx(1, abs=0.05)
    again = start_of(wide.then(start=ShrinkPerturb(0, 1, perturbation="normal")), trained(wide).snapshot)
    assert same_state(normal.state_dict(), again.state_dict())

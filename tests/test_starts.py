"""Where the weights start: the equations hold exactly, and nothing that was given is touched."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wsnb import models, starts, trials
from wsnb.errors import InvalidValue

SHAPES = {
    trials.ResNet18(1): (3, 16, 16),
    trials.ResNet20(1): (3, 16, 16),
    trials.MLP((4, 4)): (3, 4, 4),
    trials.Logistic(): (3, 4, 4),
}
MODELS = st.sampled_from(list(SHAPES))


def network(model, seed, classes=3, image_shape=None):
    return models.build(model, classes=classes, image_shape=image_shape or SHAPES[model], seed=seed)


def state_of(model, seed, classes=3, image_shape=None):
    """A state as training leaves it: no parameter or running statistic has a round value."""
    state = network(model, seed, classes, image_shape).state_dict()
    noise = torch.Generator().manual_seed(seed)
    for tensor in state.values():
        if tensor.is_floating_point():
            tensor.add_(torch.rand(tensor.shape, generator=noise), alpha=0.1)
        else:
            tensor.fill_(seed + 10)
    return state


def parameters_of(model):
    return {name for name, _ in network(model, 0).named_parameters()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def copied(state):
    return {name: tensor.clone() for name, tensor in state.items()}


def start_from(start, model, trained, fresh, perturbation):
    return starts.initial_state(start, trained, fresh, perturbation, parameters_of(model))


SCALES, NOISES = st.floats(0, 1), st.floats(0, 2)


# Shrink-perturb -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(MODELS, SCALES, NOISES)
def test_shrink_perturb_is_lambda_times_trained_plus_sigma_times_fresh_for_every_parameter(model, scale, noise):
    trained, perturbation = state_of(model, 1), state_of(model, 2)
    state = starts.shrink_perturb(trained, perturbation, scale, noise, parameters_of(model))
    assert list(state) == list(trained)
    for name in parameters_of(model):
        expected = scale * trained[name].double() + noise * perturbation[name].double()
        torch.testing.assert_close(state[name].double(), expected, rtol=1e-6, atol=1e-6)
        assert state[name].dtype == trained[name].dtype


@pytest.mark.parametrize("model", SHAPES, ids=repr)
def test_no_shrinking_and_no_noise_is_a_warm_start_bit_for_bit(model):
    trained, fresh, perturbation = (state_of(model, seed) for seed in (1, 2, 3))
    remedy = start_from(trials.ShrinkPerturb(1, 0), model, trained, fresh, perturbation)
    assert same(remedy, start_from(trials.WarmStart(), model, trained, fresh, perturbation))
    assert same(remedy, trained)


@pytest.mark.parametrize("model", SHAPES, ids=repr)
def test_all_noise_and_nothing_trained_is_the_perturbation(model):
    trained, fresh, perturbation = (state_of(model, seed) for seed in (1, 2, 3))
    remedy = start_from(trials.ShrinkPerturb(0, 1, buffers="reset"), model, trained, fresh, perturbation)
    assert same(remedy, perturbation)


def test_scope_weights_leaves_biases_and_affine_parameters_as_the_parents():
    model = trials.ResNet18(1)
    trained, perturbation = state_of(model, 1), state_of(model, 2)
    state = starts.shrink_perturb(trained, perturbation, 0.5, 0.5, parameters_of(model), scope="weights")
    for name in parameters_of(model):
        left_alone = torch.equal(state[name], trained[name])
        assert left_alone == (trained[name].ndim < 2), name
    assert {"norm.weight", "norm.bias", "head.bias"} <= {name for name in state if trained[name].ndim < 2}


def test_scope_all_moves_every_parameter_biases_and_affine_parameters_too():
    model = trials.ResNet18(1)
    trained, perturbation = state_of(model, 1), state_of(model, 2)
    state = starts.shrink_perturb(trained, perturbation, 0.5, 0.5, parameters_of(model))
    assert not any(torch.equal(state[name], trained[name]) for name in parameters_of(model))


@pytest.mark.parametrize("scope", ["all", "weights"])
def test_running_statistics_are_kept_or_reset_and_never_mixed(scope):
    model = trials.ResNet20(1)
    trained, perturbation, parameters = state_of(model, 1), state_of(model, 2), parameters_of(model)
    buffers = trained.keys() - parameters
    assert {"norm.running_mean", "norm.running_var", "norm.num_batches_tracked"} <= buffers
    for choice, source in (("kept", trained), ("reset", perturbation)):
        state = starts.shrink_perturb(trained, perturbation, 0.5, 0.5, parameters, scope, choice)
        assert all(torch.equal(state[name], source[name]) for name in buffers)
        assert state["norm.num_batches_tracked"].dtype == torch.int64


def test_a_trials_options_reach_the_equation():
    model = trials.ResNet18(1)
    trained, fresh, perturbation = (state_of(model, seed) for seed in (1, 2, 3))
    state = start_from(trials.ShrinkPerturb(0.3, 0.7, "weights", "reset"), model, trained, fresh, perturbation)
    expected = starts.shrink_perturb(trained, perturbation, 0.3, 0.7, parameters_of(model), "weights", "reset")
    assert same(state, expected)
    assert not same(state, start_from(trials.ShrinkPerturb(0.3, 0.7), model, trained, fresh, perturbation))


def test_shrink_perturb_treats_a_fresh_head_as_it_treats_everything_else():
    # The replication's code does; EXPERIMENTS.md, point 9.
    model = trials.MLP((4, 4))
    trained, fresh, perturbation = state_of(model, 1, 3), state_of(model, 2, 5), state_of(model, 3, 5)
    state = start_from(trials.ShrinkPerturb(0.5, 0.25), model, trained, fresh, perturbation)
    torch.testing.assert_close(state["head.weight"], 0.5 * fresh["head.weight"] + 0.25 * perturbation["head.weight"])


# Warm start ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", SHAPES, ids=repr)
def test_a_warm_start_is_the_trained_state(model):
    trained, fresh = state_of(model, 1), state_of(model, 2)
    assert same(starts.warm_start(trained, fresh), trained)


@pytest.mark.parametrize("model", SHAPES, ids=repr)
def test_a_head_for_other_classes_is_all_fresh_and_the_rest_all_trained(model):
    trained, fresh = state_of(model, 1, classes=3), state_of(model, 2, classes=5)
    state = starts.warm_start(trained, fresh)
    assert state.keys() == fresh.keys()
    for name, tensor in state.items():
        assert torch.equal(tensor, (fresh if name.startswith("head.") else trained)[name]), name
    network(model, 0, classes=5).load_state_dict(state)


@pytest.mark.parametrize(
    "parent, child, tensor",
    [
        pytest.param(trials.ResNet18(2), trials.ResNet18(1), "stem.weight", id="width"),
        pytest.param(trials.ResNet20(1), trials.ResNet18(1), "stages.3.0.conv1.weight", id="architecture"),
        pytest.param(trials.MLP((4, 5)), trials.MLP((4, 4)), "hidden.1.weight", id="hidden"),
        pytest.param(trials.MLP((4, 4), bias=False), trials.MLP((4, 4)), "hidden.0.bias", id="bias-missing"),
        pytest.param(trials.MLP((4,)), trials.MLP((4, 4)), "hidden.1.weight", id="layer-missing"),
        # These two hold more than the child asks for; to take a part of a network is no warm start.
        pytest.param(trials.MLP((4, 4)), trials.MLP((4, 4), bias=False), "hidden.0.bias", id="bias-too-many"),
        pytest.param(trials.MLP((4, 4)), trials.MLP((4,)), "hidden.1.weight", id="layer-too-many"),
    ],
)
def test_a_parent_of_another_architecture_is_refused_by_the_tensors_name(parent, child, tensor):
    shape = (3, 16, 16)
    trained, fresh = state_of(parent, 1, image_shape=shape), state_of(child, 2, image_shape=shape)
    with pytest.raises(InvalidValue, match=rf"{tensor}\b"):
        starts.warm_start(trained, fresh)


def test_the_refusal_gives_both_shapes():
    trained, fresh = (state_of(trials.MLP(hidden), 1, image_shape=(3, 4, 4)) for hidden in ((5, 4), (4, 4)))
    with pytest.raises(InvalidValue, match=r"hidden\.0\.weight is \(5, 48\) there and \(4, 48\) here"):
        starts.warm_start(trained, fresh)


@pytest.mark.parametrize("model, tensor", [(trials.MLP((4, 4)), "hidden.0.weight"), (trials.Logistic(), "head.weight")])
def test_a_parent_for_another_image_size_is_refused(model, tensor):
    # A logistic regression has a head alone: its weight must not start fresh beside the parent's bias.
    trained, fresh = state_of(model, 1, image_shape=(3, 4, 4)), state_of(model, 2, image_shape=(3, 8, 8))
    with pytest.raises(InvalidValue, match=tensor):
        starts.warm_start(trained, fresh)


# Purity -------------------------------------------------------------------------------------------

EVERY_START = [
    trials.WarmStart(),
    trials.ShrinkPerturb(0.5, 0.5),
    trials.ShrinkPerturb(1, 0),
    trials.ShrinkPerturb(0.5, 0.5, "weights", "reset"),
]


@pytest.mark.parametrize("start", EVERY_START, ids=repr)
@pytest.mark.parametrize("classes", [3, 5])
def test_nothing_given_is_changed_or_shared_with_what_comes_out(start, classes):
    # The replication's Figure 4 went wrong by training one model object again and again.
    model = trials.ResNet18(1)
    given_states = state_of(model, 1), state_of(model, 2, classes), state_of(model, 3, classes)
    before = [copied(state) for state in given_states]
    result = start_from(start, model, *given_states)
    for tensor in result.values():
        tensor.zero_()
    assert all(same(state, kept) for state, kept in zip(given_states, before, strict=True))


def test_the_start_is_the_same_when_made_again():
    model = trials.MLP((4, 4))
    states = [state_of(model, seed) for seed in (1, 2, 3)]
    start = trials.ShrinkPerturb(0.5, 0.5)
    assert same(start_from(start, model, *states), start_from(start, model, *states))

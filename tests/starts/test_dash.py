"""DASH shrinks what points away from the descent on the data, slice by slice."""

from __future__ import annotations

import pytest
import torch
from small import SMALL_RESNET, Everything, WithEverything, coloured, same_state, trained
from torch import nn
from torch.nn import functional

from wsnb import Dash, Epochs, ResNet18
from wsnb.starts.dash import dash
from wsnb.training.loop import UnderWay


def batches(*sizes, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return [(torch.randn(size, 3, 4, 4, generator=draw), torch.randint(3, (size,), generator=draw)) for size in sizes]


@pytest.fixture
def model():
    torch.manual_seed(0)
    built = Everything(3, 4, 0.0, 3)
    with torch.no_grad():
        for tensor in built.state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(torch.rand_like(tensor), alpha=0.1)
    return built.eval()


def naive(model, batches, alpha, scale):
    """Algorithm 1, one slice at a time, in double precision but for the gradients."""
    kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.train()
    mean = {}
    for images, labels in batches:
        model.zero_grad()
        functional.cross_entropy(model(images), labels).backward()
        for name, parameter in model.named_parameters():
            mean[name] = (1 - alpha) * mean.get(name, 0) - alpha * parameter.grad.double()
    model.load_state_dict(kept)
    model.eval().zero_grad()

    def shrunk(weights, descent):
        cosine = float((weights * descent).sum() / (weights.norm() * descent.norm()))
        return weights * min(max(cosine, scale), 1)

    for name in ("conv1.weight", "conv2.weight", "head.weight", "conv1.bias", "head.bias"):
        weights = kept[name].double()
        if weights.ndim == 4:
            for output in range(weights.shape[0]):
                for given in range(weights.shape[1]):
                    weights[output, given] = shrunk(weights[output, given].clone(), mean[name][output, given])
        elif weights.ndim == 2:
            for row in range(weights.shape[0]):
                weights[row] = shrunk(weights[row].clone(), mean[name][row])
        else:
            weights = shrunk(weights, mean[name])
        kept[name] = weights.float()
    return kept


@pytest.mark.parametrize("alpha, scale", [(0.3, 0.3), (1.0, 0.0), (0.5, 0.9)])
def test_every_kernel_slice_every_row_and_every_bias_is_shrunk_by_its_own_cosine(model, alpha, scale):
    data = batches(5, 4, 3)
    result, expected = dash(model, data, alpha, scale).state_dict(), naive(model, data, alpha, scale)
    assert list(result) == list(expected)
    for name in result:
        torch.testing.assert_close(result[name], expected[name], rtol=1e-4, atol=1e-6, msg=name)
    factors = (result["conv2.weight"] / model.conv2.weight).flatten(2).mean(2)
    assert factors.std() > 0.005 or scale == 0.9
    assert factors.min() >= scale - 1e-5


def test_normalisation_layers_buffers_and_the_given_network_stay_as_they_are(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    result = dash(model, batches(5, 4))
    assert same_state(model.state_dict(), before) and not model.training and not result.training
    changed = {name for name, tensor in result.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"conv1.weight", "conv1.bias", "conv2.weight", "head.weight", "head.bias"}
    assert dash(model.train(), batches(5)).training


def test_the_order_of_the_batches_matters_the_oldest_weighing_least(model):
    one, other = batches(5, 4)
    first = dash(model, [one, other], alpha=0.5, scale=0.0)
    assert not same_state(first.state_dict(), dash(model, [other, one], alpha=0.5, scale=0.0).state_dict())
    only_the_newest = dash(model, [one, other], alpha=1.0, scale=0.0)
    assert same_state(only_the_newest.state_dict(), dash(model, [other], alpha=1.0, scale=0.0).state_dict())


def test_without_a_gradient_everything_is_shrunk_to_the_smallest_factor():
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 3))
    result = dash(model, [], scale=0.25)
    torch.testing.assert_close(result[1].weight, 0.25 * model[1].weight, rtol=0, atol=0)


def test_a_trial_starts_from_its_parent_shrunk_by_its_own_images_those_of_the_parent_first():
    images = coloured(train_count=9)
    trial = SMALL_RESNET.replace(model=WithEverything(dropout=0.0), stop=Epochs(1), batch_size=4)
    parent = trained(trial, images).snapshot
    begun = UnderWay(trial.then(start=Dash(0.5, 0.2, batch_size=4)), images, parent, 0, torch.device("cpu"))
    model = trial.model.build((3, 8, 8), 3)
    model.load_state_dict(parent.model)
    pixels, labels = begun.normalize(images.train_images).contiguous(), images.train_labels
    parts = [slice(0, 4), slice(4, 9)]  # a last batch of one image joins the one before
    expected = dash(model, [(pixels[part], labels[part]) for part in parts], 0.5, 0.2).state_dict()
    for name, tensor in begun.model.state_dict().items():
        torch.testing.assert_close(tensor, expected[name], msg=name)


def test_a_last_batch_of_one_small_image_is_no_traceback():
    images = coloured(train_count=17)
    trial = SMALL_RESNET.replace(model=ResNet18(1), stop=Epochs(0))
    outcome = trained(trial.then(start=Dash(batch_size=16)), images, parent=trained(trial, images).snapshot)
    assert outcome.snapshot is not None


def test_dropout_draws_from_the_trials_chance_and_leaves_the_global_one_alone():
    trial = SMALL_RESNET.replace(model=WithEverything(dropout=0.5), stop=Epochs(0))
    parent = trained(trial).snapshot
    models = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        models.append(trained(trial.then(start=Dash()), parent=parent).snapshot.model)
        after = torch.rand(2)
        torch.manual_seed(seed)
        assert torch.equal(torch.rand(2), after)
    assert same_state(*models)

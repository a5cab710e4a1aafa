"""The networks have the papers' shapes, sizes and initialisations, and are drawn by their seed alone."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.models import resnet18

from wsnb import MLP, Logistic, ResNet18, ResNet20
from wsnb.models.resnet_network import BasicBlock

RGB = (3, 32, 32)


def build(model, classes=10, image_shape=RGB, seed=0):
    torch.manual_seed(seed)
    return model.build(image_shape, classes)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def images(number, shape=RGB, seed=0):
    return torch.randn(number, *shape, generator=torch.Generator().manual_seed(seed))


ALL = [ResNet18(2), ResNet20(2), MLP((8,)), Logistic()]


@pytest.mark.parametrize("model", ALL, ids=repr)
@pytest.mark.parametrize("shape", [(3, 32, 32), (3, 8, 8), (3, 20, 28), (1, 16, 16)], ids=str)
def test_every_network_maps_images_of_any_size_to_one_logit_per_class(model, shape):
    network = build(model, classes=7, image_shape=shape).eval()
    assert network(images(2, shape)).shape == (2, 7)
    assert network.head.out_features == 7


# Size and shape -----------------------------------------------------------------------------------


def small_image_resnet18(classes=10):
    """torchvision's ResNet-18 with a 3x3 stride-1 stem in place of the 7x7 stride-2 one."""
    theirs = resnet18(num_classes=classes)
    theirs.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    return theirs


def test_resnet18_is_torchvisions_with_a_small_stem_parameter_by_parameter_and_logit_by_logit():
    theirs, ours = small_image_resnet18().eval(), build(ResNet18(64)).eval()
    assert count(ours) == count(theirs) == 11_173_962
    their_state, our_names = theirs.state_dict(), list(ours.state_dict())
    for name, tensor in their_state.items():
        if name.endswith("running_mean"):
            tensor.normal_(generator=torch.Generator().manual_seed(1))
    ours.load_state_dict(dict(zip(our_names, their_state.values(), strict=True)))
    batch = images(2)
    with torch.inference_mode():
        torch.testing.assert_close(ours(batch), theirs(batch), rtol=1e-4, atol=1e-4)


def feature_maps(network, modules, shape=RGB):
    """(channels, height) of what each module puts out."""
    seen = []
    for module in modules:
        module.register_forward_hook(lambda module, given, output: seen.append(tuple(output.shape[1:3])))
    network.eval()(images(1, shape))
    return seen


def test_resnet18_keeps_the_max_pool_so_stages_see_16_8_4_and_2_pixels():
    network = build(ResNet18(4))
    maps = feature_maps(network, [network.stem, network.pool, *network.stages])
    assert maps == [(4, 32), (4, 16), (4, 16), (8, 8), (16, 4), (32, 2)]
    assert isinstance(network.pool, nn.MaxPool2d)


def test_resnet20_has_no_pool_so_its_three_stages_see_32_16_and_8_pixels():
    network = build(ResNet20(4))
    assert feature_maps(network, [network.stem, *network.stages]) == [(4, 32), (4, 32), (8, 16), (16, 8)]


def test_resnet20_has_the_size_that_he_prints_and_twenty_layers():
    network = build(ResNet20(16))
    assert round(count(network) / 1e6, 2) == 0.27
    on_the_path = [
        module
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and "shortcut" not in name
    ]
    assert len(on_the_path) == 20


def test_the_papers_mlp_has_three_hidden_layers_of_a_hundred():
    assert count(build(MLP())) == (3072 + 1) * 100 + 2 * (100 + 1) * 100 + (100 + 1) * 10


def test_logistic_regression_is_one_linear_layer_and_nothing_else():
    network, batch = build(Logistic()), images(4)
    assert count(network) == (3072 + 1) * 10
    torch.testing.assert_close(network(batch), batch.flatten(1) @ network.head.weight.T + network.head.bias)


@pytest.mark.parametrize("activation, function", [("tanh", torch.tanh), ("relu", torch.relu)])
@pytest.mark.parametrize("bias", [True, False])
def test_an_mlp_applies_its_activation_between_layers_with_or_without_biases(activation, function, bias):
    network, batch = build(MLP((6, 5), activation, bias)), images(4)
    x = batch.flatten(1)
    for layer in network.hidden:
        x = function(x @ layer.weight.T + (layer.bias if bias else 0))
    torch.testing.assert_close(network(batch), x @ network.head.weight.T + (network.head.bias if bias else 0))
    assert [layer.out_features for layer in network.hidden] == [6, 5]
    assert any(name.endswith("bias") for name, _ in network.named_parameters()) == bias


@pytest.mark.parametrize("model", ALL, ids=repr)
def test_the_classifier_is_called_head_so_that_starts_find_it(model):
    few, many = build(model, classes=3).state_dict(), build(model, classes=4).state_dict()
    differ = {name for name in few if few[name].shape != many[name].shape}
    assert differ == {"head.weight", "head.bias"}


# Initialisation -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [ResNet18(32), ResNet20(32)], ids=repr)
def test_convolutions_start_from_hes_normal_with_fan_out(model):
    checked = 0
    for name, layer in build(model).named_modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 4000:
            expected = math.sqrt(2 / (layer.out_channels * math.prod(layer.kernel_size)))
            by_fan_in = math.sqrt(2 / (layer.in_channels * math.prod(layer.kernel_size)))
            std = layer.weight.std().item()
            assert std == pytest.approx(expected, rel=0.06), name
            assert layer.weight.abs().max() > 3 * std, f"{name} is uniform, not normal"
            checked += expected != by_fan_in
    assert checked >= 2, "fan-in and fan-out are told apart"


@pytest.mark.parametrize("model", ALL, ids=repr)
def test_the_seed_alone_draws_the_weights(model):
    one, again, other = (build(model, seed=seed).state_dict() for seed in (5, 5, 3))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["head.weight"], other["head.weight"])


# What methods ask of a network --------------------------------------------------------------------


@pytest.mark.parametrize("model, stages", [(ResNet18(2), 4), (ResNet20(2), 3)], ids=repr)
def test_stage_outputs_are_the_last_convolution_of_each_stage(model, stages):
    network = build(model)
    assert len(network.stage_outputs) == stages
    for number, name in enumerate(network.stage_outputs):
        convolutions = [
            f"stages.{number}.{inner}"
            for inner, layer in network.stages[number].named_modules()
            if isinstance(layer, nn.Conv2d) and "shortcut" not in inner
        ]
        assert name == convolutions[-1]


@pytest.mark.parametrize("model, pairs", [(ResNet18(2), 8), (ResNet20(2), 9), (MLP((8, 7)), 2), (Logistic(), 0)])
def test_a_unit_of_a_succession_reaches_the_logits_through_its_outgoing_layer_alone(model, pairs):
    network, batch = build(model).eval(), images(2)
    assert len(network.successions) == pairs
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.bias.fill_(0.3)  # else a channel may say nothing
    for incoming, norm, outgoing in network.successions:
        layers = dict(network.named_modules())
        assert len(layers[incoming].weight) == layers[outgoing].weight.shape[1]
        assert norm is None or isinstance(layers[norm], nn.BatchNorm2d)
        with torch.no_grad():
            kept = layers[outgoing].weight.clone()
            layers[outgoing].weight[:, 0] = 0.0
            without = network(batch)
            layers[incoming].weight[0] *= -3.0
            torch.testing.assert_close(network(batch), without)
            layers[outgoing].weight.copy_(kept)


# Layout -------------------------------------------------------------------------------------------


def test_a_networks_in_place_steps_leave_the_images_alone():
    batch = images(2)
    before = batch.clone()
    build(ResNet18(2))(batch).sum().backward()
    assert torch.equal(batch, before)


@pytest.mark.parametrize("height", [1, 3])
def test_in_bfloat16_no_gradient_is_left_to_chance_where_images_are_one_pixel_wide(height):
    # The outer columns of the kernel see padding alone there.
    block = BasicBlock(16, 32, stride=2).to(memory_format=torch.channels_last)
    x = images(8, (16, height, 1)).contiguous(memory_format=torch.channels_last)
    for _ in range(5):
        block.zero_grad()
        before = [torch.full_like(block.conv1.weight, math.nan, dtype=torch.bfloat16) for _ in range(50)]
        del before  # the next tensors of this size find it in their memory
        with torch.autocast("cpu", torch.bfloat16):
            loss = block(x).square().sum()
        loss.backward()
        assert not block.conv1.weight.grad[..., [0, 2]].any()
        assert block.conv1.weight.grad[..., 1].any()


def test_a_strided_shortcut_from_few_channels_keeps_to_its_own_memory():
    # In a process of its own: where this fails, the memory of whatever runs after it is no longer what it was.
    code = """
import torch
from wsnb.models.resnet_network import BasicBlock
torch.set_num_threads(2)
block = BasicBlock(8, 16, stride=2).to(memory_format=torch.channels_last)
x = torch.randn(77, 8, 16, 16).contiguous(memory_format=torch.channels_last)
for _ in range(8):
    block(x).sum().backward()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("channels", [8, 16])
def test_a_strided_shortcut_gives_what_a_convolution_gives(channels):
    block = BasicBlock(channels, 2 * channels, stride=2).to(memory_format=torch.channels_last)
    for size in (8, 5, 1):
        x = images(3, (channels, size, size)).contiguous(memory_format=torch.channels_last)
        expected = functional.conv2d(x, block.shortcut[0].weight, stride=2)
        ours = block.shortcut[0](x)
        torch.testing.assert_close(ours, expected)
        assert ours.is_contiguous(memory_format=torch.channels_last)

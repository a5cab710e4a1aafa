"""Distance, scale of the weights, scale of the logits: by hand, and by what shrinking and rates do to them."""

from __future__ import annotations

import math

import pytest
import torch
from small import SMALL_RESNET, trained

from wsnb import MLP, Epochs, ResNet18, ShrinkPerturb
from wsnb.callbacks.weight_scales import WeightScales, logit_scale, weight_scale
from wsnb.starts.shrink_perturb import shrink_perturb


def network(model, seed):
    torch.manual_seed(seed)
    return model.build((3, 8, 8), 3)


def test_the_scale_of_weights_is_the_geometric_mean_of_their_root_mean_squares_without_the_head():
    model = network(MLP((8, 4)), 1)
    parts = [layer.weight.square().mean().sqrt().item() for layer in model.hidden]
    assert weight_scale(model) == pytest.approx(math.sqrt(parts[0] * parts[1]), rel=1e-5)
    assert weight_scale(torch.nn.Sequential(), "0") == 1


@pytest.mark.parametrize("model", [MLP((8,)), ResNet18(2)], ids=repr)
def test_shrinking_multiplies_it(model):
    before = network(model, 1)
    after = shrink_perturb(before, network(model, 2), 0.25, 0)
    assert weight_scale(after) == pytest.approx(0.25 * weight_scale(before), rel=1e-5)


def test_the_scale_of_logits_leaves_out_what_is_common_to_all_classes():
    logits = torch.tensor([[1.0, -1.0], [5.0, 3.0]])
    assert logit_scale(logits) == logit_scale(logits + 7) == 1.0
    assert logit_scale(-3 * logits) == 3.0


def test_it_is_measured_where_each_epoch_begins_and_at_the_end():
    found = trained(SMALL_RESNET.replace(callbacks=WeightScales(16), stop=Epochs(3)))
    curves, final = found.progress.curves, found.final
    assert [len(curves[name]) for name in ("distance", "weight_scale", "logit_scale")] == [3, 3, 3]
    assert curves["distance"][0] == 0 < curves["distance"][1]
    moved = trained(SMALL_RESNET.replace(callbacks=WeightScales(16), stop=Epochs(2))).final["last_distance"]
    assert curves["distance"][2] == pytest.approx(moved) and final["last_distance"] > 0


def test_after_a_start_that_shrinks_it_begins_smaller():
    parent = trained(SMALL_RESNET)
    scales = [
        trained(SMALL_RESNET.then(start=start, callbacks=WeightScales(16)), parent=parent.snapshot).progress.curves
        for start in (ShrinkPerturb(1, 0), ShrinkPerturb(0.5, 0))
    ]
    assert scales[1]["weight_scale"][0] == pytest.approx(0.5 * scales[0]["weight_scale"][0], rel=1e-5)

"""DTNH: where the two gradients oppose each other, what opposes the loss is taken away, and nothing else."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wsnb.regularizers.dtnh import DTNH, dtnh
from wsnb.regularizers.plain_sum import PlainSum

NUMBERS = st.lists(st.floats(-10, 10, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x), min_size=6, max_size=6)


def parts(numbers):
    """Six numbers as tensors of three shapes, in double precision."""
    whole = torch.tensor(numbers, dtype=torch.float64)
    return [whole[:3], whole[3:5].view(2, 1), whole[5]]


def flat(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


def angle(one, other):
    return math.acos(max(-1.0, min(1.0, float(one @ other / (one.norm() * other.norm())))))


@given(NUMBERS, NUMBERS)
def test_dtnh_direction_never_opposes_the_empirical_gradient(loss, pull):
    loss, pull = parts(loss), parts(pull)
    direction = dtnh(loss, pull)
    assert [tensor.shape for tensor in direction] == [tensor.shape for tensor in loss]
    assert all(tensor.isfinite().all() for tensor in direction)
    assert float(flat(direction) @ flat(loss)) >= -1e-9


@given(NUMBERS, NUMBERS)
def test_where_they_do_not_oppose_each_other_it_is_the_plain_sum_to_the_bit(loss, pull):
    loss, pull = parts(loss), parts(pull)
    assume(flat(loss) @ flat(pull) > 1e-9)
    plain = PlainSum().join(loss, pull)
    assert all(torch.equal(one, other) for one, other in zip(DTNH().join(loss, pull), plain, strict=True))


@settings(max_examples=200)
@given(NUMBERS, NUMBERS)
def test_where_they_do_it_goes_along_the_loss_as_far_as_the_loss_alone_and_turns_less_away(loss, pull):
    loss, pull = parts(loss), parts(pull)
    one, other = flat(loss), flat(pull)
    assume(one @ other < -1e-6)
    direction = flat(dtnh(loss, pull))
    torch.testing.assert_close(direction @ one, one @ one)  # <d, gJ> = |gJ|^2 exactly
    assert abs(float((direction - one) @ one)) < 1e-6 * float(one @ one + other @ other), "orthogonal to gJ"
    if (one + other).norm() > 1e-6:
        assert angle(direction, one) <= angle(one + other, one) + 1e-6


def test_it_is_not_always_within_a_right_angle_of_the_regularizers_gradient():
    # Section IV.B says it is. With Omega_y what of gOmega is orthogonal to gJ, <d, gOmega> is <gJ, gOmega> +
    # |Omega_y|^2: obtuse when that is small (EXPERIMENTS.md).
    loss, pull = [torch.tensor([1.0, 0.0])], [torch.tensor([-2.0, 0.5])]
    [direction] = dtnh(loss, pull)
    torch.testing.assert_close(direction, torch.tensor([1.0, 0.5]))
    assert direction @ pull[0] < 0 and 0.5**2 < abs(loss[0] @ pull[0])
    [direction] = dtnh(loss, [torch.tensor([-2.0, 2.0])])
    assert direction @ torch.tensor([-2.0, 2.0]) > 0


@pytest.mark.parametrize("loss, pull", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_zero_gradients_do_no_harm(loss, pull):
    given = [torch.full((3,), loss)], [torch.full((3,), pull)]
    [direction] = dtnh(*given)
    torch.testing.assert_close(direction, torch.full((3,), loss + pull), rtol=0, atol=0)
    assert dtnh([], []) == []


@given(NUMBERS, NUMBERS, st.permutations(range(3)))
def test_the_order_of_the_parameters_says_nothing_but_rounding(loss, pull, order):
    loss, pull = parts(loss), parts(pull)
    assume(abs(flat(loss) @ flat(pull)) > 1e-9)
    direction = dtnh(loss, pull)
    shuffled = dtnh([loss[index] for index in order], [pull[index] for index in order])
    for place, index in enumerate(order):
        torch.testing.assert_close(shuffled[place], direction[index])


def test_the_tensors_are_one_vector_and_not_corrected_one_by_one():
    loss, pull = [torch.tensor([1.0]), torch.tensor([3.0])], [torch.tensor([-1.0]), torch.tensor([1.0])]
    assert [float(each) for each in dtnh(loss, pull)] == [0.0, 4.0]  # together they agree

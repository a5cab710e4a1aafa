"""GEM's projection: the nearest direction that does not oppose the pull."""

from __future__ import annotations

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize

from wsnb.regularizers.gem import GEM, gem

NUMBERS = st.lists(st.floats(-10, 10, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x), min_size=5, max_size=5)


def parts(numbers):
    """Five numbers as tensors of two shapes, in double precision."""
    whole = torch.tensor(numbers, dtype=torch.float64)
    return [whole[:3], whole[3:].view(2, 1)]


def flat(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


@given(NUMBERS, NUMBERS)
def test_it_is_the_solution_of_the_quadratic_programme(loss, pull):
    loss, pull = parts(loss), parts(pull)
    one, other, direction = flat(loss), flat(pull), flat(gem(loss, pull))
    assert float(direction @ other) >= -1e-9 and direction.isfinite().all()
    assume(other.norm() > 1e-2)
    solved = minimize(
        lambda d: ((d - one.numpy()) ** 2).sum(), one.numpy(), method="SLSQP",
        constraints={"type": "ineq", "fun": lambda d: d @ other.numpy() / float(other.norm())},
    )  # fmt: skip
    assert float((direction - one).norm()) ** 2 <= solved.fun + 1e-4
    torch.testing.assert_close(direction, torch.from_numpy(solved.x), rtol=1e-3, atol=1e-3)


@given(NUMBERS, NUMBERS, st.floats(0.1, 10))
def test_how_strong_the_pull_is_says_nothing_and_where_nothing_opposes_it_is_the_loss_to_the_bit(loss, pull, factor):
    loss, pull = parts(loss), parts(pull)
    torch.testing.assert_close(flat(gem(loss, [factor * each for each in pull])), flat(gem(loss, pull)))
    if flat(loss) @ flat(pull) >= 0:
        assert all(torch.equal(one, other) for one, other in zip(GEM().join(loss, pull), loss, strict=True))


def test_by_hand():
    loss, pull = [torch.tensor([2.0, 0.0])], [torch.tensor([-1.0, 1.0])]
    assert torch.equal(gem(loss, pull)[0], torch.tensor([1.0, 1.0]))
    assert gem([], []) == []

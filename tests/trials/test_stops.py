"""When training stops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wsnb import Epochs, Steps, StopsImproving, TrainAccuracy

ACCURACIES = st.lists(st.floats(0, 1), max_size=6)
CLOSE_ACCURACIES = st.lists(st.floats(0.5, 0.506), min_size=3, max_size=6)


@given(st.integers(0, 5), ACCURACIES, st.integers(0, 99))
def test_a_number_of_epochs_asks_for_nothing_else(at_most, accuracies, steps):
    reason = Epochs(at_most).reason(accuracies, steps)
    assert reason == ("all epochs done" if len(accuracies) >= at_most else None)


@given(st.integers(0, 5), ACCURACIES, st.integers(0, 9))
def test_a_number_of_steps_asks_for_nothing_else(at_most, accuracies, steps):
    assert Steps(at_most).reason(accuracies, steps) == ("all steps done" if steps >= at_most else None)


@pytest.mark.parametrize(
    "stop, most", [(Epochs(3), 30), (Steps(3), 3), (TrainAccuracy(at_most=4), 40), (StopsImproving(at_most=5), 50)]
)
def test_the_most_steps_are_those_of_the_most_epochs_or_those_given(stop, most):
    assert stop.most_steps(10) == most


@given(ACCURACIES, st.sampled_from([0.3, 0.9]))
def test_a_train_accuracy_stops_at_its_target_by_the_last_epoch_or_at_its_limit(accuracies, target):
    reason = TrainAccuracy(target, at_most=5).reason(accuracies, 0)
    if accuracies and accuracies[-1] >= target:
        assert reason == f"train accuracy reached {target}"
    else:
        assert reason == ("epoch limit" if len(accuracies) >= 5 else None)


@given(ACCURACIES | CLOSE_ACCURACIES)
def test_no_more_improvement_is_the_replications_rule_numpys_std_of_three_under_two_thousandths(accuracies):
    flat = False
    if len(accuracies) >= 3:
        std = np.std(accuracies[-3:])
        assume(abs(std - 0.002) > 1e-9)
        flat = bool(std < 0.002)
    reason = StopsImproving(target=1.0, at_most=100).reason(accuracies, 0)
    if accuracies and accuracies[-1] >= 1:
        assert reason == "train accuracy reached 1"
    else:
        assert reason == ("train accuracy stopped improving" if flat else None)


def test_a_slow_steady_climb_counts_as_no_improvement():
    # What the replication's rule does, and why its SGD stops near 60 %.
    assert StopsImproving().reason([0.600, 0.602, 0.604], 0) == "train accuracy stopped improving"
    assert StopsImproving().reason([0.600, 0.603, 0.606], 0) is None


def test_window_and_spread_are_those_given():
    flat = [0.1, 0.5, 0.5, 0.5]
    assert StopsImproving(window=4).reason(flat, 0) is None
    assert StopsImproving(window=3).reason(flat, 0) == "train accuracy stopped improving"
    assert StopsImproving(window=4, spread=0.2).reason(flat, 0) == "train accuracy stopped improving"
    assert StopsImproving(spread=0.0).reason(flat, 0) is None


def test_the_limit_of_epochs_is_named_as_such_even_when_the_accuracy_is_flat():
    # A record that ended at its limit is not called converged.
    assert StopsImproving(at_most=3).reason([0.5, 0.5, 0.5], 0) == "epoch limit"

"""Measures that take more than a final value: of angles, from the numbers that a training kept of its steps."""

import math

import made_records
import pytest

from wsnb import DTNH, L2SP
from wsnb.verdicts.measures import ANGLE_TO_LOSS, ANGLE_TO_PULL, WIDEST_TO_PULL


def pulled(direction=None):
    """A training whose first epoch had no pull, whose second had one at 120 degrees, and whose third one at 60."""
    given = {} if direction is None else {"direction": direction}
    record = made_records.record(made_records.HALF.then(regularizer=L2SP(), **given))
    record.curves["pull_step_loss"] = [1.0, 1.0, 1.0]
    record.curves["pull_step_pull"] = [0.0, 1.0, 1.0]
    record.curves["pull_step_cosine"] = [None, -0.5, 0.5]
    return record


def test_angles_are_those_of_the_direction_that_was_followed():
    # At 120 degrees: the sum of two vectors of length 1 lies midway, at 60 from both; DTNH's direction is (1, sin 120).
    sums, corrected = pulled(), pulled(DTNH())
    turned = math.degrees(math.atan(math.sin(math.radians(120))))
    assert ANGLE_TO_LOSS.value([sums]) == pytest.approx((60 + 30) / 2)
    assert ANGLE_TO_LOSS.value([corrected]) == pytest.approx((turned + 30) / 2)
    assert ANGLE_TO_PULL.value([corrected]) == pytest.approx((120 - turned + 30) / 2)
    assert WIDEST_TO_PULL.value([corrected]) == pytest.approx(120 - turned)
    assert WIDEST_TO_PULL.value([sums, corrected]) == pytest.approx(120 - turned)

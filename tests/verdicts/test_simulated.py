"""The rule, tried on thousands of families of which the truth is known."""

import numpy as np
import pytest
from findings_of import measured

from wsnb.verdicts.findings import find

FAMILIES = 1000
SLACK = 0.014
"""Two standard errors of a share of 5 % in so many families."""


def simulated(members, seeds, truth, spread, failing=0.0):
    """Of families with this true mean everywhere, the share in which a member is called each of these."""
    draw = np.random.default_rng(members * 1000 + seeds)
    called = dict.fromkeys(("a sign", "negligible", "large", "not below"), 0)
    for _ in range(FAMILIES):
        family = []
        for name in map(str, range(members)):
            values = draw.normal(truth, spread, seeds)
            first, second = draw.random((2, seeds)) < failing
            lost = first | second
            size = max(2.0, *np.abs(values[~lost]), 0.0)
            values[lost] = size * (second[lost].astype(float) - first[lost])
            family.append(measured([float(each) for each in values], name, failed=tuple(np.flatnonzero(lost))))
        findings = find(family).values()
        called["a sign"] += any(each.state in ("positive", "negative") for each in findings)
        called["negligible"] += any(each.state == "negligible" for each in findings)
        called["large"] += any(each.is_large for each in findings)
        called["not below"] += any(each.is_not_below for each in findings)
    return {name: count / FAMILIES for name, count in called.items()}


@pytest.mark.parametrize("failing", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("members, seeds, spread", [(3, 5, 0.3), (3, 10, 1.0)])
def test_where_there_is_nothing_a_sign_is_found_in_under_one_family_of_twenty(members, seeds, spread, failing):
    assert simulated(members, seeds, 0.0, spread, failing)["a sign"] < 0.05 + SLACK


@pytest.mark.parametrize("failing", [0.0, 0.1])
@pytest.mark.parametrize("truth", [1.0, -1.0])
@pytest.mark.parametrize("members, seeds, spread", [(1, 5, 0.3), (3, 10, 0.7)])
def test_an_effect_that_matters_is_called_negligible_in_under_one_family_of_twenty(
    members, seeds, spread, truth, failing
):
    called = simulated(members, seeds, truth, spread, failing)
    assert called["negligible"] < 0.05 + SLACK
    assert called["large"] < 0.05 + SLACK
    if truth < 0:
        assert called["not below"] < 0.05 + SLACK


def test_the_seeds_that_the_pages_plan_find_what_they_are_planned_for():
    assert simulated(3, 5, 1.5, 0.7)["a sign"] > 0.9  # in one member or more of a family of three
    assert simulated(1, 5, 1.5, 0.7)["a sign"] > 0.75
    assert simulated(1, 10, 1.5, 0.7)["a sign"] > 0.95
    assert simulated(1, 9, 0.0, 0.7)["negligible"] > 0.8
    assert simulated(1, 20, 0.0, 1.0)["negligible"] > 0.9

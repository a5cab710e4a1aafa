"""Effects, items and records in, findings and verdicts out."""

import pytest
from made_records import item, records_of, with_gaps

from wsnb.errors import InvalidValue
from wsnb.papers import kireev2021
from wsnb.verdicts.claims import Claim
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY, LATE_ACCURACY

GAPS = (3.0, 3.3, 2.6, 3.1, 2.9)


def effect(name, key, measure=ACCURACY):
    return Effect(name, "random init", "warm start", measure, key)


def claim(name, **expects):
    return Claim(name, kireev2021.PAPER, "Figure 0", "Something is higher.", "A topic", expects)


CLAIMS = [claim("a-gap", here="positive"), claim("no-gap", here="negligible"), claim("elsewhere", svhn="negligible")]


def test_the_claims_that_speak_of_an_effect_are_judged_and_no_others():
    judged = judge([effect("here", "ours")], {"ours": item()}, with_gaps(item(), GAPS), CLAIMS, "laptop")
    assert {each.claim.id: each.outcome for each in judged.verdicts} == {
        "a-gap": "reproduced",
        "no-gap": "not reproduced",
    }
    assert judged.findings["here"].state == "positive" and judged.findings["here"].is_large
    assert {each.profile for each in judged.verdicts} == {"laptop"}


def test_an_effect_whose_item_was_not_planned_is_no_member_and_its_claims_need_what_is_said():
    effects = [effect("here", "ours"), effect("svhn", "theirs")]
    judged = judge(effects, {"ours": item(family="one")}, with_gaps(item(), GAPS), CLAIMS, needs="SVHN")
    assert judged.findings.keys() == {"here"} and judged.findings["here"].members == 1
    [last] = [each for each in judged.verdicts if each.claim.id == "elsewhere"]
    assert (last.outcome, last.missing) == ("not run", "SVHN")


def test_items_of_one_family_are_judged_together_by_measure():
    items = {"one": item(family="Table 0"), "other": item(rate=0.2, family="Table 0"), "alone": item(rate=0.3)}
    records = records_of(*items.values())
    effects = [effect("a", "one"), effect("b", "other"), effect("late", "one", LATE_ACCURACY), effect("c", "alone")]
    judged = judge(effects, items, records, ())
    assert {name: finding.members for name, finding in judged.findings.items()} == {"a": 2, "b": 2, "late": 1, "c": 1}


def test_what_is_recorded_of_another_family_changes_no_finding():
    # The correction for Table 1 depended on which records existed: merging SVHN's turned CIFAR-10's verdicts.
    items = {"CIFAR-10": item(family="on CIFAR-10"), "SVHN": item(rate=0.2, family="on SVHN")}
    effects = [effect("here", "CIFAR-10"), effect("svhn", "SVHN")]
    ours = with_gaps(items["CIFAR-10"], (1.2, 0.4, 2.1, 1.5, 0.9))
    before = judge(effects, items, ours, CLAIMS)
    after = judge(effects, items, ours | with_gaps(items["SVHN"], (-3, -2, -4, -3, -2)), CLAIMS)
    assert before.findings["here"] == after.findings["here"]
    assert before.verdicts[:2] == after.verdicts[:2]


def test_three_of_five_planned_seeds_are_not_judged_however_clear():
    records = with_gaps(item(), GAPS)
    for seed in (3, 4):
        del records[item().seeds[seed]["warm start"]]
    judged = judge([effect("here", "ours")], {"ours": item()}, records, CLAIMS)
    assert {each.outcome for each in judged.verdicts} == {"not run"}
    assert judged.verdicts[0].missing == "its trainings of seeds 3, 4"


def test_two_effects_of_one_name_are_refused():
    with pytest.raises(InvalidValue, match="Two effects are called 'here'"):
        judge([effect("here", "ours"), effect("here", "ours", LATE_ACCURACY)], {"ours": item()}, {}, ())

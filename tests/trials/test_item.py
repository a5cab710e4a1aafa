"""An item says what is trained, seed by seed."""

import pytest
from made_records import item

from wsnb.errors import InvalidValue
from wsnb.trials.item import required, together, welcome


def test_what_is_only_welcome_is_never_required():
    items = {"ours": item(2), "theirs": item(2, rate=0.2, welcome=True)}
    assert set(required(items)) == {trial for trials in item(2).seeds.values() for trial in trials.values()}
    assert {trial.optimizer.learning_rate for trial in welcome(items)} == {0.2}


def test_trials_come_seed_by_seed_so_that_a_run_that_is_stopped_has_whole_seeds():
    trials = required({"one": item(2), "other": item(3, rate=0.2)})
    assert [trial.seed for trial in trials] == [0] * 6 + [1] * 6 + [2] * 3


def test_a_trial_that_two_items_share_is_required_once():
    assert required({"one": item(2), "again": item(2)}) == required({"one": item(2)})


def test_the_first_seeds_trials_stand_for_the_item():
    assert item(2, first=7).first()["random init"].seed == 7


def test_items_of_one_family_stay_in_it_together_and_others_are_a_family_of_their_own():
    one, other = item(3, family="Table 0"), item(3, rate=0.2, family="Table 0", welcome=True)
    both = together({"one": one, "other": other})
    assert both.family == "Table 0" and both.welcome
    assert together({"one": one, "other": item(3)}).family == ""


def test_items_of_other_seeds_are_never_paired_by_those_that_they_share():
    with pytest.raises(InvalidValue, match="allowed: the same seeds"):
        together({"one": item(4), "other": item(3)})

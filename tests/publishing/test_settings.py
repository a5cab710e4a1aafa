"""Profiles hold what the papers state, and a chapter's parameters are checked before anything runs."""

import pytest

from wsnb import places
from wsnb.errors import InvalidValue
from wsnb.publishing import settings
from wsnb.publishing.chapters import chapter, chapters
from wsnb.publishing.settings import PROFILES, Settings, check, profile

CHAPTERS = [each for each in chapters() if "profile" in each.parameters]
LAPTOP = profile("laptop")


@pytest.fixture
def write_profile(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks" / "profiles"
    folder.mkdir(parents=True)
    monkeypatch.setattr(settings.places, "root", lambda: tmp_path)
    return (folder / "smoke.yml").write_text


# The files ----------------------------------------------------------------------------------------


def test_there_is_a_file_for_each_profile_and_no_other():
    found = {path.name for path in (places.root() / "notebooks" / "profiles").iterdir()}
    assert found == {f"{name}.yml" for name in PROFILES}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_gives_every_chapters_parameters_and_nothing_else(name):
    # One that is left out would be taken from the chapter's own cell, which holds the laptop's.
    values = profile(name)
    assert values["profile"] == name
    assert set(values) == {parameter for each in CHAPTERS for parameter in each.parameters}
    for each in chapters():
        check({key: value for key, value in values.items() if key in each.parameters}, each.parameters, each.name)


@pytest.mark.parametrize("each", CHAPTERS, ids=lambda each: each.name)
def test_the_chapters_own_values_are_the_laptop_profiles(each):
    assert each.parameters == {name: LAPTOP[name] for name in each.parameters}


def test_the_paper_profile_holds_what_the_paper_states():
    # Kireev et al. 2021: 0.001 learning rate, batches of 128, ResNet-18, CIFAR-10, 200 epochs a phase, 5 seeds.
    stated = {
        "dataset": "cifar10",
        "images": 1.0,
        "width": 64,
        "batch_size": 128,
        "learning_rate": 0.001,
        "momentum_learning_rate": 0.001,
        "adam_learning_rate": 0.001,
        "phase_epochs": 200,
        "seeds": 5,
        "curve_images": None,
        "optimizer_state": "kept",
        # Figure 2: steps of 1000 to 99 % and 99.9 %; Figure 3: every 20 epochs; Table 2; Figure 4: nine times.
        "chunk": 1000,
        "train_accuracy": 0.99,
        "higher_train_accuracy": 0.999,
        "checkpoint_every": 20,
        "weight_decays": [0.1, 0.01, 0.001],
        "learning_rates": [0.1, 0.01, 0.001],
        "batch_sizes": [16, 32, 64, 128],
        "figure_4_images": 1.0,
        "figure_4_seeds": 9,
        # Table 1: the perceptron and logistic regression as the ResNet, but for the cell marked with a star.
        "small_model_learning_rate": 0.001,
        "svhn_mlp_learning_rate": 0.005,
        "small_model_seeds": 5,
    }
    assert {name: profile("paper")[name] for name in stated} == stated


@pytest.mark.parametrize("name", ["laptop", "full"])
def test_no_part_ends_an_epoch_in_a_small_batch(name):
    # A last batch of a few images spoils SGD on a network with batch normalisation.
    values = profile(name)
    for images in (values["images"], values["figure_4_images"]):
        assert images % 256 == 0
    assert values["chunk"] % 128 == 0 or values["chunk"] % 128 >= 64


def test_no_profile_uses_the_seeds_of_a_pilot_or_those_that_choose():
    for values in map(profile, PROFILES):
        most = max(value for name, value in values.items() if name.endswith("seeds") and name != "pilot_seeds")
        assert values["first_seed"] + most < values["first_choosing_seed"]
        assert values["first_choosing_seed"] + values["choosing_seeds"] <= 1000 < values["first_pilot_seed"]


# What is refused ----------------------------------------------------------------------------------


def test_an_unknown_profile_is_refused_with_the_near_miss():
    with pytest.raises(
        InvalidValue, match="no profile 'papers'; allowed: smoke, laptop, full, paper. Did you mean 'paper'"
    ):
        profile("papers")


def test_a_profile_that_is_not_there_is_refused_with_its_place(tmp_path, write_profile):
    with pytest.raises(InvalidValue, match=f"'paper' is not at {tmp_path}.*paper.yml"):
        profile("paper")


NO_PROFILES = ["", "# nothing\n", "- seeds\n", "seeds: [1\n", "seeds\n", "seeds: 3\n\tx: 1\n"]


@pytest.mark.parametrize("text", NO_PROFILES, ids=repr)
def test_a_profile_that_holds_no_names_and_values_is_refused_with_a_sentence(write_profile, text):
    write_profile(text)
    with pytest.raises(InvalidValue, match="'smoke' at .*smoke.yml (is no YAML|holds .*allowed: lines of)"):
        profile("smoke")


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"sedes": 3}, "gap has no parameter 'sedes'; allowed: .*Did you mean 'seeds'"),
        ({"seeds": 0}, "seeds is 0; allowed: a whole number, above 0"),
        ({"seeds": 2.5}, "seeds is 2.5; allowed: a whole number"),
        ({"seeds": True}, "seeds is True; allowed: a whole number"),
        ({"first_seed": -1}, "first_seed is -1; allowed: a whole number, at least 0"),
        ({"images": -0.5}, "images is -0.5; allowed: a number, above 0"),
        ({"width": "64"}, "width is '64'; allowed: a whole number"),
        ({"dataset": "cifar-10"}, "'cifar-10' is no data set.*Did you mean 'cifar10'"),
        ({"dataset": 10}, "dataset is 10; allowed: a text"),
        ({"also_on": "cifar-100"}, "'cifar-100' is no data set.*Did you mean 'cifar100'"),
        ({"curve_images": 0}, "curve_images is 0; allowed: a whole number or null, above 0"),
        ({"learning_rate": 0}, "learning_rate is 0; allowed: a number, above 0"),
        ({"learning_rate": "1e-3"}, "learning_rate is '1e-3'; allowed: a number"),  # YAML 1.1 takes it for a text
        ({"learning_rates": []}, r"learning_rates is \[\]; allowed: a list of one or more different numbers"),
        ({"learning_rates": [0.1, "x"]}, "learning_rates is .*; allowed: a list of one or more different numbers"),
        ({"batch_sizes": [16, 16]}, r"batch_sizes is \[16, 16\]; allowed: a list of one or more different numbers"),
        ({"batch_sizes": [16, 0.5]}, "batch_sizes is .*allowed"),
        ({"weight_decays": [-0.1]}, r"weight_decays is \[-0.1\]"),
        ({"learning_rates": 0.1}, "learning_rates is 0.1; allowed: a list"),
    ],
    ids=repr,
)
def test_a_value_that_cannot_be_is_refused_by_name(given, sentence):
    with pytest.raises(InvalidValue, match=sentence):
        check(given, LAPTOP, "gap")


@pytest.mark.parametrize(
    "given",
    [{"curve_images": None}, {"images": 0.25}, {"images": 512}, {"first_seed": 0}, {"learning_rate": 1}, {"seeds": 9},
     {"weight_decays": [1, 0.5]}, {"dataset": "images:somewhere"}],
    ids=repr,
)  # fmt: skip
def test_a_value_of_a_type_that_the_chapter_or_a_profile_has_is_taken(given):
    check(given, LAPTOP, "gap")


def test_a_null_that_no_profile_speaks_of_may_be_a_whole_number():
    own = chapter("quickstart").parameters
    check({"resize": 32}, own, "quickstart")
    with pytest.raises(InvalidValue, match="resize is 'big'; allowed: a whole number or null"):
        check({"resize": "big"}, own, "quickstart")


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"images": 1.5}, "amount is 1.5; allowed"),
        ({"optimizer_state": "keep"}, "optimizer_state is 'keep'.*Did you mean 'kept'"),
    ],
)
def test_what_a_trial_cannot_have_is_refused_when_the_trials_are_made(given, sentence):
    found = chapter("gap-offline")
    with pytest.raises(InvalidValue, match=sentence):
        found.trials(found.settings("smoke", given))


# What a chapter makes of them ---------------------------------------------------------------------


def test_settings_are_picked_from_a_notebooks_names_and_the_rest_passed_over():
    read = Settings.of({"seeds": 2, "rates": [1, 2], "resize": None, "pytest": pytest, "In": [], "_i": "x", "Out": {}})
    assert vars(read) == {"seeds": 2, "rates": (1, 2), "resize": None}


def test_a_notebook_whose_values_are_not_all_its_profiles_is_of_a_changed_one():
    values = {name: LAPTOP[name] for name in ("profile", "images", "seeds")}
    assert Settings.of(values).profile == "laptop"
    assert Settings.of(values | {"seeds": 3}).profile == "laptop, changed"
    assert Settings.of(values | {"profile": "published", "seeds": 3}).profile == "published"


def test_settings_are_frozen_and_name_what_there_is():
    at = Settings({"seeds": 2})
    with pytest.raises(AttributeError, match="frozen; use at.replace"):
        at.seeds = 3
    with pytest.raises(AttributeError, match="no parameter 'sedes'; there are seeds"):
        _ = at.sedes
    assert at.replace(seeds=3).seeds == 3 and at.seeds == 2
    assert repr(at) == "Settings(seeds=2)"


def test_seeds_follow_the_first():
    at = Settings({"seeds": 3, "first_seed": 100})
    assert list(at.all_seeds) == [100, 101, 102]
    assert list(at.seeds_of(5)) == [100, 101, 102, 103, 104]


@pytest.mark.parametrize(
    "own, stands_for, others",
    [
        ("cifar10", "CIFAR-10", ["svhn", "cifar100"]),
        ("svhn", "SVHN", ["cifar10", "cifar100"]),
        ("digits", "CIFAR-10", ["svhn", "cifar100"]),
        ("fashion-mnist", "CIFAR-10", ["svhn", "cifar100"]),
    ],
)
def test_beside_ours_are_the_papers_data_sets_that_it_does_not_stand_for(own, stands_for, others):
    at = Settings({"dataset": own})
    assert at.stands_for == stands_for
    assert list(at.data_sets.values()) == [own, *others]
    assert set(at.data_sets) == {"CIFAR-10", "SVHN", "CIFAR-100"}


@pytest.mark.parametrize("own, theirs", [("digits", "cifar10"), ("cifar10", "cifar10"), ("cifar100", "cifar100")])
def test_the_papers_values_are_on_the_papers_data_set_that_ours_stands_for(own, theirs):
    at = Settings({"dataset": own, "width": 8, "resize": None}).as_in_the_paper()
    assert vars(at) == {"dataset": theirs, "width": 64, "resize": None}

"""Profiles hold what the papers state, and every name and value in them is one that a chapter takes."""

import ast
import dataclasses

import pytest
import yaml

from wsnb import places, profiles
from wsnb.errors import InvalidValue
from wsnb.profiles import PROFILES, Settings, check_names, parameters, settings

OF_OWN_IMAGES_ALONE = {"resize"}
"""Profiles run on named sets, which are never resized."""

NAMES = {field.name for field in dataclasses.fields(Settings)} - OF_OWN_IMAGES_ALONE


def write_profile(root, monkeypatch, text, name="smoke"):
    folder = root / "notebooks" / "profiles"
    folder.mkdir(parents=True)
    (folder / f"{name}.yml").write_text(text)
    monkeypatch.setattr(profiles.places, "root", lambda: root)


# The three files ----------------------------------------------------------------------------------


def test_there_is_a_file_for_each_profile_and_no_other():
    found = {path.name for path in (places.root() / "notebooks" / "profiles").iterdir()}
    assert found == {f"{name}.yml" for name in PROFILES}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_gives_every_setting_and_nothing_else(profile):
    # One that is left out would be taken from the chapter's own cell, which holds the laptop's.
    assert set(parameters(profile)) == NAMES


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_settings_under_its_own_name(profile):
    read = settings(profile)
    assert read.profile == profile
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in parameters(profile).items()}
    assert dataclasses.asdict(read) == given | {"resize": None}


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
        "optimiser_state": "kept",
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
    read = parameters("paper")
    assert {name: read[name] for name in stated} == stated


def test_profiles_grow_from_smoke_to_paper():
    def cost(at):
        images = at.images if isinstance(at.images, int) else 50_000 * at.images
        return images * at.width**2 * at.phase_epochs

    costs = [cost(settings(name)) for name in PROFILES]
    assert costs == sorted(costs) and len(set(costs)) == 3


def parameters_cell(chapter):
    """The values that a chapter's cell tagged ``parameters`` assigns."""
    text = (places.root() / "notebooks" / f"{chapter}.py").read_text(encoding="utf-8")
    [cell] = [cell for cell in text.split("\n# %%") if cell.startswith(' tags=["parameters"]')]
    statements = ast.parse(cell.partition("\n")[2]).body
    return {statement.targets[0].id: ast.literal_eval(statement.value) for statement in statements}


CHAPTERS = [
    path.stem
    for path in sorted((places.root() / "notebooks").glob("*.py"))
    if "Settings" in path.read_text() and path.stem != "quickstart"
]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_chapters_own_values_are_the_laptop_profiles(chapter):
    own, laptop = parameters_cell(chapter), parameters("laptop")
    assert own == {name: laptop[name] for name in own}


def test_every_parameter_of_a_profile_is_some_chapters():
    taken = {name for chapter in CHAPTERS for name in parameters_cell(chapter)}
    assert taken == set(parameters("laptop"))


# What is refused ----------------------------------------------------------------------------------


def test_an_unknown_profile_is_refused_with_the_near_miss():
    with pytest.raises(InvalidValue, match="no profile 'papers'; allowed: smoke, laptop, paper. Did you mean 'paper'"):
        parameters("papers")


def test_a_mistyped_name_in_a_profile_is_refused_with_the_near_miss(tmp_path, monkeypatch):
    write_profile(tmp_path, monkeypatch, "seeds: 3\nlerning_rate: 0.1\n")
    with pytest.raises(InvalidValue, match="profile smoke has no parameter 'lerning_rate'.*mean 'learning_rate'"):
        parameters("smoke")


def test_a_profile_that_is_not_there_is_refused_with_its_place(tmp_path, monkeypatch):
    write_profile(tmp_path, monkeypatch, "seeds: 3\n", name="smoke")
    with pytest.raises(InvalidValue, match=f"'paper' is not at {tmp_path}.*paper.yml"):
        parameters("paper")


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "- seeds\n", "seeds: [1\n", "seeds\n", "seeds: 3\n\tx: 1\n", "1: 2\n"], ids=repr
)
def test_a_profile_that_holds_no_names_and_values_is_refused_with_a_sentence(tmp_path, monkeypatch, text):
    write_profile(tmp_path, monkeypatch, text)
    with pytest.raises(InvalidValue, match="smoke"):
        settings("smoke")


def test_a_value_that_yaml_reads_as_text_is_refused_by_name(tmp_path, monkeypatch):
    # YAML 1.1 takes 1e-3, without a point, for a text.
    text = yaml.safe_dump(parameters("paper")).replace("learning_rate: 0.001", "learning_rate: 1e-3")
    write_profile(tmp_path, monkeypatch, text)
    with pytest.raises(InvalidValue, match="learning_rate is '1e-3', a str; allowed: a number"):
        settings("smoke")


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"seeds": 0}, "seeds is 0.*at least 1"),
        ({"seeds": 2.5}, "seeds is 2.5, a float"),
        ({"first_seed": -1}, "first_seed is -1"),
        ({"images": 1.5}, "images is 1.5.*fraction"),
        ({"images": 3}, "images is 3.*at least 4 images"),
        ({"images": -0.5}, "images is -0.5"),
        ({"resize": 4}, "resize is 4.*at least 8"),
        ({"width": "64"}, "width is '64', a str"),
        ({"optimiser_state": "keep"}, "optimiser_state is 'keep'.*Did you mean 'kept'"),
        ({"dataset": "cifar-10"}, "'cifar-10' is no data set.*Did you mean 'cifar10'"),
        ({"curve_images": 0}, "curve_images is 0"),
        ({"learning_rate": 0}, "learning_rate is 0.*more than 0"),
        ({"figure_4_images": 1.5}, "figure_4_images is 1.5.*fraction"),
        ({"learning_rates": []}, r"learning_rates is \[\]; allowed: a list of one or more different"),
        ({"batch_sizes": [16, 16]}, r"batch_sizes is \[16, 16\]; allowed"),
        ({"weight_decays": [-0.1]}, "weight_decays is -0.1.*at least 0"),
        ({"learning_rates": 0.1}, "learning_rates is 0.1, a float; allowed: a list"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(changes, words):
    with pytest.raises(InvalidValue, match=words):
        Settings(**changes)


def test_names_are_checked_against_those_of_the_chapter_at_hand():
    check_names({"seeds": 3}, ["seeds", "width"], "the chapter")
    with pytest.raises(InvalidValue, match="the chapter has no parameter 'widht'; allowed: seeds, width. Did you mean"):
        check_names({"seeds": 3, "widht": 4}, ["seeds", "width"], "the chapter")


# What a chapter makes of them ---------------------------------------------------------------------


def test_settings_are_picked_from_a_notebooks_names_and_the_rest_passed_over():
    read = Settings.of({"seeds": 2, "width": 4, "pytest": pytest, "In": []})
    assert read == Settings(seeds=2, width=4)


@pytest.mark.parametrize("images, half", [(10_000, 5000), (201, 100), (4, 2), (1.0, 0.5), (0.25, 0.125)])
def test_half_is_half_and_of_the_same_kind(images, half):
    found = Settings(images=images).half
    assert found == half and type(found) is type(images)


def test_seeds_follow_the_first():
    at = Settings(seeds=3, first_seed=100)
    assert list(at.all_seeds) == [100, 101, 102]
    assert list(at.seeds_of(5)) == [100, 101, 102, 103, 104]

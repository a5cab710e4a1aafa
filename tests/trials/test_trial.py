"""A trial is a checked, immutable value, and its key names it: on every machine, in every process."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import photos

import wsnb
from wsnb import (
    DELTA,
    DTNH,
    GEM,
    L2,
    L2SP,
    MLP,
    SGD,
    Adam,
    AdamW,
    Augment,
    CosineSchedule,
    Dash,
    Epochs,
    GradientNorms,
    GradientNormsAsCoded,
    HareTortoise,
    KnowDist,
    Logistic,
    Part,
    PlainSum,
    Pretrained,
    PullAngles,
    RandomInit,
    ReDo,
    ResNet18,
    ResNet20,
    RMSProp,
    ShrinkPerturb,
    Steps,
    StepSchedule,
    StopsImproving,
    TorchvisionResNet18,
    TrainAccuracy,
    TrainingModeAccuracy,
    Trial,
    WarmStart,
    WeightScales,
    kind,
    setting,
    values,
)
from wsnb.errors import InvalidValue
from wsnb.seam import Model
from wsnb.trials import trial as module

HALF = Trial(Part("digits", 0.5), ResNet18(), SGD(1e-3), Epochs(350))
PLAIN = Trial(Part("digits", 0.5), MLP(), SGD(), Epochs(3))
PARENT = PLAIN.replace(optimizer=Adam())
CHILD = PARENT.then()

KNOWN = {
    "half": HALF,
    "shrink-perturb": HALF.then(data=Part("digits"), start=ShrinkPerturb(0.4, 0.01)),
    "warm": HALF.then(data=Part("digits", 1000), seed=3, batch_size=64, curve_images=2000),
    "dash": HALF.then(start=Dash(alpha=0.5)),
    "kept-adam": Trial(Part("digits", 0.5), ResNet18(), Adam(), StopsImproving(), seed=3).then(optimizer_state="kept"),
    "adamw": Trial(Part("digits", classes=(3, 1)), ResNet20(), AdamW(1e-2), TrainAccuracy(images=500)),
    "rmsprop": Trial(Part("digits", held_out=0.1), MLP((16,), "relu"), RMSProp(momentum=0.9), Steps(77)),
    "logistic": Trial(Part("digits", 7), Logistic(), SGD(0.1, head_learning_rate=1.0), Epochs(0), precision="bf16"),
    "augmented": HALF.replace(augmentation=Augment(rotation=15), last_batch="dropped"),
    "l2sp": HALF.then(regularizer=L2SP(0.1)),
    "dtnh": HALF.then(regularizer=(L2SP(decay=0.9), KnowDist(0.01, head_coefficient=0.1)), direction=DTNH()),
    "know-dist": HALF.then(start=RandomInit(), regularizer=KnowDist(compared=("stages.0",))),
    "delta": HALF.then(regularizer=(DELTA(2.0, examples=100), L2(0.1)), direction=GEM()),
    "hare": HALF.replace(callbacks=(HareTortoise(), ReDo(), CosineSchedule())),
    "as-coded": HALF.replace(stop=StopsImproving(measured="training mode"), callbacks=GradientNormsAsCoded(100)),
    "steps": HALF.replace(callbacks=StepSchedule(at=(100, 150), rise=10)),
    "grandchild": HALF.then().then(data=Part("digits"), start=ShrinkPerturb(scope="weights", buffers="reset")),
    "pretrained": Trial(
        Part("digits", 9, by_class=True),
        TorchvisionResNet18(),
        SGD(0.01, 0.9),
        Epochs(0),
        start=Pretrained("IMAGENET1K_V1"),
        augmentation=Augment(crop=9),
        callbacks=StepSchedule((6000,), counts="steps"),
    ),
}

# These keys are names of records. A test that fails here says that every record made so far is lost: either undo
# what changed the canonical form (a new field is `setting(..., added=True)`), or mean it, raise the version of the
# kind that changed (or LOOP), run again what is stale, and print the new keys:
#     PYTHONPATH=.:tests/trials python -c "import test_trial; test_trial.show_keys()"
KEYS = {
    "half": "6eb57d53c7ea891e",
    "shrink-perturb": "5f1d8d7d2276e222",
    "warm": "cffbc78402a53cd0",
    "dash": "4d21e717ffe315d0",
    "kept-adam": "cfe6512b13c8c689",
    "adamw": "6dec0c019e4f385e",
    "rmsprop": "e26b95c7ef852d23",
    "logistic": "6d69690fa09e0c28",
    "augmented": "debfa67c968bb545",
    "l2sp": "4a061bc31a9464de",
    "dtnh": "f3ebb807139ea0b3",
    "know-dist": "b21f95bf1c9eee2e",
    "delta": "17b4d2c99eb87685",
    "hare": "328140fde796e9f6",
    "as-coded": "dda91b7222b8d788",
    "pretrained": "6edd595d8c2aea43",
    "steps": "fcf1a3b77e7efed0",
    "grandchild": "e5120e3f837122d0",
}


def show_keys():
    for name, trial in KNOWN.items():
        print(f'    "{name}": "{trial.key}",')


# The key ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KNOWN)
def test_a_key_once_given_stays(name):
    assert KNOWN[name].key == KEYS[name]


def test_every_kind_of_the_package_stands_in_a_known_trial():
    def kinds(form):
        if isinstance(form, list):
            return set().union(*map(kinds, form))
        if not isinstance(form, dict):
            return set()
        return {form["kind"] for _ in "." if "kind" in form}.union(*map(kinds, form.values()))

    package = {name for name, cls in values._kinds.items() if not values.is_foreign(cls)}
    measuring = {each.kind for each in (GradientNorms, PullAngles, TrainingModeAccuracy, WeightScales)}
    seen = set().union(*(kinds(each.to_json()) for each in KNOWN.values()))
    assert package - seen == measuring


PARTS = st.builds(
    Part,
    st.sampled_from(["digits", "cifar10"]),
    st.sampled_from([0.5, 1.0, 2, 100]),
    st.sampled_from([None, (0, 1), (1, 0)]),
)
MODELS = st.sampled_from([ResNet18(), ResNet18(16), ResNet20(), MLP(), MLP((16,)), MLP(bias=False), Logistic()])
OPTIMIZERS = st.sampled_from([SGD(), SGD(0.1), SGD(0.1, 0.9), Adam(), Adam(0.1), AdamW(), RMSProp(), SGD(0.1, 0, 0, 1)])
STOPS = st.sampled_from([Epochs(1), Steps(1), TrainAccuracy(), StopsImproving(), StopsImproving(measured="running")])
CALLBACKS = st.lists(
    st.sampled_from([HareTortoise(), ReDo(every=2), CosineSchedule(), GradientNorms(), TrainingModeAccuracy()]),
    unique=True,
    max_size=2,
)
FIRST = st.builds(
    Trial,
    PARTS,
    MODELS,
    OPTIMIZERS,
    STOPS,
    seed=st.integers(0, 1),
    batch_size=st.sampled_from([8, 9]),
    callbacks=CALLBACKS,
    augmentation=st.none() | st.builds(Augment, st.integers(0, 1)),
    curve_images=st.none() | st.integers(1, 2),
)
STARTS = st.sampled_from([WarmStart(), ShrinkPerturb(), ShrinkPerturb(0.5), ShrinkPerturb(buffers="reset"), Dash()])
PULLS = st.sampled_from(
    [{}, {"regularizer": L2SP()}, {"regularizer": [L2SP(), KnowDist()], "direction": DTNH()}, {"last_batch": "dropped"}]
)


@st.composite
def chains(draw):
    trial = draw(FIRST)
    for _ in range(draw(st.integers(0, 2))):
        trial = trial.then(data=draw(PARTS), start=draw(STARTS), **draw(PULLS))
    return trial


@given(chains(), chains())
def test_what_is_asked_and_the_key_tell_trials_apart_just_as_equality_does(one, other):
    def told(trial):
        lineage = (*trial.ancestors(), trial)
        return [(each.key, each.asked) for each in lineage]

    if any(len([each for each in trial.callbacks if each.measures]) > 1 for trial in (one, other)):
        return  # whose order says nothing
    order = {callback.kind: number for number, callback in enumerate(one.callbacks)}
    if order.keys() == {callback.kind for callback in other.callbacks} and one.callbacks != other.callbacks:
        return
    assert (one == other) == (told(one) == told(other))


@given(chains())
def test_a_trial_comes_back_from_json_whole(trial):
    form = json.loads(json.dumps(trial.to_json()))
    for back in (Trial.from_json(form), values.from_json(form)):
        assert back == trial and back is not trial
        assert (back.key, back.asked, hash(back), repr(back)) == (trial.key, trial.asked, hash(trial), repr(trial))


def chain_of(length):
    trial = Trial(Part("digits", 10), MLP(), SGD(), Epochs(1))
    for amount in range(11, 10 + length):
        trial = trial.then(data=Part("digits", amount))
    return trial


def test_a_chain_of_300_comes_back_and_is_looked_up_as_fast_as_a_short_one():
    long, calls = chain_of(300), []
    back = Trial.from_json(json.loads(json.dumps(long.to_json())))
    assert (back.key, back.depth) == (long.key, 299) and back == long
    found = {long: 1}
    hashed = Part.__hash__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Part, "__hash__", lambda part: calls.append(part) or hashed(part))
        assert found[long] == 1
    assert not calls


@pytest.mark.parametrize(
    "one, other",
    [
        pytest.param({"data": Part("digits", 1)}, {"data": Part("digits", 1.0)}, id="one-image-or-all"),
        pytest.param({"optimizer": SGD(0.1, -0.0)}, {"optimizer": SGD(0.1, 0.0)}, id="minus-zero"),
    ],
)
def test_numbers_that_python_calls_equal_make_no_equal_trials_with_different_keys(one, other):
    # run() looks trials up by equality: one image must not be taken for all images.
    one, other = HALF.replace(**one), HALF.replace(**other)
    assert (one == other) == (one.key == other.key)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_key_is_the_same_in_every_process_and_needs_nothing_that_trains(hash_seed):
    program = (
        "import sys; from wsnb import *; half = Trial(Part('digits', 0.5), ResNet18(), SGD(1e-3), Epochs(350)); "
        "remedy = half.then(data=Part('digits'), start=ShrinkPerturb(0.4, 0.01)); "
        "print(half.key, remedy.key, 'torch' in sys.modules)"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == [KEYS["half"], KEYS["shrink-perturb"], "False"]


OTHER_VALUES = {
    Part: {"dataset": "cifar10", "amount": 0.25, "classes": (0, 1), "resize": 16, "held_out": 5, "by_class": True},
    Augment: {"crop_padding": 0, "flip": 0, "brightness": 0, "contrast": 0, "saturation": 0, "rotation": 0, "crop": 9},
    Pretrained: {"weights": "IMAGENET1K_V2"},
    MLP: {"hidden": (100, 100), "activation": "relu", "bias": False},
    StepSchedule: {"counts": "steps"},
    RMSProp: {"smoothing": 0.5, "epsilon": 0.5},
    Adam: {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.5, "weight_decay": 0.5, "head_learning_rate": 0.5},
    Epochs: {"at_most": 4},
    TrainAccuracy: {"measured": "running", "images": 5},
    StopsImproving: {"measured": "running", "window": 4, "images": 5, "at_most": 4},
    Trial: {
        "data": Part("digits"),
        "model": Logistic(),
        "optimizer": SGD(),
        "stop": TrainAccuracy(),
        "seed": 1,
        "start": ShrinkPerturb(),
        "parent": PLAIN,
        "batch_size": 64,
        "last_batch": "dropped",
        "optimizer_state": "kept",
        "precision": "bf16",
        "augmentation": Augment(),
        "regularizer": L2SP(),
        "callbacks": HareTortoise(),
    },
}
"""For a field a value that differs from that of :func:`trial_with`; for numbers of which none is given, half."""

KINDS = [cls for cls in values._kinds.values() if not values.is_foreign(cls)]
FIELDS = [
    (cls, field)
    for cls in KINDS
    for field in dataclasses.fields(cls)
    if not field.metadata.get("measured") and not getattr(cls, "measures", False)
]


def trial_with(value):
    """A trial that holds the value where a value of its kind belongs."""
    if isinstance(value, Trial):
        return value
    slots = {"data": Part, "model": Model, "optimizer": wsnb.seam.Optimizer, "stop": wsnb.seam.Stop}
    slots |= {"augmentation": Augment, "regularizer": wsnb.seam.Regularizer, "callbacks": wsnb.seam.Callback}
    slot = next((name for name, cls in slots.items() if isinstance(value, cls)), "start")
    has_parent = slot != "data" and getattr(value, "needs_parent", True)  # of a child too much would be held out
    return (CHILD if has_parent else PARENT).replace(**{slot: value})


@pytest.mark.parametrize("cls, field", FIELDS, ids=[f"{cls.__name__}.{field.name}" for cls, field in FIELDS])
def test_every_field_that_decides_is_in_the_key(cls, field):
    if field.name == "direction":
        pulled = CHILD.replace(regularizer=L2SP())
        assert pulled.replace(direction=DTNH()).key != pulled.key
        return
    whole = {
        Part: lambda: Part("digits", 0.5),
        Epochs: lambda: Epochs(3),
        Steps: lambda: Steps(3),
        Trial: lambda: CHILD,
        Pretrained: lambda: Pretrained("IMAGENET1K_V1"),
    }
    whole = whole.get(cls, cls)()
    given = getattr(whole, field.name)
    others = {"scope": "weights", "buffers": "reset", "perturbation": "first", "at": (3,), "compared": ("head",)}
    other = OTHER_VALUES.get(cls, {}).get(field.name, others.get(field.name))
    if other is None:
        other = given + 1 if isinstance(given, int) else 0.5 if given is None else given / 2 or 0.5
    changed = dataclasses.replace(whole, **{field.name: other})
    assert trial_with(changed).key != trial_with(whole).key


def test_where_own_images_lie_is_not_in_the_key_but_what_they_show_is(tmp_path):
    here, elsewhere, others = (
        PLAIN.replace(data=Part(photos(tmp_path / name, seed), 5)) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert here.key == elsewhere.key != others.key
    assert str(tmp_path) not in str(here.canonical())


def test_the_kind_of_each_value_is_in_the_key_where_the_fields_are_alike():
    assert PLAIN.replace(model=ResNet18(16)).key != PLAIN.replace(model=ResNet20(16)).key
    assert PLAIN.replace(optimizer=Adam(weight_decay=0.01)).key != PLAIN.replace(optimizer=AdamW()).key
    assert PARENT.then(start=WarmStart()).key != PARENT.replace(start=RandomInit()).key


def test_what_is_only_measured_is_asked_and_not_in_the_key_of_it_or_of_its_children():
    measured = PLAIN.replace(curve_images=10, callbacks=(TrainingModeAccuracy(), HareTortoise(), GradientNorms(9)))
    plain = PLAIN.replace(callbacks=HareTortoise())
    assert measured.key == plain.key and measured != plain
    assert measured.then().key == plain.then().key
    assert plain.asked == {"curve_images": None, "callbacks": []}
    asked = {"curve_images": 10, "callbacks": [GradientNorms(9).canonical(), TrainingModeAccuracy().canonical()]}
    assert measured.asked == asked == measured.replace(callbacks=measured.callbacks[::-1]).asked


def test_a_change_to_the_grandparent_or_its_code_changes_the_key(monkeypatch):
    grandchildren = [PLAIN.replace(seed=seed).then(seed=5).then(seed=6) for seed in (0, 1)]
    assert grandchildren[0].key != grandchildren[1].key
    before = KNOWN["dash"].then().key
    monkeypatch.setattr(Dash, "version", 2)
    assert dataclasses.replace(KNOWN["dash"]).then().key != before
    assert dataclasses.replace(KNOWN["l2sp"]).key == KEYS["l2sp"], "one method stales its own records alone"
    monkeypatch.setattr(PlainSum, "version", 2)
    assert dataclasses.replace(KNOWN["l2sp"]).key != KEYS["l2sp"], "a default is left out as the first version alone"
    assert dataclasses.replace(KNOWN["half"]).key == KEYS["half"], "where nothing is joined no direction decides"


def test_a_new_loop_gives_new_keys_to_parents_and_children(monkeypatch):
    monkeypatch.setattr(module, "LOOP", module.LOOP + 1)
    parent = dataclasses.replace(PARENT)
    assert parent.key != PARENT.key
    assert parent.then().canonical()["parent"] == parent.key != CHILD.canonical()["parent"]


def test_two_versions_of_a_class_from_elsewhere_have_two_keys(monkeypatch):
    def first():
        @kind("of_mine")
        class OfMine(WarmStart):
            by: float = setting(0.5)

        return OfMine

    def second():
        @kind("of_mine")
        class OfMine(WarmStart):
            by: float = setting(0.25)

        return OfMine

    keys = []
    for define in (first, second, first):
        with monkeypatch.context() as patch:
            patch.setattr(values, "_kinds", dict(values._kinds))
            keys.append(PLAIN.then(start=define()(1)).key)
    assert keys[0] == keys[2] != keys[1]


# Making one from another --------------------------------------------------------------------------


def test_then_is_a_warm_start_on_the_parent_with_a_fresh_optimizer():
    parent = PARENT.replace(seed=4, batch_size=7, precision="bf16", curve_images=3)
    child = parent.then(optimizer_state="kept").then(data=Part("digits"))
    assert child.parent == parent.then(optimizer_state="kept")
    assert (child.start, child.optimizer_state) == (WarmStart(), "fresh")
    assert (child.seed, child.batch_size, child.precision, child.curve_images) == (4, 7, "bf16", 3)


def test_then_takes_another_start_and_keeps_the_parent_out_of_reach():
    child = PLAIN.then(start=ShrinkPerturb(0.5))
    assert child.start == ShrinkPerturb(0.5) and child.parent is PLAIN
    assert PLAIN.parent is None and PLAIN.start == RandomInit()


def test_replace_keeps_parent_and_start():
    other = CHILD.replace(seed=9)
    assert (other.parent, other.start, other.seed) == (PARENT, WarmStart(), 9)
    assert CHILD.seed == 0


def test_ancestors_come_first_first_and_depth_counts_them():
    grandchild = CHILD.then(seed=3)
    assert grandchild.ancestors() == [PARENT, CHILD]
    assert [trial.depth for trial in (PARENT, CHILD, grandchild)] == [0, 1, 2]


def test_repeats_count_the_ancestors_that_saw_the_same_images():
    whole = HALF.then(data=Part("digits"))
    assert [each.repeats for each in (HALF, whole, whole.then(), whole.then(seed=1), HALF.then())] == [0, 0, 1, 0, 1]


def test_a_field_of_several_takes_one_value():
    assert PLAIN.replace(callbacks=ReDo()).callbacks == (ReDo(),)
    assert CHILD.replace(regularizer=L2SP()) == CHILD.replace(regularizer=[L2SP()])


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Trial)])
def test_a_trial_cannot_be_changed(field):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(CHILD, field, None)


@kind("needs_nothing")
class NeedsNothing(L2SP):
    needs_parent: ClassVar[bool] = False


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: PLAIN.replace(start=WarmStart()), r"WarmStart\(\).*from a parent and there is none.*parent\.then"),
        (lambda: PLAIN.replace(regularizer=L2SP()), r"L2SP\(\).*from a parent and there is none.*parent\.then"),
        (lambda: PLAIN.then(start=RandomInit()), r"RandomInit\(\).*parent\.replace"),
        (lambda: PLAIN.then(start=RandomInit(), regularizer=NeedsNothing()), r"RandomInit\(\).*parent\.replace"),
        (lambda: PLAIN.replace(direction=DTNH()), r"DTNH\(\).*no regularizer to join"),
        (lambda: PLAIN.replace(callbacks=(ReDo(), ReDo(0.2))), r"two of kind 'redo'; allowed: one of each"),
        (
            lambda: PLAIN.replace(callbacks=(CosineSchedule(), StepSchedule((5,)))),
            r"CosineSchedule\(\) and StepSchedule\(at=\(5,\)\) both decide the learning rate; allowed: one that does",
        ),
        (lambda: PLAIN.replace(optimizer_state="kept"), "'kept' and there is no parent"),
        (lambda: PLAIN.then(optimizer=Adam(), optimizer_state="kept"), "must have this model and optimizer"),
        (lambda: PLAIN.then(model=MLP((3,)), optimizer_state="kept"), "must have this model and optimizer"),
    ],
)
def test_start_parent_regularizer_callbacks_and_optimizer_state_must_agree(make, words):
    with pytest.raises(InvalidValue, match=words):
        make()


def test_a_regularizer_is_enough_to_have_a_parent_and_one_that_needs_none_has_none():
    assert PLAIN.then(start=RandomInit(), regularizer=L2SP()).parent is PLAIN
    assert PLAIN.replace(regularizer=NeedsNothing()).parent is None


# What is allowed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"augmentation": True}, ["Trial.augmentation", "True", "Augment or null"]),
        ({"data": "digits"}, ["Trial.data", "'digits'", "Part"]),
        ({"model": "resnet18"}, ["Trial.model", "'resnet18'", "Model (", "Logistic", "MLP", "ResNet18"]),
        ({"optimizer": MLP()}, ["Trial.optimizer", "MLP()", "Adam, AdamW, RMSProp, SGD"]),
        (
            {"regularizer": DTNH()},
            ["Trial.regularizer", "DTNH()", "a list, each item Regularizer (", "KnowDist", "L2SP"],
        ),
        ({"direction": L2SP()}, ["Trial.direction", "L2SP()", "DTNH", "PlainSum"]),
        (
            {"callbacks": (ReDo(), "redo")},
            ["Trial.callbacks", "'redo'", "Callback (", "CosineSchedule", "GradientNorms"],
        ),
        ({"last_batch": "drop"}, ["Trial.last_batch", "'kept', 'dropped'", "Did you mean 'dropped'?"]),
        ({"seed": -1}, ["Trial.seed", "-1", "at least 0"]),
        ({"seed": 1.0}, ["Trial.seed", "1.0", "float", "a whole number"]),
        ({"batch_size": 0}, ["Trial.batch_size", "0", "at least 1"]),
        ({"precision": "fp16"}, ["Trial.precision", "'fp16'", "'fp32', 'bf16'", "Did you mean"]),
        ({"curve_images": 0}, ["Trial.curve_images", "0", "at least 1"]),
        ({"curve_images": "all"}, ["Trial.curve_images", "'all'", "a whole number or null"]),
        ({"parent": "8230d4b54f7251d4"}, ["Trial.parent", "'8230d4b54f7251d4'", "Trial or null"]),
    ],
    ids=lambda value: value[0] + " " + value[1] if isinstance(value, list) else "",
)
def test_what_is_not_allowed_is_refused_by_name_with_the_value_and_what_is(changes, words):
    with pytest.raises(InvalidValue) as refused:
        PLAIN.replace(**changes)
    assert [word for word in words if word not in str(refused.value)] == []


# In a traceback, in another process ---------------------------------------------------------------


def test_a_long_chain_is_read_in_one_line():
    chain = chain_of(30)
    assert chain.depth == 29 and len(repr(chain)) < 250
    assert f"parent=<{chain.parent.key}>" in repr(chain)


def test_a_repr_can_be_typed_again():
    trial = PLAIN.replace(optimizer=SGD(0.5), seed=3, callbacks=(ReDo(),), augmentation=Augment(rotation=15))
    assert re.sub(r"\s", "", repr(trial)) == (
        "Trial(data=Part(dataset='digits',amount=0.5),model=MLP(),optimizer=SGD(learning_rate=0.5),"
        "stop=Epochs(at_most=3),seed=3,augmentation=Augment(rotation=15.0),callbacks=(ReDo(),))"
    )
    assert eval(repr(trial), vars(wsnb)) == trial
    assert trial.direction == PlainSum() and "direction" not in repr(trial)


def test_what_is_held_out_for_a_choice_no_training_before_may_have_seen():
    apart = HALF.replace(data=Part("digits", 0.5, held_out=50))
    assert apart.then(data=Part("digits", held_out=50)) and apart.then(data=Part("digits"))
    for parent in (HALF, HALF.then(), apart.replace(data=Part("digits", held_out=40))):
        with pytest.raises(InvalidValue, match="holds out 50 of the images, and .* does not; hold out as many of both"):
            parent.then(data=Part("digits", held_out=50))
    assert HALF.then(data=Part("cifar10", held_out=50)), "of other images"

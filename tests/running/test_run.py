"""``run``: trains what no record answers, parents first, and loses nothing when it is stopped."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path

import pytest
import torch
from conftest import Hook, measured
from own_methods import OwnProcess
from small import photos

from wsnb import (
    MLP,
    SGD,
    Adam,
    Epochs,
    GradientNorms,
    HareTortoise,
    Part,
    Records,
    ReDo,
    ResNet18,
    ShrinkPerturb,
    TrainingModeAccuracy,
    Trial,
    plan,
    recorded,
    run,
)
from wsnb.errors import DamagedRecord, InvalidValue, MissingRecords, RecordError
from wsnb.evidence.records import _checksum
from wsnb.evidence.weights import checkpoint_path, load_weights, save_weights, weights_path
from wsnb.running import worker
from wsnb.running.jobs import jobs_for
from wsnb.running.local import InProcess, LocalCrew
from wsnb.running.run import Session, Unfinished
from wsnb.seam import Callback
from wsnb.values import kind


def mlp(seed: int = 0, **changes: object) -> Trial:
    trial = Trial(Part("digits", 60), MLP(hidden=(8,)), SGD(0.1), Epochs(2), seed=seed, batch_size=16)
    return trial.replace(**changes)


def here(trials: list[Trial], folder: Path | Records, **settings: object) -> dict:
    """``run`` in this very process."""
    return run(trials, records=folder, workers=0, device="cpu", **settings)


BAD = mlp(model=MLP(hidden=(8,), activation="relu"), optimizer=SGD(1e30))


# What is trained ----------------------------------------------------------------------------------


def test_only_what_no_record_answers_is_trained(tmp_path: Path) -> None:
    half = mlp()
    warm = half.then(data=Part("digits", 120))
    first = here([warm], tmp_path)
    assert set(first) == {warm}
    assert sorted(path.stem for path in Records(tmp_path).paths()) == sorted([half.key, warm.key])
    before = {path: path.stat().st_mtime_ns for path in Records(tmp_path).paths()}
    other = half.then(data=Part("digits", 120), start=ShrinkPerturb(0.5, 0.1))
    second = here([other, warm, half], tmp_path)
    assert list(second) == [other, warm, half]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert second[warm] == first[warm]


def test_with_no_workers_this_very_process_trains_and_keeps_its_threads(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        record = here([trial := mlp(callbacks=OwnProcess())], tmp_path)[trial]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert record.curves["process"] == [os.getpid()] * 2
    assert record.provenance["threads"] == 1


def test_records_are_equal_in_this_process_and_in_workers(tmp_path: Path, monkeypatch) -> None:
    cnn = Trial(Part("digits", 50), ResNet18(2), Adam(0.01), Epochs(2), seed=3, batch_size=16)
    trials = [
        cnn,
        cnn.then(data=Part("digits", 100), callbacks=(HareTortoise(0.9, 1), GradientNorms(32, 16))),
        mlp(),
        mlp(1, callbacks=ReDo()),
    ]
    found = []
    for workers in (0, 2):
        monkeypatch.setenv("WSNB_WEIGHTS", str(tmp_path / f"weights-{workers}"))
        made = run(trials, records=tmp_path / str(workers), workers=workers, device="cpu")
        found.append([measured(made[trial]) | {"weights": made[trial].provenance["weights"]} for trial in trials])
    assert found[0] == found[1]


def test_missing_records_are_left_out_or_an_error_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run([mlp()], records=tmp_path, missing="skip") == {}
    with pytest.raises(MissingRecords, match="1 of 1 records are missing"):
        run([mlp()], records=tmp_path, missing="error")
    monkeypatch.setenv("WSNB_MISSING", "skip")
    assert run([mlp()], records=tmp_path) == {}
    with pytest.raises(InvalidValue, match="allowed: 'train', 'skip', 'error'"):
        run([mlp()], records=tmp_path, missing="skpi")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="a str; allowed: Trials"):
        run(["mlp"])  # type: ignore[list-item]


def test_a_mistake_about_who_trains_is_told_even_when_nothing_is_left_to_train(tmp_path: Path) -> None:
    for ask in (run, plan):
        with pytest.raises(InvalidValue, match="Did you mean 'ray'"):
            ask([], records=tmp_path, engine="rya")
        with pytest.raises(InvalidValue, match="an address is for engine='ray'"):
            ask([], records=tmp_path, address="auto")


def test_looking_up_trains_nothing_and_finds_what_is_recorded(tmp_path: Path) -> None:
    made = here([mlp()], tmp_path)
    assert recorded([mlp(1), mlp()], records=tmp_path) == made


# Parents ------------------------------------------------------------------------------------------


def test_a_parent_whose_weights_are_gone_is_trained_again_and_its_record_stays(tmp_path: Path) -> None:
    half = mlp()
    warm = half.then(data=Part("digits", 120))
    expected = measured(here([warm], tmp_path)[warm])
    store = Records(tmp_path)
    weights_path(half.key).unlink()
    store.path(warm.key).unlink()
    before = store.path(half.key).read_bytes()
    assert measured(here([warm], tmp_path)[warm]) == expected
    assert store.path(half.key).read_bytes() == before
    assert weights_path(half.key).exists()


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content[:99] + b"x" + content[100:]])
def test_damaged_weights_of_a_parent_are_noticed_and_made_again(tmp_path: Path, change) -> None:
    store, warm = Records(tmp_path), mlp().then()
    calm = here([warm], store)[warm]
    store.path(warm.key).unlink()
    path = weights_path(mlp().key)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(Unfinished, match="weights of .* are missing or damaged. Run again to make them again"):
        here([warm], store)
    assert measured(here([warm], store)[warm]) == measured(calm)


def tampered(store: Records, trial: Trial, curve: str) -> None:
    """As if another machine had made the record."""
    record = store.find(trial.key)
    store.path(trial.key).unlink()
    curves = record.curves | {curve: [0.125] * len(record.curves[curve])}
    store.put(dataclasses.replace(record, curves=curves, provenance=record.provenance | {"device": "a GPU"}))


def test_a_parent_that_comes_out_otherwise_when_it_is_trained_again_is_said(tmp_path: Path, capsys) -> None:
    store, warm = Records(tmp_path), mlp().then()
    here([warm], store)
    weights_path(mlp().key).unlink()
    store.path(warm.key).unlink()
    here([warm], store)
    assert capsys.readouterr().err == ""
    weights_path(mlp().key).unlink()
    store.path(warm.key).unlink()
    tampered(store, mlp(), "test_accuracy")
    here([warm], store)
    said = capsys.readouterr().err
    assert f"otherwise than its record {mlp().key} says (test_accuracy): made on a GPU then, on " in said
    assert store.find(mlp().key).curves["test_accuracy"] == [0.125, 0.125], "its record stays"


def test_a_parent_whose_weights_alone_come_out_otherwise_is_said_too(tmp_path: Path, capsys) -> None:
    store, warm = Records(tmp_path), mlp().then()
    here([mlp()], store)
    record = store.find(mlp().key)
    store.path(mlp().key).unlink()
    store.put(dataclasses.replace(record, provenance=record.provenance | {"weights": "0" * 16}))
    here([warm], store)
    assert f"its record {mlp().key} says (weights)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"trials": None}, "run was given None; allowed: a list of trials"),
        ({"records": 5}, "records is 5; allowed: the path of a folder"),
        ({"device": 0}, "device is 0; allowed: a text such as 'cpu'"),
    ],
)
def test_what_cannot_be_run_is_a_sentence(tmp_path: Path, given: dict, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        run(**{"trials": [mlp()], "records": tmp_path, "workers": 0} | given)


def test_the_same_measurement_in_another_way_takes_the_place_of_the_first_and_is_no_other_outcome(
    tmp_path: Path, capsys
) -> None:
    here([mlp(callbacks=GradientNorms(16, 8))], tmp_path)
    assert len(here([other := mlp(callbacks=GradientNorms(32, 8))], tmp_path)) == 1
    said = capsys.readouterr().err
    assert f"The record {other.key} held what" in said and "otherwise" not in said
    assert Records(tmp_path).get(other) is not None
    with pytest.raises(InvalidValue, match="asked for with GradientNorms.* and with GradientNorms.*; ask for one"):
        here([mlp(1, callbacks=GradientNorms(16, 8)), mlp(1, callbacks=GradientNorms(32, 8))], tmp_path)


def test_a_parent_trained_again_for_its_weights_measures_what_its_record_holds(tmp_path: Path, capsys) -> None:
    half = mlp(callbacks=GradientNorms(16, 8), curve_images=100)
    here([half], tmp_path)
    before = Records(tmp_path).path(half.key).read_bytes()
    warm = half.replace(callbacks=(), curve_images=None).then()
    here([warm], tmp_path)
    assert Records(tmp_path).path(half.key).read_bytes() == before
    assert weights_path(half.key).exists() and capsys.readouterr().err == ""


# Trainings that fail ------------------------------------------------------------------------------


def test_a_training_that_diverges_has_a_record_and_so_have_those_after_it_and_none_is_trained_again(
    tmp_path: Path, monkeypatch
) -> None:
    child, grandchild = BAD.then(optimizer=SGD(0.1)), BAD.then(optimizer=SGD(0.1)).then()
    trials = [mlp(), BAD, grandchild, mlp(1)]
    found = here(trials, tmp_path)
    assert list(found) == trials
    assert found[BAD].failed.startswith("the training diverged in epoch 1: ")
    parents = recorded([child], records=tmp_path)
    assert parents[child].failed == f"not trained, since {BAD.key} has no result: {found[BAD].failed}"
    assert found[grandchild].failed == parents[child].failed, "the first cause alone"
    assert found[grandchild].final["epochs"] == 0 and found[grandchild].provenance["seconds"] == 0
    assert not found[mlp()].failed and not weights_path(BAD.key).exists()
    monkeypatch.setattr("wsnb.running.run._crew", lambda *_: pytest.fail("something would be trained"))
    assert here([*trials, child], tmp_path) == found | parents
    again = BAD.replace(callbacks=GradientNorms()).then(optimizer=SGD(0.1))
    assert here([again], tmp_path)[again] == parents[child], "whatever else is asked to be measured"


def test_a_child_that_is_asked_for_later_is_not_trained_either(tmp_path: Path) -> None:
    here([BAD], tmp_path)
    before = Records(tmp_path).path(BAD.key).read_bytes()
    child = BAD.then(optimizer=SGD(0.1))
    assert here([child], tmp_path)[child].failed.startswith("not trained")
    assert Records(tmp_path).path(BAD.key).read_bytes() == before


# What is measured ---------------------------------------------------------------------------------


def test_a_record_that_lacks_a_measurement_is_made_again_and_then_holds_both(tmp_path: Path, capsys) -> None:
    norms, mode = GradientNorms(16, 8), TrainingModeAccuracy(16)
    one = mlp(callbacks=norms)
    first = here([one], tmp_path)[one]
    other = mlp(callbacks=mode)
    second = here([other], tmp_path)[other]
    assert second.curves.keys() > first.curves.keys()
    assert second.measured["callbacks"] == [norms.canonical(), mode.canonical()]
    assert {name: second.curves[name] for name in first.curves if name != "seconds"} == measured(first)["curves"]
    before = Records(tmp_path).path(one.key).read_bytes()
    both = mlp(callbacks=(mode, norms))
    assert here([one, other, both, mlp()], tmp_path) == dict.fromkeys([one, other, both, mlp()], second)
    assert Records(tmp_path).path(one.key).read_bytes() == before
    assert capsys.readouterr().err == ""


def test_a_record_whose_old_curves_do_not_come_out_the_same_stays_as_it_is(tmp_path: Path) -> None:
    store, more = Records(tmp_path), mlp(callbacks=GradientNorms(16, 8))
    here([mlp()], store)
    tampered(store, mlp(), "train_loss")
    before = store.path(mlp().key).read_bytes()
    with pytest.raises(Unfinished, match=r"came out otherwise than that says \(train_loss\): made on a GPU then"):
        here([more], store)
    assert store.path(mlp().key).read_bytes() == before


def test_two_trials_of_one_key_are_trained_once_and_both_answered(tmp_path: Path) -> None:
    one, other = mlp(callbacks=GradientNorms(16, 8)), mlp(callbacks=TrainingModeAccuracy(16))
    assert len(jobs_for([one, other], Records(tmp_path))) == 1
    found = here([one, other], tmp_path)
    assert set(found) == {one, other} and found[one] == found[other]


def test_a_curve_on_two_samples_at_once_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="curve_images=None and with curve_images=50, and its record can hold one"):
        here([mlp(), mlp(curve_images=50)], tmp_path)


@kind("notes_what_it_saw")
class NotesWhatItSaw(Callback):
    """Writes to a list beside it, which is part of what its code names."""

    def after_epoch(self, training, state):
        SEEN.append(training.epoch)


SEEN: list[int] = []


def test_a_record_is_of_the_trial_that_was_asked_for_whatever_its_training_has_written(tmp_path: Path) -> None:
    trial = mlp(callbacks=NotesWhatItSaw())
    found = here([trial], tmp_path)
    assert SEEN and found[trial].key == trial.key


def test_in_this_very_process_nothing_is_trained_for_an_estimate(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("WSNB_PROGRESS")
    monkeypatch.setattr("wsnb.running.calibration.measure", lambda *given: pytest.fail("it was timed"))
    assert run([mlp()], records=tmp_path, workers=0, progress=True)


# Damage -------------------------------------------------------------------------------------------


def test_a_damaged_record_is_set_aside_and_named_and_its_trial_runs_again(tmp_path: Path, capsys) -> None:
    calm = here([mlp()], tmp_path)[mlp()]
    path = Records(tmp_path).path(mlp().key)
    damaged = path.read_bytes()[:-40]
    path.write_bytes(damaged)
    with pytest.raises(DamagedRecord, match="cut short"):
        run([mlp()], records=tmp_path, missing="error")
    assert measured(here([mlp()], tmp_path)[mlp()]) == measured(calm)
    (aside,) = (tmp_path / "damaged").iterdir()
    assert aside.read_bytes() == damaged
    said = capsys.readouterr().err
    assert path.name in said and f"set aside as {aside}; its trial runs again" in said


def test_a_damaged_record_of_a_parent_that_nobody_asked_for_is_set_aside_too(tmp_path: Path, capsys) -> None:
    store, warm = Records(tmp_path), mlp().then()
    calm = here([warm], store)[warm]
    store.path(warm.key).unlink()
    store.path(mlp().key).write_text("{")
    assert measured(here([warm], store)[warm]) == measured(calm)
    assert "set aside" in capsys.readouterr().err and store.find(mlp().key) is not None


def test_a_record_of_another_format_ends_the_run_before_anything_is_trained(tmp_path: Path) -> None:
    store = Records(tmp_path)
    here([mlp()], store)
    body = json.loads(store.path(mlp().key).read_text()) | {"format": 1}
    del body["checksum"]
    store.path(mlp().key).write_text(json.dumps(body | {"checksum": _checksum(body)}))
    with pytest.raises(RecordError, match="has format 1; .*An older wsnb made it: delete it"):
        here([mlp(), mlp(1)], store)
    assert len(store.paths()) == 1


# Stopped ------------------------------------------------------------------------------------------

LONG = Trial(Part("digits", 100), ResNet18(2), SGD(0.05, momentum=0.9), Epochs(5), seed=1, batch_size=25)


def stopped_after_an_epoch(trial: Trial, store: Records, crew: object) -> list[int]:
    """A session whose time is over when it first hears of an epoch; the epochs that it hears of."""
    heard = []

    def out_of_time(trial: Trial, epochs: int) -> None:
        heard.append(epochs)
        session.deadline = 0.0

    session = Session(jobs_for([trial], store), store, crew, 3600.0, Hook(out_of_time))
    with pytest.raises(Unfinished, match="0 of 1 trials finished, 0 failed, 1 are left; run again to go on"):
        session.work()
    assert checkpoint_path(trial.key).exists()
    return heard


def test_a_budget_stops_in_good_order_and_the_next_run_goes_on_to_the_same_record(tmp_path: Path) -> None:
    store = Records(tmp_path / "parts")
    with pytest.raises(Unfinished, match="0 of 1 trials finished, 0 failed, 1 are left"):
        here([LONG], store, time_budget=0.0)
    assert not checkpoint_path(LONG.key).exists()
    assert [stopped_after_an_epoch(LONG, store, InProcess(device="cpu")) for _ in range(2)] == [[1, 2], [3, 4]]
    made = here([LONG], store)[LONG]
    assert not checkpoint_path(LONG.key).exists()
    assert measured(made) == measured(here([LONG], tmp_path / "whole")[LONG])


def test_a_worker_that_is_told_to_pause_keeps_its_place_and_another_crew_goes_on_from_there(tmp_path: Path) -> None:
    endless, store = mlp(stop=Epochs(100_000)), Records(tmp_path)
    last = stopped_after_an_epoch(endless, store, LocalCrew(workers=1, device="cpu"))[-1]
    assert stopped_after_an_epoch(endless, store, InProcess(device="cpu")) == [last + 1, last + 2]


def test_a_place_kept_for_other_measurements_is_none(tmp_path: Path) -> None:
    store, more = Records(tmp_path), LONG.replace(callbacks=GradientNorms(32, 16))
    stopped_after_an_epoch(LONG, store, InProcess(device="cpu"))
    record = here([more], store)[more]
    assert len(record.curves["gradient_norm_new"]) == len(record.curves["test_loss"]) == 5


# Images of one's own ------------------------------------------------------------------------------


def test_a_record_of_images_of_ones_own_keeps_no_path_and_is_found_wherever_they_are(tmp_path: Path) -> None:
    own = mlp(data=Part(photos(tmp_path / "photos")), batch_size=5)
    store = Records(tmp_path / "records")
    record = here([own], store)[own]
    assert str(tmp_path) not in store.path(own.key).read_text()
    (tmp_path / "photos").rename(tmp_path / "moved")
    moved = own.replace(data=Part(f"images:{tmp_path / 'moved'}"))
    assert here([moved], store, missing="error")[moved] == record
    with pytest.raises(InvalidValue, match=f"{own.key}.json is of a folder of images, and records keep no path"):
        store.trial_of(record)


def test_images_that_changed_between_two_runs_of_a_process_make_another_record(tmp_path: Path) -> None:
    data, store = Part(photos(tmp_path / "photos")), Records(tmp_path / "records")
    first = mlp(data=data, batch_size=5)
    before = here([first], store)[first]
    time.sleep(0.02)
    photos(tmp_path / "photos", seed=1)
    second = mlp(data=data, batch_size=5)
    after = here([second], store)[second]
    assert first.key != second.key
    worker._loaded.cache_clear()
    anew = here([second], tmp_path / "anew")[second]
    assert measured(after) == measured(anew) and after != before, "it was trained on the new ones"


def test_images_that_changed_since_a_trial_was_asked_for_are_named(tmp_path: Path) -> None:
    own = mlp(data=Part(photos(tmp_path / "photos")), batch_size=5)
    _ = own.key
    time.sleep(0.02)
    photos(tmp_path / "photos", seed=1)
    with pytest.raises(Unfinished, match="the images of 'images:.*have changed since it was asked for"):
        here([own], tmp_path / "records")
    assert not Records(tmp_path / "records").paths()


# The cache of weights -----------------------------------------------------------------------------


def test_weights_are_kept_below_their_size_but_never_those_used_within_the_hour(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WSNB_WEIGHTS_GIB", "0")
    chain = mlp().then().then()
    here([chain], tmp_path)
    paths = [weights_path(trial.key) for trial in chain.ancestors()]
    assert all(path.exists() for path in paths)
    for path, hours in zip(paths, (3, 2), strict=True):
        os.utime(path, (time.time() - 3600 * hours,) * 2)
    snapshot = load_weights(paths[0])  # which uses it
    save_weights(weights_path("another"), snapshot)
    assert [path.exists() for path in paths] == [True, False]
    monkeypatch.setenv("WSNB_WEIGHTS_GIB", "much")
    with pytest.raises(InvalidValue, match="WSNB_WEIGHTS_GIB is 'much'; allowed: a number of GiB"):
        save_weights(weights_path("another"), snapshot)

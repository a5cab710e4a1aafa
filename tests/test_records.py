"""Records are whole, unchanged and under their own name, or it is said that they are not."""

import errno
import os
import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from wsnb.errors import RecordError
from wsnb.records import Record, Records, write_whole
from wsnb.trials import MLP, SGD, Adam, Epochs, Logistic, Part, Trial

TRIAL = Trial(Part("digits", 0.5), Logistic(), SGD(0.1), Epochs(2), seed=3)


def record_of(trial=TRIAL, **changes):
    parts = {
        "trial": trial.canonical(),
        "initial": {"test_accuracy": 0.1, "test_loss": 2.302585},
        "curves": {"test_accuracy": [0.25, 0.5], "train_loss": [1.5e-7, 1 / 3], "seconds": []},
        "final": {"test_accuracy": 0.5, "test_loss": 1.25, "epochs": 2, "images_seen": 288, "stopped": "epoch limit"},
        "provenance": {"versions": {"torch": "2.11.0"}, "commit": None, "device": "a CPU @ 2 GHz", "threads": 1},
    }
    return Record(**parts | changes)


@pytest.fixture
def store(tmp_path):
    return Records(tmp_path / "records")


# There and back -----------------------------------------------------------------------------------


def test_what_is_put_is_got_by_its_trial_alone(store):
    path = store.put(record_of())
    assert path == store.path(TRIAL.key)
    assert store.get(TRIAL) == record_of() and TRIAL in store
    other = TRIAL.replace(seed=4)
    assert store.get(other) is None and other not in store


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60)
BRACKETED = st.text(alphabet=st.sampled_from('[]{}" ,:\\a\n\u2003é'), max_size=12)


@settings(deadline=None)
@example({}, {"device": "CPU [two  spaces]"})
@given(
    st.dictionaries(st.text(), st.lists(NUMBERS), max_size=3),
    st.dictionaries(st.text(), NUMBERS | st.text() | BRACKETED | st.none() | st.booleans(), max_size=4),
)
def test_any_curves_and_any_provenance_come_back_as_they_were(curves, provenance):
    record = record_of(curves=curves, provenance=provenance)
    assert Record.from_json(record.to_json(), "x") == record


def test_a_record_of_a_trial_with_lists_equals_itself_read_again():
    record = record_of(TRIAL.replace(data=Part("digits", classes=(0, 1)), model=MLP((8, 8))))
    assert Record.from_json(record.to_json(), "x") == record


def test_each_curve_is_one_line_so_that_a_diff_can_be_read():
    lines = record_of().to_json().splitlines()
    [line] = [line for line in lines if '"train_loss"' in line]
    assert re.fullmatch(r'\s*"train_loss": \[ 1.5e-07, 0.3333333333333333 \],', line)
    assert len(lines) > 30, "everything else has a line of its own"


def test_iteration_gives_every_record_by_name_and_nothing_else_in_the_folder(store):
    put = [record_of(TRIAL.replace(seed=seed)) for seed in range(4)]
    for record in put:
        store.put(record)
    store.weights("x").parent.mkdir(parents=True)
    (store.folder / "README.md").write_text("not a record")
    assert list(store) == sorted(put, key=lambda record: record.key)


def test_a_folder_that_is_not_there_is_empty_and_stays_away(store):
    assert list(store) == [] and store.get(TRIAL) is None and store.table().empty
    assert not store.folder.exists()


def test_accuracy_is_in_percent_and_the_limit_of_epochs_is_no_convergence():
    assert record_of().test_accuracy == 50.0
    assert not record_of().converged
    assert record_of(final={"stopped": "train accuracy reached 0.99"}).converged


def test_the_table_has_a_row_per_record_and_a_column_per_setting_and_measurement(store):
    parent = TRIAL.replace(data=Part("digits", 0.5, classes=(0, 1, 2)))
    child = parent.replace(optimiser=Adam()).then(seed=7)
    for trial in (parent, child):
        store.put(record_of(trial))
    table = store.table().set_index("key")
    assert set(table.index) == {parent.key, child.key}
    first, second = table.loc[parent.key], table.loc[child.key]
    assert (first["data.dataset"], first["data.amount"], first["data.classes"]) == ("digits", 0.5, "[0, 1, 2]")
    assert (first["optimiser"], second["optimiser"]) == ("sgd", "adam")
    assert (first["optimiser.learning_rate"], first["stop.at_most"], first["seed"]) == (0.1, 2, 3)
    assert (first["start"], second["start"], second["parent"]) == ("random_init", "warm_start", child.parent.key)
    assert (first["test_accuracy"], first["epochs"], first["stopped"]) == (0.5, 2, "epoch limit")
    assert (first["versions.torch"], first["device"], first["threads"]) == ("2.11.0", "a CPU @ 2 GHz", 1)


# Damage -------------------------------------------------------------------------------------------

TEXT = record_of().to_json()


@given(st.integers(0, len(TEXT.rstrip()) - 1))
def test_a_record_cut_short_anywhere_is_named(length):
    with pytest.raises(RecordError, match="the-record.json is cut short.*run its chapter again"):
        Record.from_json(TEXT[:length], "the-record.json")


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(TEXT) - 1), st.sampled_from('0123456789abc"{}[],.-e \n'))
def test_no_edit_of_one_character_changes_what_is_read(position, character):
    assume(TEXT[position] != character)
    try:
        read = Record.from_json(TEXT[:position] + character + TEXT[position + 1 :], "the-record.json")
    except RecordError as error:
        assert "the-record.json" in str(error)
    else:
        assert read == record_of()


@pytest.mark.parametrize(
    "old, new",
    [
        ('"test_accuracy": 0.5,', '"test_accuracy": 0.6,'),
        ("0.25, 0.5", "0.25, 0.75"),
        ('"seed": 3', '"seed": 4'),
        ('"threads": 1', '"threads": 2'),
        (TRIAL.key, TRIAL.replace(seed=4).key),
        ('"format": 1', '"format": 2'),
    ],
)
def test_an_edited_record_is_refused_by_name(store, old, new):
    path = store.put(record_of())
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(RecordError, match=f"{path.name} was changed after it was made"):
        store.get(TRIAL)


def test_a_renamed_record_does_not_answer_for_another_trial(store):
    other = TRIAL.replace(seed=4)
    store.put(record_of()).rename(store.path(other.key))
    with pytest.raises(RecordError, match=f"{other.key}.json is that of another trial, {TRIAL.key}"):
        store.get(other)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe{}", b"[]", b"null", b"{}", b'{"checksum": 1}', b'"text"', b"\x00" * 50, b"[" * 50]
)
def test_what_is_no_record_is_named(store, content):
    store.folder.mkdir()
    store.path(TRIAL.key).write_bytes(content)
    with pytest.raises(RecordError, match=f"The record {TRIAL.key}.json"):
        store.get(TRIAL)


# Whole or not at all ------------------------------------------------------------------------------


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("was_there", [True, False])
def test_a_full_disk_leaves_nothing_half_written_and_what_was_there_as_it_was(store, monkeypatch, step, was_there):
    if was_there:
        store.put(record_of())
    before = {path.name: path.read_bytes() for path in store.folder.glob("**/*")}
    monkeypatch.setattr(os, step, full)
    with pytest.raises(RecordError) as refused:
        store.put(record_of(initial={}))
    assert str(store.folder) in str(refused.value) and f"{TRIAL.key}.json" in str(refused.value)
    assert "No space left on device" in str(refused.value)
    assert {path.name: path.read_bytes() for path in store.folder.glob("**/*")} == before


def test_a_record_is_under_its_name_only_when_all_of_it_is_on_disk(store, monkeypatch):
    steps = []
    really_sync, really_replace = os.fsync, os.replace

    def sync(descriptor):
        steps.append("fsync")
        really_sync(descriptor)

    def replace(source, target):
        steps.append("replace")
        assert not os.path.exists(target) and open(source, "rb").read() == record_of().to_json().encode()
        assert list(store) == [], "an unfinished file is no record"
        really_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    path = store.put(record_of())
    assert steps == ["fsync", "replace"]
    assert path.stat().st_mode & 0o777 == 0o644, "others may read it, as files in a checkout are"


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="Could not write the record .* in .*file"):
        Records(tmp_path / "file").put(record_of())


def test_an_interrupt_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "x", b"content", what="x")
    assert list(tmp_path.iterdir()) == []


# Where they are -----------------------------------------------------------------------------------


def test_records_are_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_RECORDS", str(tmp_path / "mine"))
    assert Records().put(record_of()).parent == tmp_path / "mine"


def test_weights_and_checkpoints_lie_in_the_cache_that_git_ignores(store):
    for path in (store.weights("k"), store.checkpoint("k")):
        assert path.relative_to(store.folder).parts[0] == ".cache"
    assert store.weights("k") != store.checkpoint("k")

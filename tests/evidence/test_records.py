"""Records are whole, unchanged and under their own name, or it is said that they are not."""

import dataclasses
import errno
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from wsnb import MLP, SGD, Adam, Epochs, GradientNorms, Logistic, Part, TrainingModeAccuracy, Trial
from wsnb.errors import DamagedRecord, InvalidValue, RecordError
from wsnb.evidence import records
from wsnb.evidence.records import FORMAT, Record, Records
from wsnb.trials.trial import key_of

TRIAL = Trial(Part("digits", 0.5), Logistic(), SGD(0.1), Epochs(2), seed=3)


def record_of(trial=TRIAL, **changes):
    parts = {
        "trial": trial.canonical(),
        "measured": trial.asked,
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
    assert store.get(TRIAL) == record_of()
    other = TRIAL.replace(seed=4)
    assert store.get(other) is None


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60)
BRACKETED = st.text(alphabet=st.sampled_from('[]{}" ,:\\a\n\u2003é'), max_size=12)


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
    (store.folder / "README.md").write_text("not a record")
    (store.folder / f"._{TRIAL.key}.json").write_text("what macOS leaves on a shared disk")
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
    child = parent.replace(optimizer=Adam()).then(seed=7)
    for trial in (parent, child):
        store.put(record_of(trial))
    table = store.table().set_index("key")
    assert set(table.index) == {parent.key, child.key}
    first, second = table.loc[parent.key], table.loc[child.key]
    assert (first["data.dataset"], first["data.amount"], first["data.classes"]) == ("digits", 0.5, "[0, 1, 2]")
    assert (first["optimizer"], second["optimizer"]) == ("sgd", "adam")
    assert (first["optimizer.learning_rate"], first["stop.at_most"], first["seed"]) == (0.1, 2, 3)
    assert (first["start"], second["start"], second["parent"]) == ("random_init", "warm_start", child.parent.key)
    assert (first["test_accuracy"], first["epochs"], first["stopped"]) == (0.5, 2, "epoch limit")
    assert (first["versions.torch"], first["device"], first["threads"]) == ("2.11.0", "a CPU @ 2 GHz", 1)


# Rows ---------------------------------------------------------------------------------------------

TRIALS = [TRIAL.replace(seed=seed) for seed in range(3)]


def test_rows_are_filtered_by_the_text_of_their_values(store):
    lists = TRIAL.replace(data=Part("digits", classes=(0, 1)), model=MLP((8,)), seed=1)
    for trial in (*TRIALS, lists):
        store.put(record_of(trial))
    assert [row["key"] for row in store.rows([("seed", "2")])] == [TRIALS[2].key]
    assert [row["key"] for row in store.rows([("seed", "1"), ("model", "mlp")])] == [lists.key]
    assert [row["key"] for row in store.rows([("data.classes", "[0, 1]")])] == [lists.key]
    assert [row["key"] for row in store.rows([("model.bias", "True")])] == [lists.key], "others have no such column"
    assert store.rows([("seed", "7")]) == []
    with pytest.raises(InvalidValue, match="no column 'sed'; allowed: key, .*Did you mean 'seed'?"):
        store.rows([("sed", "2")])


def test_listing_loads_neither_torch_nor_pandas(store):
    for trial in TRIALS:
        store.put(record_of(trial))
    code = "import sys; from wsnb import Records; assert len(Records(sys.argv[1]).rows()) == 3; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code, store.folder], capture_output=True, text=True, check=True).stdout
    assert "wsnb.evidence.records" in out.split() and not {"torch", "pandas"} & set(out.split())


# Damage -------------------------------------------------------------------------------------------

TEXT = record_of().to_json()


@given(st.integers(0, len(TEXT.rstrip()) - 1))
def test_a_record_cut_short_anywhere_is_named(length):
    with pytest.raises(DamagedRecord, match="the-record.json is cut short.*run its chapter again"):
        Record.from_json(TEXT[:length], "the-record.json")


@settings(max_examples=300)
@given(st.integers(0, len(TEXT) - 1), st.sampled_from('0123456789abc"{}[],.-e \n'))
def test_no_edit_of_one_character_changes_what_is_read(position, character):
    assume(TEXT[position] != character)
    try:
        read = Record.from_json(TEXT[:position] + character + TEXT[position + 1 :], "the-record.json")
    except DamagedRecord as error:
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
        ('"format": 2', '"format": 3'),
    ],
)
def test_an_edited_record_is_refused_by_name(store, old, new):
    path = store.put(record_of())
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DamagedRecord, match=f"{path.name} was changed after it was made"):
        store.get(TRIAL)


def test_a_renamed_record_does_not_answer_for_another_trial(store):
    other = TRIAL.replace(seed=4)
    store.put(record_of()).rename(store.path(other.key))
    with pytest.raises(DamagedRecord, match=f"{other.key}.json is that of another trial, {TRIAL.key}"):
        store.get(other)


def sealed(**changes):
    """The text of a record with these changes and the checksum that belongs to it."""
    body = json.loads(TEXT) | changes
    del body["checksum"]
    return json.dumps(body | {"checksum": records._checksum(body)})


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe{}", b"[]", b"null", b"{}", b'{"checksum": 1}', b'"text"', b"\x00" * 50, b"[" * 50, b"[" * 10**5]
    + [sealed(trial=[], key=key_of([])).encode(), sealed(final=0.5).encode()],
)
def test_what_is_no_record_is_named(store, content):
    store.folder.mkdir()
    store.path(TRIAL.key).write_bytes(content)
    with pytest.raises(DamagedRecord, match=f"The record {TRIAL.key}.json"):
        store.get(TRIAL)


def test_a_damaged_record_is_moved_aside_beside_those_moved_before(store):
    path = store.put(record_of())
    moved = []
    for content in ("first", "second", "third"):
        path.write_text(content)
        moved.append(store.set_aside(TRIAL.key))
        assert not path.exists() and store.get(TRIAL) is None and moved[-1].parent == store.folder / "damaged"
    assert [place.read_text() for place in moved] == ["first", "second", "third"]
    assert sorted(store.damaged()) == sorted(moved) and list(store) == []


def test_only_a_damaged_record_is_set_aside(store):
    assert store.set_aside(TRIAL.key) == store.folder / "damaged"
    store.put(record_of())
    assert store.set_aside(TRIAL.key) == store.folder / "damaged"
    assert store.get(TRIAL) == record_of() and store.damaged() == []


@pytest.mark.parametrize("retrained", [False, True])
def test_who_comes_second_to_set_a_record_aside_moves_nothing(store, retrained):
    store.put(record_of()).write_text("damaged")
    moved = [store.set_aside(TRIAL.key)]
    if retrained:
        store.put(record_of())
    assert store.set_aside(TRIAL.key) == store.folder / "damaged" and store.damaged() == moved
    assert (store.get(TRIAL) is not None) == retrained


def test_of_two_processes_that_set_a_record_aside_at_once_both_go_on(store, monkeypatch):
    store.put(record_of()).write_text("damaged")
    really = pathlib.Path.replace

    def replace(source, target):
        really(source, target)  # the other process is faster by this much
        return really(source, target)

    monkeypatch.setattr(pathlib.Path, "replace", replace)
    assert store.set_aside(TRIAL.key) == store.folder / "damaged"
    assert len(store.damaged()) == 1 and store.get(TRIAL) is None


def test_a_damaged_record_that_cannot_be_moved_is_a_sentence(store):
    path = store.put(record_of())
    path.write_text("damaged")
    (store.folder / "damaged").write_text("no folder")
    with pytest.raises(RecordError, match=f"{path.name} is damaged and cannot be moved"):
        store.set_aside(TRIAL.key)


def test_a_record_set_aside_is_replaced_by_the_next_one_put(store):
    path = store.put(record_of())
    path.write_text("damaged")
    assert store.put(record_of(initial={})) == path
    assert store.get(TRIAL) == record_of(initial={})
    assert [moved.read_text() for moved in store.damaged()] == ["damaged"]


# Many writers -------------------------------------------------------------------------------------


def test_the_first_sound_record_of_a_trial_stays(store):
    path = store.put(record_of())
    assert store.put(record_of(initial={})) == path
    assert store.get(TRIAL) == record_of() and [file.name for file in store.folder.iterdir()] == [path.name]


def test_a_record_that_another_process_writes_at_the_same_moment_stays(store, monkeypatch):
    really_link = os.link

    def link(source, target):
        store.path(TRIAL.key).write_text(TEXT)
        really_link(source, target)

    monkeypatch.setattr(os, "link", link)
    store.put(record_of(initial={}))
    assert store.get(TRIAL) == record_of() and len(list(store.folder.iterdir())) == 1


def test_where_there_are_no_hard_links_records_are_written_too(store, monkeypatch):
    def refused(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    path = store.put(record_of())
    store.put(record_of(initial={}))
    assert store.get(TRIAL) == record_of() and [file.name for file in store.folder.iterdir()] == [path.name]


WRITER = """
import dataclasses, json, sys
from wsnb.evidence.records import Record, Records

store, me = Records(sys.argv[1]), int(sys.argv[2])
template = Record(**json.load(sys.stdin))
print("ready", flush=True)
while not (store.folder / "go").exists():
    pass
seen = {}
for seed in [*range(40), 1000 + me]:
    record = dataclasses.replace(template, trial=template.trial | {"seed": seed}, provenance={"writer": me})
    seen[record.key] = store.read(store.put(record)).provenance["writer"]
print(json.dumps(seen))
"""


def test_processes_that_write_the_same_and_other_records_at_once_leave_one_of_each(store):
    store.folder.mkdir()
    template = json.loads(TEXT)
    template = {name: template[name] for name in ("trial", "measured", "initial", "curves", "final", "provenance")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", WRITER, str(store.folder)]
    writers = [subprocess.Popen([*command, str(me)], **pipes) for me in range(4)]
    for writer in writers:
        writer.stdin.write(json.dumps(template))
        writer.stdin.close()
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 4
    (store.folder / "go").touch()
    seen = [json.loads(writer.stdout.read()) for writer in writers]
    assert [writer.wait() for writer in writers] == [0] * 4
    written = {record.key: record.provenance["writer"] for record in store}
    assert len(written) == 44 and len(store.rows()) == 44
    for view in seen:
        assert view.items() <= written.items(), "what a process has found once is never exchanged afterwards"
    assert not list(store.folder.glob("**/.*.json.*"))


# Where they are -----------------------------------------------------------------------------------


def test_records_are_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_RECORDS", str(tmp_path / "mine"))
    assert Records().put(record_of()).parent == tmp_path / "mine"


# Of which format ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "format, advice", [(FORMAT + 1, "Update wsnb"), (FORMAT - 1, "An older wsnb made it: delete it and run")]
)
def test_a_record_of_another_format_is_not_damaged_and_is_never_moved_or_replaced(store, format, advice):
    store.folder.mkdir()
    path = store.path(TRIAL.key)
    path.write_text(sealed(format=format))
    for touch in (lambda: store.get(TRIAL), lambda: store.put(record_of()), lambda: store.set_aside(TRIAL.key)):
        with pytest.raises(RecordError, match=f"{path.name} has format {format}; this wsnb reads 2. {advice}") as said:
            touch()
        assert not isinstance(said.value, DamagedRecord)
    assert path.read_text() == sealed(format=format) and store.damaged() == []


# What was measured --------------------------------------------------------------------------------

NORMS = TRIAL.replace(callbacks=GradientNorms())
BOTH = TRIAL.replace(callbacks=(GradientNorms(), TrainingModeAccuracy()))


def test_a_record_answers_only_when_it_holds_what_is_asked_to_be_measured(store):
    store.put(record_of(NORMS))
    assert store.get(NORMS) == store.get(TRIAL) == record_of(NORMS)
    assert store.get(BOTH) is None
    assert store.get(TRIAL.replace(callbacks=GradientNorms(images=7))) is None
    assert store.get(TRIAL.replace(curve_images=50)) is None
    assert store.find(BOTH.key) == record_of(NORMS)


def test_a_record_gives_way_to_one_that_holds_more_and_to_no_other(store):
    for trial, stays in ((TRIAL, TRIAL), (NORMS, NORMS), (TRIAL, NORMS), (BOTH, BOTH), (NORMS, BOTH)):
        store.put(record_of(trial))
        assert store.find(TRIAL.key) == record_of(stays)


def test_a_training_that_failed_answers_whatever_is_asked_and_has_no_accuracy(store):
    failed = record_of(final={"stopped": "diverged", "failed": "the loss is nan", "epochs": 1}, curves={}, initial={})
    store.put(failed)
    assert store.get(BOTH) == store.get(TRIAL.replace(curve_images=5)) == failed
    assert failed.failed == "the loss is nan" and not failed.converged and failed.test_accuracy != failed.test_accuracy
    assert record_of().failed == ""


def test_only_what_both_records_measured_is_compared_and_times_never(store):
    one = record_of(NORMS, curves={"test_accuracy": [0.5], "gradient_norm_new": [1.0], "seconds": [1.0]})
    assert one.differences(one) == []
    assert one.differences(record_of(curves={"test_accuracy": [0.5], "seconds": [2.0]}, provenance={})) == []
    assert one.differences(record_of(curves={"test_accuracy": [0.4]})) == ["test_accuracy"]
    assert record_of().differences(record_of(initial={"test_accuracy": 0.2, "test_loss": 2.0})) == ["initial"]
    assert record_of().differences(record_of(final={"epochs": 3, "stopped": "epoch limit"})) == ["epochs"]
    other = record_of(TRIAL.replace(curve_images=9), curves={"test_accuracy": [0.1]}, initial={})
    assert record_of().differences(other) == [], "they were measured on other images"


# From a record to its trial -----------------------------------------------------------------------


def test_the_trial_of_a_record_asks_for_what_the_record_holds(store):
    last = NORMS.replace(curve_images=40).then(data=Part("digits")).then(data=Part("digits"), callbacks=())
    for trial in (*last.ancestors(), last):
        store.put(record_of(trial))
    assert [store.trial_of(record) for record in (store.find(last.key), store.find(NORMS.key))] == [
        last.replace(parent=store.trial_of(store.find(last.parent.key))),
        NORMS.replace(curve_images=40),
    ]
    assert store.get(store.trial_of(store.find(NORMS.key))) == store.find(NORMS.key)
    store.path(NORMS.key).unlink()
    with pytest.raises(RecordError, match=f"{NORMS.key}.json, of a trial before {last.key}, is not in"):
        store.trial_of(store.find(last.key))


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"model": {"kind": "logistik"}}, "The kind 'logistik' is not known here: .*Did you mean 'logistic'?"),
        ({"loop": 0}, "was made with other code or other images of 'digits'"),
        ({"data": TRIAL.data.canonical() | {"dataset": "images"}}, "of a folder of images, and records keep no path"),
    ],
)
def test_a_record_whose_trial_cannot_be_made_here_says_why_and_is_still_read(store, changes, sentence):
    record = dataclasses.replace(record_of(), trial=TRIAL.canonical() | changes)
    store.put(record)
    assert store.find(record.key) == record and store.rows()[0]["key"] == record.key
    with pytest.raises(InvalidValue, match=sentence):
        store.trial_of(record)

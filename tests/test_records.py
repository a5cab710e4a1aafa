"""Records are whole, unchanged and under their own name, or it is said that they are not."""

import errno
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from wsnb import records
from wsnb.errors import DamagedRecord, InvalidValue, RecordError
from wsnb.records import Record, Records, write_whole
from wsnb.trials import MLP, SGD, Adam, Epochs, Logistic, Part, Trial, key_of

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


# Rows and their index -----------------------------------------------------------------------------

TRIALS = [TRIAL.replace(seed=seed) for seed in range(3)]


@pytest.fixture
def read(monkeypatch):
    """The names of the files that are read, in order."""
    names = []
    really_read = Records.read

    def reading(store, path):
        names.append(path.name)
        return really_read(store, path)

    monkeypatch.setattr(Records, "read", reading)
    return names


@pytest.fixture
def old(monkeypatch):
    """Every file is old enough for its times to tell a later change."""
    monkeypatch.setattr(records, "SETTLED", -3600)


def filled(store):
    for trial in TRIALS:
        store.put(record_of(trial))
    return store


def index_of(store):
    return store.folder / ".cache" / "index"


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


@pytest.mark.usefixtures("old")
def test_the_table_is_the_same_with_an_index_and_without(store, read):
    filled(store).put(record_of(TRIAL.replace(model=MLP((8,))), provenance={"x": [1, 1e300], "y": None, "z": "é\n"}))
    without = store.table()
    assert len(without) == 4 and index_of(store).exists()
    read.clear()
    assert_frame_equal(store.table(), without, check_exact=True)
    assert read == [], "every row came from the index"


def changed(store):
    write_whole(store.path(TRIALS[1].key), record_of(TRIALS[1], final={"epochs": 77}).to_json().encode(), what="it")


def added(store):
    store.put(record_of(TRIAL.replace(seed=9)))


def removed(store):
    store.path(TRIALS[1].key).unlink()


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("change, files_read", [(changed, 1), (added, 1), (removed, 0)])
def test_a_record_changed_added_or_removed_since_is_noticed(store, tmp_path, read, change, files_read):
    before = filled(store).rows()
    change(store)
    read.clear()
    rows = store.rows()
    assert rows != before and len(read) == files_read, "the others are not read again"
    index_of(store).unlink()
    assert store.rows() == rows


@pytest.mark.usefixtures("old")
def test_an_edit_that_keeps_size_and_time_is_noticed(store):
    filled(store).rows()
    path = store.path(TRIALS[1].key)
    status = path.stat()
    path.write_text(path.read_text().replace("0.25, 0.5", "0.35, 0.5"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    with pytest.raises(DamagedRecord, match=path.name):
        store.rows()


def test_a_file_written_a_moment_ago_may_yet_change_within_the_same_tick_and_is_read_again(store, read):
    filled(store).rows()
    read.clear()
    store.rows()
    assert len(read) == len(TRIALS)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    """Records with an index: (the records, their rows, what the index holds)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "SETTLED", -3600)
        store = filled(Records(tmp_path_factory.mktemp("indexed")))
        return store, store.rows(), index_of(store).read_bytes()


@settings(deadline=None)
@given(st.data())
def test_damage_to_the_index_never_matters(indexed, data):
    store, rows, content = indexed
    position = data.draw(st.integers(0, len(content) - 1))
    rest = data.draw(st.sampled_from([b"", content[position + 1 :]]))
    index_of(store).write_bytes(content[:position] + data.draw(st.binary(max_size=2)) + rest)
    assert store.rows() == rows


@pytest.mark.usefixtures("old")
def test_an_index_of_other_rows_is_not_used(indexed, monkeypatch, read):
    store, rows, content = indexed
    index_of(store).write_bytes(content)
    assert store.rows() == rows and read == []
    monkeypatch.setattr(records, "INDEX", records.INDEX + 1)
    assert store.rows() == rows and len(read) == len(TRIALS)


def test_rows_of_this_layout_are_what_indexes_hold():
    """When this fails, raise INDEX and write here what a row is now: else old indexes show old rows."""
    trial = {"data": {"kind": "part", "dataset": "digits", "classes": [0, 1]}, "seed": 3, "parent": None}
    record = Record(trial, {"test_loss": 1.0}, {"seconds": [1.0]}, {"epochs": 2}, {"versions": {"torch": "2"}})
    row = {"key": key_of(trial), "data": "part", "data.dataset": "digits", "data.classes": "[0, 1]", "seed": 3}
    row |= {"parent": None, "epochs": 2, "versions.torch": "2"}
    assert (records.INDEX, list(records._row(record).items())) == (1, list(row.items()))


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("obstacle", ["a read-only disk", "a file in its place", "a folder in its place"])
def test_where_no_index_can_be_written_rows_are_the_same_and_nothing_is_left(store, monkeypatch, obstacle):
    rows = filled(store).rows()
    index_of(store).unlink()
    if obstacle == "a folder in its place":
        index_of(store).mkdir()
    else:
        index_of(store).parent.rmdir()
    if obstacle == "a file in its place":
        (store.folder / ".cache").write_text("")
    if obstacle == "a read-only disk":

        def refused(*_, **__):
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(tempfile, "mkstemp", refused)
    before = {path for path in store.folder.glob("**/*") if path.is_file()}
    assert store.rows() == rows == store.rows()
    assert {path for path in store.folder.glob("**/*") if path.is_file()} == before


def test_listing_loads_neither_torch_nor_pandas(store):
    filled(store)
    code = "import sys; from wsnb import Records; assert len(Records(sys.argv[1]).rows()) == 3; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code, store.folder], capture_output=True, text=True, check=True).stdout
    assert "wsnb.records" in out.split() and not {"torch", "pandas"} & set(out.split())


# Damage -------------------------------------------------------------------------------------------

TEXT = record_of().to_json()


@given(st.integers(0, len(TEXT.rstrip()) - 1))
def test_a_record_cut_short_anywhere_is_named(length):
    with pytest.raises(DamagedRecord, match="the-record.json is cut short.*run its chapter again"):
        Record.from_json(TEXT[:length], "the-record.json")


@settings(deadline=None, max_examples=300)
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
        ('"format": 1', '"format": 2'),
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


def test_a_record_of_a_newer_format_is_not_damaged_and_is_never_moved_or_replaced(store):
    store.folder.mkdir()
    path = store.path(TRIAL.key)
    path.write_text(sealed(format=2))
    for touch in (lambda: store.get(TRIAL), lambda: store.put(record_of()), lambda: store.set_aside(TRIAL.key)):
        with pytest.raises(RecordError, match=f"{path.name} has format 2; this wsnb reads 1. Update it") as refused:
            touch()
        assert not isinstance(refused.value, DamagedRecord)
    assert path.read_text() == sealed(format=2) and store.damaged() == []


def test_a_damaged_record_is_moved_aside_beside_those_moved_before(store):
    path = store.put(record_of())
    moved = []
    for content in ("first", "second", "third"):
        path.write_text(content)
        moved.append(store.set_aside(TRIAL.key if content == "first" else path))
        assert not path.exists() and TRIAL not in store and moved[-1].parent == store.folder / "damaged"
    assert [place.read_text() for place in moved] == ["first", "second", "third"]
    assert store.damaged() == moved and list(store) == []


def test_only_a_damaged_record_is_set_aside(store):
    with pytest.raises(RecordError, match=f"{TRIAL.key}.json is not there in .*only a damaged one"):
        store.set_aside(TRIAL.key)
    path = store.put(record_of())
    with pytest.raises(RecordError, match=f"{path.name} is sound in .*only a damaged one"):
        store.set_aside(path)
    assert store.get(TRIAL) == record_of() and store.damaged() == []


@pytest.mark.parametrize("retrained", [False, True])
def test_who_comes_second_to_set_a_record_aside_is_told_where_it_is(store, retrained):
    path = store.put(record_of())
    path.write_text("damaged")
    moved = store.set_aside(path)
    if retrained:
        store.put(record_of())
    assert store.set_aside(path) == moved and (TRIAL in store) == retrained


@pytest.mark.parametrize("retrained", [False, True])
def test_a_record_that_another_process_replaces_while_it_is_set_aside_is_not_lost(store, monkeypatch, retrained):
    path = store.put(record_of())
    path.write_text("damaged")
    really_replace, elsewhere = os.replace, []

    def replace(source, target):
        if not elsewhere:
            elsewhere.append(path.parent / "damaged" / path.name.replace(".json", ".0.json"))
            path.rename(elsewhere[0])
            if retrained:
                path.write_text(TEXT)
        really_replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    assert store.set_aside(path) == elsewhere[0] == store.damaged()[0]
    assert store.damaged() == elsewhere
    assert store.get(TRIAL) == (record_of() if retrained else None)


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
from wsnb.records import Record, Records

store, me = Records(sys.argv[1]), int(sys.argv[2])
template = Record(**json.load(sys.stdin))
print("ready", flush=True)
while not (store.folder / "go").exists():
    pass
seen = {}
for seed in [*range(40), 1000 + me]:
    record = dataclasses.replace(template, trial=template.trial | {"seed": seed}, provenance={"writer": me})
    seen[record.key] = store.read(store.put(record)).provenance["writer"]
store.rows()
print(json.dumps(seen))
"""


def test_processes_that_write_the_same_and_other_records_at_once_leave_one_of_each(store):
    store.folder.mkdir()
    template = json.loads(TEXT)
    template = {name: template[name] for name in ("trial", "initial", "curves", "final", "provenance")}
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
    assert not list(store.folder.glob("**/.*.json.*")) and not list(store.folder.glob(".cache/.*"))


def test_what_a_killed_writer_leaves_is_no_record_and_goes_after_a_day(store):
    path = store.put(record_of())
    names = [f".{path.name}.a1b_2c3d", ".cache/.index.a1b2c3d4", f".cache/weights/.{TRIAL.key}.safetensors.zzzzzzzz"]
    others = [".README.markdown", f".cache/weights/{TRIAL.key}.safetensors", ".cache/weights/.note.abcdefgh"]
    for name in (*names, *others):
        (store.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (store.folder / name).write_text(TEXT[:100])
    assert store.paths() == [path] and list(store) == [record_of()]
    assert store.remove_leftovers() == 0, "their writers may be at work"
    for name in (*names, *others):
        os.utime(store.folder / name, times=(time.time() - 90_000,) * 2)
    assert store.remove_leftovers() == 3
    assert not any((store.folder / name).exists() for name in names)
    assert all((store.folder / name).exists() for name in others) and store.get(TRIAL) == record_of()


# Whole or not at all ------------------------------------------------------------------------------


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("steps", [["fsync"], ["link", "replace"]])
def test_a_full_disk_leaves_nothing_half_written(store, monkeypatch, steps):
    for step in steps:
        monkeypatch.setattr(os, step, full)
    with pytest.raises(RecordError) as refused:
        store.put(record_of())
    assert str(store.folder) in str(refused.value) and f"{TRIAL.key}.json" in str(refused.value)
    assert "No space left on device" in str(refused.value)
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there_as_it_was(store, monkeypatch, step):
    path = store.put(record_of())
    monkeypatch.setattr(os, step, full)
    with pytest.raises(RecordError, match="No space left on device"):
        write_whole(path, b"another", what="the record")
    assert list(store.folder.iterdir()) == [path] and store.get(TRIAL) == record_of()


def test_a_record_is_under_its_name_only_when_all_of_it_is_on_disk(store, monkeypatch):
    steps = []
    really_sync, really_link = os.fsync, os.link

    def sync(descriptor):
        steps.append("fsync")
        really_sync(descriptor)

    def link(source, target):
        steps.append("link")
        assert not os.path.exists(target) and open(source, "rb").read() == record_of().to_json().encode()
        assert list(store) == [], "an unfinished file is no record"
        really_link(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "link", link)
    path = store.put(record_of())
    assert steps == ["fsync", "link"]
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


def test_what_a_killed_process_left_half_written_is_removed_and_what_another_is_writing_is_not(store, monkeypatch):
    killed = "import os, signal, sys; from pathlib import Path; from wsnb.records import write_whole\n"
    killed += "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
    killed += "write_whole(Path(sys.argv[1]), b'half', what='it')"
    path = store.path("killed")
    subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    (left,) = store.folder.iterdir()
    assert left.name != path.name and store.paths() == []
    (mine := store.folder / ".mine").write_text("old, and nothing of ours")
    os.utime(mine, (0, 0))

    written = store.put(record_of())
    assert sorted(store.folder.iterdir()) == sorted([left, mine, written]), "it may still be written"
    an_hour_ago = time.time() - 3601
    os.utime(left, (an_hour_ago, an_hour_ago))
    other = store.put(record_of(TRIALS[1]))
    assert sorted(store.folder.iterdir()) == sorted([mine, written, other])


# Where they are -----------------------------------------------------------------------------------


def test_records_are_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_RECORDS", str(tmp_path / "mine"))
    assert Records().put(record_of()).parent == tmp_path / "mine"


def test_weights_and_checkpoints_lie_in_the_cache_that_git_ignores(store):
    for path in (store.weights("k"), store.checkpoint("k")):
        assert path.relative_to(store.folder).parts[0] == ".cache"
    assert store.weights("k") != store.checkpoint("k")

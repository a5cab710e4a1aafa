"""Packs bring records together: all that are sound, each once, and ours where two differ."""

import json
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsnb import packs
from wsnb.errors import DamagedRecord, InvalidValue, RecordError
from wsnb.packs import merge, pack
from wsnb.records import Record, Records, _checksum
from wsnb.trials import SGD, Epochs, Logistic, Part, Trial

TRIALS = [Trial(Part("digits", 0.5), Logistic(), SGD(0.1), Epochs(2), seed=seed) for seed in range(6)]


def record_of(trial, **changes):
    parts = {
        "trial": trial.canonical(),
        "initial": {"test_accuracy": 0.1, "test_loss": 2.3},
        "curves": {"test_accuracy": [0.25, 0.5], "seconds": [1.5, 3.0]},
        "final": {"test_accuracy": 0.5, "epochs": 2, "images_seen": 288, "stopped": "epoch limit"},
        "provenance": {"device": "a CPU", "threads": 1},
    }
    return Record(**parts | changes)


def store_of(folder, trials, **changes):
    store = Records(folder)
    for trial in trials:
        store.put(record_of(trial, **changes))
    return store


@pytest.fixture
def ours(tmp_path):
    return Records(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path):
    """Three records of another machine."""
    return store_of(tmp_path / "theirs", TRIALS[:3])


def packed(store, wanted=()):
    file = store.folder.with_suffix(".zip")
    pack(store, file, wanted)
    return file


def contents(store):
    return {path.name: path.read_bytes() for path in store.paths()}


def edited(file, change):
    """The pack again, its entries (name: bytes) as ``change`` leaves them."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


# There and back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["pack", "folder"])
def test_what_is_merged_is_to_the_byte_what_was_packed_and_is_added_once(ours, theirs, source):
    source = packed(theirs) if source == "pack" else theirs.folder
    first, again = merge(ours, source), merge(ours, source)
    assert contents(ours) == contents(theirs)
    assert first.added == [path.stem for path in theirs.paths()] == again.already
    assert (first.summary(), again.summary()) == ("3 added", "0 added, 3 already here")


SEEDS = st.sets(st.sampled_from(range(len(TRIALS))), min_size=1)


@settings(deadline=None, max_examples=25)
@given(SEEDS, SEEDS)
def test_merging_makes_the_union_and_changes_no_record_of_ours(here, there):
    with tempfile.TemporaryDirectory() as folder:
        ours = store_of(Path(folder, "a"), [TRIALS[seed] for seed in here], provenance={"device": "ours"})
        theirs = store_of(Path(folder, "b"), [TRIALS[seed] for seed in there], provenance={"device": "theirs"})
        before = contents(ours)
        merged = merge(ours, packed(theirs))
        assert contents(ours) == contents(theirs) | before
        assert (len(merged.added), len(merged.already)) == (len(there - here), len(there & here))


def test_only_the_records_wanted_are_packed(ours, theirs):
    assert pack(theirs, theirs.folder.with_suffix(".zip"), [("seed", "2")]) == 1
    merge(ours, theirs.folder.with_suffix(".zip"))
    assert list(ours) == [record_of(TRIALS[2])]


def test_equal_records_make_equal_packs_whenever_and_wherever_they_were_written(tmp_path, theirs):
    other = store_of(tmp_path / "deep" / "other", reversed(TRIALS[:3]))
    for path in other.paths():
        os.utime(path, times=(1e9, 1e9))
    assert packed(other).read_bytes() == packed(theirs).read_bytes()
    more = store_of(tmp_path / "more", TRIALS[:4])
    assert packed(more).read_bytes() != packed(theirs).read_bytes()


def test_a_pack_is_a_zip_that_says_what_it_holds(theirs):
    with zipfile.ZipFile(packed(theirs)) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}, "not when it was made"
        assert json.loads(archive.read("manifest.json")) == {"pack": 1, "records": 3}
        assert archive.namelist()[1:] == [f"records/{path.name}" for path in theirs.paths()]


def test_a_pack_is_made_of_sound_records_or_not_at_all(tmp_path, theirs):
    file = tmp_path / "pack.zip"
    with pytest.raises(InvalidValue, match="FILE is 'records.tar'; allowed: a name that ends in .zip"):
        pack(theirs, Path("records.tar"))
    with pytest.raises(RecordError, match="No such records in .*nothing was packed"):
        pack(theirs, file, [("seed", "77")])
    path = theirs.paths()[1]
    path.write_text(path.read_text().replace("0.25", "0.26"))
    with pytest.raises(DamagedRecord, match=f"{path.name} was changed"):
        pack(theirs, file)
    assert not file.exists()


# Two records of one trial -------------------------------------------------------------------------


def test_other_seconds_and_another_machine_are_no_other_measurements(ours, theirs):
    changes = {"curves": {"test_accuracy": [0.25, 0.5], "seconds": [9.0, 9.9]}, "provenance": {"device": "a GPU"}}
    before = contents(store_of(ours.folder, TRIALS[:3], **changes))
    merged = merge(ours, packed(theirs))
    assert len(merged.already) == 3 and not merged.different and contents(ours) == before


@pytest.mark.parametrize("part", ["initial", "curves", "final"])
def test_other_measurements_are_named_and_ours_stay(ours, theirs, part):
    other = getattr(record_of(TRIALS[1]), part) | {"test_accuracy": [0.4] if part == "curves" else 0.4}
    store_of(ours.folder, TRIALS[1:2], **{part: other}, provenance={"device": "a GPU"})
    before = contents(ours)
    merged = merge(ours, packed(theirs))
    [sentence] = merged.different
    assert f"The record {TRIALS[1].key}.json has another {part} than ours, which was kept" in sentence
    assert "on a CPU there" in sentence and "on a GPU here" in sentence
    assert merged.summary() == "2 added, 1 different"
    assert contents(ours) == contents(theirs) | before


def test_a_damaged_record_of_ours_is_set_aside_for_theirs(ours, theirs):
    ours.put(record_of(TRIALS[0])).write_text("damaged")
    merged = merge(ours, packed(theirs))
    assert merged.restored == [TRIALS[0].key] and not merged.refused
    assert merged.summary() == "3 added (1 in place of damaged ones, which were set aside)"
    assert contents(ours) == contents(theirs)
    assert [path.read_text() for path in ours.damaged()] == ["damaged"]


# What is refused ----------------------------------------------------------------------------------


def newer(text):
    body = json.loads(text) | {"format": 2}
    del body["checksum"]
    return json.dumps(body | {"checksum": _checksum(body)}).encode()


DAMAGE = {
    "is cut short": lambda content: content[:200],
    "was changed after it was made": lambda content: content.replace(b"0.25", b"0.26"),
    "is that of another trial": lambda content: record_of(TRIALS[5]).to_json().encode(),
    "is no text": lambda content: b"\xff" + content,
    "has format 2; this wsnb reads 1": newer,
}


@pytest.mark.parametrize("sentence", DAMAGE)
@pytest.mark.parametrize("source", ["pack", "folder"])
def test_a_damaged_record_is_named_and_the_others_are_merged(ours, theirs, source, sentence):
    name = f"{TRIALS[1].key}.json"
    if source == "pack":
        source = edited(
            packed(theirs),
            lambda entries: entries.update({f"records/{name}": DAMAGE[sentence](entries[f"records/{name}"])}),
        )
    else:
        source = theirs.folder
        theirs.path(TRIALS[1].key).write_bytes(DAMAGE[sentence](theirs.path(TRIALS[1].key).read_bytes()))
    merged = merge(ours, source)
    [refusal] = merged.refused
    assert refusal.startswith(f"{source}: The record {name} {sentence}")
    assert sorted(merged.added) == sorted(path.stem for path in ours.paths()) and len(ours.paths()) == 2
    assert TRIALS[1] not in ours


@pytest.mark.parametrize(
    "name", ["../escaped.json", "/tmp/escaped.json", "records/../../escaped.json", "..\\escaped.json", "records/README"]
)
def test_an_entry_that_is_no_record_is_named_and_written_nowhere(ours, theirs, tmp_path, name):
    file = edited(packed(theirs), lambda entries: entries.update({name: record_of(TRIALS[4]).to_json().encode()}))
    before = {path for path in tmp_path.glob("**/*")}
    merged = merge(ours, file)
    assert merged.refused == [f"{file}: 1 entries are no records (the first: {name!r})."]
    assert contents(ours) == contents(theirs)
    assert {path for path in tmp_path.glob("**/*")} - before == {ours.folder, *ours.paths()}


@pytest.mark.parametrize("source", ["pack", "folder"])
def test_a_huge_record_is_refused_before_it_is_read(ours, theirs, monkeypatch, source):
    huge = record_of(TRIALS[3], curves={"test_accuracy": [0.0] * 2000})
    source = packed(theirs) if source == "pack" else theirs.folder
    if source == theirs.folder:
        theirs.put(huge)
    else:
        source = edited(source, lambda entries: entries.update({f"records/{huge.key}.json": huge.to_json().encode()}))
    monkeypatch.setattr(packs, "MOST_BYTES", 5000)
    merged = merge(ours, source)
    assert any(f"{huge.key}.json has " in refusal and "at most 5,000" in refusal for refusal in merged.refused)
    assert len(merged.added) == 3 and TRIALS[3] not in ours


def test_a_pack_that_lacks_records_says_so(ours, theirs):
    file = edited(packed(theirs), lambda entries: entries.pop(f"records/{TRIALS[0].key}.json"))
    assert merge(ours, file).refused == [f"{file} says it holds 3 records and holds 2. Pack it again."]
    assert len(ours.paths()) == 2


def cut_short(file):
    file.write_bytes(file.read_bytes()[:-30])


def without_manifest(file):
    edited(file, lambda entries: entries.pop("manifest.json"))


def with_a_manifest_of(content):
    return lambda file: edited(file, lambda entries: entries.update({"manifest.json": content}))


@pytest.mark.parametrize(
    "change, sentence",
    [
        (cut_short, "is no pack, or is cut short"),
        (lambda file: file.write_text("no zip"), "is no pack, or is cut short"),
        (without_manifest, "is no pack: it has no manifest.json. Make one with `wsnb records pack`, or unpack it"),
        (with_a_manifest_of(b"{"), "is a damaged pack"),
        (with_a_manifest_of(b"[]"), "is a damaged pack"),
        (with_a_manifest_of(b'{"pack": 2, "records": 3}'), "is a pack of version 2; this wsnb reads 1. Update it."),
        (Path.unlink, "There is no "),
        (lambda file: (file.unlink(), file.mkdir()), "holds no records"),
    ],
)
def test_what_is_no_pack_is_a_sentence_and_adds_nothing(ours, theirs, change, sentence):
    file = packed(theirs)
    change(file)
    [refusal] = merge(ours, file).refused
    assert sentence in refusal and str(file) in refusal and not ours.folder.exists()


@pytest.fixture(scope="module")
def pack_of_three(tmp_path_factory):
    store = store_of(tmp_path_factory.mktemp("packed") / "records", TRIALS[:3])
    return packed(store).read_bytes(), contents(store)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damage_anywhere_in_a_pack_is_told_and_nothing_untrue_is_merged(pack_of_three, data):
    content, sound = pack_of_three
    position = data.draw(st.integers(0, len(content) - 1))
    damaged = content[:position] + data.draw(st.binary(min_size=1, max_size=4)) + content[position + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        file, store = Path(folder, "pack.zip"), Records(Path(folder, "ours"))
        file.write_bytes(damaged)
        merged = merge(store, file)
        assert contents(store).items() <= sound.items()
        assert len(store.paths()) == 3 or merged.refused


def test_a_disk_that_is_full_ends_the_merge_and_keeps_what_was_merged(ours, theirs, monkeypatch):
    really_put, put = Records.put, []

    def filling(store, record):
        if put:
            raise RecordError("Could not write it: No space left on device.")
        put.append(record.key)
        return really_put(store, record)

    monkeypatch.setattr(Records, "put", filling)
    with pytest.raises(RecordError, match="No space left"):
        merge(ours, packed(theirs))
    monkeypatch.undo()
    assert [path.stem for path in ours.paths()] == put
    assert len(merge(ours, packed(theirs)).added) == 2

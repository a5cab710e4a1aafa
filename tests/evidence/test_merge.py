"""Records are brought together: all that are sound, each once, and ours where two differ."""

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_records import record

from wsnb import SGD, Epochs, GradientNorms, Logistic, Part, TrainingModeAccuracy, Trial
from wsnb.errors import RecordError
from wsnb.evidence.merge import merge
from wsnb.evidence.records import FORMAT, Records

TRIALS = [Trial(Part("digits", 0.5), Logistic(), SGD(0.1), Epochs(2), seed=seed) for seed in range(6)]


def store_of(folder, trials, **changes):
    store = Records(folder)
    for trial in trials:
        store.put(replace(record(trial), **changes))
    return store


@pytest.fixture
def ours(tmp_path):
    return Records(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path):
    """Three records of another machine."""
    return store_of(tmp_path / "theirs", TRIALS[:3])


def contents(store):
    return {path.name: path.read_bytes() for path in store.paths()}


def test_what_is_merged_is_to_the_byte_what_was_there_and_is_added_once(ours, theirs):
    first, again = merge(ours, theirs.folder), merge(ours, theirs.folder)
    assert contents(ours) == contents(theirs)
    assert (first, again) == ((Counter({"added": 3}), []), (Counter({"already here": 3}), []))


SEEDS = st.sets(st.sampled_from(range(len(TRIALS))), min_size=1)


@settings(max_examples=15)
@given(SEEDS, SEEDS)
def test_merging_makes_the_union_and_changes_no_record_of_ours(here, there):
    with tempfile.TemporaryDirectory() as folder:
        ours = store_of(Path(folder, "a"), [TRIALS[seed] for seed in here], provenance={"device": "ours"})
        theirs = store_of(Path(folder, "b"), [TRIALS[seed] for seed in there], provenance={"device": "theirs"})
        before = contents(ours)
        counts, _ = merge(ours, theirs.folder)
        assert contents(ours) == contents(theirs) | before
        assert counts == Counter({"added": len(there - here), "already here": len(there & here)})


# Two records of one trial -------------------------------------------------------------------------


def test_other_seconds_and_another_machine_are_no_other_measurements(ours, theirs):
    curves = record(TRIALS[0]).curves | {"seconds": [9.0, 9.9, 10.8]}
    before = contents(store_of(ours.folder, TRIALS[:3], curves=curves, provenance={"device": "a GPU"}))
    assert merge(ours, theirs.folder) == (Counter({"already here": 3}), []) and contents(ours) == before


@pytest.mark.parametrize(
    "part, said", [("initial", "initial"), ("curves", "test_accuracy"), ("final", "test_accuracy")]
)
def test_other_measurements_are_named_and_ours_stay(ours, theirs, part, said):
    other = getattr(record(TRIALS[1]), part) | {"test_accuracy": [0.4] if part == "curves" else 0.4}
    store_of(ours.folder, TRIALS[1:2], **{part: other}, provenance={"device": "a GPU"})
    before = contents(ours)
    counts, [sentence] = merge(ours, theirs.folder)
    assert f"The record {TRIALS[1].key}.json has another {said} than ours, which was kept" in sentence
    assert "on a CPU there" in sentence and "on a GPU here" in sentence
    assert counts == Counter({"added": 2, "different": 1})
    assert contents(ours) == contents(theirs) | before


def test_one_that_holds_more_takes_the_place_of_ours_and_one_that_holds_less_does_not(ours, tmp_path):
    norms = TRIALS[0].replace(callbacks=GradientNorms())
    more, less = store_of(tmp_path / "more", [norms]), store_of(tmp_path / "less", [TRIALS[0]])
    merge(ours, less.folder)
    assert merge(ours, more.folder)[0] == Counter({"added": 1}) and contents(ours) == contents(more)
    assert merge(ours, less.folder)[0] == Counter({"already here": 1}) and contents(ours) == contents(more)


def test_one_that_holds_other_measurements_costs_ours_none(ours, tmp_path):
    store_of(ours.folder, [TRIALS[0].replace(callbacks=GradientNorms())])
    other = store_of(tmp_path / "other", [TRIALS[0].replace(callbacks=TrainingModeAccuracy())])
    before = contents(ours)
    counts, [sentence] = merge(ours, other.folder)
    assert f"The record {TRIALS[0].key}.json lacks measurements of ours, which was kept" in sentence
    assert counts == Counter({"different": 1}) and contents(ours) == before


def test_a_damaged_record_of_ours_is_set_aside_for_theirs(ours, theirs):
    ours.put(record(TRIALS[0])).write_text("damaged")
    assert merge(ours, theirs.folder) == (Counter({"added": 3}), [])
    assert contents(ours) == contents(theirs)
    assert [path.read_text() for path in ours.damaged()] == ["damaged"]


# What is refused ----------------------------------------------------------------------------------


def newer(content):
    import json

    from wsnb.evidence.records import _checksum

    body = json.loads(content) | {"format": FORMAT + 1}
    del body["checksum"]
    return json.dumps(body | {"checksum": _checksum(body)}).encode()


DAMAGE = {
    "is cut short": lambda content: content[:200],
    "was changed after it was made": lambda content: content.replace(b"0.25", b"0.26"),
    "is that of another trial": lambda content: record(TRIALS[5]).to_json().encode(),
    f"has format {FORMAT + 1}; this wsnb reads {FORMAT}": newer,
}


@pytest.mark.parametrize("sentence", DAMAGE)
def test_a_damaged_record_is_named_and_the_others_are_merged(ours, theirs, sentence):
    path = theirs.path(TRIALS[1].key)
    path.write_bytes(DAMAGE[sentence](path.read_bytes()))
    counts, [refusal] = merge(ours, theirs.folder)
    assert refusal.startswith(f"{theirs.folder}: The record {path.name} {sentence}")
    assert counts == Counter({"added": 2, "refused": 1})
    assert sorted(path.stem for path in ours.paths()) == sorted([TRIALS[0].key, TRIALS[2].key])


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda path: path.mkdir(), "holds no records; allowed: a folder of KEY.json files."),
        (lambda path: None, "holds no records; allowed: a folder of KEY.json files."),
        (lambda path: path.write_bytes(b"PK"), "allowed: a folder of KEY.json files. Unpack it first."),
    ],
)
def test_what_is_no_folder_of_records_is_a_sentence_and_adds_nothing(ours, tmp_path, make, sentence):
    make(tmp_path / "given")
    counts, [refusal] = merge(ours, tmp_path / "given")
    assert str(tmp_path / "given") in refusal and refusal.endswith(sentence)
    assert counts == Counter({"refused": 1})
    assert not ours.folder.exists()


def test_a_disk_that_is_full_ends_the_merge_and_keeps_what_was_merged(ours, theirs, monkeypatch):
    really_put, put = Records.put, []

    def filling(store, record):
        if put:
            raise RecordError("Could not write it: No space left on device.")
        put.append(record.key)
        return really_put(store, record)

    monkeypatch.setattr(Records, "put", filling)
    with pytest.raises(RecordError, match="No space left"):
        merge(ours, theirs.folder)
    monkeypatch.undo()
    assert [path.stem for path in ours.paths()] == put
    assert merge(ours, theirs.folder)[0] == Counter({"added": 2, "already here": 1})

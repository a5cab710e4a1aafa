"""The cache of weights: what is read is what was written, or nothing."""

from __future__ import annotations

import dataclasses
import os
import time
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsnb.errors import InvalidValue, RecordError
from wsnb.evidence import weights
from wsnb.evidence.weights import FileCheckpoint, digest, load_weights, save_weights
from wsnb.training.loop import Place, Progress, Snapshot

NAN = float("nan")
SNAPSHOT = Snapshot(
    model={
        "stem.weight": torch.arange(54, dtype=torch.float32).reshape(2, 3, 3, 3) / 7,
        "norm.running_mean": torch.tensor([-0.0, 1e-45, NAN]),
        "norm.num_batches_tracked": torch.tensor(2**40 + 1),
    },
    optimizer={
        "0.momentum_buffer": torch.full((2, 3, 3, 3), 1 / 3),
        "0.step": torch.tensor(3.0),
        "10.step": torch.zeros(()),
    },
    classes=7,
    image_shape=(3, 20, 28),
)
STATES = {"model": SNAPSHOT.model, "optimizer": SNAPSHOT.optimizer, "callback-hare_tortoise": {"w": torch.ones(2)}}


def bits(states):
    if isinstance(states, Snapshot):
        states = {"model": states.model, "optimizer": states.optimizer}
    return {
        (part, name): (tensor.dtype, tuple(tensor.shape), tensor.numpy().tobytes())
        for part, state in states.items()
        for name, tensor in state.items()
    }


def progress(epochs=2):
    curves = {"train_loss": [1 / 3] * epochs, "test_accuracy": [0.1] * epochs, "seconds": [1e-7] * epochs}
    return Progress(initial={"test_accuracy": 0.1, "test_loss": 2.3}, curves=curves, steps=8, seconds=12.5)


def place(epochs=2):
    return Place(STATES, progress(epochs))


# Snapshots ----------------------------------------------------------------------------------------


def test_a_snapshot_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "deep" / "weights.safetensors"
    save_weights(path, SNAPSHOT)
    back = load_weights(path)
    assert bits(back) == bits(SNAPSHOT)
    assert (back.classes, back.image_shape) == (7, (3, 20, 28))


def test_a_network_with_no_optimiser_state_comes_back_with_none(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(path, dataclasses.replace(SNAPSHOT, optimizer={}))
    assert load_weights(path).optimizer == {}


def test_loaded_weights_stay_when_their_file_is_replaced_or_removed(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(path, SNAPSHOT)
    loaded = load_weights(path)
    zeros = {name: torch.zeros_like(tensor) for name, tensor in SNAPSHOT.model.items()}
    save_weights(path, dataclasses.replace(SNAPSHOT, model=zeros))
    path.unlink()
    assert bits(loaded) == bits(SNAPSHOT)


def test_where_there_is_no_file_there_is_nothing(tmp_path):
    assert load_weights(tmp_path / "weights.safetensors") is None
    assert FileCheckpoint(tmp_path / "checkpoint.safetensors").load() is None


class Checkpoint:
    """A checkpoint's bytes, to be damaged."""

    def __init__(self, folder):
        self.path = folder / "checkpoint.safetensors"
        FileCheckpoint(self.path, hurry=lambda: True).save(lambda: place())
        self.content = self.path.read_bytes()
        self.numbers_from = 8 + int.from_bytes(self.content[:8], "little")

    def cut(self, length):
        self.path.write_bytes(self.content[:length])
        return self.path

    def with_a_bit_flipped(self, position, bit=0):
        damaged = bytearray(self.content)
        damaged[position] ^= 1 << bit
        self.path.write_bytes(damaged)
        return self.path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return Checkpoint(tmp_path_factory.mktemp("weights"))


PLACES = st.floats(0, 1, exclude_max=True)


@given(place=PLACES)
def test_a_file_cut_short_anywhere_is_nothing(checkpoint, place):
    path = checkpoint.cut(int(place * len(checkpoint.content)))
    assert load_weights(path) is None and FileCheckpoint(path).load() is None


@given(place=PLACES, bit=st.integers(0, 7))
def test_damage_to_the_names_and_shapes_is_never_a_traceback(checkpoint, place, bit):
    path = checkpoint.with_a_bit_flipped(int(place * checkpoint.numbers_from), bit)
    load_weights(path)
    FileCheckpoint(path).load()


@given(place=PLACES)
def test_a_bit_that_fell_over_in_the_numbers_is_noticed(checkpoint, place):
    # Else a child would start from other weights than its parent ended with, and its record would not say so.
    first, end = checkpoint.numbers_from, len(checkpoint.content)
    path = checkpoint.with_a_bit_flipped(first + int(place * (end - first)))
    assert load_weights(path) is None and FileCheckpoint(path).load() is None


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"not weights at all", b"\xff" * 100])
def test_what_is_no_file_of_weights_is_nothing(tmp_path, content):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    assert load_weights(path) is None and FileCheckpoint(path).load() is None


def test_weights_that_are_no_checkpoint_are_no_place_to_go_on_from(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(path, SNAPSHOT)
    assert FileCheckpoint(path).load() is None


def test_weights_that_cannot_be_written_are_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="Could not write the weights in .*file"):
        save_weights(tmp_path / "file" / "weights.safetensors", SNAPSHOT)


# Checkpoints --------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(weights, "time", SimpleNamespace(monotonic=lambda: clock.now, time=time.time))
    return clock


def refuse():
    raise AssertionError("a place was copied that is not to be kept")


def test_the_place_comes_back_with_its_curves(tmp_path):
    checkpoint = FileCheckpoint(tmp_path / "c.safetensors", hurry=lambda: True)
    checkpoint.save(lambda: place())
    back = FileCheckpoint(tmp_path / "c.safetensors").load()
    states, kept = back.states, back.progress
    assert bits(states) == bits(STATES)
    assert dataclasses.asdict(kept) == dataclasses.asdict(progress()) and kept.epochs == 2


def test_the_place_is_kept_when_the_last_is_old_enough_and_costs_nothing_before(tmp_path, clock):
    checkpoint = FileCheckpoint(tmp_path / "c.safetensors")
    clock.now += weights.CHECKPOINT_SECONDS - 1
    checkpoint.save(refuse)
    assert checkpoint.load() is None
    clock.now += 1
    checkpoint.save(lambda: place(3))
    assert checkpoint.load().progress.epochs == 3
    clock.now += weights.CHECKPOINT_SECONDS - 1
    checkpoint.save(refuse)
    clock.now += 1
    checkpoint.save(lambda: place(4))
    assert checkpoint.load().progress.epochs == 4


def test_in_a_hurry_the_place_is_kept_at_once(tmp_path, clock):
    asked = []
    checkpoint = FileCheckpoint(tmp_path / "c.safetensors", hurry=lambda: bool(asked))
    checkpoint.save(refuse)
    asked.append("pause")
    checkpoint.save(lambda: place())
    assert checkpoint.load().progress.epochs == 2


def test_a_finished_trial_forgets_its_place_even_when_it_never_had_one(tmp_path):
    checkpoint = FileCheckpoint(tmp_path / "c.safetensors", hurry=lambda: True)
    checkpoint.remove()
    checkpoint.save(lambda: place())
    checkpoint.remove()
    assert checkpoint.load() is None and list(tmp_path.iterdir()) == []


def test_one_file_holds_the_place_however_often_it_is_kept(tmp_path):
    checkpoint = FileCheckpoint(tmp_path / "c.safetensors", hurry=lambda: True)
    for epochs in range(1, 4):
        checkpoint.save(lambda epochs=epochs: place(epochs))
    assert [path.name for path in tmp_path.iterdir()] == ["c.safetensors"]
    assert checkpoint.load().progress.epochs == 3


def test_a_place_that_was_kept_for_other_measurements_is_none(tmp_path):
    asked = {"curve_images": 10, "callbacks": []}
    FileCheckpoint(tmp_path / "c.safetensors", asked, hurry=lambda: True).save(place)
    assert FileCheckpoint(tmp_path / "c.safetensors", asked | {"curve_images": None}).load() is None
    assert FileCheckpoint(tmp_path / "c.safetensors", dict(reversed(asked.items()))).load().progress.epochs == 2


def test_states_without_a_tensor_are_kept_as_such(tmp_path):
    checkpoint = FileCheckpoint(tmp_path / "c.safetensors", hurry=lambda: True)
    checkpoint.save(lambda: Place({"model": SNAPSHOT.model, "optimizer": {}}, progress()))
    assert checkpoint.load().states["optimizer"] == {}


# The cache ----------------------------------------------------------------------------------------


def test_equal_weights_have_equal_digests_and_others_others():
    one = {"a": torch.ones(2), "b": torch.zeros(3)}
    same = {"b": torch.zeros(3), "a": torch.ones(2)}
    assert digest(one) == digest(same) and len(digest(one)) == 16
    others = [{"a": torch.ones(2), "c": torch.zeros(3)}, {"a": torch.ones(2), "b": torch.full((3,), -0.0)}]
    assert len({digest(state) for state in (one, *others)}) == 3


def test_the_cache_is_kept_below_its_size_by_what_was_used_longest_ago(tmp_path, monkeypatch):
    now = time.time()

    def old(name, hours):
        save_weights(tmp_path / name, SNAPSHOT)
        os.utime(tmp_path / name, (now - 3600 * hours,) * 2)

    for number, hours in enumerate((9, 8, 7)):
        old(f"{number}.safetensors", hours)
    load_weights(tmp_path / "0.safetensors")  # used now
    size = (tmp_path / "0.safetensors").stat().st_size
    monkeypatch.setenv("WSNB_WEIGHTS_GIB", repr(3.5 * size / 2**30))
    save_weights(tmp_path / "3.safetensors", SNAPSHOT)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["0", "2", "3"]
    monkeypatch.setenv("WSNB_WEIGHTS_GIB", "0")
    save_weights(tmp_path / "4.safetensors", SNAPSHOT)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["0", "3", "4"], "a child may be reading what is recent"
    (tmp_path / "unfinished").mkdir()
    old("unfinished/5.safetensors", 6)
    save_weights(tmp_path / "6.safetensors", SNAPSHOT)
    assert not (tmp_path / "unfinished" / "5.safetensors").exists(), "the place of a training that nobody goes on with"


def test_a_size_that_is_no_number_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_WEIGHTS_GIB", "much")
    with pytest.raises(InvalidValue, match="WSNB_WEIGHTS_GIB is 'much'; allowed: a number of GiB, such as 20"):
        save_weights(tmp_path / "w.safetensors", SNAPSHOT)

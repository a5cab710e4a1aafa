"""Loading a set, checking it, caching it, and drawing a trial's part of it."""

import random
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from small import photos
from small_sets import noise

from wsnb.chance import generator
from wsnb.data import catalogue, folder
from wsnb.data.catalogue import facts
from wsnb.data.image_set import ImageSet, check, load, take
from wsnb.data.part import Part
from wsnb.data.pixels import Pixels, cached, in_order
from wsnb.errors import DataError, InvalidValue


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "data"))


def numbered(train=100, test=30, classes=5, name="digits"):
    """A set whose images say in their first pixel which they are; labels go round."""

    def images(count):
        pixels = torch.zeros(count, 3, 8, 8, dtype=torch.uint8)
        pixels[:, 0, 0, 0], pixels[:, 1, 0, 0] = torch.arange(count) % 256, torch.arange(count) // 256
        return pixels

    names = tuple(f"class {index}" for index in range(classes))
    return ImageSet(
        name,
        "numbered images",
        names,
        images(train),
        torch.arange(train) % classes,
        images(test),
        torch.arange(test) % classes,
    )


def numbers(images):
    return (images[:, 0, 0, 0].long() + 256 * images[:, 1, 0, 0].long()).tolist()


THOUSAND = numbered(train=1000)


# The part that a trial sees -----------------------------------------------------------------------


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), amounts=st.tuples(*[st.floats(0.01, 1.0) | st.integers(1, 100)] * 2))
def test_a_smaller_part_is_the_beginning_of_a_larger_one(seed, amounts):
    whole = numbered()
    some, more = sorted(
        (numbers(take(whole, Part("digits", amount), seed).train_images) for amount in amounts), key=len
    )
    assert more[: len(some)] == some
    assert len(set(more)) == len(more)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    classes=st.permutations(range(5)).flatmap(lambda order: st.integers(2, 5).map(lambda count: tuple(order[:count]))),
    amount=st.floats(0.1, 1.0),
)
def test_a_part_of_some_classes_has_their_images_alone_under_new_labels(seed, classes, amount):
    whole = numbered()
    part = take(whole, Part("digits", amount, classes=classes), seed)
    assert part.classes == tuple(f"class {index}" for index in classes)
    for images, labels in ((part.train_images, part.train_labels), (part.test_images, part.test_labels)):
        assert [classes[label] for label in labels.tolist()] == [number % 5 for number in numbers(images)]
    assert len(part.train_images) == round(amount * 20 * len(classes))
    assert sorted(numbers(part.test_images)) == [number for number in range(30) if number % 5 in classes]


@settings(max_examples=40)
@given(amount=st.floats(0.001, 1.0))
def test_a_fraction_is_rounded_to_the_nearest_number_of_images(amount):
    taken = len(take(THOUSAND, Part("digits", amount), 0).train_images) if amount * 1000 > 0.5 else 0
    assert abs(taken - amount * 1000) <= 0.5


def test_a_part_keeps_images_with_their_labels_and_leaves_the_set_as_it_was():
    whole = numbered()
    before = numbers(whole.train_images)
    part = take(whole, Part("digits", 0.5), 3)
    assert [number % 5 for number in numbers(part.train_images)] == part.train_labels.tolist()
    assert numbers(part.test_images) == list(range(30))
    part.train_images.zero_()
    assert numbers(whole.train_images) == before


def test_seeds_draw_different_parts():
    whole = numbered()
    drawn = {tuple(numbers(take(whole, Part("digits", 0.5), seed).train_images)) for seed in range(20)}
    assert len(drawn) == 20


def test_the_part_that_a_seed_draws_never_changes():
    assert numbers(take(numbered(), Part("digits", 8), 0).train_images) == [53, 36, 20, 99, 95, 93, 90, 26]
    named = catalogue.identity("digits")["fingerprint"], 0, 1
    drawn = torch.randperm(40, generator=generator(7, "part", *named))[:5].tolist()
    of_two = take(numbered(), Part("digits", 5, classes=(0, 1)), 7)
    assert numbers(of_two.train_images) == [5 * (index // 2) + index % 2 for index in drawn]


def test_sets_and_choices_of_classes_have_chance_of_their_own():
    whole = numbered()
    drawn = [numbers(take(whole, Part(name, 1.0), 0).train_images) for name in ("digits", "cifar10", "cifar100")]
    assert len(set(map(tuple, drawn))) == 3
    orders = [take(whole, Part("digits", classes=classes), 0).train_images for classes in ((0, 1), (1, 0), (2, 3))]
    places = [tuple(number // 5 for number in numbers(images)) for images in orders]
    assert len(set(places)) == 3


# Images held out ----------------------------------------------------------------------------------

HELD_OUT = st.integers(1, 60) | st.floats(0.01, 0.6)
CLASSES = st.none() | st.permutations(range(5)).map(lambda order: tuple(order[:3]))


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.floats(0.1, 1.0) | st.integers(1, 20), HELD_OUT, CLASSES
)
def test_held_out_images_are_the_same_for_every_seed_and_amount_and_no_training_sees_them(
    seed, other, amount, held_out, classes
):
    whole = numbered()
    part = take(whole, Part("digits", amount, classes=classes, held_out=held_out), seed)
    rest = take(whole, Part("digits", classes=classes, held_out=held_out), other)
    kept = numbers(part.test_images)
    assert kept == numbers(rest.test_images) and part.test_labels.tolist() == rest.test_labels.tolist()
    assert not set(kept) & (set(numbers(part.train_images)) | set(numbers(rest.train_images)))
    there = 60 if classes else 100
    everywhere = numbers(take(whole, Part("digits", held_out=held_out), seed).test_images)
    assert kept == [each for each in everywhere if classes is None or each % 5 in classes], "whatever the classes"
    assert len(everywhere) == (held_out if isinstance(held_out, int) else round(held_out * 100))
    assert len(kept) + len(rest.train_images) == there
    named = classes or range(5)
    for images, labels in ((part.train_images, part.train_labels), (part.test_images, part.test_labels)):
        assert [named[label] for label in labels.tolist()] == [number % 5 for number in numbers(images)]


def test_final_parts_see_what_was_held_out_and_the_test_images():
    whole = numbered()
    held_out = set(numbers(take(whole, Part("digits", held_out=0.2), 0).test_images))
    final = take(whole, Part("digits", held_out=0), 0)
    assert held_out <= set(numbers(final.train_images)) and len(final.train_images) == 100
    assert numbers(final.test_images) == list(range(30))
    assert held_out != set(range(20)) and len(held_out) == 20, "drawn at random"


@settings(max_examples=30)
@given(st.integers(0, 99), st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_with_images_held_out_too_a_smaller_part_is_the_beginning_of_a_larger_one(seed, amounts):
    parts = [numbers(take(numbered(), Part("digits", n, held_out=60), seed).train_images) for n in sorted(amounts)]
    assert parts[1][: len(parts[0])] == parts[0]


@settings(max_examples=30)
@given(
    st.integers(0, 99), st.tuples(st.integers(1, 10), st.integers(1, 10)), st.sampled_from([None, (3, 1), (0, 2, 4)])
)
def test_by_class_there_are_as_many_of_each_and_a_smaller_part_is_the_beginning_of_a_larger_one(seed, amounts, classes):
    parts = [take(numbered(), Part("digits", n, classes, by_class=True), seed) for n in sorted(amounts)]
    for part, amount in zip(parts, sorted(amounts), strict=True):
        assert part.train_labels.bincount().tolist() == [amount] * len(classes or range(5))
    some, more = (numbers(part.train_images) for part in parts)
    assert more[: len(some)] == some and len(set(more)) == len(more)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Part("digits", 21, by_class=True), ["amount is 21", "20 training images of the class that has the fewest"]),
        (Part("digits", 101), ["Part.amount is 101", "100 training images", "1 to 100"]),
        (Part("digits", 0.004), ["Part.amount is 0.004", "0 images", "0.01"]),
        (Part("digits", 41, classes=(1, 3)), ["41", "40 training images of the classes class 1, class 3"]),
        (Part("digits", held_out=100), ["Part.held_out is 100", "100 training images", "1 to 99"]),
        (Part("digits", held_out=0.001), ["Part.held_out is 0.001", "0 images", "0.01"]),
        (Part("digits", 71, held_out=30), ["Part.amount is 71", "70 training images, without 30 held out", "1 to 70"]),
        (Part("digits", classes=(1, 5)), ["Part.classes has 5", "5 classes", "0 to 4"]),
    ],
)
def test_a_part_that_is_not_there_is_refused_with_what_is(part, words):
    with pytest.raises(InvalidValue) as refused:
        take(numbered(), part, 0)
    for word in words:
        assert word in str(refused.value)


# digits -------------------------------------------------------------------------------------------


def test_digits_are_32x32_rgb_blocks_of_scikit_learns_own():
    from sklearn.datasets import load_digits

    digits = load("digits")
    entry = catalogue.entry("digits")
    assert (
        digits.train_images.shape == (entry.facts.train_images, 3, 32, 32) and digits.train_images.dtype == torch.uint8
    )
    assert digits.test_images.shape == (entry.facts.test_images, 3, 32, 32) and digits.test_labels.dtype == torch.int64
    assert digits.title == "scikit-learn digits" and digits.classes == entry.classes
    original = load_digits()
    small = (original.images * 255 / 16 + 0.5).astype(np.uint8)
    blocks = digits.train_images.reshape(-1, 3, 8, 4, 8, 4).permute(0, 1, 2, 4, 3, 5).flatten(4)
    assert (blocks == blocks[..., :1]).all() and (blocks == blocks[:, :1]).all()
    theirs = sorted((int(label), image.tobytes()) for label, image in zip(original.target, small, strict=True))
    ours = [
        (label, image.numpy().tobytes())
        for images, labels in ((digits.train_images, digits.train_labels), (digits.test_images, digits.test_labels))
        for image, label in zip(images[:, 0, ::4, ::4].contiguous(), labels.tolist(), strict=True)
    ]
    assert sorted(ours) == theirs


def test_every_class_of_digits_gives_a_fifth_to_the_test():
    digits = load("digits")
    train, test = torch.bincount(digits.train_labels), torch.bincount(digits.test_labels)
    assert (test == (train + test) // 5).all() and len(test) == 10


def other_digits(monkeypatch):
    """scikit-learn's digits with one other label."""
    entry = catalogue.entry("digits")
    arrays = [np.array(array) for array in entry.read()]
    arrays[3][0] = (arrays[3][0] + 1) % 10
    monkeypatch.setattr(entry, "read", lambda: arrays)


def test_digits_with_other_pixels_are_refused(monkeypatch):
    other_digits(monkeypatch)
    with pytest.raises(DataError, match="not those that the records were made with .* install the version"):
        load("digits")


def test_a_named_set_is_resized_as_images_of_ones_own_are(tmp_path):
    plain, made = load("digits"), load("digits", resize=48)
    assert facts("digits", 48).image_shape == made.test_images.shape[1:] == (3, 48, 48)
    for number, name in enumerate(("cat", "dog")):
        (tmp_path / "own" / name).mkdir(parents=True)
        for index in range(2):
            pixels = plain.train_images[2 * number + index].permute(1, 2, 0).numpy()
            Image.fromarray(pixels).save(tmp_path / "own" / name / f"{index}.png")
    own = load(f"images:{tmp_path / 'own'}", resize=48)
    own = torch.cat([own.train_images, own.test_images])
    assert sorted(map(torch.sum, own)) == sorted(map(torch.sum, made.train_images[:4]))
    with pytest.raises(InvalidValue, match="resize is 4; allowed: a side of 8 pixels or more"):
        load("digits", resize=4)
    with pytest.raises(InvalidValue, match="a set that has a name is checked as it is"):
        check("digits", resize=16)


def test_an_image_set_prints_in_one_line():
    assert repr(load("digits")) == ("ImageSet('digits', 10 classes, 1442 training and 355 test images of 32x32 pixels)")


# Images of one's own ------------------------------------------------------------------------------


def test_images_of_ones_own_are_loaded_with_their_classes(tmp_path):
    name = photos(tmp_path / "photos")
    found = load(name)
    assert (found.name, found.title, found.classes) == (name, "photos", ("cat", "dog"))
    assert found.train_images.shape == (16, 3, 8, 8) and found.test_images.shape == (4, 3, 8, 8)
    assert (found.train_images[:, 0, 0, 0] == 100 * found.train_labels).all()


def test_the_second_load_decodes_nothing(tmp_path, monkeypatch):
    name = photos(tmp_path / "photos")
    first = load(name)
    monkeypatch.setattr(folder, "decode", None)
    second = load(name)
    assert torch.equal(first.train_images, second.train_images) and torch.equal(first.test_labels, second.test_labels)


def test_sizes_and_changed_images_have_caches_of_their_own(tmp_path):
    name = photos(tmp_path / "photos")
    assert load(name).train_images.shape[2:] == (8, 8)
    assert load(name, resize=16).train_images.shape[2:] == (16, 16)
    assert load(name, resize=12).train_images.shape[2:] == (12, 12)
    assert load(name).train_images.shape[2:] == (8, 8)
    for index in range(10):
        Image.new("RGB", (8, 8), "white").save(tmp_path / "photos" / "cat" / f"{index}.png")
    assert (load(name).train_images[:8] == 255).all()


@pytest.mark.parametrize("name", ["digits", "own"])
def test_a_damaged_cache_is_made_again_wherever_it_is_damaged(tmp_path, name):
    name = photos(tmp_path / "photos") if name == "own" else name
    good = load(name)
    (cache,) = (tmp_path / "cache" / "pixels").iterdir()
    whole = cache.read_bytes()
    rng = random.Random(0)
    for position in [0, 30, 200, *(rng.randrange(len(whole)) for _ in range(5)), len(whole) - 10]:
        cache.write_bytes(whole[:position] + bytes([whole[position] ^ 255]) + whole[position + 1 :])
        again = load(name)
        for field in ("train_images", "train_labels", "test_images", "test_labels"):
            assert torch.equal(getattr(again, field), getattr(good, field)), position
    for damaged in (b"", whole[: len(whole) // 2], b"no zip at all"):
        cache.write_bytes(damaged)
        assert torch.equal(load(name).train_images, good.train_images)
        assert load(name).train_images.shape == good.train_images.shape and len(cache.read_bytes()) == len(whole)


def test_a_whole_cache_with_other_pixels_is_not_trusted_for_a_named_set(tmp_path):
    good = load("digits")
    (cache,) = (tmp_path / "cache" / "pixels").iterdir()
    fingerprint = catalogue.identity("digits")["fingerprint"]
    pixels = Pixels(*(getattr(good, field).numpy().copy() for field in Pixels._fields))
    pixels.train_images[5] = 0
    cache.unlink()
    cached(f"digits-{fingerprint}", lambda: pixels)
    assert cache.is_file()
    assert torch.equal(load("digits").train_images, good.train_images)


def test_a_cache_in_another_order_is_put_into_the_sets_own(tmp_path):
    good = load("digits")
    (cache,) = (tmp_path / "cache" / "pixels").iterdir()
    cache.unlink()
    cached(cache.stem, lambda: Pixels(*(getattr(good, field).numpy().copy()[::-1] for field in Pixels._fields)))
    assert torch.equal(load("digits").train_images, good.train_images)


def test_without_a_place_for_the_cache_everything_is_still_loaded(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WSNB_CACHE", str(tmp_path / "file" / "cache"))
    assert len(load(photos(tmp_path / "photos")).train_images) == 16
    assert len(load("digits").train_images) == 1442


def test_a_cache_that_cannot_be_finished_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*args, **arrays):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    load("digits")
    assert list((tmp_path / "cache" / "pixels").iterdir()) == []


def test_many_may_fill_the_cache_at_once(tmp_path):
    name = photos(tmp_path / "photos")
    loaded = []
    threads = [threading.Thread(target=lambda: loaded.append(load(name))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 8 and all(torch.equal(one.train_images, loaded[0].train_images) for one in loaded)
    assert len(list((tmp_path / "cache" / "pixels").iterdir())) == 1


# The check ----------------------------------------------------------------------------------------


def test_check_reads_the_source_and_not_the_cache(tmp_path, monkeypatch):
    name = photos(tmp_path / "photos")
    load(name)
    said = check(name)
    assert "16 training and 4 test images of 8x8 pixels in 2 classes" in said and "passed over" not in said
    assert "32x32" in check(name, resize=32)
    fingerprint = catalogue.identity("digits")["fingerprint"]
    assert check("digits") == (
        "scikit-learn digits (in scikit-learn) is here and right: 1,442 training and 355 test images of 32x32 pixels "
        f"in 10 classes, fingerprint {fingerprint}."
    )
    load("digits")
    other_digits(monkeypatch)
    with pytest.raises(DataError, match="not those"):
        check("digits")


def test_check_says_how_many_files_were_passed_over(tmp_path):
    name = photos(tmp_path / "photos")
    for junk in ("Thumbs.db", "cat/.DS_Store"):
        (tmp_path / "photos" / junk).write_bytes(b"x")
    assert "without 2 hidden or system files and folders" in check(name)


# The order and the fingerprint --------------------------------------------------------------------

SMALL = noise(20, 10, side=8)
CLASSES_OF_SMALL = tuple("abcdefghij")


@settings(max_examples=20)
@given(st.permutations(range(20)), st.permutations(range(10)))
def test_the_order_that_images_come_in_changes_nothing(train, test):
    shuffled = Pixels(*(array[order] for array, order in zip(SMALL, (train, train, test, test), strict=True)))
    (pixels, fingerprint), (again, same) = in_order(SMALL, CLASSES_OF_SMALL), in_order(shuffled, CLASSES_OF_SMALL)
    assert fingerprint == same and all(map(np.array_equal, pixels, again))


@pytest.mark.parametrize("field", Pixels._fields)
def test_the_fingerprint_sees_every_pixel_label_and_class_name(field):
    _, before = in_order(SMALL, CLASSES_OF_SMALL)
    changed = getattr(SMALL, field).copy()
    changed.reshape(-1)[-1] ^= 1
    assert in_order(SMALL._replace(**{field: changed}), CLASSES_OF_SMALL)[1] != before
    assert in_order(SMALL, tuple("abcdefghiJ"))[1] != before
    halves = Pixels(*SMALL[2:], *SMALL[:2])
    assert in_order(halves, CLASSES_OF_SMALL)[1] != before

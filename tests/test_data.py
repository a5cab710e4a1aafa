"""Loading each data set, checking it, caching it, and drawing a trial's part of it."""

import dataclasses
import hashlib
import io
import pickle
import random
import socket
import tarfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from wsnb import catalogue, data, image_files
from wsnb.data import ImageSet, load, take
from wsnb.errors import DataError, InvalidValue
from wsnb.randomness import generator
from wsnb.trials import Part

Q75 = data._find_q75()


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


def own_images(root, side=8):
    for number, class_name in enumerate(("cat", "dog")):
        (root / class_name).mkdir(parents=True)
        for index in range(10):
            Image.new("RGB", (side, side), (100 * number, 10 * index, 0)).save(root / class_name / f"{index}.png")
    return f"images:{root}"


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


# Randomness ---------------------------------------------------------------------------------------


def test_a_generator_is_a_constant_of_seed_and_names():
    assert generator(0, "part").initial_seed() == 13272788250469891917
    assert torch.randperm(6, generator=generator(0, "part")).tolist() == [0, 4, 2, 1, 3, 5]


def test_a_generator_differs_with_the_seed_and_with_each_name():
    seeds = [
        generator(*key).initial_seed()
        for key in [
            (0, "part"),
            (1, "part"),
            (0, "order"),
            (0, "order", 1),
            (0, "order", 11),
            (0, "order", "1", 1),
            (0,),
        ]
    ]
    assert len(set(seeds)) == len(seeds)


# The part that a trial sees -----------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), amounts=st.tuples(*[st.floats(0.01, 1.0) | st.integers(1, 100)] * 2))
def test_a_smaller_part_is_the_beginning_of_a_larger_one(seed, amounts):
    whole = numbered()
    some, more = sorted(
        (numbers(take(whole, Part("digits", amount), seed).train_images) for amount in amounts), key=len
    )
    assert more[: len(some)] == some
    assert len(set(more)) == len(more)


@settings(max_examples=40, deadline=None)
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


@settings(max_examples=40, deadline=None)
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
    assert numbers(take(numbered(), Part("digits", 8), 0).train_images) == [96, 10, 12, 74, 48, 26, 32, 66]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Part("digits", 101), ["Part.amount is 101", "100 training images", "1 to 100"]),
        (Part("digits", 0.004), ["Part.amount is 0.004", "0 images", "0.01"]),
        (Part("digits", 41, classes=(1, 3)), ["41", "40 training images of the classes class 1, class 3"]),
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
    assert digits.train_images.shape == (entry.train_images, 3, 32, 32) and digits.train_images.dtype == torch.uint8
    assert digits.test_images.shape == (entry.test_images, 3, 32, 32) and digits.test_labels.dtype == torch.int64
    assert digits.title == "scikit-learn digits" and digits.classes == entry.classes
    original = load_digits()
    first_train, first_test = 0, np.flatnonzero(original.target == original.target[0])[4]
    assert digits.train_labels[0] == original.target[first_train]
    blocks = digits.train_images[0].reshape(3, 8, 4, 8, 4).permute(0, 1, 3, 2, 4).flatten(3)
    assert (blocks == blocks[..., :1]).all() and (blocks == blocks[:1]).all()
    assert np.abs(blocks[0, ..., 0].numpy() - original.images[0] * 255 / 16).max() <= 0.5
    small = digits.test_images[:, 0, ::4, ::4].numpy()
    assert any(np.abs(image - original.images[first_test] * 255 / 16).max() <= 0.5 for image in small)


def test_every_class_of_digits_gives_a_fifth_to_the_test():
    digits = load("digits")
    train, test = torch.bincount(digits.train_labels), torch.bincount(digits.test_labels)
    assert (test == (train + test) // 5).all() and len(test) == 10


def test_digits_with_other_pixels_are_refused(monkeypatch):
    made = data._digits()
    made.train_images[0, 0, 0, 0] += 1
    monkeypatch.setattr(data, "_digits", lambda: made)
    with pytest.raises(DataError, match="not those that the records were made with"):
        load("digits")


@pytest.mark.parametrize("field", ["train_images", "train_labels", "test_images", "test_labels"])
def test_the_fingerprint_sees_every_array_and_its_shape(field):
    pixels = data._digits()
    before = data.pixel_fingerprint(pixels)
    array = getattr(pixels, field)
    assert data.pixel_fingerprint(dataclasses.replace(pixels, **{field: array.reshape(-1)[None]})) != before
    changed = array.copy()
    changed.reshape(-1)[-1] ^= 1
    assert data.pixel_fingerprint(dataclasses.replace(pixels, **{field: changed})) != before


def test_a_named_set_is_not_resized():
    with pytest.raises(InvalidValue, match="resize is 16 for 'digits'"):
        load("digits", resize=16)


def test_an_image_set_prints_in_one_line():
    assert repr(load("digits")) == ("ImageSet('digits', 10 classes, 1442 training and 355 test images of 32x32 pixels)")


# Images of one's own ------------------------------------------------------------------------------


def test_images_of_ones_own_are_loaded_with_their_classes(tmp_path):
    name = own_images(tmp_path / "photos")
    photos = load(name)
    assert (photos.name, photos.title, photos.classes) == (name, "photos", ("cat", "dog"))
    assert photos.train_images.shape == (16, 3, 8, 8) and photos.test_images.shape == (4, 3, 8, 8)
    assert (photos.train_images[:, 0, 0, 0] == 100 * photos.train_labels).all()


def test_the_second_load_decodes_nothing(tmp_path, monkeypatch):
    name = own_images(tmp_path / "photos")
    first = load(name)
    monkeypatch.setattr(image_files, "decode", None)
    second = load(name)
    assert torch.equal(first.train_images, second.train_images) and torch.equal(first.test_labels, second.test_labels)


def test_sizes_and_changed_images_have_caches_of_their_own(tmp_path):
    name = own_images(tmp_path / "photos")
    assert load(name).train_images.shape[2:] == (8, 8)
    assert load(name, resize=16).train_images.shape[2:] == (16, 16)
    assert load(name, resize=12).train_images.shape[2:] == (12, 12)
    assert load(name).train_images.shape[2:] == (8, 8)
    for index in range(10):
        Image.new("RGB", (8, 8), "white").save(tmp_path / "photos" / "cat" / f"{index}.png")
    assert (load(name).train_images[:8] == 255).all()


@pytest.mark.parametrize("name", ["digits", "own"])
def test_a_damaged_cache_is_made_again_wherever_it_is_damaged(tmp_path, name):
    name = own_images(tmp_path / "photos") if name == "own" else name
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
    pixels = data._digits()
    pixels.train_images[5] = 0
    data._to_cache(cache, pixels)
    assert torch.equal(load("digits").train_images, good.train_images)


def test_without_a_place_for_the_cache_everything_is_still_loaded(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WSNB_CACHE", str(tmp_path / "file" / "cache"))
    assert len(load(own_images(tmp_path / "photos")).train_images) == 16
    assert len(load("digits").train_images) == 1442


def test_a_cache_that_cannot_be_finished_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*args, **arrays):
        raise OSError("No space left on device")

    monkeypatch.setattr(data.np, "savez", full)
    load("digits")
    assert list((tmp_path / "cache" / "pixels").iterdir()) == []


def test_many_may_fill_the_cache_at_once(tmp_path):
    name = own_images(tmp_path / "photos")
    loaded = []
    threads = [threading.Thread(target=lambda: loaded.append(load(name))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 8 and all(torch.equal(one.train_images, loaded[0].train_images) for one in loaded)
    assert len(list((tmp_path / "cache" / "pixels").iterdir())) == 1


# The published sets -------------------------------------------------------------------------------


def cifar_archive(base, names, label_key, meta_name, meta_key, images=4):
    """Small files in CIFAR's own format, as a .tar.gz; the archive's bytes, the files and the pixels by name."""
    files, pixels = {}, {}
    for number, name in enumerate(names):
        rows = np.random.default_rng(number).integers(0, 256, (images, 3072)).astype(np.uint8)
        labels = [(number + index) % 10 for index in range(images)]
        files[f"{base}/{name}"] = pickle.dumps({"data": rows, label_key: labels}, protocol=2)
        pixels[name] = rows.reshape(images, 3, 32, 32), labels
    files[f"{base}/{meta_name}"] = pickle.dumps({meta_key: [f"name {index}" for index in range(10)]}, protocol=2)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue(), files, pixels


def declare(monkeypatch, name, files):
    declared = tuple((file, md5(content)) for file, content in files.items())
    entry = dataclasses.replace(catalogue.entry(name), files=declared)
    monkeypatch.setitem(catalogue._SETS, name, entry)
    return dict(declared)


@pytest.fixture
def small_cifar10(tmp_path, monkeypatch):
    """CIFAR-10 of 24 images, to be had from a file:// address."""
    known = data._published("cifar10")
    names = [pair[0] for pair in known.train_list + known.test_list]
    archive, files, pixels = cifar_archive(
        known.base_folder, names, "labels", known.meta["filename"], known.meta["key"]
    )
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / known.filename).write_bytes(archive)
    sums = declare(monkeypatch, "cifar10", files)
    for listed in ("train_list", "test_list"):
        pairs = [[pair[0], sums[f"{known.base_folder}/{pair[0]}"]] for pair in getattr(known, listed)]
        monkeypatch.setattr(known, listed, pairs)
    monkeypatch.setattr(known, "meta", known.meta | {"md5": sums[f"{known.base_folder}/{known.meta['filename']}"]})
    monkeypatch.setattr(known, "tgz_md5", md5(archive))
    monkeypatch.setattr(known, "url", (tmp_path / "site" / known.filename).as_uri())
    return pixels


def test_cifar10_is_downloaded_on_first_use_and_read_in_order(tmp_path, small_cifar10):
    images = load("cifar10")
    expected = np.concatenate([small_cifar10[f"data_batch_{number}"][0] for number in range(1, 6)])
    assert np.array_equal(images.train_images.numpy(), expected) and images.train_images.dtype == torch.uint8
    assert np.array_equal(images.test_images.numpy(), small_cifar10["test_batch"][0])
    assert images.test_labels.tolist() == small_cifar10["test_batch"][1]
    assert images.title == "CIFAR-10" and images.classes[0] == "airplane"
    (tmp_path / "site" / "cifar-10-python.tar.gz").unlink()
    assert torch.equal(load("cifar10").train_images, images.train_images)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["cifar-10-batches-py"]


def test_an_archive_put_into_the_folder_by_hand_is_used(tmp_path, small_cifar10, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "site" / "cifar-10-python.tar.gz").rename(tmp_path / "data" / "cifar-10-python.tar.gz")
    monkeypatch.setattr(data, "_download", None)
    assert len(load("cifar10").train_images) == 20


@pytest.mark.parametrize("sent", ["half", "other", "nothing"])
def test_a_download_that_is_not_whole_is_refused_and_leaves_nothing(tmp_path, small_cifar10, sent):
    site = tmp_path / "site" / "cifar-10-python.tar.gz"
    whole = site.read_bytes()
    site.write_bytes({"half": whole[: len(whole) // 2], "other": bytes(1000), "nothing": b""}[sent])
    with pytest.raises(DataError, match="has not the published MD5 sum") as refused:
        load("cifar10")
    assert "wsnb data fetch cifar10" in str(refused.value) and str(tmp_path / "data") in str(refused.value)
    assert list((tmp_path / "data").iterdir()) == []
    site.write_bytes(whole)
    assert len(load("cifar10").train_images) == 20


def test_an_archive_without_a_file_of_the_set_is_refused(tmp_path, small_cifar10, monkeypatch):
    files = {file: b"x" for file, _ in catalogue.entry("cifar10").files}
    declare(monkeypatch, "cifar10", files | {"cifar-10-batches-py/data_batch_6": b"x"})
    with pytest.raises(DataError, match="has no cifar-10-batches-py/data_batch_6"):
        data.fetch("cifar10")
    declare(monkeypatch, "cifar10", files)
    with pytest.raises(DataError, match="data_batch_1.* have not the published MD5 sums"):
        data.fetch("cifar10")
    assert list((tmp_path / "data").iterdir()) == []


def test_a_damaged_file_is_named_not_read_and_replaced_by_fetch(tmp_path, small_cifar10):
    good = load("cifar10")
    batch = tmp_path / "data" / "cifar-10-batches-py" / "data_batch_3"
    batch.write_bytes(batch.read_bytes()[:-1] + b"x")
    for read in (load, data.check):
        with pytest.raises(DataError, match="data_batch_3 in .* missing, or not as published.*wsnb data fetch cifar10"):
            read("cifar10")
    data.fetch("cifar10")
    assert torch.equal(load("cifar10").train_images, good.train_images)


def put_small_cifar100(folder, monkeypatch, images=4):
    """CIFAR-100 of so many images per split, as the archive that is downloaded; the pixels and labels by split."""
    known = data._published("cifar100")
    archive, files, pixels = cifar_archive(
        known.base_folder, ["train", "test"], "fine_labels", "meta", "fine_label_names", images
    )
    sums = declare(monkeypatch, "cifar100", files)
    monkeypatch.setattr(known, "train_list", [["train", sums["cifar-100-python/train"]]])
    monkeypatch.setattr(known, "test_list", [["test", sums["cifar-100-python/test"]]])
    monkeypatch.setattr(known, "meta", known.meta | {"md5": sums["cifar-100-python/meta"]})
    monkeypatch.setattr(known, "tgz_md5", md5(archive))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / known.filename).write_bytes(archive)
    return pixels


def test_cifar100_is_read_with_its_fine_labels(tmp_path, monkeypatch):
    pixels = put_small_cifar100(tmp_path / "data", monkeypatch)
    images = load("cifar100")
    assert images.train_labels.tolist() == pixels["train"][1] and len(images.classes) == 100
    assert np.array_equal(images.test_images.numpy(), pixels["test"][0])


def put_small_svhn(folder, monkeypatch, images=6):
    """SVHN of so many images per split, as files to be had from file:// addresses; the last split's pixels."""
    from scipy.io import savemat

    known = data._published("svhn")
    files, urls = {}, {}
    folder.mkdir(parents=True, exist_ok=True)
    for number, split in enumerate(("train", "test")):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3, images)).astype(np.uint8)
        place = folder / f"{split}_32x32.mat"
        savemat(place, {"X": pixels, "y": np.resize(np.array([10, 1, 2, 9, 10, 5], np.uint8), (images, 1))})
        files[place.name] = place.read_bytes()
        urls[split] = [place.as_uri(), place.name, md5(files[place.name])]
    declare(monkeypatch, "svhn", files)
    monkeypatch.setattr(known, "split_list", urls)
    return pixels


def test_svhn_is_read_with_ten_for_zero_and_images_first(tmp_path, monkeypatch):
    pixels = put_small_svhn(tmp_path / "site", monkeypatch)
    images = load("svhn")
    assert images.train_images.shape == (6, 3, 32, 32) and images.test_images.is_contiguous()
    assert np.array_equal(images.test_images.permute(2, 3, 1, 0).numpy(), pixels)
    assert images.train_labels.tolist() == [0, 1, 2, 9, 0, 5] and images.train_labels.dtype == torch.int64


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "svhn"])
def test_without_a_network_the_sentence_names_set_place_and_command(tmp_path, monkeypatch, name):
    def unreachable(*args, **options):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    with pytest.raises(DataError) as refused:
        load(name)
    for word in (catalogue.entry(name).title, str(tmp_path / "data"), f"`wsnb data fetch {name}`", "WSNB_DATA"):
        assert word in str(refused.value)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_server_that_says_nothing_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        known = data._published("cifar10")
        monkeypatch.setattr(known, "url", f"http://127.0.0.1:{silent.getsockname()[1]}/{known.filename}")
        began = time.monotonic()
        with pytest.raises(DataError, match="could not be downloaded .*timed out"):
            load("cifar10")
    assert time.monotonic() - began < 5


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "file" / "data"))
    with pytest.raises(DataError, match="CIFAR-10 is not in .*file/data and could not be downloaded"):
        load("cifar10")


def test_fetch_of_what_is_not_downloaded_says_so(tmp_path, monkeypatch):
    assert "scikit-learn" in data.fetch("digits")
    monkeypatch.setattr(data, "_q75_folders", lambda: [tmp_path / "data"])
    with pytest.raises(DataError, match="not offered for download. Put cifar10-images-q75.tar.xz into"):
        data.fetch("cifar10-q75")
    with pytest.raises(InvalidValue, match="Did you mean 'svhn'"):
        data.fetch("shvn")


# CIFAR-10 (JPEG q75) ------------------------------------------------------------------------------


def test_a_missing_archive_names_the_places_looked_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = data._q75_folders()
    checkout = Path(data.__file__).resolve().parent.parent
    assert folders[:2] == [tmp_path / "data", checkout.parent / "shared" / "data"]
    assert folders[2] == tmp_path.parent / "shared" / "data"
    monkeypatch.setattr(data, "_q75_folders", lambda: [tmp_path / "data", tmp_path / "beside"])
    with pytest.raises(DataError, match=r"CIFAR-10 \(JPEG q75\) is not here") as refused:
        load("cifar10-q75")
    for word in ("cifar10-images-q75.tar.xz", str(tmp_path / "data"), str(tmp_path / "beside"), "WSNB_DATA"):
        assert word in str(refused.value)


def test_another_archive_of_the_same_name_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cifar10-images-q75.tar.xz").write_bytes(b"something else")
    with pytest.raises(DataError, match="is not the archive of CIFAR-10"):
        load("cifar10-q75")


@pytest.mark.skipif(Q75 is None, reason=f"the archive of CIFAR-10 (JPEG q75) is not here: {data._q75_folders()}")
def test_the_jpegs_of_the_archive_become_its_pixels(monkeypatch):
    # The first members of the archive; all 60 000 take a quarter of a minute, and `wsnb data check` reads them.
    monkeypatch.setenv("WSNB_DATA", str(Q75.parent))
    members = image_files._members(Q75)
    first = next((place, content) for place, content in members if content is not None)
    assert first[0] == "train/airplane/0000.jpg"
    assert image_files._pixels(Q75, *first, None).shape == (3, 32, 32)
    assert hashlib.sha256(image_files._pixels(Q75, *first, None).tobytes()).hexdigest()[:16] == "f68fa80ca620ea97"


def test_a_set_of_jpegs_goes_through_the_cache_with_its_fingerprint(tmp_path, monkeypatch):
    path = tmp_path / "data" / "cifar10-images-q75.tar.xz"
    path.parent.mkdir()
    entry = catalogue.entry("cifar10-q75")
    with tarfile.open(path, "w:xz") as tar:
        for split in ("test", "train"):
            for number, class_name in enumerate(entry.classes[::-1]):
                stream = io.BytesIO()
                Image.new("RGB", (32, 32), (20 * number, 0, 100)).save(stream, "JPEG", quality=75)
                member = tarfile.TarInfo(f"{split}/{class_name}/0000.jpg")
                member.size = stream.tell()
                tar.addfile(member, io.BytesIO(stream.getvalue()))
    monkeypatch.setattr(data, "_Q75_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(DataError, match="not those that the records were made with"):
        load("cifar10-q75")
    assert not (tmp_path / "cache" / "pixels").exists()
    fingerprint = data.pixel_fingerprint(data._decode_q75())
    monkeypatch.setitem(catalogue._SETS, "cifar10-q75", dataclasses.replace(entry, fingerprint=fingerprint))
    images = load("cifar10-q75")
    assert images.title == "CIFAR-10 (JPEG q75)" and images.train_labels.tolist() == list(range(10))
    assert (images.train_images[:, 0].float().mean((1, 2)) - torch.arange(180, -1, -20)).abs().max() < 4
    path.unlink()
    assert torch.equal(load("cifar10-q75").train_images, images.train_images)


# The list and the check ---------------------------------------------------------------------------


def test_the_list_says_what_is_here_and_where(tmp_path, small_cifar10):
    assert data.whereabouts("digits").is_here
    cifar10 = data.whereabouts("cifar10")
    assert not cifar10.is_here and cifar10.place == str(tmp_path / "data")
    assert (cifar10.title, cifar10.train_images, cifar10.test_images, cifar10.classes) == ("CIFAR-10", 50000, 10000, 10)
    load("cifar10")
    assert data.whereabouts("cifar10").is_here
    with pytest.raises(InvalidValue):
        data.whereabouts("cifar")


def test_check_reads_the_source_and_not_the_cache(tmp_path, monkeypatch):
    name = own_images(tmp_path / "photos")
    load(name)
    assert "16 training and 4 test images of 8x8 pixels in 2 classes" in data.check(name)
    assert "32x32" in data.check(name, resize=32)
    assert catalogue.fingerprint("digits") in data.check("digits")
    load("digits")
    other = data._digits()
    other.test_labels[0] += 1
    monkeypatch.setattr(data, "_digits", lambda: other)
    with pytest.raises(DataError, match="not those"):
        data.check("digits")


def test_check_downloads_nothing(tmp_path, small_cifar10, monkeypatch):
    monkeypatch.setattr(data, "_download", None)
    with pytest.raises(DataError, match="wsnb data fetch cifar10"):
        data.check("cifar10")

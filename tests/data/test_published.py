"""Published sets: the same from every form they come in, found where they are, and nothing else in their place."""

import gzip
import hashlib
import json
import shutil
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_sets import (
    noise,
    ordered,
    put_batches,
    put_download,
    put_images,
    put_small_cifar10,
    put_small_cifar100,
    put_small_svhn,
    real_archive,
    served,
)
from torchvision import datasets

from wsnb.data import catalogue, folder, published
from wsnb.data.fashion_mnist import _FILES, DEBIAN
from wsnb.data.image_set import check, load
from wsnb.data.pixels import Pixels, in_order
from wsnb.errors import DataError, InvalidValue

NAMED = tuple(name for name in catalogue.names() if name != "digits")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(published, "folders", lambda: [tmp_path / "data", tmp_path / "beside"])
    return tmp_path / "data"


def known_as(name, pixels, monkeypatch):
    """Make these pixels the ones that the set is known by."""
    entry = catalogue.entry(name)
    monkeypatch.setattr(entry, "fingerprint", in_order(pixels, entry.classes)[1])


def same(images, pixels):
    return all(np.array_equal(getattr(images, field).numpy(), array) for field, array in pixels._asdict().items())


# Every form is the same set -----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["batches", "", ".tar.xz", ".tar.gz", ".tar", ".zip"])
@pytest.mark.parametrize("name, classes", [("cifar10", 10), ("cifar100", 100)])
def test_batches_archives_and_folders_give_the_same_tensors_and_fingerprint(
    own_folders, monkeypatch, form, name, classes
):
    pixels = noise(120, 110, classes)
    known_as(name, pixels, monkeypatch)
    if form == "batches":
        put_batches(name, own_folders, pixels, monkeypatch)
    else:
        kinds = {".tar.xz": "xztar", ".tar.gz": "gztar", ".tar": "tar", ".zip": "zip"}
        put_images(name, own_folders / name, pixels)
        if form:
            shutil.make_archive(str(own_folders / name), kinds[form], own_folders / name)
            shutil.rmtree(own_folders / name)
    images = load(name)
    assert same(images, ordered(name, pixels)) and images.classes == catalogue.entry(name).classes
    assert images.train_labels.tolist() == sorted(images.train_labels.tolist())
    assert f"fingerprint {catalogue.identity(name)['fingerprint']}" in check(name)


def test_images_without_loss_are_decoded_once(own_folders, monkeypatch):
    pixels = noise(20, 20)
    known_as("cifar10", pixels, monkeypatch)
    put_images("cifar10", own_folders / "cifar10", pixels)
    load("cifar10")
    shutil.rmtree(own_folders)
    assert same(load("cifar10"), ordered("cifar10", pixels))
    with pytest.raises(DataError, match="CIFAR-10 is not here"):
        check("cifar10")


@pytest.mark.parametrize("form", ["batches", "images"])
def test_one_pixel_or_label_that_is_not_the_published_one_is_an_error(own_folders, monkeypatch, form):
    pixels = noise(20, 20)
    known_as("cifar10", pixels, monkeypatch)
    other = Pixels(*(array.copy() for array in pixels))
    other.test_images[3, 1, 5, 5] ^= 1
    put = {
        "batches": lambda: put_batches("cifar10", own_folders, other, monkeypatch),
        "images": lambda: put_images("cifar10", own_folders / "cifar10", other),
    }
    put[form]()
    with pytest.raises(
        DataError, match="not those that the records were made with .*wsnb data fetch cifar10"
    ) as refused:
        load("cifar10")
    assert str(own_folders) in str(refused.value) and not (own_folders.parent / "cache" / "pixels").exists()


def test_other_class_names_are_refused_with_those_that_differ(own_folders):
    root = put_images("cifar10", own_folders / "cifar10", noise(20, 20))
    for split in ("train", "test"):
        (root / split / "airplane").rename(root / split / "aeroplane")
    with pytest.raises(DataError, match=r"lacks classes of CIFAR-10 \(airplane\), or has others \(aeroplane\)"):
        load("cifar10")


def test_a_damaged_archive_is_named_with_the_command_that_gets_another(own_folders):
    put_images("cifar10", own_folders / "cifar10", noise(20, 20))
    archive = Path(shutil.make_archive(str(own_folders / "cifar10"), "xztar", own_folders / "cifar10"))
    archive.write_bytes(archive.read_bytes()[:-1000])
    with pytest.raises(DataError, match=rf"damaged.*Remove {archive} first\. Get it with `wsnb data fetch cifar10`"):
        load("cifar10")


def test_the_first_folder_and_in_it_the_batches_are_taken(tmp_path, own_folders, monkeypatch):
    entry = catalogue.entry("cifar10")
    assert entry.find() is None
    beside = put_batches("cifar10", tmp_path / "beside", noise(20, 20), monkeypatch)
    assert entry.find() == beside
    archive = own_folders / "cifar10.tar"
    put_images("cifar10", own_folders / "cifar10", noise(20, 20))
    assert entry.find() == own_folders / "cifar10"
    shutil.make_archive(str(own_folders / "cifar10"), "tar", own_folders / "cifar10")
    assert entry.find() == archive
    (own_folders / "cifar-10-batches-py").mkdir()
    (own_folders / "cifar-10-batches-py" / "test_batch").write_bytes(b"")
    assert entry.find() == archive, "half of the batches is none of them"
    assert entry.find() != put_batches("cifar10", own_folders, noise(20, 20), monkeypatch).parent
    assert entry.find() == own_folders / "cifar-10-batches-py"


def test_sets_are_looked_for_in_the_data_folder_and_beside_the_checkout_and_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    checkout = Path(published.__file__).resolve().parents[2]
    shared = [folder / "shared" / "data" for folder in (checkout.parent, tmp_path.parent)]
    assert published.folders() == [tmp_path / "data", *shared]


# The whole sets -----------------------------------------------------------------------------------

STATISTICS = {
    "cifar10": ((0.49139968, 0.48215841, 0.44653091), (0.24703223, 0.24348513, 0.26158784)),
    "cifar100": ((0.50707516, 0.48654887, 0.44091784), (0.26733429, 0.25643846, 0.27615047)),
}
DIGESTS = {
    "cifar10": "42265908afd81ffdc651d349fd22bce76ad849758487ffdfb827f488993c4066",
    "cifar100": "499c9b49efdafeb82a69ea68ca5bc47bb241dd819b10898a17f7e16ba31f5b68",
}


def statistics(images):
    """Mean and deviation of each channel, from 0 to 1, exactly: by counting the 256 levels."""
    levels = torch.arange(256, dtype=torch.float64) / 255
    for channel in images.unbind(1):
        share = torch.bincount(channel.flatten().int(), minlength=256).double() / channel.numel()
        mean = (share * levels).sum()
        yield mean.item(), (share * (levels - mean) ** 2).sum().sqrt().item()


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_the_whole_set_has_the_published_statistics_and_is_the_same_as_batches(name, tmp_path, monkeypatch):
    archive = real_archive(f"{name}.tar.xz")
    monkeypatch.setattr(published, "folders", lambda: [archive.parent])
    entry = catalogue.entry(name)
    monkeypatch.setattr(entry, "is_cached", False)
    images = load(name)
    assert DIGESTS[name].startswith(entry.fingerprint)
    assert (len(images.train_images), len(images.test_images), len(images.classes)) == entry.facts[:3]
    for labels in (images.train_labels, images.test_labels):
        assert (torch.bincount(labels) == len(labels) // len(images.classes)).all()
    for found, expected in zip(statistics(images.train_images), zip(*STATISTICS[name], strict=True), strict=True):
        assert found == pytest.approx(expected, abs=1e-8)
    if name == "cifar10":
        pixels = Pixels(*(getattr(images, field).numpy() for field in Pixels._fields))
        shuffled = np.random.default_rng(0).permutation(len(pixels.train_labels))
        train = pixels.train_images[shuffled], pixels.train_labels[shuffled]
        put_batches(name, tmp_path / "batches", Pixels(*train, *pixels[2:]), monkeypatch)
        monkeypatch.setattr(published, "folders", lambda: [tmp_path / "batches"])
        assert all(map(np.array_equal, entry.pixels(), pixels))


def test_caltech_is_known_by_its_files_and_ordered_by_them(own_folders, monkeypatch):
    archive = real_archive("caltech101-30.tar.xz")
    monkeypatch.setattr(published, "folders", lambda: [archive.parent])
    images, entry = load("caltech101-30"), catalogue.entry("caltech101-30")
    assert (len(images.train_images), len(images.test_images), len(images.classes)) == entry.facts[:3]
    assert images.train_images.shape[1:] == entry.facts.image_shape
    assert (torch.bincount(images.train_labels) == 30).all() and torch.bincount(images.test_labels).max() == 20
    found, _ = folder.read(archive)
    digests = [file.digest for file in found.files if file.split == "train" and file.class_name == "yin_yang"]
    first = folder.decode(replace(found, files=tuple(file for file in found.files if file.digest == min(digests))))
    assert np.array_equal(images.train_images[-30].numpy(), first.train_images[0])


def test_a_caltech_of_other_files_is_refused(own_folders):
    put_images("caltech101-30", own_folders / "caltech101-30", noise(202, 101, 101, side=8))
    with pytest.raises(DataError, match="The files of Caltech-101 .* are not those .* Put caltech101-30.tar.xz"):
        load("caltech101-30")


@pytest.mark.skipif(not Path(DEBIAN).is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_debians_fashion_mnist_is_the_published_one(monkeypatch):
    monkeypatch.setattr(catalogue.entry("fashion-mnist"), "is_cached", False)
    images = load("fashion-mnist")
    assert (len(images.train_images), len(images.test_images), len(images.classes)) == (60_000, 10_000, 10)
    assert (torch.bincount(images.train_labels) == 6_000).all() and (torch.bincount(images.test_labels) == 1_000).all()
    inside = images.train_images[:, :, 2:-2, 2:-2]
    ((mean, deviation),) = statistics(inside[:, :1])
    assert (round(mean, 5), round(deviation, 5)) == (0.28604, 0.35302)
    assert images.train_images.sum() == inside.sum(), "what is around is zero"
    assert catalogue.whereabouts("fashion-mnist") == (True, DEBIAN)


# Fashion-MNIST and SVHN ---------------------------------------------------------------------------


def put_small_fashion(folder, packed):
    """28x28 grey images in idx files; the pixels that they become."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    arrays = []
    for name in _FILES:
        values = (
            rng.integers(0, 256, (30, 28, 28), np.uint8) if "images" in name else np.arange(30, dtype=np.uint8) % 10
        )
        content = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes() + values.tobytes()
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
        arrays.append(np.zeros((30, 3, 32, 32), np.uint8) if "images" in name else values)
        if "images" in name:
            arrays[-1][:, :, 2:30, 2:30] = values[:, None]
    return Pixels(*arrays)


@pytest.mark.parametrize("packed", [True, False])
def test_fashion_mnist_has_two_zeros_around_and_its_grey_in_every_channel(own_folders, monkeypatch, packed):
    place = own_folders / ("debian" if packed else "FashionMNIST/raw")
    pixels = put_small_fashion(place, packed)
    known_as("fashion-mnist", pixels, monkeypatch)
    if packed:
        monkeypatch.setattr(
            catalogue.entry("fashion-mnist"), "forms", (("debian", "debian/t10k-labels-idx1-ubyte.gz"),)
        )
    assert same(load("fashion-mnist"), ordered("fashion-mnist", pixels))


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x08\x03abc", b"\x00\x00\x08\x03" + bytes(11) + b"\x09" * 20])
def test_a_damaged_idx_file_is_named(own_folders, content):
    put_small_fashion(own_folders / "FashionMNIST/raw", packed=False)
    (own_folders / "FashionMNIST/raw/train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(DataError, match="train-images-idx3-ubyte cannot be read, or is damaged"):
        load("fashion-mnist")


def test_svhn_is_read_with_ten_for_zero_in_the_order_it_has(own_folders, monkeypatch):
    pixels = put_small_svhn(own_folders, monkeypatch)
    assert same(load("svhn"), pixels)
    (own_folders / "train_32x32.mat").write_bytes(b"another")
    with pytest.raises(DataError, match="SVHN in .* is damaged, not as published"):
        load("svhn")


def test_svhns_fingerprint_is_of_the_checksums_that_torchvision_verifies():
    files = sorted([file, md5] for split, (_, file, md5) in datasets.SVHN.split_list.items() if split != "extra")
    assert hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16] == catalogue.entry("svhn").fingerprint


def test_the_files_looked_for_are_those_that_torchvision_reads():
    for name, known in (("cifar10", datasets.CIFAR10), ("cifar100", datasets.CIFAR100)):
        listed = [file for file, _ in known.train_list + known.test_list] + [known.meta["filename"]]
        expected = (known.base_folder, *(f"{known.base_folder}/{file}" for file in listed))
        assert catalogue.entry(name).forms[0] == expected
    assert {f"{file}.gz" for file in _FILES} == {file for file, _ in datasets.FashionMNIST.resources}
    assert catalogue.entry("fashion-mnist").classes == tuple(datasets.FashionMNIST.classes)


# Getting them -------------------------------------------------------------------------------------


def test_a_set_that_is_not_here_is_downloaded_on_first_use(tmp_path, own_folders, monkeypatch):
    pixels = noise(20, 20)
    known_as("cifar10", pixels, monkeypatch)
    put_download("cifar10", tmp_path / "site", pixels, monkeypatch)
    with pytest.raises(DataError, match="CIFAR-10 is not here: looked in .*wsnb data fetch cifar10"):
        check("cifar10")
    with served("cifar10", tmp_path / "site", monkeypatch):
        assert same(load("cifar10"), ordered("cifar10", pixels))
    assert catalogue.whereabouts("cifar10").is_here
    assert catalogue.fetch("cifar10") == f"CIFAR-10 is in {own_folders / 'cifar-10-batches-py'}."


@pytest.mark.parametrize("sent", ["half", "other", "nothing"])
def test_a_download_that_is_not_whole_is_refused_and_the_next_one_is_not_hindered(
    tmp_path, own_folders, monkeypatch, sent
):
    pixels = noise(20, 20)
    known_as("cifar10", pixels, monkeypatch)
    site = put_download("cifar10", tmp_path / "site", pixels, monkeypatch)
    whole = site.read_bytes()
    site.write_bytes({"half": whole[: len(whole) // 2], "other": bytes(1000), "nothing": b""}[sent])
    with served("cifar10", site.parent, monkeypatch):
        with pytest.raises(DataError, match="could not be downloaded .*wsnb data fetch cifar10") as refused:
            load("cifar10")
        assert str(own_folders) in str(refused.value)
        site.write_bytes(whole)
        assert len(load("cifar10").train_images) == 20


def test_damaged_batches_are_named_and_mended_by_fetch(tmp_path, own_folders, monkeypatch):
    pixels = noise(20, 20)
    known_as("cifar10", pixels, monkeypatch)
    put_download("cifar10", tmp_path / "site", pixels, monkeypatch)
    put_batches("cifar10", own_folders, pixels, monkeypatch)
    (own_folders / "cifar-10-batches-py" / "data_batch_3").write_bytes(b"x")
    with pytest.raises(DataError, match="cifar-10-batches-py is damaged, not as published .*wsnb data fetch cifar10"):
        check("cifar10")
    with served("cifar10", tmp_path / "site", monkeypatch):
        catalogue.fetch("cifar10")
    assert "20 training and 20 test images" in check("cifar10")


@pytest.mark.parametrize("name", NAMED)
def test_without_a_network_the_sentence_names_set_place_and_what_to_do(own_folders, monkeypatch, name):
    def unreachable(*args, **options):
        raise socket.gaierror("Name or service not known")

    entry = catalogue.entry(name)
    monkeypatch.setattr(entry, "forms", entry.forms[:1])  # Debian's may be here
    monkeypatch.setattr(socket, "create_connection", unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    for act in (load, catalogue.fetch):
        with pytest.raises(DataError) as refused:
            act(name)
        command = () if name.startswith("caltech") else (f"`wsnb data fetch {name}`",)
        for word in (entry.title, str(own_folders), "WSNB_DATA", *command):
            assert word in str(refused.value)
    assert name != "fashion-mnist" or "dataset-fashion-mnist" in str(refused.value)


def test_a_server_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(published, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/cifar-10-python.tar.gz"
        monkeypatch.setattr(datasets.CIFAR10, "url", address)
        began = time.monotonic()
        with pytest.raises(DataError, match="could not be downloaded .*timed out"):
            load("cifar10")
    assert time.monotonic() - began < 5 and socket.getdefaulttimeout() is None


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "file" / "data"))
    with pytest.raises(DataError, match="CIFAR-10 .* could not be downloaded .*file"):
        load("cifar10")


def test_fetch_downloads_nothing_when_images_are_here(own_folders, monkeypatch):
    put_images("cifar10", own_folders / "cifar10", noise(20, 20))
    monkeypatch.setattr(datasets, "CIFAR10", None)
    assert catalogue.fetch("cifar10") == f"CIFAR-10 is in {own_folders / 'cifar10'}."
    assert catalogue.fetch("digits") == "scikit-learn digits is in scikit-learn."
    with pytest.raises(InvalidValue, match="Did you mean 'svhn'"):
        catalogue.fetch("shvn")


def test_whereabouts_are_known_without_reading(own_folders):
    assert catalogue.whereabouts("cifar10") == (False, f"{own_folders} or {own_folders.parent / 'beside'}")
    (own_folders / "cifar10").mkdir(parents=True)
    assert catalogue.whereabouts("cifar10") == (True, str(own_folders / "cifar10"))
    assert catalogue.whereabouts("digits").is_here


def test_small_sets_for_other_tests_are_loaded_under_the_real_fingerprints(own_folders, monkeypatch):
    before = [catalogue.identity(name) for name in ("cifar10", "cifar100", "svhn")]
    puts = (put_small_cifar10, put_small_cifar100, put_small_svhn)
    for name, put in zip(("cifar10", "cifar100", "svhn"), puts, strict=True):
        expected = put(own_folders, monkeypatch)
        assert same(load(name), expected)
    assert [catalogue.identity(name) for name in ("cifar10", "cifar100", "svhn")] == before

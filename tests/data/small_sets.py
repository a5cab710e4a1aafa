"""Small data sets in the forms that the published ones have, and where tests find the real ones."""

from __future__ import annotations

import hashlib
import os
import pickle
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets

from wsnb.data import catalogue, published
from wsnb.data.pixels import Pixels, in_order

FOLDERS = [Path(os.environ["WSNB_DATA"])] if os.environ.get("WSNB_DATA") else published.folders()[1:]
"""Where the real archives are looked for: before a test's own places are set."""


def real_archive(name: str) -> Path:
    """The archive ``name``; the test is skipped when it is not on this machine."""
    for folder in FOLDERS:
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"{name} is not here: looked in {' and '.join(map(str, FOLDERS))}; set WSNB_DATA to its folder")


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def noise(train: int, test: int, classes: int = 10, side: int = 32) -> Pixels:
    """Random images; labels go round."""
    rng = np.random.default_rng(train)
    arrays: list[np.ndarray] = []
    for count in (train, test):
        arrays += [rng.integers(0, 256, (count, 3, side, side), np.uint8), np.arange(count) * 7 % classes]
    return Pixels(*arrays)


def ordered(name: str, pixels: Pixels) -> Pixels:
    """The same in the order of the set ``name``."""
    return in_order(pixels, catalogue.entry(name).classes)[0]


def put_batches(name: str, folder: Path, pixels: Pixels, monkeypatch: pytest.MonkeyPatch) -> Path:
    """CIFAR's own files in ``folder``, with checksums that torchvision is made to expect; where they are."""
    known = getattr(datasets, catalogue.entry(name).torchvision)
    place = folder / known.base_folder
    place.mkdir(parents=True, exist_ok=True)
    label_key = "labels" if name == "cifar10" else "fine_labels"
    for listed, images, labels in (("train_list", *pixels[:2]), ("test_list", *pixels[2:])):
        files = [file for file, _ in getattr(known, listed)]
        sums = []
        for file, part in zip(files, np.array_split(np.arange(len(images)), len(files)), strict=True):
            content = {"data": images[part].reshape(len(part), -1), label_key: labels[part].tolist()}
            (place / file).write_bytes(pickle.dumps(content, protocol=4))
            sums.append([file, md5((place / file).read_bytes())])
        monkeypatch.setattr(known, listed, sums)
    (place / known.meta["filename"]).write_bytes(pickle.dumps({known.meta["key"]: []}, protocol=2))
    content = (place / known.meta["filename"]).read_bytes()
    monkeypatch.setattr(known, "meta", known.meta | {"md5": md5(content)})
    return place


def put_download(name: str, site: Path, pixels: Pixels, monkeypatch: pytest.MonkeyPatch) -> Path:
    """CIFAR's own archive in ``site``, to be had from :func:`served`; its path."""
    known = getattr(datasets, catalogue.entry(name).torchvision)
    place = put_batches(name, site, pixels, monkeypatch)
    with tarfile.open(site / known.filename, "w:gz") as archive:
        archive.add(place, place.name)
    monkeypatch.setattr(known, "tgz_md5", md5((site / known.filename).read_bytes()))
    return site / known.filename


@contextmanager
def served(name: str, site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server of the folder ``site``, which torchvision takes for the one that has the set."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        known = getattr(datasets, catalogue.entry(name).torchvision)
        monkeypatch.setattr(known, "url", f"http://127.0.0.1:{server.server_port}/{known.filename}")
        yield
        server.shutdown()


def put_images(name: str, root: Path, pixels: Pixels) -> Path:
    """The same as PNGs, ``root/train/class/0.png`` and so on."""
    classes = catalogue.entry(name).classes
    for split, images, labels in (("train", *pixels[:2]), ("test", *pixels[2:])):
        number: Counter[int] = Counter()
        for image, label in zip(images, labels, strict=True):
            path = root / split / classes[label] / f"{number[label]}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image.transpose(1, 2, 0)).save(path)
            number[label] += 1
    return root


def trust(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take whatever is read for the set ``name``, under its own fingerprint; and keep it out of the cache."""
    entry = catalogue.entry(name)
    monkeypatch.setattr(entry, "verified", lambda pixels: ordered(name, pixels))
    monkeypatch.setattr(entry, "is_cached", False)


def put_small_cifar10(folder: Path, monkeypatch: pytest.MonkeyPatch, images: int = 20) -> Pixels:
    """CIFAR-10 of so many training and test images, as batches in ``folder``; what loading gives."""
    return _put_small("cifar10", folder, monkeypatch, images)


def put_small_cifar100(folder: Path, monkeypatch: pytest.MonkeyPatch, images: int = 20) -> Pixels:
    """CIFAR-100 of so many training and test images, of its first ten classes; what loading gives."""
    return _put_small("cifar100", folder, monkeypatch, images)


def _put_small(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, images: int) -> Pixels:
    pixels = noise(images, images)
    put_batches(name, folder, pixels, monkeypatch)
    trust(name, monkeypatch)
    return ordered(name, pixels)


def put_small_svhn(folder: Path, monkeypatch: pytest.MonkeyPatch, images: int = 20) -> Pixels:
    """SVHN of so many training and test images, as its files in ``folder``; what loading gives."""
    from scipy.io import savemat

    pixels = noise(images, images)
    folder.mkdir(parents=True, exist_ok=True)
    urls = {}
    for split, stored, labels in (("train", *pixels[:2]), ("test", *pixels[2:])):
        place = folder / f"{split}_32x32.mat"
        labels = np.where(labels == 0, 10, labels).astype(np.uint8)[:, None]
        savemat(place, {"X": stored.transpose(2, 3, 1, 0), "y": labels})
        urls[split] = ["nowhere", place.name, md5(place.read_bytes())]
    monkeypatch.setattr(datasets.SVHN, "split_list", urls)
    return pixels

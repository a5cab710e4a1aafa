"""The pixels of a data set, and the part of them that a trial sees.

:func:`load` gives any set of :mod:`wsnb.catalogue`, or ``images:PATH``, as tensors of uint8 pixels;
:func:`take` draws the part that a :class:`~wsnb.trials.Part` and a seed describe.

What is loaded is what the records were made with, or an error: each named set is checked against its
fingerprint every time. Decoded images are kept in the cache folder, where they can be deleted at any time.

Two places matter. ``WSNB_DATA`` is the folder of downloads and of ``cifar10-images-q75.tar.xz`` (else
``data`` in the cache folder); ``WSNB_CACHE`` is the cache folder (else ``~/.cache/wsnb``).
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wsnb import catalogue, image_files, places
from wsnb.catalogue import DataSet
from wsnb.errors import DataError, InvalidValue
from wsnb.image_files import Pixels
from wsnb.randomness import generator
from wsnb.trials import Part

Q75_ARCHIVE = "cifar10-images-q75.tar.xz"
_Q75_SHA256 = "e82212b8f8580e3e79f41a32c7db0e6a5b8fb10188d1723b706e150379c98be9"

_CACHE_VERSION = 1
"""Raise it when the decoding of ``images:PATH`` changes: what was decoded before is then decoded again."""

_TIMEOUT = 20
"""Seconds without an answer after which a download is given up."""


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """A data set, or a part of one, in memory.

    Args:
        name: as in :mod:`wsnb.catalogue`, or ``images:PATH``.
        title: what pages call it.
        classes: the names of the classes, in the order of the labels.
        train_images, test_images: uint8 [N, 3, H, W], 0 to 255.
        train_labels, test_labels: int64 [N], from 0.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor

    def __repr__(self) -> str:
        height, width = self.train_images.shape[2:]
        return (
            f"ImageSet({self.name!r}, {len(self.classes)} classes, {len(self.train_images)} training and "
            f"{len(self.test_images)} test images of {width}x{height} pixels)"
        )


def load(name: str, *, resize: int | None = None) -> ImageSet:
    """All images of a data set. The published sets are downloaded when they are used for the first time.

    Args:
        name: a name of :mod:`wsnb.catalogue`, or ``images:PATH``.
        resize: for ``images:PATH`` alone, the side in pixels of the square that each image is made;
            see :func:`wsnb.image_files.decode`.

    Raises:
        InvalidValue: there is no such name, or a named set is to be resized.
        DataError: the set cannot be had, or is not what the records were made with.
    """
    path = catalogue.images_path(name)
    if path is not None:
        found = image_files.survey(path)
        key = f"images-v{_CACHE_VERSION}-{found.fingerprint}" + (f"-{resize}px" if resize else "")
        pixels = _cached(key, lambda: image_files.decode(found, resize))
        return _image_set(name, path.resolve().name, found.classes, pixels)
    entry = catalogue.entry(name)
    if resize is not None:
        raise InvalidValue(f"resize is {resize!r} for {name!r}; only images:PATH is resized, so leave it out.")
    if entry.files:
        if not whereabouts(name).is_here:
            fetch(name)
        pixels = _read(entry)
    else:
        pixels = _cached(f"{name}-{entry.fingerprint}", lambda: _read(entry), entry.fingerprint)
    return _image_set(name, entry.title, entry.classes, pixels)


def _image_set(name: str, title: str, classes: tuple[str, ...], pixels: Pixels) -> ImageSet:
    tensors = {field.name: torch.from_numpy(getattr(pixels, field.name)) for field in fields(pixels)}
    return ImageSet(name, title, classes, **tensors)


# The part that a trial sees -----------------------------------------------------------------------


def take(images: ImageSet, part: Part, seed: int) -> ImageSet:
    """The images that ``part`` describes: a random part of the training images, and the test images.

    The training images (of ``part.classes``) are put into the order ``torch.randperm`` draws from
    ``generator(seed, "part")`` and the first ``part.amount`` are taken, in that order: so for one seed
    and one choice of classes, a smaller part is the beginning of a larger one. A fraction is rounded to
    the nearest number of images. Labels are renumbered in the order of ``part.classes``, in training
    and test images alike.

    Raises:
        InvalidValue: there are not so many images or classes, or the fraction is less than one image.
    """
    if part.classes is not None:
        images = _of_classes(images, part.classes)
    there = len(images.train_images)
    count = part.amount if isinstance(part.amount, int) else round(part.amount * there)
    if not 1 <= count <= there:
        of_classes = "" if part.classes is None else f" of the classes {', '.join(images.classes)}"
        raise InvalidValue(
            f"Part.amount is {part.amount!r}, which makes {count:,} images; {images.title} has {there:,} training "
            f"images{of_classes}. Allowed: 1 to {there}, or a fraction from {1 / there:.2g} to 1.0."
        )
    chosen = torch.randperm(there, generator=generator(seed, "part"))[:count]
    return replace(images, train_images=images.train_images[chosen], train_labels=images.train_labels[chosen])


def _of_classes(images: ImageSet, classes: tuple[int, ...]) -> ImageSet:
    known = len(images.classes)
    unknown = [index for index in classes if not 0 <= index < known]
    if unknown:
        raise InvalidValue(
            f"Part.classes has {unknown[0]}; {images.title} has {known} classes. Allowed: 0 to {known - 1}."
        )
    new_label = torch.full((known,), -1)
    new_label[list(classes)] = torch.arange(len(classes))
    train, test = new_label[images.train_labels], new_label[images.test_labels]
    return replace(
        images,
        classes=tuple(images.classes[index] for index in classes),
        train_images=images.train_images[train >= 0],
        train_labels=train[train >= 0],
        test_images=images.test_images[test >= 0],
        test_labels=test[test >= 0],
    )


# Where a set is, and whether it is right ----------------------------------------------------------


@dataclass(frozen=True)
class Whereabouts:
    """A line of the list of data sets; ``place`` says where the set is, or where it was looked for."""

    name: str
    title: str
    train_images: int
    test_images: int
    classes: int
    is_here: bool
    place: str


def whereabouts(name: str) -> Whereabouts:
    """Whether the named set ``name`` is on this machine, and where; found without reading its pixels."""
    entry = catalogue.entry(name)
    if name == "digits":
        is_here, place = True, "in scikit-learn"
    elif name == "cifar10-q75":
        archive = _find_q75()
        is_here, place = archive is not None, str(archive or " or ".join(map(str, _q75_folders())))
    else:
        folder = data_folder()
        is_here, place = all((folder / file).is_file() for file, _ in entry.files), str(folder)
    return Whereabouts(name, entry.title, entry.train_images, entry.test_images, len(entry.classes), is_here, place)


def check(name: str, *, resize: int | None = None) -> str:
    """Read the whole set from its source, past the cache and without a download, and say what it is.

    Raises:
        InvalidValue: there is no such name.
        DataError: the set is not here, or not what it says it is.
    """
    path = catalogue.images_path(name)
    if path is not None:
        found = image_files.survey(path)
        pixels, title, classes, fingerprint = (
            image_files.decode(found, resize),
            str(path),
            found.classes,
            found.fingerprint,
        )
    else:
        entry = catalogue.entry(name)
        pixels, title, classes, fingerprint = _read(entry), entry.title, entry.classes, entry.fingerprint
        title += f" ({whereabouts(name).place})"
    height, width = pixels.train_images.shape[2:]
    return (
        f"{title} is here and right: {len(pixels.train_images):,} training and {len(pixels.test_images):,} test images "
        f"of {width}x{height} pixels in {len(classes)} classes, fingerprint {fingerprint}."
    )


def data_folder() -> Path:
    """Where downloads are kept: ``WSNB_DATA``, else ``data`` in the cache folder."""
    return Path(os.environ.get("WSNB_DATA") or places.cache() / "data").expanduser().absolute()


# Reading each set from its source -----------------------------------------------------------------


def _read(entry: DataSet) -> Pixels:
    """The pixels of a named set from its source, checked."""
    if entry.files:
        return _read_published(entry)
    return _checked(entry, _decode_q75() if entry.name == "cifar10-q75" else _digits())


def pixel_fingerprint(pixels: Pixels) -> str:
    """16 hexadecimal digits of a SHA-256 over name, type, shape and bytes of each array in turn."""
    digest = hashlib.sha256()
    for field in fields(pixels):
        array = np.ascontiguousarray(getattr(pixels, field.name))
        digest.update(f"{field.name} {array.dtype} {array.shape} ".encode())
        digest.update(array.data)
    return digest.hexdigest()[:16]


def _checked(entry: DataSet, pixels: Pixels) -> Pixels:
    found = pixel_fingerprint(pixels)
    if found != entry.fingerprint:
        raise DataError(
            f"The pixels of {entry.title} are not those that the records were made with (fingerprint {found}, expected "
            f"{entry.fingerprint}); this version of Pillow or scikit-learn reads them differently: install the "
            f"versions of requirements.lock."
        )
    return pixels


def _digits() -> Pixels:
    """scikit-learn's 8x8 digits as 32x32 RGB: each pixel a 4x4 block, grey values 0 to 16 spread over 0 to 255.

    Every fifth image of each class, in scikit-learn's order, is a test image.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    grey = ((digits.images.astype(np.int64) * 255 + 8) // 16).astype(np.uint8)
    images = np.repeat(np.kron(grey, np.ones((4, 4), np.uint8))[:, None], 3, axis=1)
    labels = digits.target.astype(np.int64)
    is_test = np.zeros(len(labels), bool)
    for label in range(10):
        is_test[np.flatnonzero(labels == label)[4::5]] = True
    return Pixels(images[~is_test], labels[~is_test], images[is_test], labels[is_test])


def _q75_folders() -> list[Path]:
    checkout = Path(__file__).resolve().parent.parent
    beside = [folder.parent / "shared" / "data" for folder in (checkout, Path.cwd())]
    return list(dict.fromkeys([data_folder(), *beside]))


def _find_q75() -> Path | None:
    return next((folder / Q75_ARCHIVE for folder in _q75_folders() if (folder / Q75_ARCHIVE).is_file()), None)


def _decode_q75() -> Pixels:
    """The pixels of the archive of JPEGs, ordered by split, class and name."""
    archive = _find_q75()
    title = catalogue.entry("cifar10-q75").title
    if archive is None:
        raise DataError(
            f"{title} is not here: there is no {Q75_ARCHIVE} in {' or '.join(map(str, _q75_folders()))}. "
            f"Set WSNB_DATA to the folder that has it."
        )
    if _digest(archive, "sha256") != _Q75_SHA256:
        raise DataError(f"{archive} is not the archive of {title}: its SHA-256 is not {_Q75_SHA256}. Copy it again.")
    return image_files.decode(image_files.survey(archive))


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


# The published sets -------------------------------------------------------------------------------


def _published(name: str) -> Any:
    """torchvision's class for a published set, which knows where it is to be had and how to read it."""
    from torchvision import datasets  # takes a second, and most of what is done here needs none of it

    return {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100, "svhn": datasets.SVHN}[name]


def _wrong_files(entry: DataSet, folder: Path) -> list[str]:
    """Those of the set's files that ``folder`` lacks or has with another MD5 sum than the published one."""
    return [file for file, md5 in entry.files if not (folder / file).is_file() or _digest(folder / file, "md5") != md5]


def _read_published(entry: DataSet) -> Pixels:
    folder = data_folder()
    wrong = _wrong_files(entry, folder)
    if wrong:
        raise DataError(
            f"{entry.title} is not here: {', '.join(wrong)} in {folder} missing, or not as published. "
            f"Get it with `wsnb data fetch {entry.name}`, or set WSNB_DATA to the folder that has it."
        )
    splits = [{"split": "train"}, {"split": "test"}] if entry.name == "svhn" else [{"train": True}, {"train": False}]
    arrays = []
    for split in splits:
        read = _published(entry.name)(folder, **split)
        # CIFAR comes as [N, H, W, 3] with a list of targets, SVHN as [N, 3, H, W] with an array of labels.
        is_svhn = entry.name == "svhn"
        arrays.append(np.ascontiguousarray(read.data if is_svhn else read.data.transpose(0, 3, 1, 2)))
        arrays.append(np.asarray(read.labels if is_svhn else read.targets, np.int64))
    return Pixels(*arrays)


def fetch(name: str) -> str:
    """Download a published set into :func:`data_folder` unless it is there, and say where it is.

    The archive itself is used where it lies in that folder already. Files are put into place only when
    they are whole and have the published MD5 sums, so a download that is broken off leaves nothing.

    Raises:
        InvalidValue: there is no such name.
        DataError: there is no network, no permission to write, or the set is not one to be downloaded.
    """
    entry = catalogue.entry(name)
    if name == "digits":
        return f"{entry.title} comes with scikit-learn: there is nothing to download."
    if name == "cifar10-q75":
        archive = _find_q75()
        if archive is not None:
            return f"{entry.title} is in {archive}."
        raise DataError(
            f"{entry.title} is not offered for download. Put {Q75_ARCHIVE} into {data_folder()}, "
            f"or set WSNB_DATA to the folder that has it."
        )
    folder = data_folder()
    if _wrong_files(entry, folder):
        sources = _sources(name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
                _fetch(entry, sources, folder, Path(scratch))
        except (OSError, http.client.HTTPException, tarfile.TarError, EOFError, ValueError) as error:
            raise DataError(
                f"{entry.title} is not in {folder} and could not be downloaded ({error}). Where there is a network, "
                f"`wsnb data fetch {name}` gets it; else put {' and '.join(file for _, file, _ in sources)} "
                f"into that folder, or set WSNB_DATA to the folder that has it."
            ) from error
    return f"{entry.title} is in {folder}."


def _sources(name: str) -> list[tuple[str, str, str]]:
    """Address, file name and MD5 sum of each file to download, as torchvision gives them."""
    known = _published(name)
    if name == "svhn":
        return [tuple(known.split_list[split]) for split in ("train", "test")]
    return [(known.url, known.filename, known.tgz_md5)]


def _fetch(entry: DataSet, sources: list[tuple[str, str, str]], folder: Path, scratch: Path) -> None:
    """Get the set's files into ``scratch``, and from there, when all are right, into ``folder``."""
    for url, file_name, md5 in sources:
        file = folder / file_name
        if not file.is_file() or _digest(file, "md5") != md5:
            file = scratch / file_name
            _download(url, file)
            if _digest(file, "md5") != md5:
                raise OSError(f"what {url} sent has not the published MD5 sum {md5}")
        if file_name.endswith(".tar.gz"):
            _unpack(file, [wanted for wanted, _ in entry.files], scratch)
    wrong = _wrong_files(entry, scratch)
    if wrong:
        raise OSError(f"{', '.join(wrong)} have not the published MD5 sums")
    for wanted, _ in entry.files:
        (folder / wanted).parent.mkdir(parents=True, exist_ok=True)
        os.replace(scratch / wanted, folder / wanted)


def _download(url: str, to: Path) -> None:
    from tqdm import tqdm

    silent = True if os.environ.get("WSNB_PROGRESS") == "off" else None  # None: unless a terminal shows it
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, to.open("wb") as file:
        size = int(answer.headers.get("Content-Length") or 0) or None
        with tqdm(total=size, unit="B", unit_scale=True, desc=to.name, disable=silent) as bar:
            while chunk := answer.read(2**18):
                file.write(chunk)
                bar.update(len(chunk))


def _unpack(archive: Path, wanted: list[str], folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for name in wanted:
            try:
                content = tar.extractfile(name)
            except KeyError as error:
                raise OSError(f"{archive} has no {name}") from error
            assert content is not None, "a file whose MD5 sum is known is no folder"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content.read())


# The cache of decoded images ----------------------------------------------------------------------


def _cached(key: str, make: Callable[[], Pixels], fingerprint: str | None = None) -> Pixels:
    """What ``make`` returns, from the cache where it is there and whole; put there for the next time."""
    path = places.cache() / "pixels" / f"{key}.npz"
    pixels = _from_cache(path)
    if pixels is None or (fingerprint is not None and pixel_fingerprint(pixels) != fingerprint):
        pixels = make()
        _to_cache(path, pixels)
    return pixels


def _from_cache(path: Path) -> Pixels | None:
    try:
        with np.load(path, allow_pickle=False) as stored:  # a zip, whose checksums are verified in reading
            return Pixels(**{field.name: stored[field.name] for field in fields(Pixels)})
    except Exception:  # a damaged file fails in many ways, and is made again whichever it is
        return None


def _to_cache(path: Path, pixels: Pixels) -> None:
    """Write the cache file at once and whole; without a place to write, the next load decodes again."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **{field.name: getattr(pixels, field.name) for field in fields(pixels)})
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

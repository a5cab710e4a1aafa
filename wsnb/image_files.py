"""Images in a folder, a zip or a tar, one folder per class: which there are, and their pixels.

The layout, in a folder and in an archive alike::

    PATH/class/....png                          a fifth of each class is held out as the test set
    PATH/train/class/....png                    likewise
    PATH/train/class/...  PATH/test/class/...   the split is the one that the folders make

Folders that hold nothing but one other folder may stand around this, as they do in many archives,
and folders inside a class belong to the class. Hidden files and folders (a leading dot) and macOS's
``__MACOSX`` are passed over; every other file has to be an image, and the first that is not is named.

Archives are read from beginning to end where they lie; nothing is ever written to disk. One is refused
when it is damaged, or holds anything but plain files and folders below its own root: an absolute
path, ``..``, a link, a device, a name that occurs twice. In a folder, links are followed.

**Held out.** Without ``test/``, the files of a class are ordered by the SHA-256 of ``class/name`` and
the first fifth of them (rounded, at least one) are its test images. So the split depends on names
alone: not on a seed, on the order in a file system, or on what the archive is called.

**Pixels.** JPEG, PNG, WebP, BMP, GIF (the first frame), TIFF and PPM are read. The orientation that a
camera wrote is applied; grey, palette, CMYK and transparent images become RGB as Pillow converts
them (transparency is dropped); grey images of 16 or 32 bits are refused rather than clipped.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from wsnb.errors import DataError, InvalidValue, near_miss

ARCHIVES = (".zip", ".tar", ".tar.xz", ".tar.gz", ".txz", ".tgz")
"""How the name of an archive ends."""

SMALLEST_SIDE = 8
"""Pixels: models halve an image up to three times."""

MOST_PIXELS = 2**26
"""Of one image: a larger one is refused before it is decoded (8 192 x 8 192)."""

MOST_BYTES = 2**28
"""Of one file: a larger one is refused before it is read (256 MiB)."""

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_SPLITS = ("train", "test")
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
)


@dataclass(frozen=True)
class ImageFile:
    """One image: where it stands in its folder or archive, and what that says of it."""

    place: str
    split: str
    class_name: str
    name: str


@dataclass(frozen=True)
class Survey:
    """What a folder or archive holds, known without decoding an image.

    Args:
        path: the folder or archive, absolute.
        classes: the names of the classes, sorted.
        files: all images, ordered by split (train first), class and name.
        fingerprint: 16 hexadecimal digits of a SHA-256 over split, class, name and bytes of every
            file in sorted order: the same for a folder and for an archive of it.
    """

    path: Path
    classes: tuple[str, ...]
    files: tuple[ImageFile, ...]
    fingerprint: str


@dataclass(frozen=True)
class Pixels:
    """Decoded images, uint8 [N, 3, H, W], and their labels, int64 [N], of both splits."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


# Which images there are ---------------------------------------------------------------------------


def survey(path: Path) -> Survey:
    """The classes, images and fingerprint of the folder or archive at ``path``.

    Every file is read once; the result is kept for as long as no file's size or time changes.

    Raises:
        DataError: there is nothing at ``path``, it cannot be read, or its layout is not one of the above.
    """
    with _readable(path):
        path = _existing(path)
        state = _state(path)
    return _survey(path, state)


@lru_cache(maxsize=8)
def _survey(path: Path, state: tuple[object, ...]) -> Survey:
    digests: dict[str, str] = {}
    folders: list[str] = []
    for place, content in _members(path):
        if content is None:
            folders.append(place)
        else:
            digests[place] = hashlib.sha256(content).hexdigest()
    classes, files = _layout(path, list(digests), folders)
    lines = [[file.split, file.class_name, file.name, digests[file.place]] for file in files]
    fingerprint = hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:16]
    return Survey(path, classes, files, fingerprint)


def _existing(path: Path) -> Path:
    path = path.absolute()
    if path.exists():
        return path
    siblings = [sibling.name for sibling in path.parent.iterdir()] if path.parent.is_dir() else []
    raise DataError(
        f"There is no folder or archive {path}; images:PATH takes a folder, or a file that ends in "
        f"{', '.join(ARCHIVES)}.{near_miss(path.name, siblings)}"
    )


def _state(path: Path) -> tuple[object, ...]:
    """What changes when the files do, found without reading them: every size and time of modification."""
    if not path.is_dir():
        status = path.stat()
        return (status.st_size, status.st_mtime_ns)
    found = ((place, None if file is None else file.stat()) for place, file in _walk(path))
    return tuple((place, status and (status.st_size, status.st_mtime_ns)) for place, status in found)


def _layout(path: Path, places: list[str], folders: list[str]) -> tuple[tuple[str, ...], tuple[ImageFile, ...]]:
    """The classes and the images, in order, of which ``places`` are the files and ``folders`` the folders."""
    if not places:
        raise DataError(f"{path} holds no images; give it a folder of images for each class.")
    images: dict[str, dict[str, list[ImageFile]]] = {split: defaultdict(list) for split in _SPLITS}
    for file in _files(path, places, folders):
        images[file.split][file.class_name].append(file)
    if not images["train"]:
        raise DataError(f"{path} has a folder 'test' and no images in 'train'; put the training images into 'train'.")
    if not images["test"]:
        _hold_out(path, images)
    _check_classes(path, {split: set(images[split]) for split in _SPLITS})
    classes = tuple(sorted(images["train"]))
    in_order: list[ImageFile] = []
    for split in _SPLITS:
        for class_name in classes:
            in_order += sorted(images[split][class_name], key=lambda file: file.name)
    return classes, tuple(in_order)


def _files(path: Path, places: list[str], folders: list[str]) -> Iterator[ImageFile]:
    """The split, class and name that the ``places`` of files give them; each folder of a class has to hold a file."""
    around = _folders_around(places, folders)
    inside = {place: place.split("/")[around:] for place in places}
    is_split = any(parts[0] in _SPLITS for parts in inside.values())
    depth = 2 if is_split else 1  # of the folders of the classes
    for place, parts in inside.items():
        if is_split and parts[0] not in _SPLITS:
            raise DataError(f"{path} has {parts[0]!r} beside 'train' or 'test'; allowed there: train and test alone.")
        if len(parts) <= depth:
            raise DataError(
                f"{path} has the file {place} outside the folders of the classes; "
                f"put it into the folder of its class, or take it out."
            )
    with_files = {tuple(parts[:above]) for parts in inside.values() for above in range(depth + 1)}
    for folder in folders:
        parts = folder.split("/")[around:]
        if len(parts) <= depth and tuple(parts) not in with_files:
            raise DataError(f"{path} has no image in the folder {folder}; put images into it, or remove it.")
    for place, parts in inside.items():
        split = parts[0] if is_split else "train"
        yield ImageFile(place, split, parts[depth - 1], "/".join(parts[depth:]))


def _check_classes(path: Path, classes: dict[str, set[str]]) -> None:
    """Training and test images have to have the same classes, two or more."""
    only = {"train": classes["train"] - classes["test"], "test": classes["test"] - classes["train"]}
    if only["train"] or only["test"]:
        differences = "; ".join(f"only in {split}: {', '.join(sorted(only[split]))}" for split in only if only[split])
        raise DataError(f"{path} has different classes in train and test ({differences}); make them the same.")
    if len(classes["train"]) < 2:
        raise DataError(f"{path} has one class only, {min(classes['train'])!r}; there have to be two or more.")


def _folders_around(places: list[str], folders: list[str]) -> int:
    """How many folders, each alone in the one around it, stand around the layout."""
    parts = [place.split("/") for place in places + folders]
    # A lone folder is one around the rest only when all that it holds is in folders again; else it is a class.
    most = min(place.count("/") for place in places) - 1
    around = 0
    while around < most and len({part[around] for part in parts if len(part) > around}) == 1:
        if parts[0][around] in _SPLITS:
            break
        around += 1
    return around


def _hold_out(path: Path, images: dict[str, dict[str, list[ImageFile]]]) -> None:
    """Move a fifth of each class from the training to the test images."""
    for class_name, files in images["train"].items():
        if len(files) < 2:
            raise DataError(
                f"{path} has one image in class {class_name!r} and no test images; "
                f"a class takes two or more, so that one can be held out for the test."
            )
        by_hash = sorted(files, key=_hash_of_name)
        count = max(1, round(len(files) / 5))
        images["test"][class_name] = [replace(file, split="test") for file in by_hash[:count]]
        images["train"][class_name] = by_hash[count:]


def _hash_of_name(file: ImageFile) -> bytes:
    # File names are bytes to the system, and need not be text.
    return hashlib.sha256(f"{file.class_name}/{file.name}".encode(errors="surrogateescape")).digest()


# Their bytes --------------------------------------------------------------------------------------


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what goes wrong in reading ``path`` into a :class:`DataError`."""
    try:
        yield
    except _DAMAGED as error:
        raise DataError(f"{path} is damaged or cut short ({_words(error)}); copy or download it again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({_words(error)}); is it whole, and may you read it?") from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _members(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Each file below ``path`` with its bytes and each folder with None, by its place ("a/b.png"); no hidden ones."""
    name = path.name.lower()
    if not path.is_dir() and not name.endswith(ARCHIVES):
        raise DataError(f"{path} is no folder and no archive, whose name ends in one of {', '.join(ARCHIVES)}.")
    with _readable(path):
        if path.is_dir():
            yield from _folder_members(path)
        elif name.endswith(".zip"):
            yield from _zip_members(path)
        else:
            yield from _tar_members(path)


def _is_hidden(place: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in place.split("/"))


def _check_size(path: Path, place: str, size: int) -> None:
    if size > MOST_BYTES:
        raise DataError(f"{path} holds {place} of {size:,} bytes; allowed: images of at most {MOST_BYTES:,} bytes.")


def _walk(folder: Path, below: str = "", around: tuple[Path, ...] = ()) -> Iterator[tuple[str, os.DirEntry | None]]:
    """The files below ``folder`` by place and, with None, the folders, sorted; no hidden ones."""
    real = folder.resolve()
    if real in around:
        raise DataError(f"{folder} is a link to a folder that it lies in; remove the link.")
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        place = f"{below}{entry.name}"
        if _is_hidden(entry.name):
            continue
        if entry.is_dir():
            yield place, None
            yield from _walk(Path(entry.path), f"{place}/", (*around, real))
        elif entry.is_file():
            yield place, entry
        else:
            raise DataError(f"{entry.path} is a device, or a link to nothing; put the image there, or take it out.")


def _folder_members(path: Path) -> Iterator[tuple[str, bytes | None]]:
    for place, file in _walk(path):
        if file is None:
            yield place, None
        else:
            _check_size(path, place, file.stat().st_size)
            yield place, Path(file.path).read_bytes()


def _place(path: Path, name: str, seen: set[str]) -> str | None:
    """Where the member ``name`` of the archive ``path`` stands in it; None for the root and for what is hidden.

    Raises:
        DataError: it would stand outside, or where another member of ``seen`` does.
    """
    parts = name.replace("\\", "/").split("/")
    if parts[0] == "" or parts[0].endswith(":") or ".." in parts:
        raise DataError(f"{path} holds {name!r}, which leaves the archive's own folder; such archives are refused.")
    place = "/".join(part for part in parts if part not in ("", "."))
    if not place or _is_hidden(place):
        return None
    if place in seen:
        raise DataError(f"{path} holds {place} twice; make an archive that holds it once.")
    seen.add(place)
    return place


def _zip_members(path: Path) -> Iterator[tuple[str, bytes | None]]:
    seen: set[str] = set()
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            place = _place(path, member.filename, seen)
            kind = stat.S_IFMT(member.external_attr >> 16)  # zero when the archive was not made on Unix
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise DataError(f"{path} holds {member.filename}, a link or a device; only plain files are read.")
            if place is None or member.is_dir():
                if place is not None:
                    yield place, None
                continue
            if member.flag_bits & 1:
                raise DataError(f"{path} holds {place}, which is encrypted; make the archive without a password.")
            _check_size(path, place, member.file_size)
            yield place, archive.read(member)


class _WholeTarInfo(tarfile.TarInfo):
    """A member of a tar that ends with an end marker: by itself, tarfile takes a damaged header for the end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> tarfile.TarInfo:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(_words(error)) from error


_DECOMPRESSED: dict[str, Callable[..., Any]] = {"xz": lzma.open, "gz": gzip.open}


def _tar_members(path: Path) -> Iterator[tuple[str, bytes | None]]:
    seen: set[str] = set()
    opened = next((_DECOMPRESSED[end] for end in _DECOMPRESSED if path.name.lower().endswith(end)), open)
    with opened(path, "rb") as stream:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_WholeTarInfo) as archive:
            for member in archive:
                place = _place(path, member.name, seen)
                if not (member.isreg() or member.isdir()):
                    raise DataError(f"{path} holds {member.name}, a link or a device; only plain files are read.")
                if place is None or member.isdir():
                    if place is not None:
                        yield place, None
                    continue
                _check_size(path, place, member.size)
                reader = archive.extractfile(member)
                assert reader is not None, "a regular member has content"
                yield place, reader.read()
        while stream.read(2**20):  # the checksum of a compressed archive stands at its end
            pass


# Their pixels -------------------------------------------------------------------------------------


def decode(found: Survey, resize: int | None = None) -> Pixels:
    """The pixels of all images that ``found`` lists, in its order.

    Args:
        found: what :func:`survey` returned.
        resize: side in pixels of the square that each image is resized to, bilinear with antialiasing
            and without keeping its proportions; None takes the images as they are, all of one size.

    Raises:
        InvalidValue: ``resize`` is too small.
        DataError: a file is no image or a broken one, too small or too large; sizes are mixed; or the
            files are no longer those that ``found`` lists.
    """
    if resize is not None and resize < SMALLEST_SIDE:
        raise InvalidValue(f"resize is {resize!r}; allowed: a side of {SMALLEST_SIDE} pixels or more, or None.")
    position = {file.place: index for index, file in enumerate(found.files)}
    images: np.ndarray | None = None
    first = ""
    missing = set(position)
    for place, content in _members(found.path):
        if content is None:
            continue
        image = _pixels(found.path, place, content, resize)
        if images is None:
            first, images = place, np.empty((len(position), *image.shape), np.uint8)
        if image.shape != images.shape[1:]:
            raise DataError(
                f"{found.path} has images of different sizes: {first} is {_size(images[0])} and {place} is "
                f"{_size(image)} (width x height, pixels); say to which size they are to be made, such as resize=32."
            )
        if place not in missing:
            raise DataError(f"{found.path} changed while it was being read ({place} is new); read it again.")
        missing.remove(place)
        images[position[place]] = image
    if missing or images is None:
        raise DataError(f"{found.path} changed while it was being read ({min(missing)} is gone); read it again.")
    number = {name: label for label, name in enumerate(found.classes)}
    labels = np.array([number[file.class_name] for file in found.files], np.int64)
    in_train = sum(file.split == "train" for file in found.files)
    return Pixels(images[:in_train], labels[:in_train], images[in_train:], labels[in_train:])


def _size(image: np.ndarray) -> str:
    return f"{image.shape[2]}x{image.shape[1]}"


def _pixels(path: Path, place: str, content: bytes, resize: int | None) -> np.ndarray:
    """The image that ``content`` encodes, uint8 [3, H, W]."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(
                    f"{path} holds {place} of {image.width}x{image.height} pixels; "
                    f"allowed: at most {MOST_PIXELS:,} pixels, so make it smaller."
                )
            if image.mode.startswith(("I", "F")):
                raise DataError(f"{path} holds {place} with more than 8 bits a pixel; save it with 8.")
            image = ImageOps.exif_transpose(image)
            if "transparency" in image.info:
                image = image.convert("RGBA")
            image = image.convert("RGB")
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{path} holds {place}, which is too large to decode: {error}") from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path} holds {place}, which is no image; take it out. Images are {', '.join(_FORMATS)}."
        ) from error
    except Exception as error:  # Pillow's decoders raise whatever a broken file leads them to
        raise DataError(
            f"{path} holds {place}, an image that cannot be read ({_words(error)}); mend it or take it out."
        ) from error
    if resize is not None:
        image = image.resize((resize, resize), Image.Resampling.BILINEAR)
    elif min(image.size) < SMALLEST_SIDE:
        raise DataError(
            f"{path} holds {place} of {image.width}x{image.height} pixels; allowed: {SMALLEST_SIDE} or more a side, "
            f"or a size that they are to be made, such as resize=32."
        )
    return np.asarray(image).transpose(2, 0, 1)

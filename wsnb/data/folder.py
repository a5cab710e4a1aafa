"""``images:PATH``: a folder, zip or tar of images, one folder per class: which there are, and their pixels.

The layout, in a folder and in an archive alike::

    PATH/class/....png                          a fifth of each class is held out as the test set
    PATH/train/class/....png                    likewise
    PATH/train/class/...  PATH/test/class/...   the split is the one that the folders make

Folders that hold nothing but one other folder may stand around this, as they do in many archives, and folders
inside a class belong to the class. What desktops and cameras leave behind (hidden files and folders, ``Thumbs.db``,
``__MACOSX`` ...) is passed over and counted; every other file has to be an image, and the first that is not is named.

Archives are read where they lie, and nothing is written under a name that stands in one (a compressed tar is
unpacked into one nameless file of ``TMPDIR``). One is refused when it is damaged, or holds anything but plain files
and folders below its own root: an absolute path, ``..``, a link, a device, a name that occurs twice. In a folder,
links are followed.

**Held out.** Without ``test/``, the files of a class are ordered by the SHA-256 of ``class/name`` and the first
fifth of them (rounded, at least one) are its test images. So the split depends on names alone: not on a seed, on
the order in a file system, or on what the archive is called.

**Pixels.** JPEG, PNG, WebP, BMP, GIF (the first frame), TIFF and PPM are read. The orientation that a camera wrote
is applied; grey, palette, CMYK and transparent images become RGB as Pillow converts them (transparency is dropped);
grey images of 16 or 32 bits are refused rather than clipped.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from wsnb.data.pixels import SMALLEST_SIDE, Pixels, check_side
from wsnb.errors import DataError, near_miss

ARCHIVES = (".zip", ".tar", ".tar.xz", ".tar.gz", ".txz", ".tgz")
"""How the name of an archive ends."""

MOST_PIXELS = 2**26
"""Of one image: a larger one is refused before it is decoded (8 192 x 8 192)."""

MOST_BYTES = 2**28
"""Of one file: a larger one is refused before it is read (256 MiB)."""

LEFT_BEHIND = ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "__macosx", "@eadir")
LEFT_BEHIND += ("icon\r", "$recycle.bin", "system volume information", "lost+found")
LEFT_BEHIND_ENDINGS = (".aae", ".ctg", ".thm", ".xmp", ":zone.identifier", "~")
"""Files and folders that desktops, and files that cameras, put beside images; in lower case."""

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_SPLITS = ("train", "test")
_LIKE_SPLITS = frozenset(("train", "test", "training", "testing", "val", "valid", "validation"))
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error)
_DAMAGED += (EOFError, NotImplementedError, UnicodeError)


class ImageFile(NamedTuple):
    """One image: where it stands in its folder or archive, what that says of it, and the SHA-256 of its bytes."""

    place: str
    split: str
    class_name: str
    name: str
    digest: str


@dataclass(frozen=True)
class Survey:
    """What a folder or archive holds, known without decoding an image.

    Args:
        path: the folder or archive, absolute.
        classes: the names of the classes, sorted.
        files: all images, ordered by split (train first), class and name.
        fingerprint: 16 hexadecimal digits of a SHA-256 over split, class, name and bytes of every
            file in sorted order: the same for a folder and for an archive of it.
        passed_over: how many files and folders were left out, as no images of the user's.
    """

    path: Path
    classes: tuple[str, ...]
    files: tuple[ImageFile, ...]
    fingerprint: str
    passed_over: int


class _Contents(NamedTuple):
    """A folder or an archive that is open: the files by place ("a/b.png") with their sizes, and all folders."""

    files: dict[str, int]
    folders: list[str]
    passed_over: int
    read: Callable[[str], bytes]


# Which images there are ---------------------------------------------------------------------------


def survey(path: Path) -> Survey:
    """The classes, images and fingerprint of the folder or archive at ``path``.

    Every file is read once; the result is kept for as long as no file's size or time changes.

    Raises:
        DataError: there is nothing at ``path``, it cannot be read, or its layout is not one of the above.
    """
    with _readable(path):
        return _survey(_existing(path), _state(_existing(path)))


@lru_cache(maxsize=8)
def _survey(path: Path, state: tuple[object, ...]) -> Survey:
    with _opened(path) as contents:
        return _survey_of(path, contents)


def read(path: Path, resize: int | None = None) -> tuple[Survey, Pixels]:
    """What :func:`survey` and :func:`decode` give, with an archive unpacked once."""
    with opened(path) as contents:
        found = _survey_of(_existing(path), contents)
        return found, _decoded(found, contents, resize)


def _survey_of(path: Path, contents: _Contents) -> Survey:
    classes, files = _layout(path, contents.files, contents.folders)
    for file in files:
        if contents.files[file.place] > MOST_BYTES:
            size = f"{contents.files[file.place]:,} bytes"
            raise DataError(f"{path} holds {file.place} of {size}; allowed: images of at most {MOST_BYTES:,} bytes.")
    files = [file._replace(digest=hashlib.sha256(contents.read(file.place)).hexdigest()) for file in files]
    lines = [[file.split, file.class_name, file.name, file.digest] for file in files]
    fingerprint = hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:16]
    return Survey(path, classes, tuple(files), fingerprint, contents.passed_over)


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
    if path.is_dir():
        found = list(_walk(path))
        return tuple((place, file and (file.stat().st_size, file.stat().st_mtime_ns)) for place, file in found)
    return (path.stat().st_size, path.stat().st_mtime_ns)


def _layout(path: Path, places: Collection[str], folders: list[str]) -> tuple[tuple[str, ...], list[ImageFile]]:
    """The classes and the images, in order, of which ``places`` are the files and ``folders`` the folders."""
    if not places:
        raise DataError(f"{path} holds no images; give it a folder of images for each class.")
    parts_of = {place: place.split("/") for place in (*places, *folders)}
    # A lone folder is one around the rest only when all that it holds is in folders again; else it is a class.
    most = min(place.count("/") for place in places) - 1
    around = 0  # folders, each alone in the one around it, that stand around the layout
    while around < most and len(lone := {parts[around] for parts in parts_of.values() if len(parts) > around}) == 1:
        if lone & set(_SPLITS):
            break
        around += 1
    inside = {place: parts[around:] for place, parts in parts_of.items()}
    is_split = any(inside[place][0] in _SPLITS for place in places)
    tops = {inside[place][0] for place in places if len(inside[place]) > 1}
    if not is_split and tops and tops <= _LIKE_SPLITS.union(map(str.title, _LIKE_SPLITS), map(str.upper, _LIKE_SPLITS)):
        raise DataError(
            f"{path} has {' and '.join(map(repr, sorted(tops)))} for folders of classes, which look like parts of the "
            "data; call them 'train' and 'test', or, if they are classes, something else."
        )
    depth = 2 if is_split else 1  # of the folders of the classes
    images: dict[str, dict[str, list[ImageFile]]] = {split: defaultdict(list) for split in _SPLITS}
    for place in places:
        parts = inside[place]
        if is_split and parts[0] not in _SPLITS:
            raise DataError(f"{path} has {parts[0]!r} beside 'train' or 'test'; allowed there: train and test alone.")
        if len(parts) <= depth:
            raise DataError(
                f"{path} has the file {place} outside the folders of the classes; "
                f"put it into the folder of its class, or take it out."
            )
        split, class_name, name = parts[0] if is_split else "train", parts[depth - 1], "/".join(parts[depth:])
        images[split][class_name].append(ImageFile(place, split, class_name, name, digest=""))
    with_files = {tuple(inside[place][:above]) for place in places for above in range(depth + 1)}
    for folder in folders:
        if len(inside[folder]) <= depth and tuple(inside[folder]) not in with_files:
            raise DataError(f"{path} has no image in the folder {folder}; put images into it, or remove it.")
    if not images["train"]:
        raise DataError(f"{path} has a folder 'test' and no images in 'train'; put the training images into 'train'.")
    if not images["test"]:
        _hold_out(path, images)
    train, test = (set(images[split]) for split in _SPLITS)
    if train != test:
        only = {"train": train - test, "test": test - train}
        differences = "; ".join(f"only in {split}: {', '.join(sorted(only[split]))}" for split in only if only[split])
        raise DataError(f"{path} has different classes in train and test ({differences}); make them the same.")
    if len(train) < 2:
        raise DataError(f"{path} has one class only, {min(train)!r}; there have to be two or more.")
    pairs = [images[split][class_name] for split in _SPLITS for class_name in sorted(train)]
    return tuple(sorted(train)), [file for files in pairs for file in sorted(files, key=lambda file: file.name)]


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
        images["test"][class_name] = [file._replace(split="test") for file in by_hash[:count]]
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


@contextmanager
def opened(path: Path) -> Iterator[_Contents]:
    """The files of the folder or archive at ``path``, to be read while it lasts.

    Raises:
        DataError: there is none, or reading it fails.
    """
    with _readable(path), _opened(_existing(path)) as contents:
        yield contents


@contextmanager
def _opened(path: Path) -> Iterator[_Contents]:
    """What there is at ``path``, but for what was left behind."""
    name = path.name.lower()
    with ExitStack() as stack:
        if path.is_dir():
            found: _Found = ((place, file and file.stat().st_size, file) for place, file in _walk(path))
            read: Callable[[Any], bytes] = _read_file
        elif name.endswith(".zip"):
            packed = stack.enter_context(zipfile.ZipFile(path))
            found, read = _in_zip(path, packed), packed.read
        elif name.endswith(ARCHIVES):
            whole: Any = stack.enter_context(path.open("rb") if name.endswith(".tar") else tempfile.TemporaryFile())
            if not name.endswith(".tar"):
                with (gzip if name.endswith("gz") else lzma).open(path, "rb") as packed_tar:
                    shutil.copyfileobj(packed_tar, whole, 2**20)  # to its end, where its checksum stands
                whole.seek(0)
            tar = stack.enter_context(tarfile.open(fileobj=whole, mode="r:", tarinfo=_WholeTarInfo))
            found, read = _in_tar(path, tar), lambda member: tar.extractfile(member).read()  # type: ignore[union-attr]
        else:
            raise DataError(f"{path} is no folder and no archive, whose name ends in one of {', '.join(ARCHIVES)}.")
        members: dict[str, tuple[int | None, Any]] = {}
        passed_over: set[tuple[str, ...]] = set()
        for place, size, member in found:
            parts = tuple(place.split("/"))
            junk = next((index for index, part in enumerate(parts, 1) if _is_left_behind(part)), 0)
            if place in members:
                raise DataError(f"{path} holds {place} twice; make an archive that holds it once.")
            if junk:
                passed_over.add(parts[:junk])
            elif place:
                members[place] = size, member
        files = {place: size for place, (size, _) in members.items() if size is not None}
        folders = [place for place in members if place not in files]
        yield _Contents(files, folders, len(passed_over), lambda place: read(members[place][1]))


def _walk(folder: Path, below: str = "", around: tuple[Path, ...] = ()) -> Iterator[tuple[str, os.DirEntry | None]]:
    """The files below ``folder`` by place and, with None, the folders, sorted; not what is in folders left behind."""
    real = folder.resolve()
    if real in around:
        raise DataError(f"{folder} is a link to a folder that it lies in; remove the link.")
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        place = f"{below}{entry.name}"
        if _is_left_behind(entry.name):
            yield place, None
        elif entry.is_dir():
            yield place, None
            yield from _walk(Path(entry.path), f"{place}/", (*around, real))
        elif entry.is_file():
            yield place, entry
        else:
            raise DataError(f"{entry.path} is a device, or a link to nothing; put the image there, or take it out.")


def _read_file(file: os.DirEntry) -> bytes:
    return Path(file.path).read_bytes()


def _is_left_behind(name: str) -> bool:
    name = name.lower()
    return name.startswith(".") or name in LEFT_BEHIND or name.endswith(LEFT_BEHIND_ENDINGS)


def _place(path: Path, name: str, is_plain: bool) -> str:
    """Where the member ``name`` of the archive ``path`` stands in it; empty for the root."""
    parts = name.replace("\\", "/").split("/")
    if parts[0] == "" or parts[0].endswith(":") or ".." in parts:
        raise DataError(f"{path} holds {name!r}, which leaves the archive's own folder; such archives are refused.")
    if not is_plain:
        raise DataError(f"{path} holds {name}, a link or a device; only plain files are read.")
    return "/".join(part for part in parts if part not in ("", "."))


_Found = Iterator[tuple[str, int | None, Any]]
"""Place, size (None for a folder), and what reads it."""


def _in_zip(path: Path, archive: zipfile.ZipFile) -> _Found:
    for member in archive.infolist():
        kind = stat.S_IFMT(member.external_attr >> 16)  # zero when the archive was not made on Unix
        place = _place(path, member.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR))
        if member.flag_bits & 1:
            raise DataError(f"{path} holds {place}, which is encrypted; make the archive without a password.")
        yield place, None if member.is_dir() else member.file_size, member


def _in_tar(path: Path, archive: tarfile.TarFile) -> _Found:
    for member in archive:
        place = _place(path, member.name, member.isreg() or member.isdir())
        yield place, None if member.isdir() else member.size, member


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


# Their pixels -------------------------------------------------------------------------------------


def decode(found: Survey, resize: int | None = None, *, only: int | None = None) -> Pixels:
    """The pixels of the images that ``found`` lists, in its order.

    Args:
        found: what :func:`survey` returned.
        resize: side in pixels of the square that each image is resized to, bilinear with antialiasing
            and without keeping its proportions; None takes the images as they are, all of one size.
        only: how many of the files, from the first on; None for all.

    Raises:
        InvalidValue: ``resize`` is too small.
        DataError: a file is no image or a broken one, too small or too large; sizes are mixed; or a
            file is no longer what ``found`` says.
    """
    with opened(found.path) as contents:
        return _decoded(replace(found, files=found.files[:only]), contents, resize)


def _decoded(found: Survey, contents: _Contents, resize: int | None) -> Pixels:
    check_side(resize)
    images = np.empty(0, np.uint8)
    for index, file in enumerate(found.files):
        content = contents.read(file.place) if file.place in contents.files else b""
        if hashlib.sha256(content).hexdigest() != file.digest:
            raise DataError(f"{found.path} changed while it was being read ({file.place} did); read it again.")
        image = _pixels(found.path, file.place, content, resize)
        if not index:
            images = np.empty((len(found.files), *image.shape), np.uint8)
        if image.shape != images.shape[1:]:
            raise DataError(
                f"{found.path} has images of different sizes: {found.files[0].place} is {_size(images[0])} and "
                f"{file.place} is {_size(image)} (width x height, pixels); say to which size they are to be made, "
                "such as resize=32."
            )
        images[index] = image
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

"""The pixels of a whole set as arrays: checked, in the order that they decide themselves, and cached."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from wsnb import places
from wsnb.errors import DataError, InvalidValue
from wsnb.files import write_whole

SMALLEST_SIDE = 8
"""Pixels: models halve an image up to three times."""


class Pixels(NamedTuple):
    """Images, uint8 [N, 3, H, W], and their labels, int64 [N], of both splits."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def checked(given: Any, title: str, classes: int = 0) -> Pixels:
    """What the ``read`` of the set ``title`` gave, in one form; ``classes`` is how many it declares, 0 for none.

    Raises:
        DataError: it is not as :meth:`wsnb.data.catalogue.DataSet.read` says.
    """
    if not isinstance(given, tuple | list) or len(given) != 4:
        fields = ", ".join(Pixels._fields)
        raise DataError(f"read() of {title} gives {type(given).__name__}; allowed: a tuple of {fields}.")
    arrays = [np.asarray(array) for array in given]
    for place, split in ((0, "train"), (2, "test")):
        images, labels = _channels_first(arrays[place]), arrays[place + 1]
        if images is None or not len(images) or min(images.shape[2:]) < SMALLEST_SIDE:
            raise DataError(
                f"read() of {title} gives {split}_images as {arrays[place].dtype} {list(arrays[place].shape)}; allowed "
                f"are uint8 [N, 3, H, W], [N, H, W, 3], or grey [N, H, W]; N from 1, H and W from {SMALLEST_SIDE}."
            )
        if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
            raise DataError(
                f"read() of {title} gives {split}_labels as {labels.dtype} {list(labels.shape)}; "
                f"allowed: whole numbers [{len(images)}], one for each image."
            )
        if labels.min() < 0 or labels.max() >= (classes or np.inf):
            allowed = f"0 to {classes - 1}, as it has {classes} classes" if classes else "from 0"
            raise DataError(
                f"read() of {title} gives {split}_labels from {labels.min()} to {labels.max()}; allowed: {allowed}."
            )
        arrays[place : place + 2] = images, labels.astype(np.int64)
    pixels = Pixels(*arrays)
    shapes = [list(images.shape[1:]) for images in (pixels.train_images, pixels.test_images)]
    if shapes[0] != shapes[1]:
        raise DataError(f"read() of {title} gives images of {shapes[0]} and {shapes[1]}; make them of one size.")
    if len(np.unique(pixels.train_labels)) < 2:
        raise DataError(f"read() of {title} gives training images of one class only; there have to be two or more.")
    return pixels


def _channels_first(images: np.ndarray) -> np.ndarray | None:
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        return None
    if images.ndim == 3:
        return np.repeat(images[:, None], 3, axis=1)
    if images.shape[1] == 3:
        return np.ascontiguousarray(images)
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)) if images.shape[3] == 3 else None


def in_order(pixels: Pixels, classes: Sequence[str]) -> tuple[Pixels, str]:
    """The images of each split by label and then by the digest of their pixels; and the fingerprint of all of them.

    The digest of an image is the SHA-256, in hexadecimal digits, of its bytes [H, W, 3]. The fingerprint is the
    first 16 digits of the SHA-256 of the lines "split class digest", sorted, with newlines between them: so it
    does not depend on an order, nor on what form the images came in.
    """
    lines: list[str] = []
    arrays: list[np.ndarray] = []
    for split, images, labels in (("train", *pixels[:2]), ("test", *pixels[2:])):
        digests = [hashlib.sha256(image.transpose(1, 2, 0).tobytes()).hexdigest() for image in images]
        lines += [f"{split} {classes[label]} {digest}" for label, digest in zip(labels, digests, strict=True)]
        arrays += by_label(images, labels, digests)
    return Pixels(*arrays), hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def by_label(images: np.ndarray, labels: np.ndarray, digests: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels, sorted by label and then by the images' digests."""
    order = np.lexsort((digests, labels))
    return images[order], labels[order]


def check_side(resize: int | None) -> None:
    """Raise :class:`InvalidValue` where images would be made too small."""
    if resize is not None and resize < SMALLEST_SIDE:
        raise InvalidValue(f"resize is {resize!r}; allowed: a side of {SMALLEST_SIDE} pixels or more, or None.")


def resized(images: np.ndarray, side: int) -> np.ndarray:
    """Each of the images uint8 [N, 3, H, W] as a square of that side, bilinear with antialiasing.

    Raises:
        InvalidValue: when ``side`` is too small.
    """
    from PIL import Image

    check_side(side)
    made = np.empty((*images.shape[:2], side, side), np.uint8)
    for number, image in enumerate(images):
        square = Image.fromarray(image.transpose(1, 2, 0)).resize((side, side), Image.Resampling.BILINEAR)
        made[number] = np.asarray(square).transpose(2, 0, 1)
    return made


def cached(key: str, make: Callable[[], Pixels], verified: Callable[[Pixels], Pixels] | None = None) -> Pixels:
    """What ``make`` returns, from the cache's file ``key`` where that is whole; put there for the next time.

    ``verified`` gives pixels back when they are the right ones, and raises :class:`DataError` when not.
    """
    path = places.cache() / "pixels" / f"{key}.npz"
    # A damaged file fails in many ways, and is made again whichever it is.
    with contextlib.suppress(Exception), np.load(path, allow_pickle=False) as stored:
        pixels = Pixels(**{name: stored[name] for name in Pixels._fields})  # whose checksums are verified in reading
        return verified(pixels) if verified else pixels
    pixels = make()
    with contextlib.suppress(DataError):  # without a place to write, the next load makes them again
        write_whole(path, lambda file: np.savez(file, **pixels._asdict()), what="decoded images", error=DataError)
    return pixels

"""A data set as tensors of uint8 pixels, and the part of it that a trial sees.

What is loaded is what the records were made with, or an error. Decoded images are kept in the cache folder
(``WSNB_CACHE``, else ``~/.cache/wsnb``), where they can be deleted at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch.nn import functional

from wsnb.chance import generator
from wsnb.data import catalogue, folder
from wsnb.data.part import Part
from wsnb.data.pixels import Pixels, cached, resized
from wsnb.errors import InvalidValue

_DECODING = 2
"""Raise it when the decoding of ``images:PATH`` changes: what was decoded before is then decoded again."""


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """A data set, or a part of one, in memory.

    Args:
        name: as in :mod:`wsnb.data.catalogue`, or ``images:PATH``.
        title: what pages call it.
        classes: the names of the classes, in the order of the labels.
        train_images, test_images: uint8 [N, 3, H, W], 0 to 255.
        train_labels, test_labels: int64 [N], from 0.
        mean, std: of the channels of images from 0 to 1, by which they are normalized.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    mean: tuple[float, float, float] = catalogue.MEAN
    std: tuple[float, float, float] = catalogue.STD

    def __repr__(self) -> str:
        height, width = self.train_images.shape[2:]
        return (
            f"ImageSet({self.name!r}, {len(self.classes)} classes, {len(self.train_images)} training and "
            f"{len(self.test_images)} test images of {width}x{height} pixels)"
        )


def load(name: str, *, resize: int | None = None) -> ImageSet:
    """All images of a data set. A published one that is not here is downloaded, where it can be.

    Args:
        name: a name of :mod:`wsnb.data.catalogue`, or ``images:PATH``.
        resize: the side in pixels of the square that each image is made, bilinear with antialiasing.

    Raises:
        InvalidValue: there is no such name, or ``resize`` is too small.
        DataError: the set cannot be had, or is not what the records were made with.
    """
    path = catalogue.images_path(name)
    if path is not None:
        found = folder.survey(path)
        key = f"images-v{_DECODING}-{found.fingerprint}" + (f"-{resize}px" if resize else "")
        pixels = cached(key, lambda: folder.decode(found, resize))
        return ImageSet(name, path.resolve().name, found.classes, *map(torch.from_numpy, pixels))
    entry = catalogue.entry(name)
    fingerprint, classes, _ = entry.known()

    def read() -> Pixels:
        if not entry.whereabouts().is_here:
            entry.fetch()
        return entry.pixels()

    pixels = cached(f"{name}-{fingerprint}", read, entry.verified) if entry.is_cached else read()
    if resize is not None:
        train, test = (resized(images, resize) for images in (pixels.train_images, pixels.test_images))
        pixels = pixels._replace(train_images=train, test_images=test)
    return ImageSet(name, entry.title or name, classes, *map(torch.from_numpy, pixels), entry.mean, entry.std)


def check(name: str, *, resize: int | None = None) -> str:
    """Read the whole set from its source, past the cache and without a download, and say what it is.

    Raises what :func:`load` does.
    """
    path = catalogue.images_path(name)
    if path is not None:
        found, pixels = folder.read(path, resize)
        title, classes, fingerprint = str(path), found.classes, found.fingerprint
        if found.passed_over:
            title += f" (without {found.passed_over:,} hidden or system files and folders that were passed over)"
    else:
        entry = catalogue.entry(name)
        if resize is not None:
            raise InvalidValue(f"resize is {resize!r}; a set that has a name is checked as it is, so leave it out.")
        pixels, (fingerprint, classes, _) = entry.pixels(), entry.known()
        title = f"{entry.title or name} (in {entry.whereabouts().place})"
    height, width = pixels.train_images.shape[2:]
    return (
        f"{title} is here and right: {len(pixels.train_images):,} training and {len(pixels.test_images):,} test images "
        f"of {width}x{height} pixels in {len(classes)} classes, fingerprint {fingerprint}."
    )


# The part that a trial sees -----------------------------------------------------------------------


def take(images: ImageSet, part: Part, seed: int) -> ImageSet:
    """The images that ``part`` describes: a random part of the training images, and the test images.

    In turn:

    1. With ``part.held_out``, so many of the training images take the place of the test images: the first in the
       order that ``torch.randperm`` draws from ``generator(0, "held out", fingerprint)``, the same for every seed,
       amount and choice of classes.
    2. Of ``part.classes`` alone, renumbered in their order, in training and test images alike.
    3. The others are put into the order drawn from ``generator(seed, "part", fingerprint, *classes)`` and the first
       ``part.amount`` are taken, in that order: so for one seed, a smaller part is the beginning of a larger one.
       With ``part.by_class`` that order is turned into the first of each class, the second of each and so on.

    A fraction is rounded to the nearest number of images.

    Raises:
        InvalidValue: there are not so many images or classes, or a fraction is less than one image.
    """
    fingerprint = catalogue.identity(part.dataset)["fingerprint"]
    if part.held_out:
        there = len(images.train_images)
        count = _count(part, "held_out", images, there - 1)
        order = torch.randperm(there, generator=generator(0, "held out", fingerprint))
        held_out, left = order[:count].sort().values, order[count:].sort().values
        images = replace(images, test_images=images.train_images[held_out], test_labels=images.train_labels[held_out])
        images = replace(images, train_images=images.train_images[left], train_labels=images.train_labels[left])
    if part.classes is not None:
        images = _of_classes(images, part.classes)
    there = len(images.train_images)
    order = torch.randperm(there, generator=generator(seed, "part", fingerprint, *(part.classes or ())))
    if part.by_class:
        labels = images.train_labels[order]
        place = functional.one_hot(labels, len(images.classes)).cumsum(0).gather(1, labels[:, None])[:, 0]
        order = order[place.argsort(stable=True)]  # the first of each class, the second of each, ...
        fewest = int(labels.bincount(minlength=len(images.classes)).min())
        chosen = order[: len(images.classes) * _count(part, "amount", images, fewest, there=fewest)]
    else:
        chosen = order[: _count(part, "amount", images, there)]
    return replace(images, train_images=images.train_images[chosen], train_labels=images.train_labels[chosen])


def _count(part: Part, field: str, images: ImageSet, most: int, there: int | None = None) -> int:
    """The number of training images that ``part.amount`` or ``part.held_out`` means, from 1 to ``most``.

    Args:
        part: of which.
        field: its field.
        images: what the part is of.
        most: how many there may be.
        there: how many a fraction is of; all training images by default.
    """
    given = getattr(part, field)
    each = " of the class that has the fewest" if there is not None else ""
    there = len(images.train_images) if there is None else there
    count = given if isinstance(given, int) else round(given * there)
    if not 1 <= count <= most:
        of_classes = "" if part.classes is None else f" of the classes {', '.join(images.classes)}"
        without = f", without {len(images.test_images):,} held out" if part.held_out and field == "amount" else ""
        raise InvalidValue(
            f"Part.{field} is {given!r}, which makes {count:,} images; {images.title} has {there:,} training images"
            f"{each or of_classes}{without}. Allowed: 1 to {most}, or a fraction from {1 / there:.2g} to "
            f"{most / there:.8g}."
        )
    return count


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

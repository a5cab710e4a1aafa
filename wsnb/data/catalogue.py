"""The data sets that have a name: what each is, where it is, and the fingerprint it is known by.

A set is one entry, a :class:`DataSet`. One of your own takes a name and a function that reads it::

    @data_set("blobs")
    class Blobs(DataSet):
        def read(self):
            return train_images, train_labels, test_images, test_labels

Trials are keyed by the fingerprint of their data, on machines that may have none of it: so the package's own
entries declare theirs as constants, and nothing here imports torch or anything that reads images until it must.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from wsnb.errors import DataError, InvalidValue, near_miss

if TYPE_CHECKING:
    from wsnb.data.pixels import Pixels

IMAGES = "images:"
"""What the name of a folder or an archive of images begins with; its path follows."""

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
"""Channel statistics of CIFAR-10 (of images from 0 to 1), by which the replication normalises every data set."""


class Facts(NamedTuple):
    """How large a data set is; ``image_shape`` is channels, height and width in pixels."""

    train_images: int
    test_images: int
    classes: int
    image_shape: tuple[int, int, int] = (3, 32, 32)


class Whereabouts(NamedTuple):
    """Whether a set is on this machine; ``place`` says where it is, or where it was looked for."""

    is_here: bool
    place: str


class DataSet:
    """A data set: derive a class from this one, with a method ``read`` and what else is not as here.

    Attributes:
        name: what trials and the command line call it; :func:`data_set` sets it.
        title: what pages call it; its name when empty.
        classes: the names of the classes, in the order of the labels; "0" to "n-1" when empty.
        fingerprint: 16 hexadecimal digits, of which images it holds: when empty, computed once a process from the
            pixels, by :func:`wsnb.data.pixels.in_order`. One that is declared goes with ``classes`` and ``facts``.
        facts: how large it is; None: found in reading it.
        mean, std: of each channel, for images from 0 to 1, by which the images are normalized.
        is_known_by_files: ``read`` itself sees to it that the files are the right ones, and gives their images in
            the set's own order; else both are seen to by the pixels.
        is_cached: whether the pixels are kept in the cache folder, since reading them takes long.
        remedy: what to do when the set is not here, or not the right one; a sentence.
    """

    name: str = ""
    title: str = ""
    classes: tuple[str, ...] = ()
    fingerprint: str = ""
    facts: Facts | None = None
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD
    is_known_by_files: bool = False
    is_cached: bool = False
    remedy: str = "Its read() has to give the same images each time: where it draws at random, by a fixed seed."

    def read(self) -> tuple[Any, Any, Any, Any]:
        """``train_images, train_labels, test_images, test_labels`` from their source, in any order.

        Images are uint8 arrays (or tensors) [N, 3, H, W], [N, H, W, 3], or [N, H, W] of grey values, which all
        three channels then have; labels are whole numbers [N] from 0.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method read; see DataSet.read.")

    def whereabouts(self) -> Whereabouts:
        """Where it is, found without reading its pixels."""
        return Whereabouts(True, "the code that defines it")

    def fetch(self) -> None:
        """Get it, where it can be got and is not here: what is read from code always is."""

    def make(self, source: Path) -> str:
        """Draw it from the set that it is a part of, into the data folder; what was made, in a sentence."""
        raise InvalidValue(f"{self.title or self.name} is not drawn from another set. {self.remedy}")

    def known(self) -> tuple[str, tuple[str, ...], Facts]:
        """Fingerprint, names of the classes and facts: as declared, or as measured once a process."""
        return (self.fingerprint, self.classes, self.facts) if self.fingerprint and self.facts else _measured(self)

    def pixels(self) -> Pixels:
        """All images from their source, in the set's own order; :class:`DataError` when not here, or others."""
        from wsnb.data.pixels import checked

        return self.verified(checked(self.read(), self.title or self.name, len(self.classes)))

    def verified(self, pixels: Pixels) -> Pixels:
        """The same in the set's own order; :class:`DataError` when they are not the images it is known by."""
        if self.is_known_by_files:
            return pixels
        from wsnb.data.pixels import in_order

        fingerprint, classes, _ = self.known()
        pixels, found = in_order(pixels, classes)
        if (found if self.fingerprint else _with_order(found, classes)) != fingerprint:
            raise DataError(
                f"The images of {self.title or self.name} in {self.whereabouts().place} are not those that the records "
                f"were made with (fingerprint {found}, expected {fingerprint}). {self.remedy}"
            )
        return pixels


@lru_cache(maxsize=16)
def _measured(entry: DataSet) -> tuple[str, tuple[str, ...], Facts]:
    from wsnb.data.pixels import checked, in_order

    pixels = checked(entry.read(), entry.title or entry.name, len(entry.classes))
    most = 1 + int(max(pixels.train_labels.max(), pixels.test_labels.max()))
    classes = entry.classes or tuple(map(str, range(most)))
    sizes = Facts(len(pixels.train_images), len(pixels.test_images), len(classes), pixels.train_images.shape[1:])
    return _with_order(in_order(pixels, classes)[1], classes), classes, sizes


def _with_order(fingerprint: str, classes: tuple[str, ...]) -> str:
    """The fingerprint of a set whose classes may come in any order: which label a class has decides what is trained."""
    return hashlib.sha256("\n".join((fingerprint, *classes)).encode()).hexdigest()[:16]


# The sets there are -------------------------------------------------------------------------------

_sets: dict[str, DataSet] = {}

Class = TypeVar("Class", bound=type[DataSet])


def data_set(name: str) -> Callable[[Class], Class]:
    """A decorator that registers a set of this class under ``name``; raises as :func:`register`."""

    def registered(cls: Class) -> Class:
        cls.name = name
        register(cls())
        return cls

    return registered


def register(entry: DataSet) -> None:
    """Make a set known by its name. The same class, defined again as a notebook's cell does, takes its own place.

    Raises:
        InvalidValue: the name is none, or another set's; or a fingerprint is declared without classes and facts.
    """
    if not isinstance(entry, DataSet):
        raise InvalidValue(f"{entry!r} is no data set; derive a class from wsnb.data.catalogue.DataSet.")
    if not isinstance(entry.name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", entry.name):
        raise InvalidValue(
            f"The name of the data set {type(entry).__name__} is {entry.name!r}; allowed: lower-case letters, digits, "
            f"'-' and '_', such as {type(entry).__name__.lower()!r}."
        )
    if entry.fingerprint and not (entry.classes and entry.facts):
        raise InvalidValue(
            f"The data set {entry.name!r} declares a fingerprint without its classes and facts; declare all three, "
            "or none and they are found in reading it."
        )
    there, here = (f"{type(one).__module__}.{type(one).__qualname__}" for one in (_sets.get(entry.name, entry), entry))
    if there != here:
        raise InvalidValue(f"The name {entry.name!r} is taken by {there}; choose another for {here}.")
    _sets[entry.name] = entry
    facts.cache_clear()


def names() -> tuple[str, ...]:
    """The names of the named sets."""
    return tuple(_sets)


def check_name(name: str) -> None:
    """Raise :class:`InvalidValue` unless ``name`` is one of :func:`names` or has the form ``images:PATH``."""
    if name in _sets or (name.startswith(IMAGES) and name != IMAGES):
        return
    raise InvalidValue(
        f"{name!r} is no data set; allowed: {', '.join(_sets)}, or images:PATH for a folder, zip or tar of your own "
        f"images. A set that your own code defines is known once that has run.{near_miss(name, _sets)}"
    )


def entry(name: str) -> DataSet:
    """The named set ``name``; :class:`InvalidValue` for any other name and for ``images:PATH``."""
    check_name(name)
    if name not in _sets:
        raise InvalidValue(f"{name!r} is images of your own; only the named sets have an entry: {', '.join(_sets)}.")
    return _sets[name]


def images_path(name: str) -> Path | None:
    """The path in ``images:PATH`` with ``~`` expanded, or None for a named set."""
    check_name(name)
    return Path(name.removeprefix(IMAGES)).expanduser() if name.startswith(IMAGES) else None


def title(name: str) -> str:
    """What pages call a data set; ``images:PATH`` goes by the name of its folder or archive."""
    path = images_path(name)
    return (_sets[name].title or name) if path is None else path.name


def identity(name: str) -> dict[str, Any]:
    """What keys know a set by: its ``fingerprint`` and, where it is not CIFAR-10's, its ``normalization``.

    The fingerprint of ``images:PATH`` is computed from the files, and again in the same process only when one of
    them has changed.

    :class:`DataError` when a set without a declared fingerprint cannot be read.
    """
    path = images_path(name)
    if path is not None:
        from wsnb.data.folder import survey

        return {"fingerprint": survey(path).fingerprint}
    found = _sets[name]
    own = {} if (found.mean, found.std) == (MEAN, STD) else {"normalization": [list(found.mean), list(found.std)]}
    return {"fingerprint": found.known()[0]} | own


@lru_cache(maxsize=16)
def facts(name: str, resize: int | None = None) -> Facts:
    """How large a set is: of one that declares it without its pixels, of ``images:PATH`` by decoding one image."""
    path = images_path(name)
    if path is None:
        found = _sets[name].known()[2]
        return found if resize is None else found._replace(image_shape=(found.image_shape[0], resize, resize))
    from wsnb.data.folder import decode, survey

    listed = survey(path)
    train = sum(file.split == "train" for file in listed.files)
    shape = decode(listed, resize, only=1).train_images.shape[1:]
    return Facts(train, len(listed.files) - train, len(listed.classes), shape)


def whereabouts(name: str) -> Whereabouts:
    """Whether the named set ``name`` is on this machine, and where; found without reading its pixels."""
    return entry(name).whereabouts()


def fetch(name: str) -> str:
    """Get the named set ``name`` unless it is here, and say where it is; :class:`DataError` when it cannot be got."""
    entry(name).fetch()
    return f"{title(name)} is in {whereabouts(name).place}."

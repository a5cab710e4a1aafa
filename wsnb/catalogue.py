"""The data sets that have a name, and the fingerprint each is known by.

Trials are keyed by the fingerprint of their data, on machines that may have none of it: so this
module needs no pixels to be at hand and imports neither torch nor anything that reads images.
:mod:`wsnb.data` loads the pixels and checks them against what is declared here.

A fingerprint is 16 hexadecimal digits of a SHA-256, and of one of three kinds:

- of the pixels and labels as they are loaded (``digits``, ``cifar10-q75``);
- of the MD5 sums of the published files, which are those that torchvision verifies (``cifar10``,
  ``cifar100``, ``svhn``): loading verifies the sums of the files, and so the fingerprint;
- of the files' names and bytes (``images:PATH``, see :mod:`wsnb.image_files`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from wsnb.errors import InvalidValue, near_miss

IMAGES = "images:"
"""What the name of a set of one's own begins with; the path of a folder or an archive follows."""


@dataclass(frozen=True)
class DataSet:
    """What is known of a named data set without having it.

    Args:
        name: what trials and the command line call it.
        title: what pages call it.
        classes: the names of the classes, in the order of the labels.
        train_images, test_images: how many images there are.
        fingerprint: 16 hexadecimal digits that change when the pixels or labels do.
        source: where it comes from, as a phrase.
        files: for the sets that are downloaded, each file read and its published MD5 sum.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    train_images: int
    test_images: int
    fingerprint: str
    source: str
    files: tuple[tuple[str, str], ...] = ()


def checksum_fingerprint(files: tuple[tuple[str, str], ...]) -> str:
    """The fingerprint of a set that is known by its ``files``, pairs of path and MD5 sum in any order."""
    return hashlib.sha256(json.dumps(sorted(files)).encode()).hexdigest()[:16]


_CIFAR10_CLASSES = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())

_CIFAR100_CLASSES = tuple(
    """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
    camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
    dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
    leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
    otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
    road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
    sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm
    """.split()
)

_DIGITS = tuple("0123456789")

_CIFAR10_FILES = (
    ("cifar-10-batches-py/data_batch_1", "c99cafc152244af753f735de768cd75f"),
    ("cifar-10-batches-py/data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
    ("cifar-10-batches-py/data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
    ("cifar-10-batches-py/data_batch_4", "634d18415352ddfa80567beed471001a"),
    ("cifar-10-batches-py/data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
    ("cifar-10-batches-py/test_batch", "40351d587109b95175f43aff81a1287e"),
    ("cifar-10-batches-py/batches.meta", "5ff9c542aee3614f3951f8cda6e48888"),
)

_CIFAR100_FILES = (
    ("cifar-100-python/train", "16019d7e3df5f24257cddd939b257f8d"),
    ("cifar-100-python/test", "f0ef6b0ae62326f3e7ffdfab6717acfc"),
    ("cifar-100-python/meta", "7973b15100ade9c7d40fb424638fde48"),
)

_SVHN_FILES = (
    ("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
    ("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
)

_SETS = {
    entry.name: entry
    for entry in (
        DataSet(
            name="cifar10",
            title="CIFAR-10",
            classes=_CIFAR10_CLASSES,
            train_images=50_000,
            test_images=10_000,
            fingerprint=checksum_fingerprint(_CIFAR10_FILES),
            source="Krizhevsky (2009), downloaded through torchvision's address and checksums",
            files=_CIFAR10_FILES,
        ),
        DataSet(
            name="cifar100",
            title="CIFAR-100",
            classes=_CIFAR100_CLASSES,
            train_images=50_000,
            test_images=10_000,
            fingerprint=checksum_fingerprint(_CIFAR100_FILES),
            source="Krizhevsky (2009), downloaded through torchvision's address and checksums",
            files=_CIFAR100_FILES,
        ),
        DataSet(
            name="svhn",
            title="SVHN",
            classes=_DIGITS,
            train_images=73_257,
            test_images=26_032,
            fingerprint=checksum_fingerprint(_SVHN_FILES),
            source="Netzer et al. (2011), downloaded through torchvision's addresses and checksums",
            files=_SVHN_FILES,
        ),
        DataSet(
            name="digits",
            title="scikit-learn digits",
            classes=_DIGITS,
            train_images=1_442,
            test_images=355,
            fingerprint="ce6862e98146238e",
            source="scikit-learn, which carries them: no network is needed",
        ),
        DataSet(
            name="cifar10-q75",
            title="CIFAR-10 (JPEG q75)",
            classes=_CIFAR10_CLASSES,
            train_images=50_000,
            test_images=10_000,
            fingerprint="7ac9ba48220746f0",
            source="the archive cifar10-images-q75.tar.xz, a lossy copy of CIFAR-10",
        ),
    )
}


def names() -> tuple[str, ...]:
    """The names of the named sets."""
    return tuple(_SETS)


def check_name(name: str) -> None:
    """Raise :class:`InvalidValue` unless ``name`` is one of :func:`names` or has the form ``images:PATH``."""
    if name in _SETS or (name.startswith(IMAGES) and name != IMAGES):
        return
    allowed = ", ".join(_SETS)
    raise InvalidValue(
        f"{name!r} is no data set; allowed: {allowed}, or images:PATH for a folder, zip or tar of your own images."
        + near_miss(name, _SETS)
    )


def entry(name: str) -> DataSet:
    """What is declared of the named set ``name``; :class:`InvalidValue` for any other name and for ``images:PATH``."""
    check_name(name)
    if name not in _SETS:
        raise InvalidValue(f"{name!r} is a set of your own; only the named sets are declared: {', '.join(_SETS)}.")
    return _SETS[name]


def images_path(name: str) -> Path | None:
    """The path in ``images:PATH`` with ``~`` expanded, or None for a named set."""
    check_name(name)
    return Path(name.removeprefix(IMAGES)).expanduser() if name.startswith(IMAGES) else None


def fingerprint(name: str) -> str:
    """The 16 hexadecimal digits that ``name`` is known by.

    That of a named set is a constant. That of ``images:PATH`` is computed from the files, and again in
    the same process only when one of them has changed; :class:`DataError` when they cannot be read.
    """
    path = images_path(name)
    if path is None:
        return _SETS[name].fingerprint
    from wsnb.image_files import survey  # only a set of one's own needs anything that reads images

    return survey(path).fingerprint


def title(name: str) -> str:
    """What pages call a data set; a set of one's own goes by the name of its folder or archive."""
    path = images_path(name)
    return _SETS[name].title if path is None else path.name

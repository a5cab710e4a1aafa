"""Fashion-MNIST of Xiao, Rasul and Vollgraf (2017), as 32x32 RGB."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsnb.data.catalogue import Facts, data_set
from wsnb.data.published import Published
from wsnb.errors import DataError

if TYPE_CHECKING:
    import numpy as np

DEBIAN = "/usr/share/datasets/fashion-mnist"
"""Where Debian's package dataset-fashion-mnist puts the files."""

_FILES = [f"{split}-{kind}-ubyte" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


@data_set("fashion-mnist")
class FashionMnist(Published):
    """Clothes, 28x28 and grey: two zero pixels on each side make 32x32, and each channel has the grey value.

    The fingerprint is of these 32x32 RGB pixels, so the same from torchvision's files and from Debian's, which are
    packed again and have other checksums.
    """

    title = "Fashion-MNIST"
    classes = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
    facts = Facts(60_000, 10_000, 10)
    fingerprint = "baf872bd853c1dfe"
    torchvision = "FashionMNIST"
    forms = (
        ("FashionMNIST/raw", *(f"FashionMNIST/raw/{file}" for file in _FILES)),
        (DEBIAN, *(f"{DEBIAN}/{file}.gz" for file in _FILES)),
    )
    wanted = f"FashionMNIST/raw (or install Debian's package dataset-fashion-mnist, which needs no folder: {DEBIAN})"

    def read_at(self, place: Path) -> tuple[Any, Any, Any, Any]:
        """The four idx files at ``place``, packed or not."""
        import numpy as np

        train, train_labels, test, test_labels = (_idx(place / file) for file in _FILES)
        around = ((0, 0), (2, 2), (2, 2))
        return np.pad(train, around), train_labels, np.pad(test, around), test_labels


def _idx(path: Path) -> np.ndarray:
    """The bytes of an idx file: two zeros, a type, the number of dimensions, their sizes; then the values."""
    import numpy as np

    try:
        content = (
            path.read_bytes() if path.exists() else gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes())
        )
        sizes = np.frombuffer(content, ">i4", count=content[3], offset=4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(sizes)
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read, or is damaged ({error}); remove it, and get Fashion-MNIST again."
        ) from error

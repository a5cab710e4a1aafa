"""SVHN of Netzer et al. (2011), by its files: known by their checksums, in the order that they have."""

from __future__ import annotations

from wsnb.data.catalogue import Facts, data_set
from wsnb.data.published import Published


@data_set("svhn")
class Svhn(Published):
    """House numbers.

    The fingerprint is the first 16 hexadecimal digits of the SHA-256 of the JSON list of the two files, each a
    list of its name and the MD5 sum that torchvision verifies, sorted.
    """

    title = "SVHN"
    classes = tuple("0123456789")
    facts = Facts(73_257, 26_032, 10)
    fingerprint = "8e2f43b94bba7311"
    is_known_by_files = True
    is_cached = False
    torchvision = "SVHN"
    splits = ({"split": "train"}, {"split": "test"})
    forms = (("train_32x32.mat", "test_32x32.mat"),)
    wanted = "train_32x32.mat and test_32x32.mat"

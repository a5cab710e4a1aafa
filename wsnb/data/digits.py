"""scikit-learn's digits, which need no network."""

from __future__ import annotations

from typing import Any

from wsnb.data.catalogue import DataSet, Facts, Whereabouts, data_set


@data_set("digits")
class Digits(DataSet):
    """8x8 digits as 32x32 RGB: each pixel a 4x4 block, grey values 0 to 16 spread over 0 to 255.

    Every fifth image of each class, in scikit-learn's order, is a test image.
    """

    title = "scikit-learn digits"
    classes = tuple("0123456789")
    facts = Facts(1_442, 355, 10)
    fingerprint = "07f14f739a67e154"
    is_cached = True
    remedy = "Another scikit-learn may have other digits: install the version of requirements.lock."

    def whereabouts(self) -> Whereabouts:
        """Always here."""
        return Whereabouts(True, "scikit-learn")

    def read(self) -> tuple[Any, Any, Any, Any]:
        """Grey images, and the digits that they show."""
        import numpy as np
        from sklearn.datasets import load_digits

        digits = load_digits()
        grey = ((digits.images.astype(np.int64) * 255 + 8) // 16).astype(np.uint8)
        images = np.kron(grey, np.ones((4, 4), np.uint8))
        is_test = np.zeros(len(images), bool)
        for label in range(10):
            is_test[np.flatnonzero(digits.target == label)[4::5]] = True
        return images[~is_test], digits.target[~is_test], images[is_test], digits.target[is_test]

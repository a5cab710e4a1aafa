"""How training images are changed at random, as a value."""

from __future__ import annotations

from wsnb.values import Value, kind, setting


@kind("augment")
class Augment(Value):
    """How training images are changed at random each time they are seen; zeros leave them as they are.

    The steps are done in the order below, each image with numbers of its own that the trial's seed draws
    (:func:`wsnb.data.augmentation.augmented`). The defaults are those of the replication's Figure 9.

    Args:
        crop_padding: rows and columns of zeros put around an image, before a crop is taken from a place that is
            uniform among all.
        flip: probability that left and right are exchanged.
        brightness: the factor that multiplies all pixels is uniform in [max(0, 1 - b), 1 + b].
        contrast: likewise the factor for an image's difference from its mean grey.
        saturation: likewise the factor for a pixel's difference from its own grey. These three are done
            in an order that is uniform among all.
        rotation: the angle is uniform in [-r, r], in degrees; each pixel takes the nearest one of the
            image, or zero outside it.
        crop: side of the crop in pixels; None: it has the image's own size. With one, the square in the middle is what
            accuracies are evaluated on.
    """

    crop_padding: int = setting(4, minimum=0)
    flip: float = setting(0.5, minimum=0, maximum=1)
    brightness: float = setting(0.25, minimum=0, maximum=10)
    contrast: float = setting(0.25, minimum=0, maximum=10)
    saturation: float = setting(0.25, minimum=0, maximum=10)
    rotation: float = setting(2.0, minimum=0, maximum=180)
    crop: int | None = setting(None, minimum=1, added=True)

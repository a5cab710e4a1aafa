"""What happens to images between the data set and the network, a batch at a time on the device."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from wsnb.data.augment import Augment
from wsnb.errors import InvalidValue

Statistics = tuple[float, float, float]
"""Of the three channels, for images from 0 to 1."""


@functools.lru_cache(maxsize=64)
def _mean_and_scale(device: torch.device, mean: Statistics, std: Statistics) -> tuple[Tensor, Tensor]:
    """Made once a device: making them at each step would have the host wait for a GPU."""
    scale = torch.tensor(std, device=device).mul_(255).reciprocal_().view(1, 3, 1, 1)
    return torch.tensor(mean, device=device).mul_(255).view(1, 3, 1, 1), scale


def normalize(
    images: Tensor, mean: Statistics, std: Statistics, memory_format: torch.memory_format = torch.contiguous_format
) -> Tensor:
    """uint8 images [N, 3, H, W] to float32: less the channel mean, over the channel standard deviation."""
    offset, scale = _mean_and_scale(images.device, mean, std)
    # In this order: with the channel as the fastest dimension, the arithmetic goes by threes of numbers.
    return images.float().sub_(offset).mul_(scale).contiguous(memory_format=memory_format)


# Augmentation -------------------------------------------------------------------------------------

BRIGHTNESS, CONTRAST, SATURATION = range(3)


@dataclass(frozen=True)
class Draws:
    """What chance has decided for each of n images that ``augment`` changes.

    Attributes:
        augment: what the rest was drawn for; a step that is zero there is left out.
        corner: int64 [n, 2], row and column of the crop's first pixel in the padded image.
        flip: bool [n].
        order: int64 [n, k], which of ``BRIGHTNESS``, ``CONTRAST`` and ``SATURATION``, as far as they are
            not zero, is done first, second and third.
        factor: float32 [n, k], the factors that these are done with, in the same order.
        degrees: float32 [n], counter-clockwise.
    """

    augment: Augment
    corner: Tensor
    flip: Tensor
    order: Tensor
    factor: Tensor
    degrees: Tensor

    def _changed(self, change: Callable[[Tensor], Tensor]) -> Draws:
        return dataclasses.replace(
            self, **{name: change(value) for name, value in vars(self).items() if isinstance(value, Tensor)}
        )

    def __getitem__(self, images: slice | Tensor) -> Draws:
        """The draws of some of the images."""
        return self._changed(lambda drawn: drawn[images])

    def to(self, device: torch.device | str) -> Draws:
        """The same draws on a device."""
        return self._changed(lambda drawn: drawn.to(device))


def margins(augment: Augment | None, height: int, width: int) -> tuple[int, int]:
    """How many rows and columns an image of this size has beside a crop's.

    Raises:
        InvalidValue: when the crop is larger than the image.
    """
    crop = augment.crop if augment else None
    if crop is None:
        return 0, 0
    if crop > min(height, width):
        raise InvalidValue(
            f"Augment.crop is {crop} and the images have {height} x {width} pixels; allowed: at most "
            f"{min(height, width)}."
        )
    return height - crop, width - crop


def centre(images: Tensor, augment: Augment | None) -> Tensor:
    """The square in the middle that accuracies are evaluated on, [N, C, crop, crop]; all of it without a crop.

    Raises:
        InvalidValue: when the crop is larger than the image.
    """
    rows, columns = margins(augment, *images.shape[2:])
    if not rows and not columns:
        return images
    top, left = rows // 2, columns // 2
    return images[:, :, top : images.shape[2] - rows + top, left : images.shape[3] - columns + left].contiguous()


def draw_augmentation(augment: Augment, count: int, chance: torch.Generator, beside: tuple[int, int] = (0, 0)) -> Draws:
    """Draw for ``count`` images at once, on the CPU; uniform numbers in the ranges that ``augment`` gives.

    A step that is zero there leaves the draws of the others as they are: trials that differ in one step
    share the rest.

    Args:
        augment: what is to be done.
        count: to how many images.
        chance: what is drawn from.
        beside: the images' :func:`margins`.
    """
    strengths = (augment.brightness, augment.contrast, augment.saturation)
    orders = torch.tensor(list(itertools.permutations(kind for kind, strength in enumerate(strengths) if strength)))

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(count).uniform_(low, high, generator=chance)

    by_row, by_column = (2 * augment.crop_padding + 1 + more for more in beside)
    if by_row == by_column:
        corner = torch.randint(by_row, (count, 2), generator=chance)
    else:
        corner = torch.stack([torch.randint(most, (count,), generator=chance) for most in (by_row, by_column)], dim=1)
    flip = torch.rand(count, generator=chance) < augment.flip
    factor = torch.stack([uniform(max(0.0, 1 - strength), 1 + strength) for strength in strengths], dim=1)
    degrees = uniform(-augment.rotation, augment.rotation)
    order = orders.long()[torch.randint(len(orders), (count,), generator=chance)]
    return Draws(augment, corner, flip, order, factor.gather(1, order), degrees)


def augmented(images: Tensor, draws: Draws) -> Tensor:
    """Images that are cropped, flipped, adjusted in colour and rotated, each with its own numbers.

    Every step gives uint8 again, as torchvision's do, and the pixels are those of torchvision's
    ``transforms.v2.functional`` on each image alone, on the CPU, but for

    * contrast: torchvision's loop rounds the last (3 H W mod 32) values of an image twice, ours once like
      all others, so these may differ by one; and where 255 H W > 2^24 the mean depends on the order of
      its sum, so any may;
    * rotation: a pixel whose source lies within 1e-4 of the border between two may take the other one, on
      a processor whose matrix product rounds otherwise than products and their sum.

    Args:
        images: uint8 [N, 3, H, W].
        draws: of N images, on the same device, which is never waited for.

    Returns:
        uint8 [N, 3, H, W], or of the crop's size.

    Raises:
        InvalidValue: when a crop could miss the whole image, or is larger than it.
    """
    augment = draws.augment
    if augment.crop_padding >= min(images.shape[2:]):
        raise InvalidValue(
            f"Augment.crop_padding is {augment.crop_padding} and the images have {images.shape[2]} x {images.shape[3]} "
            f"pixels: a crop could miss the whole image; allowed: at most {min(images.shape[2:]) - 1}."
        )
    if augment.crop_padding or augment.crop or augment.flip:
        images = _cropped_and_flipped(images, draws)
    if draws.order.shape[1] or augment.rotation:
        # Whole numbers from 0 to 255 in float32: each step rounds them down as a conversion to uint8 would.
        pixels = images.to(torch.float32, memory_format=torch.contiguous_format)
        pixels = _adjusted_in_colour(pixels, draws)
        images = (_rotated(pixels, draws.degrees) if augment.rotation else pixels).to(torch.uint8)
    return images


def _cropped_and_flipped(images: Tensor, draws: Draws) -> Tensor:
    """Out of zeros around each image, [N, 3, H, W] by one gather."""
    (count, channels, *sides), padding = images.shape, draws.augment.crop_padding
    padded = functional.pad(images, (padding,) * 4)
    height, width = (side - beside for side, beside in zip(sides, margins(draws.augment, *sides), strict=True))
    rows, columns = (torch.arange(size, device=images.device) for size in (height, width))
    columns = torch.where(draws.flip[:, None], columns.flip(0), columns)
    rows, columns = draws.corner[:, :1] + rows, draws.corner[:, 1:] + columns
    source = rows[:, :, None] * padded.shape[3] + columns[:, None, :]
    source = source.view(count, 1, height * width).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, source).view(count, channels, height, width)


def _adjusted_in_colour(pixels: Tensor, draws: Draws) -> Tensor:
    """Brightness, contrast and saturation in each image's own order, in place: f x + (1 - f) t.

    t is zero for brightness, the mean of the grey image for contrast, the grey image for saturation. So
    one expression does for each image what it is its turn to have done; its product and sum are rounded
    together where torchvision's are.
    """
    for order, factor in zip(draws.order.unbind(1), draws.factor.unbind(1), strict=True):
        order, factor = order.view(-1, 1, 1, 1), factor.view(-1, 1, 1, 1)
        red, green, blue = pixels.split(1, dim=1)
        grey = red.mul(0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114).floor_()
        mean = grey.mean((1, 2, 3), keepdim=True)
        towards = grey.mul_((order == SATURATION).float()).add_(mean.mul_((order == CONTRAST).float()))
        pixels = pixels.mul_(factor).addcmul_(1 - factor, towards).clamp_(0, 255).floor_()
    return pixels


def _rotated(pixels: Tensor, degrees: Tensor) -> Tensor:
    """Each pixel from where it comes from: (x cos a - y sin a, x sin a + y cos a) about the centre."""
    height, width = pixels.shape[2:]
    angle = torch.deg2rad(degrees.double())
    cosine, sine = angle.cos().float(), angle.sin().float()
    x = torch.arange(width, device=pixels.device) - (width - 1) / 2
    y = torch.arange(height, device=pixels.device) - (height - 1) / 2
    # grid_sample takes x and y in units of half the image.
    by_x = torch.stack([cosine / (width / 2), sine / (height / 2)]).view(2, -1, 1, 1)
    by_y = torch.stack([-sine / (width / 2), cosine / (height / 2)]).view(2, -1, 1, 1)
    source = (by_x * x + by_y * y[:, None]).permute(1, 2, 3, 0)
    return functional.grid_sample(pixels, source, mode="nearest", padding_mode="zeros", align_corners=False)

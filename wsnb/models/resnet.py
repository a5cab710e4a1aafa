"""Residual networks, as values; :mod:`wsnb.models.resnet_network` has the networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsnb.seam import Model
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import nn


@kind("resnet18")
class ResNet18(Model):
    """ResNet-18 with a 3x3 stride-1 stem for small images and the 3x3 stride-2 max-pool kept.

    ``width`` is the number of channels of the first stage (64 in the paper), doubled at each of the
    three that follow; ``dropout`` the share of the features before the classifier that is left out at random.
    """

    width: int = setting(64, minimum=1, maximum=1024)
    dropout: float = setting(0.0, minimum=0, maximum=0.99, added=True)

    def build(self, image_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Four stages of two blocks."""
        from wsnb.models.resnet_network import ResNet

        blocks = (2, 2, 2, 2)
        return ResNet(image_shape[0], self.width, blocks=blocks, pool=True, classes=classes, dropout=self.dropout)


@kind("resnet20")
class ResNet20(Model):
    """The CIFAR ResNet-20 of He et al. (2016): three stages of three blocks; ``width`` 16 in the paper."""

    width: int = setting(16, minimum=1, maximum=1024)

    def build(self, image_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Three stages of three blocks."""
        from wsnb.models.resnet_network import ResNet

        return ResNet(image_shape[0], self.width, blocks=(3, 3, 3), pool=False, classes=classes)

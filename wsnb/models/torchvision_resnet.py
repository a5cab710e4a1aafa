"""torchvision's ResNet-18, for images of some 224 pixels and for weights that others have trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from wsnb.errors import DataError, InvalidValue, near_miss
from wsnb.seam import Model
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import Tensor, nn


@kind("torchvision_resnet18")
class TorchvisionResNet18(Model):
    """The ResNet-18 of He et al. (2016) as torchvision builds it: a 7x7 stride-2 stem, and a head called ``fc``."""

    head: ClassVar[str] = "fc"

    def build(self, image_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Four stages of two blocks, for images of three channels."""
        import torch
        from torchvision import models

        if image_shape[0] != 3:
            raise InvalidValue(f"The images have {image_shape[0]} channels; {self!r} takes images of 3.")
        network = models.resnet18(num_classes=classes)
        network.memory_format = torch.channels_last  # type: ignore[assignment]
        network.stage_outputs = tuple(f"layer{stage}.1.conv2" for stage in range(1, 5))  # type: ignore[assignment]
        return network

    def published(self, name: str) -> Mapping[str, Tensor]:
        """The state dict that torchvision publishes under a name such as ``"IMAGENET1K_V1"``; downloaded if absent.

        Raises:
            InvalidValue: for another name.
            DataError: when it cannot be had.
        """
        from torchvision import models

        offered = models.get_model_weights("resnet18").__members__
        if name not in offered:
            raise InvalidValue(
                f"{name!r} is no file, and no weights that torchvision publishes for its ResNet-18; allowed: a file's "
                f"path, or {', '.join(offered)}.{near_miss(name, offered)}"
            )
        try:
            return offered[name].get_state_dict(progress=False, check_hash=True)
        except (OSError, RuntimeError) as error:
            raise DataError(
                f"torchvision's {name} for ResNet-18 is not here and could not be downloaded ({error}). Download it "
                f"where there is a network ({offered[name].url}) and name the file instead."
            ) from error

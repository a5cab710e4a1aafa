"""Residual networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wsnb.models.succession import Succession


class Convolution(nn.Conv2d):
    """A convolution, around two ways in which oneDNN 3.10 gets the gradient of a strided one's weights wrong.

    * 1x1, from fewer than 16 channels: it writes past the end of its workspace, so with two threads the
      process may die. Here the pixels are picked first.
    * 3x3, in bfloat16, on images one pixel wide: the kernel's outer columns see padding alone, and their
      gradient, which is zero, is left as the memory was. Here that is done in float32.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        if self.stride == (2, 2) and self.kernel_size == (1, 1) and self.in_channels < 16:
            picked = x[:, :, ::2, ::2].contiguous(memory_format=torch.channels_last)
            return functional.conv2d(picked, self.weight, self.bias)
        if self.stride == (2, 2) and x.shape[3] == 1:
            with torch.autocast(x.device.type, enabled=False):
                return super().forward(x.float())
        return super().forward(x)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation and a residual connection (He et al. 2016).

    Where the shape changes, the shortcut is a strided 1x1 convolution with batch normalisation.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Convolution(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(Convolution(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        y = functional.relu(self.norm1(self.conv1(x)), inplace=True)
        return functional.relu(self.norm2(self.conv2(y)).add_(self.shortcut(x)), inplace=True)


class ResNet(nn.Module):
    """A residual network for small images: a 3x3 stride-1 stem, then stages that double the width.

    ``pool`` keeps the 3x3 stride-2 max-pool after the stem, as the replication's ResNet-18 does.
    Of the features before the head a share of ``dropout`` is left out at random.
    Convolutions start from He's normal initialisation with fan-out, as there.

    Attributes:
        stage_outputs: the names of the last convolution of each stage.
        successions: the layers whose units feed one other layer alone, see :class:`wsnb.models.succession.Succession`:
            the first convolution of each block. The others' outputs are added to a residual stream.
    """

    memory_format = torch.channels_last

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        blocks: tuple[int, ...],
        pool: bool,
        classes: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1) if pool else nn.Identity()
        stages, inputs = [], width
        for number, count in enumerate(blocks):
            outputs = width * 2**number
            stage = [BasicBlock(inputs, outputs, stride=1 if number == 0 else 2)]
            stage += [BasicBlock(outputs, outputs, stride=1) for _ in range(count - 1)]
            stages.append(nn.Sequential(*stage))
            inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.head = nn.Linear(inputs, classes)
        self.stage_outputs = tuple(f"stages.{stage}.{count - 1}.conv2" for stage, count in enumerate(blocks))
        self.successions = tuple(
            Succession(f"{block}.conv1", f"{block}.norm1", f"{block}.conv2")
            for block in (f"stages.{stage}.{number}" for stage, count in enumerate(blocks) for number in range(count))
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, classes]."""
        x = self.pool(functional.relu(self.norm(self.stem(x)), inplace=True))
        return self.head(self.dropout(self.stages(x).mean(dim=(2, 3))))

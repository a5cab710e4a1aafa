"""What happens to images between the data set and the network, a batch at a time on the device."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

CIFAR10_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR10_STD = (0.2023, 0.1994, 0.2010)
"""Channel statistics of CIFAR-10, by which the replication normalises every data set."""


@functools.cache
def _mean_and_scale(device: torch.device) -> tuple[Tensor, Tensor]:
    """Made once a device: making them at each step would have the host wait for a GPU."""
    mean = torch.tensor(CIFAR10_MEAN, device=device).mul_(255).view(1, 3, 1, 1)
    return mean, torch.tensor(CIFAR10_STD, device=device).mul_(255).reciprocal_().view(1, 3, 1, 1)


def normalise(images: Tensor, memory_format: torch.memory_format = torch.contiguous_format) -> Tensor:
    """uint8 images [N, 3, H, W] to float32, by CIFAR-10's channel mean and standard deviation."""
    mean, scale = _mean_and_scale(images.device)
    return images.contiguous(memory_format=memory_format).float().sub_(mean).mul_(scale)

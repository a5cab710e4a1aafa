"""The one evaluation: accuracy and loss over images, in evaluation mode."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

EVALUATION_BATCH = 500


@torch.inference_mode()
def evaluate(
    model: nn.Module, images: Tensor, labels: Tensor, precision: str, normalize: Callable[[Tensor], Tensor]
) -> tuple[float, float]:
    """Accuracy and mean cross-entropy over images, in evaluation mode.

    Args:
        model: maps normalised images to logits.
        images: uint8 [N, 3, H, W].
        labels: int64 [N].
        precision: as :attr:`wsnb.Trial.precision`.
        normalize: from uint8 images to what the model takes.
    """
    model.eval()
    loss_sum = torch.zeros((), device=images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    for batch, targets in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True):
        with autocast(precision, images.device):
            logits = model(normalize(batch))
            loss_sum += functional.cross_entropy(logits, targets, reduction="sum")
        correct += (logits.argmax(1) == targets).sum()
    return correct.item() / len(images), loss_sum.item() / len(images)


def autocast(precision: str, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """The arithmetic that a trial asks for."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)

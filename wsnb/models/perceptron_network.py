"""Perceptrons."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wsnb.models.succession import Succession


class Perceptron(nn.Module):
    """Fully connected layers on the flattened image; with no hidden layer, logistic regression.

    Attributes:
        successions: each hidden layer with the one that it feeds.
    """

    memory_format = torch.contiguous_format

    def __init__(
        self, image_shape: tuple[int, int, int], hidden: tuple[int, ...], activation: str, bias: bool, classes: int
    ) -> None:
        super().__init__()
        sizes = [image_shape[0] * image_shape[1] * image_shape[2], *hidden]
        self.hidden = nn.ModuleList(nn.Linear(a, b, bias=bias) for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        self.activation = {"tanh": torch.tanh, "relu": torch.relu}[activation]
        self.head = nn.Linear(sizes[-1], classes, bias=bias)
        names = [*(f"hidden.{number}" for number in range(len(hidden))), "head"]
        self.successions = tuple(Succession(one, None, other) for one, other in zip(names[:-1], names[1:], strict=True))

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, classes]."""
        x = x.flatten(1)
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.head(x)

"""Perceptrons and logistic regression, as values; :mod:`wsnb.models.perceptron_network` has the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wsnb.seam import Model
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import nn


@kind("mlp")
class MLP(Model):
    """A multi-layer perceptron on the flattened image; three hidden layers of 100 units in the paper."""

    hidden: tuple[int, ...] = setting((100, 100, 100), minimum=1)
    activation: Literal["tanh", "relu"] = "tanh"
    bias: bool = True

    def build(self, image_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Fully connected layers."""
        from wsnb.models.perceptron_network import Perceptron

        return Perceptron(image_shape, self.hidden, self.activation, self.bias, classes)


@kind("logistic")
class Logistic(Model):
    """Multinomial logistic regression on the flattened image."""

    def build(self, image_shape: tuple[int, int, int], classes: int) -> nn.Module:
        """One linear layer."""
        from wsnb.models.perceptron_network import Perceptron

        return Perceptron(image_shape, (), "tanh", True, classes)

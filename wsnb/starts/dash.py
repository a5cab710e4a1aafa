"""DASH, direction-aware shrinking (Shin et al. 2024)."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING

from wsnb.data.batches import batch_sizes
from wsnb.models.layers import parameters_of
from wsnb.models.modes import in_training_mode
from wsnb.seam import Given, Start
from wsnb.starts.warm_start import warm_start
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor, nn


def dash(
    trained: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], alpha: float = 0.3, scale: float = 0.3
) -> nn.Module:
    r"""A network whose weights are shrunk the more, the less they point along the loss's descent on the data.

    .. math:: G \leftarrow (1 - \alpha)\, G + \alpha\, (-\nabla L), \qquad
              s = \min(\max(\cos(G, w), \lambda), 1), \qquad w \leftarrow s\, w

    over the batches in turn, with the weights fixed, :math:`G` zero at first and :math:`L` the mean cross-entropy
    (Shin et al. 2024, Algorithm 1). There is one :math:`s` for each (output, input) slice of a convolution's kernel,
    for each row of a linear layer's weights, and for each bias vector. Normalisation layers stay as they are.
    Gradients are taken in training mode; running statistics are put back.

    >>> from wsnb.starts import dash
    >>> model = dash(model, [(images, labels)], alpha=0.3, scale=0.3)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> model(images).shape
    torch.Size([8, 10])

    Args:
        trained: maps images to logits [N, classes]; it is left as it is.
        batches: of images and labels, those of the oldest data first.
        alpha: :math:`\alpha`, the weight of the newest batch.
        scale: :math:`\lambda`, to which a weight that points the other way is shrunk.
    """
    import torch
    from torch.nn import functional

    model = copy.deepcopy(trained)
    layers = parameters_of(model, "convolutions", "linear layers")
    shrunk = [parameter for parameter in layers.values() if parameter.requires_grad]
    descent = [torch.zeros_like(parameter) for parameter in shrunk]
    with in_training_mode(model):
        for images, labels in batches:
            loss = functional.cross_entropy(model(images), labels)
            for mean, gradient in zip(descent, torch.autograd.grad(loss, shrunk, materialize_grads=True), strict=True):
                mean.mul_(1 - alpha).sub_(gradient, alpha=alpha)
    with torch.no_grad():
        for parameter, mean in zip(shrunk, descent, strict=True):
            along, weights = (functional.normalize(_alike(each), dim=-1, eps=1e-30) for each in (mean, parameter))
            factor = (along * weights).sum(-1, keepdim=True).clamp(scale, 1)
            parameter.copy_((_alike(parameter) * factor).view_as(parameter))
    return model


def _alike(weights: Tensor) -> Tensor:
    """The weights with those that share a factor in the last dimension."""
    return weights.flatten(2) if weights.ndim > 2 else weights


@kind("dash")
class Dash(Start):
    r"""The parent's weights, shrunk where they point away from the descent on all data so far: see :func:`dash`.

    Args:
        alpha: :math:`\alpha`, the weight of the newest batch.
        scale: :math:`\lambda`, the smallest factor.
        batch_size: images of a batch, those that came first first; a last one of a single image joins the one before.
    """

    alpha: float = setting(0.3, above=0, maximum=1)
    scale: float = setting(0.3, minimum=0, maximum=1)
    batch_size: int = setting(128, minimum=1)

    def begin(self, given: Given) -> nn.Module:
        """The parent's network, shrunk by the trial's images in their own order."""
        assert given.parent is not None
        sizes = batch_sizes(len(given.images), self.batch_size)
        trained = warm_start(given.parent.model, given.fresh(), given.trial.model.head)
        batches = zip(given.images.split(sizes), given.labels.split(sizes), strict=True)
        return dash(trained, ((given.normalize(images), labels) for images, labels in batches), self.alpha, self.scale)

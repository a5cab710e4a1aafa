"""How large the gradients on old and on new images are (Ash and Adams 2020, Figure 5; Kireev et al. 2021, Figure 8)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar, Literal

from wsnb.data.batches import batch_sizes
from wsnb.models.modes import in_training_mode
from wsnb.seam import Callback, Training
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor, nn

    from wsnb.seam import State


def gradient_norm(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    batch_size: int = 128,
    statistics: Literal["kept", "moved"] = "kept",
) -> float:
    r"""The mean over batches of the length of the loss's gradient by all parameters.

    .. math:: \frac1B \sum_{b=1}^{B} \Big\lVert \nabla_w \frac{1}{|b|} \sum_{i \in b} L(w; x_i, y_i) \Big\rVert_2

    in training mode, as an optimizer would meet it; gradients are left as they were.

    >>> from wsnb.callbacks import gradient_norm
    >>> old = gradient_norm(model, images[:4], labels[:4])
    >>> new = gradient_norm(model, images[4:], labels[4:])
    >>> old > 0 and new > 0
    True

    Args:
        model: maps images to logits [N, classes].
        images: as the model takes them, those of a batch beside each other.
        labels: int64 [N].
        batch_size: images of a batch; a smaller last one counts like the others, and one of a single image joins
            the one before.
        statistics: running ones are ``"kept"`` as they were, or ``"moved"`` by each batch.
    """
    import torch
    from torch.nn import functional

    norms = []
    sizes = batch_sizes(len(images), batch_size)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with in_training_mode(model) if statistics == "kept" else contextlib.nullcontext(model.train()):
        for batch, targets in zip(images.split(sizes), labels.split(sizes), strict=True):
            loss = functional.cross_entropy(model(batch), targets)
            gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
            norms.append(torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt())
    return float(torch.stack(norms).mean())


@kind("gradient_norms")
class GradientNorms(Callback):
    """Gradient norms on a fixed sample of the old images, which the parent has seen, and of the new ones.

    Each epoch begins with it; the curves are ``gradient_norm_old`` and ``gradient_norm_new``, and there is no curve
    of what there are no images of. It is :func:`gradient_norm`, in 32 bits and without augmentation.

    Args:
        images: how many of each at most.
        batch_size: images of a batch.
    """

    images: int = setting(1024, minimum=1)
    batch_size: int = setting(128, minimum=2)
    measures: ClassVar[bool] = True
    statistics = "kept"

    def before_epoch(self, training: Training, state: State) -> None:
        """Measure on both samples."""
        import torch

        for name, first, last in (("old", 0, training.old), ("new", training.old, len(training.images))):
            count = last - first
            if not count:
                continue
            order = torch.randperm(count, generator=training.chance(self, name))[: self.images]
            chosen = (first + order).to(training.images.device)
            images, labels = training.normalize(training.images[chosen]), training.labels[chosen]
            norm = gradient_norm(training.model, images, labels, self.batch_size, self.statistics)
            training.add(f"gradient_norm_{name}", norm)


@kind("gradient_norms_as_coded")
class GradientNormsAsCoded(GradientNorms):
    """The same, with the batches moving the network's running statistics, as in the replication's code."""

    measures: ClassVar[bool] = False
    statistics = "moved"

"""Accuracy measured in training mode, as the replication's code does (Kireev et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from wsnb.data.batches import batch_sizes
from wsnb.models.modes import in_training_mode
from wsnb.seam import Callback, Training
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor, nn

    from wsnb.seam import State


def training_mode_accuracy(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    batch_size: int = 128,
    normalize: Callable[[Tensor], Tensor] = lambda images: images,
) -> float:
    """Accuracy over images in training mode: each batch is normalised by its own statistics.

    So the batch size matters, and the order: images are taken in a fixed shuffled order, since sets lie by class. A
    last batch of one image joins the one before. Running statistics are left as they were.

    >>> from wsnb.callbacks import training_mode_accuracy
    >>> accuracy = training_mode_accuracy(model, images, labels, batch_size=4)
    >>> 0 <= accuracy <= 1
    True

    Args:
        model: maps images to logits [N, classes].
        images: [N, ...].
        labels: int64 [N].
        batch_size: images of a batch.
        normalize: from these images to what the model takes.
    """
    import torch

    from wsnb.chance import generator

    order = torch.randperm(len(images), generator=generator(0, "training mode")).to(images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    with torch.no_grad(), in_training_mode(model):
        for batch in order.split(batch_sizes(len(images), batch_size)):
            correct += (model(normalize(images[batch])).argmax(1) == labels[batch]).sum()
    return correct.item() / len(images)


@kind("training_mode_accuracy")
class TrainingModeAccuracy(Callback):
    """Test and train accuracy in training mode at the end, and the test accuracy by epoch, beside the usual ones.

    The curve is ``training_mode_test_accuracy``, on the images of the trial's curves; at the end there are
    ``training_mode_test_accuracy`` and ``training_mode_train_accuracy``, over all images
    (:func:`training_mode_accuracy`), in 32 bits.

    Args:
        batch_size: images of a batch.
    """

    batch_size: int = setting(128, minimum=2)
    measures: ClassVar[bool] = True

    def after_evaluation(self, training: Training, state: State) -> None:
        """The curve."""
        accuracy = self._accuracy(training, training.curve_images, training.curve_labels)
        training.add("training_mode_test_accuracy", accuracy)

    def final(self, training: Training, state: State) -> Mapping[str, float]:
        """Over all images."""
        return {
            "training_mode_test_accuracy": self._accuracy(training, training.test_images, training.test_labels),
            "training_mode_train_accuracy": self._accuracy(training, training.images, training.labels),
        }

    def _accuracy(self, training: Training, images: Tensor, labels: Tensor) -> float:
        return training_mode_accuracy(training.model, images, labels, self.batch_size, training.normalize)

"""When training stops."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import pstdev
from typing import ClassVar, Literal

from wsnb.seam import Stop
from wsnb.values import kind, setting


@kind("epochs")
class Epochs(Stop):
    r"""Stop after a fixed number of epochs (the replication's Figures 1, 3, 5, 8 to 11); 0 trains nothing.

    .. math:: t \ge T

    with the epochs :math:`t` that are done and :math:`T` = ``at_most``.
    """

    at_most: int = setting(minimum=0)
    is_fixed: ClassVar[bool] = True

    def most_steps(self, by_epoch: int) -> int:
        """All of the epochs'."""
        return self.at_most * by_epoch

    def reason(self, train_accuracies: Sequence[float], steps: int) -> str | None:
        """When all epochs are done."""
        return "all epochs done" if len(train_accuracies) >= self.at_most else None


@kind("steps")
class Steps(Stop):
    """Stop after a fixed number of steps of the optimizer, in the midst of an epoch if need be; 0 trains nothing."""

    at_most: int = setting(minimum=0)
    is_fixed: ClassVar[bool] = True

    def most_steps(self, by_epoch: int) -> int:
        """The number itself."""
        return self.at_most

    def reason(self, train_accuracies: Sequence[float], steps: int) -> str | None:
        """When all steps are done."""
        return "all steps done" if steps >= self.at_most else None


@kind("train_accuracy")
class TrainAccuracy(Stop):
    r"""Stop when the train accuracy reaches ``target`` (Figure 2: evaluated; Figures 4 and 6: running).

    .. math:: a_t \ge a \quad\text{or}\quad t \ge T

    with the train accuracy :math:`a_t` after epoch :math:`t`, :math:`a` = ``target`` and :math:`T` = ``at_most``.

    Args:
        target: a fraction of 1.
        at_most: epochs after which training ends all the same.
        measured: ``"evaluated"`` takes the accuracy on the training part after the epoch, in evaluation mode;
            ``"training mode"`` the same with each batch normalised by its own statistics, as the replication's code
            has it (:func:`wsnb.callbacks.training_mode_accuracy`); ``"running"`` that of the epoch's own batches while
            the weights move.
        images: of an evaluated accuracy, on how many images of the training part, a fixed sample; None takes all.
    """

    target: float = setting(0.99, above=0, maximum=1)
    at_most: int = setting(350, minimum=1)
    measured: Literal["evaluated", "training mode", "running"] = "evaluated"
    images: int | None = setting(None, minimum=1)

    def most_steps(self, by_epoch: int) -> int:
        """Those of the most epochs."""
        return self.at_most * by_epoch

    def reason(self, train_accuracies: Sequence[float], steps: int) -> str | None:
        """When the target or the limit is reached."""
        if train_accuracies and train_accuracies[-1] >= self.target:
            return f"train accuracy reached {self.target:g}"
        return "epoch limit" if len(train_accuracies) >= self.at_most else None


@kind("stops_improving")
class StopsImproving(TrainAccuracy):
    r"""Stop at ``target``, or when the last ``window`` train accuracies hardly differ (Table 1).

    .. math:: \sigma(a_{t-k+1}, \dots, a_t) < s

    with :math:`k` = ``window`` and :math:`s` = ``spread``: "hardly differ" is the replication's rule, the standard
    deviation over the window.
    """

    window: int = setting(3, minimum=2)
    spread: float = setting(0.002, minimum=0)

    def reason(self, train_accuracies: Sequence[float], steps: int) -> str | None:
        """When the target or the limit is reached, or nothing is gained."""
        reason, recent = super().reason(train_accuracies, steps), train_accuracies[-self.window :]
        if reason is None and len(recent) == self.window and pstdev(recent) < self.spread:
            return "train accuracy stopped improving"
        return reason

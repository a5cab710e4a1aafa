"""Learning-rate schedules: a linear rise, then a cosine or steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from wsnb.seam import Callback, Training
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from wsnb.seam import State


def cosine(step: int, steps: int, rise: float = 0.01, end: float = 0.1) -> float:
    r"""What the learning rate of a step is multiplied by: a linear rise to 1, then half a cosine down to ``end``.

    With :math:`T` steps, of which the first :math:`R = \mathrm{round}(\rho T)` rise, step :math:`t` from 0 has

    .. math:: \frac{t + 1}{R} \quad (t < R), \qquad
              \epsilon + (1 - \epsilon)\, \frac{1 + \cos(\pi (t - R) / (T - R))}{2} \quad (t \ge R)

    Re-warming (Gupta et al. 2023; Ibrahim et al. 2024) is this with a new optimizer at each arrival of data.

    >>> from wsnb.callbacks import cosine
    >>> for group in optimizer.param_groups:
    ...     group["lr"] = 0.1 * cosine(step=3, steps=1000)
    >>> round(group["lr"], 3)
    0.04

    Args:
        step: the number of the step, from 0.
        steps: how many there are, :math:`T`.
        rise: :math:`\rho`, the share of them in which it rises.
        end: :math:`\epsilon`, what it falls to.
    """
    rising = round(rise * steps)
    if step < rising:
        return (step + 1) / rising
    return end + (1 - end) * (1 + math.cos(math.pi * (step - rising) / max(steps - rising, 1))) / 2


def by_steps(epoch: int, at: Sequence[int], factor: float = 0.1) -> float:
    """What the learning rate of an epoch is multiplied by: ``factor`` for each of the epochs ``at`` that are over.

    >>> from wsnb.callbacks import by_steps
    >>> for group in optimizer.param_groups:
    ...     group["lr"] = 0.1 * by_steps(epoch=120, at=(100, 150))
    >>> round(group["lr"], 3)
    0.01
    """
    return factor ** sum(epoch >= each for each in at)


@kind("cosine_schedule")
class CosineSchedule(Callback):
    """The learning rate rises, and falls as half a cosine over the most steps that the trial may take (:func:`cosine`).

    Args:
        rise: share of the steps in which it rises from near zero.
        end: share of its highest that it ends with.
    """

    rise: float = setting(0.01, minimum=0, maximum=1)
    end: float = setting(0.1, minimum=0, maximum=1)
    decides: ClassVar[str] = "the learning rate"

    def before_epoch(self, training: Training, state: State) -> None:
        """For the epoch's first step."""
        training.optimizer.scale = cosine(training.step, training.most_steps, self.rise, self.end)

    def after_step(self, training: Training, state: State) -> None:
        """For the next step."""
        self.before_epoch(training, state)


@kind("step_schedule")
class StepSchedule(Callback):
    """The learning rate is multiplied by a factor after certain epochs, perhaps after a linear rise (:func:`by_steps`).

    Args:
        at: numbers of epochs, or of steps, that are over when it falls, such as (100, 150).
        factor: by which it is multiplied each time.
        rise: how many steps it rises in from near zero; 0 begins at its highest.
        counts: whether ``at`` counts ``"epochs"`` or ``"steps"``.
    """

    at: tuple[int, ...] = setting((), minimum=0)
    factor: float = setting(0.1, above=0)
    rise: int = setting(0, minimum=0)
    counts: Literal["epochs", "steps"] = setting("epochs", added=True)
    decides: ClassVar[str] = "the learning rate"

    def before_epoch(self, training: Training, state: State) -> None:
        """For the epoch's first step."""
        risen = min(1.0, (training.step + 1) / self.rise) if self.rise else 1.0
        over = training.step if self.counts == "steps" else training.epoch
        training.optimizer.scale = risen * by_steps(over, self.at, self.factor)

    def after_step(self, training: Training, state: State) -> None:
        """For the next step."""
        self.before_epoch(training, state)

"""Hare & Tortoise: fast weights that are trained, and their slow mean, which is evaluated (Lee et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from wsnb.seam import Callback, Training
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor

    from wsnb.seam import State


def follow(tortoise: Mapping[str, Tensor], hare: Mapping[str, Tensor], momentum: float = 0.999) -> None:
    r"""Move the slow weights a little toward the fast ones, in place.

    .. math:: T \leftarrow \mu T + (1 - \mu) H

    for parameters and buffers; whole numbers among these are copied (Lee et al. 2024, Section 4). In a training loop
    of one's own, with ``tortoise = copy.deepcopy(model)`` before it, after each step:

    >>> from wsnb.callbacks import follow
    >>> follow(tortoise.state_dict(), model.state_dict(), momentum=0.999)
    >>> if step % 1000 == 0:
    ...     _ = model.load_state_dict(tortoise.state_dict())

    Args:
        tortoise: the slow state, by name.
        hare: the fast one, of the same names and shapes.
        momentum: :math:`\mu`.
    """
    import torch

    with torch.no_grad():
        for name, slow in tortoise.items():
            if slow.is_floating_point():
                slow.lerp_(hare[name], 1 - momentum)
            else:
                slow.copy_(hare[name])


@kind("hare_tortoise")
class HareTortoise(Callback):
    r"""The slow mean of the weights is what is evaluated and kept; now and then the fast ones go back to it.

    Args:
        momentum: :math:`\mu` of :func:`follow`.
        every: epochs after which the fast weights become the slow ones.
    """

    momentum: float = setting(0.999, minimum=0, maximum=1)
    every: int = setting(10, minimum=1)
    decides: ClassVar[str] = "which weights are evaluated"

    def begin(self, training: Training, state: State) -> None:
        """Both begin at the same weights."""
        state.update({name: tensor.clone() for name, tensor in training.model.state_dict().items()})

    def after_step(self, training: Training, state: State) -> None:
        """The tortoise follows."""
        follow(state, training.model.state_dict(), self.momentum)

    def after_epoch(self, training: Training, state: State) -> None:
        """Every so many epochs the hare goes back to the tortoise."""
        if training.epoch % self.every == 0:
            training.model.load_state_dict(state)

    def evaluated(self, training: Training, state: State) -> State | None:
        """The tortoise."""
        return state

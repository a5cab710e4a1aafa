"""The angle between the loss's gradient and that of what pulls on the weights (Wan et al. 2019, Figures 4 and 5)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from wsnb.errors import InvalidValue
from wsnb.seam import Callback, Training
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from wsnb.seam import State


class Step(NamedTuple):
    """One step's geometry, in the plane of the two gradients.

    Attributes:
        along: of the direction, its part along the loss's gradient, as a length.
        across: its part at right angles to that, toward the side of the pull.
        to_loss: degrees from the loss's gradient.
        to_pull: degrees from the pull.
    """

    along: float
    across: float
    to_loss: float
    to_pull: float


DIRECTIONS = ("plain sum", "DTNH", "GEM")


def joined(direction: str, loss: float, pull: float, cosine: float) -> Step:
    r"""Where a direction goes, from the lengths of two gradients and the cosine of the angle between them.

    .. math:: \nabla J = (a, 0), \qquad \nabla\Omega = (b \cos\alpha,\ b \sin\alpha)

    and their plain sum, DTNH's direction and GEM's in these coordinates; see :func:`wsnb.regularizers.dtnh` and
    :func:`wsnb.regularizers.gem`.

    >>> from wsnb.callbacks import joined
    >>> joined("DTNH", loss=1.0, pull=2.0, cosine=-0.5).along
    1.0

    Args:
        direction: ``"plain sum"``, ``"DTNH"`` or ``"GEM"``.
        loss: :math:`a`, the length of the loss's gradient.
        pull: :math:`b`, that of the pull with its coefficient.
        cosine: :math:`\cos\alpha`.

    Raises:
        InvalidValue: for another direction.
    """
    sine = math.sqrt(max(0.0, 1 - cosine**2))
    x, y = pull * cosine, pull * sine
    if direction == "plain sum":
        along, across = loss + x, y
    elif direction == "DTNH":
        along, across = loss + max(0.0, x), y
    elif direction == "GEM":
        share = min(0.0, loss * cosine / pull) if pull else 0.0
        along, across = loss - share * x, -share * y
    else:
        raise InvalidValue(f"A direction is {direction!r}; allowed: {', '.join(map(repr, DIRECTIONS))}.")
    turned = math.degrees(math.atan2(across, along))
    return Step(along, across, abs(turned), abs(math.degrees(math.atan2(sine, cosine)) - turned))


def steps_taken(curves: Mapping[str, Sequence[float | None]]) -> dict[int, tuple[float, float, float]]:
    """By epoch, from 1, what :func:`joined` takes of the step that :class:`PullAngles` kept; of gaps nothing."""
    kept = zip(*(curves[f"pull_step_{name}"] for name in ("loss", "pull", "cosine")), strict=True)
    return {epoch: step for epoch, step in enumerate(kept, 1) if None not in step}


@kind("pull_angles")
class PullAngles(Callback):
    r"""How the loss's gradient and the pull lie to each other, on the backbone, of a trial that has a regularizer.

    Of every ``every``-th step it takes :math:`\lVert\nabla J\rVert`, :math:`\lVert\nabla\Omega\rVert` (with its
    coefficient) and the cosine of the angle between them. The curves are their means over the epoch's steps that were
    taken, ``pull_angle_loss``, ``pull_angle_pull`` and ``pull_angle_cosine``, the share of these steps in which the two
    opposed each other, ``pull_angle_obtuse``, and of one real step, the last of them, the same three numbers
    (``pull_step_loss``, ``pull_step_pull``, ``pull_step_cosine``). :func:`joined` makes every direction of them.

    Args:
        every: steps from one that is taken to the next.
    """

    every: int = setting(10, minimum=1)
    measures: ClassVar[bool] = True

    def attach(self, training: Training, state: State) -> None:
        """Have the next step compared, where it is to be."""
        self._ask(training)

    def after_step(self, training: Training, state: State) -> None:
        """Take this step's products, and have the next one compared."""
        import torch

        if training.pull is not None and training.pull.is_measuring:
            taken = training.pull.products[None].cpu()
            state["products"] = torch.cat([state["products"], taken]) if "products" in state else taken
        self._ask(training)

    def _ask(self, training: Training) -> None:
        if training.pull is not None:
            training.pull.is_measuring = (training.step + 1) % self.every == 0

    def after_epoch(self, training: Training, state: State) -> None:
        """The epoch's points; a gap where no step of it was taken."""
        import torch

        products = state.pop("products", torch.full((1, 3), torch.nan)).double()
        loss, pull = products[:, 0].sqrt(), products[:, 2].sqrt()
        cosine = products[:, 1] / (loss * pull)  # none where the pull is none, as at a warm start's first step
        opposed = (products[:, 1] < 0).double().where(products[:, 1].isfinite(), torch.nan)
        curves = {"loss": loss, "pull": pull, "cosine": cosine}
        for name, values in (*curves.items(), ("obtuse", opposed)):
            training.add(f"pull_angle_{name}", float(values.nanmean()))
        for name, values in curves.items():
            training.add(f"pull_step_{name}", float(values[-1]))

"""The trainings that the papers compare, as trials."""

from __future__ import annotations

from typing import Literal

from wsnb.profiles import Settings
from wsnb.trials import Optimiser, Part, ResNet18, Stop, Trial


def offline(
    at: Settings,
    optimiser: Optimiser,
    stop: Stop,
    seed: int,
    *,
    optimiser_state: Literal["fresh", "kept"] = "fresh",
    precision: Literal["fp32", "bf16"] = "fp32",
) -> dict[str, Trial]:
    """The three trainings of one seed, by start: on half of the data, then on all of it from either start.

    Args:
        at: data, sizes and images per step.
        optimiser: of all three.
        stop: of all three.
        seed: shared, so that the two starts on all the data see the same images in the same order.
        optimiser_state: whether the warm start goes on with the momenta of the training on half.
        precision: of all three.
    """
    half = Trial(
        data=Part(at.dataset, at.half),
        model=ResNet18(at.width),
        optimiser=optimiser,
        stop=stop,
        seed=seed,
        batch_size=at.batch_size,
        precision=precision,
        curve_images=at.curve_images,
    )
    whole = Part(at.dataset, at.images)
    return {
        "half of the data": half,
        "random init": half.replace(data=whole),
        "warm start": half.then(data=whole, optimiser_state=optimiser_state),
    }

"""Which data a trial sees: a part of a set, as a value."""

from __future__ import annotations

import dataclasses
from typing import Any

from wsnb.data import catalogue
from wsnb.errors import InvalidValue
from wsnb.values import Value, kind, setting


@kind("part")
class Part(Value):
    """A part of the training set of ``dataset``, drawn by the trial's seed.

    The training images (of ``classes``, when given) are put in a random order that the seed decides,
    and the first ``amount`` of them, or of each class, are taken: so parts are nested, the half lies inside the whole.

    Args:
        dataset: a name of :mod:`wsnb.data.catalogue`, or ``images:PATH``.
        amount: a fraction in (0, 1] when a float, a number of images when an int.
        classes: indices of the classes to keep, of test images too; they are renumbered from 0.
        resize: side in pixels of the square that each image is made; None takes them as they are.
        held_out: how many of the training images, or which fraction, are kept apart for choosing hyper-parameters:
            they are the same for every seed, no training sees them, and they stand in the test images' place, so
            that a choice never looks at those. Zero, for final trainings, uses all images and the test set.
        by_class: whether ``amount`` is of each class, as many of all: a fraction is of the class that has the fewest.
    """

    dataset: str
    amount: int | float = setting(1.0, above=0)
    classes: tuple[int, ...] | None = setting(None, minimum=0)
    resize: int | None = setting(None, minimum=8, maximum=1024)
    held_out: int | float = setting(0, minimum=0, added=True)
    by_class: bool = setting(False, added=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.amount, float) and self.amount > 1:
            raise InvalidValue(
                f"Part.amount is {self.amount!r}; allowed: a fraction in (0, 1], "
                f"or a whole number of images such as {int(self.amount)}."
            )
        if isinstance(self.held_out, float) and self.held_out >= 1:
            raise InvalidValue(
                f"Part.held_out is {self.held_out!r}; allowed: a fraction in [0, 1), "
                f"or a whole number of images such as {int(self.held_out)}."
            )
        if self.classes is not None and (len(self.classes) < 2 or len(set(self.classes)) < len(self.classes)):
            raise InvalidValue(f"Part.classes is {self.classes!r}; allowed: two or more different class indices.")
        catalogue.check_name(self.dataset)

    def __eq__(self, other: object) -> bool:
        """One image, 1, is not all of them, 1.0."""
        if not isinstance(other, Part):
            return NotImplemented
        return (type(self.amount), *dataclasses.astuple(self)) == (type(other.amount), *dataclasses.astuple(other))

    def __hash__(self) -> int:
        """By its fields."""
        return hash(dataclasses.astuple(self))

    def canonical(self) -> dict[str, Any]:
        """As :meth:`Value.canonical`, with the fingerprint; a path on some machine is no part of it."""
        form = super().canonical()
        form["dataset"] = self.dataset.partition(":")[0]
        return form | catalogue.identity(self.dataset)


def half(amount: int | float) -> int | float:
    """Half of an amount of data: of a number of images, rounded down, or of a fraction."""
    return amount // 2 if isinstance(amount, int) else amount / 2

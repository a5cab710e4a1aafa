"""Effects: what is going to be measured, declared before the first of its records is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effect:
    """One question, as it was put before it was answered.

    Attributes:
        name: its name in the book.
        sides: the two that are compared, the second taken from the first.
        number: what is compared, with its unit.
        item: where: a figure, a table, on one data set.
        family: the question on one data set at one profile that its members are judged together for.
        least: the smallest size that matters, in the number's unit; of a ratio the factor.
        seeds: the parameter that says how many seeds there are.
    """

    name: str
    sides: tuple[str, str]
    number: str
    item: str
    family: str
    least: float = 1.0
    seeds: str = "seeds"

"""Which layer of a network feeds which."""

from __future__ import annotations

from typing import NamedTuple


class Succession(NamedTuple):
    """A layer whose units feed one other layer alone, so that a unit can be taken out or made new.

    Attributes:
        incoming: the name of the convolution or linear layer whose outputs are the units.
        norm: the name of the normalisation layer between the two; None where there is none.
        outgoing: the name of the convolution or linear layer that takes them.
    """

    incoming: str
    norm: str | None
    outgoing: str

"""Where chance comes from: one generator for each thing that a seed decides, named by what it is for."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def seed_of(seed: int, *names: str | int) -> int:
    """A 64-bit seed that ``seed`` and ``names`` decide, the same on every machine and in every process.

    It is the first eight bytes, big end first, of the SHA-256 of the JSON list ``[seed, *names]`` written without
    spaces. The first name says what the chance is for; different names give streams that have nothing to do with
    each other, so drawing more numbers for one purpose changes none that are drawn for another.
    """
    text = json.dumps([seed, *names], separators=(",", ":"), ensure_ascii=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def generator(seed: int, *names: str | int) -> torch.Generator:
    """A CPU generator with :func:`seed_of` these names.

    >>> part, first_epoch = generator(0, "part"), generator(0, "order", 1)
    """
    import torch

    return torch.Generator().manual_seed(seed_of(seed, *names))

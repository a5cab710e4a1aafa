"""Where chance comes from: one generator for each thing that a trial's seed decides."""

from __future__ import annotations

import hashlib
import json

import torch


def generator(seed: int, *names: str | int) -> torch.Generator:
    """A CPU generator that ``seed`` and ``names`` decide, the same on every machine and in every process.

    Its 64-bit seed is the first eight bytes, big end first, of the SHA-256 of the JSON list
    ``[seed, *names]`` written without spaces. Different names give streams that have nothing to do
    with each other, so drawing more numbers for one purpose changes none that are drawn for another:

    >>> part, first_epoch = generator(0, "part"), generator(0, "order", 1)
    """
    text = json.dumps([seed, *names], separators=(",", ":"), ensure_ascii=True)
    digest = hashlib.sha256(text.encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big"))

"""How images are divided into batches where the size of a batch matters."""

from __future__ import annotations


def batch_sizes(count: int, size: int) -> list[int]:
    """How many images each batch has, where batch normalisation takes its statistics from them.

    A last batch of one image, which may have none, joins the one before.

    >>> batch_sizes(10, 4), batch_sizes(9, 4)
    ([4, 4, 2], [4, 5])
    """
    sizes = [min(size, count - start) for start in range(0, count, size)]
    return [*sizes[:-2], sizes[-2] + 1] if sizes[1:] and sizes[-1] == 1 else sizes

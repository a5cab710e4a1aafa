"""What pulls on the weights, and how that is joined with the loss: one regularizer or direction a file.

To add one: a file with a class that derives from :class:`wsnb.seam.Regularizer` or :class:`wsnb.seam.Direction`,
under ``@kind("its_name")``, with an example of its use outside a trial, which the tests run; and its line below.
:mod:`wsnb.regularizers.pull` is what puts them to work.
"""

from __future__ import annotations

from typing import Any

from wsnb.regularizers.delta import DELTA, channel_attention
from wsnb.regularizers.dtnh import DTNH, dtnh
from wsnb.regularizers.gem import GEM, gem
from wsnb.regularizers.know_dist import KnowDist
from wsnb.regularizers.l2 import L2
from wsnb.regularizers.l2_sp import L2SP
from wsnb.regularizers.plain_sum import PlainSum


def __getattr__(name: str) -> Any:
    """``Pull``, which imports torch, when it is asked for."""
    if name != "Pull":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wsnb.regularizers.pull import Pull

    return Pull

"""What pulls on the weights, and how that is joined with the loss: one regularizer or direction a file.

To add one: a file with a class that derives from :class:`wsnb.seam.Regularizer` or :class:`wsnb.seam.Direction`,
under ``@kind("its_name")``, and its line below. :mod:`wsnb.regularizers.pull` is what puts them to work.
"""

from wsnb.regularizers.dtnh import DTNH
from wsnb.regularizers.know_dist import KnowDist
from wsnb.regularizers.l2_sp import L2SP
from wsnb.regularizers.plain_sum import PlainSum

__all__ = ["DTNH", "L2SP", "KnowDist", "PlainSum"]

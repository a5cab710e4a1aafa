"""Where the weights start: one start a file, its equation and source in its docstring.

To add one: a file with a class that derives from :class:`wsnb.seam.Start`, under ``@kind("its_name")``, with an
example of its use outside a trial, which the tests run; and its line below.
"""

from wsnb.starts.dash import Dash, dash
from wsnb.starts.pretrained import Pretrained, pretrained
from wsnb.starts.random_init import RandomInit
from wsnb.starts.shrink_perturb import ShrinkPerturb, shrink_perturb
from wsnb.starts.warm_start import WarmStart, warm_start

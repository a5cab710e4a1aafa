"""The rules that move weights along gradients: PyTorch's own functions, bit for bit its fused optimizers.

To add one: a file with a class that derives from :class:`wsnb.seam.Optimizer`, under ``@kind("its_name")``, and
its line below. (The classes of `torch.optim` import PyTorch's compiler, three seconds of every process.)
"""

from wsnb.optimizers.adam import Adam, AdamW
from wsnb.optimizers.rmsprop import RMSProp
from wsnb.optimizers.sgd import SGD

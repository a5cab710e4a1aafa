"""The networks: a file for the value that a trial names, and a file for the network that it builds.

To add one: a file with a class that derives from :class:`wsnb.seam.Model`, under ``@kind("its_name")``, whose
``build`` imports PyTorch or the network's own file, and its line below.
"""

from wsnb.models.perceptron import MLP, Logistic
from wsnb.models.resnet import ResNet18, ResNet20
from wsnb.models.torchvision_resnet import TorchvisionResNet18

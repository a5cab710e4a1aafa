"""Data sets: the catalogue, published sets (a file each), folders of images, parts, augmentation.

A set is added by a new file with a class under ``@data_set(name)``, as in digits.py, and one line below.
"""

import wsnb.data.caltech101
import wsnb.data.cifar
import wsnb.data.digits
import wsnb.data.fashion_mnist
import wsnb.data.svhn  # noqa: F401

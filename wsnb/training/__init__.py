"""The training loop, the evaluation, and the steps of the optimizer: one of each, and no method by name.

What a method may do during training is said in :mod:`wsnb.seam`; to add a method, see its folder.
"""

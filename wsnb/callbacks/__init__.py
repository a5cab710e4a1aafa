"""What else happens during training, or is measured: one callback a file.

To add one: a file with a class that derives from :class:`wsnb.seam.Callback`, under ``@kind("its_name")``, with an
example of its use outside a trial, which the tests run; and its line below.
"""

from wsnb.callbacks.gradient_norms import GradientNorms, GradientNormsAsCoded, gradient_norm
from wsnb.callbacks.hare_tortoise import HareTortoise, follow
from wsnb.callbacks.pull_angles import PullAngles, joined, steps_taken
from wsnb.callbacks.redo import ReDo, redo
from wsnb.callbacks.schedules import CosineSchedule, StepSchedule, by_steps, cosine
from wsnb.callbacks.training_mode import TrainingModeAccuracy, training_mode_accuracy
from wsnb.callbacks.weight_scales import WeightScales, weight_scale

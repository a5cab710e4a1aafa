"""What else happens during training, or is measured: one callback a file.

To add one: a file with a class that derives from :class:`wsnb.seam.Callback`, under ``@kind("its_name")``, and its
line below.
"""

from wsnb.callbacks.gradient_norms import GradientNorms
from wsnb.callbacks.hare_tortoise import HareTortoise
from wsnb.callbacks.redo import ReDo
from wsnb.callbacks.schedules import CosineSchedule, StepSchedule
from wsnb.callbacks.training_mode import TrainingModeAccuracy

__all__ = ["CosineSchedule", "GradientNorms", "HareTortoise", "ReDo", "StepSchedule", "TrainingModeAccuracy"]

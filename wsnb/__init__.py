"""Warm starts, measured: trials of how to retrain a model when new data arrives, and their records."""

from wsnb.callbacks import (
    CosineSchedule,
    GradientNorms,
    GradientNormsAsCoded,
    HareTortoise,
    PullAngles,
    ReDo,
    StepSchedule,
    TrainingModeAccuracy,
    WeightScales,
)
from wsnb.data.augment import Augment
from wsnb.data.catalogue import DataSet, data_set
from wsnb.data.part import Part, half
from wsnb.errors import WsnbError
from wsnb.evidence.records import Record, Records
from wsnb.models import MLP, Logistic, ResNet18, ResNet20, TorchvisionResNet18
from wsnb.optimizers import SGD, Adam, AdamW, RMSProp
from wsnb.regularizers import DELTA, DTNH, GEM, L2, L2SP, KnowDist, PlainSum
from wsnb.running.run import plan, recorded, run
from wsnb.seam import Callback, Direction, Model, Optimizer, Regularizer, Start, Stop
from wsnb.starts import Dash, Pretrained, RandomInit, ShrinkPerturb, WarmStart
from wsnb.trials.item import Item
from wsnb.trials.stops import Epochs, Steps, StopsImproving, TrainAccuracy
from wsnb.trials.trial import Trial
from wsnb.values import kind, setting
from wsnb.version import __version__

"""Warm starts, measured: trials of how to retrain a model when new data arrives, and their records."""

from wsnb.engine import plan, recorded, run
from wsnb.errors import WsnbError
from wsnb.records import Record, Records
from wsnb.trials import (
    MLP,
    SGD,
    Adam,
    Augment,
    Epochs,
    Logistic,
    Part,
    RandomInit,
    ResNet18,
    ResNet20,
    ShrinkPerturb,
    StopsImproving,
    TrainAccuracy,
    Trial,
    WarmStart,
)

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "Augment",
    "Epochs",
    "Logistic",
    "Part",
    "RandomInit",
    "Record",
    "Records",
    "ResNet18",
    "ResNet20",
    "ShrinkPerturb",
    "StopsImproving",
    "TrainAccuracy",
    "Trial",
    "WarmStart",
    "WsnbError",
    "plan",
    "recorded",
    "run",
]

"""Records of trainings that were not run."""

from wsnb import Record


def record(trial, accuracy=0.5, **final):
    measured = {"test_accuracy": accuracy, "epochs": 3, "images_seen": 600, "stopped": "all epochs done"} | final
    return Record(trial.canonical(), {}, {}, {}, measured, {})


def failed(trial):
    """As the loop writes one that diverged in its second epoch."""
    final = {"epochs": 1, "steps": 2, "images_seen": 200, "stopped": "diverged", "failed": "the training diverged"}
    return Record(trial.canonical(), {}, {}, {"test_accuracy": [0.1]}, final, {})

"""Records of trainings that were not run."""

from wsnb import MLP, SGD, Epochs, Item, Part, Record, Trial

MADE = {"device": "a CPU", "threads": 1, "commit": "none", "versions": {}, "started": "2026-01-01", "seconds": 36.0}
STARTS = ("half of the data", "random init", "warm start")
HALF = Trial(Part("digits", 100), MLP(hidden=(4,)), SGD(0.1), Epochs(3))


def item(seeds=5, *, rate=0.1, first=0, **more):
    """So many seeds, of three trainings each."""

    def three(seed):
        half = HALF.replace(optimizer=SGD(rate), seed=seed)
        whole = Part("digits", 200)
        return dict(zip(STARTS, (half, half.replace(data=whole), half.then(data=whole)), strict=True))

    return Item({seed: three(seed) for seed in range(first, first + seeds)}, **more)


def record(trial, accuracy=0.5, **final):
    measured = {
        "test_accuracy": accuracy, "late_test_accuracy": accuracy, "train_accuracy": 0.9, "train_loss": 0.1,
        "epochs": 3, "images_seen": 600, "stopped": "all epochs done",
    }  # fmt: skip
    curves = {"test_accuracy": [0.25, 0.375, accuracy], "seconds": [1.5, 3.0, 4.5]}
    return Record(trial.canonical(), trial.asked, {"test_accuracy": 0.1}, curves, measured | final, MADE)


def failed(trial):
    """As the loop writes one that diverged in its second epoch."""
    final = {"epochs": 1, "steps": 2, "images_seen": 200, "stopped": "diverged", "failed": "the training diverged"}
    return Record(trial.canonical(), trial.asked, {}, {"test_accuracy": [0.1]}, final, MADE)


def records_of(*items):
    """All at 50 %."""
    return {trial: record(trial) for each in items for trials in each.seeds.values() for trial in trials.values()}


def with_gaps(compared, gaps):
    """Records of which random init less warm start is this many points, seed by seed."""
    return records_of(compared) | {
        trials["warm start"]: record(trials["warm start"], 0.5 - gap / 100)
        for trials, gap in zip(compared.seeds.values(), gaps, strict=True)
    }

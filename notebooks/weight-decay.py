# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does weight decay close the gap?
#
# Weight decay is in every recipe. Does a model that was trained with it make a better start, so that one need not start
# over?

# %% [markdown]
# ## What the papers say
#
# {cite:t}`kireev2021`, Table 2: with a weight decay of 0.1, 0.01 and 0.001 in both phases of the offline setting, higher
# values leave a smaller gap, and 0.1 nearly none. {cite:t}`ash2020` had found that weight decay does not help; the
# replication says that it contradicts them here. Its cells have no standard errors.

# %% [markdown]
# ## The experiment
#
# The trainings of Figure 1 ({doc}`gap-offline`), with SGD's weight decay in all three. It is PyTorch's: the gradient of
# half its squared norm times the weight decay is added to each weight's gradient, batch normalisation's included. A
# decay of 0 is Figure 1 itself.

# %% tags=["parameters", "hide-input"]
profile = "laptop"
dataset = "cifar10"  # what is trained on
images = 7680  # how many of its training images; the half is half of them
width = 16  # of the ResNet-18: channels of its first convolution
batch_size = 128  # images in a step
learning_rate = 0.03  # SGD's
phase_epochs = 25  # of each training
weight_decays = [0.1, 0.01, 0.001]  # SGD's, in all three trainings
curve_images = 2000  # test images on which accuracy is measured after each epoch
seeds = 5  # how many (ours)
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from wsnb import SGD, Epochs, Item, Part, ResNet18, Trial, half


def trials(at):
    """By weight decay, for each seed the three trainings that are compared."""

    def three(decay, seed):
        rule, stop = SGD(at.learning_rate, weight_decay=decay), Epochs(at.phase_epochs)
        shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
        first, whole = Part(at.dataset, half(at.images)), Part(at.dataset, at.images)
        on_half = Trial(first, ResNet18(at.width), rule, stop, seed, **shared)
        return {
            "half of the data": on_half,
            "random init": on_half.replace(data=whole),
            "warm start": on_half.then(data=whole),
        }

    of = {decay: {seed: three(decay, seed) for seed in at.all_seeds} for decay in (*at.weight_decays, 0.0)}
    return {decay: Item(seeds, family="Table 2") for decay, seeds in of.items()}


# %% [markdown]
# The paper's sentences are about differences between gaps, so those were declared before the first record was made, and
# are judged seed by seed.

# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS
from wsnb.trials.item import together
from wsnb.verdicts.effects import Difference, Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY


def verdicts(at, records):
    """What becomes of the effects, and of the claims, of Table 2."""
    items = trials(at)

    def gap(decay):
        return Difference((decay, "random init"), (decay, "warm start"))

    def less(name, one, other):
        words = f"gap at weight decay {one:g} − gap at {other:g}"
        return Effect(f"table-2-{name}", gap(one), gap(other), ACCURACY, "Table 2", words=words)

    steps = {"decay-0.1": (0.0, 0.1)} | {
        f"{a:g}-to-{b:g}": (a, b) for a, b in ((0.001, 0.1), (0.001, 0.01), (0.01, 0.1))
    }
    effects = [less(name, one, other) for name, (one, other) in steps.items() if {one, other} <= items.keys()]
    return judge(effects, {"Table 2": together(items)}, records, CLAIMS.values(), at.profile)


# %% tags=["hide-input"]
from wsnb.publishing import board, figures, page
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings
from wsnb.publishing.shown import Source

at = Settings.of(globals())
found = results("weight-decay", at, trials)
judged = found.judged(verdicts)
shown_at, source = found.at(0.0), found.source()
page.parameters(found)

# %% [markdown]
# What weight decay does to a step:

# %% tags=["method", "hide-input"]
page.method(SGD, SGD.update)

# %% [markdown]
# Where this differs from the paper, found by comparing each trial with the one that the paper describes, field by field.
# SGD shrinks a weight by the
# factor 1 − learning rate × weight decay at each step: what the weight decays amount to depends on the number of
# steps and the learning rate too. Over one phase that makes the factors below for a weight whose gradient is zero.

# %% tags=["hide-input"]
from math import exp

from wsnb.running.plan import images_in

theirs = at.as_in_the_paper()
paper = trials(theirs)
page.differences(trials, found, {decay: f"weight decay {decay:g}" for decay in found.items})


# %% tags=["hide-input"]
def shrunk(epochs, trial):
    """The factor by which decay alone shrinks a weight in the training of this trial."""
    steps = epochs * -(-images_in(trial.data) // trial.batch_size)
    return exp(-steps * trial.optimizer.learning_rate * trial.optimizer.weight_decay)


def factors(settings, items, decay):
    """On half of the data and on all of it."""
    starts = ("half of the data", "random init")
    if decay not in items:
        return "–"
    return " / ".join(f"{shrunk(settings.phase_epochs, items[decay].first()[start]):.2g}" for start in starts)


page.table(
    ("weight decay", "paper: on half / on all", "here: on half / on all"),
    [
        (f"{decay:g}", factors(theirs, paper, decay), factors(shown_at, found.items, decay))
        for decay in shown_at.weight_decays
    ],
    name="factors",
    source=Source("weight-decay"),
)

# %% tags=["answer", "hide-input"]
STARTS = ("random init", "warm start")
largest = max(found.items)
learned, known = (
    [page.accuracy(found[decay].percent("random init", measure)) for decay in (largest, 0.0)]
    for measure in ("train_accuracy", "test_accuracy")
)
price = (
    f"\n\nWith a weight decay of {largest:g} random init ends right on {learned[0]} % of the images it was trained on and "
    f"on {known[0]} % of test images; without, on {learned[1]} % and {known[1]} %."
)
page.text(
    board.answer(
        judged.findings.get("table-2-decay-0.1"),
        positive="Yes: with a weight decay of 0.1 the gap between random init and a warm start is smaller than without "
        "weight decay",
        negative="No: with a weight decay of 0.1 the gap between random init and a warm start is larger than without "
        "weight decay",
        negligible="No: with a weight decay of 0.1 the gap between random init and a warm start is what it is without "
        "weight decay",
        unclear="whether a weight decay of 0.1 makes the gap between random init and a warm start smaller",
    )
    + (price if len(found[largest]) and len(found[0.0]) else "")
)

# %% tags=["answer", "hide-input"]
from wsnb.papers import kireev2021
from wsnb.papers.table_1 import printed

PRINTED = kireev2021.TABLE_2 | {0.0: kireev2021.TABLE_1["CIFAR-10", "ResNet-18", "SGD"]}


def gap(decay):
    """Ours, paired by seed."""
    return found[decay].gap("random init", "warm start")


def theirs(decay):
    """The paper's, in the row without decay that of its Table 1."""
    return {kireev2021.PAPER.short: printed(PRINTED[decay])} if decay in PRINTED else {}


ours = {decay: gap(decay) for decay in found.items if gap(decay)}
figures.intervals(
    "weight-decay",
    {"": {f"weight decay {decay:g}": figures.interval(gap(decay), theirs(decay)) for decay in found.items}},
    xlabel="gap: random init − warm start, test accuracy (points)",
    message="The gap by weight decay: "
    + "; ".join(f"{page.signed(each.mean)} at {decay:g}" for decay, each in ours.items())
    + ".",
    within=1.0,
    source=source,
)

# %% [markdown]
# ## Table 2
#
# Test accuracy in percent, mean (standard error) over seeds; the gap with its 95 % confidence interval from paired
# seeds; in the last column random init / warm start (gap) as the paper prints them, in the row without decay those of
# its Table 1.


# %% tags=["hide-input"]
def share(decay, start, measure="test_accuracy"):
    """A final accuracy in percent."""
    return page.accuracy(found[decay].percent(start, measure))


page.table(
    ("weight decay", "random init (%)", "warm start (%)", "gap (points)", "training accuracy, random init (%)",
     "training accuracy, warm start (%)", kireev2021.PAPER.short),
    [
        (
            f"{decay:g}",
            *(share(decay, start) for start in STARTS),
            page.effect(gap(decay)),
            *(share(decay, start, "train_accuracy") for start in STARTS),
            page.pair(PRINTED.get(decay)),
        )
        for decay in found.items
    ],
    name="table-2",
    source=source,
)  # fmt: skip

# %% [markdown]
# ## Verdict

# %% tags=["hide-input"]
board.verdicts(judged)

# %% [markdown]
# What was found of each declared effect, whether or not a claim speaks of it ({doc}`verdicts` has the rule):

# %% tags=["hide-input"]
board.findings(judged, source)

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run weight-decay --profile laptop
# wsnb run weight-decay --profile paper                 # on a GPU
# wsnb run weight-decay --profile laptop -p first_seed=51   # other seeds
# papermill notebooks/weight-decay.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p seeds 3
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

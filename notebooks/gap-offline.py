# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The warm-start gap, offline
#
# You trained a model on half of your data. Now the other half has arrived. You can go on from the weights you have (a
# *warm start*) or train again from random weights (*random init*) on everything. Both end with the same data, the same
# model and, usually, the same training accuracy. Do they end equally good on data that neither has seen?

# %% [markdown]
# ## What the papers say
#
# {cite:t}`ash2020` say no: the warm start ends lower, and call the difference the generalisation gap of warm-starting;
# their anonymous first version {cite:p}`warmstart2019` adds that the final training losses are similar.
# {cite:t}`kireev2021` replicate it and find the gap on CIFAR-10 and CIFAR-100, but not on SVHN. Here we re-run their
# Figure 1 and Table 1, and ask of their own numbers which cells show a gap. The *gap* is always
#
# $$
# \text{gap} = \text{test accuracy of random init} - \text{test accuracy of warm start},
# $$
#
# in percentage points: positive when warm-starting costs accuracy.

# %% [markdown]
# ## The experiment
#
# For each seed, three trainings make one comparison. The seed decides which images are the half, the
# order of the batches and the initial weights, so the two starts that are compared share all of them:
# differences are paired.
#
# - *Figure 1* trains a ResNet-18, each phase for a fixed number of epochs with SGD.
# - *Table 1* trains a ResNet-18, a perceptron of three hidden layers (MLP) and logistic regression, each phase
#   until the training accuracy is 99 % or hardly changes over three epochs (a standard deviation under 0.2
#   points: the replication's rule), with SGD, Adam and SGD with momentum 0.9. The replication's code keeps the
#   optimiser's state across the phases here; so do we (`optimizer_state`).

# %% tags=["parameters", "hide-input"]
profile = "laptop"
dataset = "cifar10"  # what is trained on, in CIFAR-10's place
images = 7680  # Table 1: how many of its training images; the half is half of them
width = 16  # of the ResNet-18: channels of its first convolution
batch_size = 128  # images in a step
learning_rate = 0.03  # SGD's, of the ResNet-18
momentum_learning_rate = 0.005  # momentum SGD's, of all models
adam_learning_rate = 0.001  # Adam's, of all models
phase_epochs = 25  # Figure 1: of each training
small_model_learning_rate = 0.0065  # SGD's, of the MLP and logistic regression
svhn_mlp_learning_rate = 0.0325  # SGD's, of the MLP on SVHN
small_model_seeds = 10  # how many for the MLP and logistic regression, which train in seconds
figure_1_seeds = 5  # how many for Figure 1 (ours)
figure_1_images = 7680  # Figure 1: how many training images
also_on = None  # another data set that is trained on, in its own place of the table (ours)
optimizer_state = "kept"  # Table 1: in the second phase the first one's, or "fresh"
epoch_limit = 100  # Table 1: after which a training ends all the same
curve_images = 2000  # on which accuracy is measured after each epoch
seeds = 5  # how many for the ResNet-18 of Table 1
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from wsnb import MLP, SGD, Adam, Epochs, Item, Logistic, Part, ResNet18, StopsImproving, Trial, half


def three(at, whole, model, optimizer, stop, seed, optimizer_state="fresh"):
    """One seed's three trainings, which make a comparison."""
    shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
    on_half = Trial(Part(whole.dataset, half(whole.amount)), model, optimizer, stop, seed, **shared)
    random = on_half.replace(data=whole)
    warm = on_half.then(data=whole, optimizer_state=optimizer_state)
    return {"half of the data": on_half, "random init": random, "warm start": warm}


# %% tags=["trials"]
def trials(at):
    """By item, for each seed the three trainings that are compared."""
    whole, large, sgd = Part(at.dataset, at.figure_1_images), ResNet18(at.width), SGD(at.learning_rate)
    seeds, fixed = at.seeds_of(at.figure_1_seeds), Epochs(at.phase_epochs)
    items = {"Figure 1": Item({i: three(at, whole, large, sgd, fixed, i) for i in seeds})}
    stop = StopsImproving(at_most=at.epoch_limit, images=at.curve_images)
    small = (at.small_model_learning_rate, at.small_model_seeds)
    models = {"ResNet-18": (large, at.learning_rate, at.seeds), "MLP": (MLP(), *small)}
    models["logistic regression"] = (Logistic(), *small)
    for data, ours in at.data_sets.items():
        whole, is_welcome = Part(ours, at.images), ours not in (at.dataset, at.also_on)
        for name, (model, rate, count) in models.items():
            seeds, rules = at.seeds_of(count), {"SGD": SGD(rate), "Adam": Adam(at.adam_learning_rate)}
            rules["momentum SGD"] = SGD(at.momentum_learning_rate, momentum=0.9)
            if (ours, name) == ("svhn", "MLP"):
                rules["SGD"] = SGD(at.svhn_mlp_learning_rate)
                rules["SGD, learning rate as elsewhere"] = SGD(rate)
            for label, rule in rules.items():
                cell = {i: three(at, whole, model, rule, stop, i, at.optimizer_state) for i in seeds}
                items[data, name, label] = Item(cell, is_welcome, f"{name} on {data}")
    return items


# %% [markdown]
# The effects, declared before the first record was made. A cell is a statement of its paper's where the paper's own
# numbers show one start ahead, by the t test at 5 %; of the others the table claims nothing. The cells of one model on one
# data set are judged together. What the text says of a data set is judged by the ResNet-18's three cells. On SVHN, of
# which the replication's text says that there is no gap, what its cells show is our reading, and marked so.

# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS, kireev2021
from wsnb.papers.table_1 import effect_of
from wsnb.trials.item import together
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY, ACCURACY_IF_ANY, LATE_ACCURACY, LOSS

SIDES = ("random init", "warm start")


def verdicts(at, records):
    """What becomes of the effects, and of the claims, of Figure 1 and Table 1."""
    items, larger, elsewhere = trials(at), ("SVHN", "MLP", "SGD"), ("SVHN", "MLP", "SGD, learning rate as elsewhere")
    items["two rates"] = together({cell: items[cell] for cell in (larger, elsewhere)})
    rates = ((larger, "random init"), (elsewhere, "random init"))
    effects = [
        Effect("figure-1-gap", *SIDES, ACCURACY, "Figure 1"),
        Effect("figure-1-late-gap", *SIDES, LATE_ACCURACY, "Figure 1"),
        Effect("figure-1-loss", *SIDES, LOSS, "Figure 1"),
        *(Effect(effect_of(cell), *SIDES, ACCURACY, cell) for cell in kireev2021.TABLE_1),
        Effect(
            "table-1-svhn-mlp-sgd-rate", *rates, ACCURACY_IF_ANY, "two rates", least=5.0,
            words="random init at five times the learning rate − at that of the other cells",
        ),
    ]  # fmt: skip
    return judge(effects, items, records, CLAIMS.values(), at.profile)


# %% [markdown]
# What is recorded is looked up, the rest is trained; cells that need other data sets are looked up only.

# %% tags=["hide-input"]
from wsnb.publishing import board, figures, page
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings
from wsnb.publishing.shown import Source

found = results("gap-offline", Settings.of(globals()), trials)
judged = found.judged(verdicts)
page.parameters(found)

# %% [markdown]
# The warm start, and when a training of Table 1 stops:

# %% tags=["method", "hide-input"]
from wsnb.starts import warm_start

page.method(warm_start)

# %% tags=["method", "hide-input"]
page.method(StopsImproving)

# %% [markdown]
# Where this differs from the paper, found by comparing each trial with the one that the paper describes, field by field.
# Beyond these, both of our settings measure accuracy in evaluation mode, over images; the replication's code for Table 1
# leaves batch normalisation in training mode while it measures.

# %% tags=["hide-input"]
names = {key: key if key == "Figure 1" else " with ".join(key[1:]) for key in found.items}
page.differences(trials, found, names)

# %% tags=["answer", "hide-input"]
page.text(
    board.answer(
        judged.findings.get("figure-1-gap"),
        positive="No: trained on half of the data first, a ResNet-18 ends below one that was trained on all of it from a "
        "random initialisation",
        negative="No: trained on half of the data first, a ResNet-18 ends above one that was trained on all of it from a "
        "random initialisation",
        negligible="Yes: trained on half of the data first, a ResNet-18 ends within a point of one that was trained on all "
        "of it from a random initialisation",
        unclear="whether a ResNet-18 that was trained on half of the data first ends below one that was not",
    )
)

# %% tags=["answer", "hide-input"]
figure_1, shift = found["Figure 1"], found.at("Figure 1").phase_epochs
of_figure_1 = found.source("Figure 1")
STARTS = ("half of the data", "random init", "warm start")
ends = {start: page.accuracy(figure_1.percent(start)) for start in STARTS}
figures.lines(
    "gap-offline",
    {
        "test accuracy (%)": [
            figures.of_epochs(start, figure_1.records(start), 0 if start == "half of the data" else shift)
            for start in STARTS
        ]
    },
    xlabel="epoch",
    message=f"Random init ends at {ends['random init']} %, the warm start at {ends['warm start']} %.",
    reading="Training on half of the data comes first, then both starts on all of it, random init shifted so that it lies "
    "over the warm start, as in Figure 1 of the paper, which prints no numbers. Epoch 0 is before the first step. Curves "
    f"are measured on {found.at('Figure 1').curve_images} test images, the same for all; where they end, above, on all.",
    source=of_figure_1,
)

# %% [markdown]
# ## Figure 1: where the curves end
#
# The figure at the top of this page, in numbers, measured on all test images.

# %% tags=["hide-input"]
page.table(
    (
        "at the end",
        "test accuracy (%)",
        "mean of the last five epochs (%)",
        "training accuracy (%)",
        "training loss (nats)",
    ),
    [
        (
            start,
            ends[start],
            page.accuracy(figure_1.percent(start, "late_test_accuracy")),
            page.accuracy(figure_1.percent(start, "train_accuracy")),
            page.accuracy(figure_1.final(start, "train_loss"), digits=3),
        )
        for start in STARTS
    ],
    name="figure-1",
    source=of_figure_1,
)

# %% [markdown]
# ## Table 1: trained to convergence
#
# Test accuracy in percent, mean (standard error) over seeds; the gap with its 95 % confidence interval
# from paired seeds; the mean epochs on all the data, random init / warm start. The papers' columns hold what they print:
# random init / warm start (gap). The perceptron and logistic regression train in seconds, so they get more seeds
# (`small_model_seeds`).

# %% tags=["hide-input"]
from statistics import fmean

from wsnb.papers import ash2020, kireev2021
from wsnb.papers.table_1 import printed


def epochs(seeds):
    """Mean epochs that the two starts took on all the data."""
    counts = [seeds.final(start, "epochs") for start in ("random init", "warm start")]
    return " / ".join(f"{fmean(each):.0f}" if each else "–" for each in counts)


def cells(dataset):
    """Table 1's cells on this data set: our records, by cell."""
    return {cell: seeds for cell, seeds in found.compared.items() if cell[0] == dataset}


def table_of(dataset):
    """Table 1 on one data set, ours beside theirs."""
    columns = ("on " + dataset, "random init (%)", "warm start (%)", "gap (points)")
    return page.table(
        (*columns, kireev2021.PAPER.short, ash2020.PAPER.short, "seeds", "epochs, random / warm"),
        [
            (
                " with ".join(cell[1:]),
                page.accuracy(seeds.percent("random init")),
                page.accuracy(seeds.percent("warm start")),
                page.effect(seeds.gap("random init", "warm start")),
                page.pair(kireev2021.TABLE_1.get(cell)),
                page.pair(ash2020.TABLE_1.get(cell)),
                str(len(seeds)),
                epochs(seeds),
            )
            for cell, seeds in cells(dataset).items()
        ],
        name="table-1-" + dataset.lower(),
        source=found.source(*cells(dataset)),
    )


table_of("CIFAR-10")


# %% tags=["hide-input"]
def theirs(cell):
    """By paper, its gap, with the error of paired seeds where they are known."""
    tables = {kireev2021: kireev2021.BEHIND_TABLE_1, ash2020: {}}
    return {
        paper.PAPER.short: printed(paper.TABLE_1[cell], seeds.get(cell))
        for paper, seeds in tables.items()
        if cell in paper.TABLE_1
    }


def figure_of(dataset):
    """The gaps of Table 1 on one data set, ours beside theirs."""
    gaps = {cell: found[cell].gap("random init", "warm start") for cell in cells(dataset)}
    run = [each.mean for each in gaps.values() if each]
    message = f"Not run on {dataset}: the gaps that the papers print."
    if run:
        above = sum(mean > 0 for mean in run)
        message = (
            f"Random init ends above the warm start, in the mean over seeds, in {above} of {len(run)} cells that were "
        )
        message += f"run on {dataset}."
    return figures.intervals(
        "table-1-" + dataset.lower(),
        {"": {", ".join(cell[1:]): figures.interval(each, theirs(cell)) for cell, each in gaps.items()}},
        xlabel="gap: random init − warm start, test accuracy (points)",
        message=message,
        within=1.0,
        source=found.source(*gaps),
    )


figure_of("CIFAR-10")

# %% [markdown]
# ### SVHN

# %% tags=["hide-input"]
page.needs_data("svhn", "gap-offline", any(map(len, cells("SVHN").values())))

# %% tags=["hide-input"]
table_of("SVHN")

# %% tags=["hide-input"]
figure_of("SVHN")

# %% [markdown]
# ### CIFAR-100

# %% tags=["hide-input"]
page.needs_data("cifar100", "gap-offline", any(map(len, cells("CIFAR-100").values())))

# %% tags=["hide-input"]
table_of("CIFAR-100")

# %% tags=["hide-input"]
figure_of("CIFAR-100")

# %% [markdown]
# ## The replication's own seeds
#
# The code of {cite:t}`kireev2021` comes with the test accuracies of each of the five seeds behind Table 1. A
# seed draws the half and the initial weights of both starts there too, so differences can be paired. Which of
# their cells show a gap, once the seeds are paired and it is taken into account that there are
# 27 of them? *p* is of the paired t test, two-sided; *adjusted*, by Holm's method over all cells: calling those
# below 0.05 differences is wrong about any of them at most once in twenty such tables.

# %% tags=["hide-input"]
from math import sqrt
from statistics import stdev

from wsnb.verdicts.statistics import holm, paired

theirs = {cell: paired(*seeds) for cell, seeds in kireev2021.TABLE_1_SEEDS.items()}
adjusted = dict(zip(theirs, holm([each.p_sign for each in theirs.values()]), strict=True))
page.table(
    ("cell", "gap (points)", "p", "adjusted", "shows"),
    [
        (
            ", ".join(cell),
            page.effect(each),
            f"{each.p_sign:.4f}",
            f"{adjusted[cell]:.3f}",
            "–" if adjusted[cell] >= 0.05 else "**a gap**" if each.mean > 0 else "**the warm start ahead**",
        )
        for cell, each in theirs.items()
    ],
    name="own-seeds",
    source=Source("gap-offline"),
)


# %% tags=["hide-input"]
def rounds_to(error):
    """How many of their printed standard errors are this function of the seeds, to the digit printed."""
    pairs = [
        (seed, printed)
        for cell, starts in kireev2021.BEHIND_TABLE_1.items()
        for seed, printed in zip(starts, kireev2021.TABLE_1[cell].errors, strict=True)
    ]
    return sum(abs(error(seed) - printed) <= 0.0501 for seed, printed in pairs), len(pairs)


alone = [cell for cell, each in theirs.items() if each.p_sign < 0.05 and adjusted[cell] >= 0.05]
gap_cells = [cell for cell, each in theirs.items() if adjusted[cell] < 0.05 and each.mean > 0]
ahead = [cell for cell, each in theirs.items() if adjusted[cell] < 0.05 and each.mean < 0]
with_n, total = rounds_to(lambda seeds: stdev(seeds) * sqrt(1 - 1 / len(seeds)) / sqrt(len(seeds)))
with_n_1, _ = rounds_to(lambda seeds: stdev(seeds) / sqrt(len(seeds)))
page.text(
    f"So {len(gap_cells)} of {len(theirs)} cells show a gap ({page.listed(map(', '.join, gap_cells))}), "
    f"{len(ahead)} show the warm start ahead, and {len(alone)} more would have passed for differences had each been "
    f"tested alone. The standard errors that the paper prints divide by *n*: {with_n} of {total} agree with that to the "
    f"digit, {with_n_1} with *n* − 1, which is larger by 12 % for five seeds. (The SVHN, MLP, SGD row is of the run that "
    "the printed table replaces, and is left out of this count.)"
)

# %% [markdown]
# ## Four looks at the same gap
#
# The original, its replication, {cite:t}`saeed2023`, who ran the replication's code anew, and this page, all on the
# ResNet-18. Their networks and data are of one kind but not of one size, so a mean over them is of gaps that differ: a
# random-effects mean (Paule and Mandel's estimate of the spread between studies; Hartung and Knapp's interval or, where
# that is longer, the one by the studies' errors). *I²* is the share of the variation between the studies that is not
# chance. Errors are those of paired seeds for the replication and this page, of unpaired runs for the original where its
# deviations are known here (on CIFAR). Saeed's single run, and the original on SVHN taken for one, are given the
# spread of the replication's seeds; they are drawn thin.

# %% tags=["hide-input"]
from wsnb.papers import saeed2023
from wsnb.verdicts.statistics import random_effects


def looks(cell):
    """By study, the gap in a cell, its standard error, the degrees of freedom of that, and whether it is imputed."""
    random, warm = kireev2021.TABLE_1_SEEDS[cell]
    seeds, found_here = paired(random, warm), found[cell].gap("random init", "warm start")
    theirs = ash2020.TABLE_1[cell]
    of = {f"{ash2020.PAPER.short}, {theirs.seeds} runs": (theirs.gap, theirs.gap_error, 2 * theirs.seeds - 2, False)}
    if theirs.gap_error is None:
        of = {ash2020.PAPER.short: (theirs.gap, seeds.spread, seeds.n - 1, True)}
    of[f"{saeed2023.PAPER.short}, 1 run"] = (saeed2023.TABLE_1[cell].gap, seeds.spread, seeds.n - 1, True)
    of[f"{kireev2021.PAPER.short}, {seeds.n} seeds"] = (seeds.mean, seeds.error, seeds.n - 1, False)
    if found_here:
        of[f"here, {found_here.n} seeds"] = (found_here.mean, found_here.error, found_here.n - 1, False)
    return of


shared = [cell for cell in saeed2023.TABLE_1 if cell[1] == "ResNet-18"]
studies = {cell: looks(cell) for cell in shared}
pooled = {cell: random_effects(*list(zip(*of.values(), strict=True))[:2]) for cell, of in studies.items()}

# %% tags=["hide-input"]
from scipy.special import stdtrit


def study(name, value, error, freedom, imputed):
    """A study's row of the forest plot."""
    half = stdtrit(freedom, 0.975) * error
    kind = "ours" if name.startswith("here") else "imputed" if imputed else "theirs"
    return figures.Interval(value, value - half, value + half, kind=kind)


figures.intervals(
    "forest",
    {
        f"{cell[0]}, {cell[2]}": {
            **{name: study(name, *of_study) for name, of_study in of.items()},
            "random-effects mean": figures.pooled(pooled[cell]),
        }
        for cell, of in studies.items()
    },
    xlabel="gap: random init − warm start, test accuracy (points)",
    message="Over the studies the ResNet-18's gap is, in the mean, "
    + "; ".join(f"{page.signed(pooled[cell].mean)} on {cell[0]} with {cell[2]}" for cell in shared)
    + ".",
    reading="In colour: this page. Thin: without an error of its own. Diamonds: random-effects means.",
    source=found.source(*(cell for cell in shared if cell in found.items)),
)


# %% tags=["hide-input"]
def value(cell, start):
    """A study's gap, by how its name begins."""
    return next((page.signed(of[0], 2) for name, of in studies[cell].items() if name.startswith(start)), "not run")


page.table(
    ("ResNet-18", *(paper.PAPER.short for paper in (ash2020, kireev2021, saeed2023)), "here", "mean [95 %]",
     "spread between studies", "I²"),
    [
        (
            f"{cell[0]}, {cell[2]}",
            *(value(cell, start) for start in ("Ash", "Kireev", "Saeed", "here")),
            f"{page.signed(mean.mean, 2)} [{page.signed(mean.low, 2)}, {page.signed(mean.high, 2)}]",
            f"{mean.between:.2f}",
            f"{100 * mean.share:.0f} %",
        )
        for cell, mean in pooled.items()
    ],
    name="four-looks",
    source=found.source(*(cell for cell in shared if cell in found.items)),
)  # fmt: skip

# %% [markdown]
# ## Verdict

# %% tags=["hide-input"]
board.verdicts(judged)

# %% [markdown]
# What was going to be compared was declared before the first record was made, with the smallest size that would matter
# to somebody who has to choose; what was found of each, whether or not a claim speaks of it:

# %% tags=["hide-input"]
board.findings(judged, found.source())

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run gap-offline --profile laptop               # about an hour on two cores
# wsnb run gap-offline --profile paper                # on a GPU
# wsnb run gap-offline --profile laptop -p first_seed=51   # other seeds
# papermill notebooks/gap-offline.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p seeds 3
# ```
#
# What is recorded is not trained again, and a run that is stopped goes on from where it was. {doc}`other-seeds` shows
# what other seeds say.

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

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
# **The question.** You trained a model on half of your data. Now the other half has arrived. You can
# go on from the weights you have (a *warm start*) or train again from random weights (*random init*)
# on everything. Both end with the same data, the same model and, usually, the same training accuracy.
# Do they end equally good on data that neither has seen?
#
# **What the papers say.** {cite:t}`ash2020` say no: the warm start ends lower, and call the difference
# the generalisation gap of warm-starting; their anonymous first version {cite:p}`warmstart2019` adds that
# the final training losses are similar. {cite:t}`kireev2021` replicate it and find the gap on CIFAR-10 and
# CIFAR-100, but not on SVHN. Here we re-run their Figure 1 and Table 1, and ask of their own numbers which
# cells show a gap. The *gap* is always
#
# $$
# \text{gap} = \text{test accuracy of random init} - \text{test accuracy of warm start},
# $$
#
# in percentage points: positive when warm-starting costs accuracy.

# %% [markdown]
# ## Parameters
#
# The values below are the laptop profile's. A profile, or `-p name=value`, replaces them.

# %% tags=["parameters"]
profile = "laptop"
dataset = "cifar10"
images = 7680
width = 16
batch_size = 128
learning_rate = 0.03
momentum_learning_rate = 0.005
adam_learning_rate = 0.001
phase_epochs = 25
small_model_learning_rate = 0.0065
svhn_mlp_learning_rate = 0.0325
small_model_seeds = 10
figure_1_seeds = 5
figure_1_images = 7680
also_on = None
optimizer_state = "kept"
epoch_limit = 100
curve_images = 2000
seeds = 5
first_seed = 1

# %% [markdown]
# ## The trials
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

# %% tags=["trials"]
from wsnb import MLP, SGD, Adam, Epochs, Item, Logistic, Part, ResNet18, StopsImproving, Trial, half


def trials(at):
    """By item, for each seed the three trainings that are compared."""

    def three(whole, model, optimizer, stop, seed, optimizer_state="fresh"):
        shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
        on_half = Trial(Part(whole.dataset, half(whole.amount)), model, optimizer, stop, seed, **shared)
        warm = on_half.then(data=whole, optimizer_state=optimizer_state)
        return {"half of the data": on_half, "random init": on_half.replace(data=whole), "warm start": warm}

    fixed, improving = Epochs(at.phase_epochs), StopsImproving(at_most=at.epoch_limit, images=at.curve_images)
    all_of_it, large, sgd = Part(at.dataset, at.figure_1_images), ResNet18(at.width), SGD(at.learning_rate)
    momentum, small = SGD(at.momentum_learning_rate, momentum=0.9), (at.small_model_learning_rate, at.small_model_seeds)
    items = {"Figure 1": Item({i: three(all_of_it, large, sgd, fixed, i) for i in at.seeds_of(at.figure_1_seeds)})}
    models = {"ResNet-18": (large, at.learning_rate, at.seeds), "MLP": (MLP(), *small)}
    models["logistic regression"] = (Logistic(), *small)
    for data, ours in at.data_sets.items():
        whole = Part(ours, at.images)
        for name, (model, rate, seeds) in models.items():
            rules = {"SGD": SGD(rate), "Adam": Adam(at.adam_learning_rate), "momentum SGD": momentum}
            if (ours, name) == ("svhn", "MLP"):
                rules |= {"SGD": SGD(at.svhn_mlp_learning_rate), "SGD, learning rate as elsewhere": SGD(rate)}
            for label, rule in rules.items():
                cell = {i: three(whole, model, rule, improving, i, at.optimizer_state) for i in at.seeds_of(seeds)}
                items[data, name, label] = Item(cell, ours not in (at.dataset, at.also_on), f"{name} on {data}")
    return items


# %% [markdown]
# What is recorded is looked up, the rest is trained; cells that need other data sets are looked up only.

# %%
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings

at = Settings.of(globals())
found = results(at, trials)

# %% [markdown]
# ### Where this differs from the paper
#
# Found by comparing each trial with the one that the paper describes, field by field. Beyond these,
# both of our settings measure accuracy in evaluation mode, over images; the replication's code for
# Table 1 leaves batch normalisation in training mode while it measures. The laptop profile's sizes and
# learning rates were fixed from pilot runs on other seeds; `notebooks/profiles/laptop.yml` says how.

# %% tags=["hide-input"]
from wsnb.publishing import page

names = {key: key if key == "Figure 1" else " with ".join(key[1:]) for key in found.items}
page.differences(trials(at.as_in_the_paper()), found.items, names)

# %% [markdown]
# ## Figure 1: test accuracy while training
#
# The paper's figure shows the half-data training first, then both starts on all the data, random init
# shifted so that it overlaps the warm start. Curves are measured on `curve_images` test images, the same
# for all; the accuracies in the table under the figure, and everywhere else on this page, on all of them.

# %% mystnb={"figure": {"caption": "Our Figure 1 of Kireev et al. (2021): test accuracy while training on half of the data, then on all of it from a warm start and from a random initialisation. Epoch 0 is before the first step. Lines are means over seeds, bands one standard deviation between seeds.", "name": "fig-gap-offline"}, "image": {"alt": "Test accuracy by epoch. After training on half of the data, two lines follow on all the data: the warm start, which begins high, and random init, which begins low. The table below gives where they end."}} tags=["hide-input"]
from wsnb.publishing import figures

figure_1, shift = found["Figure 1"], found.at("Figure 1").phase_epochs
figures.curves(
    [
        figures.Line("half of the data", figure_1.records("half of the data")),
        figures.Line("random init", figure_1.records("random init"), shift=shift),
        figures.Line("warm start", figure_1.records("warm start"), shift=shift),
    ]
)

# %% tags=["hide-input"]
STARTS = ("half of the data", "random init", "warm start")
page.table(
    ("Figure 1, at the end", "test accuracy (%)", "training accuracy (%)", "training loss (nats)"),
    [
        (
            start,
            page.accuracy(figure_1.percent(start)),
            page.accuracy(figure_1.percent(start, "train_accuracy")),
            page.accuracy(figure_1.final(start, "train_loss"), digits=3),
        )
        for start in STARTS
    ],
)

# %% [markdown]
# ## Table 1: trained to convergence
#
# Test accuracy in percent, mean (standard error) over seeds; the gap with its 95 % confidence interval
# from paired seeds; the mean epochs on all the data, random init / warm start. The papers' columns hold what they print:
# random init / warm start (gap). The perceptron and logistic regression train in seconds, so they get more seeds
# (`small_model_seeds`).

# %% tags=["hide-input"]
from wsnb.papers import ash2020, kireev2021


def printed(cell):
    """A paper's pair of accuracies and its gap."""
    return "–" if cell is None else f"{cell.shown} ({page.signed(cell.gap)})"


def epochs(seeds):
    """Mean epochs that the two starts took on all the data."""
    counts = [seeds.final(start, "epochs") for start in ("random init", "warm start")]
    return " / ".join(f"{sum(each) / len(each):.0f}" if each else "–" for each in counts)


def cells(dataset):
    """Table 1's cells on this data set: our records, by cell."""
    return {cell: seeds for cell, seeds in found.compared.items() if cell[0] == dataset}


def table_of(dataset):
    """Table 1 on one data set, ours beside theirs."""
    columns = ("on " + dataset, "random init", "warm start", "gap (points)", "seeds", "epochs")
    return page.table(
        (*columns, kireev2021.PAPER.short, ash2020.PAPER.short),
        [
            (
                " with ".join(cell[1:]),
                page.accuracy(seeds.percent("random init")),
                page.accuracy(seeds.percent("warm start")),
                page.effect(seeds.gap("random init", "warm start")),
                str(len(seeds)),
                epochs(seeds),
                printed(kireev2021.TABLE_1.get(cell)),
                printed(ash2020.TABLE_1.get(cell)),
            )
            for cell, seeds in cells(dataset).items()
        ],
    )


table_of("CIFAR-10")

# %% mystnb={"figure": {"caption": "The gap on CIFAR-10 by model and optimiser. Disc and bar: our mean and 95 % confidence interval; small dots: single seeds; black diamond: the gap printed by Kireev et al. (2021), on all of CIFAR-10.", "name": "fig-gap-table-1"}, "image": {"alt": "One row per model and optimiser: our mean gap as a disc on its confidence interval, each seed as a dot below, and the gap that Kireev et al. print as a black diamond above. The numbers are in the table above."}} tags=["hide-input"]
figures.gaps(
    {
        " with ".join(cell[1:]): (seeds.gap("random init", "warm start"), kireev2021.TABLE_1[cell].gap)
        for cell, seeds in cells("CIFAR-10").items()
    },
    xlabel="random init − warm start, test accuracy (points)",
)

# %% [markdown]
# ### SVHN

# %% tags=["hide-input"]
page.needs_data("svhn", "gap-offline", any(map(len, cells("SVHN").values())))

# %% tags=["hide-input"]
table_of("SVHN")

# %% [markdown]
# ### CIFAR-100

# %% tags=["hide-input"]
page.needs_data("cifar100", "gap-offline", any(map(len, cells("CIFAR-100").values())))

# %% tags=["hide-input"]
table_of("CIFAR-100")

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
    ("data", "model", "optimiser", "gap (points)", "p", "adjusted", "shows"),
    [
        (
            *cell,
            page.effect(each),
            f"{each.p_sign:.4f}",
            f"{adjusted[cell]:.3f}",
            "–" if adjusted[cell] >= 0.05 else "**a gap**" if each.mean > 0 else "**the warm start ahead**",
        )
        for cell, each in theirs.items()
    ],
)


# %% tags=["hide-input"]
def rounds_to(error):
    """How many of their printed standard errors are this function of the seeds, to the digit printed."""
    pairs = [
        (seed, printed)
        for cell, starts in kireev2021.TABLE_1_SEEDS.items()
        if cell != ("SVHN", "MLP", "SGD")
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

# %% mystnb={"figure": {"caption": "The gap of the ResNet-18 in four studies, by data set and optimiser, with 95 % intervals. Orange: this page. Thin: without an error of its own, taken for one run that is spread as the replication's seeds are. Diamonds: the random-effects mean and its interval.", "name": "fig-gap-forest"}, "image": {"alt": "A forest plot: for each data set and optimiser a row per study with its gap and interval, and a diamond for the random-effects mean. The table below has the numbers."}} tags=["hide-input"]
from scipy.special import stdtrit

figures.forest(
    {
        f"{cell[0]}, {cell[2]}": (
            [
                figures.Study(name, value, stdtrit(freedom, 0.975) * error, name.startswith("here"), imputed)
                for name, (value, error, freedom, imputed) in of.items()
            ],
            pooled[cell],
        )
        for cell, of in studies.items()
    },
    xlabel="random init − warm start, test accuracy (points)",
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
)  # fmt: skip

# %% [markdown]
# ## Verdict
#
# {doc}`verdicts` has the rule. An effect is judged on all of its planned seeds or not at all: it is *positive*, *negative*,
# *negligible* or *unclear*, and a claim is *reproduced* when the effects that it speaks of are what it says. The cells of
# one model on one data set are judged together. What the text says of a data set is judged by the ResNet-18's three cells.
# A cell is a statement of its paper's where the paper's own numbers show one start ahead, by the t test at 5 %; of the
# others the table claims nothing. On SVHN, of which the replication's text says that there is no gap, what its cells show
# is our reading, and marked so.

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


# %% tags=["hide-input"]
from wsnb.publishing import board

judged = found.judged(verdicts)
board.verdicts(judged)

# %% [markdown]
# What was going to be compared was declared before the first record was made, with the smallest size that would matter
# to somebody who has to choose; what was found of each, whether or not a claim speaks of it:

# %% tags=["hide-input"]
board.findings(judged)

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

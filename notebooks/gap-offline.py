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
# the generalisation gap of warm-starting. {cite:t}`kireev2021` replicate it. Here we re-run their
# Figure 1 and the ResNet-18 row for CIFAR-10 of their Table 1a. The *gap* is always
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
dataset = "cifar10-q75"
images = 7680
width = 16
batch_size = 128
learning_rate = 0.03
momentum_learning_rate = 0.005
adam_learning_rate = 0.001
phase_epochs = 25
optimiser_state = "kept"
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
# - *Figure 1* trains each phase for a fixed number of epochs with SGD.
# - *Table 1a* trains each phase until the training accuracy is 99 % or hardly changes over three epochs
#   (a standard deviation under 0.2 points: the replication's rule), with SGD, Adam and SGD with
#   momentum 0.9. The replication's code keeps the optimiser's state across the phases here; so do we
#   (`optimiser_state`).

# %%
from wsnb import SGD, Adam, Epochs, StopsImproving, run
from wsnb.comparisons import offline
from wsnb.profiles import Settings
from wsnb.profiles import settings as profile_settings


def chapter_trials(at):
    """The trials of this chapter by item, one comparison per seed."""
    converged = StopsImproving(at_most=at.epoch_limit)
    items = {
        "Figure 1": (SGD(at.learning_rate), Epochs(at.phase_epochs), "fresh"),
        "SGD": (SGD(at.learning_rate), converged, at.optimiser_state),
        "Adam": (Adam(at.adam_learning_rate), converged, at.optimiser_state),
        "momentum SGD": (SGD(at.momentum_learning_rate, momentum=0.9), converged, at.optimiser_state),
    }
    return {
        item: [offline(at, optimiser, stop, seed, optimiser_state=state) for seed in at.all_seeds]
        for item, (optimiser, stop, state) in items.items()
    }


ours = Settings.of(globals())
trials = chapter_trials(ours)
by_seed = zip(*trials.values(), strict=True)
records = run(trial for items in by_seed for each in items for trial in each.values())

# %% [markdown]
# ### Where this differs from the paper
#
# Found by comparing each trial with the one that the paper describes, field by field. Beyond these,
# both of our settings measure accuracy in evaluation mode, over images; the replication's code for
# Table 1 leaves batch normalisation in training mode while it measures. The laptop profile's sizes and
# learning rates were fixed from pilot runs on other seeds; `notebooks/profiles/laptop.yml` says how.

# %% tags=["hide-input"]
from wsnb.book import page

paper = chapter_trials(profile_settings("paper"))
page.differences(*({item: seeds[0] for item, seeds in each.items()} for each in (paper, trials)))

# %% [markdown]
# ## Figure 1: test accuracy while training
#
# The paper's figure shows the half-data training first, then both starts on all the data, random init
# shifted so that it overlaps the warm start. Curves are measured on `curve_images` test images, the same
# for all; the accuracies in the table under the figure, and everywhere else on this page, on all of them.

# %% mystnb={"figure": {"caption": "Our Figure 1 of Kireev et al. (2021): test accuracy while training on half of the data, then on all of it from a warm start and from a random initialisation. Epoch 0 is before the first step. Lines are means over seeds, bands one standard deviation between seeds.", "name": "fig-gap-offline"}, "image": {"alt": "Test accuracy by epoch. After training on half of the data, two lines follow on all the data: the warm start, which begins high, and random init, which begins low. The table below gives where they end."}} tags=["hide-input"]
from wsnb import figures


def recorded(item, start):
    """The records of one start, seed by seed, where every start of that seed is there."""
    complete = [each for each in trials[item] if all(trial in records for trial in each.values())]
    return [records[each[start]] for each in complete]


figures.curves(
    [
        figures.Line("half of the data", recorded("Figure 1", "half of the data")),
        figures.Line("random init", recorded("Figure 1", "random init"), shift=phase_epochs),
        figures.Line("warm start", recorded("Figure 1", "warm start"), shift=phase_epochs),
    ]
)

# %% tags=["hide-input"]
def accuracies(item, start):
    """Final test accuracies in percent, seed by seed."""
    return [record.test_accuracy for record in recorded(item, start)]


def share(item, start, measure):
    """A final measurement in percent."""
    return page.accuracy([100 * record.final[measure] for record in recorded(item, start)])


page.table(
    ("Figure 1, at the end", "test accuracy (%)", "training accuracy (%)"),
    [
        (start, share("Figure 1", start, "test_accuracy"), share("Figure 1", start, "train_accuracy"))
        for start in ("half of the data", "random init", "warm start")
    ],
)

# %% [markdown]
# ## Table 1a: trained to convergence
#
# Test accuracy in percent, mean (standard error) over seeds; the gap with its 95 % confidence interval
# from paired seeds. The papers' columns hold what they print.

# %% tags=["hide-input"]
from wsnb import papers
from wsnb.statistics import paired

OPTIMISERS = ("SGD", "Adam", "momentum SGD")


def printed(cell):
    """A paper's pair of accuracies and its gap."""
    if cell is None:
        return "–"
    return f"{cell.accuracies[0]} / {cell.accuracies[1]} ({page.signed(cell.gap)})"


def gap(item):
    """Our paired gap, or None where nothing was run."""
    higher, lower = accuracies(item, "random init"), accuracies(item, "warm start")
    return paired(higher, lower) if len(higher) > 1 else None


def epochs(item):
    """Mean epochs that the two starts took on all the data."""
    counts = [[record.final["epochs"] for record in recorded(item, start)] for start in ("random init", "warm start")]
    return " / ".join(f"{sum(each) / len(each):.0f}" if each else "–" for each in counts)


page.table(
    (
        "optimiser",
        "random init",
        "warm start",
        "gap (points)",
        "epochs, random / warm",
        f"{papers.KIREEV_2021.short}: random / warm (gap)",
        f"{papers.ASH_2020.short}: random / warm (gap)",
    ),
    [
        (
            name,
            page.accuracy(accuracies(name, "random init")),
            page.accuracy(accuracies(name, "warm start")),
            page.effect(gap(name)),
            epochs(name),
            printed(papers.KIREEV_TABLE_1["CIFAR-10", "ResNet-18", name]),
            printed(papers.ASH_TABLE_1.get(("CIFAR-10", "ResNet-18", name))),
        )
        for name in OPTIMISERS
    ],
)

# %% mystnb={"figure": {"caption": "The gap by optimiser. Disc and bar: our mean and 95 % confidence interval; small dots: single seeds; black diamond: the gap printed by Kireev et al. (2021), on all of CIFAR-10 with a ResNet-18 of width 64.", "name": "fig-gap-table-1a"}, "image": {"alt": "One row per optimiser: our mean gap as a disc on its confidence interval, each seed as a dot below, and the gap that Kireev et al. print as a black diamond above. The numbers are in the table above."}} tags=["hide-input"]
figures.gaps(
    {name: (gap(name), papers.KIREEV_TABLE_1["CIFAR-10", "ResNet-18", name].gap) for name in OPTIMISERS},
    xlabel="random init − warm start, test accuracy (points)",
)

# %% [markdown]
# ## Verdict
#
# A claim of a gap is *reproduced* when the interval lies above zero, *not reproduced* when it does not
# and leaves out every gap of half a point or more, and *inconclusive* otherwise. The rule was fixed
# before the trials were run, and the words below are computed.

# %% tags=["hide-input"]
from wsnb import claims

measured_on = page.setting_in_words(ours)
rests_on = {
    "gap-figure-1": "Figure 1",
    "table-1-kireev2021-cifar-10-resnet-18-sgd": "SGD",
    "table-1-kireev2021-cifar-10-resnet-18-adam": "Adam",
    "table-1-kireev2021-cifar-10-resnet-18-momentum-sgd": "momentum SGD",
    "table-1-ash2020-cifar-10-resnet-18-sgd": "SGD",
    "table-1-ash2020-cifar-10-resnet-18-adam": "Adam",
}
judged = [
    claims.judge(claims.claim(name), accuracies(item, "random init"), accuracies(item, "warm start"), measured_on)
    for name, item in rests_on.items()
]
page.verdicts(judged)

# %% [markdown]
# What these seeds could have shown: with the spread that was found, the true gap that the interval
# would have kept above zero four times in five.

# %% tags=["hide-input"]
page.power(judged)

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run gap-offline --profile laptop               # about an hour on two cores
# wsnb run gap-offline --profile paper                # on a GPU
# wsnb run gap-offline --profile laptop -p first_seed=100   # other seeds
# papermill notebooks/gap-offline.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p seeds 3
# ```
#
# What is recorded is not trained again, and a run that is stopped goes on from where it was.

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(ours, records.values())

# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does stopping early help?
#
# **The question.** If the gap comes from having trained too long on the half, then a training on half that is stopped
# early should make a better place to start from.
#
# **What the papers say.** {cite:t}`kireev2021`, Figure 3, after {cite:t}`ash2020`: the gap is there already after the
# first 20 epochs. A ResNet-18 is trained on half of CIFAR-10 and kept every 20 epochs, and each of these is a warm start.
# They ran each training once. Whether stopping early makes the gap smaller they do not say; we ask.

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
profile = "laptop"
dataset = "cifar10"
images = 7680
width = 16
batch_size = 128
learning_rate = 0.03
phase_epochs = 25
checkpoint_every = 5
curve_images = 2000
seeds = 5
first_seed = 1

# %% [markdown]
# ## The trials
#
# One training on half of the data, stopped every `checkpoint_every` epochs; from each of its stops a warm start on all
# the data for `phase_epochs` epochs; and random init for as many. All use SGD.

# %% tags=["trials"]
from wsnb import SGD, Epochs, Item, Part, ResNet18, Trial, half


def trials(at):
    """For each seed, by start and epochs on half: the stops, the warm starts from them, and random init at 0."""

    def stopped_early(seed):
        shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
        on_half = Part(at.dataset, half(at.images))
        whole, full = Part(at.dataset, at.images), Epochs(at.phase_epochs)
        first = Trial(on_half, ResNet18(at.width), SGD(at.learning_rate), full, seed, **shared)
        found = {("random init", 0): first.replace(data=whole)}
        for epochs in range(at.checkpoint_every, at.phase_epochs + 1, at.checkpoint_every):
            stopped = first.replace(stop=Epochs(epochs))
            found["half of the data", epochs] = stopped
            found["warm start", epochs] = stopped.then(data=whole, stop=full)
        return found

    return {"Figure 3": Item({seed: stopped_early(seed) for seed in at.all_seeds})}


# %%
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings

at = Settings.of(globals())
found = results(at, trials)
compared = found["Figure 3"]

# %% [markdown]
# ### Where this differs from the paper
#
# Found by comparing the first stop with that of the paper, field by field; the other stops follow at the same distance,
# up to the end of the training on half.

# %% tags=["hide-input"]
from wsnb.publishing import page


def first_stop(items):
    """Of the first seed, the trials about the first stop."""
    first = items["Figure 3"].first()
    return {"Figure 3": Item({0: {name: first[name] for name in list(first)[:3]}})}


page.differences(first_stop(trials(at.as_in_the_paper())), first_stop(found.items), {"Figure 3": "Figure 3"})

# %% [markdown]
# ## Figure 3
#
# Left, what the training on half had reached when it was stopped. Right, the damage: by how many percent the warm
# start ends below random init, as the paper has it.

# %% mystnb={"figure": {"caption": "Our Figure 3 of Kireev et al. (2021). Left: test accuracy of the training on half of the data when it was stopped. Right: how far below random init the warm start from there ends, in percent of the accuracy of random init. Lines are means over seeds, bands one standard deviation between seeds.", "name": "fig-early-stopping"}, "image": {"alt": "Two panels against the epochs on half of the data. Left, a rising line: the test accuracy at that point. Right: the damage of a warm start from there, in percent of the accuracy of random init. The table below gives both."}} tags=["hide-input"]
from wsnb.publishing import figures

stops = [epochs for start, epochs in found.items["Figure 3"].first() if start == "half of the data"]
fresh = compared.percent(("random init", 0))


def by_stop(start):
    """Test accuracy in percent, one row per seed, one column per stop."""
    columns = [compared.percent((start, epochs)) for epochs in stops]
    return [list(row) for row in zip(*columns, strict=True)]


damage = [
    [100 * (whole - warm) / whole for warm in row] for whole, row in zip(fresh, by_stop("warm start"), strict=True)
]
figures.series(
    {
        "test accuracy (%)": [figures.Series("half of the data", stops, by_stop("half of the data"))],
        "damage (% of random init's accuracy)": [figures.Series("warm start", stops, damage)],
    },
    xlabel="epochs on half of the data",
)

# %% [markdown]
# Test accuracy in percent, mean (standard error); the gap in points with its 95 % confidence interval from paired seeds.

# %% tags=["hide-input"]
page.table(
    ("epochs on half", "half of the data", "warm start from it", "random init", "gap (points)", "damage (%)"),
    [
        (
            str(epochs),
            page.accuracy(compared.percent(("half of the data", epochs))),
            page.accuracy(compared.percent(("warm start", epochs))),
            page.accuracy(fresh),
            page.effect(compared.gap(("random init", 0), ("warm start", epochs))),
            page.accuracy([row[number] for row in damage]),
        )
        for number, epochs in enumerate(stops)
    ],
)

# %% [markdown]
# Does stopping early help at all? The gap from the last stop minus the gap from the first, paired by seed:

# %% tags=["hide-input"]
first, last = ("warm start", stops[0]), ("warm start", stops[-1])
page.text(f"After {stops[-1]} epochs − after {stops[0]}: **{page.effect(compared.gap(first, last))}** points.")

# %% [markdown]
# ## Verdict

# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS
from wsnb.verdicts.effects import Difference, Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY


def verdicts(at, records):
    """What becomes of the effects, and of the claims, of Figure 3."""
    items = trials(at)
    first, *_, last = (name for name in items["Figure 3"].first() if name[0] == "warm start")
    fresh = ("random init", 0)
    effects = [
        Effect("figure-3-gap", fresh, first, ACCURACY, "Figure 3",
               words="random init − warm start from the first stop"),
        Effect("figure-3-help", Difference(fresh, last), Difference(fresh, first), ACCURACY, "Figure 3",
               words="gap from the last stop − gap from the first"),
    ]  # fmt: skip
    return judge(effects, items, records, CLAIMS.values(), at.profile)


# %% tags=["hide-input"]
from wsnb.publishing import board

judged = found.judged(verdicts)
board.verdicts(judged)

# %% [markdown]
# What was going to be compared was declared before the first record was made; what was found of each effect, whether or
# not a claim speaks of it ({doc}`verdicts` has the rule):

# %% tags=["hide-input"]
board.findings(judged)

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run early-stopping --profile laptop
# wsnb run early-stopping --profile paper                 # on a GPU
# wsnb run early-stopping --profile laptop -p first_seed=51   # other seeds
# papermill notebooks/early-stopping.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p seeds 3
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

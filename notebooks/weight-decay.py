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
# **The question.** Weight decay is in every recipe. Does a model that was trained with it make a better start, so that
# one need not start over?
#
# **What the papers say.** {cite:t}`kireev2021`, Table 2: with a weight decay of 0.1, 0.01 and 0.001 in both phases of the
# offline setting, higher values leave a smaller gap, and 0.1 nearly none. {cite:t}`ash2020` had found that weight
# decay does not help; the replication says that it contradicts them here. Its cells have no standard errors.

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
profile = "laptop"
dataset = "cifar10-q75"
images = 7680
width = 16
batch_size = 128
learning_rate = 0.03
phase_epochs = 25
weight_decays = [0.1, 0.01, 0.001]
curve_images = 2000
seeds = 5
first_seed = 1

# %% [markdown]
# ## The trials
#
# The trainings of Figure 1 ({doc}`gap-offline`), with SGD's weight decay in all three. It is PyTorch's: the gradient of
# half its squared norm times the weight decay is added to each weight's gradient, batch normalisation's included. A
# decay of 0 is Figure 1 itself.

# %%
from wsnb import SGD, Epochs, run
from wsnb.comparisons import Compared, as_in_the_paper, merged, offline, seed_by_seed
from wsnb.profiles import Settings


def chapter_trials(at):
    """By weight decay, one comparison per seed."""
    return {
        decay: [
            offline(at, SGD(at.learning_rate, weight_decay=decay), Epochs(at.phase_epochs), seed)
            for seed in at.all_seeds
        ]
        for decay in (*at.weight_decays, 0.0)
    }


ours = Settings.of(globals())
trials = chapter_trials(ours)
records = run(seed_by_seed(*trials.values()))
compared = Compared(merged(trials), records)

# %% [markdown]
# ### Where this differs from the paper
#
# Found by comparing each trial with the one that the paper describes, field by field. SGD shrinks a weight by the
# factor 1 − learning rate × weight decay at each step: what the weight decays amount to depends on the number of
# steps and the learning rate too. Over one phase that makes the factors below for a weight whose gradient is zero.

# %% tags=["hide-input"]
from math import exp

from wsnb.book import page
from wsnb.plan import images_in

theirs = as_in_the_paper(ours)
paper_trials = chapter_trials(theirs)


def first_seed_of(items):
    """By weight decay, the trials of its first seed."""
    return {f"weight decay {decay:g}": seeds[0] for decay, seeds in items.items()}


shared = [{decay: each[decay] for decay in trials if decay in paper_trials} for each in (paper_trials, trials)]
page.differences(*map(first_seed_of, shared))

# %% tags=["hide-input"]
def shrunk(at, trial):
    """The factor by which decay alone shrinks a weight in the training of this trial."""
    steps = at.phase_epochs * -(-images_in(trial.data) // trial.batch_size)
    return exp(-steps * trial.optimiser.learning_rate * trial.optimiser.weight_decay)


def factors(at, items, decay):
    """On half of the data and on all of it."""
    starts = ("half of the data", "random init")
    return " / ".join(f"{shrunk(at, items[decay][0][start]):.2g}" for start in starts) if decay in items else "–"


page.table(
    ("weight decay", "paper: on half / on all", "here: on half / on all"),
    [
        (f"{decay:g}", factors(theirs, paper_trials, decay), factors(ours, trials, decay))
        for decay in ours.weight_decays
    ],
)

# %% [markdown]
# ## Table 2
#
# Test accuracy in percent, mean (standard error) over seeds; the gap with its 95 % confidence interval from paired
# seeds; in the last column random init / warm start (gap) as the paper prints them, in the row without decay those of
# its Table 1.

# %% tags=["hide-input"]
from wsnb import papers

PRINTED = papers.KIREEV_TABLE_2 | {0.0: papers.KIREEV_TABLE_1["CIFAR-10", "ResNet-18", "SGD"]}


def printed(decay):
    """The paper's row."""
    cell = PRINTED.get(decay)
    return "–" if cell is None else f"{cell.shown} ({page.signed(cell.gap, 2)})"


def gap(decay):
    """Ours, paired by seed."""
    return compared.gap((decay, "random init"), (decay, "warm start"))


def share(decay, start, measure="test_accuracy"):
    """A final accuracy in percent."""
    return page.accuracy(compared.percent((decay, start), measure))


STARTS = ("random init", "warm start")
page.table(
    ("weight decay", *STARTS, "gap (points)", "training accuracy, random / warm (%)", papers.KIREEV_2021.short),
    [
        (
            f"{decay:g}",
            *(share(decay, start) for start in STARTS),
            page.effect(gap(decay)),
            " / ".join(share(decay, start, "train_accuracy") for start in STARTS),
            printed(decay),
        )
        for decay in trials
    ],
)

# %% mystnb={"figure": {"caption": "The gap by weight decay. Disc and bar: our mean and 95 % confidence interval; small dots: single seeds; black diamond: the gap of Kireev et al. (2021), on all of CIFAR-10 with a ResNet-18 of width 64.", "name": "fig-weight-decay"}, "image": {"alt": "One row per weight decay: our mean gap as a disc on its confidence interval, each seed as a dot below, and the paper's gap as a black diamond above. The numbers are in the table above."}} tags=["hide-input"]
from wsnb import figures

figures.gaps(
    {f"weight decay {decay:g}": (gap(decay), PRINTED[decay].gap if decay in PRINTED else None) for decay in trials},
    xlabel="random init − warm start, test accuracy (points)",
)

# %% [markdown]
# ## Verdict
#
# Both of the paper's sentences are about differences between gaps, so that is what is judged, seed by seed.

# %% tags=["hide-input"]
from wsnb import claims

measured_on = page.setting_in_words(ours)


def gaps(decay):
    """The gap, seed by seed; none for a weight decay that was not run."""
    if decay not in trials:
        return []
    pairs = zip(*(compared.percent((decay, start)) for start in STARTS), strict=True)
    return [fresh - warm for fresh, warm in pairs]


def judged_on(name, one, other):
    """The verdict on the gap at one weight decay minus that at another."""
    return claims.judge(claims.claim(name), gaps(one), gaps(other), measured_on)


judged = [judged_on("gap-decays-with-decay-0.1", 0.0, 0.1), judged_on("gap-decays-with-more-decay", 0.001, 0.1)]
page.verdicts(judged)

# %% [markdown]
# What these seeds could have shown: with the spread that was found, the true effect that the interval
# would have kept clear of zero four times in five.

# %% tags=["hide-input"]
page.power(judged)

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run weight-decay --profile laptop
# wsnb run weight-decay --profile paper                 # on a GPU
# wsnb run weight-decay --profile laptop -p first_seed=11   # other seeds
# papermill notebooks/weight-decay.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p seeds 3
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(ours, records.values())

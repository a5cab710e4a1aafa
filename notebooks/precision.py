# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does bfloat16 change the answer?
#
# **The question.** Arithmetic with 16-bit numbers (*bfloat16*: as wide a range as 32-bit floats, eight bits
# of precision) makes training faster on processors that have it; {doc}`cost` says by how much. May a book
# about differences of one or two points use it? Here the training of Figure 1 ({doc}`gap-offline`) is run
# in both, over the same seeds: a seed shares its half of the data, its initial weights and its order of
# batches between the two precisions, so differences are paired.
#
# **What is converted.** PyTorch's autocast: convolutions and matrix products in bfloat16; weights, their
# updates, batch normalisation's statistics and the loss in 32 bits.
#
# **The rule**, fixed before a result was looked at: the two are *the same here* when the whole 95 % interval of the
# difference in final test accuracy lies within half a point of zero, the smallest effect that the book's
# claims speak of. One seed's difference is the mean of its three trainings'. Only then does a profile use
# bfloat16.

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
curve_images = 2000
seeds = 5
first_seed = 1

# %% [markdown]
# ## The trials

# %%
from wsnb import SGD, Epochs, run
from wsnb.comparisons import Compared, merged, offline, seed_by_seed
from wsnb.profiles import Settings

ours = Settings.of(globals())
trials = {
    precision: [
        offline(ours, SGD(ours.learning_rate), Epochs(ours.phase_epochs), seed, precision=precision)
        for seed in ours.all_seeds
    ]
    for precision in ("fp32", "bf16")
}
records = run(seed_by_seed(*trials.values()))
compared = Compared(merged(trials), records)

# %% [markdown]
# ## Final test accuracy in both precisions
#
# In percent, mean (standard error) over seeds; the difference in points, with its 95 % confidence interval
# from paired seeds.

# %% tags=["hide-input"]
from wsnb.book import page
from wsnb.statistics import paired

STARTS = ("half of the data", "random init", "warm start")


def accuracies(precision, start):
    """Final test accuracies in percent, seed by seed."""
    return compared.percent((precision, start))


def difference(of):
    """bf16 minus fp32, seed by seed, of what ``of(precision)`` lists; None where nothing was run."""
    return paired(of("bf16"), of("fp32")) if len(compared) > 1 else None


def mean_of_starts(precision):
    """The mean accuracy of a seed's three trainings."""
    return [sum(each) / len(each) for each in zip(*(accuracies(precision, start) for start in STARTS), strict=True)]


def gap(precision):
    """Random init minus warm start, seed by seed."""
    pairs = zip(accuracies(precision, "random init"), accuracies(precision, "warm start"), strict=True)
    return [higher - lower for higher, lower in pairs]


rows = [
    (
        start,
        page.accuracy(accuracies("fp32", start)),
        page.accuracy(accuracies("bf16", start)),
        page.effect(difference(lambda precision, start=start: accuracies(precision, start))),
    )
    for start in STARTS
]
rows += [
    (name, page.accuracy(of("fp32")), page.accuracy(of("bf16")), page.effect(difference(of)))
    for name, of in (("mean of the three", mean_of_starts), ("gap: random init − warm start", gap))
]
page.table(("", "fp32", "bfloat16", "bfloat16 − fp32 (points)"), rows)

# %% mystnb={"figure": {"caption": "The difference that bfloat16 makes to the final test accuracy, by start. Disc and bar: mean and 95 % confidence interval; small dots: single seeds.", "name": "fig-precision"}, "image": {"alt": "One row per start, and one for their mean and for the gap: the mean difference between bfloat16 and fp32 as a disc on its confidence interval, each seed as a dot. The numbers are in the table above."}} tags=["hide-input"]
from wsnb import figures

figures.gaps(
    {start: (difference(lambda precision, start=start: accuracies(precision, start)), None) for start in STARTS}
    | {"mean of the three": (difference(mean_of_starts), None), "gap": (difference(gap), None)},
    xlabel="bfloat16 − fp32, test accuracy (points)",
)

# %% [markdown]
# ## Verdict
#
# On the accuracy that a training ends with:

# %% tags=["hide-input"]
MARGIN = 0.5
page.equivalence(
    difference(mean_of_starts),
    MARGIN,
    equal="bfloat16 changes nothing that matters here.",
    different="bfloat16 changes the accuracy.",
    unknown="These seeds cannot tell, so every profile stays with fp32.",
)

# %% [markdown]
# On the gap between the starts, by the same rule, which needs more seeds (two trainings' chance in each difference):

# %% tags=["hide-input"]
page.equivalence(
    difference(gap),
    MARGIN,
    equal="bfloat16 does not change the gap.",
    different="bfloat16 changes the gap.",
    unknown="These seeds cannot tell whether bfloat16 changes the gap.",
)

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run precision --profile laptop
# wsnb run precision --profile paper                  # on a GPU
# wsnb run precision --profile laptop -p first_seed=11      # other seeds
# papermill notebooks/precision.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p seeds 5
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(ours, records.values())

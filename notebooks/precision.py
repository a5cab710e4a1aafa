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
#
# Where the page's seeds cannot tell, ten others do: their number was fixed before the first of them was begun, and
# they are judged alone. Joined to the first, they would be a second look at the same data.

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
curve_images = 2000
seeds = 5
first_seed = 1

# %% [markdown]
# ## The trials

# %% tags=["trials"]
from wsnb import SGD, Epochs, Part, ResNet18, Trial, half
from wsnb.publishing.other_seeds import APART
from wsnb.verdicts.items import Item


def trials(at):
    """On the page's seeds and on ten others, for each seed the trainings of Figure 1 by precision."""

    def both(seed):
        found, rule, stop = {}, SGD(at.learning_rate), Epochs(at.phase_epochs)
        for precision in ("fp32", "bf16"):
            shared = {"batch_size": at.batch_size, "precision": precision, "curve_images": at.curve_images}
            on_half = Trial(Part(at.dataset, half(at.images)), ResNet18(at.width), rule, stop, seed, **shared)
            everything = Part(at.dataset, at.images)
            found[precision, "half of the data"] = on_half
            found[precision, "random init"] = on_half.replace(data=everything)
            found[precision, "warm start"] = on_half.then(data=everything)
        return found

    others = range(at.first_seed + APART, at.first_seed + APART + 10)
    return {
        "page": Item({seed: both(seed) for seed in at.all_seeds}),
        "ten others": Item({seed: both(seed) for seed in others}, welcome=True),
    }


# %%
from wsnb import recorded, run
from wsnb.publishing.settings import Settings
from wsnb.verdicts.items import Compared, required, welcome

at = Settings.of(globals())
items = trials(at)
records = run(required(items)) | recorded(welcome(items))
first, ten = (Compared(item, records) for item in items.values())
if not all(trial in records for trial in welcome(items)):
    ten = Compared(items["ten others"], {})  # all ten or none: the number was fixed beforehand

# %% [markdown]
# ## Final test accuracy in both precisions
#
# In percent, mean (standard error) over seeds; the difference in points, with its 95 % confidence interval
# from paired seeds.

# %% tags=["hide-input"]
from wsnb.publishing import page
from wsnb.verdicts.statistics import equivalence, paired

STARTS = ("half of the data", "random init", "warm start")
MEAN, GAP = "mean of the three", "gap: random init − warm start"


def measured(compared, precision):
    """Final test accuracies in percent, seed by seed, of each start; their mean; and the gap."""
    found = {start: compared.percent((precision, start)) for start in STARTS}
    found[MEAN] = [sum(each) / len(each) for each in zip(*(found[start] for start in STARTS), strict=True)]
    found[GAP] = [a - b for a, b in zip(found["random init"], found["warm start"], strict=True)]
    return found


def differences(compared):
    """bf16 minus fp32 of what is measured; None where nothing was run."""
    fp32, bf16 = measured(compared, "fp32"), measured(compared, "bf16")
    return {name: paired(bf16[name], fp32[name]) if len(compared) > 1 else None for name in fp32}


def table(compared):
    """Both precisions and their difference."""
    fp32, bf16 = measured(compared, "fp32"), measured(compared, "bf16")
    rows = [
        (name, page.accuracy(fp32[name]), page.accuracy(bf16[name]), page.effect(difference))
        for name, difference in differences(compared).items()
    ]
    return page.table(("", "fp32", "bfloat16", "bfloat16 − fp32 (points)"), rows)


table(first)

# %% [markdown]
# On the ten other seeds:

# %% tags=["hide-input"]
table(ten)

# %% mystnb={"figure": {"caption": "The difference that bfloat16 makes to the final test accuracy, by start; below, to the mean of the three and to the gap on ten other seeds. Disc and bar: mean and 95 % confidence interval; small dots: single seeds.", "name": "fig-precision"}, "image": {"alt": "One row per start, one for their mean and one for the gap, then the last two again on other seeds: the mean difference between bfloat16 and fp32 as a disc on its confidence interval, each seed as a dot. The numbers are in the tables above."}} tags=["hide-input"]
from wsnb.publishing import figures

on_first, on_ten = differences(first), differences(ten)
rows = {name.partition(":")[0]: difference for name, difference in on_first.items()}
rows |= {f"{name.partition(':')[0]}, other seeds": on_ten[name] for name in (MEAN, GAP)}
figures.gaps(
    {name: (difference, None) for name, difference in rows.items()},
    xlabel="bfloat16 − fp32, test accuracy (points)",
)

# %% [markdown]
# ## Verdict
#
# On the accuracy that a training ends with, from the page's seeds and from the ten others:

# %% tags=["hide-input"]
MARGIN = 0.5
said = {
    "equal": "bfloat16 changes nothing that matters here.",
    "different": "bfloat16 changes the accuracy.",
    "unknown": "These seeds cannot tell.",
}
page.equivalence(on_first[MEAN], MARGIN, **said)

# %% tags=["hide-input"]
page.equivalence(on_ten[MEAN], MARGIN, **said)

# %% tags=["hide-input"]
found = [equivalence(difference, MARGIN) for difference in (on_first[MEAN], on_ten[MEAN]) if difference]
decided = next((outcome for outcome in found if outcome != "unknown"), None)
page.text(f"So {'a profile may use bfloat16' if decided == 'the same' else 'every profile stays with fp32'}.")

# %% [markdown]
# On the gap between the starts, by the same rule, which needs more seeds (two trainings' chance in each difference):

# %% tags=["hide-input"]
said_of_gap = {
    "equal": "bfloat16 does not change the gap.",
    "different": "bfloat16 changes the gap.",
    "unknown": "These seeds cannot tell whether bfloat16 changes the gap.",
}
page.equivalence(on_first[GAP], MARGIN, **said_of_gap)

# %% tags=["hide-input"]
page.equivalence(on_ten[GAP], MARGIN, **said_of_gap)

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run precision --profile laptop
# wsnb run precision --profile paper                  # on a GPU
# wsnb run precision --profile laptop -p first_seed=11 -p seeds=10      # the ten other seeds
# papermill notebooks/precision.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p seeds 5
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(at, records.values())

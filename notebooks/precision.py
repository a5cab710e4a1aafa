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
# **The rule**, fixed before a result was looked at, is the book's ({doc}`verdicts`), on the mean test accuracy of the
# last five epochs: the two precisions are *the same here* when the difference is negligible. Half a point is taken for
# the smallest size that matters of a training's accuracy, half of what the book's claims speak of; a point, as
# everywhere, of the gap. A profile uses bfloat16 only where both are negligible.

# %% [markdown]
# ## The experiment
#
# The trainings of Figure 1 ({doc}`gap-offline`), in both precisions.

# %% tags=["parameters", "hide-input"]
profile = "laptop"
dataset = "cifar10"  # what is trained on
images = 7680  # how many of its training images; the half is half of them
width = 16  # of the ResNet-18: channels of its first convolution
batch_size = 128  # images in a step
learning_rate = 0.03  # SGD's
phase_epochs = 25  # of each training
curve_images = 2000  # test images on which accuracy is measured after each epoch
precision_seeds = 10  # how many (ours)
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from wsnb import SGD, Epochs, Item, Part, ResNet18, Trial, half


def trials(at):
    """For each seed the trainings of Figure 1, by precision and start."""

    def both(seed):
        found, rule, stop = {}, SGD(at.learning_rate), Epochs(at.phase_epochs)
        first, whole = Part(at.dataset, half(at.images)), Part(at.dataset, at.images)
        shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
        for precision in ("fp32", "bf16"):
            shared["precision"] = precision
            on_half = Trial(first, ResNet18(at.width), rule, stop, seed, **shared)
            found[precision, "half of the data"] = on_half
            found[precision, "random init"] = on_half.replace(data=whole)
            found[precision, "warm start"] = on_half.then(data=whole)
        return found

    return {"precision": Item({seed: both(seed) for seed in at.seeds_of(at.precision_seeds)})}


# %% [markdown]
# The effects, declared before the first record was made. One seed's difference is that of the mean of its three trainings,
# and of its gap.

# %% tags=["verdicts", "hide-input"]
from wsnb.verdicts.effects import Difference, Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import LATE_ACCURACY


def verdicts(at, records):
    """What becomes of the difference that bfloat16 makes."""
    three = {
        precision: [(precision, start) for start in ("half of the data", "random init", "warm start")]
        for precision in ("fp32", "bf16")
    }
    gap = {precision: Difference(*names[1:]) for precision, names in three.items()}
    effects = [
        Effect("precision-accuracy", three["bf16"], three["fp32"], LATE_ACCURACY, "precision", least=0.5,
               words="bfloat16 − fp32, in the mean of the three trainings"),
        Effect("precision-gap", gap["bf16"], gap["fp32"], LATE_ACCURACY, "precision",
               words="gap in bfloat16 − gap in fp32"),
    ]  # fmt: skip
    return judge(effects, trials(at), records, (), at.profile)


# %% tags=["hide-input"]
from wsnb.publishing import board, figures, page
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings

found = results("precision", Settings.of(globals()), trials)
judged = found.judged(verdicts)
compared, source = found["precision"], found.source()
page.parameters(found)

# %% tags=["answer", "hide-input"]
states = {finding.state for finding in judged.findings.values()}
said = "These seeds cannot tell whether bfloat16 changes the answer: every profile stays with fp32."
if states == {"negligible"}:
    said = "bfloat16 changes nothing that matters here: a profile may use it."
elif states & {"positive", "negative"}:
    said = "bfloat16 changes the answer: every profile stays with fp32."
elif "not judged" in states:
    said = "Not judged: every profile stays with fp32."
page.text(said)

# %% [markdown]
# ## Test accuracy in both precisions
#
# Mean over the last five epochs, in percent, mean (standard error) over seeds; the difference in points, with its 95 %
# confidence interval from paired seeds.

# %% tags=["hide-input"]
from wsnb.verdicts.statistics import paired

STARTS = ("half of the data", "random init", "warm start")


def measured(precision):
    """Late test accuracies in percent, seed by seed, of each start; their mean; and the gap."""
    of = {start: compared.percent((precision, start), "late_test_accuracy") for start in STARTS}
    of["mean of the three"] = [sum(each) / len(each) for each in zip(*(of[start] for start in STARTS), strict=True)]
    of["gap: random init − warm start"] = [a - b for a, b in zip(of["random init"], of["warm start"], strict=True)]
    return of


fp32, bf16 = measured("fp32"), measured("bf16")
differences = {name: paired(bf16[name], fp32[name]) if len(compared) > 1 else None for name in fp32}
page.table(
    ("training", "fp32 (%)", "bfloat16 (%)", "bfloat16 − fp32 (points)"),
    [
        (name, page.accuracy(fp32[name]), page.accuracy(bf16[name]), page.effect(difference, 2))
        for name, difference in differences.items()
    ],
    name="precision",
    source=source,
)

# %% tags=["answer", "hide-input"]
mean_of_three = page.effect(differences["mean of the three"], 2)
figures.intervals(
    "precision",
    {"": {name.partition(":")[0]: figures.interval(difference) for name, difference in differences.items()}},
    xlabel="bfloat16 − fp32, test accuracy (points)",
    message=f"bfloat16 − fp32, in the mean of the three trainings: {mean_of_three} points.",
    within=0.5,
    source=source,
)

# %% [markdown]
# ## Findings

# %% tags=["hide-input"]
board.findings(judged, source)

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run precision --profile laptop
# wsnb run precision --profile paper                  # on a GPU
# wsnb run precision --profile laptop -p first_seed=51      # other seeds
# papermill notebooks/precision.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p precision_seeds 5
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

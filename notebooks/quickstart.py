# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Quickstart: the whole book in a page
#
# You trained a model on the data you had. Now you have twice as much. What should the new training
# start from? This page trains the answer **live**: about half a minute on two cores, on the small
# handwritten digits that come with scikit-learn. Every other chapter asks the same question on real
# images, against what the papers report.

# %% tags=["parameters", "hide-input"]
dataset = "digits"  # what is trained on
images = 400  # how many of its training images; the half is half of them
resize = None  # pixels to which images are made; a dash leaves them as they are
width = 8  # of the ResNet-18: channels of its first convolution
batch_size = 32  # images in a step
adam_learning_rate = 0.001  # Adam's
epoch_limit = 30  # after which a training ends all the same
seeds = 3  # how many
first_seed = 0  # and so on from there

# %% [markdown]
# ## One idea: a trial
#
# A `Trial` is a value that says everything about one training run: which data, which model, which
# optimiser, when to stop, which seed, and *where the weights start*. `then` makes a trial that starts
# where another ended. It trains nothing; `run` does, each trial once, parents first.

# %%
from wsnb import Adam, Item, Part, ResNet18, ShrinkPerturb, TrainAccuracy, Trial, half
from wsnb.publishing.settings import Settings

at = Settings.of(globals())


def four_trainings(seed):
    """Half of the data, then all of it from three starts."""
    first = Trial(
        data=Part(at.dataset, half(at.images), resize=at.resize),
        model=ResNet18(at.width),
        optimizer=Adam(at.adam_learning_rate),
        stop=TrainAccuracy(0.99, at_most=at.epoch_limit),
        seed=seed,
        batch_size=at.batch_size,
    )
    everything = Part(at.dataset, at.images, resize=at.resize)
    remedy = ShrinkPerturb(scale=0.4, noise=0.01)
    return {
        "half of the data": first,
        "random init": first.replace(data=everything),
        "warm start": first.then(data=everything),
        "shrink-perturb": first.then(data=everything, start=remedy),
    }


by_seed = {seed: four_trainings(seed) for seed in at.all_seeds}
by_seed[first_seed]["shrink-perturb"].canonical()

# %% [markdown]
# Each value has a key, and the key names the record of its result. The book's chapters find their
# records by it, on any machine; this page throws its records away so that it always trains.

# %%
import tempfile

from wsnb import run

trials = [trial for each in by_seed.values() for trial in each.values()]
with tempfile.TemporaryDirectory() as folder:
    records = run(trials, records=folder, missing="train")

# %% tags=["answer", "hide-input"]
from wsnb.publishing import figures, page
from wsnb.publishing.shown import Source
from wsnb.verdicts.compared import Compared

compared = Compared(Item(by_seed), records)
source = Source("quickstart", records=records, is_live=True)
STARTS = ("half of the data", "random init", "warm start", "shrink-perturb")
ends = {start: page.accuracy(compared.percent(start)) for start in STARTS}
seen = {start: sum(compared.final(start, "images_seen")) for start in STARTS}
share = {start: f"{100 * images / max(1, seen['random init']):.0f} %" for start, images in seen.items()}
answer = (
    f"On these digits random init ends at {ends['random init']} % of test images right; a warm start at "
    f"{ends['warm start']} %, after {share['warm start']} of its training images; shrink-perturb at "
    f"{ends['shrink-perturb']} %, after {share['shrink-perturb']}. So few digits and so small a network show how the question is asked, not what the answer is."
)
page.text(answer if len(compared) else "No training came to an end.")

# %% tags=["answer", "hide-input"]
figures.lines(
    "quickstart",
    {"test accuracy (%)": [figures.of_epochs(start, compared.records(start)) for start in STARTS]},
    xlabel="epoch",
    message="; ".join(f"{start}: {ends[start]} %" for start in STARTS) + ".",
    reading="Epoch 0 is before the first step; a seed that reached 99 % training accuracy stays at its last value.",
    source=source,
)

# %% [markdown]
# ## What came out

# %% tags=["hide-input"]
page.table(
    ("start", "test accuracy (%)", "epochs", "training images seen"),
    [
        (
            start,
            ends[start],
            page.accuracy(compared.final(start, "epochs")),
            page.accuracy(compared.final(start, "images_seen"), digits=0),
        )
        for start in STARTS
    ],
    name="quickstart",
    source=source,
)

# %% [markdown]
# Three questions make the book. *Does a warm start end lower than random init?* *What does it save?*
# *Does a remedy such as shrink-perturb keep the saving and lose the gap?* A few digits on a tiny network
# can't answer them; {doc}`gap-offline` begins to, on CIFAR-10.
#
# ## Run this page again
#
# ```
# wsnb run quickstart
# wsnb run quickstart -p seeds=5 -p images=800
# papermill notebooks/quickstart.ipynb out.ipynb -p seeds 2
# wsnb run quickstart -p dataset=images:path/to/images -p resize=32    # a folder, .zip or .tar, one folder per class
# ```
#
# The parameters that can be given so, and what they are here:

# %% tags=["hide-input"]
page.live_parameters("quickstart", at)

# %% [markdown]
# ## Where these numbers came from
#
# They were trained when this page was executed: on another machine the last digits may differ.

# %% tags=["hide-input"]
page.settings_used(at, records.values())

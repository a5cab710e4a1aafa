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

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
dataset = "digits"
images = 400
width = 8
batch_size = 32
adam_learning_rate = 0.001
epoch_limit = 30
seeds = 3
first_seed = 0

# %% [markdown]
# ## One idea: a trial
#
# A `Trial` is a value that says everything about one training run: which data, which model, which
# optimiser, when to stop, which seed, and *where the weights start*. `then` makes a trial that starts
# where another ended. It trains nothing; `run` does, each trial once, parents first.

# %%
import tempfile

from wsnb import Adam, Part, ResNet18, ShrinkPerturb, TrainAccuracy, Trial, run
from wsnb.profiles import Settings

at = Settings.of(globals())


def four_trainings(seed):
    """Half of the data, then all of it from three starts."""
    half = Trial(
        Part(at.dataset, at.half), ResNet18(at.width), Adam(at.adam_learning_rate),
        TrainAccuracy(0.99, at_most=at.epoch_limit), seed=seed, batch_size=at.batch_size,
    )  # fmt: skip
    everything = Part(at.dataset, at.images)
    return {
        "half of the data": half,
        "random init": half.replace(data=everything),
        "warm start": half.then(data=everything),
        "shrink-perturb": half.then(data=everything, start=ShrinkPerturb(scale=0.4, noise=0.01)),
    }


trials = [four_trainings(seed) for seed in at.all_seeds]
trials[0]["shrink-perturb"]

# %% [markdown]
# Each value has a key, and the key names the record of its result. The book's chapters find their
# records by it, on any machine; this page throws its records away so that it always trains.

# %%
with tempfile.TemporaryDirectory() as folder:
    records = run((trial for each in trials for trial in each.values()), records=folder)

# %% [markdown]
# ## What came out

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy by epoch on the digits: half of the data, then all of it from random init, from a warm start and from shrink-perturb. The table below gives where each line ends."}, "figure": {"name": "fig-quickstart", "caption": "Test accuracy by epoch on scikit-learn's digits, from three starts and for half of the data. Lines are means over seeds, bands one standard deviation between seeds; each line ends where its first seed reached 99 % training accuracy."}}
from wsnb import figures

figures.curves([figures.Line(start, [records[each[start]] for each in trials]) for start in trials[0]])

# %% tags=["hide-input"]
from wsnb.book import page

page.table(
    ("start", "test accuracy (%)", "epochs", "training images seen"),
    [
        (
            start,
            page.accuracy([records[each[start]].test_accuracy for each in trials]),
            f"{sum(records[each[start]].final['epochs'] for each in trials) / len(trials):.0f}",
            f"{sum(records[each[start]].final['images_seen'] for each in trials) / len(trials):,.0f}".replace(",", " "),
        )
        for start in trials[0]
    ],
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
# wsnb run quickstart -p dataset=images:PATH/TO/YOUR/IMAGES    # a folder, .zip or .tar, one folder per class
# ```
#
# ## Where these numbers came from
#
# They were trained when this page was executed: on another machine the last digits may differ.

# %% tags=["hide-input"]
page.settings_used(at, trials=[trial for each in trials for trial in each.values()])

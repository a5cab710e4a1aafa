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
# If the gap comes from having trained too long on the half, then a training on half that is stopped early should make a
# better place to start from.

# %% [markdown]
# ## What the papers say
#
# {cite:t}`kireev2021`, Figure 3, after {cite:t}`ash2020`: the gap is there already after the first 20 epochs. A ResNet-18
# is trained on half of CIFAR-10 and kept every 20 epochs, and each of these is a warm start. They ran each training once.
# Whether stopping early makes the gap smaller they do not say; we ask.

# %% [markdown]
# ## The experiment
#
# One training on half of the data, stopped every `checkpoint_every` epochs; from each of its stops a warm start on all
# the data for `phase_epochs` epochs; and random init for as many. All use SGD.

# %% tags=["parameters", "hide-input"]
profile = "laptop"
dataset = "cifar10"  # what is trained on
images = 7680  # how many of its training images; the half is half of them
width = 16  # of the ResNet-18: channels of its first convolution
batch_size = 128  # images in a step
learning_rate = 0.03  # SGD's
phase_epochs = 25  # of a training on all the data, and the longest on half
checkpoint_every = 5  # epochs from one stop of the training on half to the next
curve_images = 2000  # test images on which accuracy is measured after each epoch
seeds = 5  # how many (ours)
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from wsnb import SGD, Epochs, Item, Part, ResNet18, Trial, half


def trials(at):
    """For each seed, by start and epochs on half: the stops, warm starts from them, random init at 0."""

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


# %% [markdown]
# Two effects were declared before the first record was made: the gap from the first stop, and how much more of a gap
# there is from the last.

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
from wsnb.publishing import board, figures, page, widgets
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings

found = results("early-stopping", Settings.of(globals()), trials)
judged = found.judged(verdicts)
compared, source = found["Figure 3"], found.source("Figure 3")
stops = [epochs for start, epochs in found.items["Figure 3"].first() if start == "half of the data"]
page.parameters(found)

# %% [markdown]
# When a training stops:

# %% tags=["method", "hide-input"]
page.method(Epochs, Epochs.reason)

# %% [markdown]
# And what goes on from there:

# %% tags=["method", "hide-input"]
from wsnb.starts import warm_start

page.method(warm_start)

# %% [markdown]
# Where this differs from the paper, found by comparing the first stop with that of the paper, field by field; the other
# stops follow at the same distance, up to the end of the training on half:


# %% tags=["hide-input"]
def first_stop(items):
    """Of the first seed, the trials about the first stop."""
    first = items["Figure 3"].first()
    return {"Figure 3": Item({0: {name: first[name] for name in list(first)[:3]}})}


page.differences(trials, found, {"Figure 3": "Figure 3"}, of=first_stop)

# %% tags=["answer", "hide-input"]
page.text(
    board.answer(
        judged.findings.get("figure-3-help"),
        positive=f"Yes, it helps: going on from {stops[0]} to {stops[-1]} epochs on half makes the gap larger",
        negative=f"No, it hurts: going on from {stops[0]} to {stops[-1]} epochs on half makes the gap smaller",
        negligible=f"It does not matter: after {stops[-1]} epochs on half the gap is what it was after {stops[0]}",
        unclear="whether stopping early helps",
    ),
    board.answer(
        judged.findings.get("figure-3-gap"),
        positive=f"After {stops[0]} epochs a warm start already ends below random init",
        negative=f"After {stops[0]} epochs a warm start still ends above random init",
        negligible=f"After {stops[0]} epochs a warm start ends as random init does",
        unclear=f"whether a gap is left after {stops[0]} epochs",
    ),
)

# %% tags=["answer", "hide-input"]
fresh = compared.percent(("random init", 0))


def by_stop(start):
    """Test accuracy in percent, one row per seed, one column per stop."""
    columns = [compared.percent((start, epochs)) for epochs in stops]
    return [list(row) for row in zip(*columns, strict=True)]


damage = [
    [100 * (whole - warm) / whole for warm in row] for whole, row in zip(fresh, by_stop("warm start"), strict=True)
]
gaps = [[whole - warm for warm in row] for whole, row in zip(fresh, by_stop("warm start"), strict=True)]
more = page.effect(compared.gap(("warm start", stops[0]), ("warm start", stops[-1])))
figures.lines(
    "early-stopping",
    {
        "gap: random init − warm start (points)": [figures.Line("gap", stops, gaps)],
        f"gap, more than after {stops[0]} epochs (points)": [
            figures.Line("gap", stops, [[gap - row[0] for gap in row] for row in gaps])
        ],
    },
    xlabel="epochs on half of the data",
    message=f"Going on from {stops[0]} to {stops[-1]} epochs on half adds to the gap, seed by seed: {more} points.",
    reading="First, how far below random init a warm start from each stop ends: the band is wide because seeds differ. "
    "Then, each seed's gap less its own at the first stop. The paper draws its values without printing them.",
    within=1.0,
    source=source,
)

# %% [markdown]
# ## Figure 3
#
# The figure at the top of this page, in numbers, and what the training on half had reached at each stop. Test accuracy in percent, mean (standard error); the gap in points with
# its 95 % confidence interval from paired seeds.

# %% tags=["hide-input"]
page.table(
    (
        "epochs on half",
        "gap (points)",
        "damage (%)",
        "warm start from it (%)",
        "random init (%)",
        "half of the data (%)",
    ),
    [
        (
            str(epochs),
            page.effect(compared.gap(("random init", 0), ("warm start", epochs))),
            page.accuracy([row[number] for row in damage]),
            page.accuracy(compared.percent(("warm start", epochs))),
            page.accuracy(fresh),
            page.accuracy(compared.percent(("half of the data", epochs))),
        )
        for number, epochs in enumerate(stops)
    ],
    name="figure-3",
    source=source,
)

# %% [markdown]
# Each stop as a comparison of its own, in the manner of Figure 1: the training on half of the data up to the stop, then the
# warm start from there beside random init. Where these curves end, on all test images, the table above has in numbers.


# %% tags=["hide-input"]
def after(epochs):
    """Test accuracy while training, with the half stopped after so many epochs."""
    names = {"half of the data": epochs, "random init": 0, "warm start": epochs}
    lines = [
        figures.of_epochs(start, compared.records((start, stop)), 0 if start == "half of the data" else epochs)
        for start, stop in names.items()
    ]
    return figures.lines(
        f"stopped-{epochs}", {"test accuracy (%)": lines}, xlabel="epoch", message=f"Stopped after {epochs} epochs.",
        source=source, limits=((0, 2 * stops[-1]), (0, 1.15 * max(map(max, by_stop("warm start")), default=100))),
    )  # fmt: skip


reached = [page.accuracy(compared.percent(("warm start", epochs))) for epochs in stops]
widgets.chooser(
    "stopped",
    "Stop the half after",
    {f"{epochs} epochs": after(epochs) for epochs in stops},
    message=f"The warm start ends at {reached[0]} % when the half stopped after {stops[0]} epochs, at {reached[-1]} % "
    f"when after {stops[-1]}.",
    reading="Move the slider, or use the arrow keys, to stop the half elsewhere. Lines are means over seeds, bands one standard deviation between them; random init is shifted so that it "
    "lies over the warm start.",
    source=source,
)

# %% [markdown]
# ## Verdict

# %% tags=["hide-input"]
board.verdicts(judged, also=["figure-3-help"])

# %% [markdown]
# What was found of each declared effect, whether or not a claim speaks of it ({doc}`verdicts` has the rule):

# %% tags=["hide-input"]
board.findings(judged, source)

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

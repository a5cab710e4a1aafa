# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Learning rate and batch size
#
# **The question.** Perhaps the warm start needs other hyper-parameters than training from scratch does. With the right
# ones, is it as good, and is it still cheaper?
#
# **What the papers say.** {cite:t}`warmstart2019`: some settings close the gap, but those give up
# the time that the warm start saves. {cite:t}`ash2020`, Figure 3, show it. {cite:t}`kireev2021`, Figure 4, find the
# opposite: with the right learning rate and batch size, warm starts reach the same or better accuracy, faster.
# Their code, though, lets repeated warm starts share one network, so that all but the first
# go on from a network that is trained on all of the data already. Both ways are run here: *as written* and *as coded*.

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
profile = "laptop"
dataset = "cifar10"
width = 16
learning_rates = [0.1, 0.03, 0.01]
batch_sizes = [32, 128]
figure_4_images = 3072
figure_4_seeds = 5
figure_4_epoch_limit = 60
choosing_seeds = 2
first_choosing_seed = 901
held_out = 0.1
figure_4_choice = None
train_accuracy = 0.99
curve_images = 2000
first_seed = 1

# %% [markdown]
# ## The trials
#
# For every learning rate with every batch size: SGD on half of the data, random init on all of it, and warm starts on
# all of it, each until the accuracy over an epoch's own batches is 99 %. A warm start takes another learning rate and
# batch size than the half before it: those that stand one, or two, places further on in both lists. (The paper
# draws them; here they are drawn evenly, and alike for every seed.) As in the paper the cost of a warm start is that of
# its second phase.
#
# What is best among many is so partly by luck. So the configurations that are compared are chosen beforehand, on seeds of
# their own (`choosing_seeds`, from `first_choosing_seed` on) and on images that are held out of the training set
# (`held_out`), and are then trained on the page's seeds, on parts of all images.

# %% tags=["trials"]
from wsnb import SGD, Item, Part, ResNet18, TrainAccuracy, Trial, half


def trials(at):
    """For each seed, by start and by (learning rate, batch size) of either phase; the same twice where there is one."""

    def crossed(seed, held_out=0):
        stop = TrainAccuracy(at.train_accuracy, at.figure_4_epoch_limit, measured="running")
        amounts = half(at.figure_4_images), at.figure_4_images
        on_half, whole = (Part(at.dataset, amount, held_out=held_out) for amount in amounts)
        rates, sizes, found = at.learning_rates, at.batch_sizes, {}
        for i, rate in enumerate(rates):
            for j, size in enumerate(sizes):
                pair, shared = (rate, size), {"batch_size": size, "curve_images": at.curve_images}
                first = Trial(on_half, ResNet18(at.width), SGD(rate), stop, seed, **shared)
                found["half of the data", pair, pair] = first
                found["random init", pair, pair] = first.replace(data=whole)
                one, two = ((rates[(i + k) % len(rates)], sizes[(j + k) % len(sizes)]) for k in (1, 2))
                for r, b in (one, two):
                    found["warm start", pair, (r, b)] = first.then(data=whole, optimizer=SGD(r), batch_size=b)
                if not held_out:  # the replication's second repeat goes on from its first
                    warm = found["warm start", pair, one]
                    found["as coded", pair, two] = warm.then(optimizer=SGD(two[0]), batch_size=two[1])
        return found

    final = {seed: crossed(seed) for seed in at.seeds_of(at.figure_4_seeds)}
    choosing = {seed: crossed(seed, at.held_out) for seed in at.seeds_of(at.choosing_seeds, at.first_choosing_seed)}
    return {"Figure 4": Item(final, family="Figure 4"), "choosing": Item(choosing, family="Figure 4")}


# %%
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings
from wsnb.verdicts.crossed import Crossed

at = Settings.of(globals())
found = results(at, trials)
compared = Crossed(found.items["Figure 4"], found.records)
shown_at = found.at("Figure 4")

# %% [markdown]
# ### Where this differs from the paper
#
# Found by comparing the first configuration with the paper's, field by field; the parameters above list the learning
# rates and batch sizes, in the paper 0.1, 0.01 and 0.001, and 16, 32, 64 and 128.

# %% tags=["hide-input"]
from wsnb.publishing import page


def first_configuration(items):
    """Of the first seed, its first trial of every start."""
    first = {}
    for name, trial in items["Figure 4"].first().items():
        first.setdefault(name[0], trial)
    return {"Figure 4": Item({0: first})}


paper = trials(at.as_in_the_paper())
page.differences(first_configuration(paper), first_configuration(found.items), {"Figure 4": "Figure 4"})

# %% [markdown]
# ## Figure 4: accuracy against cost
#
# A disc is a configuration (mean over seeds), a dot one training, the line a start's frontier: the configurations than
# which none is both cheaper and better. Cost is in images seen, which nothing else on the machine disturbs. Left out
# are configurations of which a training did not reach `train_accuracy` in `figure_4_epoch_limit` epochs, the half before
# it included.

# %% tags=["hide-input"]
STARTS = ("random init", "warm start", "as coded")

# %% mystnb={"figure": {"caption": "Our Figure 4 of Kireev et al. (2021): test accuracy against the images that the training on all the data has seen. Discs are configurations (means over seeds), dots single trainings, lines the frontiers. Warm starts are as written in the paper: each from a network that was trained on half of the data.", "name": "fig-rates"}, "image": {"alt": "A scatter of test accuracy against thousands of images seen, on a logarithmic axis, for random init and the warm start, each with its frontier. The tables below give what is on the frontiers."}} tags=["hide-input"]
from wsnb.publishing import figures


def cloud(start):
    """A start's configurations, none when nothing was run."""
    names = compared.configurations(start)
    return figures.Cloud(start, [compared.cost(name) for name in names], [compared.percent(name) for name in names])


AXES = {"xlabel": "thousands of images seen", "ylabel": "test accuracy (%)"}
figures.frontiers([cloud("random init"), cloud("warm start")], **AXES)

# %% tags=["hide-input"]
from statistics import mean

from wsnb.verdicts.crossed import in_words


def frontier_rows(start):
    """The configurations on a start's frontier, the cheapest first."""
    names = compared.configurations(start)
    points = {(mean(compared.cost(name)), mean(compared.percent(name))): name for name in names}
    return [
        (
            start,
            in_words(points[point]),
            page.accuracy(compared.cost(points[point]), digits=0),
            page.accuracy(compared.percent(points[point])),
        )
        for point in figures.frontier(list(points))
    ]


page.table(
    ("on the frontier of", "learning rate / batch size", "thousands of images", "test accuracy (%)"),
    [row for start in STARTS if len(compared) for row in frontier_rows(start)],
)

# %% tags=["hide-input"]
counts = ", ".join(
    f"{start}: {len(compared.configurations(start))} of {sum(name[0] == start for name in compared.names)}"
    for start in STARTS
)
page.text(f"Configurations that reached {100 * shown_at.train_accuracy:g} % in all of {len(compared)} seeds: {counts}.")

# %% [markdown]
# ## As written and as coded
#
# The same second phase, from the network trained on half (*as written*), and from the first warm start's network,
# which is trained on all of the data (*as coded*, its second repeat). Differences are paired by configuration and seed;
# the mean over configurations is paired by seed.

# %% mystnb={"figure": {"caption": "As the figure above, with second repeats as the replication's code makes them: they go on from a warm start that has ended.", "name": "fig-rates-as-coded"}, "image": {"alt": "The scatter of test accuracy against thousands of images seen, for random init, the warm start as written and as coded, each with its frontier. The table below compares the two."}} tags=["hide-input"]
figures.frontiers([cloud(start) for start in STARTS], **AXES)

# %% tags=["hide-input"]
from wsnb.verdicts.compared import by_seed
from wsnb.verdicts.statistics import paired

coded_names = compared.configurations("as coded")
pairs = [(written, name) for name in coded_names if compared.got_there(written := ("warm start", *name[1:]))]
rows = []
for label, of, digits in (("test accuracy (%)", compared.percent, 1), ("thousands of images", compared.cost, 0)):
    written, coded = (by_seed([of(pair[side]) for pair in pairs]) for side in (0, 1))
    difference = page.effect(paired(coded, written), digits) if len(coded) > 1 else "not run"
    rows.append((label, page.accuracy(written, digits), page.accuracy(coded, digits), difference))
page.table((f"mean of {len(pairs)} configurations", "as written", "as coded", "as coded − as written"), rows)

# %% [markdown]
# ## Verdict
#
# Compared are the configurations that the choosing seeds chose, on their held-out images: each start's most accurate; and
# each start's cheapest, in images shown, of those within a point of random init's most accurate. The choice was written
# down in the profile (`figure_4_choice`) before the page's seeds were judged. Where the records of the choosing seeds do
# not make that choice, nothing is judged.

# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS
from wsnb.verdicts.crossed import Crossed
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY, IMAGES_SEEN


def verdicts(at, records):
    """What becomes of the effects, and of the claims, of Figure 4."""
    items = trials(at)
    chosen = Crossed(items["choosing"], records).choice()
    if str(chosen) != at.figure_4_choice:
        chosen = None
    item = "Figure 4" if chosen else None
    best = (chosen.warm, chosen.fresh) if chosen else (None, None)
    cheap = (chosen.cheap_warm, chosen.cheap_fresh) if chosen else (None, None)
    both = item if cheap[0] else None
    effects = [
        Effect("figure-4-accuracy", *best, ACCURACY, item, words="best warm start − best random init"),
        Effect("figure-4-comparable", *cheap, ACCURACY, both,
               words="cheapest warm start that is as good − cheapest random init that is"),
        Effect("figure-4-cost", *cheap, IMAGES_SEEN, both,
               words="cheapest warm start that is as good / cheapest random init that is"),
    ]  # fmt: skip
    needs = "the trainings that choose, and their choice in the profile"
    if chosen:
        needs = "a warm start that is as good as random init on the choosing seeds"
    return judge(effects, items, records, CLAIMS.values(), at.profile, needs=needs)


# %% tags=["hide-input"]
choosing = Crossed(found.items["choosing"], found.records)
chosen = choosing.choice()


def row(words, name):
    """A chosen configuration, with what it reached on the choosing seeds."""
    cost = page.accuracy(choosing.cost(name), digits=0) if name else "–"
    return words, in_words(name), page.accuracy(choosing.percent(name)) if name else "–", cost


page.table(
    ("chosen", "learning rate / batch size", "accuracy on held-out images (%)", "thousands of images"),
    [
        row("random init's most accurate", chosen and chosen.fresh),
        row("warm start's most accurate", chosen and chosen.warm),
        row("random init's cheapest that is as good", chosen and chosen.cheap_fresh),
        row("warm start's cheapest that is as good", chosen and chosen.cheap_warm),
    ],
)

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
# wsnb run learning-rate-batch-size --profile laptop
# wsnb run learning-rate-batch-size --profile paper                 # on a GPU
# wsnb run learning-rate-batch-size --profile laptop -p first_seed=51   # other seeds
# papermill notebooks/learning-rate-batch-size.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p figure_4_seeds 3
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does a warm start hurt when the data is another?
#
# You have a model that was trained on one set of images, and a new task on another. Going on from it is called transfer
# learning, and it is what everybody does. Does it cost accuracy there too, once there is enough data to train without it?

# %% [markdown]
# ## What the papers say
#
# {cite:t}`kireev2021`, Figure 11, after {cite:t}`ash2020`: between any two of CIFAR-10, CIFAR-100 and SVHN a warm start
# ends below random init, the more so the more data there is, and shrink-perturb helps. They draw the curves and print no
# numbers. SVHN cannot always be had; where it cannot, {cite:t}`xiao2017`'s Fashion-MNIST stands in its place here, which
# is another task: what the papers say of SVHN is not judged by it.

# %% [markdown]
# ## The experiment
#
# A share *p* of one set is trained on; then the same share of another set, from random weights, from the weights of the
# first training (a *warm start*), or from these shrunk and perturbed. The classifier is new where the number of classes is
# another. All use Adam, for a fixed number of epochs. Random init on one set is also what the others start from when that
# set is the first.

# %% tags=["parameters", "hide-input"]
profile = "laptop"
transfer_sets = ["cifar10", "cifar100", "fashion-mnist"]  # data sets, each the source of each other
transfer_images = 2560  # of each set, of which the shares are taken
transfer_shares = [0.1, 0.3, 0.6, 1.0]  # p
transfer_epochs = 20  # of each training
width = 16  # of the ResNet-18: channels of its first convolution
batch_size = 128  # images in a step
adam_learning_rate = 0.001  # Adam's
learning_rate = 0.03  # SGD's, as coded
transfer_scale = 0.3  # lambda, by which weights are multiplied (that of the scripts; the text has none)
shrink_noise = 0.0001  # sigma, the share of a fresh initialisation that is added
curve_images = 2000  # test images on which accuracy is measured after each epoch
transfer_seeds = 5  # how many (ours)
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from itertools import permutations

from wsnb import SGD, Adam, Epochs, Item, Part, ResNet18, ShrinkPerturb, Trial


def by_start(at, source, target, rule, share, seed):
    """One seed's trainings on a share of the target, by start."""
    first, new = (Part(name, share if at.transfer_images == 1.0 else round(share * at.transfer_images))
                  for name in (source, target))  # fmt: skip
    shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
    on_source = Trial(first, ResNet18(at.width), rule, Epochs(at.transfer_epochs), seed, **shared)
    remedy = ShrinkPerturb(at.transfer_scale, noise=at.shrink_noise)
    return {
        "source": on_source,
        "random init": on_source.replace(data=new),
        "warm start": on_source.then(data=new),
        "shrink-perturb": on_source.then(data=new, start=remedy),
    }


# %% tags=["trials"]
def trials(at):
    """By source, target and optimizer, for each seed its trainings by start and share; with SGD of the first two."""
    rules = {
        "Adam": (Adam(at.adam_learning_rate), at.transfer_shares, at.transfer_sets),
        "SGD": (SGD(at.learning_rate), [1.0], at.transfer_sets[:2]),
    }
    items = {}
    for name, (rule, shares, sets) in rules.items():
        for pair in list(permutations(sets, 2)) or [(*sets, *sets)]:
            seeds = {
                seed: {
                    (start, share): trial
                    for share in shares
                    for start, trial in by_start(at, *pair, rule, share, seed).items()
                }
                for seed in at.seeds_of(at.transfer_seeds)
            }
            items[*pair, name] = Item(seeds, family=f"Figure 11, {name}")
    return items


# %% [markdown]
# The effects, declared before the first record was made: for each pair the gap where all of the data is there, how much more
# that is than with the smallest share, and what shrink-perturb gains there. The papers' sentences are judged by the two pairs
# of CIFAR.

# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS
from wsnb.verdicts.effects import Difference, Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY


def verdicts(at, records):
    """What becomes of the effects, and of the claims, of Figure 11."""
    items, effects = trials(at), []
    least, most = min(at.transfer_shares), max(at.transfer_shares)
    of_the_paper = permutations(("cifar10", "cifar100", "svhn"), 2)
    for pair in dict.fromkeys([*(item[:2] for item in items), *of_the_paper]):
        name, item, random, warm = "-to-".join(pair), (*pair, "Adam"), ("random init", most), ("warm start", most)
        few = Difference(("random init", least), ("warm start", least))
        effects += [
            Effect(f"figure-11-gap-{name}", random, warm, ACCURACY, item),
            Effect(f"figure-11-growth-{name}", Difference(random, warm), few, ACCURACY, item,
                   words=f"gap with a share of {most:g} − gap with {least:g}"),
            Effect(f"figure-11-help-{name}", ("shrink-perturb", most), warm, ACCURACY, item),
            Effect(f"figure-11-sgd-gap-{name}", random, warm, ACCURACY, (*pair, "SGD")),
        ]  # fmt: skip
    return judge(effects, items, records, CLAIMS.values(), at.profile, needs="CIFAR-10 and CIFAR-100")


# %% tags=["hide-input"]
from wsnb.data import catalogue
from wsnb.publishing import board, figures, page
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings

found = results("transfer", Settings.of(globals()), trials)
judged = found.judged(verdicts)
with_adam = [key for key in found.items if key[2] == "Adam"]
source = found.source(*with_adam)
page.parameters(found)

# %% [markdown]
# The remedy:

# %% tags=["method", "hide-input"]
from wsnb.starts import shrink_perturb

page.method(shrink_perturb)

# %% [markdown]
# Where this differs from the paper, found by comparing each trial of the pairs that the paper has with the one that it
# describes, field by field. Beyond these, the replication's scripts use SGD here, where its text has Adam; a section below
# has both.

# %% tags=["hide-input"]
names = {key: f"{catalogue.title(key[0])} to {catalogue.title(key[1])}" for key in with_adam}
page.differences(trials, found, names)

# %% tags=["answer", "hide-input"]
page.text(
    *(
        board.answer(
            judged.findings.get("figure-11-gap-" + "-to-".join(key[:2])),
            positive=f"From {names[key]} a warm start ends below random init",
            negative=f"From {names[key]} a warm start ends above random init",
            negligible=f"From {names[key]} a warm start ends as random init does",
            unclear=f"whether from {names[key]} a warm start ends below random init",
        )
        for key in with_adam
        if key[:2] in (("cifar10", "cifar100"), ("cifar100", "cifar10")) or len(with_adam) < 2
    )
)

# %% tags=["answer", "hide-input"]
STARTS = ("random init", "warm start", "shrink-perturb")


def by_share(key, start):
    """A start's test accuracy in percent over the share of data, seed by seed."""
    shares = [share for name, share in found.items[key].first() if name == start]
    return figures.across(start, {share: found[key].percent((start, share)) for share in shares})


gaps = {key: judged.findings.get("figure-11-gap-" + "-to-".join(key[:2])) for key in with_adam}
run = [each for each in gaps.values() if each and each.measured.finished]
below = sum(each.measured.finished.mean > 0 for each in run)
figures.lines(
    "figure-11",
    {f"{names[key]}: test accuracy (%)": [by_share(key, start) for start in STARTS] for key in with_adam[:2]},
    xlabel="share of the data",
    message=f"With all of its data the warm start ends, in the mean over seeds, below random init in {below} of {len(run)} pairs."
    if run
    else "Not run.",
    reading="Each training has as many images as stand below, of the source and of the target. The other pairs are below.",
    source=found.source(*with_adam[:2]),
)

# %% [markdown]
# ## Figure 11
#
# With all of the data: test accuracy on the target in percent, mean (standard error) over seeds; the gap and what
# shrink-perturb gains on the warm start in points, with their 95 % confidence intervals from paired seeds.


# %% tags=["hide-input"]
def ends(key, start):
    """With the largest share."""
    return (start, max(share for _, share in found.items[key].first()))


page.table(
    ("from, to", "random init (%)", "warm start (%)", "shrink-perturb (%)", "gap (points)", "gained (points)"),
    [
        (
            names[key],
            *(page.accuracy(found[key].percent(ends(key, start))) for start in STARTS),
            page.effect(found[key].gap(ends(key, "random init"), ends(key, "warm start"))),
            page.effect(found[key].gap(ends(key, "shrink-perturb"), ends(key, "warm start"))),
        )
        for key in with_adam
    ],
    name="figure-11",
    source=source,
)

# %% [markdown]
# The other pairs, by the share of data:

# %% tags=["hide-input"]
figures.lines(
    "figure-11-others",
    {f"{names[key]}: test accuracy (%)": [by_share(key, start) for start in STARTS] for key in with_adam[2:]},
    xlabel="share of the data",
    message="; ".join(
        f"{names[key]}: {board.in_units(gaps[key])}" for key in with_adam[2:] if gaps[key] and gaps[key].measured.seeds
    )
    or "Not run.",
    reading="In words above: the gap with all of the data.",
    source=found.source(*(with_adam[2:] or with_adam)),
)

# %% [markdown]
# ## SVHN

# %% tags=["hide-input"]
page.needs_data("svhn", "transfer", "svhn" in str(with_adam), 'transfer_sets="[cifar10, cifar100, svhn]"')

# %% [markdown]
# ## As written, as coded
#
# The curve that the replication's script draws as *fresh* is the run on the source: its test accuracy on another set than
# that of the warm start which it is drawn beside. It trains with *p* = 0.1 and does not draw that. And it uses SGD. Below,
# with all of the data, what is drawn as fresh beside what is random init on the target, and the gap with either optimiser.

# %% tags=["hide-input"]
page.table(
    ("from, to", "drawn as fresh (%)", "random init (%)", "gap, Adam (points)", "gap, SGD (points)"),
    [
        (
            names[key],
            page.accuracy(found[key].percent(ends(key, "source"))),
            page.accuracy(found[key].percent(ends(key, "random init"))),
            page.effect(found[key].gap(ends(key, "random init"), ends(key, "warm start"))),
            page.effect(found[*key[:2], "SGD"].gap(("random init", 1.0), ("warm start", 1.0))),
        )
        for key in with_adam
        if (*key[:2], "SGD") in found.items
    ],
    name="as-coded",
    source=found.source(),
)

# %% [markdown]
# ## Verdict

# %% tags=["hide-input"]
board.verdicts(judged)

# %% [markdown]
# What was found of each declared effect, whether or not a claim speaks of it ({doc}`verdicts` has the rule):

# %% tags=["hide-input"]
board.findings(judged, found.source())

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run transfer --profile laptop
# wsnb run transfer --profile paper                   # on a GPU
# wsnb run transfer --profile laptop -p first_seed=51 # other seeds
# papermill notebooks/transfer.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p transfer_seeds 3
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

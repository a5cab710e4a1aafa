# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Is it the shrinking, or the learning rate?
#
# Shrink-perturb is said to close the gap ({doc}`shrink-perturb`). But before a normalisation layer the scale of a weight
# makes no difference to what a network says, and its gradient is the larger the smaller the weight is. Weights that were
# multiplied by $\lambda$ are moved as if the learning rate had been raised. Is that all there is to it?

# %% [markdown]
# ## What the papers say
#
# {cite:t}`ash2020` and {cite:t}`kireev2021` explain shrink-perturb by the gradients of old and new images, which it makes
# alike, and ask whether the gap is over-fitting to the old half. None of them changes the learning rate with the weights.
#
# For a layer before a normalisation layer, with weights $w$ and loss $L$,
#
# $$
# L(\lambda w) = L(w), \qquad \nabla L(\lambda w) = \frac{1}{\lambda} \nabla L(w),
# $$
#
# so that a step of SGD from $\lambda w$ at the rate $\eta$ goes where one from $w$ would have gone at $\eta / \lambda^2$,
# and a step of Adam, whose length does not depend on the gradient's, where one would have gone at $\eta / \lambda$. At
# $\lambda = 0.4$ these are factors of 6.25 and 2.5. Other layers are another matter: multiplying the last one, or a
# normalisation layer's own factors, flattens the logits.

# %% [markdown]
# ## The experiment
#
# - *Arms.* After a half trained at the papers' kind of rate, each arm changes one thing: the rate, the scale of all
#   weights, of convolutions alone, of the head and the normalisation layers alone, the noise, the schedule. On a network
#   with normalisation layers and on one without, with SGD and with Adam.
# - *Each arm's own best rate.* Rates are chosen on images held out of the training set, on seeds of their own, and then
#   fixed; a grid that has the best of a start at its end decides nothing.
# - *Over-fitting.* The half is trained with dropout, with weight decay, with augmentation, or stopped early; what comes
#   after is the same plain training. If over-fitting to the half makes the gap, less of it makes a smaller one.

# %% tags=["parameters", "hide-input"]
profile = "laptop"
dataset = "cifar10"  # what is trained on
rate_images = 2048  # how many of its training images; the half is half of them (ours)
width = 16  # of the ResNet-18: channels of its first convolution
batch_size = 128  # images in a step
learning_rate = 0.03  # SGD's base rate
adam_learning_rate = 0.001  # Adam's base rate
phase_epochs = 25  # of each training
rate_scale = 0.4  # lambda: what weights are multiplied by, and what the raised rate follows from (ours)
rate_noise = 0.01  # sigma: of the fresh initialisation that is added (ours)
rate_seeds = 5  # how many (ours)
tried_rates = [0.01, 0.03, 0.1, 0.3, 1.0]  # SGD's rates that are tried, of the training on all of the data (ours)
tried_adam_rates = [0.0003, 0.001, 0.003, 0.01, 0.03]  # Adam's (ours)
best_rates = None  # SGD's of random init, the warm start and shrink-perturb, as the choosing seeds chose them (ours)
best_adam_rates = None  # Adam's (ours)
rate_choosing_seeds = 2  # how many choose the rates (ours)
first_choosing_seed = 901  # and so on from there (ours)
held_out = 0.1  # of the training set, for choosing (ours)
dropout = 0.3  # before the last layer, of the half that is trained with it (ours)
strong_decay = 0.01  # weight decay of the half that is trained with it (ours)
early_epochs = 5  # of the half that is stopped early (ours)
curve_images = 2000  # test images on which accuracy is measured after each epoch
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from wsnb import (
    MLP,
    SGD,
    Adam,
    Augment,
    CosineSchedule,
    Epochs,
    Item,
    Part,
    ResNet18,
    ShrinkPerturb,
    Trial,
    WeightScales,
    half,
)


def on_half(at, seed, model, rule, held_out=0):
    """The half that all arms begin with, and all of the data."""
    whole = Part(at.dataset, at.rate_images, held_out=held_out)
    first, stop = Part(at.dataset, half(at.rate_images), held_out=held_out), Epochs(at.phase_epochs)
    shared = {"batch_size": at.batch_size, "curve_images": at.curve_images, "callbacks": WeightScales()}
    return Trial(first, model, rule, stop, seed, **shared), whole


# %% tags=["trials"]
def arms(at, seed, model, rule, rate, power):
    """Each changes one thing; the raised rate is what shrinking amounts to before a normalisation layer."""
    first, whole = on_half(at, seed, model, rule(rate))
    fresh, warm, raised = first.replace(data=whole), first.then(data=whole), rule(rate / at.rate_scale**power)

    def shrunk(scope="all", noise=0.0, scale=at.rate_scale):
        return warm.replace(start=ShrinkPerturb(scale, noise, scope))

    found = {
        "half of the data": first,
        "random init": fresh,
        "random init, raised rate": fresh.replace(optimizer=raised),
        "warm start": warm,
        "warm start, raised rate": warm.replace(optimizer=raised),
        "shrink-perturb": shrunk(noise=at.rate_noise),
        "shrunk alone": shrunk(),
        "perturbed alone": shrunk(noise=at.rate_noise, scale=1.0),
        "re-warmed": warm.replace(callbacks=(CosineSchedule(), WeightScales())),
    }
    if not isinstance(model, MLP):
        found["shrunk alone, convolutions"] = shrunk("convolutions")
        found["shrunk alone, head and norms"] = shrunk("head and norms")
    return found


# %% tags=["trials"]
def at_rates(at, seed, rule, rate, rates, held_out=0):
    """Three starts, each at its rate or at all that are tried."""
    first, whole = on_half(at, seed, ResNet18(at.width), rule(rate), held_out)
    fresh, warm = first.replace(data=whole), first.then(data=whole)
    remedy = warm.replace(start=ShrinkPerturb(at.rate_scale, at.rate_noise))
    starts = {"random init": fresh, "warm start": warm, "shrink-perturb": remedy}
    if held_out:
        return {(start, r): trial.replace(optimizer=rule(r)) for start, trial in starts.items() for r in rates}
    return {start: trial.replace(optimizer=rule(r)) for (start, trial), r in zip(starts.items(), rates, strict=True)}


# %% tags=["trials"]
def prevented(at, seed):
    """Halves trained with less over-fitting, and the plain warm start from each; random init beside them."""
    plain, whole = on_half(at, seed, ResNet18(at.width), SGD(at.learning_rate))
    halves = {
        "plain": plain,
        "dropout": plain.replace(model=ResNet18(at.width, dropout=at.dropout)),
        "weight decay": plain.replace(optimizer=SGD(at.learning_rate, weight_decay=at.strong_decay)),
        "augmentation": plain.replace(augmentation=Augment()),
        "stopped early": plain.replace(stop=Epochs(at.early_epochs)),
    }
    found = {("half", name): trial for name, trial in halves.items()}
    same = {"data": whole, "model": plain.model, "optimizer": plain.optimizer, "stop": plain.stop}
    for name, trial in halves.items():
        found["warm start", name] = trial.then(augmentation=None, **same)
    return found | {("random init", "plain"): plain.replace(data=whole)}


# %% tags=["trials"]
def trials(at):
    """The arms, by network and optimiser; the choice of rates and what was chosen; the ways to over-fit less."""
    rules = {"SGD": (SGD, at.learning_rate, 2), "Adam": (Adam, at.adam_learning_rate, 1)}
    tried = {"SGD": at.tried_rates, "Adam": at.tried_adam_rates}
    best = {"SGD": at.best_rates, "Adam": at.best_adam_rates}
    seeds, items = at.seeds_of(at.rate_seeds), {}
    choosing = at.seeds_of(at.rate_choosing_seeds, at.first_choosing_seed)
    for name, rule in rules.items():
        for network, model in (("ResNet-18", ResNet18(at.width)), ("MLP", MLP())):
            items[network, name] = Item({i: arms(at, i, model, *rule) for i in seeds})
        chosen = {i: at_rates(at, i, *rule[:2], tried[name], at.held_out) for i in choosing}
        items["choosing", name] = Item(chosen, family=f"best rates, {name}")
        if best[name]:
            final = {i: at_rates(at, i, *rule[:2], best[name]) for i in seeds}
            items["best rates", name] = Item(final, family=f"best rates, {name}")
    return items | {"over-fitting": Item({i: prevented(at, i) for i in seeds})}


# %% [markdown]
# ## What each explanation predicts
#
# The effects, and claims of our own on them, were declared before the first record of this page was made; a pilot on two
# seeds of a quarter of CIFAR-10, with SGD, was known. If it is *the rate*: on a ResNet-18 with SGD the warm start at the
# raised rate is as good as shrink-perturb; shrinking alone, or the convolutions alone, does what shrink-perturb does;
# perturbing alone does nothing; and at each start's own best rate no gap is left. If it is *the logits*: shrinking the
# head and the normalisation layers alone does it. If it is *over-fitting to the half*: a half that over-fits less leaves a
# smaller gap.

# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY, OVER_FITTING
from wsnb.verdicts.rates import best_of

REMEDY, RAISED = "shrink-perturb", "warm start, raised rate"
PAIRS = {
    "raised-rate-ahead": (RAISED, REMEDY),
    "shrunk-alone-ahead": ("shrunk alone", REMEDY),
    "perturbed-alone-help": ("perturbed alone", "warm start"),
    "gap": ("random init", "warm start"),
    "gap-at-raised-rate": ("random init, raised rate", RAISED),
    "remedy-help": (REMEDY, "warm start"),
    "re-warmed-ahead": ("re-warmed", REMEDY),
}
OF_LAYERS = {
    "convolutions-ahead": ("shrunk alone, convolutions", REMEDY),
    "head-and-norms-ahead": ("shrunk alone, head and norms", REMEDY),
}


def verdicts(at, records):
    """What becomes of the effects, and of what was predicted."""
    items, effects = trials(at), []
    for network, name in (key for key in items if key[0] in ("ResNet-18", "MLP")):
        of = PAIRS | (OF_LAYERS if network == "ResNet-18" else {})
        prefix = f"rate-{network}-{name}".lower()
        effects += [Effect(f"{prefix}-{each}", *sides, ACCURACY, (network, name)) for each, sides in of.items()]
    for name, written in (("SGD", at.best_rates), ("Adam", at.best_adam_rates)):
        chosen = best_of(items["choosing", name], records)
        item = ("best rates", name) if chosen and written and chosen == tuple(written) else None
        prefix, words = f"best-rates-{name}".lower(), ", each at its own best rate"
        effects += [
            Effect(
                f"{prefix}-gap", "random init", "warm start", ACCURACY, item, words=f"random init − warm start{words}"
            ),
            Effect(f"{prefix}-ahead", REMEDY, "random init", ACCURACY, item, words=f"{REMEDY} − random init{words}"),
        ]
    for name in ("dropout", "weight decay", "augmentation", "stopped early"):
        halves, warm = [[(kind, each) for each in ("plain", name)] for kind in ("half", "warm start")]
        prefix = f"over-fitting-{name.replace(' ', '-')}"
        effects += [
            Effect(f"{prefix}-less", *halves, OVER_FITTING, "over-fitting", words=f"plain half − half with {name}"),
            Effect(f"{prefix}-help", *warm[::-1], ACCURACY, "over-fitting",
                   words=f"warm start from the half with {name} − from the plain half"),
        ]  # fmt: skip
    return judge(effects, items, records, CLAIMS.values(), at.profile)


# %% tags=["hide-input"]
from wsnb.publishing import board, figures, page
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings

found = results("effective-rate", Settings.of(globals()), trials)
judged = found.judged(verdicts)
ARMS = [key for key in found.items if key[0] in ("ResNet-18", "MLP")]
first = found["ResNet-18", "SGD"]
page.parameters(found)

# %% [markdown]
# What is measured of the weights, beside accuracy:

# %% tags=["method", "hide-input"]
from wsnb.callbacks import weight_scale

page.method(weight_scale)

# %% tags=["answer", "hide-input"]
page.text(
    board.answer(
        judged.findings.get("rate-resnet-18-sgd-raised-rate-ahead"),
        positive="It is the learning rate: with SGD a warm start at the rate that shrinking amounts to ends above "
        "shrink-perturb itself",
        negative="It is not the learning rate alone: with SGD a warm start at the rate that shrinking amounts to ends below "
        "shrink-perturb",
        negligible="It is the learning rate: with SGD a warm start at the rate that shrinking amounts to ends where "
        "shrink-perturb does",
        unclear="whether with SGD a warm start at the rate that shrinking amounts to does what shrink-perturb does",
    ),
    board.answer(
        judged.findings.get("best-rates-sgd-gap"),
        positive="Where each start has its own best rate a gap is left",
        negative="Where each start has its own best rate the warm start is ahead",
        negligible="Where each start has its own best rate no gap is left",
        unclear="whether a gap is left where each start has its own best rate",
    ),
)


# %% tags=["answer", "hide-input"]
def of_arms(key):
    """By arm, what it gains on the plain warm start."""
    names = [name for name in found.items[key].first() if name not in ("half of the data", "warm start")]
    return {name: figures.interval(found[key].gap(name, "warm start")) for name in names}


def gains(key):
    """The same in words, of the arms that the question is about."""
    words = (f"{name} {page.effect(found[key].gap(name, 'warm start'))}" for name in (RAISED, REMEDY, "shrunk alone"))
    return "; ".join(words)


figures.intervals(
    "arms",
    {"": of_arms(("ResNet-18", "SGD"))},
    xlabel="less the plain warm start, test accuracy (points)",
    message=f"ResNet-18 with SGD, what each arm gains on the plain warm start: {gains(('ResNet-18', 'SGD'))}.",
    within=1.0,
    source=found.source(("ResNet-18", "SGD")),
)

# %% [markdown]
# ## With Adam, and without normalisation layers
#
# Test accuracy in percent, mean (standard error) over seeds. An MLP has no normalisation layer: to it the argument does
# not apply.

# %% tags=["hide-input"]
NAMES = list(found.items["ResNet-18", "SGD"].first())
page.table(
    ("arm", *(f"{network}, {rule} (%)" for network, rule in ARMS)),
    [
        (
            name,
            *(page.accuracy(found[key].percent(name)) if name in found.items[key].first() else "–" for key in ARMS),
        )
        for name in NAMES
    ],
    name="arms",
    source=found.source(*ARMS),
)

# %% tags=["hide-input"]
others = [key for key in ARMS if key != ("ResNet-18", "SGD")]
figures.intervals(
    "other-arms",
    {", ".join(key): of_arms(key) for key in others},
    xlabel="less the plain warm start, test accuracy (points)",
    message="; ".join(
        f"{network} with {rule}: {RAISED} {page.effect(found[network, rule].gap(RAISED, 'warm start'))}"
        for network, rule in others
    )
    + ".",
    within=1.0,
    source=found.source(*others),
)

# %% [markdown]
# ## What happens to the weights
#
# Measured where each epoch of the training on all of the data begins, and at the end, on a ResNet-18 with SGD. The *effective rate* is the
# learning rate over the square of the scale of the weights, as a multiple of the plain warm start's at its beginning.

# %% tags=["hide-input"]
SHOWN = ("random init", "warm start", RAISED, REMEDY, "shrunk alone, head and norms")
at_first = found.at(("ResNet-18", "SGD"))


def curves(key):
    """A measurement of each arm by epoch, seed by seed."""
    return [figures.of_curve(name, first.records(name), key) for name in SHOWN]


def effective(line):
    """The effective rate of an arm by epoch, from the scales of its weights."""
    raised = at_first.rate_scale**-2 if line.start == RAISED else 1
    begun = [record.curves["weight_scale"][0] for record in first.records("warm start")]
    rows = [[raised * (start / scale) ** 2 for scale in row] for start, row in zip(begun, line.values, strict=True)]
    return figures.Line(line.start, line.x, rows)


rates = [effective(line) for line in curves("weight_scale")]
firsts = {line.start: [row[0] for row in line.values] for line in rates if line.start in (RAISED, REMEDY)}
figures.lines(
    "weights",
    {
        "effective rate (multiples)": rates,
        "scale of the logits": curves("logit_scale"),
    },
    xlabel="epoch on all of the data",
    message="At the beginning the effective rate is "
    + " and ".join(f"{page.accuracy(values)} times the plain warm start's ({name})" for name, values in firsts.items())
    + ".",
    source=found.source(("ResNet-18", "SGD")),
)

# %% tags=["hide-input"]
figures.lines(
    "distance",
    {"distance travelled": curves("distance")},
    xlabel="epoch on all of the data",
    message="How far the weights have moved from where the training on all of the data began.",
    source=found.source(("ResNet-18", "SGD")),
)

# %% [markdown]
# ## At each start's own best rate
#
# Accuracy on held-out images, in the mean over the choosing seeds, by the rate of the training on all of the data; the half
# was trained at the base rate. The rates that they choose are then trained on all images, on the page's seeds.


# %% tags=["hide-input"]
def by_rate(rule, start):
    """A start's line."""
    item = found["choosing", rule]
    rates = [rate for name, rate in found.items["choosing", rule].first() if name == start]
    return figures.across(start, {rate: item.percent((start, rate)) for rate in rates})


STARTS = ("random init", "warm start", REMEDY)
for_sgd = dict(zip(STARTS, best_of(found.items["choosing", "SGD"], found.records) or ("none yet",) * 3, strict=True))
figures.lines(
    "rates",
    {f"{rule}: held-out accuracy (%)": [by_rate(rule, start) for start in STARTS] for rule in ("SGD", "Adam")},
    xlabel="learning rate",
    message="The best of SGD's rates: " + "; ".join(f"{start} {rate}" for start, rate in for_sgd.items()) + ".",
    reading="The papers train at 0.001, on all 50 000 images; the base rates of this page are its parameters.",
    is_log=True,
    source=found.source(("choosing", "SGD"), ("choosing", "Adam")),
)

# %% tags=["hide-input"]
at_best = [key for key in found.items if key[0] == "best rates"]
page.table(
    ("optimiser", *(f"{start} (%)" for start in STARTS), "gap (points)"),
    [
        (
            rule,
            *(page.accuracy(found[_, rule].percent(start)) for start in STARTS),
            page.effect(found[_, rule].gap("random init", "warm start")),
        )
        for _, rule in at_best
    ],
    name="best-rates",
    source=found.source(*at_best) if at_best else None,
)

# %% [markdown]
# ## Is it over-fitting to the half?
#
# For each way to over-fit less: the half's training accuracy less its test accuracy, and the gap that the plain warm start
# from it leaves to random init.

# %% tags=["hide-input"]
over = found["over-fitting"]
WAYS = [name for kind, name in found.items["over-fitting"].first() if kind == "half"]


def over_fitting(name):
    """Of a half, in points, seed by seed."""
    key = ("half", name)
    return [a - b for a, b in zip(over.percent(key, "train_accuracy"), over.percent(key), strict=True)]


gaps = {name: over.gap(("random init", "plain"), ("warm start", name)) for name in WAYS}
page.table(
    ("half", "test accuracy of the half (%)", "over-fitting of the half (points)", "gap of the warm start (points)"),
    [
        (name, page.accuracy(over.percent(("half", name))), page.accuracy(over_fitting(name)), page.effect(gaps[name]))
        for name in WAYS
    ],
    name="over-fitting",
    source=found.source("over-fitting"),
)

# %% tags=["hide-input"]
figures.intervals(
    "over-fitting",
    {"": {name: figures.interval(gap) for name, gap in gaps.items()}},
    xlabel="gap: random init − warm start, test accuracy (points)",
    message="The gap after a half trained "
    + "; ".join(f"{name}: {page.signed(gap.mean)}" for name, gap in gaps.items() if gap)
    + ".",
    within=1.0,
    source=found.source("over-fitting"),
)

# %% [markdown]
# ## Verdict

# %% tags=["hide-input"]
board.verdicts(judged)

# %% [markdown]
# What was found of each declared effect, whether or not a prediction speaks of it ({doc}`verdicts` has the rule):

# %% tags=["hide-input"]
board.findings(judged, found.source())

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run effective-rate --profile laptop
# wsnb run effective-rate --profile paper                   # on a GPU
# wsnb run effective-rate --profile laptop -p first_seed=51 # other seeds
# papermill notebooks/effective-rate.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p rate_seeds 3
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

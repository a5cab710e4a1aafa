# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Shrink and perturb
#
# Where a warm start costs accuracy, one remedy takes three lines: multiply all weights by a number below one, add a little of a
# fresh initialisation, and train on. Does it close the gap? And what does it do to the network?

# %% [markdown]
# ## What the papers say
#
# {cite:t}`ash2020` name the remedy and find that it closes the gap. {cite:t}`kireev2021` replicate it: offline (their
# Figure 5) it "leads to even better performance than the randomly initialized model"; online it works as in the original
# (Figure 6). They ask how much of it a trained network bears (Figure 7: ReLU perceptrons with biases are damaged below
# $\lambda = 0.6$, those without are immune, a ResNet-18 and tanh perceptrons hardly suffer above 0.2), and look at
# gradients (Figure 8): under a warm start those on the old images are far smaller than those on the new; shrink-perturb
# takes that difference away. These figures are drawn and have no numbers in print.

# %% [markdown]
# ## The experiment
#
# - *Figure 5* is Figure 1 ({doc}`gap-offline`) with arms more: shrink-perturb between the half and the whole, for several
#   $\lambda$, with $\sigma$ as the text has it (`shrink_noise`); one arm has that of the replication's scripts
#   (`coded_noise`). *Figure 8* measures the gradients of these trainings where each epoch begins.
# - *Figure 6* is Figure 2 ({doc}`online`) with shrink-perturb at each arrival; $\lambda = 1$ is the warm start.
# - *Figure 7* shrinks trained networks and trains no step more. The text trains them at a learning rate of 0.001, the
#   scripts at 0.1 for 50 epochs (`figure_7_rate`, `figure_7_epochs`), and measure in training mode: both are shown.
# - *Five methods* go by this name, in code that others run: what they multiply and add, to which layers, and whether
#   running statistics and momenta stay. They meet here on the same seeds.

# %% tags=["parameters", "hide-input"]
profile = "laptop"
dataset = "cifar10"  # what is trained on
figure_1_images = 7680  # offline: how many of its training images; the half is half of them
width = 16  # of the ResNet-18: channels of its first convolution
batch_size = 128  # images in a step
learning_rate = 0.03  # SGD's, offline
adam_learning_rate = 0.001  # Adam's, online
phase_epochs = 25  # offline: of each training
curve_images = 2000  # test images on which accuracy is measured after each epoch
shrink_scales = [0.1, 0.3, 0.6]  # Figures 5 and 8: the lambdas
judged_scale = 0.3  # the lambda that claims are judged at (ours)
shrink_noise = 0.0001  # sigma, as the text has it
coded_noise = 0.01  # sigma, as the scripts have it
shrink_seeds = 5  # how many for Figures 5 and 8, and the five methods (ours)
gradient_images = 1024  # Figure 8: old and new images, of each so many (ours)
gradient_batch = 128  # Figure 8: images of a batch
figure_6_images = 2880  # Figure 6: how many training images
figure_6_chunk = 960  # Figure 6: how many arrive at a time
figure_6_scales = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]  # Figure 6: the lambdas
figure_6_judged_scale = 0.6  # Figure 6: the lambda that the claim is judged at (ours)
figure_6_seeds = 5  # Figure 6: how many (ours)
train_accuracy = 0.99  # Figure 6: running train accuracy that ends a step
epoch_limit = 100  # Figure 6: after which a step ends all the same
figure_7_rate = 0.03  # Figure 7: SGD's, of all its networks
figure_7_epochs = 25  # Figure 7: of their trainings
figure_7_scales = [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]  # Figure 7: the lambdas
figure_7_seeds = 5  # Figure 7: how many (ours)
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from wsnb import MLP, SGD, Adam, Epochs, Item, Part, ResNet18, ShrinkPerturb, TrainAccuracy, Trial, half
from wsnb.callbacks import GradientNorms, TrainingModeAccuracy
from wsnb.running.plan import images_in
from wsnb.verdicts.steps import arrivals


def offline(at, seed):
    """Figures 5 and 8: after the half, all of the data from weights that were shrunk and perturbed, or were not."""
    measured = GradientNorms(at.gradient_images, at.gradient_batch)
    shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
    sgd, stop, whole = SGD(at.learning_rate), Epochs(at.phase_epochs), Part(at.dataset, at.figure_1_images)
    on_half = Trial(Part(at.dataset, half(at.figure_1_images)), ResNet18(at.width), sgd, stop, seed, **shared)
    go_on = on_half.then(data=whole, callbacks=measured)
    found = {"half of the data": on_half, "random init": on_half.replace(data=whole), "warm start": go_on}
    for scale in at.shrink_scales:
        found[f"shrink-perturb, {scale:g}"] = go_on.replace(start=ShrinkPerturb(scale, at.shrink_noise))
    found["as coded"] = go_on.replace(start=ShrinkPerturb(at.judged_scale, at.coded_noise))
    return found


# %% tags=["trials"]
def online(at, seed):
    """Figure 6: as images arrive, by lambda and how many there are; with random init at each arrival beside it."""
    first, *later = arrivals(images_in(Part(at.dataset, at.figure_6_images)), at.figure_6_chunk)
    stop = TrainAccuracy(at.train_accuracy, at.epoch_limit, measured="running")
    shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
    adam, part = Adam(at.adam_learning_rate), Part(at.dataset, first)
    fresh = Trial(part, ResNet18(at.width), adam, stop, seed, **shared)
    found = {("random init", first): fresh} | {(scale, first): fresh for scale in at.figure_6_scales}
    for before, amount in zip([first, *later], later, strict=False):
        part = Part(at.dataset, amount)
        found["random init", amount] = fresh.replace(data=part)
        for scale in at.figure_6_scales:
            shrunk = {} if scale == 1 else {"start": ShrinkPerturb(scale, at.shrink_noise)}
            found[scale, amount] = found[scale, before].then(data=part, **shrunk)
    return found


# %% tags=["trials"]
def shrunk(at, seed, model):
    """Figure 7: a trained network, and what it is worth with its weights shrunk, by lambda."""
    sgd, stop, part = SGD(at.figure_7_rate), Epochs(at.figure_7_epochs), Part(at.dataset, at.figure_1_images)
    shared = {"batch_size": at.batch_size, "curve_images": at.curve_images}
    trained = Trial(part, model, sgd, stop, seed, **shared)
    in_both_modes = {"stop": Epochs(0), "callbacks": TrainingModeAccuracy(at.batch_size)}
    starts = {f"{scale:.2f}": ShrinkPerturb(scale, noise=0.0) for scale in at.figure_7_scales}
    return {"trained": trained} | {name: trained.then(start=each, **in_both_modes) for name, each in starts.items()}


# %% tags=["trials"]
def five_methods(at, seed):
    """What goes by the name of shrink-perturb, by whose code it is."""
    of_figure_5 = offline(at, seed)
    on_half, go_on = of_figure_5["half of the data"], of_figure_5["warm start"]
    found = {start: of_figure_5[start] for start in ("half of the data", "random init", "warm start")}
    theirs = ShrinkPerturb(0.4, 0.1, buffers="reset")  # before the first training as well
    anew = on_half.replace(stop=Epochs(0)).then(stop=on_half.stop, start=theirs)
    found["Ash and Adams (2020)"] = anew.then(data=go_on.data, start=theirs)
    found["Kireev et al. (2021)"] = of_figure_5["as coded"]
    layers = ShrinkPerturb(0.3, 0.01, scope="layers", perturbation="normal")
    found["Shin et al. (2024)"] = go_on.replace(start=layers, optimizer_state="kept")
    found["Lee et al. (2024)"] = go_on.replace(start=ShrinkPerturb(0.2, 0.8, perturbation="first"))
    found["Renate"] = go_on.replace(start=ShrinkPerturb(0.95, 0.001, perturbation="normal"))
    return found


# %% tags=["trials"]
def trials(at):
    """Figures 5 to 8, and the five methods."""
    items = {"Figure 5": Item({i: offline(at, i) for i in at.seeds_of(at.shrink_seeds)})}
    items["Figure 6"] = Item({i: online(at, i) for i in at.seeds_of(at.figure_6_seeds)})
    models = {"ResNet-18": ResNet18(at.width)}
    for name, activation in (("ReLU MLP", "relu"), ("tanh MLP", "tanh")):
        models[name] = MLP(activation=activation)
        models[f"{name} without biases"] = MLP(activation=activation, bias=False)
    for name, model in models.items():
        seeds = {i: shrunk(at, i, model) for i in at.seeds_of(at.figure_7_seeds)}
        items["Figure 7", name] = Item(seeds, family="Figure 7")
    items["five methods"] = Item({i: five_methods(at, i) for i in at.seeds_of(at.shrink_seeds)})
    return items


# %% [markdown]
# The effects, declared before the first record was made. Claims on several $\lambda$ are judged at one that was named
# beforehand: offline at the middle one of the scripts, online at 0.6. A network counts as damaged by a point; the ratio of
# the gradients is the mean over the first five epochs. Figure 7's claims are judged in evaluation mode; what the
# replication's code measures, in training mode, stands beside them.

# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY, ACCURACY_IF_ANY, GRADIENT_RATIO, IMAGES_SEEN, TRAINING_MODE_ACCURACY


def verdicts(at, records):
    """What becomes of the effects, and of the claims, of Figures 5 to 8; and of the five methods."""
    items, remedy = trials(at), f"shrink-perturb, {at.judged_scale:g}"

    def steps(start):
        return [name for name in items["Figure 6"].first() if name[0] == start]

    best, warm, fresh = steps(at.figure_6_judged_scale), steps(1.0), steps("random init")
    over_steps = (
        f"shrink-perturb, {at.figure_6_judged_scale:g} − warm start, in the mean over the steps after the first"
    )
    damages = [
        ("ReLU MLP", "0.50"), ("ReLU MLP", "0.90"), ("ReLU MLP without biases", "0.50"), ("ResNet-18", "0.30"),
        ("tanh MLP", "0.30"), ("tanh MLP without biases", "0.30"),
    ]  # fmt: skip
    effects = [
        Effect("figure-5-help", remedy, "warm start", ACCURACY, "Figure 5"),
        Effect("figure-5-ahead", remedy, "random init", ACCURACY, "Figure 5"),
        Effect("figure-5-coded-ahead", "as coded", "random init", ACCURACY, "Figure 5"),
        Effect("figure-6-help", best[1:], warm[1:], ACCURACY, "Figure 6", words=over_steps),
        Effect("figure-6-ahead", best[1:], fresh[1:], ACCURACY, "Figure 6",
               words=over_steps.replace("warm start", "random init")),
        Effect("figure-6-images", best, fresh, IMAGES_SEEN, "Figure 6",
               words=f"shrink-perturb, {at.figure_6_judged_scale:g} / random init, over all steps"),
        *(
            Effect(f"figure-7-{name.lower().replace(' ', '-')}-{scale}", "1.00", scale, ACCURACY_IF_ANY,
                   ("Figure 7", name), words=f"{name} as trained − shrunk by {scale}")
            for name, scale in damages
        ),
        Effect("figure-7-resnet-18-0.30-coded", "1.00", "0.30", TRAINING_MODE_ACCURACY, ("Figure 7", "ResNet-18"),
               words="ResNet-18 as trained − shrunk by 0.30, both in training mode"),
        Effect("figure-8-warm-start", "warm start", 1.0, GRADIENT_RATIO, "Figure 5",
               words="warm start: new images / old images"),
        Effect("figure-8-shrink-perturb", remedy, 1.0, GRADIENT_RATIO, "Figure 5",
               words=f"{remedy}: new images / old images"),
        *(
            Effect(f"five-methods-{name.partition(' ')[0].lower()}", name, "random init", ACCURACY, "five methods")
            for name in list(items["five methods"].first())[3:]
        ),
    ]  # fmt: skip
    return judge(effects, items, records, CLAIMS.values(), at.profile)


# %% tags=["hide-input"]
from wsnb.publishing import board, figures, page, widgets
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings
from wsnb.verdicts.steps import Steps

found = results("shrink-perturb", Settings.of(globals()), trials)
judged = found.judged(verdicts)
figure_5, at_5, of_5 = found["Figure 5"], found.at("Figure 5"), found.source("Figure 5")
remedy = f"shrink-perturb, {at_5.judged_scale:g}"
page.parameters(found)

# %% [markdown]
# The remedy:

# %% tags=["method", "hide-input"]
from wsnb.starts import shrink_perturb

page.method(shrink_perturb)

# %% [markdown]
# Where this differs from the paper, found by comparing each trial with the one that the paper describes, field by field;
# of Figure 6 the first arrival, of Figure 7 the ResNet-18:


# %% tags=["hide-input"]
def in_few(items):
    """Of Figures 5 and 7 the arms that both have, of Figure 6 the first arrival."""
    arms = ("half of the data", "random init", "warm start", remedy, "as coded")
    figure_5, figure_6 = items["Figure 5"].first(), items["Figure 6"].first()
    few = {"Figure 5": {name: figure_5[name] for name in arms}}
    few["Figure 6"] = {f"at {each:g}": figure_6[each, next(iter(figure_6))[1]] for each in (0.0, 1.0)}
    few["Figure 7"] = {name: items["Figure 7", "ResNet-18"].first()[name] for name in ("trained", "0.50")}
    return {name: Item({0: trials}) for name, trials in few.items()}


page.differences(trials, found, {name: name for name in in_few(found.items)}, of=in_few)

# %% tags=["answer", "hide-input"]
page.text(
    board.answer(
        judged.findings.get("figure-5-help"),
        positive=f"Yes, it helps: with weights shrunk by {at_5.judged_scale:g} first, a ResNet-18 ends above a plain warm start",
        negative=f"It hurts: with weights shrunk by {at_5.judged_scale:g} first, a ResNet-18 ends below a plain warm start",
        negligible=f"It changes nothing: with weights shrunk by {at_5.judged_scale:g} first, a ResNet-18 ends as a plain warm "
        "start does",
        unclear=f"whether shrinking by {at_5.judged_scale:g} first helps a warm start",
    ),
    board.answer(
        judged.findings.get("figure-5-ahead"),
        positive="It ends above random init, too",
        negative="It still ends below random init",
        negligible="It ends where random init does: the gap is closed",
        unclear="whether it ends above random init",
    ),
)

# %% tags=["answer", "hide-input"]
ARMS = ("half of the data", "random init", "warm start", remedy)
ends = {start: page.accuracy(figure_5.percent(start)) for start in ARMS}


def curves(*starts):
    """Test accuracy by epoch; what trains on all of the data stands after the half."""
    shift = at_5.phase_epochs
    return [
        figures.of_epochs(start, figure_5.records(start), 0 if start == "half of the data" else shift)
        for start in starts
    ]


figures.lines(
    "shrink-perturb",
    {"test accuracy (%)": curves(*ARMS)},
    xlabel="epoch",
    message=f"Shrunk by {at_5.judged_scale:g} it ends at {ends[remedy]} %, the warm start at {ends['warm start']} %, random "
    f"init at {ends['random init']} %.",
    reading="Training on half of the data comes first. Epoch 0 is before the first step.",
    source=of_5,
)

# %% [markdown]
# ## Figure 5: how much to shrink
#
# Final test accuracy in percent, mean (standard error) over seeds; what is gained on the warm start and on random init, in
# points, with its 95 % confidence interval from paired seeds.

# %% tags=["hide-input"]
arms = [start for start in found.items["Figure 5"].first() if start.startswith(("warm", "shrink", "as"))]
page.table(
    ("start", "test accuracy (%)", "less warm start (points)", "less random init (points)"),
    [
        ("random init", ends["random init"], "–", "–"),
        *(
            (
                start,
                page.accuracy(figure_5.percent(start)),
                "–" if start == "warm start" else page.effect(figure_5.gap(start, "warm start")),
                page.effect(figure_5.gap(start, "random init")),
            )
            for start in arms
        ),
    ],
    name="figure-5",
    source=of_5,
)

# %% tags=["hide-input"]
best = max(
    (each for each in arms if each.startswith("shrink")), key=lambda start: sum(figure_5.percent(start)), default="–"
)
widgets.chooser(
    "figure-5",
    "Shrink by",
    {
        start.rpartition(" ")[2]: figures.lines(
            f"shrunk-{number}", {"test accuracy (%)": curves(*ARMS[:3], start)}, xlabel="epoch", message=start, source=of_5,
            limits=((0, 2 * at_5.phase_epochs), (0, 1.15 * max(max(figure_5.percent(each), default=90) for each in arms))),
        )
        for number, start in enumerate(each for each in arms if each.startswith("shrink"))
    },
    message=f"Shrunk by {best.rpartition(' ')[2]}, which ends highest, it ends at {page.accuracy(figure_5.percent(best))} %; the "
    f"warm start, at {ends['warm start']} %.",
    reading="Test accuracy by epoch; move the slider, or use the arrow keys, to shrink by another lambda. Lines are means over seeds, bands one standard deviation between them.",
    source=of_5,
)  # fmt: skip

# %% [markdown]
# ## Figure 6: online
#
# Images arrive `figure_6_chunk` at a time; at each arrival the network is shrunk and perturbed, and trained to
# `train_accuracy`. $\lambda = 1$ is the warm start; at $\lambda = 0$ nothing is left of what was learned, and of batch
# normalisation's factors only $\sigma$, which is not a random initialisation.

# %% tags=["hide-input"]
steps, at_6, of_6 = Steps(found.items["Figure 6"], found.records), found.at("Figure 6"), found.source("Figure 6")
scales = list(at_6.figure_6_scales)


def thousands(start):
    """Training images seen over all steps, seed by seed."""
    return [total / 1000 for total in steps.totals(start, lambda record: record.final["images_seen"])]


def against_scale(of):
    """A line over lambda, and random init beside it."""
    if not len(steps):
        return []
    return [
        figures.across("shrink-perturb", {scale: of(scale) for scale in scales}),
        figures.Line("random init", [scales[0], scales[-1]], [[each, each] for each in of("random init")]),
    ]


means = {start: page.accuracy(steps.mean_accuracy(start)) for start in ("random init", 1.0, at_6.figure_6_judged_scale)}
figures.lines(
    "figure-6",
    {
        "test accuracy, mean over the steps (%)": against_scale(steps.mean_accuracy),
        "training images seen (thousands)": against_scale(thousands),
    },
    xlabel="lambda",
    message=f"In the mean over the steps, shrinking by {at_6.figure_6_judged_scale:g} reaches "
    f"{means[at_6.figure_6_judged_scale]} %, the warm start {means[1.0]} %, random init {means['random init']} %.",
    reading="At lambda 1 stands the warm start.",
    source=of_6,
)

# %% [markdown]
# ## Figure 7: what shrinking alone does to a trained network
#
# Nothing is trained after the weights were shrunk. In evaluation mode batch normalisation uses its running statistics,
# which are of the weights as they were; in training mode it uses those of the batch, to which a factor on the weights
# before it makes no difference but through $\epsilon$. The perceptrons have no such layers: for them both are one.

# %% tags=["hide-input"]
of_7 = {name[1]: compared for name, compared in found.compared.items() if name[0] == "Figure 7"}
SCALES = [name for name in found.items["Figure 7", "ResNet-18"].first() if name != "trained"]


def by_scale(name, measure):
    """A line for one network."""
    return figures.across(name, {float(scale): of_7[name].percent(scale, measure) for scale in SCALES})


figures.lines(
    "figure-7",
    {
        "in evaluation mode (%)": [by_scale(name, "test_accuracy") for name in of_7],
        "in training mode (%)": [by_scale(name, "training_mode_test_accuracy") for name in of_7],
    },
    xlabel="lambda",
    message="Shrunk to 0.3 of its weights, the ResNet-18 is right on "
    f"{page.accuracy(of_7['ResNet-18'].percent('0.30'))} % of test images in evaluation mode and on "
    f"{page.accuracy(of_7['ResNet-18'].percent('0.30', 'training_mode_test_accuracy'))} % in training mode; as trained on "
    f"{page.accuracy(of_7['ResNet-18'].percent('1.00'))} %.",
    source=found.source(*(key for key in found.items if key[0] == "Figure 7")),
)

# %% [markdown]
# ## Figure 8: the gradients of old and new images
#
# Where each epoch begins, the mean over batches of the length of the loss's gradient, on a sample of the images that the
# half was trained on, and of those that it had not seen.


# %% tags=["hide-input"]
def norms(start):
    """The two lines of one start."""
    records = figure_5.records(start)
    return [figures.of_curve(f"{kind} images", records, f"gradient_norm_{kind}") for kind in ("old", "new")]


ratios = {name: judged.findings.get(f"figure-8-{name}") for name in ("warm-start", "shrink-perturb")}
figures.lines(
    "figure-8",
    {"warm start": norms("warm start"), remedy: norms(remedy)},
    xlabel="epoch on all of the data",
    message="New images' gradients are, in the first five epochs, "
    + " and ".join(
        f"{board.measured(each)} of old ones' after {'a warm start' if name == 'warm-start' else remedy}"
        for name, each in ratios.items()
    )
    + ".",
    reading="Vertical: length of the gradient.",
    source=of_5,
)

# %% [markdown]
# ## Five methods of one name
#
# | whose code | what the weights become | of |
# |---|---|---|
# | {cite:t}`ash2020` | 0.4 of them and 0.1 of a fresh initialisation; running statistics fresh; before the first training too | all parameters |
# | {cite:t}`kireev2021` | `judged_scale` of them and 0.01 of a fresh initialisation | all parameters |
# | Shin et al. (2024) | 0.3 of them and numbers of standard deviation 0.01; the optimiser's state kept | convolutions and linear layers |
# | Lee et al. (2024) | 0.2 of them and 0.8 of the very first initialisation | all parameters |
# | Renate | 0.95 of them and numbers of standard deviation 0.001 | all parameters |

# %% tags=["hide-input"]
methods = found["five methods"]
named = list(found.items["five methods"].first())[3:]
gains = {name: methods.gap(name, "random init") for name in ("warm start", *named)}
figures.intervals(
    "five-methods",
    {"": {name: figures.interval(gain) for name, gain in gains.items()}},
    xlabel="less random init, test accuracy (points)",
    message="Test accuracy less that of random init: "
    + "; ".join(f"{name} {page.signed(gain.mean)}" for name, gain in gains.items() if gain)
    + ".",
    within=1.0,
    source=found.source("five methods"),
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
# wsnb run shrink-perturb --profile laptop
# wsnb run shrink-perturb --profile paper                   # on a GPU
# wsnb run shrink-perturb --profile laptop -p first_seed=51 # other seeds
# papermill notebooks/shrink-perturb.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p shrink_seeds 3
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

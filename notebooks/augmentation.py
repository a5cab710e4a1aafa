# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does augmentation close the gap?
#
# Most who train on images crop, flip and recolour them at random. The papers' first experiments do not. If the gap is a
# matter of over-fitting to the half that came first, images that are never twice the same should leave less of it.

# %% [markdown]
# ## What the papers say
#
# {cite:t}`kireev2021` add augmentation to the experiment: it "mitigates the warm-starting gap", a warm start "can achieve
# good performance faster than training from scratch", training and test accuracy stay close (their Figure 9), and the
# gradients of old and new images differ less (Figure 10). It slows convergence: at a learning rate of 0.001 their networks
# are not done after 350 epochs. The figures have no numbers in print.

# %% [markdown]
# ## The experiment
#
# Figure 1 ({doc}`gap-offline`) without augmentation and with it, in both phases: four pixels of padding and a random crop,
# a flip, jitter of brightness, contrast and saturation, a small rotation. Accuracies are always measured on images as they
# are.

# %% tags=["parameters", "hide-input"]
profile = "laptop"
dataset = "cifar10"  # what is trained on
figure_1_images = 7680  # how many of its training images; the half is half of them
width = 16  # of the ResNet-18: channels of its first convolution
batch_size = 128  # images in a step
learning_rate = 0.03  # SGD's
figure_9_epochs = 25  # of each training
curve_images = 2000  # test images on which accuracy is measured after each epoch
gradient_images = 1024  # Figure 10: old and new images, of each so many (ours)
gradient_batch = 128  # Figure 10: images of a batch
figure_9_seeds = 5  # how many (ours)
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from wsnb import SGD, Augment, Epochs, GradientNorms, Item, Part, ResNet18, Trial, half


def trials(at):
    """For each seed the trainings of Figure 1, without augmentation and with it."""
    norms, sgd = GradientNorms(at.gradient_images, at.gradient_batch), SGD(at.learning_rate)
    stop, shared = Epochs(at.figure_9_epochs), {"batch_size": at.batch_size, "curve_images": at.curve_images}

    def both(seed):
        first, whole = Part(at.dataset, half(at.figure_1_images)), Part(at.dataset, at.figure_1_images)
        plain = Trial(first, ResNet18(at.width), sgd, stop, seed, **shared)
        found = {}
        for suffix, augmentation in (("", None), (", augmented", Augment())):
            on_half = plain.replace(augmentation=augmentation)
            found["half of the data" + suffix] = on_half
            found["random init" + suffix] = on_half.replace(data=whole)
            found["warm start" + suffix] = on_half.then(data=whole, callbacks=norms)
        return found

    return {"Figure 9": Item({seed: both(seed) for seed in at.seeds_of(at.figure_9_seeds)})}


# %% [markdown]
# The effects, declared before the first record was made. "Faster" is taken as a higher test accuracy in the mean of the first
# five epochs; "slower to converge" as a lower training accuracy after as many epochs.

# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS
from wsnb.verdicts.effects import Difference, Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY, EARLY_ACCURACY, GRADIENT_RATIO, OVER_FITTING, TRAIN_ACCURACY

AUGMENTED = {start: f"{start}, augmented" for start in ("half of the data", "random init", "warm start")}


def verdicts(at, records):
    """What becomes of the effects, and of the claims, of Figures 9 and 10."""
    fresh, warm = AUGMENTED["random init"], AUGMENTED["warm start"]
    item = "Figure 9"
    effects = [
        Effect("figure-9-mitigates", Difference("random init", "warm start"), Difference(fresh, warm), ACCURACY, item,
               words="gap without augmentation − gap with it"),
        Effect("figure-9-gap-augmented", fresh, warm, ACCURACY, item),
        Effect("figure-9-sooner", warm, fresh, EARLY_ACCURACY, item),
        Effect("figure-9-over-fitting", "random init", fresh, OVER_FITTING, item),
        Effect("figure-9-slower", "random init", fresh, TRAIN_ACCURACY, item),
        Effect("figure-10-mitigates", "warm start", warm, GRADIENT_RATIO, item,
               words="new images / old images, without augmentation / with it"),
        Effect("figure-10-augmented", warm, 1.0, GRADIENT_RATIO, item, words="with augmentation: new images / old images"),
    ]  # fmt: skip
    return judge(effects, trials(at), records, CLAIMS.values(), at.profile)


# %% tags=["hide-input"]
from wsnb.publishing import board, figures, page
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings

found = results("augmentation", Settings.of(globals()), trials)
judged = found.judged(verdicts)
figure_9, source = found["Figure 9"], found.source()
page.parameters(found)

# %% [markdown]
# How an image is changed:

# %% tags=["method", "hide-input"]
page.method(Augment)

# %% [markdown]
# Where this differs from the paper, found by comparing each trial with the one that the paper describes, field by field:

# %% tags=["hide-input"]
page.differences(trials, found, {"Figure 9": "Figure 9"})

# %% tags=["answer", "hide-input"]
page.text(
    board.answer(
        judged.findings.get("figure-9-mitigates"),
        positive="Yes, it makes the gap smaller",
        negative="No, it makes the gap larger",
        negligible="No, the gap is the same with it and without",
        unclear="whether augmentation makes the gap smaller",
    ),
    board.answer(
        judged.findings.get("figure-9-gap-augmented"),
        positive="With augmentation random init still ends above the warm start",
        negative="With augmentation the warm start ends above random init",
        negligible="With augmentation no gap is left",
        unclear="whether a gap is left with augmentation",
    ),
)


# %% tags=["answer", "hide-input"]
def curves(measure):
    """By arm, an accuracy by epoch."""
    return [figures.of_curve(start, figure_9.records(start), measure, 100, first=1) for start in figure_9_names]


figure_9_names = [name for name in found.items["Figure 9"].first() if not name.startswith("half")]
ends = {start: page.accuracy(figure_9.percent(start)) for start in found.items["Figure 9"].first()}
figures.lines(
    "figure-9",
    {"test accuracy (%)": curves("test_accuracy"), "training accuracy (%)": curves("train_accuracy")},
    xlabel="epoch on all of the data",
    message=f"With augmentation random init ends at {ends['random init, augmented']} %, the warm start at "
    f"{ends['warm start, augmented']} %; without at {ends['random init']} % and {ends['warm start']} %.",
    reading="Training accuracy is over the epoch's own batches, as they were changed.",
    source=source,
)

# %% [markdown]
# ## Figure 9: where the curves end
#
# At the end, on images as they are, in percent, mean (standard error) over seeds.

# %% tags=["hide-input"]
page.table(
    ("start", "test accuracy (%)", "training accuracy (%)", "gap (points)"),
    [
        (
            start,
            ends[start],
            page.accuracy(figure_9.percent(start, "train_accuracy")),
            page.effect(figure_9.gap(start, start.replace("random init", "warm start")))
            if start.startswith("random")
            else "–",
        )
        for start in ends
    ],
    name="figure-9",
    source=source,
)

# %% [markdown]
# ## Figure 10: the gradients of old and new images
#
# Where each epoch of the warm start begins, the mean over batches of the length of the loss's gradient, on a sample of the
# images that the half was trained on, and of those that it had not seen; on images as they are.


# %% tags=["hide-input"]
def norms(start):
    """The two lines of one start."""
    records = figure_9.records(start)
    return [figures.of_curve(f"{kind} images", records, f"gradient_norm_{kind}") for kind in ("old", "new")]


ratios = {name: judged.findings[f"figure-10-{name}"] for name in ("mitigates", "augmented")}
figures.lines(
    "figure-10",
    {"without augmentation": norms("warm start"), "with augmentation": norms("warm start, augmented")},
    xlabel="epoch on all of the data",
    message=f"With augmentation new images' gradients are, in the first five epochs, {board.measured(ratios['augmented'])} of "
    f"old ones'; without, this ratio is {board.measured(ratios['mitigates'])} of that.",
    reading="Vertical: length of the gradient.",
    source=source,
)

# %% [markdown]
# ## Verdict

# %% tags=["hide-input"]
board.verdicts(judged)

# %% [markdown]
# What was found of each declared effect, whether or not a claim speaks of it ({doc}`verdicts` has the rule):

# %% tags=["hide-input"]
board.findings(judged, source)

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run augmentation --profile laptop
# wsnb run augmentation --profile paper                   # on a GPU
# wsnb run augmentation --profile laptop -p first_seed=51 # other seeds
# papermill notebooks/augmentation.ipynb out.ipynb -f notebooks/profiles/laptop.yml -p figure_9_seeds 3
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

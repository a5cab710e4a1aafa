# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does shrinking free a warm start?
#
# A network that goes on from the weights it has may be stuck where they are. Are smaller weights, in the same
# directions, a better place to go on from?

# %% [markdown]
# ## The experiment

# %% tags=["parameters", "hide-input"]
profile = "laptop"
dataset = "cifar10"  # what is trained on
images = 7680  # how many of its training images; the half is half of them
width = 16  # of the ResNet-18: channels of its first convolution
learning_rate = 0.03  # SGD's
phase_epochs = 25  # of each training
shrink_scale = 0.4  # by what the weights are multiplied (ours)
seeds = 5  # how many (ours)
first_seed = 1  # and so on from there (ours)

# %% tags=["trials"]
from wsnb import SGD, Epochs, Item, Part, ResNet18, ShrinkPerturb, Trial, half


def trials(at):
    """For each seed a warm start from the weights as they are, and one from smaller ones."""

    def both(seed):
        sgd, stop = SGD(at.learning_rate), Epochs(at.phase_epochs)
        on_half = Trial(Part(at.dataset, half(at.images)), ResNet18(at.width), sgd, stop, seed)
        whole, shrunk = Part(at.dataset, at.images), ShrinkPerturb(at.shrink_scale, noise=0.0)
        return {
            "warm start": on_half.then(data=whole),
            "shrunk alone": on_half.then(data=whole, start=shrunk),
        }

    return {"shrinking": Item({seed: both(seed) for seed in at.all_seeds})}


# %% tags=["verdicts", "hide-input"]
from wsnb.papers import CLAIMS
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.judging import judge
from wsnb.verdicts.measures import ACCURACY


def verdicts(at, records):
    """What becomes of the difference that shrinking makes."""
    effects = [Effect("shrinking", "shrunk alone", "warm start", ACCURACY, "shrinking")]
    return judge(effects, trials(at), records, CLAIMS.values(), at.profile)


# %% tags=["hide-input"]
from wsnb.publishing import board, figures, page
from wsnb.publishing.results import results
from wsnb.publishing.settings import Settings

found = results("minimal-chapter", Settings.of(globals()), trials)
judged = found.judged(verdicts)
page.parameters(found)

# %% [markdown]
# The method:

# %% tags=["method", "hide-input"]
from wsnb.starts import shrink_perturb

page.method(shrink_perturb)

# %% tags=["answer", "hide-input"]
page.text(
    board.answer(
        judged.findings.get("shrinking"),
        positive="Yes: a network whose weights were shrunk first ends above one whose were not",
        negative="No: a network whose weights were shrunk first ends below one whose were not",
        negligible="No: a network whose weights were shrunk first ends where one ends whose were not",
        unclear="whether a network whose weights were shrunk first ends above one whose were not",
    )
)

# %% tags=["answer", "hide-input"]
compared = found["shrinking"]
ends = {start: page.accuracy(compared.percent(start)) for start in ("warm start", "shrunk alone")}
figures.lines(
    "shrinking",
    {"test accuracy (%)": [figures.of_epochs(start, compared.records(start)) for start in ends]},
    xlabel="epoch on all of the data",
    message=f"Shrunk first, it ends at {ends['shrunk alone']} %, else at {ends['warm start']} %.",
    source=found.source(),
)

# %% [markdown]
# ## Verdict
#
# No paper speaks of it; a claim on the effect would have a card here.

# %% tags=["hide-input"]
board.verdicts(judged, also=["shrinking"])

# %% tags=["hide-input"]
board.findings(judged, found.source())

# %% [markdown]
# ## Run this page again
#
# ```
# wsnb run minimal-chapter --profile laptop
# ```

# %% [markdown]
# ## Where these numbers came from

# %% tags=["hide-input"]
page.provenance(found)

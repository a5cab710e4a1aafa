# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Warm starts, measured
#
# **New data has arrived. How should I retrain the model I already have?**
#
# Go on from the weights it has, and training is short; but some papers say that the model you get is
# worse than one trained from scratch on the same data. Start from scratch, and you pay the whole
# training each time. Between the two stand remedies that claim to keep the saving and lose the damage.
#
# This book settles the question by running it. Every number, figure and verdict on these pages is
# computed from a recorded run, says which, and can be run again: on a laptop, on a GPU, on your own
# images.

# %% [markdown]
# ## The answer so far

# %% tags=["remove-input"]
from wsnb.publishing import front

found = front.board()
front.answer(found)

# %% tags=["remove-input"]
from wsnb.publishing import other_seeds

other_seeds.summary(other_seeds.judged_twice())

# %% [markdown]
# {doc}`other-seeds` has them claim by claim.
#
# ## Every claim, and what became of it
#
# A claim is something that a paper states; what several papers claim alike is counted once. Its verdict is computed from
# paired seeds by one rule, which stands in {doc}`verdicts`. Beside it stand the effect that the seeds find four times
# in five and, where it is open, how many seeds would settle it.

# %% tags=["remove-input"]
front.counts_table(found)

# %% tags=["remove-input"]
front.claims(found)

# %% [markdown]
# ## Which paper
#
# - {cite:t}`ash2020` describe the gap of warm-starting and shrink-perturb as its remedy.
# - {cite:t}`warmstart2019` is its anonymous first version, which had no remedy yet.
# - {cite:t}`kireev2021` replicate it, and are replicated here, item by item.
#
# ## How to read on
#
# - {doc}`quickstart` trains the whole idea live in half a minute.
# - {doc}`gap-offline` asks whether there is a gap, for which models and optimisers; {doc}`online`, whether it adds up
#   as data keeps coming.
# - {doc}`early-stopping`, {doc}`weight-decay` and {doc}`learning-rate-batch-size` ask whether the usual means close it.
# - {doc}`verdicts` has the rule by which the book decides; {doc}`pilot`, how its sizes and seeds were chosen.
# - {doc}`other-seeds` asks whether the verdicts hold on seeds that the pages do not use.
# - {doc}`precision` and {doc}`cost` tell how it is measured, how fast, and what it costs on larger machines.
# - {doc}`rerun` tells how to run a chapter with other values, or on your own images.
# - {doc}`edit` tells how to change one.

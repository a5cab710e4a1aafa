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

# %% tags=["answer", "remove-input"]
from wsnb.publishing import front

found = front.board()
front.answer(found)

# %% tags=["answer", "remove-input"]
front.headlines(found)

# %% [markdown]
# Go on from the weights it has, and training is short; but some papers say that the model you get is
# worse than one trained from scratch on the same data. Start from scratch, and you pay the whole
# training each time. Between the two stand remedies that claim to keep the saving and lose the damage.
#
# This book answers by running it. Every number, figure and verdict on these pages is computed from a recorded run,
# says which, and can be run again: on a laptop, on a GPU, on your own images.

# %% [markdown]
# ## What became of the claims
#
# A claim is something that a paper states; what several papers claim alike is counted once. Its verdict is computed from
# paired seeds by one rule, which stands in {doc}`verdicts`. {doc}`claims` has each of them, with what it rests on.

# %% tags=["remove-input"]
front.counts(found)

# %% tags=["remove-input"]
front.counts_table(found)

# %% tags=["remove-input"]
from wsnb.publishing import other_seeds

other_seeds.summary(other_seeds.judged_twice())

# %% [markdown]
# {doc}`other-seeds` has them claim by claim.
#
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
# - {doc}`early-stopping`, {doc}`weight-decay`, {doc}`learning-rate-batch-size` and {doc}`augmentation` ask whether the
#   usual means close it; {doc}`shrink-perturb`, whether the remedy does; {doc}`effective-rate`, why; {doc}`as-coded`,
#   whether what the papers say hangs on what their text leaves out.
# - {doc}`claims` has every claim and its verdict; {doc}`verdicts`, the rule by which the book decides; {doc}`pilot`, how its sizes and seeds were chosen.
# - {doc}`other-seeds` asks whether the verdicts hold on seeds that the pages do not use.
# - {doc}`precision` and {doc}`cost` tell how it is measured, how fast, and what it costs on larger machines.
# - {doc}`rerun` tells how to run a chapter with other values, or on your own images.
# - {doc}`edit` tells how to change one.

# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Every claim, and what became of it
#
# By topic: the claims in words, what was found beside the smallest size that matters and what the papers print, and what
# it rests on. Beside each verdict stands the effect that its seeds find four times in five and, where it is open, how
# many seeds would settle it. {doc}`verdicts` has the rule.

# %% tags=["remove-input"]
from wsnb.publishing import front

found = front.board()
front.counts(found)

# %% tags=["remove-input"]
front.claims(found)

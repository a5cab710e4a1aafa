# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Do the verdicts hold on other seeds?
#
# **The question.** A verdict rests on a handful of seeds: on so many draws of the images, of the initial weights and
# of the order of batches. Would others have given the same?
#
# Each chapter is judged again here, by its own code and its own rules, on seeds that its page does not use: those from
# fifty above, as many as the page has. They have a verdict of their own and change no page's. *Inconclusive* says that
# the seeds do not suffice, so a claim may well be decided on one side alone; a verdict does not hold when the other seeds
# say *the opposite*.

# %% tags=["hide-input"]
from wsnb.publishing import other_seeds

twice = other_seeds.judged_twice()
other_seeds.summary(twice)

# %% [markdown]
# ## Claim by claim
#
# The effect, mean [interval]; the number of seeds; the verdict. What was not run on its page, for want of a data set,
# is left out.

# %% tags=["hide-input"]
other_seeds.tables(twice)

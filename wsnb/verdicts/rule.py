"""The numbers of the rule by which the book decides, and the words for what it says; `book/verdicts.md` explains it."""

from __future__ import annotations

from typing import Literal

State = Literal["positive", "negative", "negligible", "unclear", "not judged"]
"""What an effect is found to be."""

Expects = Literal["positive", "negative", "negligible", "not below", "not above"]
"""What a claim expects of an effect: that it lies above zero, below it, within the smallest size that matters of it, or
on no more than that on one side. "As good as" expects one of the last two; "no gap" that it is not above."""

Outcome = Literal["reproduced", "not reproduced", "inconclusive", "not run"]
"""What becomes of a claim."""

LEVEL = 0.05
"""At which each of the three tests is corrected over a family."""

FEWEST_SEEDS = 5
"""With fewer nothing is judged."""

MOST_FAILED = 0.2
"""The share of pairs of which a training may have failed before nothing else is decided."""

STILL_SMALL = 0.13
"""An effect that all seeds but one would call small at this level is not called positive or negative.

So no one seed moves an effect between *negligible* and *positive*: what n seeds show to be small at 5 %, each n - 1 of
them show at 12 % or less. (Leaving out a seed that lies v spreads of the mean below it, the t of n - 1 seeds is least
at v = 1 / t, where it is the square root of (t^2 - 1)(n - 2) / n: for five seeds 1.46, which is p = 0.12; for more p
is smaller.)
"""

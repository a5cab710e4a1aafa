"""The anonymous ICLR 2020 submission On the Difficulty of Warm-Starting (2019), of which the abstract is known."""

from __future__ import annotations

from functools import partial

from wsnb.papers.topics import OFFLINE, ONLINE, RATES
from wsnb.verdicts.claims import Claim, Paper

PAPER = Paper("warmstart2019", "the anonymous ICLR 2020 submission")
_claim = partial(Claim, paper=PAPER)

CLAIMS = (
    _claim(
        id="gap-warmstart2019",
        item="abstract",
        statement="Warm-starting generalises worse than a fresh random initialisation.",
        topic=f"{OFFLINE}: Figure 1",
        expects={"figure-1-gap": "positive"},
    ),
    _claim(
        id="similar-losses",
        item="abstract",
        statement="The final training losses of the two starts are similar.",
        topic=f"{OFFLINE}: Figure 1",
        expects={"figure-1-loss": "negligible"},
    ),
    _claim(
        id="online-gap-warmstart2019",
        item="abstract",
        statement="The gap is there when data arrive passively, piece by piece.",
        topic=ONLINE,
        expects={"online-gap": "positive"},
    ),
    _claim(
        id="online-gap-active",
        item="abstract",
        statement="The gap is there when data are chosen actively, by a measure of their quality.",
        topic=ONLINE,
        expects={},
        needs="trainings on actively chosen images",
    ),
    _claim(
        id="online-warm-start-saves",
        item="abstract",
        statement="A warm start shortens training.",
        topic=ONLINE,
        expects={"online-images": "negative"},
    ),
    _claim(
        id="rates-some-close-it",
        item="abstract",
        statement="Some hyper-parameters close the gap.",
        topic=RATES,
        expects={"figure-4-accuracy": "not below"},
    ),
    _claim(
        id="rates-no-time-saved",
        item="abstract",
        statement="Hyper-parameters that close the gap give up the time that the warm start saves.",
        topic=RATES,
        expects={"figure-4-comparable": "not below", "figure-4-cost": "not below"},
    ),
)

"""The anonymous ICLR 2020 submission On the Difficulty of Warm-Starting (2019), of which the abstract is known."""

from __future__ import annotations

from wsnb.papers.topics import OFFLINE, ONLINE, RATES
from wsnb.verdicts.claims import Claim, Paper

PAPER = Paper("warmstart2019", "the anonymous ICLR 2020 submission")

CLAIMS = (
    Claim(
        id="gap-warmstart2019",
        paper=PAPER,
        item="abstract",
        statement="Warm-starting generalises worse than a fresh random initialisation.",
        topic=f"{OFFLINE}: Figure 1",
        expects={"figure-1-gap": "positive"},
    ),
    Claim(
        id="similar-losses",
        paper=PAPER,
        item="abstract",
        statement="The final training losses of the two starts are similar.",
        topic=f"{OFFLINE}: Figure 1",
        expects={"figure-1-loss": "negligible"},
    ),
    Claim(
        id="online-gap-warmstart2019",
        paper=PAPER,
        item="abstract",
        statement="The gap is there when data arrive passively, piece by piece.",
        topic=ONLINE,
        expects={"online-gap": "positive"},
    ),
    Claim(
        id="online-gap-active",
        paper=PAPER,
        item="abstract",
        statement="The gap is there when data are chosen actively, by a measure of their quality.",
        topic=ONLINE,
        expects={},
        needs="trainings on actively chosen images",
    ),
    Claim(
        id="online-warm-start-saves",
        paper=PAPER,
        item="abstract",
        statement="A warm start shortens training.",
        topic=ONLINE,
        expects={"online-images": "negative"},
    ),
    Claim(
        id="rates-some-close-it",
        paper=PAPER,
        item="abstract",
        statement="Some hyper-parameters close the gap.",
        topic=RATES,
        expects={"figure-4-accuracy": "not below"},
    ),
    Claim(
        id="rates-no-time-saved",
        paper=PAPER,
        item="abstract",
        statement="Hyper-parameters that close the gap give up the time that the warm start saves.",
        topic=RATES,
        expects={"figure-4-comparable": "not below", "figure-4-cost": "not below"},
    ),
)

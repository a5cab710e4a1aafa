"""The anonymous ICLR 2020 submission On the Difficulty of Warm-Starting (2019), of which the abstract is known."""

from __future__ import annotations

from wsnb.papers.topics import OFFLINE, ONLINE, RATES, SAVED
from wsnb.verdicts.claims import Claim, Paper

PAPER = Paper("warmstart2019", "the anonymous ICLR 2020 submission")

CLAIMS = (
    Claim(
        id="gap-warmstart2019",
        paper=PAPER,
        item="abstract",
        statement="Warm-starting generalises worse than a fresh random initialisation.",
        topic=f"{OFFLINE}: Figure 1",
    ),
    Claim(
        id="similar-losses",
        paper=PAPER,
        item="abstract",
        statement="The final training losses of the two starts are similar.",
        topic=f"{OFFLINE}: Figure 1",
        effect="random init − warm start, final training loss, nats",
        expects="within",
        least=0.05,
        digits=3,
    ),
    Claim(
        id="online-warm-start-saves",
        paper=PAPER,
        item="abstract",
        statement="A warm start shortens training.",
        topic=ONLINE,
        effect="images saved by the warm start over all steps, % of those of random init",
        least=10.0,
        digits=0,
    ),
    Claim(
        id="rates-no-time-saved",
        paper=PAPER,
        item="abstract",
        statement="Hyper-parameters that close the gap give up the time that the warm start saves.",
        topic=RATES,
        effect=SAVED,
        expects="within",
        least=20.0,
        digits=0,
    ),
)

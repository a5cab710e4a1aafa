"""What this book predicted before it measured: claims of our own, of which each follows from one explanation.

They were committed before the first record that they speak of.
"""

from __future__ import annotations

from functools import partial

from wsnb.papers.topics import EXPLANATIONS
from wsnb.verdicts.claims import Claim, Paper

PAPER = Paper("wsnb", "Predicted by us")
_claim = partial(Claim, paper=PAPER, topic=EXPLANATIONS)

CLAIMS = (
    _claim(
        id="rate-explains-the-remedy",
        item="if it is the rate",
        statement="On a ResNet-18 with SGD, a warm start at the rate that shrinking amounts to is as good as "
        "shrink-perturb.",
        expects={"rate-resnet-18-sgd-raised-rate-ahead": "not below"},
    ),
    _claim(
        id="shrinking-alone-is-the-remedy",
        item="if it is the rate",
        statement="On a ResNet-18 with SGD, shrinking alone does what shrink-perturb does.",
        expects={"rate-resnet-18-sgd-shrunk-alone-ahead": "negligible"},
    ),
    _claim(
        id="perturbing-alone-does-nothing",
        item="if it is the rate",
        statement="On a ResNet-18 with SGD, perturbing alone does nothing for a warm start.",
        expects={"rate-resnet-18-sgd-perturbed-alone-help": "negligible"},
    ),
    _claim(
        id="convolutions-are-enough",
        item="if it is the rate",
        statement="On a ResNet-18 with SGD, shrinking the convolutions alone is as good as shrink-perturb.",
        expects={"rate-resnet-18-sgd-convolutions-ahead": "not below"},
    ),
    _claim(
        id="no-gap-at-the-raised-rate",
        item="if it is the rate",
        statement="On a ResNet-18 with SGD, no gap is left at the raised rate.",
        expects={"rate-resnet-18-sgd-gap-at-raised-rate": "not above"},
    ),
    _claim(
        id="no-gap-at-the-best-rates",
        item="if it is the rate",
        statement="On a ResNet-18 with SGD, no gap is left where each start has its own best rate.",
        expects={"best-rates-sgd-gap": "not above"},
    ),
    _claim(
        id="remedy-helps-at-the-best-rates",
        item="if it is not the rate",
        statement="On a ResNet-18 with SGD, shrink-perturb ends above random init where each has its own best rate.",
        expects={"best-rates-sgd-ahead": "positive"},
    ),
    _claim(
        id="logits-explain-the-remedy",
        item="if it is the logits",
        statement="On a ResNet-18 with SGD, shrinking the head and the normalisation layers alone is as good as "
        "shrink-perturb.",
        expects={"rate-resnet-18-sgd-head-and-norms-ahead": "not below"},
    ),
    *(
        _claim(
            id=f"over-fitting-explains-the-gap-{name.replace(' ', '-')}",
            item="if it is over-fitting",
            statement=f"Half of the data trained on with less over-fitting ({name}) leaves a smaller gap.",
            expects={
                f"over-fitting-{name.replace(' ', '-')}-less": "positive",
                f"over-fitting-{name.replace(' ', '-')}-help": "positive",
            },
        )
        for name in ("dropout", "weight decay", "augmentation", "stopped early")
    ),
)

"""Wan, Xiong et al. (2019), Towards Making Deep Transfer Learning Never Hurt: what it prints and claims of DTNH.

Accuracies are in percent, means of five runs with their standard deviations.
"""

from __future__ import annotations

from functools import partial
from itertools import product

from wsnb.papers.topics import NEVER_HURTS
from wsnb.verdicts.claims import Claim, Paper

PAPER = Paper("wan2019", "Wan et al. (2019)")
_claim = partial(Claim, paper=PAPER, topic=NEVER_HURTS)

WAYS = ("fine-tuning", "L2-SP", "DTNH(L2-SP)", "KnowDist", "DTNH(KnowDist)")
"""The columns of Tables II to IV, in their order."""

Row = tuple[tuple[float, float], ...]

TABLES: dict[str, dict[str, Row]] = {
    "ImageNet": {
        "Caltech 256": ((82.68, 0.2), (83.69, 0.09), (84.14, 0.08), (82.93, 0.08), (83.27, 0.4)),
        "MIT Indoors 67": ((76.73, 0.77), (75.11, 0.43), (77.46, 0.29), (78.05, 0.32), (78.77, 0.31)),
        "Flowers 102": ((90.24, 0.31), (88.96, 0.21), (90.68, 0.31), (90.43, 0.4), (90.91, 0.4)),
        "CIFAR 10": ((96.40, 0.4), (93.30, 0.16), (96.41, 0.11), (96.43, 0.08), (96.57, 0.2)),
    },
    "Places365": {
        "Caltech 256": ((73.13, 0.20), (66.99, 0.20), (73.32, 0.1), (72.8, 0.22), (73.18, 0.24)),
        "MIT Indoors 67": ((82.64, 0.16), (84.09, 0.09), (84.19, 0.07), (83.29, 0.42), (84.40, 0.41)),
        "Flowers 102": ((83.77, 0.68), (77.66, 0.13), (84.11, 0.06), (83.50, 0.26), (84.12, 0.56)),
        "CIFAR 10": ((89.35, 0.59), (89.78, 0.05), (90.85, 0.11), (94.96, 0.05), (95.02, 0.13)),
    },
    "Stanford Dogs 120": {
        "Caltech 256": ((82.29, 0.04), (83.44, 0.23), (83.84, 0.08), (82.73, 0.26), (82.85, 0.27)),
        "MIT Indoors 67": ((75.69, 0.21), (74.64, 0.07), (76.46, 0.22), (76.36, 0.19), (76.74, 0.26)),
        "Flowers 102": ((90.20, 0.39), (88.14, 0.06), (89.98, 0.04), (89.86, 0.07), (90.29, 0.34)),
        "CIFAR 10": ((96.34, 0.13), (94.16, 0.10), (96.39, 0.08), (96.11, 0.53), (96.41, 0.18)),
    },
}
"""Tables II, III and IV: by source and target, for each of :data:`WAYS` the mean and the deviation."""

TABLE_1 = {
    "ImageNet": ("source", "visual objects", "1,419K+ / 100K"),
    "Places365": ("source", "indoor scenes", "10,000K+"),
    "Stanford Dogs 120": ("source", "dogs", "12K / 8.5K"),
    "CIFAR 10": ("target", "objects", "50K / 10K"),
    "Caltech 256": ("target", "objects", "30K+"),
    "MIT Indoors 67": ("target", "indoor scenes", "5K+ / 1K+"),
    "Flowers 102": ("target", "flowers", "1K+ / 6K+"),
}
"""Table I: role, domain, and training and test images as it prints them."""

SOURCES, TARGETS = ("cifar100", "cifar10", "fashion-mnist"), ("caltech101-30", "cifar10", "fashion-mnist")
PAIRS = tuple((source, target) for source, target in product(SOURCES, TARGETS) if source != target)
"""The pairs that stand in the place of the paper's here."""

UNLIKE = (("fashion-mnist", "caltech101-30"), ("fashion-mnist", "cifar10"))
"""Those whose source, grey clothes, suits the target least: in the place of the paper's cases I and II."""

LOOKED_AT = UNLIKE[1]
"""The one whose losses and angles are judged, as Figures 3 to 5 are of one pair."""

EXTRA = (("cifar100", "cifar10"), ("fashion-mnist", "cifar10"))
"""Those with DELTA and GEM, which the paper discusses."""


def effect_of(pair: tuple[str, str], name: str) -> str:
    """What the book calls an effect of a source and a target."""
    return f"harm-{'-to-'.join(pair)}-{name}"


_RESTS = {"needs": "ImageNet's and Places365's weights, and the paper's targets"}


CLAIMS = (
    _claim(
        id="dtnh-beats-l2sp",
        item="Tables II to IV",
        statement="In every pair of a source and a target, DTNH(L2-SP) ends above L2-SP.",
        expects={effect_of(pair, "dtnh-of-l2-sp"): "positive" for pair in PAIRS},
    ),
    _claim(
        id="dtnh-beats-knowdist",
        item="Tables II to IV",
        statement="In every pair, DTNH(KnowDist) ends above KnowDist.",
        expects={effect_of(pair, "dtnh-of-knowdist"): "positive" for pair in PAIRS},
    ),
    _claim(
        id="dtnh-never-hurts",
        item="title",
        statement="In no pair does DTNH, of either regularizer, end below fine-tuning.",
        expects={effect_of(pair, f"dtnh-{name}-help"): "not below" for pair in PAIRS for name in ("l2-sp", "knowdist")},
    ),
    _claim(
        id="dtnh-beats-fine-tuning",
        item="Section VI",
        statement="In the mean over pairs, DTNH ends above fine-tuning.",
        expects={"harm-mean-dtnh-l2-sp-help": "positive", "harm-mean-dtnh-knowdist-help": "positive"},
    ),
    _claim(
        id="regularizers-mostly-help",
        item="Section VI",
        statement="In the mean over pairs, a regularizer ends above fine-tuning.",
        expects={"harm-mean-l2-sp-help": "positive", "harm-mean-knowdist-help": "positive"},
    ),
    _claim(
        id="negative-transfer",
        item="Section V.C.1",
        statement="From a source that does not suit the target, L2-SP ends below fine-tuning.",
        expects={effect_of(pair, "l2-sp-help"): "negative" for pair in UNLIKE},
    ),
    _claim(
        id="dtnh-relieves-negative-transfer",
        item="Section V.C.1",
        statement="From a source that does not suit the target, DTNH(L2-SP) ends above L2-SP.",
        expects={effect_of(pair, "dtnh-of-l2-sp"): "positive" for pair in UNLIKE},
    ),
    _claim(
        id="regularizer-keeps-loss-high",
        item="Figure 3",
        statement="The empirical loss of L2-SP stays above that of DTNH(L2-SP).",
        expects={effect_of(LOOKED_AT, "loss"): "positive"},
    ),
    _claim(
        id="dtnh-lowers-test-loss",
        item="Figure 3",
        statement="The test loss of L2-SP stays above that of DTNH(L2-SP).",
        expects={effect_of(LOOKED_AT, "test-loss"): "positive"},
    ),
    _claim(
        id="dtnh-follows-the-loss",
        item="Figure 4",
        statement="DTNH's direction lies nearer to the loss's gradient than L2-SP's does.",
        expects={effect_of(LOOKED_AT, "angle-to-loss"): "negative"},
    ),
    _claim(
        id="dtnh-keeps-the-regularizer",
        item="Figure 5",
        statement="DTNH's direction lies about as near to the regularizer's gradient as L2-SP's does.",
        expects={effect_of(LOOKED_AT, "angle-to-pull"): "negligible"},
    ),
    _claim(
        id="dtnh-is-acute",
        item="Section IV.B",
        statement="The angle between DTNH's direction and the regularizer's gradient is acute at every step.",
        expects={effect_of(LOOKED_AT, "acute"): "not above"},
    ),
    _claim(
        id="chain-inherits",
        item="Section V.C",
        statement="A source that was itself trained from another (Dogs, from ImageNet) does as well as that.",
        expects={"harm-chain": "not below"},
    ),
    _claim(
        id="dtnh-works-with-delta",
        item="Section VI",
        statement="DTNH works with DELTA: with it DELTA ends no lower than fine-tuning.",
        expects={effect_of(pair, "dtnh-delta-help"): "not below" for pair in EXTRA},
    ),
    _claim(
        id="dtnh-imagenet-to-cifar10",
        item="Section V.C, Table II",
        statement="From ImageNet to CIFAR-10, DTNH(L2-SP) ends 3.1 points above L2-SP.",
        expects={},
        **_RESTS,
    ),
    _claim(
        id="dtnh-places-to-flowers",
        item="Section V.C.1, Table III",
        statement="From Places365 to Flowers 102, DTNH(L2-SP) ends about 7 points above L2-SP.",
        expects={},
        **_RESTS,
    ),
    _claim(
        id="baselines-beat-the-originals",
        item="Section V.A",
        statement="L2-SP and KnowDist are better here than in the papers that they come from.",
        expects={},
        **_RESTS,
    ),
    _claim(
        id="dtnh-with-any-optimizer",
        item="Section IV.C",
        statement="DTNH goes with any optimizer.",
        expects={},
        needs="trainings with other optimizers; that its code does is tested",
    ),
    _claim(
        id="gem-costs-more",
        item="Section VI",
        statement="GEM's quadratic programme costs more than DTNH's decomposition.",
        expects={},
        needs="no training: it is measured on the page on cost",
    ),
)

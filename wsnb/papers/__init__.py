"""What the papers print and claim: one file a paper.

To add one: a file with its ``PAPER``, the numbers it prints and its ``CLAIMS``, and its line below; its entry in
`book/references.bib`.
"""

from __future__ import annotations

from wsnb.errors import InvalidValue, near_miss
from wsnb.papers import ash2020, kireev2021, predictions, wan2019, warmstart2019
from wsnb.verdicts.claims import Claim

CLAIMS: dict[str, Claim] = {
    claim.id: claim for paper in (kireev2021, ash2020, warmstart2019, wan2019, predictions) for claim in paper.CLAIMS
}
"""Every claim of the book, by id; the last are our own."""


def claim(name: str) -> Claim:
    """The claim of this id.

    Raises:
        InvalidValue: when there is none.
    """
    if name not in CLAIMS:
        raise InvalidValue(f"There is no claim {name!r}; allowed: {', '.join(CLAIMS)}.{near_miss(name, CLAIMS)}")
    return CLAIMS[name]

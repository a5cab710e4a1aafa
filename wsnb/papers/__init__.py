"""What the papers print and claim: one file a paper.

To add one: a file with its ``PAPER``, the numbers it prints and its ``CLAIMS``, and its line below; its entry in
`book/references.bib`.
"""

from __future__ import annotations

from wsnb.papers import ash2020, kireev2021, predictions, wan2019, warmstart2019
from wsnb.verdicts.claims import Claim

CLAIMS: dict[str, Claim] = {
    claim.id: claim for paper in (kireev2021, ash2020, warmstart2019, wan2019, predictions) for claim in paper.CLAIMS
}
"""Every claim of the book, by id; the last are our own."""

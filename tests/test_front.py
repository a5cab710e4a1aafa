"""The front page: what it says of the verdicts that the chapters publish."""

from __future__ import annotations

from wsnb import claims
from wsnb.book import front
from wsnb.book.front import Published


def published(outcome: str = "reproduced", mean: float | None = 1.0, **fields: object) -> Published:
    given = {"chapter": "gap-offline", "measured": "+1.0 [+0.5, +1.5]", "seeds": 5, "setting": "digits"} | fields
    return Published(outcome=outcome, mean=mean, **given)


def test_verdicts_are_counted_and_the_gap_is_given_as_a_range() -> None:
    said = front.answer({"gap-figure-1": published(), "gap-after-early-stop": published("inconclusive", -0.4)}).markdown
    assert f"Of {len(claims.CLAIMS)} claims" in said
    assert f"**1 reproduced, 1 inconclusive, {len(claims.CLAIMS) - 2} not run**" in said
    assert "−0.4 to +1.0 points" in said and "Measured on digits." in said
    assert "images" not in said


def test_online_it_says_what_is_saved_and_what_is_lost() -> None:
    both = {"online-gap-cifar10": published(mean=3.7), "online-warm-start-saves": published(mean=65.9)}
    said = front.answer(both).markdown
    assert "66 % of the images" in said and "+3.7 points" in said
    assert "Measured on" in said


def test_with_nothing_run_it_gives_the_count_alone() -> None:
    assert (
        front.answer({}).markdown
        == f"Of {len(claims.CLAIMS)} claims examined so far: **{len(claims.CLAIMS)} not run**."
    )


def test_a_topic_links_to_its_chapter_and_its_rows_add_up() -> None:
    shown = front.counts_table({"gap-figure-1": published()}).markdown
    [line] = [line for line in shown.splitlines() if "Figure 1" in line]
    assert "(gap-offline.html)" in line
    assert [cell.strip() for cell in line.split("|")[2:-1]] == ["3", "1", "–", "–", "2"]


def test_claims_that_were_not_run_are_a_line_that_says_what_they_need() -> None:
    absent = published("not run", None, seeds=0, missing="SVHN")
    shown = front.claims_tables({"online-gap-cifar10": published(), "online-no-gap-svhn-99": absent}).markdown
    online = shown[shown.index("**The gap, online**") : shown.index("**Early stopping**")]
    assert online.count("reproduced") == 1 and "6 not run: needs SVHN." in online

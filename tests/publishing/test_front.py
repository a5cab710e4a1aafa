"""The front page: what it says of the verdicts that the chapters publish."""

from __future__ import annotations

from wsnb.papers import CLAIMS, claim
from wsnb.publishing import front
from wsnb.publishing.front import Published
from wsnb.verdicts.claims import judge, not_run


def published(name: str, mean: float = 1.0, spread: float = 0.1, chapter: str = "gap-offline") -> dict[str, Published]:
    values = [mean - spread, mean, mean + spread]
    return {name: Published(chapter, judge(claim(name), values, 0, "digits"))}


def test_verdicts_are_counted_and_the_gap_is_given_as_a_range() -> None:
    said = front.answer(published("gap-figure-1") | published("gap-after-early-stop", -0.4, spread=9)).markdown
    assert f"Of {len(CLAIMS)} claims" in said
    assert f"**1 reproduced, 1 inconclusive, {len(CLAIMS) - 2} not run**" in said
    assert "−0.4 to +1.0 points" in said and "Measured on digits." in said
    assert "images" not in said


def test_online_it_says_what_is_saved_and_what_is_lost() -> None:
    both = published("online-gap-cifar10", 3.7) | published("online-warm-start-saves", 65.9)
    said = front.answer(both).markdown
    assert "66 % of the images" in said and "+3.7 points" in said
    assert "Measured on" in said


def test_with_nothing_run_it_gives_the_count_alone() -> None:
    assert front.answer({}).markdown == f"Of {len(CLAIMS)} claims examined so far: **{len(CLAIMS)} not run**."


def test_a_topic_links_to_its_chapter_and_its_rows_add_up() -> None:
    shown = front.counts_table(published("gap-figure-1")).markdown
    [line] = [line for line in shown.splitlines() if "Figure 1" in line]
    assert "(gap-offline.html)" in line
    assert [cell.strip() for cell in line.split("|")[2:-1]] == ["3", "1", "–", "–", "2"]


def test_claims_that_were_not_run_are_a_line_that_says_what_they_need() -> None:
    absent = {"online-no-gap-svhn-99": Published("online", not_run(claim("online-no-gap-svhn-99"), "SVHN"))}
    shown = front.claims_tables(published("online-gap-cifar10") | absent).markdown
    online = shown[shown.index("**The gap, online**") : shown.index("**Early stopping**")]
    assert online.count("reproduced") == 1 and "6 not run: needs SVHN." in online
    assert "+1.0 [+0.8,\N{NO-BREAK SPACE}+1.2] (3 seeds)" in online


def test_without_a_record_every_claim_is_published_as_not_run_by_one_chapter() -> None:
    found = front.published_verdicts()
    assert set(found) == set(CLAIMS)
    assert {each.verdict.outcome for each in found.values()} == {"not run"}
    assert found["gap-figure-1"].chapter == "gap-offline" and found["rates-warm-as-good"].verdict.missing

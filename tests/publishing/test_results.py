"""What a chapter shows is the largest profile of each family of its items that has all of its records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from made_records import item, record, records_of, with_gaps

from wsnb import Records
from wsnb.papers import CLAIMS
from wsnb.publishing import page
from wsnb.publishing.chapters import chapter
from wsnb.publishing.results import Layer, Results
from wsnb.publishing.settings import Settings
from wsnb.trials.item import together
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.judging import Judged, judge
from wsnb.verdicts.measures import ACCURACY

RATES = {"laptop": 0.1, "full": 0.2, "paper": 0.3}


def layer(profile: str, recorded: Sequence[str]) -> Layer:
    """Figure 1, and two cells of one family, of which so many are recorded; gaps are those of the profile."""
    rate = RATES[profile]
    items = {
        "Figure 1": item(rate=rate),
        "SGD": item(rate=rate + 0.01, family="Table 1"),
        "Adam": item(rate=rate + 0.02, family="Table 1"),
    }
    records = {}
    for key in recorded:
        records |= with_gaps(items[key], [10 * rate + 0.1 * number for number in range(5)])
    return Layer(Settings({"profile": profile}), items, records)


def verdicts(at: Settings, records: dict) -> Judged:
    items = layer(at.profile, ()).items
    effects = [Effect(f"{key}-gap", "random init", "warm start", ACCURACY, key) for key in items]
    return judge(effects, items, records, (), at.profile)


ALL = ("Figure 1", "SGD", "Adam")


def test_each_family_is_of_the_largest_profile_that_has_all_of_it() -> None:
    found = Results("small", [layer("laptop", ALL), layer("full", ("Figure 1", "SGD")), layer("paper", ())])
    assert {key: found.at(key).profile for key in ALL} == {"Figure 1": "full", "SGD": "laptop", "Adam": "laptop"}
    assert found.profiles == ["laptop", "full"]
    assert found["Figure 1"].gap("random init", "warm start").mean == pytest.approx(2.2)
    assert found["SGD"].gap("random init", "warm start").mean == pytest.approx(1.2)


def test_one_record_that_is_missing_leaves_its_family_at_the_smaller_profile() -> None:
    full = layer("full", ALL)
    lost = full.items["Adam"].seeds[4]["warm start"]
    left = {trial: record for trial, record in full.records.items() if trial != lost}
    found = Results("small", [layer("laptop", ALL), Layer(full.at, full.items, left)])
    assert {key: found.at(key).profile for key in ALL} == {"Figure 1": "full", "SGD": "laptop", "Adam": "laptop"}


def test_what_no_profile_has_whole_is_that_of_the_smallest_and_shows_what_there_is() -> None:
    found = Results("small", [layer("laptop", ("SGD",)), layer("full", ())])
    assert found.at("Adam").profile == "laptop"
    assert (len(found["SGD"]), len(found["Adam"])) == (5, 0)


def test_verdicts_are_judged_at_the_profile_that_their_items_come_from() -> None:
    found = Results("small", [layer("laptop", ALL), layer("full", ("Figure 1",)), layer("paper", ())])
    findings = found.judged(verdicts).findings
    means = {name: finding.measured.paired.mean for name, finding in findings.items()}
    assert means == pytest.approx({"Figure 1-gap": 2.2, "SGD-gap": 1.2, "Adam-gap": 1.2})
    assert {finding.members for name, finding in findings.items() if name != "Figure 1-gap"} == {2}


CLAIM = next(claim for claim in CLAIMS.values() if claim.expects == {"figure-1-gap": "positive"})


def judged(layers: list[Layer]) -> tuple[str, str]:
    def verdicts(at: Settings, records: dict) -> Judged:
        effect = Effect("figure-1-gap", "random init", "warm start", ACCURACY, "Figure 1")
        return judge([effect], layer(at.profile, ()).items, records, [CLAIM], at.profile)

    [verdict] = Results("small", layers).judged(verdicts).verdicts
    return verdict.outcome, verdict.missing


def test_one_record_that_is_missing_never_turns_a_verdict_into_that_of_a_smaller_profile() -> None:
    laptop, full = layer("laptop", ("Figure 1",)), layer("full", ("Figure 1",))
    trials = [of_seed["warm start"] for of_seed in full.items["Figure 1"].seeds.values()]
    opposite = full.records | {trial: record(trial, 0.55) for trial in trials}
    assert judged([laptop, layer("full", ())]) == ("reproduced", "")
    assert judged([laptop, Layer(full.at, full.items, opposite)]) == ("not reproduced", "")
    left = {trial: each for trial, each in opposite.items() if trial != trials[0]}
    outcome, waits = judged([laptop, Layer(full.at, full.items, left)])
    assert outcome == "inconclusive" and "laptop alone: reproduced" in waits


def test_what_a_chapter_joins_to_judge_it_is_of_the_largest_profile_that_has_it_whole() -> None:
    def verdicts(at: Settings, records: dict) -> Judged:
        items = layer(at.profile, ()).items
        both = together({"SGD": items["SGD"], "Figure 1": items["Figure 1"]})
        sides = (("SGD", "warm start"), ("Figure 1", "warm start"))
        return judge([Effect("both", *sides, ACCURACY, "both")], {"both": both}, records, (), at.profile)

    for recorded, mean in ((ALL, 0.0), (("SGD",), 0.0)):
        found = (
            Results("small", [layer("laptop", ALL), layer("full", recorded)]).judged(verdicts).findings["both"].measured
        )
        rate = found.example.optimizer.learning_rate
        assert found.paired.mean == pytest.approx(mean) and (rate > 0.15) == (recorded is ALL)


def test_records_of_a_profile_that_is_not_shown_are_not_among_the_pages() -> None:
    laptop, full = layer("laptop", ALL), layer("full", ALL)
    found = Results("small", [laptop, full])
    assert found.records == full.records and found.profiles == ["full"]
    assert records_of(laptop.items["SGD"]).keys().isdisjoint(found.records)


def test_what_needs_another_data_set_and_was_not_run_is_made_by_a_command_that_names_it(tmp_path: Path) -> None:
    found = chapter("gap-offline").published(Records(tmp_path))
    assert found.source(("SVHN", "MLP", "SGD")).changes == {"dataset": "svhn"}
    assert found.source("Figure 1").changes == {}


def test_a_training_that_is_asked_for_twice_counts_once(tmp_path: Path) -> None:
    found = chapter("as-coded")
    settings = found.settings("smoke", {"audit_seeds": 1})
    items = found.items(settings)
    keys = {trial.key for item in items.values() for trial in item.first().values()}
    trials = [trial for item in items.values() for trial in item.first().values()]
    assert len(set(trials)) > len(keys), "else nothing is asked for twice"
    records = {trial: record(trial) for trial in trials}
    results = Results("as-coded", [Layer(Settings(settings), items, records)])
    assert len(results.source().records) == len(keys)
    assert f"**Records:** {len(keys)} trials" in page.provenance(results).plain

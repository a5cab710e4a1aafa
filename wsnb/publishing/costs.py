"""What training costs: tables from what ``make bench`` has measured, for the page on cost."""

from __future__ import annotations

import json
from statistics import median
from typing import Any

from wsnb import places
from wsnb.evidence.records import Records
from wsnb.publishing import page
from wsnb.publishing.chapters import chapters
from wsnb.publishing.shown import Shown
from wsnb.running.crew import Speed, Workload
from wsnb.running.jobs import jobs_for
from wsnb.running.plan import Plan, in_millions, in_words, make_plan, most_epochs, workload_of
from wsnb.trials.stops import Epochs
from wsnb.trials.trial import Trial

Results = dict[str, Any]
"""One file of ``benchmarks/results``, as benchmarks/speed.py writes it."""


def measured() -> list[Results]:
    """What was measured, processors before GPUs."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(places.benchmarks().glob("*.json"))]
    return sorted(found, key=lambda results: results["kind"])


def machine(results: Results) -> str:
    """The machine in words."""
    if results["kind"] == "cpu":
        return f"{results['machine']}, {results['cores']} cores"
    return str(results["machine"])


def speeds(results: Results) -> Shown:
    """Every ratio of one machine, with the goal that was set for it."""
    rows = []
    for work, ratios in results["ratios"].items():
        for ratio in ratios:
            rate, goal = median(results["images_per_second"][work][ratio["of"]]), ratio["goal"]
            rows.append(
                (
                    f"**{work}**",
                    ratio["of"],
                    ratio["over"],
                    f"{rate:,.0f}".replace(",", " "),
                    f"**{ratio['median']:.2f}** [{ratio['least']:.2f}, {ratio['greatest']:.2f}]",
                    "–" if goal is None else f"{goal:g}, " + ("met" if ratio["median"] >= goal else "not met"),
                )
            )
    return page.table(("work", "who", "over", "images a second", "ratio [least, greatest]", "goal"), rows)


def not_measured(found: list[Results]) -> Shown:
    """What there are no measurements of."""
    if any(results["kind"] == "cuda" for results in found):
        return Shown("")
    return Shown("**A GPU: not measured.** It needs a machine with one: run `make bench` there, and build the book.")


def paper_profile(found: list[Results]) -> Shown:
    """How long each chapter's paper profile takes on the machines that were measured, none of it recorded."""
    rows = []
    for chapter in chapters():
        if not chapter.has_trials:
            continue
        trials = chapter.trials(chapter.settings("paper"))
        for results in found:
            known = {name: Speed(**speed) for name, speed in results["paper_speeds"].items()}
            if not all(str(workload_of(trial)) in known for trial in trials):
                rows.append((chapter.name, str(len(trials)), machine(results), "not measured yet: `make bench`", "–"))
                continue
            rates = {workload_of(trial): known[str(workload_of(trial))] for trial in trials}
            for workers in (results["cores"],) if results["kind"] == "cpu" else (1, 8):
                expected, most = (_plan(chosen, rates, workers) for chosen in (trials, list(map(_longest, trials))))
                where = machine(results) if results["kind"] == "cpu" else f"{workers} x {machine(results)}"
                rows.append((chapter.name, str(len(expected.work)), where, _cost(expected), _cost(most)))
    columns = ("chapter", "trials", "on", "expected", "at most, if every training took all its epochs")
    return page.table(columns, rows) if rows else Shown("Not measured yet: run `make bench`.")


def _cost(plan: Plan) -> str:
    return f"{in_words(plan.seconds)}, {in_millions(sum(plan.images.values()))} images"


def _plan(trials: list[Trial], rates: dict[Workload, Speed], workers: int) -> Plan:
    nothing = Records(places.root() / "_build" / "no-records")
    jobs = list(jobs_for(trials, nothing).values())
    return make_plan(trials, jobs, nothing, rates, workers, "")


def _longest(trial: Trial) -> Trial:
    """The trial, and those before it, trained for as many epochs as they may take."""
    parent = None if trial.parent is None else _longest(trial.parent)
    return trial.replace(stop=Epochs(round(most_epochs(trial))), parent=parent)

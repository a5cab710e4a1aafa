"""What chapters show: tables, verdicts and provenance, computed from settings and records.

Each function returns something that a notebook's last expression displays, as Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wsnb import catalogue, statistics
from wsnb.claims import GAP, Claim, Verdict
from wsnb.profiles import Settings
from wsnb.records import Record
from wsnb.statistics import Paired, mean_and_error
from wsnb.trials import Trial

VERDICTS_MIME = "application/vnd.wsnb.verdicts+json"
"""Verdicts as data, beside the table that people read: the front page gathers them from there."""

MARKS = {"reproduced": "✔", "not reproduced": "✘", "inconclusive": "≈", "not run": "–"}


class Shown:
    """Markdown, and data that goes with it, as one output of a cell."""

    def __init__(self, markdown: str, data: Mapping[str, Any] | None = None) -> None:
        self.markdown = markdown
        self.data = dict(data or {})

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/markdown": self.markdown, "text/plain": self.markdown} | self.data


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Shown:
    """A table; the first column is left-aligned, the others are centred."""
    lines = [columns, [":---"] + [":---:"] * (len(columns) - 1), *rows]
    return Shown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def text(markdown: str) -> Shown:
    """A sentence or more whose numbers are computed."""
    return Shown(markdown)


def listed(names: Iterable[str]) -> str:
    """ "a; b; c", or "none"."""
    return "; ".join(names) or "none"


def accuracy(values: Sequence[float], digits: int = 1) -> str:
    """ "57.8 (0.4)": mean and standard error of a measurement over seeds."""
    if not values:
        return "not run"
    mean, error = mean_and_error(values)
    return f"{mean:.{digits}f}".replace("-", "−") + (f" ({error:.{digits}f})" if len(values) > 1 else "")


def needs_data(dataset: str, chapter: str, there: bool) -> Shown:
    """What to say above results on a data set that few machines have.

    Args:
        dataset: its name in :mod:`wsnb.catalogue`.
        chapter: which chapter runs on it.
        there: whether it was run.
    """
    title = catalogue.title(dataset)
    if there:
        return Shown(f"Measured on {title}, in the same profile.")
    return Shown(
        f"**Not run: needs {title}**, which was not at hand when these records were made. Where it is (`wsnb data "
        f"fetch {dataset}` downloads it), this fills the cells below; add a `--profile` as above:\n\n```\n"
        f"wsnb run {chapter} -p dataset={dataset}\nwsnb book {chapter}\n```"
    )


def effect(measured: Paired | None, digits: int = 1) -> str:
    """ "+2.1 [+0.9, +3.3]": mean difference with its interval; the interval's level where that is not 95 %."""
    if measured is None:
        return "not run"
    low, high = signed(measured.low, digits), signed(measured.high, digits)
    level = "" if measured.level == 0.95 else f" at {100 * measured.level:.1f}\N{NO-BREAK SPACE}%"
    return f"{signed(measured.mean, digits)} [{low},\N{NO-BREAK SPACE}{high}]{level}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, and a true minus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def differences(theirs: Mapping[str, Mapping[str, Trial]], ours: Mapping[str, Mapping[str, Trial]]) -> Shown:
    """Every field in which our trials differ from the paper's, found by comparing the two.

    Args:
        theirs: the paper's trials, by item and start.
        ours: the same of ours.
    """
    found: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for item, starts in ours.items():
        for start, trial in starts.items():
            before, after = _fields(theirs[item][start]), _fields(trial)
            for name in sorted(before.keys() | after.keys()):
                if before.get(name) != after.get(name):
                    change = (name, _in_words(name, before.get(name)), _in_words(name, after.get(name)))
                    found.setdefault(change, {}).setdefault(item, []).append(start)
    if not found:
        return Shown("Every field of every trial is the paper's.")
    rows = [
        (name.replace("_", " ").replace(".", ", "), before, after, _where(where, ours))
        for (name, before, after), where in sorted(found.items())
    ]
    return table(("setting", "paper", "here", "where"), rows)


def _where(where: Mapping[str, list[str]], ours: Mapping[str, Mapping[str, Trial]]) -> str:
    """Items and starts in few words: what holds for all of either is not spelled out."""
    starts = {tuple(each) for each in where.values()}
    items = "" if len(where) == len(ours) else ", ".join(where)
    if starts == {tuple(next(iter(ours.values())))}:
        return items or "everywhere"
    if len(starts) == 1:
        return ": ".join(filter(None, (items, ", ".join(next(iter(starts))))))
    return "; ".join(f"{item}: {', '.join(each)}" for item, each in where.items())


def _fields(trial: Trial) -> dict[str, Any]:
    """The trial's fields by dotted name, its parent's and its seed left out."""
    form = {name: value for name, value in trial.canonical().items() if name not in ("parent", "seed", "recipe")}
    flat: dict[str, Any] = {}
    for name, value in form.items():
        inner = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name}.{key}".rstrip("."): inside for key, inside in inner.items() if key != "fingerprint"}
    return flat


def _in_words(name: str, value: Any) -> str:
    if value is None:
        return "all" if name == "curve_images" else "–"
    if name == "data.dataset" and value in catalogue.names():
        return catalogue.entry(value).title
    if name == "data.amount":
        return f"{value:.0%} of the training set" if isinstance(value, float) else f"{value:,} images".replace(",", " ")
    return str(value)


def verdicts(judged: Sequence[Verdict]) -> Shown:
    """The table of a chapter's verdicts, and the same as data."""
    rows = []
    for verdict in judged:
        claim, measured = verdict.claim, verdict.measured
        rows.append(
            (
                f"`{claim.id}`: {stated(claim)}",
                printed(claim),
                effect(measured, claim.digits) if measured else f"not run: needs {verdict.missing}",
                str(measured.n) if measured else "0",
                f"{MARKS[verdict.outcome]} **{verdict.outcome}**",
            )
        )
    shown = table(("claim", "paper", "measured", "seeds", "verdict"), rows)
    shown.data[VERDICTS_MIME] = [
        {
            "claim": verdict.claim.id,
            "outcome": verdict.outcome,
            "measured": effect(verdict.measured, verdict.claim.digits),
            "mean": round(verdict.measured.mean, 2) if verdict.measured else None,
            "seeds": verdict.measured.n if verdict.measured else 0,
            "setting": verdict.setting,
            "missing": verdict.missing,
        }
        for verdict in judged
    ]
    return shown


def stated(claim: Claim) -> str:
    """The claim with its source, and what is measured where that is not the gap."""
    effect = "" if claim.effect == GAP else f" *Measured: {claim.effect}.*"
    return f"{claim.statement} ({claim.paper.short}, {claim.item}){effect}"


def printed(claim: Claim) -> str:
    """The paper's own value of a claim's effect."""
    return "no number" if claim.printed is None else signed(claim.printed, max(1, claim.digits))


def equivalence(measured: Paired | None, margin: float, *, equal: str, different: str, unknown: str) -> Shown:
    """The verdict of :func:`wsnb.statistics.equivalence` in bold, and what it rests on.

    Args:
        measured: paired differences; None where nothing was run.
        margin: the largest difference that does not matter, in points.
        equal: what to say when they do.
        different: what to say when they do not.
        unknown: what to say when it is not known.
    """
    if measured is None:
        return Shown("**Not run.**")
    outcome = statistics.equivalence(measured, margin)
    verdict = {"the same": equal, "different": different, "unknown": unknown}[outcome]
    said = f"**{verdict}** The difference is {effect(measured)} points over {measured.n} seeds, the margin ±{margin:g}."
    if outcome == "unknown" and measured.n >= 3:
        needed = statistics.seeds_for_equivalence(measured.spread, margin, level=measured.level)
        said += f" If there were none, {needed} seeds that scatter as these do would show so four times in five."
    return Shown(said)


def power(judged: Sequence[Verdict]) -> Shown:
    """What effect the seeds could have shown, claim by claim."""
    rows = [
        (
            f"`{verdict.claim.id}`",
            str(verdict.measured.n),
            f"{verdict.measured.spread:.{verdict.claim.digits + 1}f}",
            f"{verdict.measured.detectable():.{verdict.claim.digits}f}",
        )
        for verdict in judged
        if verdict.measured is not None
    ]
    if not rows:
        return Shown("Nothing was run, so nothing could have been seen.")
    columns = ("claim", "seeds", "spread between seeds", "effect seen 4 times in 5")
    return table(columns, rows)


def setting_in_words(settings: Settings, images: int | float | None = None) -> str:
    """One phrase that says what the numbers were measured on.

    Args:
        settings: of the page.
        images: how many training images stand for all the data; by default the settings' own ``images``.
    """
    amount = settings.images if images is None else images
    shown = f"{amount:,} images".replace(",", " ") if isinstance(amount, int) else f"{amount:.0%} of the images"
    return f"{catalogue.title(settings.dataset)}, {shown}, width {settings.width} ({settings.profile} profile)"


def provenance(settings: Settings, records: Iterable[Record]) -> Shown:
    """Where a page's numbers came from: profile, data, device, seeds, time, versions, commit."""
    found = list(records)
    lines = [f"- **Profile:** {settings.profile}", f"- **Data:** {catalogue.title(settings.dataset)}"]
    if not found:
        return Shown("\n".join([*lines, "- **Records:** none; nothing on this page was run."]))
    made = [record.provenance for record in found]
    seconds = sum(each["seconds"] for each in made)
    images = sum(record.final["images_seen"] for record in found)
    seeds = sorted({record.trial["seed"] for record in found})
    days = sorted({each["started"][:10] for each in made})
    lines += [
        f"- **Records:** {len(found)} trials, {images / 1e6:.1f} million training images, "
        f"{seconds / 3600:.1f} hours of training all told (the sum over trials, several of which ran at a time)",
        f"- **Seeds:** {', '.join(map(str, seeds))}",
        f"- **Device:** {_counted(each['device'] for each in made)}; threads per trial: "
        f"{_counted(str(each['threads']) for each in made)}; precision: "
        f"{_counted(record.trial['precision'] for record in found)}",
        f"- **Made:** {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else ""),
        f"- **Commit:** {_counted(str(each['commit']) for each in made)}",
        f"- **Versions:** {_counted(', '.join(f'{k} {v}' for k, v in each['versions'].items()) for each in made)}",
    ]
    unconverged = sum(not record.converged for record in found)
    if unconverged:
        lines.append(f"- **Note:** {unconverged} of the {len(found)} trainings ended at the limit of epochs.")
    return Shown("\n".join(lines))


def settings_used(settings: Settings, trials: Sequence[Trial]) -> Shown:
    """What a page that trains live ran: its data, seeds and number of trials, nothing of the day."""
    seeds = ", ".join(str(seed) for seed in settings.all_seeds)
    return Shown(
        f"- **Data:** {catalogue.title(settings.dataset)}\n- **Seeds:** {seeds}\n"
        f"- **Trials:** {len(trials)}, trained live, not recorded"
    )


def _counted(values: Iterable[str]) -> str:
    counts = Counter(values)
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({count})" for value, count in sorted(counts.items()))

"""What chapters show: tables, verdicts and provenance, computed from settings and records.

Each function returns something that a notebook's last expression displays, as Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wsnb.data import catalogue
from wsnb.evidence.records import Record
from wsnb.publishing.settings import Settings
from wsnb.trials.trial import Trial
from wsnb.verdicts import statistics
from wsnb.verdicts.claims import GAP, Claim, Verdict
from wsnb.verdicts.effects import Effect
from wsnb.verdicts.items import Item
from wsnb.verdicts.statistics import Paired, mean_and_error

MARKS = {"reproduced": "✔", "not reproduced": "✘", "inconclusive": "≈", "not run": "–"}


class Shown:
    """Markdown as the output of a cell."""

    def __init__(self, markdown: str) -> None:
        self.markdown = markdown

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/markdown": self.markdown, "text/plain": self.markdown}


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
        dataset: its name in :mod:`wsnb.data.catalogue`.
        chapter: which chapter runs on it.
        there: whether it was run.
    """
    title = catalogue.title(dataset)
    if there:
        return Shown(f"Measured on {title}, in the same profile.")
    return Shown(
        f"**Not run: needs {title}.** Where it is (`wsnb data check {dataset}` says so, `wsnb data fetch {dataset}` "
        f"gets it), this fills the cells below; add a `--profile` as above:\n\n```\n"
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


def differences(theirs: Mapping[Any, Item], ours: Mapping[Any, Item], names: Mapping[Any, str]) -> Shown:
    """Every field in which our trials differ from the paper's, found by comparing the two, of each item's first seed.

    Args:
        theirs: the paper's items.
        ours: the same of ours; what is only welcome is left out.
        names: what the page calls those items that are compared; other items are left out.
    """
    found: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    compared = {key: item.first() for key, item in ours.items() if not item.welcome and key in names and key in theirs}
    words = {names[key]: {_name(name): trial for name, trial in starts.items()} for key, starts in compared.items()}
    for key, starts in compared.items():
        for (name, trial), other in zip(starts.items(), theirs[key].first().values(), strict=False):
            before, after = _fields(other), _fields(trial)
            for field in sorted(before.keys() | after.keys()):
                if before.get(field) != after.get(field):
                    change = (field, _in_words(field, before.get(field)), _in_words(field, after.get(field)))
                    found.setdefault(change, {}).setdefault(names[key], []).append(_name(name))
    if not found:
        return Shown("Every field of every trial is the paper's.")
    rows = [
        (field.replace("_", " ").replace(".", ", "), before, after, _where(where, words))
        for (field, before, after), where in sorted(found.items())
    ]
    return table(("setting", "paper", "here", "where"), rows)


def _name(name: Any) -> str:
    """The start that a name begins with."""
    return str(name[0] if isinstance(name, tuple) else name)


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
    form = {name: value for name, value in trial.canonical().items() if name not in ("parent", "seed", "loop", "kind")}
    form["curve_images"] = trial.curve_images
    flat: dict[str, Any] = {}
    for name, value in form.items():
        inner = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name}.{key}".rstrip("."): inside for key, inside in inner.items() if key != "fingerprint"}
    return flat


def _in_words(name: str, value: Any) -> str:
    if value is None:
        return "all" if name in ("curve_images", "stop.images") else "–"
    if name == "data.dataset" and value in catalogue.names():
        return catalogue.entry(value).title
    if name == "data.amount":
        return f"{value:.0%} of the training set" if isinstance(value, float) else f"{value:,} images".replace(",", " ")
    return str(value)


def verdicts(judged: Sequence[Verdict]) -> Shown:
    """The table of a chapter's verdicts."""
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
    return table(("claim", "paper", "measured", "seeds", "verdict"), rows)


def stated(claim: Claim) -> str:
    """The claim with its source, and what is measured where that is not the gap."""
    effect = "" if claim.effect == GAP else f" *Measured: {claim.effect}.*"
    return f"{claim.statement} ({claim.paper.short}, {claim.item}){effect}"


def printed(claim: Claim) -> str:
    """The paper's own value of a claim's effect."""
    return "no number" if claim.printed is None else signed(claim.printed, max(1, claim.digits))


def equivalence(measured: Paired | None, margin: float, *, equal: str, different: str, unknown: str) -> Shown:
    """The verdict of :func:`wsnb.verdicts.statistics.equivalence` in bold, and what it rests on.

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
    """What effect the seeds could have shown, claim by claim; two seeds decide nothing."""
    rows = [
        (
            f"`{verdict.claim.id}`",
            str(verdict.measured.n),
            f"{verdict.measured.spread:.{verdict.claim.digits + 1}f}",
            "–" if verdict.measured.n < 3 else f"{verdict.measured.detectable():.{verdict.claim.digits}f}",
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
    lines += _failures(found)
    unconverged = sum(not record.converged and not record.failed for record in found)
    if unconverged:
        lines.append(f"- **Note:** {unconverged} of the {len(found)} trainings ended at the limit of epochs.")
    return Shown("\n".join(lines))


def settings_used(settings: Settings, records: Iterable[Record]) -> Shown:
    """What a page that trains live ran: its data, seeds, number of trials and failures, nothing of the day."""
    found = list(records)
    lines = [
        f"- **Data:** {catalogue.title(settings.dataset)}",
        f"- **Seeds:** {', '.join(map(str, settings.all_seeds))}",
        f"- **Trials:** {len(found)}, trained live, not recorded",
    ]
    return Shown("\n".join([*lines, *_failures(found)]))


def _failures(found: Sequence[Record]) -> list[str]:
    """A line on those that have no result, where there are such."""
    failed = [record for record in found if record.failed]
    if not failed:
        return []
    return [
        f"- **Failed:** {len(failed)} of the {len(found)} trainings have no result, and what is compared above leaves "
        f"them out. The first: {failed[0].failed}."
    ]


def declared(effects: Iterable[Effect], settings: Settings) -> Shown:
    """The effects that a chapter declared before their first record was made."""
    rows = [
        (
            f"`{effect.name}`",
            f"{effect.sides[0]} − {effect.sides[1]}: {effect.number}",
            f"{effect.least:g}",
            effect.item,
            effect.family,
            str(getattr(settings, effect.seeds)),
        )
        for effect in effects
    ]
    return table(("effect", "what is compared", "smallest size that matters", "item", "family", "seeds"), rows)


def _counted(values: Iterable[str]) -> str:
    counts = Counter(values)
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({count})" for value, count in sorted(counts.items()))

"""What chapters show: tables, verdicts and provenance, computed from settings and records.

Each function returns something that a notebook's last expression displays, as Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wsnb.data import catalogue
from wsnb.evidence.records import Record
from wsnb.publishing.settings import Settings
from wsnb.trials.item import Item, required
from wsnb.trials.trial import Trial
from wsnb.verdicts.statistics import Paired, mean_and_error

if TYPE_CHECKING:
    from wsnb.publishing.results import Results


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
    """ "+2.1 [+0.9, +3.3]": mean difference with its 95 % interval."""
    if measured is None:
        return "not run"
    low, high = signed(measured.low, digits), signed(measured.high, digits)
    return f"{signed(measured.mean, digits)} [{low},\N{NO-BREAK SPACE}{high}]"


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


def measured_on(trial: Trial) -> str:
    """One phrase that says what a number was measured on: the data set, its images, the model."""
    amount = trial.data.amount
    shown = f"{amount:,} images".replace(",", " ") if isinstance(amount, int) else f"{amount:.0%} of the images"
    return f"{catalogue.title(trial.data.dataset)}, {shown}, {trial.model!r}"


def provenance(results: Results) -> Shown:
    """Where a page's numbers came from: profile, data, device, seeds, time, versions, commit."""
    found = list(results.records.values())
    lines = [f"- **Profile:** {_profiles(results)}", f"- **Data:** {_data_of(results)}"]
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


def _profiles(results: Results) -> str:
    """Each profile, with what is shown at it where there are several."""
    if len(results.profiles) < 2:
        return "".join(results.profiles)
    families = {profile: {} for profile in results.profiles}
    for key, item in results.items.items():
        families[results.at(key).profile][str(item.family or key)] = None
    return "; ".join(f"{profile}: {', '.join(names)}" for profile, names in families.items())


def _data_of(results: Results) -> str:
    """The data sets of what is recorded, or of what is required."""
    trials = results.records or {trial: None for trial in required(results.items)}
    return ", ".join(dict.fromkeys(catalogue.title(trial.data.dataset) for trial in trials))


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
        f"- **Failed:** {len(failed)} of the {len(found)} trainings have no result. Figures and tables leave them out; "
        f"a verdict counts them against their side. The first: {failed[0].failed}."
    ]


def _counted(values: Iterable[str]) -> str:
    counts = Counter(values)
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({count})" for value, count in sorted(counts.items()))

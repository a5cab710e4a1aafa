"""What chapters show beside figures and verdicts: numbers in words, what differs from the paper, provenance.

Each function returns something that a notebook's last expression displays.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from wsnb.data import catalogue
from wsnb.evidence.records import Record
from wsnb.publishing.settings import Settings
from wsnb.publishing.shown import WIDE, Html, Shown, Source
from wsnb.publishing.tables import LINE, Cell, table
from wsnb.trials.item import Item, required
from wsnb.trials.trial import Trial
from wsnb.verdicts.statistics import Paired, mean_and_error

if TYPE_CHECKING:
    from wsnb.papers.tables import Cell as PrintedCell
    from wsnb.publishing.results import Results, Trials


def text(*sentences: str) -> Shown:
    """A sentence or more whose numbers are computed."""
    return Shown(" ".join(sentences))


def listed(names: Iterable[str]) -> str:
    """ "a; b; c", or "none"."""
    return "; ".join(names) or "none"


def accuracy(values: Sequence[float], digits: int = 1) -> str:
    """ "57.8 (0.4)": mean and standard error of a measurement over seeds."""
    if not values:
        return "not run"
    mean, error = mean_and_error(values)
    shown = f"{mean:.{digits}f}".replace("-", "−")
    if len(values) < 2:
        return Cell(shown, {"": mean})
    return Cell(f"{shown} ({error:.{digits}f})", {"": mean, "standard error": error})


def pair(cell: PrintedCell | None) -> str:
    """ "60.3 / 57.8 (+2.5)": what a paper prints of random init and of the warm start, and the gap."""
    if cell is None:
        return "–"
    of = dict(zip(("random init", "warm start", "gap"), (*cell.accuracies, cell.gap), strict=True))
    return Cell(f"{cell.shown} ({signed(cell.gap)})", of)


OURS = "(ours)"
"""Ends the comment of a parameter that no paper has."""


def parameters(results: Results) -> Html:
    """The chapter's parameters: what each is, its value here, and the papers'; a dash where no paper has it."""
    from wsnb.publishing.chapters import chapter

    of, meanings = results.settings, chapter(results.chapter).meanings
    papers = vars(next(iter(of.values())).as_in_the_paper())
    rows = []
    for name, theirs in papers.items():
        if name != "profile":
            meaning = meanings.get(name, "")
            here = (_value(name, vars(at)[name]) for at in of.values())
            shown = "–" if meaning.endswith(OURS) else _value(name, theirs)
            rows.append((f"`{name}`{LINE}{meaning.removesuffix(OURS).rstrip()}", *here, shown))
    heads = ("parameter", *of, "papers")
    return table(heads, rows, name="parameters", source=Source(results.chapter), title="The parameters")


def live_parameters(name: str, settings: Settings) -> Html:
    """Those of a page that trains live: what each is, and its value."""
    from wsnb.publishing.chapters import chapter

    meanings, values = chapter(name).meanings, vars(settings)
    rows = [(f"`{each}`{LINE}{meaning}", _value(each, values[each])) for each, meaning in meanings.items()]
    return table(("parameter", "value"), rows, name="parameters", source=Source(name), title="The parameters")


def _value(name: str, value: Any) -> str:
    """A parameter's value; of a number of images, the share that a fraction is, and all where there is none."""
    if name.endswith("images") and (value is None or isinstance(value, float)):
        return "all" if value in (None, 1.0) else f"{value:.0%}"
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


BELOW = r" \\ "
"""Between equations in a column too narrow for them beside each other."""


def method(target: Any, code: Any = None) -> Html:
    """A method: what it is, its equation and its symbols, from its docstring, beside its code, from its source.

    Args:
        target: a function, or a class.
        code: the part of it whose code is shown; all of it where none is named.
    """
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    code = code or target
    source = textwrap.dedent(inspect.getsource(code))
    [node] = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    lines = source.splitlines()
    if ast.get_docstring(node) is not None:
        words = node.body[0]
        del lines[words.lineno - 1 : words.end_lineno]
    text, said = re.sub(r"  # (type|fmt|noqa):.*", "", "\n".join(lines)), ""
    for paragraph in (inspect.getdoc(target) or "").split("\n\n"):
        if paragraph.startswith(".. math::"):
            equations = escape(paragraph.removeprefix(".. math::").strip(), quote=False).split(r"\qquad")
            equation = rf"\begin{{gathered}}{BELOW.join(equations)}\end{{gathered}}"
            said += rf'<div class="math notranslate nohighlight">\[{equation}\]</div>'
        elif paragraph.startswith("Args:"):
            said += _symbols(paragraph)
        elif not re.match(r">>>|\w+:\n", paragraph):
            said += f"<p>{_in_html(paragraph)}</p>"
    where = f"{code.__module__}.{code.__qualname__}"
    shown = highlight(text, PythonLexer(), HtmlFormatter(nowrap=True))
    html = (
        f'<div class="highlight-python notranslate"><div class="highlight"><pre tabindex="0">{shown}</pre></div></div>'
    )
    return Html(
        f'<div class="method {WIDE}"><div>{said}</div><div><p class="where"><code>{where}</code></p>{html}</div></div>',
        f"{inspect.getdoc(target)}\n\n{text}",
    )


def _symbols(args: str) -> str:
    """A docstring's arguments, each with what it is, as a list."""
    of: list[str] = []
    for line in args.splitlines()[1:]:
        if re.match(r" {4}\S", line):
            of.append(line.strip())
        else:
            of[-1] += f" {line.strip()}"
    entries = (re.sub(r"^(\w+): ", r"``\1``: ", each) for each in of)
    return f"<ul>{''.join(f'<li>{_in_html(each)}</li>' for each in entries)}</ul>"


_ROLE = re.compile(r":(\w+):`~?([^`]*)`|``([^`]*)``")


def _in_html(text: str) -> str:
    """A docstring's words, with its maths and its code."""

    def shown(found: re.Match[str]) -> str:
        role, inside, code = found.groups()
        if role == "math":
            return rf'<span class="math notranslate nohighlight">\({inside}\)</span>'
        return f"<code>{code or inside}</code>"

    return _ROLE.sub(shown, escape(text, quote=False))


def needs_data(dataset: str, chapter: str, there: bool, given: str = "") -> Shown:
    """What to say above results on a data set that few machines have.

    Args:
        dataset: its name in :mod:`wsnb.data.catalogue`.
        chapter: which chapter runs on it.
        there: whether it was run.
        given: the parameter that has the chapter run on it, as ``name=value``; by default ``dataset`` and its name.
    """
    title = catalogue.title(dataset)
    if there:
        return Shown(f"Measured on {title}, in the same profile.")
    return Shown(
        f"**Not run: needs {title}.** Where it is (`wsnb data check {dataset}` says so, `wsnb data fetch {dataset}` "
        f"gets it), this fills the cells below:\n\n```\n"
        f"wsnb run {chapter} --profile laptop -p {given or f'dataset={dataset}'}\nwsnb book {chapter}\n```"
    )


def effect(measured: Paired | None, digits: int = 1) -> str:
    """ "+2.1 [+0.9, +3.3]": mean difference with its 95 % interval."""
    if measured is None:
        return "not run"
    low, high = signed(measured.low, digits), signed(measured.high, digits)
    return Cell(
        f"{signed(measured.mean, digits)} [{low},\N{NO-BREAK SPACE}{high}]",
        {"": measured.mean, "low": measured.low, "high": measured.high},
    )


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, and a true minus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def differences(
    trials: Trials, results: Results, names: Mapping[Any, str], of: Callable[[Mapping[Any, Item]], Any] = dict
) -> Shown | Html:
    """Every field in which our trials differ from the paper's, found by comparing the two, of each item's first seed.

    Args:
        trials: the chapter's ``trials(at)``.
        results: what it shows; what is only welcome is left out.
        names: what the page calls those items that are compared; other items are left out.
        of: takes from the items those that are compared.
    """
    first = next(iter(results.settings.values()))
    theirs, ours = of(trials(first.as_in_the_paper())), of(results.items)
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
    heads, title = ("setting", "paper", "here", "where"), "Where this differs from the paper"
    return table(heads, rows, name="differences", source=Source(results.chapter), title=title)


def _name(name: Any) -> str:
    """The start that a name begins with."""
    return str(name[0] if isinstance(name, tuple) else name)


def _where(where: Mapping[str, list[str]], ours: Mapping[str, Mapping[str, Trial]]) -> str:
    """Items and starts in few words: what holds for all of either is not spelled out."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for item, starts in where.items():
        named = tuple(dict.fromkeys(starts))
        alike.setdefault(() if set(named) == ours[item].keys() else named, []).append(item)
    said = []
    for named, items in alike.items():
        others = [item for item in ours if item not in items]
        few = f"all but {' and '.join(others)}" if others else ""
        which = few if len(others) < min(3, len(items)) else ", ".join(_together(items, others))
        said.append(": ".join(filter(None, (which, ", ".join(named)))))
    return "; ".join(filter(None, said)) or "everywhere"


def _together(items: Sequence[str], others: Sequence[str]) -> list[str]:
    """Of items called "A with B", all of one A as "A", and all of one B as "all with B"."""
    for place, form in ((0, "{}"), (1, "all with {}")):
        part_of = {item: item.split(" with ")[place] for item in (*items, *others) if item.count(" with ") == 1}
        lacking = {part_of.get(item) for item in others}
        items = list(
            dict.fromkeys(
                form.format(part_of[item]) if item in part_of and part_of[item] not in lacking else item
                for item in items
            )
        )
    return list(items)


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


def provenance(results: Results) -> Shown:
    """Where a page's numbers came from: profile, data, device, seeds, time, versions, commit."""
    found = list({trial.key: record for trial, record in results.records.items()}.values())
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

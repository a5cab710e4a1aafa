"""The command line ``wsnb``. Each command is a few lines: what it does lives in the package."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

import wsnb
from wsnb import places
from wsnb.errors import DamagedRecord, InvalidValue, RecordError, WsnbError, near_miss
from wsnb.evidence.records import Records
from wsnb.files import write_whole

INTERRUPTED = 130


def main() -> None:
    """Run the command line; errors are sentences, tracebacks are shown with ``--traceback`` alone."""
    try:
        status = app.main(standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nInterrupted. Finished trials are recorded; run again to go on with the rest.", err=True)
        status = INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 1
    except WsnbError as error:
        if "--traceback" in sys.argv:
            traceback.print_exc()
        else:
            click.echo(f"wsnb: {error}", err=True)
        status = error.exit_status
    sys.exit(status or 0)


class Commands(click.Group):
    """A group of commands that suggests the near miss of a mistyped one."""

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        """As click does, with a suggestion."""
        if self.get_command(context, args[0]) is None:
            allowed = self.list_commands(context)
            raise InvalidValue(
                f"There is no command {args[0]!r}; allowed: {', '.join(allowed)}.{near_miss(args[0], allowed)}"
            )
        return super().resolve_command(context, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(wsnb.__version__, prog_name="wsnb")
@click.option("--traceback", is_flag=True, help="Show where in the code an error came from.")
def app(traceback: bool) -> None:
    """Warm starts, measured: run the book's chapters, build its pages, look after its records.

    \b
    A first look, in minutes:      wsnb run --profile smoke
    The book, from its records:    wsnb book
    What a run would cost:         wsnb plan gap-offline --profile paper
    One chapter with other values: wsnb run gap-offline --profile laptop -p seeds=3

    Records are kept in the checkout's records/ (those of the profile smoke in _build/smoke/), or in the folder that
    WSNB_RECORDS names; data sets are looked for in WSNB_DATA, and what can be made again is cached in WSNB_CACHE.
    """


# Chapters -----------------------------------------------------------------------------------------


@app.command()
@click.option("--parameters", is_flag=True, help="Show each chapter's parameters and their values too.")
def chapters(parameters: bool) -> None:
    """List the chapters, and the profiles that each one publishes."""
    from wsnb.publishing import chapters as book

    found = book.chapters()
    profiles = [", ".join(each.published().profiles) if each.has_trials else "" for each in found]
    rows = [(chapter.name, shown, chapter.title) for chapter, shown in zip(found, profiles, strict=True)]
    for chapter, line in zip(found, _in_columns(rows), strict=True):
        click.echo(line)
        if parameters:
            for name, value in chapter.parameters.items():
                click.echo(f"    {name} = {value!r}")


def _in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line a row, each column as wide as the widest cell that stands in it."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _parameter(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    values = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidValue(f"-p was given {text!r}; allowed: name=value, such as -p seeds=3.")
        try:
            values[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise InvalidValue(f"-p {name} was given {value!r}, which is no number, text or list.") from error
    return values


def _crew_options(command: Callable) -> Callable:
    """The options that say who trains."""
    for option in (
        click.option("--address", help="Of the Ray cluster, such as auto [RAY_ADDRESS, or a local one]."),
        click.option("--engine", default="local", show_default=True, help="local, or ray: a cluster."),
        click.option("--device", help="cpu, cuda, cuda:1 ...; with ray also cuda/4 [the GPUs there are]."),
        click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads per trial."),
        click.option("--workers", type=click.IntRange(0), help="Trials at a time [one a core or GPU]; 0: right here."),
    ):
        command = option(command)
    return command


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = -1.0
    if not seconds > 0:
        raise InvalidValue(f"--time-budget was given {text!r}; allowed: a time such as 90s, 9m or 2h.")
    return seconds


def _chosen(names: tuple[str, ...], profile: str | None, given: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    """The chapters named, or all that take these parameters, each with its settings.

    What the profile smoke makes is no evidence, and is kept apart from it.
    """
    from wsnb.publishing import chapters as book

    if profile == "smoke":
        os.environ.setdefault("WSNB_RECORDS", str(places.root() / "_build" / "smoke"))
    chosen = [book.chapter(name) for name in names if name != "all"]
    if not chosen:
        chosen = [chapter for chapter in book.chapters() if set(given) <= set(chapter.parameters)]
        if not chosen:
            raise InvalidValue(f"No chapter takes all of the parameters {', '.join(given)}; see `wsnb chapters`.")
    return [(chapter, chapter.settings(profile, given)) for chapter in chosen]


def _chapter_options(command: Callable) -> Callable:
    """The options that say which chapters, and with which values of their parameters."""
    for option in (
        click.option("-p", "given", metavar="NAME=VALUE", multiple=True, callback=_parameter, help="Set a parameter."),
        click.option("--profile", help="smoke, laptop, full or paper [the chapter's own values]."),
        click.argument("names", metavar="[CHAPTER]...", nargs=-1),
    ):
        command = option(command)
    return command


@app.command()
@_chapter_options
@_crew_options
def plan(names: tuple[str, ...], profile: str | None, given: dict[str, Any], **crew: Any) -> None:
    """Say what `run` would train, and about how long and in how much memory; train nothing.

    Each kind of network is timed for some seconds on random images, on the workers that would train it.
    """
    for chapter, settings in _chosen(names, profile, given):
        trials = chapter.trials(settings)
        if trials:
            found = wsnb.plan(trials, **crew)
            click.echo(f"{chapter.name} ({settings.get('profile', 'live')}): {found.summary()}")
            click.echo(found.table())


@app.command()
@_chapter_options
@click.option(
    "--missing",
    type=click.Choice(["train", "skip", "error"]),
    default="train",
    show_default=True,
    help="What to do about trials that no record answers.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the executed copies [_build/runs].")
@click.option("--preview", is_flag=True, help="Render the page too, beside the book: in _build/preview.")
@click.option("--time-budget", help="Stop in good order after this time: 90s, 9m, 2h.")
@_crew_options
def run(
    names: tuple[str, ...],
    profile: str | None,
    given: dict[str, Any],
    missing: str,
    output: Path | None,
    preview: bool,
    time_budget: str | None,
    **crew: Any,
) -> None:
    """Run chapters (all, when none is named): train what is missing, execute the notebook.

    The executed copy goes to _build/runs; the book's own pages change with `wsnb book` alone.
    """
    from wsnb.publishing import render
    from wsnb.publishing.execute import Execution, execute

    deadline = None if time_budget is None else time.monotonic() + (_seconds(time_budget) or 0)
    chosen = _chosen(names, profile, given)
    for chapter, _ in chosen if preview else ():
        render.check_listed(places.root(), chapter.name)  # before hours are spent
    for chapter, settings in chosen:
        if missing != "skip":
            budget = None if deadline is None else max(0.001, deadline - time.monotonic())
            wsnb.run(chapter.trials(settings), missing=missing, time_budget=budget, **crew)
        name = f"{chapter.name}.{str(settings.get('profile', 'live')).replace(', ', '-')}.ipynb"
        target = (output or places.root() / "_build" / "runs").resolve() / name
        execute([Execution(chapter, settings, target)], missing="skip" if missing == "skip" else "error")
        shown = render.preview(places.root(), chapter.name, target) if preview else target
        click.echo(f"{chapter.name}: {shown}")


@app.command()
@click.argument("names", metavar="[CHAPTER]...", nargs=-1)
@click.option("--force", is_flag=True, help="Execute chapters that have not changed too.")
@click.option("--pages/--no-pages", default=True, help="Render the pages, or execute the chapters only.")
def book(names: tuple[str, ...], force: bool, pages: bool) -> None:
    """Make the book: execute what has changed against the records, render, print the first page's path.

    With chapters named, these alone and the pages that gather from all. Nothing is trained but the
    quickstart, which trains live; `wsnb run CHAPTER` trains. A chapter shows each figure and table at the
    largest profile that has all of its records.
    """
    from wsnb.publishing import chapters as chapter_list
    from wsnb.publishing import execute, render
    from wsnb.publishing.settings import PUBLISHED

    records = Records()
    chosen = [chapter_list.chapter(name) for name in names] or chapter_list.chapters()
    gathering = [chapter for chapter in chapter_list.chapters() if chapter.gathers]
    for some in ([chapter for chapter in chosen if not chapter.gathers], gathering):  # these rest on the pages of those
        work = []
        for chapter in some:
            if chapter.sync():
                click.echo(f"{chapter.name}: brought {chapter.notebook_path.name} up to its script", err=True)
            settings = chapter.settings(PUBLISHED if chapter.has_trials else None)
            if force or not execute.is_current(chapter, settings, records):
                click.echo(f"{chapter.name}: executing ({settings.get('profile', 'live')})", err=True)
                work.append(execute.Execution(chapter, settings, chapter.page_path))
        execute.execute(work, missing="skip")
        for each in work:
            execute.note_current(each.chapter, each.settings, records)
    if pages:
        page = render.build(places.root())
        click.echo(page.with_name(f"{names[0]}.html") if names else page)


@app.command()
def sync() -> None:
    """Bring the paired notebooks in notebooks/ up to their scripts."""
    from wsnb.publishing import chapters as book

    rows = [(chapter.name, "written" if chapter.sync() else "up to date") for chapter in book.chapters()]
    click.echo("\n".join(_in_columns(rows)))


# Records ------------------------------------------------------------------------------------------


@app.group(cls=Commands)
def records() -> None:
    """List, verify and export the records; bring those of several machines together."""


def _wanted(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = []
    for text in given:
        column, equals, value = text.partition("=")
        if not equals:
            raise InvalidValue(f"--where was given {text!r}; allowed: column=value, such as --where seed=3.")
        pairs.append((column, value))
    return pairs


_where = click.option(
    "--where",
    "wanted",
    metavar="COLUMN=VALUE",
    multiple=True,
    callback=_wanted,
    help="Only records with this value; may be given several times.",
)


@records.command("list")
@_where
def list_records(wanted: list[tuple[str, str]]) -> None:
    """List the records: key, data, model, start, optimizer, seed, final test accuracy."""
    store = Records()
    rows = store.rows(wanted)
    if not rows:
        click.echo(f"No such records in {store.folder}.")
        return
    columns = ["key", "data.dataset", "data.amount", "model", "start", "optimizer", "stop", "seed", "epochs"]
    lines = [[*columns, "test accuracy"]]
    for row in rows:
        accuracy = f"{100 * row['test_accuracy']:.2f}" if "test_accuracy" in row else "failed"
        lines.append([*(str(row.get(column, "")) for column in columns), accuracy])
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    click.echo("\n".join(" ".join(map(str.rjust, line, widths)) for line in lines))


@records.command()
def verify() -> None:
    """Read every record and name those that are damaged; exit status 4 when there are any."""
    store, sound = Records(), 0
    damaged, unread = [], []
    for path in store.paths():
        try:
            store.read(path)
            sound += 1
        except DamagedRecord as error:
            damaged.append(str(error))
        except RecordError as error:
            unread.append(str(error))
    cannot = f", {len(unread)} cannot be read" if unread else ""
    click.echo(f"{sound} records in {store.folder} are sound, {len(damaged)} damaged{cannot}.")
    if before := store.damaged():
        click.echo(f"{len(before)} damaged ones were set aside earlier: {before[0].parent}. Delete them when you like.")
    if damaged or unread:
        raise RecordError("\n".join(damaged + unread))


@records.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path))
def merge(sources: tuple[Path, ...]) -> None:
    """Add records made elsewhere: folders of records.

    Every record is checked. One that is here already stays as it is; where the other's measurements differ,
    that is said. Exit status 4 when any differ, or are damaged.
    """
    from wsnb.evidence.merge import merge as add

    store = Records()
    wrong = []
    for source in sources:
        counts, sentences = add(store, source)
        click.echo(f"{source}: {', '.join(f'{n} {what}' for what, n in counts.items() if n or what == 'added')}")
        wrong += sentences
    click.echo(f"{len(store.paths())} records are now in {store.folder}.")
    if wrong:
        raise RecordError("\n".join(wrong))


@records.command()
@click.argument("file", type=click.Path(path_type=Path))
def export(file: Path) -> None:
    """Write the records as one table to FILE: .csv or .parquet."""
    table = Records().table()
    if file.suffix == ".csv":
        content = table.to_csv(index=False).encode()
    elif file.suffix == ".parquet":
        content = table.to_parquet(index=False)
    else:
        raise InvalidValue(f"FILE is {str(file)!r}; allowed: a name that ends in .csv or .parquet.")
    write_whole(file, content, what=file.name)
    click.echo(f"{len(table)} records: {file}")


# Data ---------------------------------------------------------------------------------------------


@app.group(cls=Commands)
def data() -> None:
    """List, fetch, make and check data sets."""


@data.command("list")
def list_data() -> None:
    """List the named data sets, and whether each is on this machine."""
    from wsnb.data import catalogue

    rows = []
    for name in catalogue.names():
        found, facts = catalogue.whereabouts(name), catalogue.facts(name)
        here = "here" if found.is_here else "not here, looked in"
        images = f"{facts.train_images:,} + {facts.test_images:,} images, {facts.classes} classes"
        rows.append((name, catalogue.title(name), images, f"{here}: {found.place}"))
    rows.append(("images:PATH", "your own", "a folder, .zip or .tar, with a folder per class", ""))
    click.echo("\n".join(_in_columns(rows)))


@data.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Download a data set and check it."""
    from wsnb.data import catalogue, image_set

    catalogue.fetch(name)
    click.echo(image_set.check(name))


@data.command()
@click.argument("name")
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path))
def make(name: str, source: Path) -> None:
    """Draw a data set from the larger one FROM that it is a part of: a folder or an archive."""
    from wsnb.data import catalogue

    click.echo(catalogue.entry(name).make(source))


@data.command()
@click.argument("name")
@click.option("--resize", type=click.IntRange(8, 1024), help="Side to which images:PATH is resized.")
def check(name: str, resize: int | None) -> None:
    """Read a whole data set and say whether it is what it should be."""
    from wsnb.data import image_set

    click.echo(image_set.check(name, resize=resize))


@app.command()
def info() -> None:
    """Print versions, devices and places, for a bug report."""
    import torch

    from wsnb.publishing.settings import PROFILES
    from wsnb.running import worker

    for name, version in worker.versions().items():
        click.echo(f"{name:<14}{version}")
    click.echo(f"{'commit':<14}{worker.commit() or 'not in a checkout'}")
    click.echo(f"{'cpu':<14}{worker.device_in_words('cpu')}, {os.cpu_count()} cores")
    for number in range(torch.cuda.device_count()):
        click.echo(f"{f'cuda:{number}':<14}{torch.cuda.get_device_name(number)}")
    click.echo(f"{'records':<14}{Records().folder} ({len(Records().paths())})")
    click.echo(f"{'cache':<14}{places.cache()}")
    click.echo(f"{'profiles':<14}{', '.join(PROFILES)}")

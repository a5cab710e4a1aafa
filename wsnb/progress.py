"""Progress of a run with a time estimate: in a terminal, in a live notebook, or not at all.

In a notebook the bar is one output that is taken away when the run ends, so a page shows none of it.
``WSNB_PROGRESS=off`` silences it everywhere.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from tqdm import tqdm

from wsnb import catalogue
from wsnb.errors import RecordError
from wsnb.records import Records
from wsnb.trials import Epochs, Part, Trial

USUAL_EPOCHS = 30
"""Epochs a training to a train accuracy is taken to need while no record of its kind says better."""


class Display:
    """Hears of a run and shows nothing; the base of the displays that do."""

    def begin(self, trials: list[Trial], store: Records, device: str) -> None:
        """These trials are going to be trained."""

    def epoch(self, trial: Trial, epochs: int, images_seen: int) -> None:
        """So many epochs of this trial are done."""

    def done(self, trial: Trial) -> None:
        """This trial is no longer trained: finished, failed or paused."""

    def end(self) -> None:
        """The run is over."""


class Bar(Display):
    """One tqdm bar over the images that all trials are expected to see."""

    def begin(self, trials: list[Trial], store: Records, device: str) -> None:
        """Draw the bar; its length is an estimate that finished trials correct."""
        self.expected = {trial.key: expected_images(trial, store) for trial in trials}
        self.seen = dict.fromkeys(self.expected, 0)
        self.finished = 0
        every = 0.2 if sys.stderr.isatty() else 30.0
        self.bar = tqdm(
            total=sum(self.expected.values()),
            unit=" images",
            unit_scale=True,
            mininterval=every,
            file=self.file(),
            dynamic_ncols=True,
            desc=self._title(),
        )

    def file(self) -> Any:
        """Where tqdm writes."""
        return sys.stderr

    def epoch(self, trial: Trial, epochs: int, images_seen: int) -> None:
        """Move the bar on."""
        step, self.seen[trial.key] = images_seen - self.seen[trial.key], images_seen
        if step > images_seen // max(epochs, 1):  # it went on from a checkpoint: that part took no time today
            self.bar.initial += step
        self.bar.update(step)

    def done(self, trial: Trial) -> None:
        """Correct the bar's length by what the trial really saw."""
        self.finished += 1
        self.bar.total += self.seen[trial.key] - self.expected[trial.key]
        self.bar.set_description(self._title())

    def _title(self) -> str:
        return f"{self.finished} of {len(self.expected)} trials"

    def end(self) -> None:
        """Leave the bar as it last was."""
        self.bar.close()


class NotebookBar(Bar):
    """The bar as one text output of the running cell, cleared at the end."""

    def file(self) -> Any:
        """A writer that shows what tqdm draws in the cell."""
        return _CellWriter()

    def end(self) -> None:
        """Take the bar away."""
        from IPython.display import clear_output

        super().end()
        clear_output()


class _CellWriter:
    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self.handle = DisplayHandle()
        self.shown = 0.0

    def write(self, text: str) -> None:
        if text.strip() and time.monotonic() - self.shown > 0.5:
            show = self.handle.update if self.shown else self.handle.display
            show({"text/plain": text.strip()}, raw=True)
            self.shown = time.monotonic()

    def flush(self) -> None:
        """Nothing is held back."""


def display(wanted: bool) -> Display:
    """The display that fits where this process runs."""
    if not wanted or os.environ.get("WSNB_PROGRESS") == "off":
        return Display()
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return NotebookBar() if getattr(shell, "kernel", None) is not None else Bar()


def expected_images(trial: Trial, store: Records) -> int:
    """How many images training this trial is likely to show the network: exact for a number of epochs."""
    return expected_epochs(trial, store) * images_in(trial.data)


def expected_epochs(trial: Trial, store: Records) -> int:
    """The epochs of :class:`Epochs`; else the mean over records that differ from the trial in seed alone."""
    if isinstance(trial.stop, Epochs):
        return trial.stop.at_most
    like = []
    for seed in range(10):
        try:
            record = store.get(_with_seed(trial, seed))
        except RecordError:
            continue
        like += [record.final["epochs"]] if record else []
    return round(sum(like) / len(like)) if like else min(USUAL_EPOCHS, trial.stop.at_most)


def _with_seed(trial: Trial, seed: int) -> Trial:
    parent = None if trial.parent is None else _with_seed(trial.parent, seed)
    return trial.replace(seed=seed, parent=parent)


def images_in(part: Part) -> int:
    """How many training images a part has, as far as that is known without its data."""
    if isinstance(part.amount, int):
        return part.amount
    if part.dataset.startswith("images:"):
        return 1000
    entry = catalogue.entry(part.dataset)
    share = 1.0 if part.classes is None else len(part.classes) / len(entry.classes)
    return round(part.amount * share * entry.train_images)

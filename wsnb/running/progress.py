"""Progress of a run with a time estimate, on standard error; ``WSNB_PROGRESS=off`` silences it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from tqdm import tqdm

from wsnb.running.plan import Plan, in_millions
from wsnb.trials.trial import Trial


class Display:
    """Hears of a run and shows nothing; the base of the displays that do."""

    def begin(self, plan: Callable[[], Plan]) -> None:
        """A run begins; ``plan`` makes its plan, which takes seconds."""

    def epoch(self, trial: Trial, epochs: int, images_seen: int) -> None:
        """So many epochs of this trial are done."""

    def done(self, trial: Trial) -> None:
        """This trial is no longer trained: finished, failed or paused."""

    def end(self) -> None:
        """The run is over."""


class Bar(Display):
    """The plan in a line, and under it one tqdm bar over the work: expected seconds of one worker."""

    def begin(self, plan: Callable[[], Plan]) -> None:
        """Draw the bar; its length is an estimate that finished trials correct."""
        self.plan = plan()
        self.left = dict(self.plan.work)
        self.seen = dict.fromkeys(self.plan.work, 0)
        self.finished = 0
        every = 0.2 if sys.stderr.isatty() else 30.0
        print(self.plan.summary(), file=sys.stderr)
        self.bar = tqdm(
            total=sum(self.plan.work.values()),
            bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}{postfix}",
            mininterval=every,
            smoothing=0,  # the rate of the whole run: trials end together, then none for long
            file=sys.stderr,
            dynamic_ncols=True,
            desc=self._title(),
        )

    def epoch(self, trial: Trial, epochs: int, images_seen: int) -> None:
        """Move the bar on by the images' share of the trial's expected work."""
        key = trial.key
        step = images_seen - self.seen[key]
        if step <= 0:  # it was lost and has gone back to its checkpoint
            return
        work = self.plan.work[key] * step / max(self.plan.images[key], 1)
        if step > images_seen // max(epochs, 1):  # it went on from a checkpoint: that part took no time today
            self.bar.initial += work
        self.seen[key], self.left[key] = images_seen, max(self.left[key] - work, 0.0)
        self.bar.total = self.bar.n + work + sum(self.left.values())  # more, where it takes longer than expected
        self.bar.set_postfix_str(f"{in_millions(sum(self.seen.values()))} images", refresh=False)
        self.bar.update(work)

    def done(self, trial: Trial) -> None:
        """Take what is left of the trial out of the bar's length: it will not be done."""
        self.finished += 1
        del self.left[trial.key]
        self.bar.total = self.bar.n + sum(self.left.values())
        self.bar.set_description(self._title())

    def _title(self) -> str:
        return f"{self.finished} of {len(self.plan.work)} trials"

    def end(self) -> None:
        """Leave the bar as it last was."""
        if hasattr(self, "bar"):
            self.bar.close()


def display(wanted: bool) -> Display:
    """The bar, unless nobody wants one."""
    return Bar() if wanted and os.environ.get("WSNB_PROGRESS") != "off" else Display()

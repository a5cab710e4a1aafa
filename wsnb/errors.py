"""What can go wrong, as sentences a reader can act on.

Every error that a user can cause or cure is a :class:`WsnbError`: its message says what was given,
what is allowed and what to do next. The command line prints that message alone and exits with
``exit_status``; anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WsnbError(Exception):
    """An error whose message is meant for the person who runs the program."""

    exit_status = 2


class InvalidValue(WsnbError, ValueError):
    """A name, a number or a type that is not among those allowed."""


class DataError(WsnbError):
    """A data set that cannot be had, or is not what it says it is."""

    exit_status = 3


class RecordError(WsnbError):
    """A record that cannot be read, written or trusted."""

    exit_status = 4


class DamagedRecord(RecordError):
    """A record that was cut short, edited, or stands under another trial's name."""


class TrialFailed(WsnbError):
    """A training that could not be finished: it diverged, or the machine could not hold it."""

    exit_status = 5


class MissingRecords(WsnbError):
    """Records were required and are not there."""

    exit_status = 6


def near_miss(given: str, allowed: Iterable[str]) -> str:
    """``" Did you mean 'x'?"`` when ``given`` is close to one of ``allowed``, else an empty string."""
    found = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.6)
    return f" Did you mean {found[0]!r}?" if found else ""


def counted(number: int, what: str) -> str:
    """ "1 trial", "2 trials"."""
    return f"{number:,} {what}".replace(",", "\N{NARROW NO-BREAK SPACE}") + ("" if number == 1 else "s")

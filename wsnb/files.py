"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from wsnb.errors import RecordError, WsnbError

PARTIAL = ".wsnb-partial"
"""How the name of a file ends while it is being written."""

LEFT_SECONDS = 3600.0
"""A partial file as old as this was left by a process that was killed."""


def write_whole(
    path: Path,
    content: bytes | Callable[[BinaryIO], object],
    *,
    what: str,
    error: type[WsnbError] = RecordError,
    replace: bool = True,
) -> None:
    """Write a file so that other processes see all of it or none, and a failure leaves nothing behind.

    What a process that was killed had half-written in the same folder is removed.

    Args:
        path: the file; its folder is made.
        content: its bytes, or a function that writes them to the open binary file that it is given.
        what: what errors call it.
        error: the type of the error.
        replace: whether it takes the place of a file that is there already; without, that one stays, wherever
            the file system has hard links.

    Raises:
        WsnbError: of the type ``error``, a sentence about ``what`` when it cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path.parent)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL)
        with os.fdopen(descriptor, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        if replace:
            os.replace(temporary, path)
        else:
            _link_unless_taken(temporary, path)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise error(f"Could not write {what} in {path.parent}: {reason}. Nothing half-written was left.") from failure
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def _remove_left(folder: Path) -> None:
    """Remove what killed processes have left half-written: nobody else would, and weights are large."""
    for left in folder.glob(f".*{PARTIAL}"):
        with contextlib.suppress(OSError):  # another process was faster, or it is not ours to remove
            if time.time() - left.stat().st_mtime >= LEFT_SECONDS:
                left.unlink()


def _link_unless_taken(temporary: str, path: Path) -> None:
    """Give the file its name unless that is taken: unlike renaming, one step on a network file system too."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:  # no hard links here
        os.replace(temporary, path)

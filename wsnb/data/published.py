"""Sets that others have published: where they are looked for, in which forms, and how they are got."""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import socket
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsnb import places
from wsnb.data.catalogue import DataSet, Whereabouts
from wsnb.errors import DataError

if TYPE_CHECKING:
    from wsnb.data.folder import Survey
    from wsnb.data.pixels import Pixels

TIMEOUT = 20.0
"""Seconds without an answer after which a download is given up."""


def data_folder() -> Path:
    """Where downloads are kept: ``WSNB_DATA``, else ``data`` in the cache folder."""
    return Path(os.environ.get("WSNB_DATA") or places.cache() / "data").expanduser().absolute()


def folders() -> list[Path]:
    """Where sets are looked for, in this order."""
    checkout = Path(__file__).resolve().parents[2]
    beside = [folder.parent / "shared" / "data" for folder in (checkout, Path.cwd())]
    return list(dict.fromkeys([data_folder(), *beside]))


def as_images(name: str) -> tuple[tuple[str], ...]:
    """The forms of a set that is there as images: archives of that name, or a folder; ``train/class/...`` in each."""
    return tuple((f"{name}{ending}",) for ending in (".tar.xz", ".tar.gz", ".tar", ".zip", ""))


class Published(DataSet):
    """A published set, which is there in one of several forms.

    Attributes:
        forms: of each form, its place in a folder of data and the files that have to be there too.
        torchvision: the class of ``torchvision.datasets`` that downloads it; empty when none does.
        splits: what that class is given for the training and for the test images.
        wanted: what to put into the data folder, in words; and where else it is to be had.
    """

    is_cached = True
    forms: tuple[tuple[str, ...], ...] = ()
    torchvision: str = ""
    splits: tuple[dict[str, Any], dict[str, Any]] = ({"train": True}, {"train": False})
    wanted: str = ""

    def find(self) -> Path | None:
        """The place of the first form that is there, with all its files."""
        for folder in folders():
            for form in self.forms:
                if all(os.path.exists(folder / file) for file in form):
                    return folder / form[0]
        return None

    def whereabouts(self) -> Whereabouts:
        """Where it is, or the folders it was looked for in."""
        place = self.find()
        return Whereabouts(place is not None, str(place or " or ".join(map(str, folders()))))

    @property
    def remedy(self) -> str:  # type: ignore[override]
        """How it is got."""
        command = (
            f"Get it with `wsnb data fetch {self.name}` where there is a network; or p" if self.torchvision else "P"
        )
        return f"{command}ut {self.wanted} into {data_folder()}, or set WSNB_DATA to the folder that has it."

    def read(self) -> tuple[Any, Any, Any, Any]:
        """Its arrays, from the first form that is there."""
        place = self.find()
        if place is None:
            raise DataError(f"{self.title} is not here: looked in {self.whereabouts().place}. {self.remedy}")
        return self.read_at(place)

    def read_at(self, place: Path) -> tuple[Any, Any, Any, Any]:
        """Its arrays, from the form that is at ``place``."""
        if not self.torchvision or place.name != self.forms[0][0]:
            return self.images_at(place)[1]
        try:
            return self.by_torchvision(place.parent)
        except RuntimeError as error:
            raise DataError(f"{self.title} in {place} is damaged, not as published ({error}). {self.remedy}") from error

    def images_at(self, place: Path) -> tuple[Survey, Pixels]:
        """What stands in an archive or a folder of images, with the set's own labels."""
        import numpy as np

        from wsnb.data import folder

        try:
            found, pixels = folder.read(place)
        except DataError as error:
            raise DataError(f"{self.title} cannot be read: {error} Remove {place} first. {self.remedy}") from error
        if set(found.classes) != set(self.classes):
            lacks, more = (
                ", ".join(sorted(set(these) - set(those))) or "none"
                for these, those in ((self.classes, found.classes), (found.classes, self.classes))
            )
            raise DataError(f"{place} lacks classes of {self.title} ({lacks}), or has others ({more}). {self.remedy}")
        label = np.array([self.classes.index(name) for name in found.classes])
        train, test = label[pixels.train_labels], label[pixels.test_labels]
        return found, pixels._replace(train_labels=train, test_labels=test)

    def by_torchvision(self, folder: Path, *, download: bool = False) -> tuple[Any, Any, Any, Any]:
        """The arrays of both splits as torchvision has them; reading them verifies its checksums."""
        from torchvision import datasets  # takes a second

        arrays: list[Any] = []
        for split in self.splits:
            one = getattr(datasets, self.torchvision)(folder, download=download, **split)
            arrays += [one.data, one.labels if hasattr(one, "labels") else one.targets]
        return tuple(arrays)  # type: ignore[return-value]

    def fetch(self) -> None:
        """Download it into :func:`data_folder`, or mend it there, unless it is here in another form or place."""
        place = self.find()
        if place is not None and not (self.torchvision and place == data_folder() / self.forms[0][0]):
            return
        looked = f"looked in {self.whereabouts().place}"
        if not self.torchvision:
            raise DataError(f"{self.title} is not here, and not offered for download: {looked}. {self.remedy}")
        silent = contextlib.nullcontext() if sys.stderr.isatty() else contextlib.redirect_stderr(io.StringIO())
        before = socket.getdefaulttimeout()
        try:
            socket.setdefaulttimeout(TIMEOUT)
            with silent:
                data_folder().mkdir(parents=True, exist_ok=True)
                self.by_torchvision(data_folder(), download=True)
        except (OSError, RuntimeError, ValueError, EOFError, http.client.HTTPException, tarfile.TarError) as error:
            raise DataError(
                f"{self.title} is not here ({looked}) and could not be downloaded ({error}). {self.remedy}"
            ) from error
        finally:
            socket.setdefaulttimeout(before)

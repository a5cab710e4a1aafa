"""Caltech-101 of Fei-Fei, Fergus and Perona (2004), drawn by the protocol of the transfer papers."""

from __future__ import annotations

import hashlib
import io
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wsnb.data.catalogue import Facts, data_set
from wsnb.data.published import Published, as_images, data_folder
from wsnb.errors import DataError

TRAIN, TEST, SIDE, QUALITY = 30, 20, 64, 95
"""Images of a class, test images of a class at most, their side in pixels, and the JPEG quality."""

DRAWN = "943247cc257d39fe"
"""Of the lines "split/class/name", sorted, of what is drawn from the official archive."""


@data_set("caltech101-30")
class Caltech101(Published):
    """30 training and up to 20 test images of each class, the centre square, 64x64, as JPEG.

    Decoders read a JPEG differently: so it is known by the bytes of its files, as ``images:PATH`` is, and its
    images are ordered by class and then by the SHA-256 of their files.
    """

    title = "Caltech-101 (30 a class)"
    classes = tuple(
        """
        Faces Faces_easy Leopards Motorbikes accordion airplanes anchor ant barrel bass beaver binocular bonsai
        brain brontosaurus buddha butterfly camera cannon car_side ceiling_fan cellphone chair chandelier
        cougar_body cougar_face crab crayfish crocodile crocodile_head cup dalmatian dollar_bill dolphin
        dragonfly electric_guitar elephant emu euphonium ewer ferry flamingo flamingo_head garfield gerenuk
        gramophone grand_piano hawksbill headphone hedgehog helicopter ibis inline_skate joshua_tree kangaroo
        ketch lamp laptop llama lobster lotus mandolin mayfly menorah metronome minaret nautilus octopus okapi
        pagoda panda pigeon pizza platypus pyramid revolver rhino rooster saxophone schooner scissors scorpion
        sea_horse snoopy soccer_ball stapler starfish stegosaurus stop_sign strawberry sunflower tick trilobite
        umbrella watch water_lilly wheelchair wild_cat windsor_chair wrench yin_yang
        """.split()
    )
    facts = Facts(3_030, 1_692, 101, (3, 64, 64))
    fingerprint = "bc9baa461143c6b6"
    is_known_by_files = True
    forms = as_images("caltech101-30")
    wanted = "caltech101-30.tar.xz or a folder caltech101-30 of its images"

    @property
    def remedy(self) -> str:  # type: ignore[override]
        """How it is got."""
        return f"{super().remedy} `wsnb data make {self.name} FROM` draws it from the official 101_ObjectCategories."

    def read_at(self, place: Path) -> tuple[Any, Any, Any, Any]:
        """The images of the archive or folder at ``place``, when its files are the right ones."""
        from wsnb.data.pixels import by_label

        found, pixels = self.images_at(place)
        if found.fingerprint != self.fingerprint:
            raise DataError(
                f"The files of {self.title} in {place} are not those that the records were made with "
                f"(fingerprint {found.fingerprint}, expected {self.fingerprint}). {self.remedy}"
            )
        digests = [[file.digest for file in found.files if file.split == split] for split in ("train", "test")]
        return (*by_label(*pixels[:2], digests[0]), *by_label(*pixels[2:], digests[1]))

    def make(self, source: Path) -> str:
        """Draw it from the official ``101_ObjectCategories``, a folder or a tar, into the data folder.

        The classes in their order, without ``BACKGROUND_Google``; the images of each sorted by name, then put into the
        order in which Python's ``random.Random(0)``, which goes on from class to class, shuffles them; the first 30 are
        for training and the next 20, as far as there are any, for the test. Of each the largest centred square, made
        64x64 by Lanczos' filter, is a JPEG of quality 95 without chroma subsampling.

        Raises:
            DataError: when that is not there, classes or images are missing, or the set is here already.
        """
        from wsnb.data import folder

        target = data_folder() / self.name
        if target.exists():
            raise DataError(
                f"{target} is here already; remove it first, or check it with `wsnb data check {self.name}`."
            )
        data_folder().mkdir(parents=True, exist_ok=True)
        with folder.opened(source) as contents:
            chosen = self._drawn(source, contents.files)
            small = {place: _small_square(contents.read(of), of) for place, of in chosen.items()}
        # In a folder inside the temporary one, which nobody else may read.
        with tempfile.TemporaryDirectory(dir=data_folder(), prefix=f".{self.name}-") as aside:
            made = Path(aside, self.name)
            for place, image in small.items():
                (made / place).parent.mkdir(parents=True, exist_ok=True)
                (made / place).write_bytes(image)
            fingerprint = folder.survey(made).fingerprint
            if fingerprint != self.fingerprint:
                target = target.with_name(f"{self.name}-{fingerprint}")
            if not target.exists():  # else made before, with the same images
                made.rename(target)
        said = f"{target}: {len(chosen):,} images, fingerprint {fingerprint}"
        if fingerprint == self.fingerprint:
            return f"{said}, those that the records were made with."
        why = (
            "the same images, but this machine's decoder gives other pixels than that of the records"
            if self._digest_of(chosen) == DRAWN
            else "these are others than the official archive's"
        )
        return f"{said} and not {self.fingerprint}: {why}. Use it as images:{target}."

    @staticmethod
    def _digest_of(places: Iterable[str]) -> str:
        return hashlib.sha256("\n".join(sorted(places)).encode()).hexdigest()[:16]

    def _drawn(self, source: Path, places: Any) -> dict[str, str]:
        """By "split/class/name", the place that the image comes from."""
        found: dict[str, list[str]] = defaultdict(list)
        for place in places:
            class_name = place.rpartition("/")[0].rpartition("/")[2]
            if class_name in self.classes and place.lower().endswith((".jpg", ".jpeg")):
                found[class_name].append(place)
        few = [name for name in self.classes if len(found[name]) <= TRAIN]
        if few:
            raise DataError(
                f"{source} has fewer than {TRAIN + 1} JPEG images in {len(few)} of the {len(self.classes)} classes "
                f"({', '.join(few[:3])} ...); name the folder 101_ObjectCategories that the official archive holds, "
                "or its tar."
            )
        chance, drawn = random.Random(0), {}
        for class_name in self.classes:
            images = sorted(found[class_name])
            chance.shuffle(images)
            for number, place in enumerate(images[: TRAIN + TEST]):
                split = "train" if number < TRAIN else "test"
                drawn[f"{split}/{class_name}/{place.rpartition('/')[2]}"] = place
        return drawn


def _small_square(image: bytes, place: str) -> bytes:
    """The largest centred square of the picture that stands there, made small."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(image)) as opened:
            picture = opened.convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(
            f"{place} is no image that can be read ({error}); unpack the official archive again."
        ) from error
    side = min(picture.size)
    left, top = ((whole - side) // 2 for whole in picture.size)
    small = picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    small.save(written := io.BytesIO(), "JPEG", quality=QUALITY, subsampling=0)
    return written.getvalue()

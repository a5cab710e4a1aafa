"""Caltech-101 of Fei-Fei, Fergus and Perona (2004), drawn by the protocol of the transfer papers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wsnb.data.catalogue import Facts, data_set
from wsnb.data.published import Published, as_images
from wsnb.errors import DataError


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

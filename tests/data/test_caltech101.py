"""Caltech-101 as anybody draws it from the official archive: the same images, and a sentence where they are others."""

import os
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from small_sets import real_archive

from wsnb import cli
from wsnb.data import catalogue, folder, published
from wsnb.data.caltech101 import DRAWN
from wsnb.errors import DataError, InvalidValue

COUNTS = """
435 435 200 798 55 800 42 42 47 54 46 33 128 98 43 85 91 50 43 123 47 59 62 107 47 69 73 70 50 51 57 67 52 65 68 75
64 53 64 85 67 67 45 34 34 51 99 100 42 54 88 80 31 64 86 114 61 81 78 41 66 43 40 87 32 76 55 35 39 47 38 45
53 34 57 82 59 49 40 63 39 84 57 35 64 45 86 59 64 35 85 49 86 75 239 37 59 34 56 39 60
""".split()
"""How many images each class of the official archive has."""

ENTRY = catalogue.entry("caltech101-30")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WSNB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def official(counts):
    """Places as the official archive has them."""
    names = [*zip(ENTRY.classes, counts, strict=True), ("BACKGROUND_Google", 468)]
    return [
        f"101_ObjectCategories/{name}/image_{index:04d}.jpg" for name, count in names for index in range(1, count + 1)
    ]


def test_from_the_official_names_the_images_of_the_records_are_drawn():
    drawn = ENTRY._drawn("there", official(map(int, COUNTS)))
    assert ENTRY._digest_of(drawn) == DRAWN
    assert len(drawn) == sum(ENTRY.facts[:2])
    assert ENTRY._digest_of(ENTRY._drawn("there", official([int(COUNTS[0]) - 1, *map(int, COUNTS[1:])]))) != DRAWN


def test_these_are_the_archives():
    found = folder.survey(real_archive("caltech101-30.tar.xz"))
    assert ENTRY._digest_of(f"{file.split}/{file.class_name}/{file.name}" for file in found.files) == DRAWN


def put_official(place, counts=(33, 60, 31)):
    """Wide pictures, white in their centre square and black beside it."""
    for class_name, count in zip(ENTRY.classes, counts, strict=False):
        (place / class_name).mkdir(parents=True)
        for index in range(1, count + 1):
            pixels = np.zeros((70, 100, 3), dtype=np.uint8)
            pixels[:, 15:85] = 255 - index
            Image.fromarray(pixels).save(place / class_name / f"image_{index:04d}.jpg", quality=100)
    return place


def umask():
    """Asked by setting it."""
    os.umask(was := os.umask(0))
    return was


@pytest.fixture
def of_three(monkeypatch):
    monkeypatch.setattr(type(ENTRY), "classes", ENTRY.classes[:3])


@pytest.mark.parametrize("form", ["folder", "tar"])
def test_what_is_made_has_the_centre_square_of_thirty_and_at_most_twenty_of_each_class(
    of_three, form, tmp_path, own_folder
):
    source = put_official(tmp_path / "101_ObjectCategories")
    if form == "tar":
        shutil.make_archive(str(source), "gztar", tmp_path, source.name)
        source = tmp_path / "101_ObjectCategories.tar.gz"
    done = CliRunner().invoke(cli.app, ["data", "make", "caltech101-30", str(source)])
    assert done.exit_code == 0, done.output
    [made] = own_folder.iterdir()
    assert "114 images" in done.output and "others than the official archive's" in done.output
    assert f"Use it as images:{made}" in done.output
    found, pixels = folder.read(made)
    counts = [sum((file.split, file.class_name) == (split, name) for file in found.files)
              for split in ("train", "test") for name in ENTRY.classes]  # fmt: skip
    assert counts == [30, 30, 30, 3, 20, 1]
    assert pixels.train_images.shape[1:] == (3, 64, 64) and pixels.train_images.min() > 150


def test_what_a_decoder_of_another_kind_makes_is_not_called_the_records(of_three, monkeypatch, tmp_path, own_folder):
    source = put_official(tmp_path / "101_ObjectCategories")
    places = [f"{path.parent.name}/{path.name}" for path in source.rglob("*.jpg")]
    drawn = ENTRY._digest_of(ENTRY._drawn(source, places))
    monkeypatch.setattr("wsnb.data.caltech101.DRAWN", drawn)
    said = ENTRY.make(source)
    assert "decoder gives other pixels" in said and not (own_folder / "caltech101-30").exists()
    [made] = own_folder.iterdir()
    assert ENTRY.make(source) == said and list(own_folder.iterdir()) == [made], "again"
    assert made.stat().st_mode & 0o777 == 0o777 & ~umask(), "for everybody who may read the data folder"
    monkeypatch.setattr(type(ENTRY), "fingerprint", folder.survey(made).fingerprint)
    assert "those that the records were made with" in ENTRY.make(source)
    monkeypatch.setattr(published, "folders", lambda: [own_folder])
    assert ENTRY.find() == own_folder / "caltech101-30"
    with pytest.raises(DataError, match="is here already"):
        ENTRY.make(source)


def test_what_is_not_the_official_archive_is_refused(of_three, tmp_path, own_folder):
    with pytest.raises(DataError, match=r"fewer than 31 JPEG images in 1 of the 3 classes \(Leopards"):
        ENTRY.make(put_official(tmp_path / "few", (33, 60, 30)))
    with pytest.raises(DataError, match="There is no folder or archive"):
        ENTRY.make(tmp_path / "nowhere")
    (put_official(tmp_path / "broken") / "Leopards" / "image_0001.jpg").write_bytes(b"no JPEG")
    with pytest.raises(DataError, match="Leopards/image_0001.jpg"):
        ENTRY.make(tmp_path / "broken")
    assert not list(own_folder.iterdir())
    with pytest.raises(InvalidValue, match="CIFAR-10 is not drawn from another set. Get it with"):
        catalogue.entry("cifar10").make(tmp_path)

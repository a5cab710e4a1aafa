"""The catalogue: names, titles and fingerprints with none of the data at hand, and sets of one's own."""

import subprocess
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import torch
from PIL import Image
from small import photos
from small_sets import noise

import wsnb.data.folder
from wsnb.data import catalogue
from wsnb.data.catalogue import DataSet, data_set
from wsnb.data.image_set import check, load
from wsnb.data.part import Part
from wsnb.errors import DataError, InvalidValue

TITLES = {
    "caltech101-30": "Caltech-101 (30 a class)",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "digits": "scikit-learn digits",
    "fashion-mnist": "Fashion-MNIST",
    "svhn": "SVHN",
}

FINGERPRINTS = {
    "caltech101-30": "bc9baa461143c6b6",
    "cifar10": "42265908afd81ffd",
    "cifar100": "499c9b49efdafeb8",
    "digits": "07f14f739a67e154",
    "fashion-mnist": "baf872bd853c1dfe",
    "svhn": "8e2f43b94bba7311",
}


@pytest.fixture(autouse=True)
def catalogue_as_it_was(monkeypatch):
    monkeypatch.setattr(catalogue, "_sets", dict(catalogue._sets))
    yield
    catalogue.facts.cache_clear()


def fingerprint_of(name):
    return catalogue.identity(name)["fingerprint"]


def of_the_package():
    return [name for name in catalogue.names() if type(catalogue.entry(name)).__module__.startswith("wsnb.")]


def test_pages_print_each_title_as_agreed():
    assert {name: catalogue.title(name) for name in of_the_package()} == TITLES


def test_a_fingerprint_never_changes_since_records_are_keyed_by_it():
    assert {name: catalogue.identity(name) for name in of_the_package()} == {
        name: {"fingerprint": fingerprint} for name, fingerprint in FINGERPRINTS.items()
    }


def test_the_catalogue_is_quick_to_import_and_needs_nothing_that_reads_images():
    heavy = "torch", "torchvision", "sklearn", "PIL", "numpy"
    program = (
        "import sys; from wsnb.data import catalogue; from wsnb.data.part import Part; from wsnb.data.augment import "
        "Augment; [(Part(name).canonical(), catalogue.facts(name), catalogue.whereabouts(name)) for name in "
        f"catalogue.names()]; print([name for name in {heavy} if name in sys.modules])"
    )
    root = Path(wsnb.data.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_classes_are_as_many_as_the_sets_have_and_all_different():
    for name in of_the_package():
        entry = catalogue.entry(name)
        assert len(set(entry.classes)) == len(entry.classes) == entry.facts.classes == catalogue.facts(name).classes
    assert [catalogue.facts(name).classes for name in TITLES] == [101, 10, 100, 10, 10, 10]


@pytest.mark.parametrize("name", ["cifar-10", "", "images", "images:", "CIFAR10", "imagenet"])
def test_an_unknown_name_is_refused_with_those_allowed(name):
    with pytest.raises(InvalidValue) as refused:
        catalogue.check_name(name)
    for word in (repr(name), *catalogue.names(), "images:PATH"):
        assert word in str(refused.value)


def test_a_near_miss_is_named():
    with pytest.raises(InvalidValue, match="Did you mean 'cifar10'"):
        catalogue.check_name("cifar_10")
    with pytest.raises(InvalidValue, match="Did you mean 'digits'"):
        Part("digit")


def test_only_named_sets_have_an_entry(tmp_path):
    with pytest.raises(InvalidValue, match="images of your own"):
        catalogue.entry(f"images:{tmp_path}")


# Sets of one's own --------------------------------------------------------------------------------


def blobs(seed=0, **more):
    """A set of one's own, as a notebook defines it."""

    @data_set("blobs")
    class Blobs(DataSet):
        def read(self):
            return noise(20 + seed, 10, side=8)

    for name, value in more.items():
        setattr(Blobs, name, value)
    return Blobs


def test_a_set_of_ones_own_is_known_by_its_pixels():
    blobs()
    first = catalogue.identity("blobs")
    assert len(first["fingerprint"]) == 16 and Part("blobs").canonical()["fingerprint"] == first["fingerprint"]
    assert catalogue.facts("blobs") == (20, 10, 10, (3, 8, 8)) and catalogue.title("blobs") == "blobs"
    images = load("blobs")
    assert images.classes == tuple("0123456789") and images.title == "blobs"
    assert images.train_labels.tolist() == sorted(noise(20, 10).train_labels.tolist())
    assert "blobs (in the code that defines it) is here and right: 20 training and 10 test" in check("blobs")
    blobs(seed=1)
    assert catalogue.identity("blobs") != first and catalogue.facts("blobs").train_images == 21


def test_its_pixels_are_read_once_for_its_fingerprint_and_facts():
    reads = []
    read = blobs().read
    catalogue._sets["blobs"].read = lambda: reads.append(1) or read(None)
    for _ in range(3):
        catalogue.identity("blobs"), catalogue.facts("blobs")
    assert len(reads) == 1


def test_it_may_say_more_of_itself():
    blobs(title="Blobs", classes=tuple("abcdefghij"), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    assert catalogue.identity("blobs")["normalization"] == [[0.5] * 3, [0.25] * 3]
    assert Part("blobs").canonical()["normalization"] == [[0.5] * 3, [0.25] * 3]
    images = load("blobs")
    assert (images.title, images.classes, images.mean, images.std[0]) == (
        "Blobs",
        tuple("abcdefghij"),
        (0.5,) * 3,
        0.25,
    )


def test_one_that_reads_otherwise_each_time_is_refused():
    rng = np.random.default_rng(0)
    blobs(read=lambda self: noise(20, 10)._replace(train_images=rng.integers(0, 256, (20, 3, 32, 32), np.uint8)))
    with pytest.raises(DataError, match="blobs in the code that defines it are not those .* a fixed seed"):
        load("blobs")


def test_grey_images_channels_last_tensors_and_lists_are_taken():
    pixels = noise(20, 10, side=8)
    grey = np.repeat(pixels.train_images[:, :1], 3, axis=1)
    forms = [
        (pixels, (pixels.train_images.transpose(0, 2, 3, 1), list(pixels.train_labels), *pixels[2:])),
        (pixels, tuple(map(torch.from_numpy, pixels))),
        (pixels._replace(train_images=grey), (grey[:, 0], pixels.train_labels.astype(np.uint8), *pixels[2:])),
    ]
    for expected, given in forms:
        fingerprints = []
        for form in (expected, given):
            blobs(read=lambda self, form=form: form)
            fingerprints.append(catalogue.identity("blobs"))
        assert fingerprints[0] == fingerprints[1]


GOOD = noise(20, 10, side=8)


@pytest.mark.parametrize(
    "given, words",
    [
        (None, ["gives NoneType", "train_images, train_labels"]),
        (GOOD[:3], ["gives tuple", "test_labels"]),
        (GOOD._replace(train_images=GOOD.train_images / 255), ["train_images as float64 [20, 3, 8, 8]", "uint8"]),
        (GOOD._replace(train_images=GOOD.train_images[:, :2]), ["[20, 2, 8, 8]", "[N, H, W, 3]"]),
        (GOOD._replace(test_images=GOOD.test_images[:, 0, 0]), ["test_images as uint8 [10, 8]"]),
        (GOOD._replace(test_images=GOOD.test_images[..., :7]), ["[10, 3, 8, 7]", "H and W from 8"]),
        (GOOD._replace(test_images=GOOD.test_images[:0]), ["[0, 3, 8, 8]", "N from 1"]),
        (GOOD._replace(train_labels=GOOD.train_labels[:9]), ["train_labels as int64 [9]", "[20]"]),
        (GOOD._replace(train_labels=GOOD.train_labels * 1.0), ["float64", "whole numbers"]),
        (GOOD._replace(train_labels=GOOD.train_labels - 1), ["train_labels from -1 to 8", "from 0"]),
        (GOOD._replace(train_labels=GOOD.train_labels * 0), ["one class only"]),
        (GOOD._replace(test_images=np.zeros((10, 3, 8, 9), np.uint8)), ["[3, 8, 8] and [3, 8, 9]"]),
    ],
)
def test_what_is_no_data_set_is_refused_with_what_is(given, words):
    blobs(read=lambda self: given)
    with pytest.raises(DataError) as refused:
        catalogue.identity("blobs")
    assert all(word in str(refused.value) for word in ("read() of blobs", *words)), str(refused.value)


def test_a_label_without_a_class_is_refused():
    blobs(classes=("a", "b"))
    with pytest.raises(DataError, match="train_labels from 0 to 9; allowed: 0 to 1, as it has 2 classes"):
        load("blobs")


def test_a_name_is_needed_and_that_of_another_set_refused():
    for name in ("", "images:x", "Blobs", None):
        with pytest.raises(InvalidValue, match="The name of the data set Blobs is .*such as 'blobs'"):
            data_set(name)(blobs())
    with pytest.raises(InvalidValue, match="'digits' is taken by wsnb.data.digits.Digits"):
        data_set("digits")(type("Mine", (DataSet,), {}))
    with pytest.raises(InvalidValue, match="no data set; derive a class"):
        catalogue.register(DataSet)
    with pytest.raises(InvalidValue, match="declares a fingerprint without its classes and facts"):
        data_set("mine")(type("Mine", (DataSet,), {"fingerprint": "0" * 16}))
    assert catalogue.entry("digits").title == "scikit-learn digits" and "mine" not in catalogue.names()


def test_an_entry_travels_to_another_process_and_is_the_same_set_there(tmp_path):
    script = tmp_path / "notebook.py"
    script.write_text(
        """
import sys, cloudpickle, numpy as np
from wsnb.data import catalogue
from wsnb.data.catalogue import DataSet, data_set

@data_set("blobs")
class Blobs(DataSet):
    def read(self):
        images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8)
        return images, np.arange(20) % 2, images[:5], np.arange(5) % 2

fingerprint = catalogue.identity("blobs")["fingerprint"]
sys.stdout.buffer.write(cloudpickle.dumps((catalogue.entry("blobs"), fingerprint)))
"""
    )
    root = Path(wsnb.data.__file__).parents[2]
    command = [sys.executable, "-c", f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"]
    sent = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    entry, fingerprint = cloudpickle.loads(sent)
    catalogue.register(entry)
    assert catalogue.identity("blobs")["fingerprint"] == fingerprint and len(sent) < 5_000
    catalogue.register(cloudpickle.loads(sent)[0])
    assert len(load("blobs").train_images) == 20


# images:PATH --------------------------------------------------------------------------------------


def test_facts_of_images_are_known_by_decoding_one(tmp_path, monkeypatch):
    name = photos(tmp_path / "a")
    decoded = []
    really = wsnb.data.folder._pixels
    monkeypatch.setattr(wsnb.data.folder, "_pixels", lambda *given: decoded.append(1) or really(*given))
    assert catalogue.facts(name) == (16, 4, 2, (3, 8, 8)) and catalogue.facts(name, 16).image_shape == (3, 16, 16)
    assert catalogue.facts(name) == (16, 4, 2, (3, 8, 8)) and len(decoded) == 2


def test_images_at_two_places_make_the_same_part(tmp_path):
    assert Part(photos(tmp_path / "a")).canonical() == Part(photos(tmp_path / "b")).canonical()


def test_a_changed_image_changes_the_fingerprint_within_one_process(tmp_path):
    name = photos(tmp_path / "a")
    before = fingerprint_of(name)
    assert fingerprint_of(name) == before
    Image.new("RGB", (8, 8), "white").save(tmp_path / "a" / "cat" / "0.png")
    assert fingerprint_of(name) != before


def test_the_fingerprint_of_unchanged_images_is_computed_once(tmp_path, monkeypatch):
    name = photos(tmp_path / "a")
    before = fingerprint_of(name)
    monkeypatch.setattr("wsnb.data.folder._opened", None)
    assert fingerprint_of(name) == before


def test_a_path_that_is_not_there_is_named_with_its_near_miss(tmp_path):
    photos(tmp_path / "photos")
    with pytest.raises(DataError, match=r"phottos;.*Did you mean 'photos'\?"):
        fingerprint_of(f"images:{tmp_path / 'phottos'}")


def test_a_tilde_in_a_path_is_the_home_folder(tmp_path, monkeypatch):
    name = photos(tmp_path / "photos")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fingerprint_of("images:~/photos") == fingerprint_of(name)

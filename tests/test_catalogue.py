"""The catalogue: names, titles and fingerprints, with none of the data at hand."""

import dataclasses
import subprocess
import sys

import pytest
from PIL import Image

from wsnb import catalogue
from wsnb.errors import DataError, InvalidValue
from wsnb.trials import Part

TITLES = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "svhn": "SVHN",
    "digits": "scikit-learn digits",
    "cifar10-q75": "CIFAR-10 (JPEG q75)",
}

FINGERPRINTS = {
    "cifar10": "a4b030ef26bb1912",
    "cifar100": "343e8c098e8bdcf4",
    "svhn": "8e2f43b94bba7311",
    "digits": "ce6862e98146238e",
    "cifar10-q75": "7ac9ba48220746f0",
}


def folder_of_images(root):
    for number, class_name in enumerate(("cat", "dog")):
        (root / class_name).mkdir(parents=True)
        for index in range(5):
            Image.new("RGB", (8, 8), (number * 100, index * 10, 0)).save(root / class_name / f"{index}.png")
    return root


def test_pages_print_each_title_as_agreed():
    assert {name: catalogue.entry(name).title for name in catalogue.names()} == TITLES


def test_a_fingerprint_never_changes_since_records_are_keyed_by_it():
    assert {name: catalogue.fingerprint(name) for name in catalogue.names()} == FINGERPRINTS


def test_the_catalogue_is_quick_to_import_and_needs_nothing_that_reads_images():
    heavy = "torch", "torchvision", "sklearn", "PIL", "numpy"
    # Past the package's own __init__, which offers much more than the catalogue.
    program = (
        "import sys, types, pathlib; package = types.ModuleType('wsnb'); "
        f"package.__path__ = [{str(catalogue.__file__.rpartition('/')[0])!r}]; sys.modules['wsnb'] = package; "
        "from wsnb import catalogue; [catalogue.fingerprint(name) for name in catalogue.names()]; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_declared_checksums_are_those_that_torchvision_verifies():
    from torchvision import datasets

    for name, known in (("cifar10", datasets.CIFAR10), ("cifar100", datasets.CIFAR100)):
        listed = [tuple(pair) for pair in known.train_list + known.test_list]
        listed.append((known.meta["filename"], known.meta["md5"]))
        assert catalogue.entry(name).files == tuple((f"{known.base_folder}/{file}", md5) for file, md5 in listed)
    listed = [datasets.SVHN.split_list[split][1:] for split in ("train", "test")]
    assert catalogue.entry("svhn").files == tuple(map(tuple, listed))


def test_a_checksum_fingerprint_depends_on_every_sum_and_not_on_their_order():
    files = catalogue.entry("cifar10").files
    assert catalogue.checksum_fingerprint(files[::-1]) == catalogue.fingerprint("cifar10")
    for index in range(len(files)):
        changed = [*files[:index], (files[index][0], "0" * 32), *files[index + 1 :]]
        assert catalogue.checksum_fingerprint(tuple(changed)) != catalogue.fingerprint("cifar10")


def test_classes_are_as_many_as_the_sets_have_and_all_different():
    assert {name: len(set(catalogue.entry(name).classes)) for name in catalogue.names()} == {
        "cifar10": 10,
        "cifar100": 100,
        "svhn": 10,
        "digits": 10,
        "cifar10-q75": 10,
    }


def test_an_entry_cannot_be_altered():
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalogue.entry("digits").title = "MNIST"


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
    with pytest.raises(InvalidValue, match="a set of your own"):
        catalogue.entry(f"images:{tmp_path}")


def test_images_at_two_places_make_the_same_part(tmp_path):
    here, there = folder_of_images(tmp_path / "a"), folder_of_images(tmp_path / "b")
    assert Part(f"images:{here}").canonical() == Part(f"images:{there}").canonical()


def test_a_changed_image_changes_the_fingerprint_within_one_process(tmp_path):
    name = f"images:{folder_of_images(tmp_path / 'a')}"
    before = catalogue.fingerprint(name)
    assert catalogue.fingerprint(name) == before
    Image.new("RGB", (8, 8), "white").save(tmp_path / "a" / "cat" / "0.png")
    assert catalogue.fingerprint(name) != before


def test_the_fingerprint_of_unchanged_images_is_computed_once(tmp_path, monkeypatch):
    name = f"images:{folder_of_images(tmp_path / 'a')}"
    before = catalogue.fingerprint(name)
    monkeypatch.setattr("wsnb.image_files._members", None)
    assert catalogue.fingerprint(name) == before


def test_a_path_that_is_not_there_is_named_with_its_near_miss(tmp_path):
    folder_of_images(tmp_path / "photos")
    with pytest.raises(DataError, match=r"phottos;.*Did you mean 'photos'\?"):
        catalogue.fingerprint(f"images:{tmp_path / 'phottos'}")


def test_a_tilde_in_a_path_is_the_home_folder(tmp_path, monkeypatch):
    folder_of_images(tmp_path / "photos")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert catalogue.fingerprint("images:~/photos") == catalogue.fingerprint(f"images:{tmp_path / 'photos'}")

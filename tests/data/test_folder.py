"""Folders and archives of images: what is read, and what is refused with a sentence."""

import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from wsnb.data import folder as folders
from wsnb.errors import DataError, InvalidValue

ENDINGS = [".zip", ".tar", ".tar.xz", ".tar.gz", ".tgz", ".txz"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WSNB_CACHE", str(tmp_path / "cache"))


def png(colour=0, size=(8, 8), mode="RGB", kind="PNG", **options):
    """The bytes of an image; an int makes a pattern of its own, so that no two images are alike."""
    if isinstance(colour, int):
        noise = np.random.default_rng(colour).integers(0, 256, (size[1], size[0], 3), np.uint8)
        image = Image.fromarray(noise).convert(mode)
    else:
        image = Image.new(mode, size, colour)
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def tree(classes=("cat", "dog"), images=5, splits=("",)):
    """Files by place: ``images`` of each class, in each of the splits."""
    places = [
        f"{split}{class_name}/{index}.png" for split in splits for class_name in classes for index in range(images)
    ]
    return {place: png(zlib.crc32(place.encode())) for place in places}


BOTH = ("train/", "test/")


def as_folder(root, files):
    for place, content in files.items():
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def as_archive(path, files):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for place, content in files.items():
                archive.writestr(place, content)
        return path
    compression = {".xz": "xz", ".txz": "xz", ".gz": "gz", ".tgz": "gz"}.get(path.suffix, "")
    with tarfile.open(path, f"w:{compression}") as archive:
        for place, content in files.items():
            member = tarfile.TarInfo(place)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def tar_with(path, member, files=None):
    """A tar of good files and one odd member."""
    as_archive(path, files or tree())
    with tarfile.open(path, "a") as archive:
        archive.addfile(member)
    return path


def read(path, resize=None):
    return folders.decode(folders.survey(path), resize)


def refused(path, *words, resize=None):
    """The sentence with which ``path`` is refused, which has to hold all ``words`` and the path."""
    with pytest.raises(DataError) as error:
        read(path, resize)
    sentence = str(error.value)
    for word in (str(path), *words):
        assert word in sentence
    return sentence


def places(found, split):
    return [file.place for file in found.files if file.split == split]


# What is read -------------------------------------------------------------------------------------


def test_pixels_and_labels_are_those_of_the_files_in_order(tmp_path):
    files = tree(splits=BOTH, images=3)
    pixels = read(as_folder(tmp_path / "a", files))
    expected = [np.asarray(Image.open(io.BytesIO(files[place]))).transpose(2, 0, 1) for place in sorted(files)]
    assert np.array_equal(pixels.test_images, expected[:6]) and np.array_equal(pixels.train_images, expected[6:])
    assert pixels.train_labels.tolist() == pixels.test_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert pixels.train_images.dtype == np.uint8 and pixels.train_labels.dtype == np.int64


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_in_any_order_is_the_same_as_its_folder(tmp_path, ending):
    files = tree(images=6)
    folder = as_folder(tmp_path / "a", files)
    archive = as_archive(tmp_path / f"b{ending}", dict(reversed(files.items())))
    assert folders.survey(archive).fingerprint == folders.survey(folder).fingerprint
    assert np.array_equal(read(archive).train_images, read(folder).train_images)
    assert np.array_equal(read(archive).test_labels, read(folder).test_labels)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", f"b{ending}"]  # nothing is extracted


def test_folders_around_the_layout_are_no_part_of_it(tmp_path):
    plain = as_folder(tmp_path / "a", tree(splits=BOTH))
    wrapped = as_archive(tmp_path / "b.zip", {f"my/photos/{place}": data for place, data in tree(splits=BOTH).items()})
    assert folders.survey(wrapped).classes == ("cat", "dog")
    assert folders.survey(wrapped).fingerprint == folders.survey(plain).fingerprint


def test_folders_inside_a_class_belong_to_it(tmp_path):
    files = {f"{name}/monday/{index}.png": png(index) for name in ("cat", "dog") for index in range(2)}
    found = folders.survey(as_folder(tmp_path / "a", files))
    assert found.classes == ("cat", "dog") and found.files[0].name.startswith("monday/")


@pytest.mark.parametrize("names", [("Train", "Test"), ("training", "testing"), ("TRAIN", "val")])
def test_folders_that_look_like_parts_of_the_data_are_no_classes_without_a_word(tmp_path, names):
    files = {f"{name}/{animal}/0.png": png(0) for name in names for animal in ("cat", "dog")}
    with pytest.raises(DataError, match="which look like parts of the data; call them 'train' and 'test'"):
        folders.survey(as_folder(tmp_path / "a", files))


def test_what_desktops_and_cameras_leave_behind_is_passed_over_and_counted(tmp_path):
    hidden = {".DS_Store": b"x", "cat/.ds_store": b"x", "__MacOSX/cat/._0.png": b"x", "__MacOSX/1.png": b"x"}
    hidden |= {".git/config": b"x", "cat/Thumbs.db": b"x", "DESKTOP.INI": b"x", "dog/IMG_1.AAE": b"x"}
    hidden |= {"$RECYCLE.BIN/1.png": b"x", "lost+found/1": b"x", "cat/0.png~": b"x", "cat/0.png:Zone.Identifier": b"x"}
    plain = folders.survey(as_folder(tmp_path / "plain", tree()))
    assert plain.passed_over == 0
    for path in (
        as_folder(tmp_path / "a", tree() | hidden),
        as_archive(tmp_path / "a.zip", tree() | hidden),
        as_archive(tmp_path / "a.tar.gz", tree() | hidden),
    ):
        found = folders.survey(path)
        assert (found.files, found.fingerprint, found.passed_over) == (plain.files, plain.fingerprint, 11)
        read(path)


@pytest.mark.parametrize(
    ("mode", "kind", "colour", "seen"),
    [
        ("L", "PNG", 100, (100, 100, 100)),
        ("1", "PNG", 1, (255, 255, 255)),
        ("LA", "PNG", (100, 0), (100, 100, 100)),
        ("RGBA", "PNG", (10, 20, 30, 0), (10, 20, 30)),
        ("RGB", "BMP", (10, 20, 30), (10, 20, 30)),
        ("RGB", "PPM", (10, 20, 30), (10, 20, 30)),
        ("RGB", "TIFF", (10, 20, 30), (10, 20, 30)),
        ("CMYK", "TIFF", (0, 0, 0, 0), (255, 255, 255)),
    ],
)
def test_every_kind_of_image_becomes_rgb(tmp_path, mode, kind, colour, seen):
    stream = io.BytesIO()
    Image.new(mode, (8, 8), colour).save(stream, kind)
    pixels = read(as_folder(tmp_path / "a", tree(splits=BOTH) | {"train/cat/0.png": stream.getvalue()}))
    assert pixels.train_images[0, :, 3, 3].tolist() == list(seen)


def test_a_palette_with_transparency_becomes_rgb_without_a_warning(tmp_path, recwarn):
    stream = io.BytesIO()
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 150, 50])
    image.save(stream, "PNG", transparency=b"\x00\x80")
    pixels = read(as_folder(tmp_path / "a", tree(splits=BOTH) | {"train/cat/0.png": stream.getvalue()}))
    assert pixels.train_images[0, :, 0, 0].tolist() == [200, 150, 50] and not recwarn.list


def test_the_orientation_that_a_camera_wrote_is_applied(tmp_path):
    image = Image.new("RGB", (16, 8), "black")
    image.paste("white", (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: what is left comes on top
    stream = io.BytesIO()
    image.save(stream, "PNG", exif=exif)
    files = {f"{split}{name}/1.png": stream.getvalue() for split in BOTH for name in ("cat", "dog")}
    pixels = read(as_folder(tmp_path / "a", files))
    assert pixels.train_images.shape[2:] == (16, 8)
    assert pixels.train_images[0, 0, 0, 0] == 255 and pixels.train_images[0, 0, 15, 0] == 0


def test_resize_makes_every_image_a_square_of_that_side(tmp_path):
    files = tree() | {"cat/0.png": png((250, 0, 0), (40, 20)), "dog/0.png": png((0, 250, 0), (9, 64))}
    pixels = read(as_folder(tmp_path / "a", files), resize=16)
    assert pixels.train_images.shape[1:] == pixels.test_images.shape[1:] == (3, 16, 16)
    both = np.concatenate([pixels.train_images, pixels.test_images]).reshape(10, 3, -1)
    assert any((image == np.array([[250], [0], [0]])).all() for image in both)


def test_images_of_one_size_need_not_be_square(tmp_path):
    files = {place: png(index, (12, 9)) for index, place in enumerate(tree())}
    assert read(as_folder(tmp_path / "a", files)).train_images.shape[1:] == (3, 9, 12)


def test_links_in_a_folder_are_followed(tmp_path):
    folder = as_folder(tmp_path / "a", tree())
    before = folders.survey(folder).fingerprint
    (folder / "cat").rename(tmp_path / "elsewhere")
    (folder / "cat").symlink_to(tmp_path / "elsewhere")
    assert folders.survey(folder).fingerprint == before


# The held-out test images -------------------------------------------------------------------------


def test_a_fifth_of_each_class_is_held_out_by_name_alone(tmp_path):
    files = tree(images=20)
    found = folders.survey(as_folder(tmp_path / "a", files))
    test = places(found, "test")
    assert sum(place.startswith("cat/") for place in test) == sum(place.startswith("dog/") for place in test) == 4
    assert not set(test) & set(places(found, "train")) and len(found.files) == 40
    others = {place: png(index) for index, place in enumerate(files)}
    assert places(folders.survey(as_archive(tmp_path / "other.zip", others)), "test") == test


def test_the_held_out_files_are_the_documented_ones(tmp_path):
    found = folders.survey(as_folder(tmp_path / "a", tree(images=10)))
    assert places(found, "test") == ["cat/0.png", "cat/8.png", "dog/5.png", "dog/7.png"]


def test_an_image_more_moves_at_most_one_image_between_the_splits(tmp_path):
    before = set(places(folders.survey(as_folder(tmp_path / "a", tree(images=20))), "test"))
    after = set(places(folders.survey(as_folder(tmp_path / "a", tree(images=21))), "test"))
    assert len(before - after) <= 1


def test_a_train_folder_alone_is_split_too(tmp_path):
    found = folders.survey(as_folder(tmp_path / "a", tree(splits=("train/",))))
    assert found.classes == ("cat", "dog") and len(places(found, "test")) == 2


# The fingerprint ----------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["bytes", "name", "class", "split", "one less"])
def test_the_fingerprint_changes_with_whatever_a_training_sees(tmp_path, change):
    files = tree(splits=BOTH)
    before = folders.survey(as_folder(tmp_path / "a", files)).fingerprint
    content = files.pop("train/cat/0.png")
    files |= {
        "bytes": {"train/cat/0.png": png(12345)},
        "name": {"train/cat/9.png": content},
        "class": {"train/dog/9.png": content},
        "split": {"test/cat/9.png": content},
        "one less": {},
    }[change]
    assert folders.survey(as_folder(tmp_path / "b", files)).fingerprint != before


@settings(max_examples=15)
@given(order=st.permutations(sorted(tree(images=3))))
def test_the_fingerprint_is_a_constant_of_the_files_in_any_order(tmp_path_factory, order):
    path = as_archive(tmp_path_factory.mktemp("order") / "a.tar", {place: place.encode() for place in order})
    assert folders.survey(path).fingerprint == "823b02b044f35831"


# What is refused ----------------------------------------------------------------------------------


def test_a_file_that_is_no_image_is_named(tmp_path):
    for name in ("notes.txt", "5.png", "5.mov"):
        refused(as_folder(tmp_path / name, tree() | {f"cat/{name}": b"not an image"}), f"cat/{name}", "no image")
        refused(as_archive(tmp_path / f"{name}.zip", tree() | {f"cat/{name}": b""}), f"cat/{name}", "no image")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_an_image_cut_short_is_named(tmp_path, kind):
    whole = png(1, (32, 32), kind=kind)
    refused(as_folder(tmp_path / "a", tree() | {"cat/5.x": whole[: len(whole) // 2]}), "cat/5.x")


def test_a_file_outside_the_classes_is_named(tmp_path):
    refused(as_folder(tmp_path / "a", tree() | {"labels.csv": b"x"}), "labels.csv", "outside")
    refused(as_folder(tmp_path / "b", tree(splits=BOTH) | {"train/0.png": png()}), "train/0.png", "outside")
    refused(as_folder(tmp_path / "c", tree(splits=BOTH) | {"0.png": png()}), "'0.png'", "train and test")


def test_mixed_sizes_name_two_images_both_sizes_and_the_remedy(tmp_path):
    files = tree() | {"dog/3.png": png(0, (20, 10))}
    refused(as_folder(tmp_path / "a", files), "cat/1.png is 8x8", "dog/3.png is 20x10", "resize=32")


def test_too_small_an_image_is_refused_unless_it_is_resized(tmp_path):
    path = as_folder(tmp_path / "a", {place: png(index, (8, 5)) for index, place in enumerate(tree())})
    refused(path, "cat/1.png", "8x5", "resize=32")
    assert read(path, resize=32).train_images.shape[2:] == (32, 32)
    with pytest.raises(InvalidValue, match="resize is 4; allowed: a side of 8"):
        read(path, resize=4)


def test_grey_of_16_bits_is_refused_rather_than_clipped(tmp_path):
    stream = io.BytesIO()
    Image.fromarray(np.full((8, 8), 1000, np.uint16)).save(stream, "PNG")
    refused(as_folder(tmp_path / "a", tree() | {"cat/5.png": stream.getvalue()}), "cat/5.png", "8 bits")


@pytest.mark.filterwarnings("ignore:Image size")
@pytest.mark.parametrize("side", [9_000, 10_000, 60_000])
def test_an_image_that_would_fill_the_memory_is_refused_before_it_is_decoded(tmp_path, side):
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    refused(as_folder(tmp_path / "a", tree() | {"cat/5.png": bomb}), "cat/5.png", "pixels")


@pytest.mark.parametrize("ending", ["", ".zip", ".tar"])
def test_too_large_a_file_is_refused_before_it_is_read(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(folders, "MOST_BYTES", 10_000)
    files = tree() | {"cat/5.png": bytes(10_001)}
    path = as_archive(tmp_path / f"a{ending}", files) if ending else as_folder(tmp_path / "a", files)
    refused(path, "cat/5.png", "10,001 bytes")


def test_a_class_with_no_image_is_named(tmp_path):
    folder = as_folder(tmp_path / "a", tree())
    (folder / "emu").mkdir()
    refused(folder, "no image in the folder emu")
    (folder / "emu" / ".hidden").write_bytes(b"x")
    refused(folder, "no image in the folder emu")
    split = as_folder(tmp_path / "b", tree(splits=BOTH))
    (split / "test" / "emu").mkdir()
    refused(split, "no image in the folder test/emu")
    train = as_folder(tmp_path / "c", tree(splits=("train/",)))
    (train / "test").mkdir()
    refused(train, "no image in the folder test")
    with zipfile.ZipFile(as_archive(tmp_path / "a.zip", tree()), "a") as archive:
        archive.mkdir("emu")
    refused(tmp_path / "a.zip", "no image in the folder emu")


def test_an_empty_folder_beside_a_lone_class_is_not_overlooked(tmp_path):
    folder = as_folder(tmp_path / "a", {f"cat/{day}/{index}.png": png() for day in ("mon", "tue") for index in (1, 2)})
    (folder / "dog").mkdir()
    refused(folder, "no image in the folder dog")


def test_train_and_test_with_different_classes_are_named(tmp_path):
    files = tree(splits=BOTH) | {"train/emu/0.png": png(), "test/fox/0.png": png()}
    refused(as_folder(tmp_path / "a", files), "only in train: emu", "only in test: fox")
    refused(as_folder(tmp_path / "b", tree(splits=("test/",))), "no images in 'train'")
    refused(as_folder(tmp_path / "c", tree(splits=(*BOTH, "val/"))), "'val'", "train and test")


def test_fewer_than_two_classes_are_refused(tmp_path):
    refused(as_folder(tmp_path / "a", tree(classes=("cat",))), "one class only, 'cat'")
    refused(as_folder(tmp_path / "b", tree(classes=("cat",), splits=BOTH)), "one class only, 'cat'")
    (tmp_path / "c").mkdir()
    refused(tmp_path / "c", "no images")
    refused(as_archive(tmp_path / "c.zip", {}), "no images")


def test_a_class_of_one_image_cannot_be_split(tmp_path):
    refused(as_folder(tmp_path / "a", tree() | {"emu/0.png": png()}), "one image in class 'emu'")


def test_a_path_to_nothing_names_the_near_miss(tmp_path):
    as_folder(tmp_path / "photos", tree())
    refused(tmp_path / "photo", "no folder or archive", "Did you mean 'photos'?")
    refused(tmp_path / "nowhere" / "at all", "no folder or archive")


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    refused(tmp_path / "a.rar", "no archive", ".tar.xz")


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_that_is_none_is_refused(tmp_path, ending):
    (tmp_path / f"a{ending}").write_bytes(b"no archive, whatever its name says" * 100)
    refused(tmp_path / f"a{ending}", "damaged")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.5, 0.9, 0.97])
def test_an_archive_cut_short_is_refused(tmp_path, ending, kept):
    path = as_archive(tmp_path / f"a{ending}", tree())
    whole = path.read_bytes()
    if ending == ".tar":  # without the filling at its end, which says nothing
        whole = whole[: whole.rindex(b"IEND") + 512]
    path.write_bytes(whole[: int(len(whole) * kept)])
    refused(path, "damaged")


def test_a_tar_cut_between_two_members_is_refused(tmp_path):
    path = as_archive(tmp_path / "a.tar", tree())
    with tarfile.open(path) as archive:
        begins = [member.offset for member in archive]
    path.write_bytes(path.read_bytes()[: begins[-1]])
    refused(path, "damaged")


@pytest.mark.parametrize("ending", [".zip", ".tar.xz", ".tar.gz"])
def test_a_flipped_bit_is_noticed_anywhere_in_the_images(tmp_path, ending):
    path = as_archive(tmp_path / f"a{ending}", tree(images=2))
    whole = path.read_bytes()
    content = whole.index(b"PK\x01\x02") if ending == ".zip" else len(whole)
    good = folders.survey(path).fingerprint
    for position in range(100, content, max(1, content // 40)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        try:
            assert folders.survey(path).fingerprint == good  # it hit a time stamp or suchlike
        except DataError:
            pass


def test_a_damaged_header_does_not_pass_for_the_end_of_a_tar(tmp_path):
    path = as_archive(tmp_path / "a.tar", tree())
    with tarfile.open(path) as archive:
        begins = [member.offset for member in archive]
    whole = bytearray(path.read_bytes())
    whole[begins[6]] ^= 1
    path.write_bytes(whole)
    refused(path, "damaged")


@pytest.mark.parametrize("name", ["../cat/9.png", "cat/../../9.png", "/cat/9.png", "..\\9.png", "C:/cat/9.png"])
@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.xz"])
def test_a_member_that_leaves_the_archive_is_refused(tmp_path, name, ending):
    sentence = refused(as_archive(tmp_path / f"a{ending}", tree() | {name: png()}), "leaves the archive's own folder")
    assert repr(name) in sentence or name.replace("\\", "\\\\") in sentence


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
@pytest.mark.parametrize("target", ["../../secret.png", "0.png"])
def test_a_link_or_device_in_a_tar_is_refused(tmp_path, kind, target):
    member = tarfile.TarInfo("cat/9.png")
    member.type, member.linkname = kind, target
    refused(tar_with(tmp_path / "a.tar", member), "cat/9.png", "link or a device")
    member.name = "cat/.hidden"
    refused(tar_with(tmp_path / "b.tar", member), "cat/.hidden", "link or a device")


def test_a_link_in_a_zip_is_refused(tmp_path):
    path = as_archive(tmp_path / "a.zip", tree())
    link = zipfile.ZipInfo("cat/9.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/hostname")
    refused(path, "cat/9.png", "link or a device")


def test_an_encrypted_zip_is_refused(tmp_path):
    path = as_archive(tmp_path / "a.zip", tree())
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(whole)
    refused(path, "cat/0.png", "encrypted")


def test_a_name_that_occurs_twice_is_refused(tmp_path):
    path = as_archive(tmp_path / "a.tar", tree())
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("./cat//0.png")
        archive.addfile(member)
    refused(path, "cat/0.png twice")


def test_broken_and_circular_links_in_a_folder_are_named(tmp_path):
    folder = as_folder(tmp_path / "a", tree())
    (folder / "cat" / "9.png").symlink_to("nothing")
    refused(folder, "9.png", "a link to nothing")
    (folder / "cat" / "9.png").unlink()
    (folder / "cat" / "again").symlink_to(folder)
    refused(folder, "again", "a folder that it lies in")


def test_a_pipe_in_a_folder_is_named_and_not_waited_for(tmp_path):
    folder = as_folder(tmp_path / "a", tree())
    os.mkfifo(folder / "cat" / "9.png")
    refused(folder, "9.png", "a device")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    folder = as_folder(tmp_path / "a", tree())
    (folder / "cat" / "0.png").chmod(0)
    refused(folder, "cat/0.png", "cannot be read")


def test_what_is_decoded_is_what_was_surveyed_or_an_error(tmp_path):
    folder = as_folder(tmp_path / "a", tree())
    found = folders.survey(folder)
    (folder / "cat" / "9.png").write_bytes(png())
    assert len(folders.decode(found).train_images) == 8, "an image more is none that was surveyed"
    (folder / "cat" / "2.png").write_bytes(png(99))
    with pytest.raises(DataError, match="changed while it was being read .cat/2.png did"):
        folders.decode(found)
    (folder / "cat" / "2.png").unlink()
    with pytest.raises(DataError, match="cat/2.png did"):
        folders.decode(found)


def test_an_archive_writes_no_file_under_a_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    read(as_archive(tmp_path / "a.tar.gz", tree()))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_one_reading_gives_what_survey_and_decode_give(tmp_path):
    path = as_archive(tmp_path / "a.tar.xz", tree())
    found, pixels = folders.read(path, 16)
    assert found == folders.survey(path)
    assert all(np.array_equal(*pair) for pair in zip(pixels, folders.decode(found, 16), strict=True))


@settings(max_examples=60)
@given(data=st.data())
def test_whatever_happens_to_an_archive_it_is_read_or_refused_with_a_sentence(tmp_path_factory, data):
    ending = data.draw(st.sampled_from([".zip", ".tar", ".tar.gz"]))
    path = as_archive(tmp_path_factory.mktemp("fuzz") / f"a{ending}", tree(images=2))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        read(path)
    except DataError as error:
        assert str(path) in str(error)

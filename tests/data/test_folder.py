import os
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nao import data
from nao.data import folder, images


def test_train_and_test_folders_are_parts(image_folder):
    """Colours 0 to 9 are training dogs, 10 to 19 cats, 20 to 29 test dogs."""
    dataset = data.load("folder", str(image_folder()))
    assert dataset.num_classes == 2
    assert dataset.image_shape == (3, 4, 3)
    sizes = [len(part.labels) for part in dataset.splits.values()]
    assert sizes == [18, 2, 20]
    for part, first in (("train", 0), ("validation", 0), ("test", 20)):
        split = dataset.splits[part]
        colours = split.images[:, 0, 0, 0]
        # Classes in the order of their names: cat is 0.
        is_dog = (colours >= first) & (colours < first + 10)
        np.testing.assert_array_equal(split.labels, is_dog)
    trained = np.r_[dataset.train.images, dataset.validation.images][:, 0, 0, 0]
    assert sorted(trained) == list(range(20))


@pytest.mark.parametrize("name", ["validation", "val"])
def test_a_validation_folder_is_used(image_folder, name):
    dataset = data.load("folder", str(image_folder(("train", name, "test"), 2)))
    np.testing.assert_array_equal(dataset.validation.images[:, 0, 0, 0], [6, 7, 4, 5])
    assert len(dataset.train.labels) == len(dataset.test.labels) == 4


def test_class_folders_alone_are_cut_into_three_parts(image_folder):
    dataset = data.load("folder", str(image_folder([""], 10)), validation_share=0.2)
    sizes = [len(part.labels) for part in dataset.splits.values()]
    assert sizes == [12, 4, 4]


def test_cached_equals_decoded(image_folder, monkeypatch):
    path = str(image_folder())
    decoded = data.load("folder", path)
    monkeypatch.setattr(images, "decode", None)
    again = data.load("folder", path)
    assert again.sha256() == decoded.sha256()


def test_a_relative_path_is_the_same_folder(image_folder, monkeypatch):
    root = image_folder()
    decoded = data.load("folder", str(root))
    monkeypatch.setattr(images, "decode", None)
    monkeypatch.chdir(root)
    assert data.load("folder", ".").sha256() == decoded.sha256()


def test_a_new_image_is_seen(image_folder, write_image):
    root = image_folder()
    before = data.load("folder", str(root)).sha256()
    write_image(root / "test" / "cat" / "new.png", (77, 0, 9))
    after = data.load("folder", str(root))
    assert len(after.test.labels) == 21
    assert after.sha256() != before


def test_what_is_no_image_is_left_out(image_folder, write_image):
    root = image_folder()
    (root / "train" / "cat" / "Thumbs.db").write_text("")
    (root / "train" / "cat" / "._000.png").write_text("")
    (root / "train" / ".hidden").mkdir()
    (root / "README.txt").write_text("")
    write_image(root / "train" / "cat" / "UPPER.PNG", (5, 0, 9))
    splits, num_classes = folder.load(str(root))
    assert (len(splits["train"].labels), num_classes) == (21, 2)


def test_all_that_pillow_reads_is_read(image_folder, write_image):
    """A `.jfif` beside `.jpg` was left out without a word."""
    root = image_folder()
    suffixes = [".jfif", ".jpe", ".JPEG", ".webp", ".tif", ".jp2", ".tga", ".ico"]
    for suffix in suffixes:
        size = (16, 16) if suffix == ".ico" else (4, 3)
        write_image(root / "train" / "cat" / f"new{suffix}", size=size)
    splits, _ = folder.load(str(root), 8)
    assert len(splits["train"].labels) == 20 + len(suffixes)


def test_what_is_skipped_is_said_once_a_kind(image_folder, write_image, caplog):
    root = image_folder()
    cat = root / "train" / "cat"
    for index in range(5):
        (cat / f"{index}.heic").write_text("")
    (cat / "notes").write_text("")
    os.mkfifo(cat / "pipe.png")
    write_image(cat / "more" / "000.png")
    write_image(root / "train" / "beside.png")
    splits, _ = folder.load(str(root))
    assert len(splits["train"].labels) == 20
    assert sorted(record.getMessage() for record in caplog.records) == [
        "Skipped files ending in .heic, of which Pillow reads no images (5): "
        f"{cat}/0.heic, {cat}/1.heic, {cat}/2.heic and others.",
        "Skipped files without an ending, of which Pillow reads no images (1): "
        f"{cat}/notes.",
        f"Skipped folders within class folders (1): {cat}/more.",
        f"Skipped images in no class folder (1): {root}/train/beside.png.",
        f"Skipped pipes and the like, which are no files (1): {cat}/pipe.png.",
    ]


def test_what_systems_leave_behind_is_no_class(image_folder, write_image, caplog):
    root = image_folder()
    for name in ("__MACOSX", ".ipynb_checkpoints", "@eaDir"):
        write_image(root / name / "000.png")
        write_image(root / "train" / name / "000.png")
        write_image(root / "train" / "cat" / name / "000.png")
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini"):
        (root / "train" / "cat" / name).write_text("")
    splits, num_classes = folder.load(str(root))
    assert (len(splits["train"].labels), num_classes) == (20, 2)
    assert not caplog.records


def test_ways_to_resize_are_kept_side_by_side(image_folder):
    """4x3 images of a colour: padding adds black, cropping does not."""
    path = str(image_folder())
    for resize, darkest in (("crop", 9), ("pad", 0), ("squeeze", 9), ("crop", 9)):
        dataset = data.load("folder", path, image_size=4, resize=resize)
        assert dataset.train.images[..., 2].min() == darkest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resize": "stretch"}, "must be one of crop, pad, squeeze, got 'stretch'"),
        ({"resize": "pad"}, r"data\.resize=pad needs data\.image_size, got 0"),
    ],
)
def test_resizing_that_can_not_be(options, message):
    for make in (
        lambda: data.load("folder", "x", **options),
        lambda: data.DataConfig(**options),
    ):
        with pytest.raises(ValueError, match=message):
            make()


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=40,
).filter(lambda name: name not in (".", ".."))
ENDINGS = st.sampled_from(["", ".png", ".JPG", ".gif", ".tga", ".h5", "\n", ".db"])
FILES = st.dictionaries(
    st.builds("{}{}".format, NAMES, ENDINGS),
    st.one_of(
        st.just(PNG),
        st.binary(max_size=200),
        st.builds(lambda i, b: PNG[:i] + b, st.integers(0, 69), st.binary(max_size=40)),
    ),
    max_size=4,
)


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(classes=st.dictionaries(NAMES, FILES, max_size=4))
def test_any_folder_is_a_data_set_or_an_error_of_one_line(tmp_path, classes):
    root = tmp_path / "any"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for name, files in classes.items():
        (root / name).mkdir(exist_ok=True)
        for file, content in files.items():
            (root / name / file).write_bytes(content)
    try:
        splits, _ = folder.load(str(root))
        assert splits["train"].images.dtype == np.uint8
    except ValueError as error:
        assert len(str(error)) <= 500 and str(error).isprintable()


def _empty_class(root):
    (root / "train" / "eel").mkdir()


def _unknown_class(root):
    (root / "test" / "cat").rename(root / "test" / "eel")


def _damaged(root):
    (root / "test" / "dog" / "003.png").write_bytes(b"no image")


def _two_validations(root):
    shutil.copytree(root / "test", root / "val")
    shutil.copytree(root / "test", root / "validation")


def _dangling(root):
    (root / "train" / "cat" / "link.png").symlink_to(root / "nowhere.png")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_dangling, r"link\.png can't be read: No such file"),
        (lambda root: (root / "vali").mkdir(), "parts alone, got vali beside train"),
        (
            _empty_class,
            r"Class folder .*train/eel must hold an image or more, got none",
        ),
        (_unknown_class, r"Classes of .*test must be .*, got 'eel'; known: cat, dog"),
        (_damaged, r"Image .*test/dog/003\.png can't be read: cannot identify"),
        (_two_validations, "one folder of validation images, got validation and val"),
        (lambda root: shutil.rmtree(root / "train"), "must hold a folder train beside"),
        (
            lambda root: shutil.rmtree(root / "train/cat"),
            "two classes or more, got dog",
        ),
        (shutil.rmtree, r"data\.path must be a folder of class folders, got '.*pets'"),
    ],
)
def test_a_folder_that_is_not_as_it_must_be(image_folder, change, message):
    root = image_folder()
    change(root)
    with pytest.raises(ValueError, match=message):
        data.load("folder", str(root))


def test_a_folder_must_be_given():
    with pytest.raises(
        ValueError, match=r"needs data\.path, a folder of class folders"
    ):
        data.load("folder")


CIFAR10 = os.environ.get("NAO_CIFAR10_FOLDER", "")


@pytest.mark.slow
@pytest.mark.skipif(
    not CIFAR10,
    reason="NAO_CIFAR10_FOLDER must name CIFAR-10 as train and test class folders",
)
def test_cifar10_has_its_published_mean():
    """Mean and deviation as they are commonly given, JPEG coding allowed for."""
    dataset = data.load("folder", CIFAR10)
    sizes = [len(part.labels) for part in dataset.splits.values()]
    assert sizes == [45_000, 5_000, 10_000]
    np.testing.assert_allclose(dataset.mean / 255, [0.491, 0.482, 0.447], atol=2e-3)
    np.testing.assert_allclose(
        dataset.deviation / 255, [0.247, 0.243, 0.262], atol=4e-3
    )

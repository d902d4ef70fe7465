import os
import shutil

import numpy as np
import pytest

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

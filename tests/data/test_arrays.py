import io
import os
import zipfile

import numpy as np
import pytest

from nao import data


@pytest.fixture
def save(tmp_path):
    def call(**arrays):
        path = tmp_path / "mine.npz"
        np.savez(path, **arrays)
        return str(path)

    return call


def part(name, num=4, **changes):
    pixels = np.arange(num * 6, dtype=np.uint8).reshape(num, 2, 3, 1)
    arrays = {"images": pixels, "labels": np.arange(num) % 2} | changes
    return {f"{name}{key}": array for key, array in arrays.items()}


def test_parts_are_read_as_they_are(save):
    path = save(
        **part("train_", 8), **part("validation_", 2), **part("test_", 3, other=1)
    )
    dataset = data.load("npz", path)
    np.testing.assert_array_equal(dataset.train.images, part("", 8)["images"])
    np.testing.assert_array_equal(dataset.test.labels, [0, 1, 0])
    assert dataset.validation.labels.dtype == np.int32
    assert (dataset.num_classes, dataset.image_shape) == (2, (2, 3, 1))


def test_images_and_labels_alone_are_cut(save):
    dataset = data.load("npz", save(**part("", 10)))
    assert (len(dataset.train.labels), len(dataset.test.labels)) == (8, 1)


def test_other_types_and_shapes_are_taken(save):
    """Grey without a channel axis, integers of 8 bytes, a column of labels."""
    images = np.arange(60).reshape(10, 2, 3)
    labels = np.arange(10)[:, None] % 2
    dataset = data.load("npz", save(images=images, labels=labels))
    assert dataset.train.images.dtype == np.uint8
    assert dataset.image_shape == (2, 3, 1)
    dataset = data.load("npz", save(images=images / 60, labels=labels))
    assert dataset.train.images.dtype == np.float32


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros(3)}, r"must hold train_images and train_labels, or .*has: x\."),
        ({}, "it has: nothing"),
        (part("test_"), "must hold train_images and train_labels"),
        ({"images": np.zeros((4, 2, 2))}, "must hold labels; it has: images"),
        (
            part("train_") | {"test_images": np.zeros((1, 2, 3))},
            "must hold test_labels; it has: test_images, train_",
        ),
        (part("", images=np.zeros((4, 6))), r"got shape \(4, 6\) in images of"),
        (part("", images=np.zeros((4, 3, 8, 8))), "channels last"),
        (part("", images=np.full((4, 2, 2), 256)), r"in \[0, 255\], got 256 to 256 in"),
        (part("", images=np.full((4, 2, 2), np.nan)), "must be finite"),
        (part("", images=np.full((4, 2, 2), "a")), "integers or floats, got <U1"),
        (part("", images=np.full((4, 2, 2), None)), "can't be read as .npz: Object"),
        (
            part("", labels=np.zeros(4)),
            "Labels must be integers, got float64 in labels",
        ),
        (
            part("", labels=np.array([0, 1, -1, 0])),
            r"must be in \[0, 2\*\*31\), got -1 in",
        ),
        (part("", labels=np.array([0, 1, 2**40, 0])), f"got {2**40} in"),
        (part("train_", labels=np.array([0, 1, 9, 0])), "numbered from 0, got 9 among"),
        (part("", labels=np.zeros(4, int)), "two classes or more, got 1"),
        (part("train_") | part("val_"), "holds val_images, val_labels, which no part"),
        (
            part("train_") | part("test_", images=np.zeros((4, 2, 3))),
            "must have one dtype, got uint8 in train and float32 in test",
        ),
        (part("", labels=np.eye(4, dtype=int)), r"must be \[num\], got shape \(4, 4\)"),
        (part("", labels=np.zeros(3, int)), "got 4 images and 3 labels"),
        (
            part("train_") | part("test_", labels=np.array([0, 1, 2, 0])),
            r"labels must be in \[0, 2\), got 0 to 2 in test",
        ),
        (
            part("train_") | part("test_", images=np.zeros((4, 3, 3), int)),
            "of one size in all parts",
        ),
    ],
)
def test_arrays_that_are_not_as_they_must_be(save, arrays, message):
    with pytest.raises(ValueError, match=message):
        data.load("npz", save(**arrays))


def test_a_file_of_other_things_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as file:
        file.writestr("images", "hello")
    with pytest.raises(ValueError, match=r"read as \.npz: images is no array"):
        data.load("npz", str(tmp_path / "mine.npz"))


def test_a_file_that_cannot_be_read(tmp_path, save):
    with pytest.raises(ValueError, match=r"needs data\.path, an \.npz file"):
        data.load("npz")
    with pytest.raises(
        ValueError, match=r"no\.npz can't be read as \.npz: No such file"
    ):
        data.load("npz", str(tmp_path / "no.npz"))
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(ValueError, match="holds one array"):
        data.load("npz", str(tmp_path / "one.npy"))
    path = tmp_path / "mine.npz"
    save(**part(""))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"mine\.npz can't be read"):
        data.load("npz", str(path))


def _npy(shape, content=b""):
    """An array's header that claims a shape, and other content."""
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (_npy((10**13,)), r"images must hold the 10,000,000,000,000 bytes .*, got 0"),
        (_npy((1, 2, 2), b"12345"), "images must hold the 4 bytes of .*, got 5"),
        (_npy((2**14, 2**14, 2), bytes(2**29)), "unpack to more than 268,435,456; if"),
    ],
)
def test_claims_are_compared_with_sizes_before_memory_is_taken(
    tmp_path, images, message
):
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("images.npy", images)
    with pytest.raises(ValueError, match=message) as raised:
        data.load("npz", str(path))
    assert "\n" not in str(raised.value)


def test_packed_arrays_of_zeros_are_read(tmp_path):
    """They shrink a thousand times, and are small all the same."""
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, images=np.zeros((200, 64, 64)), labels=np.arange(200) % 2)
    assert len(data.load("npz", str(path)).test.labels) == 20


def test_only_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    for name, kind in (("pipe.npz", "a named pipe"), (".", "a folder")):
        with pytest.raises(ValueError, match=rf"as \.npz: it is {kind}, not a file"):
            data.load("npz", str(tmp_path / name))

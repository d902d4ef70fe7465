import gzip
import os
import pathlib
import struct

import numpy as np
import pytest

from nao import data
from nao.data import idx

DEBIAN = pathlib.Path("/usr/share/datasets/fashion-mnist")


def write(path, array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    content = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.fixture
def mnist(tmp_path):
    """20 training and 4 test images of 2x3, numbered by their pixels."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    for part, num in (("train", 20), ("test", 4)):
        images = np.arange(num * 6).reshape(num, 2, 3)
        names = [f"{name}.gz" for name in idx.FILES[part]]
        write(folder / names[0], images)
        write(folder / names[1], np.arange(num) % 10)
    return folder


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_four_files_are_a_data_set(mnist, name):
    dataset = data.load(name, str(mnist))
    assert (dataset.name, dataset.num_classes) == (name, 10)
    sizes = [len(part.labels) for part in dataset.splits.values()]
    assert sizes == [18, 2, 4]
    np.testing.assert_array_equal(
        dataset.test.images[1, ..., 0], [[6, 7, 8], [9, 10, 11]]
    )
    np.testing.assert_array_equal(dataset.test.labels, [0, 1, 2, 3])


def test_plain_files_are_read_too(mnist):
    before = data.load("mnist", str(mnist)).sha256()
    for path in list(mnist.iterdir()):
        plain = mnist / path.stem.replace("-idx", ".idx")
        plain.write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert data.load("mnist", str(mnist)).sha256() == before


def _without_test_labels(folder):
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()


def _cut(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])


def _short(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))


def _other_format(folder):
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"<html>")


def _bomb(folder):
    packed = gzip.compress(bytes(2**20))
    (folder / "train-images-idx3-ubyte.gz").write_bytes(packed * 300)


def _many_dimensions(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(bytes([0, 0, 8, 70]) + struct.pack(">70I", *[1] * 70) + b"0")


def _claim(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", *[2**32 - 1] * 3))


def _pipe(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    path.unlink()
    os.mkfifo(path)


def _fewer_labels(folder):
    write(folder / "train-labels-idx1-ubyte.gz", np.zeros(19))


def _label_10(folder):
    write(folder / "t10k-labels-idx1-ubyte.gz", np.full(4, 10))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without_test_labels, r"must hold t10k-labels-idx1-ubyte\.gz or"),
        (_cut, r"train-images-idx3-ubyte\.gz can't be read: Compressed file ended"),
        (_short, r"must hold the 120 bytes of its shape \(20, 2, 3\), got 119"),
        (_other_format, r"must begin as MNIST's files do, 0 0 8, got \[60, 104, 116\]"),
        (_bomb, "can't be read: its .* bytes unpack to more than 268,435,456"),
        (_many_dimensions, "must have 1 to 3 dimensions, got 70"),
        (_claim, r"must hold the 7922816.* bytes of its shape .*, got 0"),
        (_pipe, r"must hold train-images-idx3-ubyte\.gz or"),
        (_fewer_labels, r"as many labels, got shapes \(20, 2, 3\) and \(19,\)"),
        (_label_10, r"labels must be in \[0, 10\), got 10 to 10 in test"),
    ],
)
def test_files_that_are_not_as_they_must_be(mnist, change, message):
    change(mnist)
    with pytest.raises(ValueError, match=message):
        data.load("mnist", str(mnist))


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"{DEBIAN} is not installed")
def test_fashion_mnist_of_debian():
    """The mean and deviation commonly given for it: 0.2860 and 0.3530."""
    dataset = data.load("fashion_mnist", str(DEBIAN))
    sizes = [len(part.labels) for part in dataset.splits.values()]
    assert sizes == [54_000, 6_000, 10_000]
    np.testing.assert_allclose(dataset.mean / 255, 0.2860, atol=1e-3)
    np.testing.assert_allclose(dataset.deviation / 255, 0.3530, atol=1e-3)

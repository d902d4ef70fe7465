import gzip
import hashlib
import io
import shutil
import struct
import tarfile

import numpy as np
import pytest

from nao import data
from nao.data import archives, idx, prepared


def _pixels(num, *shape):
    return np.random.default_rng(num).integers(0, 256, (num, *shape), dtype=np.uint8)


def _cifar(path, members, num_labels):
    """A tar of binary rows: labels (of 10 classes), then the colours one by one."""
    with tarfile.open(path, "w:gz") as tar:
        for member, num in members.items():
            images = _pixels(num, 32, 32, 3).transpose(0, 3, 1, 2).reshape(num, -1)
            labels = np.arange(num, dtype=np.uint8)[:, None] % 10
            labels = np.repeat(labels, num_labels, 1)
            content = np.concatenate([labels, images], 1).tobytes()
            info = tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def _write_cifar10(folder):
    members = {f"cifar-10-batches-bin/data_batch_{n}.bin": 4 for n in range(1, 6)}
    members["cifar-10-batches-bin/test_batch.bin"] = 3
    _cifar(folder / "cifar-10-binary.tar.gz", members, 1)


def _write_cifar100(folder):
    members = {"cifar-100-binary/train.bin": 20, "cifar-100-binary/test.bin": 3}
    _cifar(folder / "cifar-100-binary.tar.gz", members, 2)


def _write_svhn(folder):
    from scipy.io import savemat

    for split, num in (("train", 20), ("test", 3)):
        # The digit 0 is written as 10.
        labels = (np.arange(num) - 1) % 10 + 1
        images = np.moveaxis(_pixels(num, 32, 32, 3), 0, -1)
        savemat(
            folder / f"{split}_32x32.mat",
            {"X": images, "y": labels[:, None].astype(np.uint8)},
        )


def _write_mnist(folder):
    for part, num in (("train", 20), ("test", 3)):
        labels = np.arange(num, dtype=np.uint8) % 10
        arrays = _pixels(num, 28, 28), labels
        for name, array in zip(idx.FILES[part], arrays, strict=True):
            header = struct.pack(f">{1 + array.ndim}I", 2048 + array.ndim, *array.shape)
            content = gzip.compress(header + array.tobytes())
            (folder / f"{name}.gz").write_bytes(content)


WRITERS = {
    "cifar10": _write_cifar10,
    "cifar100": _write_cifar100,
    "svhn": _write_svhn,
    "mnist": _write_mnist,
    "fashion_mnist": _write_mnist,
}


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Makes tiny archives of the published layout, and publishes them as files."""

    def make(name):
        folder = tmp_path / "published"
        folder.mkdir()
        WRITERS[name](folder)
        sums = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
        }
        source = archives.SOURCES[name]
        assert sorted(sums) == sorted(source.sha256)
        source = source._replace(url=folder.as_uri(), sha256=sums)
        monkeypatch.setitem(archives.SOURCES, name, source)
        return folder

    return make


@pytest.mark.parametrize("name", WRITERS)
def test_an_archive_becomes_the_data_set(published, name):
    """Its test part has three images, labelled 0, 1 and 2, in any order."""
    folder = published(name)
    with pytest.raises(ValueError, match=f"{name} is not prepared in .*tfds; to do so"):
        data.load(name)
    data.prepare(name, archive=str(folder))
    dataset = data.load(name)
    sizes = [len(part.labels) for part in dataset.splits.values()]
    assert sizes == [18, 2, 3]
    shape = (28, 28, 1) if "mnist" in name else (32, 32, 3)
    assert dataset.image_shape == shape
    assert dataset.num_classes == (100 if name == "cifar100" else 10)
    order = np.argsort(dataset.test.labels)
    np.testing.assert_array_equal(dataset.test.labels[order], [0, 1, 2])
    np.testing.assert_array_equal(
        dataset.test.images[order],
        _pixels(3, *shape[: 2 if shape[2] == 1 else 3]).reshape(3, *shape),
    )
    # What is prepared stays, and what is decoded is kept.
    data.prepare(name, archive="nowhere")
    assert data.load(name).sha256() == dataset.sha256()


def test_an_archive_may_have_any_name(published, tmp_path):
    folder = published("cifar10")
    mine = (folder / "cifar-10-binary.tar.gz").rename(tmp_path / "mine")
    data.prepare("cifar10", str(tmp_path / "here"), str(mine))
    assert len(data.load("cifar10", str(tmp_path / "here")).test.labels) == 3
    with pytest.raises(ValueError, match=r"name=cifar10 '--config\.data\.path=.*not h"):
        data.load("cifar10", str(tmp_path / "not here"))


def test_archives_are_downloaded_once(published, tmp_path, monkeypatch):
    folder = published("mnist")
    data.prepare("mnist")
    kept = [path for path in (tmp_path / "tfds/downloads").iterdir() if path.is_file()]
    assert sorted(p.name for p in kept) == sorted(p.name for p in folder.iterdir())
    shutil.rmtree(prepared.find("mnist", ""))
    monkeypatch.setattr(archives, "_fetch", None)
    data.prepare("mnist")
    assert prepared.find("mnist", "") is not None


def test_a_wrong_checksum_gives_both(published, tmp_path):
    folder = published("svhn")
    path = folder / "test_32x32.mat"
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(b"damaged")
    actual = hashlib.sha256(b"damaged").hexdigest()
    message = f"must be test_32x32.mat as published, .* {expected}, got {actual} of"
    with pytest.raises(ValueError, match=message):
        data.prepare("svhn", archive=str(folder))
    with pytest.raises(ValueError, match=f"must have SHA-256 {expected}, got {actual}"):
        data.prepare("svhn")
    assert prepared.find("svhn", "") is None
    assert [p.name for p in (tmp_path / "tfds/downloads").iterdir()] == [
        "train_32x32.mat"
    ]


def test_what_cannot_be_prepared(published, tmp_path):
    with pytest.raises(ValueError, match=r"Only cifar10, .* an archive, got 'folder'"):
        data.prepare("folder", archive="x")
    folder = published("cifar10")
    (folder / "cifar-10-binary.tar.gz").unlink()
    with pytest.raises(
        ValueError, match=r"can't be downloaded \(.*--config.data.archive"
    ):
        data.prepare("cifar10")
    for archive in (folder, tmp_path / "nowhere"):
        with pytest.raises(
            ValueError, match=r"must be cifar-10-binary\.tar\.gz or a folder"
        ):
            data.prepare("cifar10", archive=str(archive))


def test_a_damaged_prepared_set_says_how_to_mend_it(published):
    data.prepare("mnist", archive=str(published("mnist")))
    folder = prepared.find("mnist", "")
    (folder / "mnist-test.array_record-00000-of-00001").write_bytes(b"")
    with pytest.raises(ValueError, match=r"can't be read as prepared .*; delete the"):
        data.load("mnist")


def test_the_newest_version_is_read(tmp_path):
    for version in ("3.0.9", "3.0.10", "incomplete.XYZ_4.0.0"):
        folder = tmp_path / "tfds" / "mnist" / version
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text("{}")
    assert prepared.find("mnist", "").name == "3.0.10"

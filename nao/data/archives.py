"""Prepares published data sets: from their archives, downloaded or already here.

What comes out is what tensorflow-datasets makes of them. Its own builders read archives
and encode images with TensorFlow; those here are the same but for these two steps.
"""

import hashlib
import math
import pathlib
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from nao.data import idx, prepared
from nao.files import expanded, written_whole
from nao.system.progress import Progress, track

_TIMEOUT_S = 20  # of the connection and of each block, not of the whole file
_BLOCK = 10**6  # bytes, between two moves of the bar

Files = Mapping[str, pathlib.Path]  # archives by their published names


class Source(NamedTuple):
    """Where a data set is published.

    Attributes:
        url: Folder of its archives.
        sha256: SHA-256 of each, by name; tensorflow-datasets publishes them.
        read_fn: Yields the records of one split, images as uint8 arrays.
    """

    url: str
    sha256: Mapping[str, str]
    read_fn: Callable[[Files, str], Iterator[dict]]


def prepare(name: str, path: str = "", archive: str = "") -> None:
    """Prepares a data set where `prepared.load` finds it; does nothing if it is there.

    Args:
        name: One of `SOURCES`.
        path: Folder of prepared sets; empty for that of tensorflow-datasets.
        archive: The archive, or a folder that holds all archives of the set under
            their published names; empty to download them.

    Raises:
        ValueError: If an archive is missing, is not the published one, or can't be
            downloaded.
    """
    if name not in SOURCES:
        raise ValueError(
            f"Only {', '.join(SOURCES)} can be prepared from an archive, got {name!r}."
        )
    if prepared.find(name, path) is not None or prepared.is_idx_folder(name, path):
        return
    source, folder = SOURCES[name], prepared.data_dir(path)
    if archive:
        files = _given(source, archive)
    else:
        files = _download(source, folder / "downloads")
    _build(prepared.SETS[name][0], source, files, folder)


def _given(source: Source, archive: str) -> Files:
    """Returns the archives that the user has, each of the published SHA-256."""
    path = expanded(archive)
    if len(source.sha256) == 1 and path.is_file():
        files = dict.fromkeys(source.sha256, path)  # whatever its name
    else:
        folder = path if path.is_dir() else path.parent
        files = {name: folder / name for name in source.sha256}
    for name, file in files.items():
        if not path.exists() or not file.is_file():
            raise ValueError(
                f"data.archive must be {name} or a folder that holds "
                f"{', '.join(source.sha256)}, got {archive!r}."
            )
        actual = _sha256(file)
        if actual != source.sha256[name]:
            raise ValueError(
                f"data.archive must be {name} as published, with SHA-256 "
                f"{source.sha256[name]}, got {actual} of {file}."
            )
    return files


def _download(source: Source, folder: pathlib.Path) -> Files:
    """Returns the published archives, downloaded unless they are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / name for name in source.sha256}
    for name, file in files.items():
        expected = source.sha256[name]
        if file.is_file() and _sha256(file) == expected:
            continue
        url = f"{source.url}/{name}"
        # Verified under its temporary name: a damaged file is never left behind.
        with written_whole(file) as temporary:
            _fetch(url, temporary)
            actual = _sha256(temporary)
            if actual != expected:
                raise ValueError(
                    f"{url} must have SHA-256 {expected}, got {actual}: it is damaged "
                    "or has changed."
                )
    return files


def _fetch(url: str, path: pathlib.Path) -> None:
    """Downloads a file, showing how far it is."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
            total = int(response.headers.get("Content-Length") or 0)
            num_blocks, name = math.ceil(total / _BLOCK), url.rpartition("/")[2]
            with (
                path.open("wb") as file,
                Progress(num_blocks, "megabyte", name=name, most_lines=10) as bar,
            ):
                while block := response.read(_BLOCK):
                    file.write(block)
                    bar.advance()
    except OSError as error:  # urllib's errors among them
        reason = getattr(error, "reason", None) or error
        raise ValueError(
            f"{url} can't be downloaded ({reason}); a copy of it can be given as "
            "--config.data.archive=PATH."
        ) from None


def _sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build(
    tfds_name: str, source: Source, files: Files, data_dir: pathlib.Path
) -> None:
    """Writes a set as tensorflow-datasets does, from records that are read here."""
    with prepared.quiet():
        # Only here, so that nothing else waits for them.
        import tensorflow_datasets as tfds
        from PIL import Image

        official = tfds.builder_cls(tfds_name)

        class Builder(official, skip_registration=True):
            """The official builder, without TensorFlow."""

            name = official.name

            def _split_generators(self, dl_manager) -> dict:
                del dl_manager
                # SVHN's third split, `extra`, is left out: 1.3 GB, rarely trained on.
                return {split: self._records(split) for split in ("train", "test")}

            def _records(self, split: str) -> Iterator[tuple[int, dict]]:
                records = source.read_fn(files, split)
                records = track(records, 0, "image", f"encoding {split}")
                for index, record in enumerate(records):
                    # An image of Pillow's is encoded by Pillow, an array not.
                    image = Image.fromarray(record["image"].squeeze())
                    yield index, record | {"image": image}

        tfds.disable_progress_bar()
        Builder(data_dir=data_dir).download_and_prepare(
            file_format="array_record",  # the one with random access
            download_config=tfds.download.DownloadConfig(try_download_gcs=False),
        )


def _read_cifar10(files: Files, split: str) -> Iterator[dict]:
    batches = [f"data_batch_{n}" for n in range(1, 6)]
    names = batches if split == "train" else ["test_batch"]
    members = [f"cifar-10-batches-bin/{name}.bin" for name in names]
    (archive,) = files.values()
    return _read_cifar(archive, members, ("label",), split)


def _read_cifar100(files: Files, split: str) -> Iterator[dict]:
    (archive,) = files.values()
    members = [f"cifar-100-binary/{split}.bin"]
    return _read_cifar(archive, members, ("coarse_label", "label"), split)


def _read_cifar(
    archive: pathlib.Path, members: list[str], keys: tuple[str, ...], split: str
) -> Iterator[dict]:
    """Reads rows of a byte a label, then 1,024 of red, of green and of blue."""
    index = 0
    with tarfile.open(archive) as tar:
        for member in members:
            data = np.frombuffer(tar.extractfile(member).read(), np.uint8)
            for row in data.reshape(-1, len(keys) + 3 * 32 * 32):
                labels = dict(zip(keys, row[: len(keys)].tolist(), strict=True))
                image = row[len(keys) :].reshape(3, 32, 32).transpose(1, 2, 0)
                yield labels | {"image": image, "id": f"{split}_{index:05d}"}
                index += 1


def _read_svhn(files: Files, split: str) -> Iterator[dict]:
    from scipy import io  # Only here: it takes a while.

    data = io.loadmat(files[f"{split}_32x32.mat"])
    for index, label in enumerate(data["y"].ravel()):
        yield {
            "image": data["X"][..., index],
            "label": int(label) % 10,  # the digit 0 is class 10 there
            "id": f"{split}_{index:06d}",
        }


def _read_mnist(files: Files, split: str) -> Iterator[dict]:
    images, labels = (idx.read(files[f"{name}.gz"]) for name in idx.FILES[split])
    for image, label in zip(images, labels.tolist(), strict=True):
        yield {"image": image, "label": label}


# Sums as in tensorflow-datasets 4.9: url_checksums/*.txt, datasets/*/checksums.tsv.
SOURCES = {
    "cifar10": Source(
        "https://www.cs.toronto.edu/~kriz",
        {
            "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d6"
            "8f9f25eb1ed8d9ddda3db29a59bca1dd"
        },
        _read_cifar10,
    ),
    "cifar100": Source(
        "https://www.cs.toronto.edu/~kriz",
        {
            "cifar-100-binary.tar.gz": "58a81ae192c23a4be8b1804d68e518ed"
            "807d710a4eb253b1f2a199162a40d8ec"
        },
        _read_cifar100,
    ),
    "svhn": Source(
        "http://ufldl.stanford.edu/housenumbers",
        {
            "train_32x32.mat": "435e94d69a87fde4fd4d7f3dd208dfc3"
            "2cb6ae8af2240d066de1df7508d083b8",
            "test_32x32.mat": "cdce80dfb2a2c4c6160906d0bd7c68ec"
            "5a99d7ca4831afa54f09182025b6a75b",
        },
        _read_svhn,
    ),
    "fashion_mnist": Source(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed27"
            "1626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc"
            "97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a4"
            "84bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3c"
            "d6d1c2608764d35dfb1850b086bf8dd5",
        },
        _read_mnist,
    ),
    "mnist": Source(
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea37026"
            "5605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cc"
            "a23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e3"
            "3eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd"
            "2371eca3ffa0defaefb259924204aec6",
        },
        _read_mnist,
    ),
}

"""Published data sets, as tensorflow-datasets keeps them on disk; without TensorFlow.

Sets are looked for under `data.path`, else where tensorflow-datasets keeps its own:
`$TFDS_DATA_DIR` or `~/tensorflow_datasets`. Nothing here touches the network;
`nao.data.archives` does.
"""

import contextlib
import os
import pathlib
import re
import shlex
from collections.abc import Sequence

import numpy as np
from absl import logging

from nao.data import cache, idx, split
from nao.data.split import Split
from nao.files import expanded, one_line
from nao.system import progress, streams

# Names of tensorflow-datasets and numbers of classes.
SETS = {
    "cifar10": ("cifar10", 10),
    "cifar100": ("cifar100", 100),
    "svhn": ("svhn_cropped", 10),
    "fashion_mnist": ("fashion_mnist", 10),
    "mnist": ("mnist", 10),
}
_IDX_SETS = ("fashion_mnist", "mnist")  # published in the files of `idx`
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def load(name: str, path: str = "") -> tuple[dict[str, Split], int]:
    """Returns the splits of a prepared set, and its number of classes.

    Args:
        name: One of `SETS`.
        path: Folder of prepared sets, empty for that of tensorflow-datasets; for MNIST
            and Fashion-MNIST also a folder of their own four files.

    Raises:
        ValueError: If the set is not there, or can't be read.
    """
    if is_idx_folder(name, path):
        return idx.load(data_dir(path))
    folder = find(name, path)
    if folder is None:
        command = [
            "python",
            "launch.py",
            "--mode=prepare",
            f"--config.data.name={name}",
        ]
        command += [f"--config.data.path={path}"] if path else []
        raise ValueError(
            f"{name} is not prepared in {data_dir(path)}; to do so: "
            f"{shlex.join(command)}"
        )
    arrays = cache.cached(folder, sorted(folder.iterdir()), lambda: _decode(folder))
    return split.from_arrays(arrays), SETS[name][1]


def data_dir(path: str) -> pathlib.Path:
    """Returns the folder of prepared sets."""
    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return expanded(path or default).absolute()


def find(name: str, path: str) -> pathlib.Path | None:
    """Returns the folder of a set, its newest version; None where it is not prepared.

    Looks at files rather than asks a builder, which would import for seconds.
    """
    root = data_dir(path) / SETS[name][0]
    versions = [
        info.parent
        for info in root.glob("*/dataset_info.json")
        if _VERSION.fullmatch(info.parent.name)  # not a folder left incomplete
    ]
    return max(
        versions, key=lambda v: [int(n) for n in v.name.split(".")], default=None
    )


def is_idx_folder(name: str, path: str) -> bool:
    """Returns whether the path holds the set in MNIST's own files."""
    return bool(path) and name in _IDX_SETS and idx.is_folder(data_dir(path))


def quiet() -> contextlib.AbstractContextManager[None]:
    """Silences what tensorflow-datasets prints and warns of; errors are logged."""
    return streams.quiet("stdout", logging.ERROR)


def _decode(folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Decodes training and test images, as `split.to_arrays` names their arrays."""
    with quiet():
        # Only here, so that other data sets don't wait for it.
        import tensorflow_datasets as tfds
    try:
        with quiet():
            builder = tfds.builder_from_directory(folder)
            splits = {
                part: _decode_part(builder.as_data_source(part), part)
                for part in ("train", "test")
            }
    # array_record raises what it likes for damaged files, and tensorflow-datasets for
    # formats that need TensorFlow.
    except Exception as error:
        raise ValueError(
            f"{folder} can't be read as prepared array_record files: "
            f"{one_line(error, 200)}; delete the folder, or choose another data.path, "
            "and prepare it again."
        ) from None
    return split.to_arrays(splits)


def _decode_part(source: Sequence[dict], part: str) -> Split:
    """Decodes a data source of records with an image and a label."""
    images, labels = None, np.empty(len(source), np.int32)
    records = progress.track(source, len(source), "image", f"decoding {part}")
    for index, record in enumerate(records):
        if images is None:  # the first record tells the size
            images = np.empty((len(source), *record["image"].shape), np.uint8)
        images[index], labels[index] = record["image"], record["label"]
    return Split(images, labels)

"""Which data children are trained on, as the user chooses them."""

import dataclasses
from typing import Any

from nao.data import archives, dataset
from nao.data.dataset import DATASETS, Dataset
from nao.fields import check_types, documented, option


@documented
@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which images or text children are trained on."""

    name: str = option(
        "digits",
        f"Data set: {', '.join(DATASETS)}; folder and npz are your own images, "
        f"text_folder and text_file your own text, and {', '.join(archives.SOURCES)} "
        "need --mode=prepare once.",
    )
    path: str = option(
        "",
        "folder: class folders, or train and test folders of them. npz, text_file: the "
        "file. text_folder: a folder with train.txt, valid.txt and test.txt, or with "
        "the files of Penn Treebank or WikiText-2 as they are named. "
        "Others: where prepared sets are, empty for TFDS_DATA_DIR, else "
        "~/tensorflow_datasets; mnist, fashion_mnist: or a folder of their four files.",
        is_place=True,
    )
    archive: str = option(
        "",
        "--mode=prepare: the published archive, or a folder with all; or empty.",
        is_place=True,
    )
    validation_share: float = option(
        0.1,
        "Share of the training images that validation gets where the source has no "
        "such part, and test as well; digits and cluttered_digits have their own.",
    )
    num_train: int = option(
        0, "Training images, or first tokens of a text, that are used; 0 is all."
    )
    num_validation: int = option(
        0, "Validation images, or first tokens of a text, that are used; 0 is all."
    )
    image_size: int = option(
        0, "folder: side in pixels that images are resized to; 0 is as they are."
    )
    resize: str = option(
        "crop",
        "folder: how image_size makes images square: crop keeps their centre, pad adds "
        "black, squeeze distorts.",
    )
    tokens: str = option(
        "words",
        "Text: what networks read and foretell, words (as blanks separate them, and "
        "<eos> for each end of a line) or characters.",
    )
    max_vocabulary: int = option(
        0,
        "Text: most tokens that are told apart, the most frequent ones; <unk> stands "
        "for all others. 0 is all of the training text.",
    )

    def __post_init__(self):
        check_types(self, "data.")
        dataset.check_options(**self.options)

    @property
    def options(self) -> dict[str, Any]:
        """What `nao.data.load` takes beside name and path, by name."""
        options = dataclasses.asdict(self)
        # An archive says where the images came from, nothing of them.
        return {
            n: v for n, v in options.items() if n not in ("name", "path", "archive")
        }


def load(config: DataConfig) -> Dataset:
    """Returns the data set that a config names; never touches the network.

    Raises:
        ValueError: If it is not there, or not as it must be.
    """
    return dataset.load(config.name, config.path, **config.options)


def prepare(config: DataConfig) -> Dataset:
    """Makes a data set ready for use, and returns it.

    Downloads what is published and not here, or builds it from an archive; decodes it
    or images of one's own into the cache.

    Raises:
        ValueError: If an archive can't be downloaded or is not the published one, or
            the data are not as they must be.
    """
    if config.name in archives.SOURCES or config.archive:
        archives.prepare(config.name, config.path, config.archive)
    return load(config)

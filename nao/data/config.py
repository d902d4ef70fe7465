"""Which images children are trained on, as the user chooses them."""

import dataclasses

from nao.data import archives, dataset
from nao.data.dataset import DATASETS, ImageDataset, check_amounts, check_resize
from nao.fields import check_types, documented, option


@documented
@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which images children are trained on."""

    name: str = option(
        "digits",
        f"Data set: {', '.join(DATASETS)}; folder and npz are your own, and "
        f"{', '.join(archives.SOURCES)} need --mode=prepare once.",
    )
    path: str = option(
        "",
        "folder: class folders, or train and test folders of them. npz: the file. "
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
    num_train: int = option(0, "Training images that are used; 0 is all.")
    num_validation: int = option(0, "Validation images that are used; 0 is all.")
    image_size: int = option(
        0, "folder: side in pixels that images are resized to; 0 is as they are."
    )
    resize: str = option(
        "crop",
        "folder: how image_size makes images square: crop keeps their centre, pad adds "
        "black, squeeze distorts.",
    )

    def __post_init__(self):
        check_types(self, "data.")
        amounts = (self.num_train, self.num_validation, self.image_size)
        check_amounts(self.validation_share, *amounts)
        check_resize(self.resize, self.image_size)


def load(config: DataConfig) -> ImageDataset:
    """Returns the data set that a config names; never touches the network.

    Raises:
        ValueError: If it is not there, or not as it must be.
    """
    settings = dataclasses.asdict(config)
    del settings["archive"]  # Says where the images came from, nothing of them.
    return dataset.load(**settings)


def prepare(config: DataConfig) -> ImageDataset:
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

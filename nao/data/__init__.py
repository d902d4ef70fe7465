"""Images as arrays, in fixed parts."""

from nao.data.archives import SOURCES, prepare
from nao.data.config import DataConfig
from nao.data.dataset import DATASETS, ImageDataset, check_amounts, load
from nao.data.split import PARTS, Split

__all__ = [
    "DATASETS",
    "PARTS",
    "SOURCES",
    "DataConfig",
    "ImageDataset",
    "Split",
    "check_amounts",
    "load",
    "prepare",
]


def __dir__() -> list[str]:
    return __all__

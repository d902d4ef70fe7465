"""Images as arrays, in fixed parts."""

from nao.data.archives import SOURCES, prepare
from nao.data.config import DataConfig
from nao.data.dataset import DATASETS, ImageDataset, check_amounts, load

__all__ = [
    "DATASETS",
    "SOURCES",
    "DataConfig",
    "ImageDataset",
    "check_amounts",
    "load",
    "prepare",
]

"""Images, and arrays of any kind, in fixed parts."""

from nao.data.archives import SOURCES, prepare
from nao.data.config import DataConfig
from nao.data.dataset import DATASETS, ImageDataset, check_amounts, load
from nao.data.examples import Examples, Normalisation, cut
from nao.data.split import PARTS, Split

__all__ = [
    "DATASETS",
    "PARTS",
    "SOURCES",
    "DataConfig",
    "Examples",
    "ImageDataset",
    "Normalisation",
    "Split",
    "check_amounts",
    "cut",
    "load",
    "prepare",
]


def __dir__() -> list[str]:
    return __all__

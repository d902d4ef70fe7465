"""Images, texts, and arrays of any kind, in fixed parts."""

from nao.data.archives import SOURCES, prepare
from nao.data.config import DataConfig
from nao.data.dataset import DATASETS, load
from nao.data.examples import Examples, Normalisation, cut
from nao.data.image_dataset import ImageDataset
from nao.data.split import PARTS, Split
from nao.data.text_dataset import TextDataset

__all__ = [
    "DATASETS",
    "PARTS",
    "SOURCES",
    "DataConfig",
    "Examples",
    "ImageDataset",
    "Normalisation",
    "Split",
    "TextDataset",
    "cut",
    "load",
    "prepare",
]


def __dir__() -> list[str]:
    return __all__

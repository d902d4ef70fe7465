"""Images as arrays, in fixed parts."""

from nao.data.archives import SOURCES, prepare
from nao.data.dataset import DATASETS, ImageDataset, load

__all__ = ["DATASETS", "SOURCES", "ImageDataset", "load", "prepare"]

"""Images as arrays, in fixed parts."""

from nao.data.dataset import ImageDataset, load

__all__ = ["ImageDataset", "load"]

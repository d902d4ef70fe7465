"""Architectures as rows of numbers, for baselines whose model is no controller."""

import numpy as np

from nao.spaces import Space

ENCODINGS = ("features", "one_hot")
HELP = (
    "What the model reads: features (paths in nasbench201 and topology_cell) or "
    "one_hot."
)


def encode(space: Space, encoding: str, tokens: np.ndarray) -> np.ndarray:
    """Encodes rows [num, length] as float32 [num, size]."""
    if encoding == "one_hot":
        return space.one_hot(tokens)
    return space.features(tokens)

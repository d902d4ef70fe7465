"""Exact nearest neighbours by cosine distance, computed chunk by chunk."""

import dataclasses
from typing import NamedTuple

import numpy as np

from nao.system.showing import counted

_CHUNK = 1 << 16  # rows whose distances are in memory at a time


class Nearest(NamedTuple):
    """The rows of an index that are nearest, nearest first.

    Attributes:
        distances: Cosine distances, 1 - cosine, float32 [k].
        indices: Rows of what was searched, int64 [k].
    """

    distances: np.ndarray
    indices: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Index:
    """Embeddings to be searched.

    Attributes:
        tokens: Architectures, int32 [num, length].
        embeddings: Their embeddings, float32 [num, size], each of unit length.
    """

    tokens: np.ndarray
    embeddings: np.ndarray

    def __len__(self) -> int:
        return len(self.tokens)

    def __repr__(self) -> str:
        return f"Index({counted(len(self), 'architecture')})"

    def nearest(self, embedding: np.ndarray, k: int) -> Nearest:
        """Returns the `k` rows nearest to an embedding [size]; all where fewer.

        Of equally near rows, the earlier one comes first.

        Raises:
            ValueError: If `k` is below 1.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}.")
        cosines = np.full(0, -np.inf, np.float32)
        indices = np.zeros(0, np.int64)
        for start in range(0, len(self.embeddings), _CHUNK):
            chunk = self.embeddings[start : start + _CHUNK] @ embedding
            # Once k are found, few rows of a chunk beat the worst of them.
            if len(cosines) == k:
                better = np.flatnonzero(chunk > cosines[-1])
            else:
                better = np.arange(len(chunk))
            if len(better) > k:
                better = np.sort(_largest(chunk, better, k))
            cosines = np.concatenate([cosines, chunk[better]])
            indices = np.concatenate([indices, start + better])
            order = np.argsort(-cosines, kind="stable")[:k]
            cosines, indices = cosines[order], indices[order]
        return Nearest(1 - cosines, indices)


def _largest(scores: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Returns the `k` of some rows with the largest scores, the first where tied."""
    kth = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
    above = rows[scores[rows] > kth]
    tied = rows[scores[rows] == kth]
    return np.concatenate([above, tied[: k - len(above)]])

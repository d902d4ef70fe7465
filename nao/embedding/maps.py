"""Embeddings in two dimensions, for drawings."""

import dataclasses
from typing import Any

import numpy as np

from nao import fields
from nao.system.showing import counted

METHODS = ("pca", "tsne")
_NEAREST = 5  # mapped rows whose mean place a new point gets on a t-SNE map


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Map:
    """Embeddings in the plane.

    Attributes:
        coordinates: Of each row of `embeddings`, in that order; float64 [num, 2].
        embeddings: What was mapped, float32 [num, size].
        method: One of `METHODS`.
        explained: Share of the variance that each axis shows, float64 [2]; None for
            `tsne`, whose axes have no meaning.
    """

    coordinates: np.ndarray
    embeddings: np.ndarray
    method: str
    explained: np.ndarray | None
    _pca: Any = dataclasses.field(
        default=None, repr=False
    )  # scikit-learn's fitted projection; None for `tsne`

    def __repr__(self) -> str:
        num = counted(len(self.coordinates), "architecture")
        return f"Map({num}, {self.method})"

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """Places more embeddings [..., size] on the map, float64 [..., 2].

        `pca` projects. `tsne` has no formula for new points: they go to the mean of
        their nearest rows, weighted by inverse distance.
        """
        flat = np.asarray(embeddings).reshape(-1, self.embeddings.shape[1])
        if self._pca is not None:
            placed = _plane(self._pca.transform(flat))
        else:
            placed = np.array([self._place(row) for row in flat]).reshape(-1, 2)
        return placed.reshape(*np.shape(embeddings)[:-1], 2)

    def _place(self, embedding: np.ndarray) -> np.ndarray:
        distance = np.linalg.norm(self.embeddings - embedding, axis=-1)
        nearest = np.argsort(distance, kind="stable")[:_NEAREST]
        weights = 1 / (distance[nearest] + 1e-9)
        return weights @ self.coordinates[nearest] / weights.sum()


def fit(embeddings: np.ndarray, method: str, seed: int) -> Map:
    """Maps embeddings [num, size] to the plane; see `Embedding.map`.

    A map of fewer than four distinct rows is `pca`, whatever the method.

    Raises:
        ValueError: If the method is unknown, or there is nothing to map.
    """
    fields.check_choice("method", method, METHODS)
    fields.check_seed(seed)
    if not len(embeddings):
        raise ValueError("A map needs at least one architecture, got none.")
    distinct, places = np.unique(embeddings, axis=0, return_inverse=True)
    if method == "pca" or len(distinct) < 4:
        return _fit_pca(embeddings, seed)
    # Equal rows have no order of distances, and many crash scikit-learn's tree of them.
    flat = _tsne(distinct, seed)
    return Map(flat[places.ravel()], embeddings, method, None)


def _fit_pca(embeddings: np.ndarray, seed: int) -> Map:
    # Here, not above: scikit-learn takes a second to import.
    from sklearn import decomposition

    num_axes = min(2, *embeddings.shape)
    with np.errstate(invalid="ignore"):  # a lone row has no variance
        pca = decomposition.PCA(num_axes, random_state=seed).fit(embeddings)
    explained = np.nan_to_num(np.resize(pca.explained_variance_ratio_, 2))
    explained[num_axes:] = 0
    return Map(_plane(pca.transform(embeddings)), embeddings, "pca", explained, pca)


def _tsne(embeddings: np.ndarray, seed: int) -> np.ndarray:
    """Returns t-SNE coordinates of distinct embeddings, float64 [num, 2]."""
    from sklearn import manifold

    tsne = manifold.TSNE(
        # 30 is scikit-learn's default; it must be below the number of rows.
        perplexity=min(30.0, (len(embeddings) - 1) / 3),
        init="pca",
        metric="cosine",
        random_state=seed,
    )
    return tsne.fit_transform(embeddings).astype(np.float64)


def _plane(coordinates: np.ndarray) -> np.ndarray:
    """Returns two columns, float64; zeros where there are fewer."""
    missing = 2 - coordinates.shape[1]
    return np.pad(coordinates.astype(np.float64), ((0, 0), (0, missing)))

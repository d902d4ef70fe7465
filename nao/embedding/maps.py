"""A latent space in two dimensions, to be looked at."""

import dataclasses
from typing import Any

import numpy as np

METHODS = ("pca", "tsne")
_NEAREST = 5  # rows that place a new point on a map that has no formula


@dataclasses.dataclass(frozen=True, eq=False)
class Map:
    """Embeddings brought to the plane.

    Attributes:
        coordinates: float64 [num, 2].
        embeddings: What was mapped, float32 [num, size].
        method: One of `METHODS`.
        explained: Share of the variance that each axis shows, float64 [2]; None for a
            map whose axes mean nothing.
    """

    coordinates: np.ndarray
    embeddings: np.ndarray
    method: str
    explained: np.ndarray | None
    _pca: Any = None

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
    """Maps embeddings [num, size] to the plane.

    Raises:
        ValueError: If the method is unknown, or there is nothing to map.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
    if not len(embeddings):
        raise ValueError("A map needs at least one architecture, got none.")
    # scikit-learn takes a second to import.
    from sklearn import decomposition

    num_axes = min(2, *embeddings.shape)
    with np.errstate(invalid="ignore"):  # a lone row has no variance
        pca = decomposition.PCA(num_axes, random_state=seed).fit(embeddings)
    # Equal rows have no order of distances, and many crash scikit-learn's tree of them.
    distinct, places = np.unique(embeddings, axis=0, return_inverse=True)
    if method == "pca" or len(distinct) < 4:
        flat = _plane(pca.transform(embeddings))
        explained = np.nan_to_num(np.resize(pca.explained_variance_ratio_, 2))
        explained[num_axes:] = 0
        return Map(flat, embeddings, "pca", explained, pca)
    from sklearn import manifold

    tsne = manifold.TSNE(
        perplexity=min(30.0, (len(distinct) - 1) / 3),
        init="pca",
        metric="cosine",
        random_state=seed,
    )
    flat = tsne.fit_transform(distinct).astype(np.float64)
    return Map(flat[places.ravel()], embeddings, method, None)


def _plane(coordinates: np.ndarray) -> np.ndarray:
    """Returns two columns, float64; zeros where there are fewer."""
    missing = 2 - coordinates.shape[1]
    return np.pad(coordinates.astype(np.float64), ((0, 0), (0, missing)))

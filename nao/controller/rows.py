"""Rows in chunks of a few sizes, so jitted functions compile a handful of times."""

from collections.abc import Callable, Iterator

import jax
import numpy as np

from nao.types import PyTree

# Numbers of rows that arrays are padded to: the least that fits, 1 for single queries;
# more rows than the last come in chunks of it.
SIZES = (1, 32, 128, 512, 2048)


def chunks(rows: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Yields chunks padded to one of few sizes, with their real number of rows.

    Without rows there is still one chunk, of padding alone: the function that reads it
    gives the shape of the empty result.
    """
    for start in range(0, max(len(rows), 1), SIZES[-1]):
        chunk = rows[start : start + SIZES[-1]]
        size = next(size for size in SIZES if size >= len(chunk))
        padding = [(0, size - len(chunk))] + [(0, 0)] * (rows.ndim - 1)
        yield np.pad(chunk, padding), len(chunk)


def map_rows(
    function: Callable[[np.ndarray], PyTree], rows: np.ndarray, axis: int = 0
) -> PyTree:
    """Applies a function to chunks of rows, on host arrays; memory stays bounded.

    Args:
        function: Maps rows [size, ...] to arrays, one axis of which is the same rows.
        rows: [num, ...].
        axis: Which one.

    Returns:
        What the function returns, as host arrays, with `num` rows along that axis.
    """
    before = (slice(None),) * axis
    # Cut on the host: a device would compile a program for each number of rows.
    parts = [
        jax.tree.map(lambda x, num=num: np.asarray(x)[*before, :num], function(chunk))
        for chunk, num in chunks(rows)
    ]
    return jax.tree.map(lambda *xs: np.concatenate(xs, axis), *parts)

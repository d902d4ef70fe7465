"""Averaged stochastic gradient descent, begun once the validation loss stalls.

NT-ASGD (Merity et al., 2018, arXiv:1708.02182, algorithm 1): gradient descent goes on
as before, and what is evaluated and kept is the mean of the weights of all steps since
averaging began. It begins after an epoch whose validation loss is above the least one,
the last `average_after` epochs left out.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from nao.types import Array, PyTree


class Average(NamedTuple):
    """The mean of a child's weights, and what decides when averaging begins.

    Until then the mean is that of the newest weights alone, so what is evaluated is
    always here.

    Attributes:
        params: Mean of the parameters.
        batch_stats: Mean of the running averages: those of the newest weights would
            not fit the mean ones.
        num_averaged: How many steps the mean is over, int32 []; 0 before averaging
            begins.
        losses: float32 [average_after + 1], validation losses of the epochs before
            averaging: the least of all but the last ones, then the last ones, oldest
            first; infinite where there are none yet.
    """

    params: PyTree
    batch_stats: PyTree
    num_averaged: Array
    losses: Array


def begin(params: PyTree, batch_stats: PyTree, average_after: int) -> Average | None:
    """Returns the average before the first step; None where there is to be none."""
    if not average_after:
        return None
    losses = jnp.full(average_after + 1, jnp.inf, jnp.float32)
    return Average(params, batch_stats, jnp.int32(0), losses)


def add(average: Average | None, params: PyTree, batch_stats: PyTree) -> Average | None:
    """Takes the weights after a step into the mean, where averaging has begun."""
    if average is None:
        return None
    num = jnp.where(average.num_averaged > 0, average.num_averaged + 1, 0)
    old = average.params, average.batch_stats
    # All of the new ones before averaging begins.
    share = 1 / jnp.maximum(num, 1)
    new = optax.incremental_update((params, batch_stats), old, share)
    return Average(*optax.tree.cast_like(new, old), num, average.losses)


def watch(
    num_averaged: np.ndarray, losses: np.ndarray, newest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Takes note of validation losses; averaging begins where they have stalled.

    The weights that `newest` was measured with are the first of the mean, as in the
    paper's sum. Which losses count is as in the authors' code, awd-lstm-lm: its paper
    compares with the last ones.

    Args:
        num_averaged: int32 [children], see `Average`.
        losses: float32 [children, average_after + 1], see `Average`.
        newest: Validation losses of the newest weights, [children]; one that is not a
            number begins nothing.

    Returns:
        The new `num_averaged` and `losses`; where averaging has begun, the old ones.
    """
    waits = num_averaged == 0
    begins = waits & (newest > losses[:, 0])
    least = np.fmin(losses[:, 0], losses[:, 1])
    noted = np.column_stack([least, losses[:, 2:], newest.astype(losses.dtype)])
    num_averaged = np.where(begins, np.int32(1), num_averaged)
    return num_averaged, np.where(waits[:, None], noted, losses)


def metrics(
    average: Average | None, others: dict[str, float]
) -> Iterator[dict[str, float]]:
    """Yields metrics of each child: others, and how many steps the mean is over.

    Without a mean it yields the others alone, without end.
    """
    if average is None:
        yield from itertools.repeat(others)
    for num in np.asarray(average.num_averaged):
        yield others | {"averaged_steps": float(num)}

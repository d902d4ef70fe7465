"""A pool as a fit reads it: padded to a capacity, in batches of random rows."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nao.types import Array

MIN_CAPACITY = 1024  # rows; doubled until a larger pool fits


class PaddedPool(NamedTuple):
    """A padded pool; every row, padding too, is a legal sequence.

    Attributes:
        tokens: int32 [num_variants, capacity, length]; the variants of a row describe
            the same architecture.
        targets: float32 [capacity], or [capacity, objectives] where there are several.
        num: Real rows, which come first; int32 scalar.
        unlabelled: int32 [unlabelled_capacity, length].
        num_unlabelled: Real rows of `unlabelled`, int32 scalar.
    """

    tokens: np.ndarray
    targets: np.ndarray
    num: np.ndarray
    unlabelled: np.ndarray
    num_unlabelled: np.ndarray


def pad_pool(
    tokens: np.ndarray, targets: np.ndarray, unlabelled: np.ndarray
) -> PaddedPool:
    """Pads a pool to its capacity.

    Args:
        tokens: int32 [num_variants, num, length].
        targets: float32 [num] or [num, objectives].
        unlabelled: int32 [num_unlabelled, length]; may have no rows.

    Returns:
        The pool; capacities are `MIN_CAPACITY` times a power of two.
    """
    num, num_unlabelled = tokens.shape[1], len(unlabelled)
    padded = capacity(num)
    rows = np.minimum(np.arange(padded), num - 1)  # padding repeats the last row
    if num_unlabelled:
        unlabelled_rows = np.arange(capacity(num_unlabelled)) % num_unlabelled
        unlabelled = np.asarray(unlabelled, np.int32)[unlabelled_rows]
    return PaddedPool(
        np.asarray(tokens, np.int32)[:, rows],
        np.pad(
            np.asarray(targets, np.float32),
            [(0, padded - num)] + [(0, 0)] * (np.ndim(targets) - 1),
        ),
        np.int32(num),
        unlabelled,
        np.int32(num_unlabelled),
    )


def capacity(num: int, minimum: int = MIN_CAPACITY) -> int:
    """Returns the rows to compile for: a power of two, no fewer than `minimum`."""
    return max(minimum, 1 << (num - 1).bit_length())


class EpochPlan(NamedTuple):
    """Which rows the steps of one epoch read, drawn in one go.

    Attributes:
        rows: Real rows in random order, then padding; int32 [capacity, rounded up to
            whole batches].
        variants: Variant of every row of the pool, int32 [capacity].
        unlabelled: Rows of the unlabelled architectures of every step, int32
            [max_steps, num_unlabelled].
    """

    rows: Array
    variants: Array
    unlabelled: Array


def draw_epoch_plan(
    key: Array, pool: PaddedPool, batch_size: int, max_steps: int, num_unlabelled: int
) -> EpochPlan:
    """Draws an epoch's plan.

    Args:
        key: Source of randomness.
        pool: The pool.
        batch_size: Labelled rows of a step.
        max_steps: Most steps that an epoch may take.
        num_unlabelled: Unlabelled rows of a step.
    """
    num_variants, capacity, _ = pool.tokens.shape
    # All randomness in one draw: XLA compiles every further draw as well.
    draws = jax.random.uniform(key, (2 * capacity + max_steps * num_unlabelled,))
    order, variant, unlabelled = jnp.split(draws, (capacity, 2 * capacity))
    rows = jnp.argsort(jnp.where(jnp.arange(capacity) < pool.num, order, 2.0))
    # Up to whole batches: `dynamic_slice` shifts a slice that ends past the array back,
    # over rows already seen.
    rows = jnp.pad(rows, (0, -capacity % batch_size))
    unlabelled = _to_ids(unlabelled, pool.num_unlabelled)
    return EpochPlan(
        rows,
        _to_ids(variant, num_variants),
        unlabelled.reshape(max_steps, num_unlabelled),
    )


def _to_ids(draws: Array, num: Array | int) -> Array:
    """Maps draws from [0, 1) to integers from 0 to num - 1."""
    # The product of a draw just below 1 may round up to `num`.
    return jnp.minimum((draws * num).astype(jnp.int32), num - 1)


def take_batch(
    pool: PaddedPool, plan: EpochPlan, index: Array, num_batches: Array, batch_size: int
) -> tuple[Array, Array, Array]:
    """Returns a step's tokens, and the targets and weights of its labelled rows.

    Args:
        pool: The pool.
        plan: The epoch's plan.
        index: Number of the step in its epoch; from `num_batches` on, batches repeat.
        num_batches: Batches with real rows in them.
        batch_size: Rows of a batch.

    Returns:
        int32 [batch_size + num_unlabelled, length], the labelled rows first, and
        float32 [batch_size] or [batch_size, objectives], and float32 [batch_size].
    """
    start = index % num_batches * batch_size
    rows = jax.lax.dynamic_slice(plan.rows, (start,), (batch_size,))
    weights = (start + jnp.arange(batch_size) < pool.num).astype(jnp.float32)
    tokens = pool.tokens[plan.variants[rows], rows]
    if plan.unlabelled.size:
        more = pool.unlabelled[plan.unlabelled[index]]
        tokens = jnp.concatenate([tokens, more])
    return tokens, pool.targets[rows], weights

"""Edges of a cell that mix all operations: the continuous relaxation of a space.

The output of an edge is the sum of what every operation makes of its input, each times
its weight, the softmax of the edge's logits (DARTS; Liu et al., 2019, arXiv:1806.09055,
section 2.2). Where the weights of an edge are all on one operation, as in GDAS (Dong &
Yang, 2019, arXiv:1910.04465), that one alone is computed.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.types import Array


class Edges(NamedTuple):
    """Edges of a cell, in an order that completes a state before it is read.

    Attributes:
        reads: int [num_edges], the state that each reads.
        writes: int [num_edges], the state that it adds to.
    """

    reads: np.ndarray
    writes: np.ndarray

    def where(self, chosen: np.ndarray) -> "Edges":
        """Returns the edges that a mask chooses."""
        return Edges(self.reads[chosen], self.writes[chosen])


def mix_edges(
    branches: Sequence[Callable],
    states: Array,
    inputs: Array | None,
    variables: tuple[Array, Array],
    weights: Array,
    edges: Edges,
    one_path: bool,
) -> tuple[Array, Array]:
    """Adds to states what edges make of others.

    Args:
        branches: The operations: each maps (vector of parameters, running averages, x)
            to (output, new running averages).
        states: [num_states, batch, height, width, channels], zeros where edges write.
        inputs: What edges read; None where they read the states.
        variables: Vectors float32 [num_edges, size], and running averages [num_edges,
            num_operations, norms, 2, channels].
        weights: float32 [num_edges, num_operations].
        edges: What each reads and writes.
        one_path: Whether at most one operation of an edge has a weight other than 0,
            which is then the only one that is computed.

    Returns:
        The new states and running averages.
    """
    mix = functools.partial(_choose if one_path else _mix, tuple(branches))
    # What an operation makes on its way is made once more on the way back, since of all
    # operations of all edges it would fill the memory.
    mix = jax.checkpoint(mix, prevent_cse=False)

    def step(states, edge):
        (read, write), own, weights = edge
        x = (states if inputs is None else inputs)[read]
        x, running = mix(*own, weights, x)
        return states.at[write].add(x), running

    edges = Edges(*map(jnp.asarray, edges))
    return lax.scan(step, states, (edges, variables, weights))


def _mix(branches, vector, running, weights, x):
    """Returns the weighted sum of all operations, and their new running averages."""
    outputs, after = zip(
        *[
            branch(vector, before, x)
            for branch, before in zip(branches, running, strict=True)
        ],
        strict=True,
    )
    total = sum(
        weight.astype(x.dtype) * output
        for weight, output in zip(weights, outputs, strict=True)
    )
    return total, jnp.stack(after)


def _choose(branches, vector, running, weights, x):
    """Returns the operation of the largest weight, times it; others are as they were.

    An edge without any weight gives zeros.
    """
    chosen = weights.argmax()
    output, after = lax.switch(chosen, branches, vector, running[chosen], x)
    return weights[chosen].astype(x.dtype) * output, running.at[chosen].set(after)

"""One loop over the branches of a universal cell, and its gradient.

A branch reads a state of the cell, applies one of several operations, and adds what
comes out to another state. A loop has one `lax.switch` in the program for all branches
of a cell; 5 cells of 5 nodes unrolled in Python, with a switch for each branch, took
5.7 times as long to trace and 2.5 times as long to compile.

The gradient is written by hand. What a branch read still lies in the states when the
loop is through, so nothing else is kept, and each branch is computed once more on the
way back. Automatic differentiation would keep every branch's input a second time, and
give each read a gradient as large as all states together.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from nao.child.keeping import kept
from nao.child.noise import drop
from nao.child.operations import is_identity
from nao.types import Array


class Wiring(NamedTuple):
    """Which operation every branch applies, what it reads and where it adds.

    Branches come in an order that completes a state before it is read.

    Attributes:
        option: int32 [num_branches], the number of the branch's operation.
        reads: For every buffer int32 [num_branches], which state the branch reads.
        writes: int32 [num_branches], which state of the first buffer it adds to.
    """

    option: Array
    reads: tuple[Array, ...]
    writes: Array


def begin(
    large: Sequence[Array], small: Sequence[Array | None], num_nodes: int, halved: bool
) -> Array:
    """Returns the states of a cell before any branch has run, [states, batch, ...].

    Args:
        large: The cell's inputs at their own size.
        small: The same at the size of the states; None where nobody reads one.
        num_nodes: Nodes, which begin as zeros.
        halved: Whether states have half the size of the inputs.
    """
    # Sliced for its shape alone: sizes are rounded up.
    zeros = jnp.zeros_like(large[0][:, ::2, ::2] if halved else large[0])
    inputs = [zeros if x is None else x for x in small]
    return jnp.stack([*inputs, *[zeros] * num_nodes])


def spare_identities(
    keep: Array | None, operations: Sequence[str], chosen: Array
) -> Array | None:
    """Sets the factors of branches whose operation is an identity to 1.

    Drop path leaves identities alone, as the released code does.

    Args:
        keep: Factors of the branches' outputs, float32 [num_branches, batch]; None,
            where nothing is dropped, is returned as it is.
        operations: Names of the operations.
        chosen: int32 [num_branches], which of them each branch has.
    """
    if keep is None:
        return None
    spared = jnp.array([is_identity(name) for name in operations])
    return jnp.where(spared[chosen][:, None], 1, keep)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def run_branches(
    options: tuple[Callable, ...],
    buffers: tuple[Array, ...],
    vectors: Array,
    running: Array,
    wiring: Wiring,
    keep: Array | None,
) -> tuple[Array, Array]:
    """Runs all branches; differentiable in `buffers` and `vectors`.

    Args:
        options: The operations: each maps (vector, running averages, what was read in
            each buffer) to (output, new running averages).
        buffers: States [num_states, batch, height, width, channels]. Branches add to
            the first buffer alone, in which the states they add to start as zeros.
        vectors: float32 [num_branches, size], the branches' parameters.
        running: float32 [num_branches, norms, 2, channels], running averages.
        wiring: Which operation each branch applies, what it reads and where it adds.
        keep: float32 [num_branches, batch], what outputs are multiplied by; None
            leaves them.

    Returns:
        The first buffer with all states complete, and the new running averages.
    """
    states, *others = buffers
    applies = [functools.partial(_apply, option) for option in options]

    def step(states, branch):
        (option, reads, to), vector, running, keep = branch
        inputs = vector, running, (states, *others), reads
        x, running = lax.switch(option, applies, *inputs)
        if keep is not None:
            x = drop(x, keep)
        return _add(states, x, to), running

    return lax.scan(step, states, (wiring, vectors, running, keep))


def _forward(options, buffers, vectors, running, wiring, keep):
    # The complete states take the place of the first buffer: a branch finds in them
    # what it read, since no later one adds to a state that was read.
    states, after = run_branches(options, buffers, vectors, running, wiring, keep)
    states = kept(states)
    return (states, after), ((states, *buffers[1:]), vectors, running, wiring, keep)


def _backward(options, saved, grads):
    buffers, vectors, running, wiring, keep = saved
    pull_backs = [functools.partial(_pull_back, option) for option in options]

    def step(grads, branch):
        (option, reads, to), vector, running, keep = branch
        # All branches that read this state come later in the order, so they have been
        # here already: its gradient is complete.
        grad = lax.dynamic_index_in_dim(grads[0], to, 0, keepdims=False)
        if keep is not None:
            grad = drop(grad, keep)
        inputs = grad, vector, running, buffers, reads
        of_vector, *of_x = lax.switch(option, pull_backs, *inputs)
        return tuple(map(_add, grads, of_x, reads)), of_vector

    # The loss sees the first buffer alone; the others get their gradients from reads.
    zeros = jax.tree.map(jnp.zeros_like, buffers[1:])
    grads, of_vectors = lax.scan(
        step, (grads[0], *zeros), (wiring, vectors, running, keep), reverse=True
    )
    # Running averages only feed evaluation, wiring and factors are no parameters.
    return grads, of_vectors, None, None, None


run_branches.defvjp(_forward, _backward)


def _apply(option, vector, running, buffers, reads):
    """Reads what a branch reads, and applies its operation."""
    # Reading inside the switch lets XLA fuse the read with what the operation does
    # first.
    return option(vector, running, *_read(buffers, reads))


def _pull_back(option, grad, vector, running, buffers, reads):
    """Returns the gradients of a branch's parameters and of what it read."""

    def output(vector, *x):
        return option(vector, running, *x)[0]

    return jax.vjp(output, vector, *_read(buffers, reads))[1](grad)


def _read(buffers, reads):
    """Returns one state of each buffer."""
    return [
        lax.dynamic_index_in_dim(buffer, index, 0, keepdims=False)
        for buffer, index in zip(buffers, reads, strict=True)
    ]


def _add(buffer, x, index):
    """Adds `x` to one state of a buffer."""
    x = x + lax.dynamic_index_in_dim(buffer, index, 0, keepdims=False)
    return lax.dynamic_update_index_in_dim(buffer, x, index, 0)

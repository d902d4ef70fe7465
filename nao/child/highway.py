"""A recurrent cell run over a window of tokens, and its gradient.

The cell is the tree of highway connections of `nao.spaces.recurrent_cell`; which state
a node reads and its activation are data, so that one compiled program serves all cells.
With constants in their place, XLA compiles the program of one cell.

The gradient is written by hand. Automatic differentiation of the loop over tokens adds
each token's part to the gradient of all weights, and gives each read of a state a
gradient as large as all states. Here the loop keeps what each token's gates received,
and the weights' gradients are one product over all tokens of the window.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.types import Array


class _Activation(NamedTuple):
    """An activation as numbers: `offset + scale * tanh(slope * x)`, or a rectifier."""

    is_smooth: bool
    offset: float = 0.0
    scale: float = 0.0
    slope: float = 0.0
    leak: float = 0.0  # slope of a rectifier below 0


# In the order of `ACTIVATIONS` of the space. One hyperbolic tangent serves both smooth
# ones, so that no branch is taken for each node: sigmoid(x) = (1 + tanh(x / 2)) / 2.
_KINDS = (
    _Activation(True, scale=1.0, slope=1.0),  # tanh
    _Activation(False, leak=0.0),  # relu
    _Activation(False, leak=1.0),  # identity
    _Activation(True, offset=0.5, scale=0.5, slope=0.5),  # sigmoid
)
_TABLE = _Activation(*(np.array(column) for column in zip(*_KINDS, strict=True)))


class Weights(NamedTuple):
    """Weights of a cell, gates and candidates beside each other."""

    initial: Array  # [units, 2 * units], of the last output in the initial state
    nodes: Array  # [num_nodes, units, 2 * units]


def activate(x: Array, number: Array) -> tuple[Array, Array]:
    """Returns the activation of this number, and its slope at `x`."""
    # Python numbers in the table of the types of `x`.
    kind = _Activation(*(jnp.asarray(column)[number] for column in _TABLE))
    kind = _Activation(kind.is_smooth, *(field.astype(x.dtype) for field in kind[1:]))
    tangent = jnp.tanh(kind.slope * x)
    smooth = kind.offset + kind.scale * tangent
    smooth_slope = kind.scale * kind.slope * (1 - tangent * tangent)
    rectified_slope = jnp.where(x > 0, 1, kind.leak).astype(x.dtype)
    value = jnp.where(kind.is_smooth, smooth, rectified_slope * x)
    return value, jnp.where(kind.is_smooth, smooth_slope, rectified_slope)


def averaging(cell: Array, output: str) -> Array:
    """Returns what the output weighs each state by, float32 [1 + num_nodes].

    Args:
        cell: int32 [1 + num_nodes, 2], as `RecurrentCell.architecture` returns it.
        output: Which states it averages, one of `OUTPUTS` of the space.
    """
    states = jnp.arange(len(cell))
    if output == "loose":
        chosen = ~(cell[1:, 0, None] == states).any(0)
    else:
        chosen = states >= (output == "nodes")
    return chosen / chosen.sum()


@jax.custom_vjp
def run(
    weights: Weights,
    received: Array,
    start: Array,
    cell: Array,
    shares: Array,
    mask: Array | None,
) -> Array:
    """Runs a cell over a window; differentiable in the first three arguments.

    Args:
        weights: Of the cell.
        received: [window, batch, 2 * units], what the initial state's gates and
            candidates get from the tokens.
        start: [batch, units], the output before the window.
        cell: int32 [1 + num_nodes, 2]: predecessor and activation of each state.
        shares: float32 [1 + num_nodes], see `averaging`.
        mask: [batch, units], what is multiplied with states before weights are; None
            drops nothing.

    Returns:
        Outputs [window, batch, units].
    """
    return _forward(weights, received, start, cell, shares, mask)[0]


def _forward(weights, received, start, cell, shares, mask):
    shares = shares.astype(start.dtype)
    step = functools.partial(_step, weights, cell, shares, mask)
    _, (outputs, states, gates) = lax.scan(step, start, received)
    return outputs, (weights, start, outputs, states, gates, cell, shares, mask)


def _step(weights, cell, shares, mask, last, received):
    """Takes one token; returns the output twice, all states, and what gates got."""
    gates = [received + _dropped(last, mask) @ weights.initial]
    states = jnp.zeros((len(cell), *last.shape), last.dtype)
    states = states.at[0].set(_connect(last, gates[0], cell[0, 1]))
    for node in range(1, len(cell)):
        read = _read(states, cell[node, 0])
        gates.append(_dropped(read, mask) @ weights.nodes[node - 1])
        states = states.at[node].set(_connect(read, gates[node], cell[node, 1]))
    output = jnp.einsum("n,nbu->bu", shares, states)
    return output, (output, states, gates)


def _connect(read: Array, gates: Array, activation: Array) -> Array:
    """Returns the state of a highway connection [batch, units]."""
    gate, candidate = jnp.split(gates, 2, -1)
    value, _ = activate(candidate, activation)
    return read + jax.nn.sigmoid(gate) * (value - read)


def _backward(saved, grads):
    weights, start, outputs, states, gates, cell, shares, mask = saved
    last = jnp.concatenate([start[None], outputs[:-1]])  # what each token began with
    step = functools.partial(_step_back, weights, cell, shares, mask)
    of_start, of_gates = lax.scan(
        step, jnp.zeros_like(start), (grads, last, states, gates), reverse=True
    )
    of_initial = _of_weights(_dropped(last, mask), of_gates[0])
    of_nodes = [
        _of_weights(_dropped(_read(states, cell[node, 0], 1), mask), of_gates[node])
        for node in range(1, len(cell))
    ]
    of_weights = Weights(of_initial, jnp.stack(of_nodes))
    # Cells, shares and masks are no parameters.
    return of_weights, of_gates[0], of_start, None, None, None


def _step_back(weights, cell, shares, mask, grad, token):
    """Takes one token back; returns gradients of the last output and of all gates."""
    of_output, last, states, gates = token
    of_states = shares[:, None, None] * (of_output + grad)
    of_gates = [None] * len(cell)
    for node in reversed(range(1, len(cell))):
        source, activation = cell[node]
        # All that read this state come after it, so its gradient is complete.
        of_read, of_gates[node] = _disconnect(
            of_states[node], _read(states, source), gates[node], activation
        )
        of_read += _dropped(of_gates[node] @ weights.nodes[node - 1].T, mask)
        of_read += _read(of_states, source)
        of_states = lax.dynamic_update_index_in_dim(of_states, of_read, source, 0)
    of_last, of_gates[0] = _disconnect(of_states[0], last, gates[0], cell[0, 1])
    of_last += _dropped(of_gates[0] @ weights.initial.T, mask)
    return of_last, of_gates


def _disconnect(grad, read, gates, activation) -> tuple[Array, Array]:
    """Returns the gradients of what `_connect` was given."""
    gate, candidate = jnp.split(gates, 2, -1)
    value, slope = activate(candidate, activation)
    share = jax.nn.sigmoid(gate)
    of_gate = grad * (value - read) * share * (1 - share)
    of_gates = jnp.concatenate([of_gate, grad * share * slope], -1)
    return grad * (1 - share), of_gates


def _of_weights(inputs: Array, of_outputs: Array) -> Array:
    """Returns the gradient of a product's weights over all tokens of a window."""
    inputs, of_outputs = (x.reshape(-1, x.shape[-1]) for x in (inputs, of_outputs))
    return inputs.T @ of_outputs


def _read(states: Array, number: Array, axis: int = 0) -> Array:
    return lax.dynamic_index_in_dim(states, number, axis, keepdims=False)


def _dropped(x: Array, mask: Array | None) -> Array:
    return x if mask is None else x * mask


run.defvjp(_forward, _backward)

"""One cell of the universal child: any normal or any reduction cell, by its integers.

A `lax.switch` picks the operation of a branch, an index picks its input, and one loop
over the branches leaves one switch in the program. Where an architecture has loose
ends, a mask over all states stands for the concatenation of the few.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.child import primitives
from nao.child.operations import Norms, Packing
from nao.types import Array, PyTree

# The normalisations of a cell, by number; the last two in reduction cells only.
_CALIBRATE, _COMBINE, _REDUCE = 0, 2, 3


class Initial(NamedTuple):
    """The shape of a parameter and the normal distribution it starts with."""

    shape: tuple[int, ...]
    mean: np.ndarray | float
    deviation: np.ndarray | float


class Cell(NamedTuple):
    """The static shape of a cell: its choices, and channels in and out."""

    operations: tuple[str, ...]
    num_nodes: int
    channels_in: int
    channels: int
    is_reduction: bool

    @property
    def packing(self) -> Packing:
        """How the parameters of all operations lie in one vector."""
        strides = (1, 2) if self.is_reduction else (1,)
        return Packing(self.operations, self.channels, strides)

    @property
    def num_norms(self) -> int:
        """Normalisations of the cell outside its branches."""
        return 5 if self.is_reduction else 3

    def initial(self, *lead: int) -> PyTree:
        """Returns what parameters start as; `lead` stacks those of equal cells."""
        c_in, c, num_states = self.channels_in, self.channels, self.num_nodes + 2
        packing = self.packing
        initial = {
            "calibrate": kernel(*lead, 2, c_in, c, fan_in=c_in),
            "combine": kernel(*lead, num_states, c, c, fan_in=num_states * c),
            "branches": Initial(
                (*lead, 2 * self.num_nodes, packing.size),
                packing.mean,
                packing.deviation,
            ),
            "norms": scale_bias(*lead, self.num_norms, c),
        }
        if self.is_reduction:
            initial["reduce"] = kernel(*lead, 2, c, c, fan_in=c)
        return initial

    def init_stats(self, *lead: int) -> PyTree:
        """Returns the running averages to start with."""
        branches = (*lead, 2 * self.num_nodes, self.packing.num_norms)
        return {
            "branches": init_running(*branches, self.channels),
            "norms": init_running(*lead, self.num_norms, self.channels),
        }

    def apply(
        self,
        params: PyTree,
        stats: PyTree,
        inputs: tuple[Array, Array],
        arch: Array,
        train: bool,
    ) -> tuple[Array, PyTree]:
        """Maps the two cell inputs to the cell's output and its new statistics.

        Args:
            params: Parameters of one cell, shaped as in `initial`.
            stats: Running averages as `init_stats` makes them.
            inputs: The cell before last and the last cell, both
                [batch, height, width, channels_in].
            arch: int32 [num_nodes, 2, 2]: node, branch, (input, operation).
            train: Whether to normalise by the batch.
        """
        norms = Norms(params["norms"], stats["norms"], train)
        inputs = [
            norms(
                _CALIBRATE + i,
                primitives.pointwise(jax.nn.relu(x), params["calibrate"][i]),
            )
            for i, x in enumerate(inputs)
        ]
        sources = inputs
        if self.is_reduction:
            # What a node reads at stride 2; a loose end needs its half-size form.
            sources = [
                norms(
                    _REDUCE + i,
                    primitives.pointwise(jax.nn.relu(x), params["reduce"][i], 2),
                )
                for i, x in enumerate(inputs)
            ]
        empty = jnp.zeros((self.num_nodes, *sources[0].shape), sources[0].dtype)
        states = jnp.concatenate([jnp.stack(sources), empty])
        states, running = self._run_nodes(
            params["branches"],
            stats["branches"],
            jnp.stack(inputs),
            states,
            arch,
            train,
        )
        combine = params["combine"] * loose_ends(arch)[:, None, None]
        output = jnp.einsum("snhwc,scd->nhwd", jax.nn.relu(states), combine)
        output = norms(_COMBINE, output)
        return output, {"branches": running, "norms": norms.running}

    def _run_nodes(self, vectors, running, inputs, states, arch, train):
        """Fills in the nodes' outputs, two branches a node, in one loop."""
        num_branches = 2 * self.num_nodes
        choose = self._make_choice(train)

        def step(carry, branch):
            states, partial = carry
            number, vector, running, (source, operation) = branch
            output, running = choose(vector, running, inputs, states, source, operation)
            # A node's first branch is written and written over by the sum of both:
            # no one reads a node before its second branch is through.
            output = output + jnp.where(number % 2 == 1, partial, 0)
            node = number // 2 + 2
            states = lax.dynamic_update_index_in_dim(states, output, node, 0)
            return (states, output), running

        (states, _), running = lax.scan(
            step,
            (states, jnp.zeros_like(states[0])),
            (
                jnp.arange(num_branches),
                vectors,
                running,
                arch.reshape(num_branches, 2),
            ),
        )
        return states, running

    def _make_choice(self, train):
        """Returns the switch over operations, or over (operation, stride)."""

        def at_stride(stride, take):
            # Without the checkpoint the loop would keep what every branch of the
            # switch wants to remember, taken or not.
            return [
                jax.checkpoint(
                    lambda vector, running, *x, branch=branch: branch(
                        vector, running, x[take]
                    ),
                    prevent_cse=False,
                )
                for branch in self.packing.branches(stride, train)
            ]

        def choose(vector, running, inputs, states, source, operation):
            read = lax.dynamic_index_in_dim(states, source, 0, keepdims=False)
            if not self.is_reduction:
                return lax.switch(operation, at_stride(1, 0), vector, running, read)
            is_node = source >= 2
            large = jnp.where(source == 0, inputs[0], inputs[1])
            return lax.switch(
                operation + len(self.operations) * is_node,
                at_stride(2, 0) + at_stride(1, 1),
                vector,
                running,
                large,
                read,
            )

        return choose


def loose_ends(arch: Array) -> Array:
    """Returns float32 [num_nodes + 2]: 1 where no node of the cell reads a state.

    Args:
        arch: int32 [num_nodes, 2, 2], one cell.
    """
    reads = jnp.arange(arch.shape[0] + 2) == arch[:, :, 0, None]
    return 1.0 - reads.any((0, 1))


def kernel(*shape: int, fan_in: int) -> Initial:
    """Normal around 0, of variance 1 / fan_in."""
    return Initial(shape, 0.0, 1 / math.sqrt(fan_in))


def scale_bias(*lead_and_channels: int) -> Initial:
    """Scales 1 and biases 0, [..., 2, channels]."""
    *lead, channels = lead_and_channels
    return Initial((*lead, 2, channels), np.float32([[1.0], [0.0]]), 0.0)


def init_running(*lead_and_channels: int) -> Array:
    """Returns means 0 and variances 1, [..., 2, channels]."""
    *lead, channels = lead_and_channels
    start = jnp.array([[0.0], [1.0]])
    return jnp.broadcast_to(start, (*lead, 2, channels))

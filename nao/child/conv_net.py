"""The universal convolutional child: one program for every architecture of a space.

The architecture is data. Tracing and compiling a network per architecture costs many
times what training a small child does, so here it enters as integers: a `lax.switch`
picks the operation of a branch, an index picks its input, and loops over branches and
over equal cells leave one switch for each kind of cell in the program. Shapes never
depend on a choice: where an architecture has loose ends, a mask over all states of
the cell stands for the concatenation of the few.

The network is NAO's (Luo et al., 2018, arXiv:1808.07233): three stages of normal
cells, a reduction cell before the second and the third that doubles the channels.
Departures: a cell ends in its own pointwise convolution over its loose ends (the
released code concatenates them and lets the next cell's convolution mix them), and
what skips over a reduction cell is brought to the new shape once, at stride 2, before
the first normal cell calibrates it like every other input.
"""

import math
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.child import operations as operations_lib
from nao.child import primitives
from nao.child.operations import Norms, Packing
from nao.types import Array, PyTree

NUM_STAGES = 3

# The normalisations of a cell, by number; the last two in reduction cells only.
_CALIBRATE, _COMBINE, _REDUCE = 0, 2, 3


class _Initial(NamedTuple):
    """The shape of a parameter and the normal distribution it starts with."""

    shape: tuple[int, ...]
    mean: np.ndarray | float
    deviation: np.ndarray | float


class _Cell(NamedTuple):
    """The static shape of a cell: its choices, and channels in and out."""

    operations: tuple[str, ...]
    num_nodes: int
    channels_in: int
    channels: int
    is_reduction: bool

    @property
    def packing(self) -> Packing:
        strides = (1, 2) if self.is_reduction else (1,)
        return Packing(self.operations, self.channels, strides)

    @property
    def num_norms(self) -> int:
        return 5 if self.is_reduction else 3

    def initial(self, *lead: int) -> PyTree:
        """Returns what parameters start as; `lead` stacks those of equal cells."""
        c_in, c, num_states = self.channels_in, self.channels, self.num_nodes + 2
        packing = self.packing
        initial = {
            "calibrate": _kernel(*lead, 2, c_in, c, fan_in=c_in),
            "combine": _kernel(*lead, num_states, c, c, fan_in=num_states * c),
            "branches": _Initial(
                (*lead, 2 * self.num_nodes, packing.size),
                packing.mean,
                packing.deviation,
            ),
            "norms": _scale_bias(*lead, self.num_norms, c),
        }
        if self.is_reduction:
            initial["reduce"] = _kernel(*lead, 2, c, c, fan_in=c)
        return initial

    def init_stats(self, *lead: int) -> PyTree:
        """Returns the running averages to start with."""
        branches = (*lead, 2 * self.num_nodes, self.packing.num_norms)
        return {
            "branches": _init_running(*branches, self.channels),
            "norms": _init_running(*lead, self.num_norms, self.channels),
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


class ConvNet(nn.Module):
    """Maps images to class scores, for any architecture.

    Attributes:
        operations: Names of the operations an architecture's indices point at.
        num_nodes: Nodes of a cell, its two inputs not counted.
        channels: Channels of the first stage.
        cells_per_stage: Normal cells of a stage (NAO's N: 3 N + 2 cells in all).
        num_classes: Number of scores.
        image_channels: Channels of the images.
    """

    operations: tuple[str, ...]
    num_nodes: int
    channels: int
    cells_per_stage: int
    num_classes: int
    image_channels: int

    def setup(self):
        """Declares all parameters and statistics."""
        self.params = self.param("net", _draw, self._initial())
        self.stats = self.variable("batch_stats", "net", self._init_stats)

    def __call__(self, images: Array, arch: Array, train: bool) -> Array:
        """Returns scores [batch, num_classes].

        Args:
            images: float32 [batch, height, width, image_channels], normalised.
            arch: int32 [2, num_nodes, 2, 2]: cell (0 normal, 1 reduction), node,
                branch, (input, operation). Inputs 0 and 1 are the cell before last
                and the last cell, 2 + i is node i.
            train: Whether to normalise by the batch and to update the running
                averages (the collection `batch_stats` must then be mutable).
        """
        params, stats, new = self.params, self.stats.value, {}

        def normalize(name, x):
            norms = Norms(params[f"{name}_norm"], stats[f"{name}_norm"], train)
            x = norms(0, x)
            new[f"{name}_norm"] = norms.running
            return x

        s0 = s1 = normalize("stem", primitives.convolution(images, params["stem"]))
        for stage in range(NUM_STAGES):
            if stage:
                name = f"reduction_{stage}"
                reduced, new[name] = self._cell(stage, is_reduction=True).apply(
                    params[name], stats[name], (s0, s1), arch[1], train
                )
                name = f"skip_{stage}"
                skip = primitives.pointwise(jax.nn.relu(s1), params[name], 2)
                s0, s1 = normalize(name, skip), reduced
            name, cell = f"normal_{stage}", self._cell(stage, is_reduction=False)

            def step(inputs, variables, cell=cell):
                output, new = cell.apply(*variables, inputs, arch[0], train)
                return (inputs[1], output), new

            (s0, s1), new[name] = lax.scan(step, (s0, s1), (params[name], stats[name]))
        if train:
            self.stats.value = new
        return jax.nn.relu(s1).mean((1, 2)) @ params["head"] + params["head_bias"]

    def declare(self) -> None:
        """Does nothing: initialising through it traces no network."""

    def _cell(self, stage: int, is_reduction: bool) -> _Cell:
        c = self.channels * 2**stage
        return _Cell(
            self.operations,
            self.num_nodes,
            channels_in=c // 2 if is_reduction else c,
            channels=c,
            is_reduction=is_reduction,
        )

    def _initial(self) -> PyTree:
        c, image_channels, num = (
            self.channels,
            self.image_channels,
            self.cells_per_stage,
        )
        initial = {
            "stem": _kernel(3, 3, image_channels, c, fan_in=9 * image_channels),
            "stem_norm": _scale_bias(1, c),
        }
        for stage in range(NUM_STAGES):
            c = self.channels * 2**stage
            initial[f"normal_{stage}"] = self._cell(stage, False).initial(num)
            if stage:
                initial[f"reduction_{stage}"] = self._cell(stage, True).initial()
                initial[f"skip_{stage}"] = _kernel(c // 2, c, fan_in=c // 2)
                initial[f"skip_{stage}_norm"] = _scale_bias(1, c)
        initial["head"] = _kernel(c, self.num_classes, fan_in=c)
        initial["head_bias"] = _Initial((self.num_classes,), 0.0, 0.0)
        return initial

    def _init_stats(self) -> PyTree:
        stats = {"stem_norm": _init_running(1, self.channels)}
        for stage in range(NUM_STAGES):
            normal, reduction = (self._cell(stage, kind) for kind in (False, True))
            stats[f"normal_{stage}"] = normal.init_stats(self.cells_per_stage)
            if stage:
                stats[f"reduction_{stage}"] = reduction.init_stats()
                stats[f"skip_{stage}_norm"] = _init_running(1, normal.channels)
        return stats


def loose_ends(arch: Array) -> Array:
    """Returns float32 [num_nodes + 2]: 1 where no node of the cell reads a state.

    Args:
        arch: int32 [num_nodes, 2, 2], one cell.
    """
    reads = jnp.arange(arch.shape[0] + 2) == arch[:, :, 0, None]
    return 1.0 - reads.any((0, 1))


def count_parameters(net: ConvNet, arch: np.ndarray) -> int:
    """Counts the parameters that one architecture uses.

    Its own operations at the strides it has them, and of the convolutions that join
    a cell's states those of its loose ends; what the universal program carries for
    other architectures does not count.

    Args:
        net: The network.
        arch: int32 [2, num_nodes, 2, 2].
    """
    operations = operations_lib.get_operations(net.operations)

    def count_cell(stage: int, is_reduction: bool) -> int:
        c = net.channels * 2**stage
        cell = np.asarray(arch)[int(is_reduction)]
        loose = set(range(net.num_nodes + 2)) - set(cell[:, :, 0].ravel().tolist())
        # Two calibrations, one combination, each with scales and biases.
        total = 2 * c * (c // 2 if is_reduction else c) + len(loose) * c * c + 6 * c
        for source, operation in cell.reshape(-1, 2).tolist():
            stride = 2 if is_reduction and source < 2 else 1
            total += operations[operation].num_parameters(c, stride)
        if is_reduction:
            # A cell input that no node reads is brought to half its size.
            total += len(loose & {0, 1}) * (c * c + 2 * c)
        return total

    total = 9 * net.image_channels * net.channels + 2 * net.channels
    for stage in range(NUM_STAGES):
        c = net.channels * 2**stage
        total += net.cells_per_stage * count_cell(stage, is_reduction=False)
        if stage:
            total += count_cell(stage, is_reduction=True) + c * c // 2 + 2 * c
    return total + c * net.num_classes + net.num_classes


def _draw(key: Array, initial: PyTree) -> PyTree:
    """Draws all parameters from one stream: a generator per array compiles slowly."""
    leaves, structure = jax.tree.flatten(
        initial, is_leaf=lambda leaf: isinstance(leaf, _Initial)
    )
    stops = np.cumsum([math.prod(leaf.shape) for leaf in leaves])
    noise = jnp.split(jax.random.normal(key, (stops[-1],)), stops[:-1])
    return jax.tree.unflatten(
        structure,
        [
            leaf.mean + leaf.deviation * values.reshape(leaf.shape)
            for leaf, values in zip(leaves, noise, strict=True)
        ],
    )


def _kernel(*shape: int, fan_in: int) -> _Initial:
    return _Initial(shape, 0.0, 1 / math.sqrt(fan_in))


def _scale_bias(*lead_and_channels: int) -> _Initial:
    """Scales 1 and biases 0, [..., 2, channels]."""
    *lead, channels = lead_and_channels
    return _Initial((*lead, 2, channels), np.float32([[1.0], [0.0]]), 0.0)


def _init_running(*lead_and_channels: int) -> Array:
    """Returns means 0 and variances 1, [..., 2, channels]."""
    *lead, channels = lead_and_channels
    start = jnp.array([[0.0], [1.0]])
    return jnp.broadcast_to(start, (*lead, 2, channels))

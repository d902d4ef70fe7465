"""One cell of a convolutional child: universal, or of one architecture.

In the universal cell the architecture is data: a `lax.switch` picks the operation of a
branch, an index picks its input, one loop over the branches leaves one switch in the
program, and a mask over all states stands for the concatenation of the loose ends. A
cell whose architecture is known runs the same steps in Python and holds nothing else.

Both are the cell of NAO (Luo et al., 2018, arXiv:1808.07233), NASNet and DARTS: inputs
calibrated by (ReLU, pointwise, norm), nodes that add two branches, and an output that
concatenates states. In a reduction cell branches that read a cell input have stride 2.
Whatever reads an output begins with a ReLU, so the output has it already.
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.nn import relu

from nao.child import parameters
from nao.child.branch_loop import Wiring, begin, run_branches, spare_identities
from nao.child.branches import Packing
from nao.child.noise import drop
from nao.child.operations import get_operations, is_identity
from nao.spaces.conv_cell import NUM_INPUTS, joined_states
from nao.types import Array, PyTree

Arch = tuple[tuple[tuple[int, int], tuple[int, int]], ...]


class Cell(NamedTuple):
    """The static shape of a cell.

    Attributes:
        operations: What its branches choose from.
        num_nodes: Nodes, the two inputs not counted.
        channels: Channels of a node.
        widths: Channels of both inputs as the cell gets them; 0 for a first one that
            comes calibrated.
        is_reduction: Whether it halves the image.
        join: Which states the output concatenates: `loose` (those that no node reads),
            `nodes` (all nodes), or the numbers of the states.
        arch: Its architecture, [num_nodes, 2, 2]; None for the universal cell.
        axis_name: Devices that share a batch, as a mapped axis.
        min_states: Number of states that the output is padded to with zeros, so that
            universal cells which join different numbers have outputs of one width.
    """

    operations: tuple[str, ...]
    num_nodes: int
    channels: int
    widths: tuple[int, int]
    is_reduction: bool
    join: str | tuple[int, ...] = "loose"
    arch: Arch | None = None
    axis_name: str | None = None
    min_states: int = 0

    # The universal cell counts no state as read, so all that may be loose are joined.
    @property
    def joined(self) -> tuple[int, ...]:
        """States concatenated, in order; in the universal cell, all that may be."""
        arch = () if self.arch is None else self.arch
        read = {source for node in arch for source, _ in node}
        return joined_states(self.num_nodes, read, self.join)

    @property
    def out_channels(self) -> int:
        """Channels of the output."""
        return self.num_states * self.channels

    @property
    def num_states(self) -> int:
        """States in the output, those of the padding included."""
        return max(self.min_states, len(self.joined))

    def positions(self, own: "Cell") -> list[int]:
        """Returns where the states that `own` joins lie among those of this cell."""
        return [self.joined.index(state) for state in own.joined]

    @property
    def reduced(self) -> tuple[int, ...]:
        """Inputs of a reduction cell that its output joins, brought to its size."""
        return tuple(
            i for i in range(NUM_INPUTS) if self.is_reduction and i in self.joined
        )

    def strides(self, source: int) -> tuple[int, ...]:
        """Strides of a branch that reads state `source`."""
        return (2,) if self.is_reduction and source < NUM_INPUTS else (1,)

    @property
    def packings(self) -> list[Packing]:
        """How the parameters of every branch lie in its vector; one if universal."""
        if self.arch is None:
            strides = (1, 2) if self.is_reduction else (1,)
            return [Packing(self.operations, self.channels, strides)]
        return [
            Packing((self.operations[operation],), self.channels, self.strides(source))
            for node in self.arch
            for source, operation in node
        ]

    def initial(self) -> PyTree:
        """Returns what the parameters start as."""
        initial = {
            f"calibrate_{i}": parameters.conv_norm(width, self.channels)
            for i, width in enumerate(self.widths)
            if width
        }
        for i in self.reduced:
            initial[f"reduce_{i}"] = parameters.conv_norm(self.channels, self.channels)
        packings = self.packings
        # Universal vectors are stacked for the loop; others differ in length.
        lead = (2 * self.num_nodes,) if self.arch is None else ()
        vectors = [
            parameters.Initial((*lead, packing.size), packing.mean, packing.deviation)
            for packing in packings
        ]
        return initial | {"branches": vectors[0] if self.arch is None else vectors}

    def init_stats(self) -> PyTree:
        """Returns the running averages to start with."""
        names = [name for name in self.initial() if name != "branches"]
        stats = {name: parameters.init_running(1, self.channels) for name in names}
        lead = (2 * self.num_nodes,) if self.arch is None else ()
        running = [
            parameters.init_running(*lead, packing.num_norms, self.channels)
            for packing in self.packings
        ]
        return stats | {"branches": running[0] if self.arch is None else running}

    def apply(
        self,
        params: PyTree,
        stats: PyTree,
        inputs: tuple[Array | None, Array],
        arch: Arch | Array,
        train: bool,
        keep: Array | None = None,
        skip: Array | None = None,
        is_first: Array | None = None,
    ) -> tuple[Array, PyTree]:
        """Maps the two cell inputs to the cell's output and its new statistics.

        Args:
            params: Parameters, as in `initial`.
            stats: Running averages, as in `init_stats`.
            inputs: The cell before last and the last cell, rectified, each
                [batch, height, width, its width].
            arch: [num_nodes, 2, 2]: node, branch, (input, operation); the cell's own
                `arch`, or a traced int32 array.
            train: Whether to normalise by the batch.
            keep: float32 [2 * num_nodes, batch], what a branch is multiplied by: 0
                where it is dropped; None drops none.
            skip: The first input where it comes calibrated, [batch, height, width,
                channels]; None where it does not.
            is_first: Whether `skip` holds; None where it always does.

        Returns:
            Output [batch, height, width, out_channels], rectified, and statistics.
        """
        new = {}

        def conv_norm(name, x, stride=1):
            x, new[name] = parameters.apply_pointwise(
                params[name], stats[name], x, train, self.axis_name, stride
            )
            return x

        # In the loop over a stage's cells both are computed and one is chosen, since
        # which cell it is enters as data.
        if skip is not None and is_first is None:
            first = skip
        else:
            first = conv_norm("calibrate_0", inputs[0])
            if skip is not None:
                first = jnp.where(is_first, skip, first)
        # A reduction cell's branches read the inputs at their own size, `large`; its
        # states, joined inputs among them, have half that size.
        large = [first, conv_norm("calibrate_1", inputs[1])]
        small = large
        if self.is_reduction:
            small = [
                conv_norm(f"reduce_{i}", relu(x), 2) if i in self.reduced else None
                for i, x in enumerate(large)
            ]
        run = self._run_universal if self.arch is None else self._run_concrete
        branches = params["branches"], stats["branches"]
        states, new["branches"] = run(branches, large, small, arch, train, keep)
        return relu(self._join(states, arch)), new

    def _run_concrete(self, variables, large, small, arch, train, keep):
        """Runs the branches one after the other; returns the states as a list."""
        states, running = list(small), []
        branches = zip(self.packings, *variables, strict=True)
        for node in arch:
            total = 0
            for source, operation in node:
                packing, vector, before = next(branches)
                (stride,) = self.strides(source)
                x = large[source] if source < NUM_INPUTS else states[source]
                (branch,) = packing.branches(stride, train, self.axis_name)
                x, after = branch(vector, before, x)
                if keep is not None and not is_identity(self.operations[operation]):
                    x = drop(x, keep[len(running)])
                total = total + x
                running.append(after)
            states.append(total)
        return states, running

    def _run_universal(self, variables, large, small, arch, train, keep):
        """Runs the branches in one loop; returns the states [states, batch, ...]."""
        states = begin(large, small, self.num_nodes, self.is_reduction)
        source, operation = arch.reshape(-1, 2).T  # int32 [2 * num_nodes], by node
        nodes = NUM_INPUTS + np.repeat(np.arange(self.num_nodes), 2)
        keep = spare_identities(keep, self.operations, operation)
        (packing,) = self.packings
        options = functools.partial(
            packing.branches, train=train, axis_name=self.axis_name
        )
        if not self.is_reduction:
            wiring = Wiring(operation, (source,), jnp.asarray(nodes))
            return run_branches(tuple(options(1)), (states,), *variables, wiring, keep)
        # The switch is over operation and stride, since shapes may not depend on the
        # choice: a branch that reads an input halves it, one on a node does not.
        at_one = [_reading(branch, 0) for branch in options(1)]
        at_two = [_reading(branch, 1) for branch in options(2)]
        operation = operation + len(at_one) * (source < NUM_INPUTS)
        # What it reads in `large`, of which a branch on a node makes no use: any index.
        reads = source, jnp.minimum(source, NUM_INPUTS - 1)
        return run_branches(
            (*at_one, *at_two),
            (states, jnp.stack(large)),
            *variables,
            Wiring(operation, reads, jnp.asarray(nodes)),
            keep,
        )

    def _join(self, states, arch):
        """Concatenates the joined states along the channels."""
        if self.arch is not None:
            return jnp.concatenate([states[i] for i in self.joined], -1)
        states = _take(states, self.joined)
        # A mask, not fewer states: the output has one width for all architectures.
        if self.join == "loose":
            loose = loose_ends(arch).astype(states.dtype)
            states = states * loose[:, None, None, None, None]
        output = jnp.moveaxis(states, 0, 3)  # [batch, height, width, states, channels]
        output = output.reshape(*output.shape[:3], -1)
        return pad_channels(output, self.out_channels)

    def extract(
        self, params: PyTree, stats: PyTree, own: "Cell", read: list[list[int] | None]
    ) -> tuple[PyTree, PyTree]:
        """Picks what the cell of one architecture uses from the universal one.

        Args:
            params: Parameters of this universal cell.
            stats: Its running averages.
            own: The cell of the architecture.
            read: For each input which states it holds in the network of the
                architecture, by their place among those it holds in the universal one;
                None where it comes calibrated.
        """
        new_params, new_stats = {}, {}
        for i, positions in enumerate(read):
            if positions is not None:
                name = f"calibrate_{i}"
                kernel = params[name]["kernel"]
                new_params[name] = params[name] | {
                    "kernel": take_states(kernel, positions, self.num_states)
                }
                new_stats[name] = stats[name]
        for i in own.reduced:
            name = f"reduce_{i}"
            new_params[name], new_stats[name] = params[name], stats[name]
        (packing,) = self.packings
        branches = [branch for node in own.arch for branch in node]
        new_params["branches"] = [
            packing.extract(operation, own.strides(source)[0], vector)
            for (source, operation), vector in zip(
                branches, params["branches"], strict=True
            )
        ]
        # Rows beyond an operation's own norms were never written.
        new_stats["branches"] = [
            running[: packing.num_norms]
            for packing, running in zip(own.packings, stats["branches"], strict=True)
        ]
        return new_params, new_stats

    def num_multiply_adds(self, size: tuple[int, int]) -> int:
        """Counts the multiply-adds of one architecture for one image.

        Args:
            size: Height and width of the cell's inputs.
        """
        small = tuple(-(-n // 2) for n in size) if self.is_reduction else size
        total = math.prod(size) * sum(self.widths) * self.channels
        total += math.prod(small) * len(self.reduced) * self.channels**2
        operations = get_operations(self.operations)
        for node in self.arch:
            for source, operation in node:
                (stride,) = self.strides(source)
                total += operations[operation].num_multiply_adds(
                    self.channels, stride, size if stride == 2 else small
                )
        return total


def _reading(branch: Callable, which: int) -> Callable:
    """Returns a branch of `run_branches` that uses one of the two states it reads."""
    return lambda vector, running, *x: branch(vector, running, x[which])


def _take(states: Array, numbers: tuple[int, ...]) -> Array:
    """Returns the states of these numbers."""
    begin, stop = numbers[0], numbers[-1] + 1
    # All of them, as a rule: picked by numbers, their gradient is a scatter.
    if numbers == tuple(range(begin, stop)):
        return states[begin:stop]
    return states[np.array(numbers)]


def take_states(kernel: Array, positions: list[int], num_states: int) -> Array:
    """Returns the rows [len(positions) * c, features] of states in a joined kernel."""
    kernel = kernel.reshape(num_states, -1, kernel.shape[-1])
    return kernel[np.array(positions)].reshape(-1, kernel.shape[-1])


def pad_channels(x: Array, channels: int) -> Array:
    """Appends channels of zeros up to `channels`."""
    return jnp.pad(x, ((0, 0),) * 3 + ((0, channels - x.shape[-1]),))


def loose_ends(arch: Array) -> Array:
    """Returns float32 [num_nodes + 2]: 1 where no node of the cell reads a state.

    Args:
        arch: int32 [num_nodes, 2, 2], one cell.
    """
    reads = jnp.arange(arch.shape[0] + NUM_INPUTS) == arch[:, :, 0, None]
    return 1.0 - reads.any((0, 1))

"""The search network of DARTS for convolutional cells: every edge is a mixture.

Each node reads both inputs of the cell and all nodes before it, by an edge that mixes
all operations of the space (Liu et al., 2019, arXiv:1806.09055, sections 2.1 and 2.2).
All norms but the stem's are without scales and biases, as in the released code, so that
no operation can make up for a small weight; poolings have a norm, too. The network
around the cells is that of `ConvNet`, which trains what is found.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np

from nao.child import parameters
from nao.child.branch_loop import begin
from nao.child.branches import Packing
from nao.child.cell import Cell
from nao.child.conv_net import ConvNet
from nao.child.layout import STEM_STATES, Layout
from nao.child.mixture import Edges, mix_edges
from nao.child.staged_net import NUM_STAGES
from nao.spaces.conv_cell import NUM_INPUTS
from nao.types import PyTree


def cell_edges(num_nodes: int) -> Edges:
    """Returns the edges of a cell, node by node and by the state that they read.

    Of 4 nodes there are 2 + 3 + 4 + 5 = 14.
    """
    pairs = [
        (read, NUM_INPUTS + node)
        for node in range(num_nodes)
        for read in range(NUM_INPUTS + node)
    ]
    return Edges(*np.array(pairs).T)


class MixedCell(Cell):
    """A cell whose nodes read all states before them; `arch` are weights of edges.

    Which states are loose is not known of a mixture: where a space joins loose ends,
    all nodes are joined. `apply` takes as architecture the weights of this kind of
    cell, float32 [num_edges, num_operations].
    """

    one_path = False  # see `mix_edges`

    @property
    def groups(self) -> list[tuple[int, np.ndarray]]:
        """Strides, and masks [num_edges] of the edges that have them."""
        from_inputs = cell_edges(self.num_nodes).reads < NUM_INPUTS
        if not self.is_reduction:
            return [(1, np.ones_like(from_inputs))]
        # Edges from an input halve the image, and need no node to be complete.
        groups = [(2, from_inputs), (1, ~from_inputs)]
        return [group for group in groups if group[1].any()]

    @property
    def packings(self) -> list[Packing]:
        """How the parameters of the edges of each group lie in their vectors."""
        return [
            Packing(self.operations, self.channels, (stride,), affine=False)
            for stride, _ in self.groups
        ]

    def initial(self) -> PyTree:
        """Returns what the parameters start as."""
        initial = {
            name: without_norm(part)
            for name, part in super().initial().items()
            if name != "branches"
        }
        vectors = [
            parameters.Initial((mask.sum(), p.size), p.mean, p.deviation)
            for (_, mask), p in zip(self.groups, self.packings, strict=True)
        ]
        return initial | {"branches": vectors}

    def init_stats(self) -> PyTree:
        """Returns the running averages to start with."""
        sizes = len(self.operations), self.channels
        running = [
            parameters.init_running(mask.sum(), sizes[0], p.num_norms, sizes[1])
            for (_, mask), p in zip(self.groups, self.packings, strict=True)
        ]
        return super().init_stats() | {"branches": running}

    def _run_universal(self, variables, large, small, arch, train, keep):
        """Mixes the edges; returns the states [states, batch, ...]."""
        del keep  # nothing is dropped
        states = begin(large, small, self.num_nodes, self.is_reduction)
        edges, after = cell_edges(self.num_nodes), []
        for (stride, mask), packing, *own in zip(
            self.groups, self.packings, *variables, strict=True
        ):
            states, running = mix_edges(
                packing.branches(stride, train, self.axis_name),
                states,
                jnp.stack(large) if stride == 2 else None,
                tuple(own),
                arch[np.flatnonzero(mask)],
                edges.where(mask),
                self.one_path,
            )
            after.append(running)
        return states, after


class OnePathCell(MixedCell):
    """A cell of which at most one operation of each edge has a weight."""

    one_path = True


@dataclasses.dataclass(frozen=True)
class MixedLayout(Layout):
    """The cells of a mixed network; none is padded, so they run in no loop.

    Attributes:
        kind: Class of the cells.
    """

    kind: type[MixedCell] = MixedCell

    @property
    def is_stacked(self) -> bool:
        """False: cells of a stage read inputs of different widths."""
        return False

    @property
    def is_looped(self) -> bool:
        """False, see `is_stacked`."""
        return False

    @property
    def stem_width(self) -> int:
        """Channels of the stem's output."""
        return STEM_STATES * self.channels

    def bare_cell(self, stage: int, number: int | None) -> MixedCell:
        """Returns a cell without the widths of its inputs."""
        cell = self.kind(*super().bare_cell(stage, number)._replace(min_states=0))
        return cell._replace(join="nodes") if cell.join == "loose" else cell


class MixedConvNet(ConvNet):
    """Maps images to class scores by mixtures of all operations.

    As architecture it reads weights of operations, float32 [2, num_edges,
    num_operations], of normal and of reduction cells; edges as in `cell_edges`.

    Attributes:
        one_path: Whether at most one operation of an edge has a weight, and is
            computed.
    """

    one_path: bool = False

    @property
    def layout(self) -> MixedLayout:
        """Its cells, and how wide what they read is."""
        kind = OnePathCell if self.one_path else MixedCell
        fields = dataclasses.asdict(super().layout)
        return MixedLayout(**fields, kind=kind)

    @property
    def weights_shape(self) -> tuple[int, int, int]:
        """Kinds of cells, edges of a cell, and operations."""
        num_edges = len(cell_edges(self.num_nodes).reads)
        return 2, num_edges, len(self.operations)

    def initial(self) -> PyTree:
        """Returns what the parameters start as; the logits are not among them."""
        initial = super().initial()
        for stage in range(1, NUM_STAGES):
            initial[f"skip_{stage}"] = without_norm(initial[f"skip_{stage}"])
        return initial


def without_norm(initial: dict[str, PyTree]) -> dict[str, PyTree]:
    """Leaves out the scales and biases of a convolution's norm."""
    return {name: part for name, part in initial.items() if name != "norm"}

"""NAO's convolutional cells (Luo et al., 2018, arXiv:1808.07233, section 3 and 4.1).

An architecture is a normal and a reduction cell. A cell has two inputs, 0 (the cell
before last) and 1 (the last cell), and nodes 2, 3, ...; a node adds two operations,
each on a cell input or an earlier node. States nobody reads are the cell's output.

Tokens per branch are (input, operation), node by node, the normal cell first, and the
two tokens of a branch are joined into one encoder step: the coding of NAO with weight
sharing, 40 tokens and 20 steps for 5 nodes.

Cells that differ by the order of a node's branches or by the numbering of the nodes
compute the same function; the canonical form is the lexicographically smallest of them.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Container
from typing import ClassVar

import networkx as nx
import numpy as np

from nao.fields import check_choice
from nao.spaces import base, notation
from nao.system.showing import counted

# Named sets of operations; their implementations are in `nao.child.operations`.
OPERATION_SETS = {
    # NAO without weight sharing (Luo et al., 2018), numbered as in the released code.
    "nao": (
        *("identity", "conv_1x1", "conv_3x3", "conv_1x3_3x1", "conv_1x7_7x1"),
        *("max_pool_2x2", "max_pool_3x3", "max_pool_5x5"),
        *("avg_pool_2x2", "avg_pool_3x3", "avg_pool_5x5"),
    ),
    # ENAS (Pham et al., 2018), numbered as in NAO's search with weight sharing.
    "enas": (
        *("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "identity"),
    ),
    # NASNet (Zoph et al., 2018, arXiv:1707.07012, section 3).
    "nasnet": (
        *("identity", "conv_1x3_3x1", "conv_1x7_7x1", "dil_conv_3x3"),
        *("avg_pool_3x3", "max_pool_3x3", "max_pool_5x5", "max_pool_7x7"),
        *("conv_1x1", "conv_3x3", "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7"),
    ),
    # DARTS (Liu et al., 2019, arXiv:1806.09055, section 3.1).
    "darts": (
        *("none", "max_pool_3x3", "avg_pool_3x3", "identity"),
        *("sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"),
    ),
    # AmoebaNet (Real et al., 2019, arXiv:1802.01548, section 3).
    "amoebanet": (
        *("identity", "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7"),
        *("avg_pool_3x3", "max_pool_3x3", "dil_conv_3x3", "conv_1x7_7x1"),
    ),
}
# What a cell's output concatenates: states that no node reads, or all nodes (DARTS).
JOINS = ("loose", "nodes")
CELLS = ("normal", "reduction")
NUM_INPUTS = 2
_MOST_NODES = 100  # which may read any before it: choices grow with the square

Cell = tuple[tuple[tuple[int, int], tuple[int, int]], ...]  # per node, per branch
Join = str | tuple[tuple[int, ...], tuple[int, ...]]  # see `ConvCell.join`


@dataclasses.dataclass(frozen=True)
class ConvCell(base.Space):
    """Normal and reduction cells of two-branch nodes.

    The notation is NAO's: `input operation input operation ...` as numbers, node by
    node, a bar between the cells; operations are numbered as in `operations`.

    Attributes:
        operations: Names of the operations; the name of a set in `OPERATION_SETS`
            stands for those in it.
        num_nodes: Nodes of a cell, its inputs not counted.
        join: What a cell's output concatenates: `loose`, the states that no node reads;
            `nodes`, all of them; or the numbers of the states in normal and in
            reduction cells.
    """

    name: str = dataclasses.field(default="conv_cell", init=False)
    slots: tuple[base.Slot, ...] = dataclasses.field(init=False)
    group: int = dataclasses.field(default=2, init=False)
    operations: str | tuple[str, ...] = "enas"
    num_nodes: int = 5
    join: Join = "loose"

    network: ClassVar[str] = "nao.child.conv_net:ConvNet"

    def __post_init__(self):
        if self.num_nodes < 1:
            raise ValueError(f"num_nodes must be at least 1, got {self.num_nodes}.")
        if self.num_nodes > _MOST_NODES:
            raise ValueError(
                f"num_nodes must be at most {_MOST_NODES}, got {self.num_nodes}."
            )
        _check_join(self.join, NUM_INPUTS + self.num_nodes)
        # Always names, so that a set and its operations written out are equal spaces.
        operations = _named(self.operations)
        slots = []
        for cell, node, branch in itertools.product(
            CELLS, range(self.num_nodes), ("left", "right")
        ):
            name = f"{cell}/{node + NUM_INPUTS}/{branch}"
            # Cell inputs and earlier nodes: no order of decisions makes a cycle.
            inputs = tuple(str(i) for i in range(node + NUM_INPUTS))
            slots.append(base.Slot(f"{name}/input", inputs))
            slots.append(base.Slot(f"{name}/operation", operations))
        object.__setattr__(self, "operations", operations)
        object.__setattr__(self, "slots", tuple(slots))
        super().__post_init__()

    @property
    def joins(self) -> tuple[str | tuple[int, ...], str | tuple[int, ...]]:
        """What the output of normal cells and of reduction cells concatenates."""
        return (self.join, self.join) if isinstance(self.join, str) else self.join

    def architecture(self, tokens: np.ndarray) -> np.ndarray:
        """Returns the cells as integers, the form child networks read.

        Args:
            tokens: int32 [num, length].

        Returns:
            int32 [num, cell, node, branch, 2]; the last axis holds the input (0 and 1
            the cell's inputs, 2 + i node i) and the index of the operation.
        """
        shape = (len(tokens), len(CELLS), self.num_nodes, 2, 2)
        return self.to_indices(tokens).reshape(shape)

    def canonical(self, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to the smallest row under branch order and node numbering."""
        cells = self.architecture(tokens)
        flat = cells.reshape(-1, self.num_nodes, 2, 2)
        mapped, is_sure = _smallest_of_many(flat, len(self.operations))
        # Cells with a tie go one by one through the exact search.
        for i in np.flatnonzero(~is_sure):
            mapped[i] = _smallest(_as_cell(flat[i].tolist()))
        return self.from_indices(mapped.reshape(-1, self.length))

    def equivalents(self, rng: np.random.Generator, tokens: np.ndarray) -> np.ndarray:
        """Draws a random numbering of the nodes and order of the branches per row."""
        return self._map_cells(tokens, lambda cell: _shuffled(rng, cell))

    def _map_cells(
        self, tokens: np.ndarray, function: Callable[[Cell], Cell]
    ) -> np.ndarray:
        architectures = self.architecture(tokens).tolist()
        mapped = [[function(_as_cell(c)) for c in cells] for cells in architectures]
        return self.from_indices(np.array(mapped, np.int32).reshape(-1, self.length))

    def format(self, tokens: np.ndarray) -> str:
        """Writes both cells as numbers: `0 1 0 4 2 2 1 3 | 1 1 0 3 2 3 2 3`."""
        cells = self.to_indices(tokens).reshape(len(CELLS), -1)
        return " | ".join(" ".join(map(str, cell)) for cell in cells)

    def _parse_notation(self, text: str) -> np.ndarray:
        words = text.replace("|", " ").split()
        if len(words) != self.length or not all(word.isdecimal() for word in words):
            raise ValueError(
                f"A conv_cell architecture of {counted(self.num_nodes, 'node')} reads "
                f"'input operation ... | ...', {self.length} numbers, got {text!r}."
            )
        return self.from_indices(notation.read_indices(words, self.slots))

    def counts(self, tokens: np.ndarray) -> np.ndarray:
        """Counts each operation in the normal and in the reduction cell."""
        used = self.architecture(tokens)[..., 1, None] == range(len(self.operations))
        return used.sum((2, 3)).reshape(len(tokens), -1).astype(np.float32)

    def graph(self, tokens: np.ndarray) -> nx.DiGraph:
        """Returns both cells as one graph of two components."""
        graph = nx.DiGraph()
        (cells,) = self.architecture(tokens[None])
        for cell, nodes, join in zip(CELLS, cells, self.joins, strict=True):
            for state, label in enumerate(("cell before last", "last cell")):
                graph.add_node(f"{cell}/{state}", label=label, kind="input", cell=cell)
            graph.add_node(f"{cell}/output", label="output", kind="output", cell=cell)
            for node, branches in enumerate(nodes, start=NUM_INPUTS):
                name = f"{cell}/{node}"
                graph.add_node(name, label=f"node {node}", kind="node", cell=cell)
                for side, (state, operation) in zip("lr", branches, strict=True):
                    graph.add_node(
                        f"{name}/{side}",
                        label=self.operations[operation],
                        kind="operation",
                        cell=cell,
                    )
                    graph.add_edge(f"{cell}/{state}", f"{name}/{side}")
                    graph.add_edge(f"{name}/{side}", name)
            read = set(nodes[..., 0].ravel().tolist())
            for state in joined_states(self.num_nodes, read, join):
                graph.add_edge(f"{cell}/{state}", f"{cell}/output")
        return graph


def _named(operations: str | tuple[str, ...]) -> tuple[str, ...]:
    """Returns the operations of a set, given by its name, or the names given."""
    if not isinstance(operations, str):
        return tuple(operations)
    if operations not in OPERATION_SETS:
        raise ValueError(
            f"Unknown operation set {operations!r}; "
            f"known: {', '.join(sorted(OPERATION_SETS))}."
        )
    return OPERATION_SETS[operations]


def _check_join(join: Join, num_states: int) -> None:
    """Raises ValueError where a join is neither a rule nor the states of both cells."""
    if isinstance(join, str):
        check_choice("join", join, JOINS)
        return
    states = range(num_states)
    is_fine = len(join) == len(CELLS) and all(
        joined and len(set(joined)) == len(joined) and set(joined) <= set(states)
        for joined in join
    )
    if not is_fine:
        raise ValueError(
            "join must hold one or more distinct states of normal and of reduction "
            f"cells, 0 to {states[-1]}, got {join}."
        )


def joined_states(
    num_nodes: int, read: Container[int], join: str | tuple[int, ...]
) -> tuple[int, ...]:
    """Returns the states that a cell's output concatenates.

    Args:
        num_nodes: Nodes of the cell.
        read: States that its nodes read.
        join: One of `JOINS`, or the states themselves.
    """
    if not isinstance(join, str):
        return join
    states = range(NUM_INPUTS + num_nodes)
    if join == "nodes":
        return tuple(states[NUM_INPUTS:])
    return tuple(state for state in states if state not in read)


def _as_cell(nodes: list) -> Cell:
    return tuple(tuple((i, o) for i, o in branches) for branches in nodes)


def _place(cell: Cell, node: int, number: dict[int, int]) -> tuple | None:
    """Returns a node's branches under a partial numbering, smaller one first.

    None where a state that the node reads has no number yet.
    """
    if any(state not in number for state, _ in cell[node]):
        return None
    return tuple(sorted((number[state], op) for state, op in cell[node]))


def _smallest_of_many(
    cells: np.ndarray, num_operations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Does what `_smallest` does to most cells at once.

    Args:
        cells: int32 [num, nodes, branch, 2], input and operation.
        num_operations: Number of operations.

    Returns:
        The smallest cells, and in which of them, bool [num], no two nodes tied for a
        place; those with a tie are not sure to be smallest.
    """
    num, num_nodes = cells.shape[:2]
    # A node's branches become the two digits of one integer, the smaller one first, so
    # that nodes compare as in `_place`.
    radix = (num_nodes + NUM_INPUTS) * num_operations  # above every branch
    never = radix * radix  # above every node
    row = np.arange(num)
    # New number of each state, -1 before it has one.
    numbers = np.full((num, num_nodes + NUM_INPUTS), -1)
    numbers[:, :NUM_INPUTS] = np.arange(NUM_INPUTS)
    result = np.zeros_like(cells)
    is_sure = np.ones(num, bool)
    for position in range(num_nodes):
        inputs = numbers[row[:, None, None], cells[..., 0]]
        branches = np.sort(inputs * num_operations + cells[..., 1], axis=-1)
        keys = branches[..., 0] * radix + branches[..., 1]
        is_open = (inputs >= 0).all(-1) & (numbers[:, NUM_INPUTS:] < 0)
        keys = np.where(is_open, keys, never)
        chosen = keys.argmin(-1)
        smallest = keys[row, chosen]
        # Which of two equal nodes comes first may decide how later ones read.
        is_sure &= (keys == smallest[:, None]).sum(-1) == 1
        numbers[row, NUM_INPUTS + chosen] = NUM_INPUTS + position
        placed = np.stack(np.divmod(smallest, radix), -1)
        result[:, position] = np.stack(np.divmod(placed, num_operations), -1)
    return result, is_sure


@functools.lru_cache(maxsize=1 << 16)  # a search meets the same cells over and over
def _smallest(cell: Cell) -> Cell:
    """Returns the lexicographically smallest equivalent cell.

    Places, one after the other, the node whose branches read smallest. Where several
    tie, the nodes are twins so far, and every one of them is followed.
    """
    start = {i: i for i in range(NUM_INPUTS)}
    frontier, rows = [start], []
    for position in range(NUM_INPUTS, NUM_INPUTS + len(cell)):
        options = []
        for number in frontier:
            for node in range(len(cell)):
                if node + NUM_INPUTS not in number:
                    row = _place(cell, node, number)
                    if row is not None:
                        options.append((row, node + NUM_INPUTS, number))
        smallest = min(row for row, _, _ in options)
        rows.append(smallest)
        # By numbering: ways that placed the same nodes alike are followed once.
        followed = {}
        for row, state, number in options:
            if row == smallest:
                extended = number | {state: position}
                followed[tuple(sorted(extended.items()))] = extended
        frontier = list(followed.values())
    return tuple(rows)


def _shuffled(rng: np.random.Generator, cell: Cell) -> Cell:
    """Returns an equivalent cell: a random topological order, branches in any order."""
    number, rows = {i: i for i in range(NUM_INPUTS)}, []
    for position in range(NUM_INPUTS, NUM_INPUTS + len(cell)):
        ready = [
            (node, row)
            for node in range(len(cell))
            if node + NUM_INPUTS not in number
            and (row := _place(cell, node, number)) is not None
        ]
        node, row = ready[rng.integers(len(ready))]
        number[node + NUM_INPUTS] = position
        # `_place` has sorted the branches.
        rows.append(row if rng.random() < 0.5 else row[::-1])
    return tuple(rows)

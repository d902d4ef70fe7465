"""A cell whose nodes are sums of operations on all earlier nodes.

The topology space of NAS-Bench-201 (Dong & Yang, 2020, arXiv:2001.00326), as well as
the micro space of TransNAS-Bench-101 (Duan et al., 2021, arXiv:2105.11871), with any
operations and any number of nodes. Node 0 is the input, the last one the output.

Cells that compute the same function share one canonical form, the first of them in
lexicographic order; `nao.spaces.sums` has the rules. Without `none` and `skip` every
cell is a function of its own.
"""

import dataclasses
import functools
import re

import networkx as nx
import numpy as np

from nao.spaces import base, paths, rewriting, sums

# A node reads all before it, so slots grow with the square.
_MOST_NODES = 12
# Sequences worth working out once and looking up ever after, which takes a second; in
# larger spaces they are worked out one by one.
_MOST_LISTED = 1 << 18


@dataclasses.dataclass(frozen=True)
class TopologyCell(base.Space):
    """Cells of nodes that add operations on all earlier nodes, one on each edge.

    Edges stand in the order 1<-0, 2<-0, 2<-1, 3<-0, ..., and the notation is that of
    NAS-Bench-201: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|` has 4 nodes.

    Attributes:
        operations: Names of the operations, the choices of every edge.
        num_nodes: Nodes of a cell, its input and output counted.
        none: The operation that gives zero, as if the edge were not there; None where
            there is none.
        skip: The operation that hands its input on as it is; None where there is none.
    """

    name: str = dataclasses.field(default="topology_cell", init=False)
    slots: tuple[base.Slot, ...] = dataclasses.field(init=False)
    group: int = dataclasses.field(default=1, init=False)
    operations: tuple[str, ...]
    num_nodes: int = 4
    none: str | None = None
    skip: str | None = None

    def __post_init__(self):
        if not 2 <= self.num_nodes <= _MOST_NODES:
            raise ValueError(
                f"num_nodes must be 2 to {_MOST_NODES}, input and output counted, got "
                f"{self.num_nodes}."
            )
        _check_operations(self.operations, self.none, self.skip)
        operations = tuple(self.operations)
        object.__setattr__(self, "operations", operations)
        slots = tuple(base.Slot(f"{to}<-{of}", operations) for to, of in self.edges)
        object.__setattr__(self, "slots", slots)
        super().__post_init__()

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Node written and node read of each edge, in the order of the slots."""
        return sums.edges(self.num_nodes)

    @functools.cached_property
    def _rules(self) -> sums.Rules:
        numbers = {name: number for number, name in enumerate(self.operations)}
        none, skip = numbers.get(self.none), numbers.get(self.skip)
        return sums.Rules(self.num_nodes, len(self.operations), none, skip)

    @property
    def _is_listed(self) -> bool:
        return self.num_sequences <= _MOST_LISTED

    @functools.cached_property
    def _classes(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Class number of every sequence, and the sequences of every class."""
        return sums.classes(self._rules)

    @functools.cached_property
    def _first(self) -> np.ndarray:
        """The first sequence of every class, int64 [num_classes]."""
        return np.array([members[0] for members in self._classes[1]])

    @property
    def _shape(self) -> tuple[int, ...]:
        return (len(self.operations),) * self.length

    def _number(self, tokens: np.ndarray) -> np.ndarray:
        return np.ravel_multi_index(self.to_indices(tokens).T, self._shape)

    def _tokens(self, numbers: np.ndarray) -> np.ndarray:
        return self.from_indices(np.stack(np.unravel_index(numbers, self._shape), -1))

    def _rows(self, tokens: np.ndarray) -> list[sums.Row]:
        return list(map(tuple, self.to_indices(tokens).tolist()))

    def _from_rows(self, rows: list[sums.Row]) -> np.ndarray:
        # Typed and shaped, since no rows at all would become floats of another shape.
        return self.from_indices(np.array(rows, np.int32).reshape(-1, self.length))

    def canonical(self, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to the first sequence, in lexicographic order, of its function.

        In cells of 7 nodes or more finding it may take too long: such a row becomes
        itself, with `none` on all edges that the output does not depend on.
        """
        if not self._is_listed:
            return self._from_rows(
                [rewriting.first(self._rules, row) for row in self._rows(tokens)]
            )
        of_sequence, _ = self._classes
        return self._tokens(self._first[of_sequence[self._number(tokens)]])

    def equivalents(self, rng: np.random.Generator, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to a random sequence of its function.

        Each is as likely up to 262,144 sequences; in larger spaces each may be drawn,
        but where `canonical` takes too long, the row itself comes back.
        """
        if not self._is_listed:
            return self._from_rows(
                [rewriting.draw(self._rules, row, rng) for row in self._rows(tokens)]
            )
        of_sequence, members = self._classes
        numbers = [rng.choice(members[c]) for c in of_sequence[self._number(tokens)]]
        # Typed, since no rows at all would become floats.
        return self._tokens(np.array(numbers, np.int64))

    def features(self, tokens: np.ndarray) -> np.ndarray:
        """Counts the paths from input to output by the operations along them.

        Skips count as no operation, so a path has at most `num_nodes - 1`. The path
        encoding of White et al. (2021, arXiv:1910.11858), with counts, and cut to the
        shorter paths where there are thousands. Rows of one function have the same.
        """
        return paths.count(self._rules, self.operations, self.to_indices(tokens))

    def format(self, tokens: np.ndarray) -> str:
        """Writes `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`, a group for each node."""
        groups: dict[int, list[str]] = {}
        for (to, of), operation in zip(self.edges, self.choices(tokens), strict=True):
            groups.setdefault(to, []).append(f"{operation}~{of}")
        return "+".join(f"|{'|'.join(parts)}|" for parts in groups.values())

    def _parse_notation(self, text: str) -> np.ndarray:
        choices = {}
        for (to, of), operation in read_edges(text, self.name):
            if f"{to}<-{of}" in choices:
                raise ValueError(f"Edge {to}<-{of} stands twice in {text!r}.")
            choices[f"{to}<-{of}"] = operation
        return self.from_choices(choices)

    def graph(self, tokens: np.ndarray) -> nx.DiGraph:
        """Returns the cell as a graph, its `none` edges left out."""
        graph = nx.DiGraph()
        ends = {0: "input", self.num_nodes - 1: "output"}
        for node in range(self.num_nodes):
            label = ends.get(node, f"node {node}")
            graph.add_node(node, label=label, kind=ends.get(node, "node"), cell="cell")
        for (to, of), operation in zip(self.edges, self.choices(tokens), strict=True):
            if operation != self.none:
                edge = f"{to}<-{of}"
                graph.add_node(edge, label=operation, kind="operation", cell="cell")
                graph.add_edge(of, edge)
                graph.add_edge(edge, to)
        return graph


def read_edges(text: str, space: str) -> list[tuple[tuple[int, str], str]]:
    """Reads the edges of a cell, `|op~0|+|op~0|op~1|+...`.

    Args:
        text: The cell.
        space: Name of the space, for the message.

    Returns:
        Node written, node read as it stands there, and operation of each edge.

    Raises:
        ValueError: If the text is no such cell.
    """
    edges = []
    for to, node in enumerate(re.split(r"(?<=\|)\s*\+\s*(?=\|)", text.strip()), 1):
        parts = node.split("|")
        if len(parts) < 3 or parts[0] or parts[-1]:
            raise ValueError(
                f"A cell of space {space!r} reads '|op~0|+|op~0|op~1|+...', a group "
                f"for each node, got {text!r}."
            )
        for part in parts[1:-1]:
            operation, _, of = part.rpartition("~")
            edges.append(((to, of), operation))
    return edges


def _check_operations(
    operations: tuple[str, ...], none: str | None, skip: str | None
) -> None:
    """Raises ValueError where a cell can't have these operations."""
    # A string is iterable, too: its letters would become operations.
    if isinstance(operations, str) or not operations:
        raise ValueError(f"operations must be a list of names, got {operations!r}.")
    for name in operations:
        if not isinstance(name, str) or "|" in name:
            raise ValueError(f"Operations must be text without '|', got {name!r}.")
    if none is not None and none == skip:
        raise ValueError(f"none and skip must be two operations, both are {none!r}.")
    if len(set(operations)) != len(operations):
        raise ValueError(f"Operations must differ, got {', '.join(operations)}.")
    for mark, name in (("none", none), ("skip", skip)):
        if name is not None and name not in operations:
            raise ValueError(
                f"{mark} must be one of the operations, {', '.join(operations)}, got "
                f"{name!r}."
            )

"""NAS-Bench-201 (Dong & Yang, 2020, arXiv:2001.00326): a cell of six edges.

Nodes 0 to 3; node 0 is the input, node 3 the output, and every node is the sum of its
incoming edges, each edge one of five operations on an earlier node.

Cells that compute the same function share one canonical form. The rules:

1. An edge `none` gives zero and is dropped; so is any operation on a node that is zero.
2. An edge `skip_connect` hands on the terms of the sum it reads.
3. A sum is a multiset of terms (operation, node read): order does not count,
   multiplicity does.

They leave 4,930 functions of the 15,625 sequences, the zero function included. The
benchmark's own unique string keeps zeros in the text and gives 6,466.
"""

import collections
import dataclasses
import functools
from typing import ClassVar

import networkx as nx
import numpy as np

from nao.spaces import base

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
# (node written, node read), in the order of the benchmark's string. A node's incoming
# edges stand before all edges that read it, so one pass over them computes a cell.
EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))


_SLOTS = tuple(base.Slot(f"{to}<-{of}", OPERATIONS) for to, of in EDGES)


@dataclasses.dataclass(frozen=True)
class NASBench201(base.Space):
    """The topology space of NAS-Bench-201; its notation is the benchmark's string."""

    name: str = dataclasses.field(default="nasbench201", init=False)
    slots: tuple[base.Slot, ...] = dataclasses.field(default=_SLOTS, init=False)
    group: int = dataclasses.field(default=1, init=False)

    network: ClassVar[str] = "nao.child.topology_net:TopologyNet"

    @functools.cached_property
    def _classes(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Class number of every sequence, and the sequences of every class.

        Sequences are numbered in lexicographic order of their choices, and classes
        by their first sequence, which is the representative.
        """
        # 5^6 sequences are few enough to work out once and to look up ever after.
        shape = (len(OPERATIONS),) * len(EDGES)
        numbers, of_sequence = {}, []
        for choice in np.ndindex(shape):
            of_sequence.append(numbers.setdefault(_function(choice), len(numbers)))
        of_sequence = np.array(of_sequence)
        # Stable: the sequences of a class stay in order, so its smallest comes first.
        order = np.argsort(of_sequence, kind="stable")
        starts = np.searchsorted(of_sequence[order], np.arange(1, len(numbers)))
        return of_sequence, np.split(order, starts)

    def _number(self, tokens: np.ndarray) -> np.ndarray:
        shape = (len(OPERATIONS),) * len(EDGES)
        return np.ravel_multi_index(self.to_indices(tokens).T, shape)

    def _tokens(self, numbers: np.ndarray) -> np.ndarray:
        shape = (len(OPERATIONS),) * len(EDGES)
        return self.from_indices(np.stack(np.unravel_index(numbers, shape), -1))

    def canonical(self, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to the first sequence, in lexicographic order, of its class."""
        of_sequence, members = self._classes
        first = np.array([m[0] for m in members])
        return self._tokens(first[of_sequence[self._number(tokens)]])

    def equivalents(self, rng: np.random.Generator, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to a random sequence of its class."""
        of_sequence, members = self._classes
        numbers = [rng.choice(members[c]) for c in of_sequence[self._number(tokens)]]
        # Typed, since no rows at all would become floats.
        return self._tokens(np.array(numbers, np.int64))

    @functools.cached_property
    def _paths(self) -> np.ndarray:
        """Features of every class, float32 [num_classes, size]."""
        # Of each class's representative: rows of the same function share features.
        _, members = self._classes
        first = self.to_indices(self._tokens(np.array([m[0] for m in members])))
        counts = [_count_paths(choice) for choice in first.tolist()]
        paths = sorted(set().union(*counts), key=lambda path: (len(path), path))
        return np.array([[c[path] for path in paths] for c in counts], np.float32)

    def features(self, tokens: np.ndarray) -> np.ndarray:
        """Counts the paths from input to output by the operations along them.

        Skips count as no operation, so a path has none to three. The path encoding of
        White et al. (2021, arXiv:1910.11858), of the canonical form and with counts.
        """
        of_sequence, _ = self._classes
        return self._paths[of_sequence[self._number(tokens)]]

    def format(self, tokens: np.ndarray) -> str:
        """Writes `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`."""
        edges = {}
        for (to, of), operation in zip(EDGES, self.choices(tokens), strict=True):
            edges.setdefault(to, []).append(f"{operation}~{of}")
        return "+".join(f"|{'|'.join(parts)}|" for parts in edges.values())

    def _parse_notation(self, text: str) -> np.ndarray:
        choices = {}
        for to, node in enumerate(text.split("+"), start=1):
            parts = node.strip().split("|")
            if len(parts) < 3 or parts[0] or parts[-1]:
                raise ValueError(
                    "A NAS-Bench-201 cell reads "
                    f"'|op~0|+|op~0|op~1|+|op~0|op~1|op~2|', got {text!r}."
                )
            for part in parts[1:-1]:
                operation, _, of = part.partition("~")
                if f"{to}<-{of}" in choices:
                    raise ValueError(f"Edge {to}<-{of} stands twice in {text!r}.")
                choices[f"{to}<-{of}"] = operation
        return self.from_choices(choices)

    def graph(self, tokens: np.ndarray) -> nx.DiGraph:
        """Returns the cell as a graph, its `none` edges left out."""
        graph = nx.DiGraph()
        for node in range(4):
            kind = {0: "input", 3: "output"}.get(node, "node")
            label = {0: "input", 3: "output"}.get(node, f"node {node}")
            graph.add_node(node, label=label, kind=kind, cell="cell")
        for (to, of), operation in zip(EDGES, self.choices(tokens), strict=True):
            if operation != "none":
                edge = f"{to}<-{of}"
                graph.add_node(edge, label=operation, kind="operation", cell="cell")
                graph.add_edge(of, edge)
                graph.add_edge(edge, to)
        return graph


def _count_paths(choice: list[int]) -> collections.Counter[tuple[str, ...]]:
    """Counts the paths from input to output by their operations, skips left out."""
    nodes = {0: collections.Counter({(): 1})}
    for (to, of), index in zip(EDGES, choice, strict=True):
        into = nodes.setdefault(to, collections.Counter())
        operation = OPERATIONS[index]
        if operation != "none":
            step = () if operation == "skip_connect" else (operation,)
            for path, count in nodes[of].items():
                into[path + step] += count
    return nodes[3]


def _function(choice: tuple[int, ...]) -> tuple:
    """Returns the nested sum that the output node computes, () for zero."""
    nodes = {0: (("input",),), 1: (), 2: (), 3: ()}
    for (to, of), index in zip(EDGES, choice, strict=True):
        operation = OPERATIONS[index]
        if operation == "none" or not nodes[of]:  # rule 1
            continue
        # Rule 2: a skip adds the terms themselves, not a term of its own.
        terms = nodes[of] if operation == "skip_connect" else ((operation, nodes[of]),)
        # Rule 3: any fixed order makes equal sums equal tuples.
        nodes[to] = tuple(sorted((*nodes[to], *terms), key=repr))
    return nodes[3]

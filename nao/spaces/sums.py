"""What a cell computes whose nodes are sums of operations on earlier nodes.

Node 0 is the input, the last node the output, and an edge from each node to each later
one is an operation. Cells of the same function have one normal form, by three rules:

1. An edge `none` gives zero and is dropped; so is any operation on a node that is zero.
2. An edge `skip` hands on the terms of the sum it reads.
3. A sum is a multiset of terms (operation, sum read): order does not count,
   multiplicity does.

A cell is a row of numbers of operations, one for each edge of `edges`.
"""

import functools
from typing import NamedTuple

import numpy as np

# Terms of a sum and how often each stands there, by number; () is zero. As a multiset
# it has one order, so that equal sums are equal tuples.
Sum = tuple[tuple[int, int], ...]
Row = tuple[int, ...]

INPUT: Sum = ((0, 1),)
# Stands for any sum that is no part of the function looked for. No term is -1.
UNREAD: Sum = ((-1, 1),)


class Rules(NamedTuple):
    """What the numbers of a row mean.

    Attributes:
        num_nodes: Nodes of the cell, input and output among them.
        num_operations: Number of operations.
        none: Number of the operation that gives zero; None where there is none.
        skip: Number of the identity; None where there is none.
    """

    num_nodes: int
    num_operations: int
    none: int | None
    skip: int | None


@functools.cache
def edges(num_nodes: int) -> tuple[tuple[int, int], ...]:
    """Returns (node written, node read) of each edge: (1, 0), (2, 0), (2, 1), ...

    A node's incoming edges stand before all edges that read it, so one pass over them
    computes a cell.
    """
    return tuple((to, of) for to in range(1, num_nodes) for of in range(to))


class Terms:
    """The terms (operation, sum read) of some cells, numbered; the input's is 0."""

    def __init__(self, rules: Rules):
        self._rules = rules
        self._numbers: dict[tuple[int, Sum], int] = {}

    def of(self, operation: int, read: Sum) -> Sum:
        """Returns what an operation on a sum adds to a node."""
        if operation == self._rules.none or not read:  # rule 1
            return ()
        if operation == self._rules.skip:  # rule 2
            return read
        number = self._numbers.setdefault((operation, read), len(self._numbers) + 1)
        return ((number, 1),)

    def known(self, operation: int, read: Sum) -> Sum:
        """Does what `of` does, without new terms: those are `UNREAD`."""
        term = operation, read
        is_handed_on = not read or operation in (self._rules.none, self._rules.skip)
        return self.of(*term) if is_handed_on or term in self._numbers else UNREAD

    def inside(self, function: Sum) -> set[Sum]:
        """Returns all sums that the terms of a sum read, theirs included."""
        by_number = {number: read for (_, read), number in self._numbers.items()}
        found, todo = set(), [function]
        while todo:
            reads = {by_number[n] for n, _ in todo.pop() if n in by_number}
            todo += reads - found
            found |= reads
        return found

    def within_reach(self, node: Sum) -> int:
        """Returns the known terms that an edge from a node can add, a bit for each."""
        skipped = [number for number, _ in node if number >= 0]
        numbers = skipped if self._rules.skip is not None else []
        for operation in range(self._rules.num_operations):
            numbers.append(self._numbers.get((operation, node), -1))
        return sum(1 << number for number in {*numbers} - {-1})


def add(first: Sum, second: Sum) -> Sum:
    """Returns the sum of the terms of both."""
    if not first or not second:
        return first or second
    counts = dict(first)
    for term, count in second:
        counts[term] = counts.get(term, 0) + count
    return tuple(sorted(counts.items()))  # rule 3


def is_part(part: Sum, whole: Sum) -> bool:
    """Says whether a sum has all terms of another, each as often at least."""
    counts = dict(whole)
    return all(count <= counts.get(term, 0) for term, count in part)


def classes(rules: Rules) -> tuple[np.ndarray, list[np.ndarray]]:
    """Works out the function of every row.

    Rows are numbered in lexicographic order, and classes, the rows of a function, by
    their first row.

    Returns:
        Class of each row, int64 [num_rows], and the rows of each class, ascending.
    """
    terms = Terms(rules)
    # Nodes so far and what was added to the next one, of all rows up to an edge.
    states: list[tuple[tuple[Sum, ...], Sum]] = [((INPUT,), ())]
    for to, of in edges(rules.num_nodes):
        states = [
            (nodes, add(so_far, terms.of(operation, nodes[of])))
            for nodes, so_far in states
            for operation in range(rules.num_operations)
        ]
        if of == to - 1:
            states = [((*nodes, this), ()) for nodes, this in states]
    numbers: dict[Sum, int] = {}
    of_row = [numbers.setdefault(nodes[-1], len(numbers)) for nodes, _ in states]
    of_row = np.array(of_row)
    # Stable: the rows of a class stay in order, so its smallest comes first.
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(1, len(numbers)))
    return of_row, np.split(order, starts)


def nodes_of(rules: Rules, row: Row, terms: Terms) -> list[Sum]:
    """Returns the sum of each node."""
    nodes: list[Sum] = [INPUT, *[()] * (rules.num_nodes - 1)]
    for (to, of), operation in zip(edges(rules.num_nodes), row, strict=True):
        nodes[to] = add(nodes[to], terms.of(operation, nodes[of]))
    return nodes

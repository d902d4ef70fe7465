"""What a cell computes whose nodes are sums of operations on earlier nodes.

Node 0 is the input, the last node the output, and an edge from each node to each later
one is an operation. Cells of the same function have one normal form, by three rules:

1. An edge `none` gives zero and is dropped; so is any operation on a node that is zero.
2. An edge `skip` hands on the terms of the sum it reads.
3. A sum is a multiset of terms (operation, sum read): order does not count,
   multiplicity does.

A cell is a row of numbers of operations, one for each edge of `edges`; what stands for
all rows of a function is the first of them in lexicographic order.
"""

import functools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

# Terms of a sum and how often each stands there, by number; () is zero. As a multiset
# it has one order, so that equal sums are equal tuples.
Sum = tuple[tuple[int, int], ...]
Row = tuple[int, ...]

_INPUT: Sum = ((0, 1),)
# Stands for any sum that is no part of the function looked for. No term is -1.
_UNREAD: Sum = ((-1, 1),)
# Half a second. Cells of 6 nodes take less, of 7 nodes one in twenty takes more.
_MAX_STEPS = 20_000


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


class _Terms:
    """Numbers of terms (operation, sum read), the input's 0."""

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
        """Does what `of` does, without new terms: those are `_UNREAD`."""
        term = operation, read
        is_handed_on = not read or operation in (self._rules.none, self._rules.skip)
        return self.of(*term) if is_handed_on or term in self._numbers else _UNREAD

    def inside(self, function: Sum) -> set[Sum]:
        """Returns all sums that the terms of a sum read, theirs included."""
        by_number = {number: read for (_, read), number in self._numbers.items()}
        found, todo = set(), [function]
        while todo:
            reads = {by_number[n] for n, _ in todo.pop() if n in by_number}
            todo += reads - found
            found |= reads
        return found

    def within_reach(self, node: Sum) -> set[int]:
        """Returns the known terms that an edge from a node can add, by number."""
        skipped = {number for number, _ in node} if self._rules.skip is not None else ()
        operations = range(self._rules.num_operations)
        added = (self._numbers.get((operation, node)) for operation in operations)
        return {*skipped, *added} - {None}


def _add(first: Sum, second: Sum) -> Sum:
    if not first or not second:
        return first or second
    counts = dict(first)
    for term, count in second:
        counts[term] = counts.get(term, 0) + count
    return tuple(sorted(counts.items()))  # rule 3


def _is_part(part: Sum, whole: Sum) -> bool:
    counts = dict(whole)
    return all(count <= counts.get(term, 0) for term, count in part)


def classes(rules: Rules) -> tuple[np.ndarray, list[np.ndarray]]:
    """Works out the function of every row.

    Rows are numbered in lexicographic order, and classes, the rows of a function, by
    their first row.

    Returns:
        Class of each row, int64 [num_rows], and the rows of each class, ascending.
    """
    terms = _Terms(rules)
    # Nodes so far and what was added to the next one, of all rows up to an edge.
    states: list[tuple[tuple[Sum, ...], Sum]] = [((_INPUT,), ())]
    for to, of in edges(rules.num_nodes):
        states = [
            (nodes, _add(so_far, terms.of(operation, nodes[of])))
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


@functools.lru_cache(maxsize=1 << 16)  # a search meets the same cells over and over
def first(rules: Rules, row: Row) -> Row:
    """Returns the first row, in lexicographic order, of the same function.

    Where finding it would take too many steps, which depends on the function alone, it
    is the row itself, with `none` on all edges that the output does not depend on.
    """
    found = _find(rules, row, lambda: range(rules.num_operations))
    return _without_unread(rules, row) if found is None else found


def draw(rules: Rules, row: Row, rng: np.random.Generator) -> Row:
    """Returns a random row of the same function; all are possible, not as likely.

    Where `first` would take too many steps, it is the row itself.
    """
    by_order = _find(rules, row, lambda: range(rules.num_operations))
    if by_order is None:
        return row
    found = _find(rules, row, lambda: rng.permutation(rules.num_operations).tolist())
    return row if found is None else found


def _nodes(rules: Rules, row: Row, terms: _Terms) -> list[Sum]:
    """Returns the sum of each node."""
    nodes: list[Sum] = [_INPUT, *[()] * (rules.num_nodes - 1)]
    for (to, of), operation in zip(edges(rules.num_nodes), row, strict=True):
        nodes[to] = _add(nodes[to], terms.of(operation, nodes[of]))
    return nodes


def _find(rules: Rules, row: Row, order_fn: Callable[[], Iterable[int]]) -> Row | None:
    """Looks for a row of the same function, operations tried in an order per edge.

    Returns:
        The first one; None where it takes more than `_MAX_STEPS` steps.
    """
    terms = _Terms(rules)
    function = _nodes(rules, row, terms)[-1]
    try:
        return _Search(rules, function, terms, order_fn).run()
    except _TooLong:
        return None


class _TooLong(Exception):
    """A search took too many steps."""


class _Search:
    """Looks for the rows of a function, depth first, edge by edge."""

    def __init__(
        self,
        rules: Rules,
        function: Sum,
        terms: _Terms,
        order_fn: Callable[[], Iterable[int]],
    ):
        self._edges = edges(rules.num_nodes)
        self._output = rules.num_nodes - 1
        self._function = function
        self._terms = terms
        self._order_fn = order_fn
        # Sums that some node must have, since an operation reads them.
        self._needed = frozenset(terms.inside(function))
        self._parts: dict[Sum, bool] = {}
        self._failed: set[tuple] = set()
        self._num_steps = 0

    def run(self) -> Row:
        """Returns the first row of the function."""
        found = self._from(0, (self._kept(_INPUT),), ())
        assert found is not None, "The row that the function is of was not found."
        return found

    def _from(self, edge: int, nodes: tuple[Sum, ...], so_far: Sum) -> Row | None:
        """Returns the rest of the first row that begins so, None where none does.

        Args:
            edge: Number of edges that are decided.
            nodes: Sums of the nodes that are.
            so_far: What these edges add to the next node.
        """
        if edge == len(self._edges):
            return ()
        to, of = self._edges[edge]
        # What can follow whole nodes is the same for any numbering of them.
        state = (edge, *(nodes if of else sorted(nodes)), so_far)
        if state in self._failed:
            return None
        self._num_steps += 1
        if self._num_steps > _MAX_STEPS:
            raise _TooLong
        aims = self._aims(to, nodes)
        for operation in self._order_fn():
            this = self._kept(_add(so_far, self._terms.known(operation, nodes[of])))
            if aims is not None and not self._may_become(this, aims, nodes[of + 1 :]):
                continue
            after = ((*nodes, this), ()) if of == to - 1 else (nodes, this)
            rest = self._from(edge + 1, *after)
            if rest is not None:
                return (operation, *rest)
        self._failed.add(state)
        return None

    def _aims(self, to: int, nodes: tuple[Sum, ...]) -> frozenset[Sum] | None:
        """Returns the sums of which a node must have one; None where it is free."""
        if to == self._output:
            return frozenset([self._function])
        missing = self._needed.difference(nodes)
        num_free = self._output - to - len(missing)
        if num_free > 0:
            return None
        return missing if num_free == 0 else frozenset()  # there is no room for all

    def _may_become(
        self, this: Sum, aims: frozenset[Sum], unread: tuple[Sum, ...]
    ) -> bool:
        """Says whether edges from nodes that follow may complete one of the sums."""
        if not unread:
            return this in aims
        reach = set().union(*map(self._terms.within_reach, unread))
        have = dict(this)
        return any(
            _is_part(this, aim)
            and all(n in reach for n, count in aim if count > have.get(n, 0))
            for aim in aims
        )

    def _kept(self, this: Sum) -> Sum:
        """Returns a sum, `_UNREAD` where it is no part of any that the function has."""
        if this not in self._parts:
            wholes = (self._function, *self._needed)
            self._parts[this] = any(_is_part(this, whole) for whole in wholes)
        return this if self._parts[this] else _UNREAD


def _without_unread(rules: Rules, row: Row) -> Row:
    """Returns a row with `none` on all edges that the output does not depend on."""
    if rules.none is None:  # Then it depends on every edge.
        return row
    nodes = _nodes(rules, row, _Terms(rules))
    is_read = [False] * (rules.num_nodes - 1) + [True]
    kept = list(row)
    for edge, (to, of) in reversed(list(enumerate(edges(rules.num_nodes)))):
        if is_read[to] and nodes[of] and row[edge] != rules.none:
            is_read[of] = True
        else:
            kept[edge] = rules.none
    return tuple(kept)

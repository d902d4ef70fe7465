"""Other rows of the same function: the first of them, which stands for all, or any.

Rows are cells as in `nao.spaces.sums`, and their order is lexicographic. A search
decides edge by edge; it leaves off where the sums so far can't become those that the
function has, or have failed before.
"""

import functools
from collections.abc import Callable, Iterable

import numpy as np

from nao.spaces import sums
from nao.spaces.sums import UNREAD, Row, Rules, Sum, Terms

# Steps of looking for one row. Cells of up to 6 nodes take fewer, milliseconds on
# average; of larger ones, one in four would take seconds, and strategies ask about
# thousands in a round.
_MOST_STEPS, _MOST_STEPS_IF_LARGE = 20_000, 1_000
_LARGE = 7  # nodes


def first(rules: Rules, row: Row) -> Row:
    """Returns the first row, in lexicographic order, of the same function.

    Where finding it would take too many steps, which depends on the function alone, it
    is the row itself, with `none` on all edges that the output does not depend on.
    """
    found = _smallest(rules, row)
    return _without_unread(rules, row) if found is None else found


def draw(rules: Rules, row: Row, rng: np.random.Generator) -> Row:
    """Returns a random row of the same function; all are possible, not as likely.

    Where `first` would take too many steps, it is the row itself.
    """
    if _smallest(rules, row) is None:
        return row
    found = _find(rules, row, lambda: rng.permutation(rules.num_operations).tolist())
    return row if found is None else found


@functools.lru_cache(maxsize=1 << 16)  # a search meets the same cells over and over
def _smallest(rules: Rules, row: Row) -> Row | None:
    return _find(rules, row, lambda: range(rules.num_operations))


def _find(rules: Rules, row: Row, order_fn: Callable[[], Iterable[int]]) -> Row | None:
    """Looks for a row of the same function, operations tried in an order per edge.

    Returns:
        The first one; None where it takes too many steps.
    """
    terms = Terms(rules)
    function = sums.nodes_of(rules, row, terms)[-1]
    try:
        return _Search(rules, function, terms, order_fn).run()
    except _TooLong:
        return None


class _TooLong(Exception):
    """A search took too many steps."""


class _Search:
    """Looks for the rows of a function, depth first, edge by edge.

    Sums are numbered, since what is made of two numbers is quickly looked up.
    """

    def __init__(
        self,
        rules: Rules,
        function: Sum,
        terms: Terms,
        order_fn: Callable[[], Iterable[int]],
    ):
        self._edges = sums.edges(rules.num_nodes)
        self._output = rules.num_nodes - 1
        self._terms = terms
        self._order_fn = order_fn
        needed = terms.inside(function)
        self._wholes = (function, *needed)
        self._numbers: dict[Sum, int] = {}
        self._sums: list[Sum] = []
        self._function = self._number(function)
        # Sums that some node must have, since an operation reads them.
        self._needed = frozenset(map(self._number, needed))
        self._after_edge: dict[tuple[int, int, int], int] = {}
        self._lacking: dict[tuple[int, int], int | None] = {}
        self._reach: dict[int, int] = {}
        self._failed: set[tuple] = set()
        is_large = rules.num_nodes >= _LARGE
        self._num_steps_left = _MOST_STEPS_IF_LARGE if is_large else _MOST_STEPS

    def run(self) -> Row:
        """Returns the first row of the function."""
        found = self._from(0, (self._number(sums.INPUT),), self._number(()), None)
        assert found is not None, "The row that the function is of was not found."
        return found

    def _from(
        self,
        edge: int,
        nodes: tuple[int, ...],
        so_far: int,
        aims: frozenset[int] | None,
    ) -> Row | None:
        """Returns the rest of the first row that begins so, None where none does.

        Args:
            edge: Number of edges that are decided.
            nodes: Sums of the nodes that are.
            so_far: What these edges add to the next node.
            aims: Sums of which the next node must have one; None where it is free, and
                where no edge into it is decided.
        """
        if edge == len(self._edges):
            return ()
        to, of = self._edges[edge]
        # What can follow whole nodes is the same for any numbering of them.
        state = (edge, *(nodes if of else sorted(nodes)), so_far)
        if state in self._failed:
            return None
        self._num_steps_left -= 1
        if self._num_steps_left < 0:
            raise _TooLong
        aims = aims if of else self._aims(to, nodes)
        tried = set()
        for operation in self._order_fn():
            this = self._after(so_far, operation, nodes[of])
            if this in tried or not self._may_become(this, aims, nodes[of + 1 :]):
                continue
            tried.add(this)
            if of < to - 1:
                rest = self._from(edge + 1, nodes, this, aims)
            else:
                rest = self._from(edge + 1, (*nodes, this), self._number(()), None)
            if rest is not None:
                return (operation, *rest)
        self._failed.add(state)
        return None

    def _number(self, this: Sum) -> int:
        """Numbers a sum, as `UNREAD` where it is no part of any the function has."""
        if this not in self._numbers:
            is_read = any(sums.is_part(this, whole) for whole in self._wholes)
            if not is_read and this != UNREAD:
                return self._numbers.setdefault(this, self._number(UNREAD))
            self._numbers[this] = len(self._sums)
            self._sums.append(this)
        return self._numbers[this]

    def _after(self, so_far: int, operation: int, node: int) -> int:
        """Returns the sum after one more edge, an operation on a node."""
        key = so_far, operation, node
        if key not in self._after_edge:
            added = self._terms.known(operation, self._sums[node])
            self._after_edge[key] = self._number(sums.add(self._sums[so_far], added))
        return self._after_edge[key]

    def _aims(self, to: int, nodes: tuple[int, ...]) -> frozenset[int] | None:
        """Returns the sums of which a node must have one; None where it is free."""
        if to == self._output:
            return frozenset([self._function])
        missing = self._needed.difference(nodes)
        num_free = self._output - to - len(missing)
        if num_free > 0:
            return None
        return missing if num_free == 0 else frozenset()  # there is no room for all

    def _may_become(
        self, this: int, aims: frozenset[int] | None, unread: tuple[int, ...]
    ) -> bool:
        """Says whether edges from nodes that follow may complete one of the sums."""
        if aims is None:
            return True
        if not unread:
            return this in aims
        reach = 0
        for node in unread:
            if node not in self._reach:
                self._reach[node] = self._terms.within_reach(self._sums[node])
            reach |= self._reach[node]
        for aim in aims:
            lacking = self._lacks(this, aim)
            if lacking is not None and not lacking & ~reach:
                return True
        return False

    def _lacks(self, this: int, aim: int) -> int | None:
        """Returns the terms that a sum lacks to be another, a bit for each number.

        None where it has others.
        """
        if (this, aim) not in self._lacking:
            part, whole = self._sums[this], self._sums[aim]
            lacking = None
            if sums.is_part(part, whole):
                lacking = sum(1 << number for number, _ in {*whole} - {*part})
            self._lacking[this, aim] = lacking
        return self._lacking[this, aim]


def _without_unread(rules: Rules, row: Row) -> Row:
    """Returns a row with `none` on all edges that the output does not depend on."""
    if rules.none is None:  # Then it depends on every edge.
        return row
    nodes = sums.nodes_of(rules, row, Terms(rules))
    is_read = [False] * (rules.num_nodes - 1) + [True]
    kept = list(row)
    for edge, (to, of) in reversed(list(enumerate(sums.edges(rules.num_nodes)))):
        if is_read[to] and nodes[of] and row[edge] != rules.none:
            is_read[of] = True
        else:
            kept[edge] = rules.none
    return tuple(kept)

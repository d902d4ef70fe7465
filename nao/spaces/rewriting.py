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
    """Looks for the rows of a function, depth first, edge by edge."""

    def __init__(
        self,
        rules: Rules,
        function: Sum,
        terms: Terms,
        order_fn: Callable[[], Iterable[int]],
    ):
        self._edges = sums.edges(rules.num_nodes)
        self._output = rules.num_nodes - 1
        self._function = function
        self._terms = terms
        self._order_fn = order_fn
        # Sums that some node must have, since an operation reads them.
        self._needed = frozenset(terms.inside(function))
        self._parts: dict[Sum, bool] = {}
        self._reach: dict[Sum, set[int]] = {}
        self._failed: set[tuple] = set()
        self._num_steps = 0
        is_large = rules.num_nodes >= _LARGE
        self._most_steps = _MOST_STEPS_IF_LARGE if is_large else _MOST_STEPS

    def run(self) -> Row:
        """Returns the first row of the function."""
        found = self._from(0, (self._kept(sums.INPUT),), ())
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
        if self._num_steps > self._most_steps:
            raise _TooLong
        aims = self._aims(to, nodes)
        for operation in self._order_fn():
            this = self._kept(sums.add(so_far, self._terms.known(operation, nodes[of])))
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
        for node in unread:
            if node not in self._reach:
                self._reach[node] = self._terms.within_reach(node)
        reach = set().union(*[self._reach[node] for node in unread])
        have = dict(this)
        return any(
            sums.is_part(this, aim)
            and all(n in reach for n, count in aim if count > have.get(n, 0))
            for aim in aims
        )

    def _kept(self, this: Sum) -> Sum:
        """Returns a sum, `UNREAD` where it is no part of any that the function has."""
        if this not in self._parts:
            wholes = (self._function, *self._needed)
            self._parts[this] = any(sums.is_part(this, whole) for whole in wholes)
        return this if self._parts[this] else UNREAD


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

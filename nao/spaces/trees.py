"""Labelled trees whose nodes are numbered, every parent before its children.

Node 0 is the root; a tree is a (parent, label) for each of the nodes 1, 2, ... Numbered
in another order, nodes make other rows of the same tree.
"""

import functools
from collections.abc import Callable

import numpy as np

Tree = tuple[tuple[int, int], ...]
TreeFn = Callable[[Tree], Tree]


@functools.lru_cache(maxsize=1 << 16)  # a search meets the same trees over and over
def canonical(tree: Tree) -> Tree:
    """Returns the one numbering that all numberings of a tree share.

    A subtree is written as (label, subtrees of the children, sorted), which equal
    subtrees alone have in common (Aho, Hopcroft & Ullman, 1974, section 3.2). Nodes are
    then numbered level by level, siblings in the order of their subtrees.
    """
    below = [[] for _ in range(len(tree) + 1)]  # subtrees of each node's children
    for node in range(len(tree), 0, -1):  # Children have larger numbers.
        parent, label = tree[node - 1]
        below[parent].append((label, tuple(sorted(below[node]))))
    rows = []
    queue = [(0, subtree) for subtree in sorted(below[0])]
    for parent, (label, children) in queue:  # It grows while it is read.
        rows.append((parent, label))
        queue += [(len(rows), child) for child in children]
    return tuple(rows)


def shuffled(rng: np.random.Generator, tree: Tree) -> Tree:
    """Returns the same tree with its nodes numbered in a random order."""
    numbers, rows = {0: 0}, []
    while len(rows) < len(tree):
        ready = [
            node
            for node, (parent, _) in enumerate(tree, start=1)
            if node not in numbers and parent in numbers
        ]
        node = ready[rng.integers(len(ready))]
        parent, label = tree[node - 1]
        rows.append((numbers[parent], label))
        numbers[node] = len(rows)
    return tuple(rows)

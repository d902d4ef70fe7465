"""Paths of a cell by the operations along them, counted: a description in numbers."""

import numpy as np

from nao.spaces.sums import Rules, edges

# Paths of one more operation are left out where there would be more kinds than this.
_MOST_KINDS = 4096


def count(rules: Rules, operations: tuple[str, ...], indices: np.ndarray) -> np.ndarray:
    """Counts paths from the input of a cell to its output.

    `skip` is no step of a path, `none` ends it. The three rules of `nao.spaces.sums`
    change no count, so rows of the same function have the same counts.

    Args:
        rules: What the numbers of operations mean.
        operations: Names of the operations.
        indices: int32 [num, num_edges], the operation of each edge.

    Returns:
        float32 [num, num_kinds]: a column for each sequence of operations, short ones
        first, those of a length in the order of their names.
    """
    numbered = enumerate(operations)
    steps = {name: n for n, name in numbered if n not in (rules.none, rules.skip)}
    places = {steps[name]: place for place, name in enumerate(sorted(steps))}
    sizes = _sizes(len(places), rules.num_nodes - 1)
    # By length of the path, float32 [num, sequences of so many operations].
    nodes = [
        [np.zeros((len(indices), size), np.float32) for size in sizes]
        for _ in range(rules.num_nodes)
    ]
    nodes[0][0][:] = 1
    for (to, of), column in zip(edges(rules.num_nodes), indices.T, strict=True):
        for operation in range(rules.num_operations):
            rows = column == operation
            if operation == rules.skip:
                _hand_on(nodes[of], nodes[to], rows)
            elif operation != rules.none:
                _extend(nodes[of], nodes[to], rows, places[operation], len(places))
    return np.concatenate(nodes[-1], axis=1)


def _sizes(num_steps: int, longest: int) -> list[int]:
    """Returns how many sequences there are of no, one, two, ... operations."""
    sizes = [1]
    while num_steps and len(sizes) <= longest:
        if sum(sizes) + num_steps ** len(sizes) > _MOST_KINDS:
            break
        sizes.append(num_steps ** len(sizes))
    return sizes


def _hand_on(
    read: list[np.ndarray], written: list[np.ndarray], rows: np.ndarray
) -> None:
    for source, target in zip(read, written, strict=True):
        target[rows] += source[rows]


def _extend(
    read: list[np.ndarray],
    written: list[np.ndarray],
    rows: np.ndarray,
    place: int,
    num_steps: int,
) -> None:
    """Adds the paths that read a node, one operation longer, to those of another."""
    for source, target in zip(read[:-1], written[1:], strict=True):
        # Of sequences in the order of their names, the last operation changes fastest.
        target[rows, place::num_steps] += source[rows]

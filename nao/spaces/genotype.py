"""Convolutional cells as the genotype of DARTS (Liu et al., 2019, arXiv:1806.09055).

`Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=[2, ...], reduce=..., ...)`:
operation and input of every branch, node by node, and the states a cell concatenates.
"""

import numpy as np

from nao.spaces.conv_cell import joined_states

# What DARTS's code calls each operation, by our name of it.
_NAMES = {
    "none": "none",
    "identity": "skip_connect",
    "max_pool_3x3": "max_pool_3x3",
    "avg_pool_3x3": "avg_pool_3x3",
    "sep_conv_3x3": "sep_conv_3x3",
    "sep_conv_5x5": "sep_conv_5x5",
    "sep_conv_7x7": "sep_conv_7x7",
    "dil_conv_3x3": "dil_conv_3x3",
    "dil_conv_5x5": "dil_conv_5x5",
    "conv_1x7_7x1": "conv_7x1_1x7",
}


def from_darts(name: str) -> str:
    """Returns our name of an operation given by DARTS's name; others unchanged."""
    return {theirs: ours for ours, theirs in _NAMES.items()}.get(name, name)


def to_genotype(
    architecture: np.ndarray,
    operations: tuple[str, ...],
    join: str | tuple[tuple[int, ...], tuple[int, ...]],
) -> str:
    """Writes a normal and a reduction cell as a Python expression.

    A genotype whose `reduce_concat` names 0 or 1 joins an input of the reduction cell,
    which is brought to its size first; the network of DARTS itself does not do that.

    Args:
        architecture: int [2, num_nodes, 2, 2]: cell, node, branch, (input, operation).
        operations: Names the operations by number.
        join: What cells concatenate: `loose` ends, all `nodes`, or the numbers of the
            states in normal and in reduction cells.

    Raises:
        ValueError: If DARTS has no name for an operation in use.
    """
    words = []
    for number, name in enumerate(("normal", "reduce")):
        cell = architecture[number]
        unknown = sorted({operations[o] for o in cell[..., 1].ravel()} - _NAMES.keys())
        if unknown:
            raise ValueError(
                f"A genotype has the operations {', '.join(_NAMES)}; the cell has "
                f"{', '.join(unknown)}."
            )
        # Tokens have the input first, a genotype the operation.
        branches = [
            (_NAMES[operations[operation]], source)
            for source, operation in cell.reshape(-1, 2).tolist()
        ]
        words.append(f"{name}={branches}")
        read = set(cell[..., 0].ravel().tolist())
        own = join if isinstance(join, str) else join[number]
        states = joined_states(len(cell), read, own)
        words.append(f"{name}_concat={sorted(states)}")
    return f"Genotype({', '.join(words)})"

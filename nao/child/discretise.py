"""From the weights of mixtures to an architecture, and back.

Edges of convolutional cells are numbered as in `cell_edges`, those of NAS-Bench-201 as
in its notation.
"""

import numpy as np
from scipy import special

from nao.child.mixed_conv_net import cell_edges
from nao.child.operations import is_identity
from nao.spaces import ConvCell, NASBench201, Space
from nao.spaces.conv_cell import NUM_INPUTS

NONE = "none"
_BRANCHES = 2  # edges that a node of a convolutional cell keeps


def discretise(space: Space, logits: np.ndarray) -> np.ndarray:
    """Returns the architecture that mixtures come closest to, int32 [1, length].

    The rule of DARTS (Liu et al., 2019, arXiv:1806.09055, section 2.4): an edge is as
    strong as the largest weight of its operations other than `none`. A node keeps its
    two strongest edges, and each the operation of that weight. In NAS-Bench-201 all
    edges stay, `none` among their operations. Of equal ones the first is taken.

    Args:
        space: Cells of the space.
        logits: float [kinds of cells, edges, operations].
    """
    logits = np.asarray(logits, np.float64)
    if isinstance(space, NASBench201):
        return space.from_indices(logits.argmax(-1).astype(np.int32))
    # Of an edge, the softmax of all operations; `none` takes its share.
    weights = special.softmax(logits, axis=-1)
    weights[..., [name == NONE for name in space.operations]] = -1.0
    cells = [_strongest(cell, space.num_nodes) for cell in weights]
    return space.from_indices(np.array(cells, np.int32).reshape(1, -1))


def _strongest(weights: np.ndarray, num_nodes: int) -> list[list[tuple[int, int]]]:
    """Returns (input, operation) of the branches of each node of a cell.

    Args:
        weights: float [edges, operations], below 0 where an operation is not chosen.
        num_nodes: Nodes of the cell.
    """
    edges, cell = cell_edges(num_nodes), []
    for node in range(NUM_INPUTS, NUM_INPUTS + num_nodes):
        own = np.flatnonzero(edges.writes == node)
        order = np.argsort(-weights[own].max(-1), kind="stable")
        kept = np.sort(own[order[:_BRANCHES]])
        cell.append([(edges.reads[edge], weights[edge].argmax()) for edge in kept])
    return cell


def one_hot(space: Space, tokens: np.ndarray) -> np.ndarray:
    """Returns weights that leave of the mixtures one architecture alone.

    Args:
        space: Cells of the space.
        tokens: int32 [length].

    Returns:
        float32 [kinds of cells, edges, operations]: how many branches apply the
        operation to that edge, none or one as a rule.
    """
    (arch,) = space.architecture(tokens[None])
    if isinstance(space, NASBench201):
        return np.eye(len(space.operations), dtype=np.float32)[arch][None]
    edges = cell_edges(space.num_nodes)
    weights = np.zeros((len(arch), len(edges.reads), len(space.operations)), np.float32)
    for kind, node, branch in np.ndindex(arch.shape[:3]):
        read, operation = arch[kind, node, branch]
        is_read = (edges.reads == read) & (edges.writes == NUM_INPUTS + node)
        weights[kind, is_read, operation] += 1
    return weights


def num_skips(space: ConvCell | NASBench201, tokens: np.ndarray) -> int:
    """Counts identities among all branches or edges of one architecture [length]."""
    return sum(map(is_identity, space.by_slot(tokens).values()))

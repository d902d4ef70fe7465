"""Cells from papers, by name, each with the space that it is an architecture of.

Convolutional cells are written in the notation of `ConvCell`, `input operation input
operation ...`: inputs 0 and 1 are the cell before last and the last cell, operations
are numbered as in the named set. Recurrent cells are written as genotypes of DARTS.
"""

import dataclasses

import numpy as np

from nao.spaces.base import Space
from nao.spaces.conv_cell import OPERATION_SETS, ConvCell, Join
from nao.spaces.genotype import from_darts
from nao.spaces.recurrent_cell import ACTIVATIONS, RecurrentCell


@dataclasses.dataclass(frozen=True)
class Published:
    """An architecture from a paper.

    Attributes:
        space: The space that it is an architecture of.
        text: The architecture in the notation of the space.
        source: Paper or code that it is from.
    """

    space: Space
    text: str
    source: str

    @property
    def tokens(self) -> np.ndarray:
        """The architecture as vocabulary ids of its space, int32 [length]."""
        return self.space.parse(self.text)


def _cells(
    operations: str, num_nodes: int, text: str, source: str, join: Join = "loose"
) -> Published:
    """Returns a normal and a reduction cell of a named set of operations."""
    return Published(ConvCell(operations, num_nodes, join), text, source)


def _genotype(operations: str, normal: str, reduction: str) -> str:
    """Writes cells given as `operation input` pairs in the notation of `ConvCell`."""
    names = OPERATION_SETS[operations]
    cells = []
    for cell in (normal, reduction):
        words = cell.split()
        pairs = zip(words[::2], words[1::2], strict=True)
        cells.append(
            " ".join(
                f"{source} {names.index(from_darts(operation))}"
                for operation, source in pairs
            )
        )
    return " | ".join(cells)


def _recurrent(
    numbers: str, activations: str, source: str, output: str = "nodes"
) -> Published:
    """Returns a recurrent cell written as `predecessor activation ...`.

    Args:
        numbers: The cell as in its release, after the number of its first activation
            where that was searched.
        activations: What the release numbers, comma-separated, from 0.
        source: Paper or code that it is from.
        output: What it averages, see `RecurrentCell`.
    """
    num_nodes, first = divmod(len(numbers.split()), 2)
    theirs = RecurrentCell(num_nodes, activations, output, first=bool(first))
    ours = dataclasses.replace(theirs, activations=ACTIVATIONS)
    return Published(ours, theirs.format(theirs.parse(numbers)), source)


# NAONet-A has 11.46 M parameters with 36 channels and 144.6 M with 128, 8 and 13 % more
# than the paper counts (10.6 M and 128 M). Its auxiliary head counted and one of the
# normal cell's 3x3 convolutions a 1x1, it would have 10.62 M and 128.6 M.
PUBLISHED: dict[str, Published] = {
    "naonet_a": _cells(
        "nao",
        5,
        "0 2 1 10 2 3 1 2 0 1 1 2 0 3 4 2 1 0 0 2 | "
        "0 2 1 8 0 1 0 9 1 4 0 5 0 9 2 1 1 6 0 2",
        "NAO, Luo et al., 2018, arXiv:1808.07233, figure 4",
    ),
    "nao_ws": _cells(
        "enas",
        5,
        "0 1 0 4 2 2 1 3 1 0 2 0 2 3 1 3 1 2 0 4 | "
        "1 1 0 3 2 3 2 3 1 0 0 1 0 4 2 4 2 3 2 3",
        "NAO with weight sharing, Luo et al., 2018, arXiv:1808.07233",
    ),
    "nao_v2": _cells(
        "enas",
        5,
        "1 1 0 1 2 4 0 0 0 0 2 1 0 0 0 2 0 3 0 0 | "
        "0 2 0 2 2 2 1 0 0 0 0 1 0 0 0 3 0 0 0 1",
        "NAO, version 2 of the authors' PyTorch release, renqianluo/NAO_pytorch",
    ),
    "enas": _cells(
        "enas",
        5,
        "0 2 0 0 0 4 0 1 0 4 1 1 1 0 0 1 0 2 1 1 | "
        "1 0 1 0 0 3 0 2 1 1 3 1 1 0 0 4 0 3 1 1",
        "ENAS micro search, Pham et al., 2018, arXiv:1802.03268",
    ),
    "darts_v2": _cells(
        "darts",
        4,
        _genotype(
            "darts",
            "sep_conv_3x3 0 sep_conv_3x3 1 sep_conv_3x3 0 sep_conv_3x3 1 "
            "sep_conv_3x3 1 skip_connect 0 skip_connect 0 dil_conv_3x3 2",
            "max_pool_3x3 0 max_pool_3x3 1 skip_connect 2 max_pool_3x3 1 "
            "max_pool_3x3 0 skip_connect 2 skip_connect 2 max_pool_3x3 1",
        ),
        "DARTS, second order, Liu et al., 2019, arXiv:1806.09055",
        "nodes",
    ),
    "nasnet_a": _cells(
        "nasnet",
        5,
        _genotype(
            "nasnet",
            "sep_conv_5x5 1 sep_conv_3x3 0 sep_conv_5x5 0 sep_conv_3x3 0 "
            "avg_pool_3x3 1 skip_connect 0 avg_pool_3x3 0 avg_pool_3x3 0 "
            "sep_conv_3x3 1 skip_connect 1",
            "sep_conv_5x5 1 sep_conv_7x7 0 max_pool_3x3 1 sep_conv_7x7 0 "
            "avg_pool_3x3 1 sep_conv_5x5 0 skip_connect 3 avg_pool_3x3 2 "
            "sep_conv_3x3 2 max_pool_3x3 1",
        ),
        "NASNet, Zoph et al., 2018, arXiv:1707.07012, figure 4",
        # Joined although nodes read them: the cell before last in normal cells, node 3
        # in reduction cells.
        ((0, 2, 3, 4, 5, 6), (3, 4, 5, 6)),
    ),
    "amoebanet_a": _cells(
        "amoebanet",
        5,
        _genotype(
            "amoebanet",
            "avg_pool_3x3 0 max_pool_3x3 1 sep_conv_3x3 0 sep_conv_5x5 2 "
            "sep_conv_3x3 0 avg_pool_3x3 3 sep_conv_3x3 1 skip_connect 1 "
            "skip_connect 0 avg_pool_3x3 1",
            "avg_pool_3x3 0 sep_conv_3x3 1 max_pool_3x3 0 sep_conv_7x7 2 "
            "sep_conv_7x7 0 avg_pool_3x3 1 max_pool_3x3 0 max_pool_3x3 1 "
            "conv_7x1_1x7 0 sep_conv_3x3 5",
        ),
        "AmoebaNet, Real et al., 2019, arXiv:1802.01548, figure 5",
        # The loose ends of both cells, written out.
        ((4, 5, 6), (3, 4, 6)),
    ),
    "nao_rnn": _recurrent(
        "0 1 0 1 1 1 3 0 4 1 4 1 5 1 1 1 7 1 1 1 1 2",
        "tanh,relu,identity,sigmoid",
        "NAO, Luo et al., 2018, arXiv:1808.07233, for Penn Treebank",
    ),
    "nao_ws_rnn": _recurrent(
        "0 1 1 1 2 2 1 2 4 1 4 1 4 1 7 1 8 2 1 0 4 1",
        "tanh,relu,sigmoid,identity",
        "NAO with weight sharing, Luo et al., 2018, arXiv:1808.07233, whose search "
        "averages the initial state as well (states), but its final network does not",
    ),
    "darts_v2_rnn": Published(
        RecurrentCell(8),
        "Genotype(recurrent=[('sigmoid', 0), ('relu', 1), ('relu', 1), "
        "('identity', 1), ('tanh', 2), ('sigmoid', 5), ('tanh', 3), ('relu', 5)], "
        "concat=range(1, 9))",
        "DARTS, second order, Liu et al., 2019, arXiv:1806.09055",
    ),
    # 12 nodes, of which the first is the initial state.
    "enas_rnn": _recurrent(
        "0 0 0 1 1 2 1 2 0 2 0 5 1 1 0 6 1 8 1 8 1 8 1",
        "tanh,relu,identity,sigmoid",
        "ENAS, Pham et al., 2018, arXiv:1802.03268, melodyguan/enas",
        "loose",
    ),
    "enas_lm": _recurrent(
        "0 2 1 0 2 1 2 2 4 0 5 0 3 2 6 2",
        "tanh,relu,sigmoid,identity",
        "ENAS as its authors corrected it, google-research/google-research, enas_lm",
    ),
}

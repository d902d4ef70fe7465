"""Cells from papers, by name, each with the space that it is an architecture of.

They are written in the notation of `ConvCell`, `input operation input operation ...`:
inputs 0 and 1 are the cell before last and the last cell, operations are numbered as in
the named set.
"""

import dataclasses

import numpy as np

from nao.spaces.conv_cell import OPERATION_SETS, ConvCell, Join
from nao.spaces.genotype import from_darts


@dataclasses.dataclass(frozen=True)
class Published:
    """A normal and a reduction cell from a paper.

    Attributes:
        operations: Name of the set in `OPERATION_SETS`.
        num_nodes: Nodes of a cell.
        text: Both cells in the notation of `ConvCell`.
        join: What cells concatenate, see `ConvCell`.
        source: Paper or code that it is from.
    """

    operations: str
    num_nodes: int
    text: str
    source: str
    join: Join = "loose"

    @property
    def space(self) -> ConvCell:
        """The space that the cells are an architecture of."""
        return ConvCell(self.operations, self.num_nodes, self.join)

    @property
    def tokens(self) -> np.ndarray:
        """Both cells as vocabulary ids of their space, int32 [length]."""
        return self.space.parse(self.text)


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


# NAONet-A has 11.46 M parameters with 36 channels and 144.6 M with 128, 8 and 13 % more
# than the paper counts (10.6 M and 128 M). Its auxiliary head counted and one of the
# normal cell's 3x3 convolutions a 1x1, it would have 10.62 M and 128.6 M.
PUBLISHED: dict[str, Published] = {
    "naonet_a": Published(
        "nao",
        5,
        "0 2 1 10 2 3 1 2 0 1 1 2 0 3 4 2 1 0 0 2 | "
        "0 2 1 8 0 1 0 9 1 4 0 5 0 9 2 1 1 6 0 2",
        "NAO, Luo et al., 2018, arXiv:1808.07233, figure 4",
    ),
    "nao_ws": Published(
        "enas",
        5,
        "0 1 0 4 2 2 1 3 1 0 2 0 2 3 1 3 1 2 0 4 | "
        "1 1 0 3 2 3 2 3 1 0 0 1 0 4 2 4 2 3 2 3",
        "NAO with weight sharing, Luo et al., 2018, arXiv:1808.07233",
    ),
    "nao_v2": Published(
        "enas",
        5,
        "1 1 0 1 2 4 0 0 0 0 2 1 0 0 0 2 0 3 0 0 | "
        "0 2 0 2 2 2 1 0 0 0 0 1 0 0 0 3 0 0 0 1",
        "NAO, version 2 of the authors' PyTorch release, renqianluo/NAO_pytorch",
    ),
    "enas": Published(
        "enas",
        5,
        "0 2 0 0 0 4 0 1 0 4 1 1 1 0 0 1 0 2 1 1 | "
        "1 0 1 0 0 3 0 2 1 1 3 1 1 0 0 4 0 3 1 1",
        "ENAS micro search, Pham et al., 2018, arXiv:1802.03268",
    ),
    "darts_v2": Published(
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
    "nasnet_a": Published(
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
    "amoebanet_a": Published(
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
}

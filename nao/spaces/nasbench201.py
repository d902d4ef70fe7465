"""NAS-Bench-201 (Dong & Yang, 2020, arXiv:2001.00326): a cell of six edges.

Nodes 0 to 3; node 0 is the input, node 3 the output, and every node is the sum of its
incoming edges, each edge one of five operations on an earlier node: a `TopologyCell`.

The 15,625 sequences are 4,930 functions, the zero function included. The benchmark's
own unique string keeps zeros in the text and gives 6,466.
"""

import dataclasses
from typing import ClassVar

from nao.spaces import base, sums
from nao.spaces.topology_cell import TopologyCell

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = sums.edges(4)  # (node written, node read), as in the benchmark's string


@dataclasses.dataclass(frozen=True)
class NASBench201(TopologyCell):
    """The topology space of NAS-Bench-201; its notation is the benchmark's string."""

    name: str = dataclasses.field(default="nasbench201", init=False)
    slots: tuple[base.Slot, ...] = dataclasses.field(init=False)
    group: int = dataclasses.field(default=1, init=False)
    operations: tuple[str, ...] = dataclasses.field(default=OPERATIONS, init=False)
    num_nodes: int = dataclasses.field(default=4, init=False)
    none: str = dataclasses.field(default="none", init=False)
    skip: str = dataclasses.field(default="skip_connect", init=False)

    network: ClassVar[str] = "nao.child.topology_net:TopologyNet"

"""Topology cells of any number of nodes, as a config and a table describe them."""

import dataclasses
import math

from nao.fields import read_names
from nao.spaces.topology_cell import TopologyCell, read_edges

_MARKS = ("none", "skip")


@dataclasses.dataclass(frozen=True)
class TopologyFamily:
    """Cells of the same operations, whose number of nodes a table says.

    Attributes:
        operations: As in `TopologyCell`.
        none: As in `TopologyCell`.
        skip: As in `TopologyCell`.
    """

    operations: tuple[str, ...]
    none: str | None = None
    skip: str | None = None

    def __post_init__(self):
        self.of_edges(1)  # so that wrong operations are found before a table is read

    def of_edges(self, num_edges: int) -> TopologyCell:
        """Returns the cells of that many edges, one from each node to each later one.

        Raises:
            ValueError: If no number of nodes has so many.
        """
        num_nodes = _num_nodes(num_edges)
        return TopologyCell(self.operations, num_nodes, self.none, self.skip)

    def count_edges(self, text: str) -> int:
        """Returns how many edges a cell has, by its notation.

        Raises:
            ValueError: If the text is no cell.
        """
        return len(read_edges(text, "topology_cell"))


def topology_cell(operations: str, num_edges: int) -> TopologyCell | TopologyFamily:
    """Makes the space from a config.

    Args:
        operations: Names of the operations, comma-separated; `none:` stands before the
            one that gives zero, `skip:` before the identity: `none:n,skip:s,c,3`.
        num_edges: Edges of a cell; 0 leaves their number to a table.

    Raises:
        ValueError: If the operations or the number of edges are not possible.
    """
    family = TopologyFamily(**_read(operations))
    return family.of_edges(num_edges) if num_edges else family


def _num_nodes(num_edges: int) -> int:
    """Returns how many nodes have so many edges, one between every two of them."""
    below = (1 + math.isqrt(1 + 8 * max(num_edges, 1))) // 2
    if math.comb(below, 2) == num_edges:
        return below
    nearest = [f"{math.comb(n, 2)} ({n} nodes)" for n in (below, below + 1)]
    raise ValueError(
        "A cell has an edge from each node to each later one, so 1, 3, 6, 10, 15, ... "
        f"edges, got {num_edges}; nearest are {' and '.join(nearest)}."
    )


def _read(text: str) -> dict[str, str | tuple[str, ...]]:
    """Returns the fields of a family, see `topology_cell`."""
    rule = (
        "space.operations of topology_cell must be names, comma-separated, none: or "
        "skip: before one each, as in none:n,skip:s,c,3"
    )
    found, operations = {}, []
    for part in read_names("space.operations", text):
        mark, colon, name = part.rpartition(":")
        name = name.strip()
        if (colon and mark not in _MARKS) or mark in found or not name:
            raise ValueError(f"{rule}; got {part!r} in {text!r}.")
        found |= {mark: name} if colon else {}
        operations.append(name)
    if len(operations) < 2:
        raise ValueError(f"{rule}; got {text!r}.")
    return {"operations": tuple(operations), **found}

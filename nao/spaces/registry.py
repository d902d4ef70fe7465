"""Every space by name: made from a config, or from JSON by the name of its class.

A new space is a module of its own, a line in `SPACES` and its export. Builders,
descriptions, networks and the commands of the report follow from these entries.
"""

import dataclasses
import inspect
from collections.abc import Callable, Mapping

from absl import logging

from nao.fields import documented, option
from nao.files import as_line
from nao.spaces.base import Space
from nao.spaces.conv_cell import OPERATION_SETS, ConvCell
from nao.spaces.custom import Constrained, custom
from nao.spaces.nasbench201 import NASBench201
from nao.spaces.recurrent_cell import ACTIVATIONS, OUTPUTS, RecurrentCell
from nao.spaces.subset import Subset
from nao.spaces.topology_cell import TopologyCell
from nao.spaces.topology_family import TopologyFamily, topology_cell

# What makes each space, from the fields of `SpaceConfig` that its parameters name.
SPACES: dict[str, Callable[..., Space | TopologyFamily]] = {
    "conv_cell": ConvCell,
    "nasbench201": NASBench201,
    "topology_cell": topology_cell,
    "recurrent_cell": RecurrentCell,
    "custom": custom,
}
OF_TABLE = "table"  # a name of no space: the table's slot columns become the space

# Classes whose spaces can be made again from JSON, by the name that stands there.
# `custom` and `topology_cell` are functions: the first makes a plain `Space` or a
# `Constrained` one, the other a `TopologyCell`, unless a table says its size.
KINDS: dict[str, type[Space]] = {
    kind.__name__: kind
    for kind in (Space, Constrained, Subset, TopologyCell, *SPACES.values())
    if isinstance(kind, type)
}


@documented
@dataclasses.dataclass(frozen=True)
class SpaceConfig:
    """Which space is searched; each space reads the fields that it has a use for."""

    name: str = option(
        "conv_cell",
        f"Search space: {', '.join(SPACES)} (space.slots of the config file) or "
        f"{OF_TABLE} (the slot columns of the table).",
    )
    operations: str = option(
        "enas",
        f"conv_cell: set of operations, {', '.join(OPERATION_SETS)}; topology_cell: "
        "the operations of an edge, comma-separated, none: before the one that gives "
        "zero and skip: before the identity, where there are such: none:n,skip:s,c,3.",
    )
    num_nodes: int = option(
        5,
        "conv_cell: nodes of a cell, its two inputs not counted; recurrent_cell: nodes "
        "of a cell, its initial state not counted, 8 in DARTS and 11 in NAO and ENAS.",
    )
    join: str = option(
        "loose",
        "conv_cell: what a cell's output concatenates: loose (states that no node "
        "reads) or nodes (all of them, as in DARTS).",
    )
    num_edges: int = option(
        0,
        "topology_cell: edges of a cell, one from each node to each later one: 1, 3, "
        "6, 10, ... for 2, 3, 4, 5, ... nodes; 0 is what a table has.",
    )
    activations: str = option(
        ",".join(ACTIVATIONS),
        "recurrent_cell: activations of the nodes, comma-separated, some of "
        f"{', '.join(ACTIVATIONS)}.",
    )
    output: str = option(
        OUTPUTS[0],
        "recurrent_cell: what a cell's output averages: nodes (all of them, as in NAO "
        "and DARTS), loose (those that no node reads, as in ENAS) or states (all nodes "
        "and the initial state).",
    )
    first: bool = option(
        False,
        "recurrent_cell: whether the activation of the initial state is searched, as "
        "in ENAS, rather than tanh.",
    )
    valid: str = option(
        "",
        "custom: function from choices by slot to whether they are an architecture, as "
        "`module:function`; `:function` in a config file names one of that file; empty "
        "for none.",
    )
    # A mapping is no flag, so this one is for config files alone.
    slots: Mapping[str, tuple] | None = option(
        None, "custom: choices of each slot by its name; in config files only."
    )


def options(name: str) -> tuple[str, ...]:
    """Returns the fields of `SpaceConfig`, `name` not among them, that a space reads.

    Raises:
        ValueError: If there is no such space.
    """
    if name == OF_TABLE:
        return ()
    if name not in SPACES:
        known = ", ".join([*SPACES, OF_TABLE])
        raise ValueError(f"Unknown space.name {name!r}; known: {known}.")
    fields = {field.name for field in dataclasses.fields(SpaceConfig)} - {"name"}
    return tuple(p for p in inspect.signature(SPACES[name]).parameters if p in fields)


def network(name: str) -> str:
    """Returns the network of a space, see `Space.network`; empty where it has none."""
    # What makes a space of the user's own is a function, and names no network.
    return getattr(SPACES.get(name), "network", "")


def make(config: SpaceConfig) -> Space | TopologyFamily | None:
    """Returns the space that a config names.

    A table says the rest where it is None, a space made of the table's columns, or
    cells of any number of nodes.

    Raises:
        ValueError: If there is no such space, or its settings don't fit.
    """
    _tell_unread(config)
    settings = {name: getattr(config, name) for name in options(config.name)}
    return None if config.name == OF_TABLE else SPACES[config.name](**settings)


def _tell_unread(config: SpaceConfig) -> None:
    """Logs fields that only other spaces read.

    Which is said and not refused: a config that has them may be given another space by
    a flag.
    """
    read = {"name", *options(config.name)}
    for field in dataclasses.fields(SpaceConfig):
        value = getattr(config, field.name)
        if field.name not in read and value != field.default:
            readers = [name for name in SPACES if field.name in options(name)]
            logging.warning(
                "space.%s=%s changes nothing: it is read by space.name %s, not by %s.",
                field.name,
                as_line(str(value), 80),
                " and ".join(readers),
                config.name,
            )

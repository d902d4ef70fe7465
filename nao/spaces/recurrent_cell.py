"""Recurrent cells of NAO, DARTS and ENAS for language models.

The cell of Luo et al. (2018, arXiv:1808.07233), Liu et al. (2019, arXiv:1806.09055)
and Pham et al. (2018, arXiv:1802.03268) is a tree on highway connections. The initial
state, number 0, reads the input x and the last output h; node i reads one earlier
state, its predecessor p, and has one activation f:

    s_0 = h + sigmoid(c_0) * (f_0(h_0) - h),        [c_0, h_0] = W_0 [x, h]
    s_i = s_p + sigmoid(c_i) * (f_i(h_i) - s_p),    [c_i, h_i] = W_i s_p

The output is a mean of states. Tokens are (predecessor, activation), node by node, and
both are joined into one encoder step, as in NAO. Cells that differ in the numbering of
their nodes alone compute the same function, since each node has weights of its own.
"""

import dataclasses
from typing import ClassVar

import networkx as nx
import numpy as np

from nao.fields import check_choice, check_value, read_names
from nao.files import as_line
from nao.spaces import base, notation, recurrent_genotype, trees
from nao.spaces.recurrent_genotype import FIRST, Genotype
from nao.system.showing import counted

# In the order of ENAS's and NAO's released code. NAO with weight sharing and the
# corrected ENAS have sigmoid before identity.
ACTIVATIONS = ("tanh", "relu", "identity", "sigmoid")
# Which states the output averages: all nodes (NAO, DARTS), those that no node reads
# (ENAS), or all nodes and the initial state (NAO's search with weight sharing).
OUTPUTS = ("nodes", "loose", "states")
_MOST_NODES = 100  # which may read any before it: choices grow with the square


@dataclasses.dataclass(frozen=True)
class RecurrentCell(base.Space):
    """Recurrent cells whose nodes read one earlier state each.

    The notation is DARTS's, see `nao.spaces.recurrent_genotype`. The strings of NAO and
    ENAS are read as well: numbers `predecessor activation ...`, node by node, after
    that of the first activation where it is searched; activations are numbered as in
    `activations`, which differs between their releases.

    Attributes:
        num_nodes: Nodes of a cell, its initial state not counted: 8 in DARTS, 11 in
            NAO. ENAS counts the initial state, so its 12 are 11 here.
        activations: Names of the activations, some of `ACTIVATIONS`; as text
            comma-separated.
        output: Which states the output averages: `nodes`, all but the initial one;
            `loose`, those that no node reads; `states`, all.
        first: Whether the activation of the initial state is searched, by a token
            before all others, as in ENAS; otherwise it is tanh.
    """

    name: str = dataclasses.field(default="recurrent_cell", init=False)
    network: ClassVar[str] = "nao.child.recurrent_net:RecurrentNet"
    slots: tuple[base.Slot, ...] = dataclasses.field(init=False)
    group: int = dataclasses.field(init=False)
    num_nodes: int = 8
    activations: str | tuple[str, ...] = ACTIVATIONS
    output: str = "nodes"
    first: bool = False

    def __post_init__(self):
        check_value("num_nodes", self.num_nodes, int)
        if not 1 <= self.num_nodes <= _MOST_NODES:
            raise ValueError(
                f"num_nodes must be 1 to {_MOST_NODES}, the initial state not counted, "
                f"got {self.num_nodes}."
            )
        check_choice("output", self.output, OUTPUTS)
        check_value("first", self.first, bool)
        activations = _named(self.activations)
        slots = [base.Slot("0/activation", activations)] if self.first else []
        for node in range(1, self.num_nodes + 1):
            # The initial state and earlier nodes: no order of decisions makes a cycle.
            slots.append(base.Slot(f"{node}/input", tuple(map(str, range(node)))))
            slots.append(base.Slot(f"{node}/activation", activations))
        object.__setattr__(self, "activations", activations)
        object.__setattr__(self, "slots", tuple(slots))
        # The first activation has no partner to be joined with.
        object.__setattr__(self, "group", 1 if self.first else 2)
        super().__post_init__()

    def architecture(self, tokens: np.ndarray) -> np.ndarray:
        """Returns the cells as integers, the form child networks read.

        Args:
            tokens: int32 [num, length].

        Returns:
            int32 [num, 1 + num_nodes, 2]: predecessor, and number of the activation in
            `ACTIVATIONS`, whichever are searched. Row 0 is the initial state, which has
            no predecessor, 0 there.
        """
        places = np.array([ACTIVATIONS.index(name) for name in self.activations])
        indices = self.to_indices(tokens)
        cells = np.zeros((len(tokens), 1 + self.num_nodes, 2), np.int32)
        cells[:, 0, 1] = ACTIVATIONS.index(FIRST)
        if self.first:
            cells[:, 0, 1] = places[indices[:, 0]]
        nodes = self._nodes(indices)
        cells[:, 1:, 0] = nodes[..., 0]
        cells[:, 1:, 1] = places[nodes[..., 1]]
        return cells

    def _nodes(self, indices: np.ndarray) -> np.ndarray:
        """Returns predecessor and activation of nodes, a view [num, num_nodes, 2]."""
        nodes = indices[:, int(self.first) :]
        return nodes.reshape(-1, self.num_nodes, 2)

    def canonical(self, tokens: np.ndarray) -> np.ndarray:
        """Maps each row to the one numbering that all of its tree's rows share."""
        return self._map_trees(tokens, trees.canonical)

    def equivalents(self, rng: np.random.Generator, tokens: np.ndarray) -> np.ndarray:
        """Draws a random numbering of the nodes per row."""
        return self._map_trees(tokens, lambda tree: trees.shuffled(rng, tree))

    def _map_trees(self, tokens: np.ndarray, function: trees.TreeFn) -> np.ndarray:
        indices = self.to_indices(tokens)
        nodes = self._nodes(indices)
        for i, tree in enumerate(nodes.tolist()):
            nodes[i] = function(tuple(map(tuple, tree)))
        return self.from_indices(indices)

    def counts(self, tokens: np.ndarray) -> np.ndarray:
        """Counts the nodes of each activation."""
        used = self._nodes(self.to_indices(tokens))[..., 1, None]
        return (used == range(len(self.activations))).sum(1).astype(np.float32)

    def averaged(self, tokens: np.ndarray) -> range | list[int]:
        """Returns the states that the output of one cell [length] averages."""
        states = range(1 + self.num_nodes)
        if self.output == "loose":
            read = {*self._nodes(self.to_indices(tokens)[None])[0, :, 0].tolist()}
            return [state for state in states if state not in read]
        return states[1:] if self.output == "nodes" else states

    def format(self, tokens: np.ndarray) -> str:
        """Writes `Genotype(recurrent=[('tanh', 0), ...], concat=range(1, 9))`."""
        choices = self.choices(tokens)
        first = choices[0] if self.first else FIRST
        inputs, activations = choices[self.first :: 2], choices[self.first + 1 :: 2]
        recurrent = tuple(zip(activations, map(int, inputs), strict=True))
        concat = self.averaged(tokens)
        return recurrent_genotype.write(Genotype(recurrent, concat, first))

    def _parse_notation(self, text: str) -> np.ndarray:
        words = text.split()
        is_numbers = bool(words) and all(word.isdecimal() for word in words)
        genotype = None if is_numbers else recurrent_genotype.read(text)
        if is_numbers and len(words) == self.length:
            return self.from_indices(notation.read_indices(words, self.slots))
        if genotype is None or len(genotype.recurrent) != self.num_nodes:
            raise ValueError(
                f"A recurrent_cell architecture of {counted(self.num_nodes, 'node')} "
                "reads \"Genotype(recurrent=[('tanh', 0), ...], concat=...)\", an "
                "activation and an earlier state for each node, or is "
                f"{self.length} numbers, got {text!r}."
            )
        tokens = self._from_genotype(genotype)
        self._check_concat(genotype.concat, tokens)
        return tokens

    def _from_genotype(self, genotype: Genotype) -> np.ndarray:
        choices = {}
        if self.first:
            choices["0/activation"] = genotype.first
        elif genotype.first != FIRST:
            raise ValueError(
                f"first must be {FIRST!r} unless the space has first=True, got "
                f"{genotype.first!r}."
            )
        for node, (activation, predecessor) in enumerate(genotype.recurrent, start=1):
            choices[f"{node}/input"] = str(predecessor)
            choices[f"{node}/activation"] = activation
        return self.from_choices(choices)

    def _check_concat(self, concat: list[int] | None, tokens: np.ndarray) -> None:
        """Raises ValueError where a text averages other states than the space."""
        expected = self.averaged(tokens)
        if concat is not None and sorted(concat) != list(expected):
            raise ValueError(
                f"concat must be {expected} in a space of output={self.output!r} "
                f"(one of {', '.join(OUTPUTS)}), got {as_line(str(concat), 80)}."
            )

    def graph(self, tokens: np.ndarray) -> nx.DiGraph:
        """Returns the cell as a graph: activations are boxes between states."""
        graph = nx.DiGraph()

        def add(name: str, label: str, kind: str, *read: str) -> None:
            graph.add_node(name, label=label, kind=kind, cell="cell")
            graph.add_edges_from((source, name) for source in read)

        add("x", "input", "input")
        add("h", "last output", "input")
        (cell,) = self.architecture(tokens[None]).tolist()
        for state, (predecessor, activation) in enumerate(cell):
            read = (f"{predecessor}",) if state else ("x", "h")
            add(f"{state}/activation", ACTIVATIONS[activation], "operation", *read)
            add(f"{state}", f"node {state}", "node", f"{state}/activation")
        add("output", "mean", "output", *map(str, self.averaged(tokens)))
        return graph


def _named(activations: str | tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names of activations, given so or comma-separated.

    Raises:
        ValueError: If there are none, one is not known or stands there twice.
    """
    if isinstance(activations, str):
        activations = read_names("activations", activations)
    names = tuple(activations)
    known = {name for name in ACTIVATIONS if name in names}
    if not names or len(known) != len(names):
        raise ValueError(
            f"activations must be one or more of {', '.join(ACTIVATIONS)}, each once, "
            f"got {', '.join(map(str, names)) or 'none'}."
        )
    return names

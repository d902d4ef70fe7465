"""The drawing of an architecture whose slots say nothing about what feeds what."""

from collections.abc import Mapping

import networkx as nx

from nao.spaces.slot import Choice


def graph(cell: str, choices: Mapping[str, Choice]) -> nx.DiGraph:
    """Returns choices by slot as a chain in the slots' order, see `Space.graph`."""
    graph = nx.DiGraph()
    previous = "input"
    graph.add_node(previous, label="input", kind="input", cell=cell)
    for name, choice in choices.items():
        graph.add_node(name, label=f"{name}: {choice}", kind="operation", cell=cell)
        graph.add_edge(previous, name)
        previous = name
    graph.add_node("output", label="output", kind="output", cell=cell)
    graph.add_edge(previous, "output")
    return graph

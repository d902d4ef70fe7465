"""An architecture in words: what its drawing shows, a line for each node."""

from collections.abc import Hashable

import networkx as nx
import numpy as np

from nao.spaces import Space


def in_words(space: Space, tokens: np.ndarray) -> list[str]:
    """Describes one architecture [length] in lines of text.

    A line is a node with what it sums up or joins, as `node 1: conv_3x3 (input)`; in a
    space that is drawn as a chain, an operation. Where there are several cells, the
    name of each stands above its lines.
    """
    graph = space.graph(tokens)
    kinds = graph.nodes(data="kind")
    order = sorted(graph, key=lambda node: kinds[node] == "output")  # outputs last
    nodes_of: dict[str, list[Hashable]] = {cell: [] for _, cell in graph.nodes("cell")}
    for node in order:
        nodes_of[graph.nodes[node]["cell"]].append(node)
    lines = {cell: _cell_lines(graph, nodes) for cell, nodes in nodes_of.items()}
    if len(lines) == 1:
        return next(iter(lines.values()))
    return [line for cell, own in lines.items() for line in (f"{cell}:", *own)]


def _cell_lines(graph: nx.DiGraph, nodes: list[Hashable]) -> list[str]:
    """Returns a line for each node of a cell, or for each operation of a chain."""
    labels, kinds = graph.nodes(data="label"), graph.nodes(data="kind")
    operations = [node for node in nodes if kinds[node] == "operation"]
    # In a chain an operation reads another; elsewhere it stands between two nodes.
    is_chain = any(kinds[n] == "operation" for o in operations for n in graph.pred[o])
    if is_chain or not any(kinds[node] == "node" for node in nodes):
        return [labels[node] for node in operations]
    return [
        f"{labels[node]}: {_inputs_of(graph, node)}"
        for node in nodes
        if kinds[node] in ("node", "output")
    ]


def _inputs_of(graph: nx.DiGraph, node: Hashable) -> str:
    """Names what a node reads, operations with what they read in brackets."""

    def term(source: Hashable) -> str:
        label = graph.nodes[source]["label"]
        if graph.nodes[source]["kind"] != "operation":
            return label
        read = ", ".join(graph.nodes[n]["label"] for n in graph.predecessors(source))
        return f"{label} ({read or 'nothing'})"

    return ", ".join(map(term, graph.predecessors(node))) or "nothing"

"""An architecture in words: what its drawing shows, a line for each node."""

from collections.abc import Hashable

import networkx as nx
import numpy as np

from nao.spaces import Space


def in_words(space: Space, tokens: np.ndarray) -> list[str]:
    """Describes one architecture [length] in lines of text.

    A line is a node with what it sums up or joins, as `node 1: conv_3x3 (input)`; in a
    space that is drawn as a chain, an operation.
    """
    graph = space.graph(tokens)
    cells = dict.fromkeys(cell for _, cell in graph.nodes(data="cell"))
    lines = []
    kind = graph.nodes(data="kind")
    order = sorted(graph, key=lambda node: kind[node] == "output")  # outputs last
    for cell in cells:
        nodes = [node for node in order if graph.nodes[node]["cell"] == cell]
        described = _describe(graph, nodes)
        lines += [f"{cell}:", *described] if len(cells) > 1 else described
    return lines


def _describe(graph: nx.DiGraph, nodes: list[Hashable]) -> list[str]:
    label, kind = graph.nodes(data="label"), graph.nodes(data="kind")

    def term(node: Hashable) -> str:
        if kind[node] != "operation":
            return label[node]
        read = ", ".join(label[source] for source in graph.predecessors(node))
        return f"{label[node]} ({read or 'nothing'})"

    operations = [node for node in nodes if kind[node] == "operation"]
    chained = any(kind[n] == "operation" for o in operations for n in graph.pred[o])
    if chained or not any(kind[node] == "node" for node in nodes):
        return [label[node] for node in operations]
    return [
        f"{label[node]}: {', '.join(map(term, graph.predecessors(node))) or 'nothing'}"
        for node in nodes
        if kind[node] in ("node", "output")
    ]

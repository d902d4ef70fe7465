"""Layered layout of a directed acyclic graph (Sugiyama, Tagawa & Toda, 1981).

Nodes stand in layers, top to bottom; an edge that skips layers gets an invisible
waypoint in each, so it has a lane of its own and never crosses a node. Waypoints are
the tuples `(source, target, layer)`.
"""

import dataclasses
import itertools
from collections.abc import Hashable, Mapping

import networkx as nx
import numpy as np
from scipy import optimize

_NUM_STARTS = 16  # initial orders tried; more found no fewer crossings on NAO cells
_NUM_SWEEPS = 8
_LANE = 0.04  # inches, width of a waypoint

Layers = list[list[Hashable]]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where nodes and waypoints stand, and which way edges take.

    Attributes:
        layers: Nodes and waypoints of each layer, left to right.
        x: Centre of each node and waypoint, inches; the leftmost edge is at 0.
        width: Extent of the drawing, inches.
        routes: For each edge, its source, its waypoints and its target.
    """

    layers: Layers
    x: dict[Hashable, float]
    width: float
    routes: dict[tuple[Hashable, Hashable], list[Hashable]]

    def crossings(self) -> list[int]:
        """Returns for each layer how many pairs of edges cross right above it."""
        layer_of = {item: i for i, layer in enumerate(self.layers) for item in layer}
        spans = [[] for _ in self.layers]
        for route in self.routes.values():
            for upper, lower in itertools.pairwise(route):
                spans[layer_of[lower]].append((self.x[upper], self.x[lower]))
        return [
            sum((a - c) * (b - d) < 0 for (a, b), (c, d) in pairs)
            for pairs in (itertools.combinations(span, 2) for span in spans)
        ]


def layered(graph: nx.DiGraph, widths: Mapping[Hashable, float], gap: float) -> Layout:
    """Lays out a graph whose nodes have `kind`, as `Space.graph` returns them.

    Args:
        graph: Acyclic, with at least one node.
        widths: Width of each node, inches.
        gap: Least space between neighbours of a layer, inches.
    """
    depth = _depths(graph)
    layers = [[] for _ in range(1 + max(depth.values()))]
    for node in graph:
        layers[depth[node]].append(node)
    routes = {}
    for source, target in graph.edges:
        between = range(depth[source] + 1, depth[target])
        waypoints = [(source, target, layer) for layer in between]
        for waypoint in waypoints:
            layers[waypoint[2]].append(waypoint)
        routes[source, target] = [source, *waypoints, target]
    pairs = [pair for route in routes.values() for pair in itertools.pairwise(route)]
    widths = {item: widths.get(item, _LANE) for item in itertools.chain(*layers)}

    layers = _order(layers, pairs)
    inputs = [node for node, kind in graph.nodes(data="kind") if kind == "input"]
    if inputs and layers[0].index(inputs[0]) > layers[0].index(inputs[-1]):
        layers = [layer[::-1] for layer in layers]  # the first input stands left
    stiffness = _stiffness(graph, pairs)
    x = _positions(layers, pairs, widths, gap, stiffness)
    left = min(x[item] - widths[item] / 2 for item in x)
    right = max(x[item] + widths[item] / 2 for item in x)
    x = {item: place - left for item, place in x.items()}
    return Layout(layers, x, right - left, routes)


def _depths(graph: nx.DiGraph) -> dict[Hashable, int]:
    """Returns each node's layer from 0: inputs on top, operations low, outputs last."""
    kinds = graph.nodes(data="kind")
    # Nodes without a way from an input or to an output get one, for the depths only.
    tied = nx.DiGraph(graph.edges)
    tied.add_nodes_from(graph)
    for node, kind in kinds:
        if kind not in ("input", "output") and not graph.in_degree(node):
            tied.add_edges_from((end, node) for end, k in kinds if k == "input")
        if kind != "output" and not graph.out_degree(node):
            tied.add_edges_from((node, end) for end, k in kinds if k == "output")
    depth = {
        node: layer
        for layer, nodes in enumerate(nx.topological_generations(tied))
        for node in nodes
    }
    # An operation stands right above the node it feeds, however early its input is;
    # so does a node that nothing feeds.
    for node in reversed(list(nx.topological_sort(tied))):
        low = graph.nodes[node]["kind"] == "operation" or not graph.in_degree(node)
        if low and graph.nodes[node]["kind"] != "input" and graph.out_degree(node):
            depth[node] = min(depth[after] for after in graph.successors(node)) - 1
    return depth


def _order(layers: Layers, pairs: list[tuple]) -> Layers:
    """Orders each layer for few crossings, by barycentres from several starts."""
    rng = np.random.default_rng(0)
    above, below = {}, {}
    for upper, lower in pairs:
        above.setdefault(lower, []).append(upper)
        below.setdefault(upper, []).append(lower)
    layer_of = {item: i for i, layer in enumerate(layers) for item in layer}
    by_layer = [[] for _ in layers]
    for upper, lower in pairs:
        by_layer[layer_of[upper]].append((upper, lower))

    best, best_cost = layers, None
    for start in range(_NUM_STARTS):
        order = [list(layer) for layer in layers]
        if start:
            order = [[layer[i] for i in rng.permutation(len(layer))] for layer in order]
        for sweep in range(_NUM_SWEEPS):
            down = sweep % 2 == 0
            neighbours = above if down else below
            for layer in order if down else reversed(order):
                rank = _ranks(order)
                layer.sort(
                    key=lambda item: np.mean(
                        [rank[other] for other in neighbours.get(item, [item])]
                    )
                )
            cost = _cost(by_layer, _ranks(order))
            if best_cost is None or cost < best_cost:
                best, best_cost = [list(layer) for layer in order], cost
    return best


def _ranks(layers: Layers) -> dict[Hashable, float]:
    """Returns each item's place in its layer, 0 in the middle."""
    return {
        item: i - (len(layer) - 1) / 2
        for layer in layers
        for i, item in enumerate(layer)
    }


def _cost(
    by_layer: list[list[tuple]], rank: dict[Hashable, float]
) -> tuple[int, float]:
    """Returns the number of crossings, then how far edges go sideways."""
    crossings, sideways = 0, 0.0
    for pairs in by_layer:
        if pairs:
            upper, lower = np.array([[rank[a], rank[b]] for a, b in pairs]).T
            signs = np.subtract.outer(upper, upper) * np.subtract.outer(lower, lower)
            crossings += int((signs < 0).sum()) // 2
            sideways += float(np.square(upper - lower).sum())
    return crossings, sideways


def _stiffness(graph: nx.DiGraph, pairs: list[tuple]) -> list[float]:
    """Returns how much each of the pairs, the parts of edges, resists a slant.

    Long edges look best straight, so between waypoints they are stiff (Gansner et al.,
    1993, "A technique for drawing directed graphs", section 4). Edges to an output
    are slack, since it stands below all and would pull everything to its middle.
    """
    outputs = {node for node, kind in graph.nodes(data="kind") if kind == "output"}
    by_waypoints = (1.0, 1.5, 20.0)
    return [
        # Waypoints are not in the graph: none, one or two ends of this part are.
        by_waypoints[(a not in graph) + (b not in graph)] * (0.3 if b in outputs else 1)
        for a, b in pairs
    ]


def _positions(
    layers: Layers,
    pairs: list[tuple],
    widths: Mapping[Hashable, float],
    gap: float,
    stiffness: list[float],
) -> dict[Hashable, float]:
    """Finds the centres with the straightest edges that keep order and distance.

    Least squares over the horizontal lengths of the edges. The unknowns are the first
    centre of each layer and the steps between neighbours, so that the distances to
    keep are plain lower bounds.
    """
    index = {item: i for i, item in enumerate(itertools.chain(*layers))}
    centres = np.zeros((len(index), len(index)))  # centre of each item, in unknowns
    lower = np.full(len(index), -np.inf)
    for layer in layers:
        first = index[layer[0]]
        for i, item in enumerate(layer):
            centres[first + i, first : first + i + 1] = 1.0
            if i:
                lower[first + i] = (widths[layer[i - 1]] + widths[item]) / 2 + gap
    rows = [
        weight * (centres[index[a]] - centres[index[b]])
        for weight, (a, b) in zip(stiffness, pairs, strict=True)
    ]
    # A weak pull to the middle makes the solution unique.
    system = np.array([*rows, *(0.03 * centres)])
    steps = optimize.lsq_linear(system, np.zeros(len(system)), (lower, np.inf)).x
    steps = np.maximum(steps, lower)
    return dict(zip(index, (centres @ steps).tolist(), strict=True))

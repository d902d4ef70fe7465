"""The layered layout, on graphs small enough to see the answer."""

import networkx as nx

from nao.report.drawing import layout


def _graph(kinds, edges):
    graph = nx.DiGraph()
    for node, kind in kinds.items():
        graph.add_node(node, kind=kind)
    graph.add_edges_from(edges)
    return graph


def test_crossed_pairs_are_uncrossed():
    """a-d and b-c cross as listed; reordering the lower layer frees them."""
    kinds = {"a": "input", "b": "input", "c": "node", "d": "node"}
    graph = _graph(kinds, [("a", "d"), ("b", "c")])
    found = layout.layered(graph, dict.fromkeys(kinds, 1.0), gap=0.5)
    assert found.layers == [["a", "b"], ["d", "c"]]
    assert round(found.width, 6) == 2.5  # two boxes of 1 and the gap
    assert [round(found.x[node], 6) for node in "adbc"] == [0.5, 0.5, 2.0, 2.0]


def test_long_edge_gets_a_lane_in_each_layer_it_skips():
    kinds = {"in": "input", "op": "operation", "n": "node", "out": "output"}
    graph = _graph(kinds, [("in", "op"), ("op", "n"), ("n", "out"), ("in", "out")])
    found = layout.layered(graph, dict.fromkeys(kinds, 1.0), gap=0.5)
    assert len(found.layers) == 4
    lane = [("in", "out", 1), ("in", "out", 2)]
    assert found.routes["in", "out"] == ["in", *lane, "out"]
    for node, waypoint in zip(("op", "n"), lane, strict=True):
        assert abs(found.x[node] - found.x[waypoint]) >= 1.0  # half a box and the gap


def test_operation_stands_right_above_the_node_it_feeds():
    """`late` reads the input, yet stands in layer 3, above `m` in layer 4."""
    kinds = {"in": "input", "a": "operation", "n": "node"}
    kinds |= {"b": "operation", "late": "operation", "m": "node"}
    path = [("in", "a"), ("a", "n"), ("n", "b"), ("b", "m")]
    graph = _graph(kinds, [*path, ("in", "late"), ("late", "m")])
    found = layout.layered(graph, dict.fromkeys(kinds, 1.0), gap=0.5)
    assert set(found.layers[3]) == {"b", "late"}


def test_single_node():
    graph = _graph({"a": "input"}, [])
    found = layout.layered(graph, {"a": 2.0}, gap=0.5)
    assert found.layers == [["a"]] and found.x["a"] == 1.0 and found.width == 2.0


def test_crossings_are_counted_where_they_can_not_be_avoided():
    """Two inputs that both feed three nodes: at best 3 crossings (Zarankiewicz)."""
    kinds = dict.fromkeys("ab", "input") | dict.fromkeys("cde", "node")
    graph = _graph(kinds, [(i, n) for i in "ab" for n in "cde"])
    found = layout.layered(graph, dict.fromkeys(kinds, 1.0), gap=0.5)
    assert found.crossings() == [0, 3]

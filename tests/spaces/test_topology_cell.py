import collections

import numpy as np
import pytest

from nao import spaces
from nao.spaces import topology_cell

MICRO = spaces.TopologyCell(("n", "s", "c", "3"), none="n", skip="s")
FIVE = spaces.TopologyCell(("c", "s", "3", "n"), 5, none="n", skip="s")
PRIME = 2**61 - 1


def everything(space):
    return np.concatenate(list(space.enumerate()))


def output_of(space, tokens):
    """Runs a cell on a number, by functions that neither commute nor are linear.

    Equal numbers are the same function, but for one chance in some 10^15.
    """
    nodes = collections.Counter({0: 1234567891011})
    for (to, of), name in zip(space.edges, space.choices(tokens), strict=True):
        x, i = nodes[of], space.operations.index(name)
        if name == space.skip:
            nodes[to] += x
        elif name != space.none:
            # A zero stays one.
            nodes[to] += pow(x, 3, PRIME) * (i + 7919) + x * x * (i * i + 31) + x * i
        nodes[to] %= PRIME
    return nodes[space.num_nodes - 1]


def test_three_nodes_by_hand():
    """The output is a sum of two: what the input gives, and what node 1 gives.

    The first is 0, x or c(x), as node 1 itself; the second is 0, x, c(x) or c(c(x)).
    Of 3 * 4 pairs 0 + x is x + 0, 0 + c is c + 0 and x + c is c + x: 9 functions.
    """
    space = spaces.TopologyCell(("n", "s", "c"), 3, none="n", skip="s")
    tokens = everything(space)
    assert len(tokens) == 27
    assert len(np.unique(space.canonical(tokens), axis=0)) == 9


def test_three_nodes_without_zero_by_hand():
    """The first is x or c(x), the second x, c(x) or c(c(x)); x + c is c + x: 5."""
    space = spaces.TopologyCell(("s", "c"), 3, skip="s")
    assert len(np.unique(space.canonical(everything(space)), axis=0)) == 5


def test_without_zero_and_identity_every_cell_is_a_function_of_its_own():
    space = spaces.TopologyCell(("c", "3"), 4)
    tokens = everything(space)
    np.testing.assert_array_equal(space.canonical(tokens), tokens)


def test_sequences_are_one_exactly_where_they_compute_the_same():
    tokens = everything(MICRO)
    outputs = [output_of(MICRO, row) for row in tokens]
    first = {}
    for row, output in zip(tokens, outputs, strict=True):
        first.setdefault(output, row)  # rows come in lexicographic order
    assert len(tokens) == 4096 and len(first) == 871
    expected = [first[output] for output in outputs]
    np.testing.assert_array_equal(MICRO.canonical(tokens), expected)


@pytest.mark.parametrize("space", [MICRO, spaces.NASBench201()], ids=["micro", "201"])
def test_one_by_one_is_as_from_the_list(space, rng, monkeypatch):
    tokens = space.sample(rng, 500)
    listed = space.canonical(tokens)
    monkeypatch.setattr(topology_cell, "_MOST_LISTED", 0)
    np.testing.assert_array_equal(space.canonical(tokens), listed)
    drawn = space.equivalents(rng, tokens)
    assert (drawn != tokens).any(1).mean() > 0.5
    monkeypatch.undo()
    np.testing.assert_array_equal(space.canonical(drawn), listed)


def test_large_cells_are_one_exactly_where_they_compute_the_same(rng):
    """10 edges: too many sequences to list."""
    assert FIVE.num_sequences == 4**10
    tokens = np.concatenate([(some := FIVE.sample(rng, 150)), FIVE.mutate(rng, some)])
    tokens = np.concatenate([tokens, FIVE.equivalents(rng, tokens)])
    outputs = [output_of(FIVE, row) for row in tokens]
    keys = FIVE.keys(FIVE.canonical(tokens))
    # Mutations of edges that nobody reads, and equivalents, make pairs of the same.
    assert len(set(keys)) < 300
    assert len(set(zip(keys, outputs, strict=True))) == len(set(keys))
    assert len(set(outputs)) == len(set(keys))


def test_cells_of_many_nodes_keep_their_function(rng):
    """Where the first sequence takes too long to find, another one stands for them."""
    space = spaces.TopologyCell(("n", "s", "c", "3"), 8, "n", "s")
    tokens = space.sample(rng, 20)
    canonical, drawn = space.canonical(tokens), space.equivalents(rng, tokens)
    np.testing.assert_array_equal(space.canonical(canonical), canonical)
    np.testing.assert_array_equal(space.canonical(drawn), canonical)
    for row, first, other in zip(tokens, canonical, drawn, strict=True):
        assert output_of(space, row) == output_of(space, first)
        assert output_of(space, row) == output_of(space, other)


def test_notation_has_a_group_for_each_node():
    text = "|a+b~0|+|skip~0|c~d~1|"
    space = spaces.TopologyCell(("a+b", "c~d", "skip"), 3, skip="skip")
    tokens = space.parse(text)
    assert space.format(tokens) == text
    assert space.by_slot(tokens) == {"1<-0": "a+b", "2<-0": "skip", "2<-1": "c~d"}
    # Edges of a node may stand in any order, and space around the plus.
    np.testing.assert_array_equal(space.parse("|a+b~0| + |c~d~1|skip~0|"), tokens)


def test_graph_leaves_zero_out_and_names_the_ends():
    graph = MICRO.graph(MICRO.parse("|c~0|+|n~0|s~1|+|n~0|n~1|3~2|"))
    labels = dict(graph.nodes(data="label"))
    assert labels[0] == "input" and labels[3] == "output" and labels[1] == "node 1"
    assert {e for e in labels if isinstance(e, str)} == {"1<-0", "2<-1", "3<-2"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"operations": ("n", "c", "n")}, "Operations must differ, got n, c, n"),
        ({"none": "n", "skip": "n"}, "none and skip must be two operations, both"),
        ({"none": "z"}, "none must be one of the operations, n, c, got 'z'"),
        ({"skip": "z"}, "skip must be one of the operations, n, c, got 'z'"),
        ({"num_nodes": 1}, "num_nodes must be 2 to 12, .* got 1"),
        ({"num_nodes": 13}, "num_nodes must be 2 to 12, .* got 13"),
        ({"operations": "nc"}, "operations must be a list of names, got 'nc'"),
        ({"operations": ()}, r"operations must be a list of names, got \(\)"),
        ({"operations": ("a|b", "n")}, r"text without '\|', got 'a\|b'"),
        ({"operations": (0, 1)}, r"text without '\|', got 0"),
    ],
)
def test_cells_that_cannot_be_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        spaces.TopologyCell(**{"operations": ("n", "c")} | fields)

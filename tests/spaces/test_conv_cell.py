import itertools

import numpy as np
import pytest

from nao import spaces
from nao.spaces import conv_cell

NAO_WS = (
    "0 1 0 4 2 2 1 3 1 0 2 0 2 3 1 3 1 2 0 4 | 1 1 0 3 2 3 2 3 1 0 0 1 0 4 2 4 2 3 2 3"
)


def test_the_cell_of_nao_with_weight_sharing_reads_as_published():
    space = spaces.ConvCell()
    tokens = space.parse(NAO_WS)
    assert space.format(tokens) == NAO_WS
    normal, reduction = space.architecture(tokens[None])[0]
    np.testing.assert_array_equal(normal[1], [[2, 2], [1, 3]])
    np.testing.assert_array_equal(reduction[0], [[1, 1], [0, 3]])
    assert len(space.vocabulary) == 12
    assert space.length == 40


def test_branch_order_and_node_numbering_do_not_count():
    """Nodes 2 and 3 read cell inputs only: their numbers, and branches, may swap."""
    space = spaces.ConvCell(num_nodes=3)
    reduction = "0 0 0 0 0 0 0 0 0 0 0 0"
    first = space.parse(f"0 1 1 2  0 3 1 4  2 0 3 1 | {reduction}")
    second = space.parse(f"1 4 0 3  1 2 0 1  2 1 3 0 | {reduction}")
    other = space.parse(f"0 1 1 2  0 3 1 4  2 1 3 0 | {reduction}")
    a, b, c = space.canonical(np.stack([first, second, other]))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def brute_force(cell):
    """Smallest row over all numberings that keep inputs before their readers."""
    best = None
    for order in itertools.permutations(range(len(cell))):
        number = {0: 0, 1: 1} | {node + 2: i + 2 for i, node in enumerate(order)}
        if any(number[s] >= number[n + 2] for n in order for s, _ in cell[n]):
            continue
        rows = tuple(tuple(sorted((number[s], o) for s, o in cell[n])) for n in order)
        best = min(best or rows, rows)
    return best


def test_canonical_form_is_the_smallest_of_all_numberings(rng):
    """Few operations, so that twins and ties are common."""
    space = spaces.ConvCell(("identity", "max_pool_3x3"), num_nodes=4)
    for cell in space.architecture(space.sample(rng, 60))[:, 0].tolist():
        cell = conv_cell._as_cell(cell)
        assert conv_cell._smallest(cell) == brute_force(cell)


def test_bad_settings_and_texts_are_refused():
    with pytest.raises(ValueError, match="Unknown operation set 'nope'; known: "):
        spaces.ConvCell("nope")
    with pytest.raises(ValueError, match="num_nodes must be at least 1, got 0"):
        spaces.ConvCell(num_nodes=0)
    space = spaces.ConvCell(num_nodes=1)
    with pytest.raises(ValueError, match="8 numbers"):
        space.parse("0 1 2")
    with pytest.raises(ValueError, match="takes 0 to 4, got 5"):
        space.parse("0 5 0 0 | 0 0 0 0")


def test_cells_that_join_otherwise_are_another_space():
    """The slots are the same; what the architectures compute is not."""
    loose, nodes = spaces.ConvCell(join="loose"), spaces.ConvCell(join="nodes")
    states = spaces.ConvCell(num_nodes=2, join=((0, 3), (2, 3)))
    assert loose != nodes and loose.grammar == nodes.grammar
    assert states != spaces.ConvCell(num_nodes=2)
    assert loose == spaces.ConvCell(spaces.OPERATION_SETS["enas"])
    assert hash(loose) != hash(nodes)


def test_states_to_join_are_drawn():
    space = spaces.ConvCell(num_nodes=2, join=((0, 3), (2, 3)))
    graph = space.graph(space.parse("0 0 0 1  2 0 0 4 | 0 0 1 0 0 0 1 0"))
    assert set(graph.predecessors("normal/output")) == {"normal/0", "normal/3"}
    assert set(graph.predecessors("reduction/output")) == {"reduction/2", "reduction/3"}


@pytest.mark.parametrize(
    ("join", "message"),
    [
        ("all", "join must be one of loose, nodes, got 'all'"),
        (((2, 3),), "states of normal and of reduction cells, 0 to 3, got"),
        (((2, 4), (3,)), "0 to 3, got"),
        (((2, 2), (3,)), "distinct states"),
        (((2,), ()), "one or more"),
    ],
)
def test_a_join_that_there_can_not_be(join, message):
    with pytest.raises(ValueError, match=message):
        spaces.ConvCell(num_nodes=2, join=join)


def test_loose_ends_reach_the_output():
    """Node 2 is read by node 3; input 1 by nobody."""
    space = spaces.ConvCell(num_nodes=2)
    graph = space.graph(space.parse("0 0 0 1  2 0 0 4 | 0 0 1 0 0 0 1 0"))
    assert set(graph.predecessors("normal/output")) == {"normal/1", "normal/3"}
    assert set(graph.predecessors("reduction/output")) == {"reduction/2", "reduction/3"}


def test_operations_are_counted_cell_by_cell():
    space = spaces.ConvCell(("a", "b", "c"), 2)
    tokens = space.parse("0 0 0 1  2 0 0 2 | 0 1 1 1 0 1 1 0")[None]
    np.testing.assert_array_equal(space.counts(tokens), [[2, 1, 1, 1, 3, 0]])
    assert space.features(tokens).shape[1] == space.one_hot(tokens).shape[1] + 6


@pytest.mark.parametrize("num_nodes", [2, 5])
def test_many_cells_at_once_become_what_each_becomes(num_nodes, rng):
    """Two operations, so many nodes tie; and eleven."""
    for operations in (("a", "b"), "nao"):
        space = spaces.ConvCell(operations, num_nodes)
        tokens = space.sample(rng, 300)
        cells = space.architecture(tokens).reshape(-1, num_nodes, 2, 2).tolist()
        one_by_one = [conv_cell._smallest(conv_cell._as_cell(cell)) for cell in cells]
        actual = space.architecture(space.canonical(tokens))
        np.testing.assert_array_equal(actual.reshape(-1, num_nodes, 2, 2), one_by_one)

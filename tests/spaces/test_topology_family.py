import pytest

from nao import spaces
from nao.spaces.topology_family import topology_cell

OPERATIONS = "none:n, skip:s,c,3"
FAMILY = spaces.TopologyFamily(("n", "s", "c", "3"), "n", "s")


def test_a_config_names_operations_and_marks_zero_and_identity():
    assert topology_cell(OPERATIONS, 0) == FAMILY
    assert topology_cell("c,3", 0) == spaces.TopologyFamily(("c", "3"))
    named = topology_cell('skip:id,"conv, 3x3"', 3)
    assert named == spaces.TopologyCell(("id", "conv, 3x3"), 3, skip="id")


@pytest.mark.parametrize(("edges", "nodes"), [(1, 2), (3, 3), (6, 4), (10, 5)])
def test_nodes_follow_from_the_number_of_edges(edges, nodes):
    space = topology_cell(OPERATIONS, edges)
    assert space == FAMILY.of_edges(edges)
    assert space.num_nodes == nodes and space.length == edges


@pytest.mark.parametrize(
    ("edges", "nearest"),
    [
        (-1, r"1 \(2 nodes\) and 3 \(3 nodes\)"),
        (5, r"3 \(3 nodes\) and 6 \(4 nodes\)"),
        (7, r"6 \(4 nodes\) and 10 \(5 nodes\)"),
    ],
)
def test_other_numbers_of_edges_are_refused(edges, nearest):
    with pytest.raises(ValueError, match=rf"so 1, 3, 6, .* got {edges}; .*{nearest}"):
        topology_cell(OPERATIONS, edges)


def test_edges_of_the_notation_are_counted():
    assert FAMILY.count_edges("|c~0|+|n~0|s~1|") == 3
    with pytest.raises(ValueError, match="a group for each node, got 'c'"):
        FAMILY.count_edges("c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be names, comma-separated, .* got ''"),
        ("enas", "must be names, comma-separated, .* got 'enas'"),
        ("none:n,none:m,c", "got 'none:m' in 'none:n,none:m,c'"),
        ("zero:n,c", "got 'zero:n'"),
        ("none:,c", "got 'none:'"),
        ('c,"3', "space.operations must be a line of CSV, got"),
        ("none:n,skip:n,c", "none and skip must be two operations, both are 'n'"),
        ("none:n,c,c", "Operations must differ, got n, c, c"),
    ],
)
def test_operations_that_cannot_be_are_one_line(text, message):
    with pytest.raises(ValueError, match=message) as error:
        topology_cell(text, 0)
    assert "\n" not in str(error.value)

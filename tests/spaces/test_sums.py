import numpy as np

from nao.spaces import sums

RULES = sums.Rules(3, 3, none=0, skip=1)
N, S, C = range(3)


def output(row, terms):
    return sums.nodes_of(RULES, row, terms)[-1]


def test_edges_of_a_node_come_before_those_that_read_it():
    assert sums.edges(4) == ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))


def test_zeros_are_dropped_and_skips_hand_on_what_they_read():
    """Edges are 1<-0, 2<-0, 2<-1."""
    terms = sums.Terms(RULES)
    assert output((N, N, C), terms) == ()  # c of zero is zero
    assert output((S, N, S), terms) == sums.INPUT
    assert output((C, N, S), terms) == output((S, N, C), terms)
    assert output((C, S, S), terms) == output((S, S, C), terms)


def test_sums_keep_how_often_a_term_stands_there():
    terms = sums.Terms(RULES)
    once, twice = output((N, S, N), terms), output((S, S, S), terms)
    assert once == ((0, 1),) and twice == ((0, 2),)
    assert sums.is_part(once, twice) and not sums.is_part(twice, once)
    assert sums.add(once, once) == twice


def test_classes_are_numbered_by_their_first_row():
    """Two nodes and one edge: none, skip and c are a function each."""
    of_row, rows = sums.classes(sums.Rules(2, 3, 0, 1))
    np.testing.assert_array_equal(of_row, [0, 1, 2])
    # Three nodes have 9, see test_topology_cell.
    of_row, rows = sums.classes(RULES)
    assert len(rows) == 9 and sum(map(len, rows)) == len(of_row) == 27
    first = [members[0] for members in rows]
    assert first == sorted(first)

import numpy as np
import pytest

from nao.spaces import rewriting, sums

# Numbers of operations: none, skip, and two that compute.
RULES = sums.Rules(4, 4, 0, 1)
N, S, A, B = range(4)


@pytest.fixture
def few_steps(monkeypatch):
    rewriting._smallest.cache_clear()
    monkeypatch.setattr(rewriting, "_MOST_STEPS", 0)
    yield
    rewriting._smallest.cache_clear()


def test_the_first_row_of_a_function_by_hand():
    """The first has `none`, number 0, on as many of the first edges as it can.

    Edges are 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2. a(x), read through node 1, is edge
    3<-0 alone; b(a(x)) needs a node between, and node 2 leaves edge 1<-0 at none.
    """
    assert rewriting.first(RULES, (A, B, N, N, S, N)) == (N, N, N, A, N, N)
    assert rewriting.first(RULES, (A, N, A, N, B, N)) == (N, A, N, N, N, B)


def test_any_row_of_the_function_is_drawn():
    """x + x is drawn in all of its forms."""
    row = (S, N, N, S, S, N)
    of_row, rows = sums.classes(RULES)
    members = rows[of_row[np.ravel_multi_index(row, (4,) * 6)]]
    rng = np.random.default_rng(0)
    drawn = {rewriting.draw(RULES, row, rng) for _ in range(40 * len(members))}
    assert {np.ravel_multi_index(d, (4,) * 6) for d in drawn} == {*members}


def test_where_it_takes_too_long_unread_edges_are_dropped(few_steps):
    """Nobody reads node 2, so neither edge into it counts; node 1 is read."""
    row = (A, B, S, N, A, N)
    assert rewriting.first(RULES, row) == (A, N, N, N, A, N)
    assert rewriting.first(RULES, (A, N, N, N, A, N)) == (A, N, N, N, A, N)
    # Node 1 is zero, so what reads it counts as little.
    assert rewriting.first(RULES, (N, A, B, N, S, S)) == (N, A, N, N, N, S)
    assert rewriting.draw(RULES, row, np.random.default_rng(0)) == row


def test_without_zero_every_edge_is_read(few_steps):
    rules = sums.Rules(3, 2, None, 0)
    assert rewriting.first(rules, (1, 0, 1)) == (1, 0, 1)

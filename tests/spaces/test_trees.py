import itertools

import numpy as np
import pytest

from nao.spaces import trees


def all_trees(num_nodes, num_labels):
    """Lists every row of a tree with that many nodes below the root."""
    pairs = [
        list(itertools.product(range(node), range(num_labels)))
        for node in range(1, num_nodes + 1)
    ]
    return list(itertools.product(*pairs))


def numberings(tree):
    """Returns all rows of a tree, by trying every order of its nodes."""
    found = set()
    for order in itertools.permutations(range(1, len(tree) + 1)):
        new = dict(enumerate((0, *order)))
        rows = {new[node]: (new[p], label) for node, (p, label) in enumerate(tree, 1)}
        if all(parent < node for node, (parent, _) in rows.items()):
            found.add(tuple(rows[node] for node in sorted(rows)))
    return found


@pytest.mark.parametrize(("num_nodes", "num_labels"), [(1, 3), (2, 3), (3, 2), (4, 2)])
def test_numberings_of_a_tree_share_a_form_and_other_trees_have_others(
    num_nodes, num_labels
):
    forms = {}
    for tree in all_trees(num_nodes, num_labels):
        forms.setdefault(trees.canonical(tree), set()).add(tree)
    for form, rows in forms.items():
        assert form in rows
        assert numberings(form) == rows


def test_siblings_are_ordered_by_all_that_is_below_them():
    """Two children of the root look alike; only their grandchildren differ."""
    one = ((0, 0), (0, 0), (1, 1), (2, 1), (3, 0), (4, 1))
    other = ((0, 0), (0, 0), (1, 1), (2, 1), (4, 0), (3, 1))
    crossed = ((0, 0), (0, 0), (1, 1), (1, 1), (3, 0), (4, 1))
    assert trees.canonical(one) == trees.canonical(other) == one
    assert trees.canonical(crossed) != one


def test_nodes_are_numbered_level_by_level():
    """A chain 1-2 beside a leaf 3: the leaf, whose subtree is smaller, comes first."""
    assert trees.canonical(((0, 0), (1, 1), (0, 0))) == ((0, 0), (0, 0), (2, 1))


def test_every_numbering_may_be_drawn(rng):
    tree = ((0, 0), (0, 1), (1, 0), (2, 1))
    assert {trees.shuffled(rng, tree) for _ in range(100)} == numberings(tree)


def test_deep_and_wide_trees():
    chain = tuple((node, 0) for node in range(100))
    star = tuple((0, node % 2) for node in range(100))
    assert trees.canonical(chain) == chain
    assert trees.canonical(star) == ((0, 0),) * 50 + ((0, 1),) * 50
    assert trees.shuffled(np.random.default_rng(0), chain) == chain

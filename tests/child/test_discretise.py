"""The rule that turns mixtures into architectures, by hand."""

import numpy as np
import pytest

from nao.child.discretise import discretise, num_skips, one_hot
from nao.spaces import ConvCell, NASBench201

SPACE = ConvCell(("none", "identity", "conv_1x1"), num_nodes=2, join="nodes")
# Edges: node 2 reads 0 and 1, node 3 reads 0, 1 and 2.
WEIGHTS = np.array(
    [
        [
            [0.2, 0.7, 0.1],
            [0.2, 0.3, 0.5],
            [0.5, 0.1, 0.4],
            [0.4, 0.3, 0.3],
            [0.3, 0.35, 0.35],
        ],
        [
            [0.0, 0.1, 0.9],
            [0.0, 0.9, 0.1],
            [0.2, 0.6, 0.2],
            [0.2, 0.2, 0.6],
            [0.6, 0.2, 0.2],
        ],
    ]
)


def logits(weights):
    return np.log(np.maximum(weights, 1e-9))


def test_nodes_keep_their_two_strongest_edges_and_their_operations():
    """Node 3 of the normal cell: strengths .4, .3, .35 of inputs 0, 1, 2.

    Of the reduction cell .6, .6, .2. Of equal operations the first is taken: identity,
    of .35, on the edge from node 2.
    """
    (tokens,) = discretise(SPACE, logits(WEIGHTS))
    assert SPACE.format(tokens) == "0 1 1 2 0 2 2 1 | 0 2 1 1 0 1 1 2"
    assert num_skips(SPACE, tokens) == 4


def test_none_takes_its_share_but_is_never_chosen():
    """Largest everywhere, alike on all edges; a further rise changes nothing."""
    base = logits(WEIGHTS)
    base[..., 0] = base[..., 1:].max(-1) + 1
    expected = discretise(SPACE, base)
    assert "none" not in SPACE.choices(expected[0])
    base[..., 0] += 5 - np.log(np.exp(base[..., 0]) / np.exp(base).sum(-1))
    np.testing.assert_array_equal(discretise(SPACE, base), expected)


def test_an_edge_of_much_none_is_weak():
    """Without `none` edges 0 and 1 of node 3 are equal, and 2 is weaker."""
    base = np.zeros((2, 5, 3))
    base[:, 2:4, 2] = 1.0
    (before,) = SPACE.architecture(discretise(SPACE, base))
    assert before[0, 1, :, 0].tolist() == [0, 1]
    base[:, 2, 0] = 9.0
    (after,) = SPACE.architecture(discretise(SPACE, base))
    assert after[0, 1, :, 0].tolist() == [1, 2]


def test_nasbench201_takes_the_largest_of_each_edge_none_included():
    space = NASBench201()
    table = np.eye(5)[[0, 1, 2, 3, 4, 0]][None]
    (tokens,) = discretise(space, table)
    assert space.choices(tokens) == (
        *("none", "skip_connect", "nor_conv_1x1"),
        *("nor_conv_3x3", "avg_pool_3x3", "none"),
    )
    assert num_skips(space, tokens) == 1
    np.testing.assert_array_equal(one_hot(space, tokens), table)


@pytest.mark.parametrize("space", [SPACE, NASBench201()], ids=lambda s: s.name)
def test_weights_of_one_architecture_give_it_back(space, rng):
    tokens = space.sample(rng, 20)
    if space is SPACE:  # two branches of a node may read the same state
        (arch,) = space.architecture(tokens[:1])
        arch[:, :, :, 0], arch[..., 1] = [0, 1], 1 + arch[..., 1] % 2
        tokens = space.from_indices(arch.reshape(1, -1))
    for row in tokens:
        found = discretise(space, 9.0 * one_hot(space, row))
        np.testing.assert_array_equal(found[0], row)


def test_branches_that_are_alike_add_up():
    tokens = SPACE.parse("0 2 0 2 1 1 2 2 | 0 2 1 2 0 1 1 1")
    weights = one_hot(SPACE, tokens)
    assert weights[0, 0, 2] == 2 and weights[0].sum() == 4

import networkx as nx
import numpy as np
import pytest

from nao import report
from nao.child.conv_net import ConvNet
from nao.spaces import ConvCell, RecurrentCell
from nao.spaces.published import PUBLISHED

each_cell = pytest.mark.parametrize("name", PUBLISHED)
IN_SPACE = {
    kind: [name for name, cell in PUBLISHED.items() if isinstance(cell.space, kind)]
    for kind in (ConvCell, RecurrentCell)
}
each_convolutional = pytest.mark.parametrize("name", IN_SPACE[ConvCell])
each_recurrent = pytest.mark.parametrize("name", IN_SPACE[RecurrentCell])


@each_cell
def test_a_published_cell_is_written_as_it_is_read(name):
    published = PUBLISHED[name]
    space, tokens = published.space, published.tokens
    assert space.is_valid(tokens[None])[0]
    assert space.format(tokens) == published.text
    assert published.source


@pytest.mark.parametrize(
    ("name", "operations", "num_nodes", "join"),
    [
        ("naonet_a", "nao", 5, "loose"),
        ("nao_ws", "enas", 5, "loose"),
        ("nao_v2", "enas", 5, "loose"),
        ("enas", "enas", 5, "loose"),
        ("darts_v2", "darts", 4, "nodes"),
        ("nasnet_a", "nasnet", 5, ((0, 2, 3, 4, 5, 6), (3, 4, 5, 6))),
        ("amoebanet_a", "amoebanet", 5, ((4, 5, 6), (3, 4, 6))),
    ],
)
def test_convolutional_cells_have_their_space(name, operations, num_nodes, join):
    assert PUBLISHED[name].space == ConvCell(operations, num_nodes, join)


@pytest.mark.parametrize(
    ("name", "num_nodes", "output", "first"),
    [
        ("nao_rnn", 11, "nodes", False),
        ("nao_ws_rnn", 11, "nodes", False),
        ("darts_v2_rnn", 8, "nodes", False),
        ("enas_rnn", 11, "loose", True),
        ("enas_lm", 8, "nodes", False),
    ],
)
def test_recurrent_cells_have_their_space(name, num_nodes, output, first):
    expected = RecurrentCell(num_nodes, output=output, first=first)
    assert PUBLISHED[name].space == expected


@each_convolutional
def test_a_published_cell_draws(name):
    published = PUBLISHED[name]
    graph = published.space.graph(published.tokens)
    assert nx.is_directed_acyclic_graph(graph)
    branches = [node for node, kind in graph.nodes(data="kind") if kind == "operation"]
    assert len(branches) == 4 * published.space.num_nodes
    figure = report.draw_architecture(published.space, published.tokens)
    assert [axes.get_title() for axes in figure.axes] == ["normal", "reduction"]


@each_recurrent
def test_a_published_recurrent_cell_draws(name):
    published = PUBLISHED[name]
    figure = report.draw_architecture(published.space, published.tokens)
    (axes,) = figure.axes
    drawn = [text.get_text() for text in axes.texts]
    states = range(1 + published.space.num_nodes)
    assert {*map(str, states)} <= {*drawn}


@each_convolutional
def test_every_state_is_read_or_joined(name):
    """Joined states are written down only where they are not what their rule says."""
    published = PUBLISHED[name]
    space = published.space
    if isinstance(space.join, str):
        return
    (cells,) = space.architecture(published.tokens[None])
    for cell, joined in zip(cells, space.join, strict=True):
        nodes = set(range(2, 2 + space.num_nodes))
        assert nodes <= set(cell[..., 0].ravel().tolist()) | set(joined)


def num_parameters(name, channels, cells_per_stage):
    published = PUBLISHED[name]
    space = published.space
    net = ConvNet(
        space.operations,
        space.num_nodes,
        channels,
        cells_per_stage,
        10,
        (32, 32, 3),
        space.join,
    )
    return net.num_parameters(space.architecture(published.tokens[None])[0])


def test_darts_has_its_published_number_of_parameters():
    """3.3 million in the paper; the released code counts 3.349342."""
    assert num_parameters("darts_v2", 36, 6) == 3_349_342


@pytest.mark.parametrize(
    ("name", "channels", "millions"), [("nasnet_a", 32, 3.3), ("amoebanet_a", 36, 3.2)]
)
def test_others_have_theirs_within_two_percent(name, channels, millions):
    """As published, rounded to a tenth of a million."""
    counted = num_parameters(name, channels, 6) / 1e6
    np.testing.assert_allclose(counted, millions, rtol=0.02)


def test_naonet_a_has_more_than_its_published_number():
    """10.6 and 128 million in the paper; why is not known."""
    counted = [num_parameters("naonet_a", channels, 6) / 1e6 for channels in (36, 128)]
    np.testing.assert_allclose(counted, [11.46, 144.6], rtol=1e-3)

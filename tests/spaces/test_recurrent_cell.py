import collections
import math

import networkx as nx
import numpy as np
import pytest

from nao import spaces
from nao.spaces.published import PUBLISHED
from nao.spaces.recurrent_cell import RecurrentCell

# As a program that uses DARTS reads it.
Genotype = collections.namedtuple("Genotype", ["recurrent", "concat"])

# ENAS's cell as DARTS's code has it, `ENAS` of quark0/darts, rnn/genotypes.py: the same
# tree as in ENAS's own code, numbered otherwise.
ENAS_OF_DARTS = (
    "Genotype(recurrent=[('tanh', 0), ('tanh', 1), ('relu', 1), ('tanh', 3), "
    "('tanh', 3), ('relu', 3), ('relu', 4), ('relu', 7), ('relu', 8), ('relu', 8), "
    "('relu', 8)], concat=[2, 5, 6, 9, 10, 11])"
)


def cell(*nodes, **fields):
    """Returns a space and the tokens of a cell of `activation predecessor` nodes."""
    pairs = [node.split() for node in nodes]
    recurrent = [(name, int(predecessor)) for name, predecessor in pairs]
    space = RecurrentCell(len(nodes), **fields)
    return space, space.parse(f"Genotype(recurrent={recurrent})")


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        (RecurrentCell(11), 167_423_193_907_200),  # 1.67e14, NAO
        (RecurrentCell(11, first=True), 669_692_775_628_800),  # 6.7e14, ENAS
    ],
)
def test_the_number_of_sequences_is_that_of_the_papers(space, expected):
    """4^N N! for N nodes, four times as many with the first activation."""
    num = 4**11 * math.factorial(11) * (4 if space.first else 1)
    assert space.num_sequences == num == expected


@pytest.mark.parametrize(
    ("num_nodes", "sequences", "expected"),
    [
        # A chain, 4 * 4, and two leaves, C(5, 2) pairs of activations.
        (2, 32, 16 + 10),
        # A chain, 4^3; a node with two leaves, 4 * 10; a leaf beside a chain of two,
        # 4^3; three leaves, C(6, 3) triples.
        (3, 384, 64 + 40 + 64 + 20),
    ],
)
def test_the_number_of_functions(num_nodes, sequences, expected):
    space = RecurrentCell(num_nodes)
    (tokens,) = space.enumerate()
    assert len(tokens) == sequences
    assert len({*space.keys(space.canonical(tokens))}) == expected


def test_the_first_activation_makes_other_functions():
    space = RecurrentCell(2, first=True)
    (tokens,) = space.enumerate()
    assert len({*space.keys(space.canonical(tokens))}) == 4 * 26
    np.testing.assert_array_equal(space.canonical(tokens)[:, 0], tokens[:, 0])


def test_numberings_of_one_tree_are_one_cell():
    """A relu with two children, a sigmoid and a tanh that has a relu below."""
    numbered = [
        ("relu 0", "tanh 1", "sigmoid 1", "relu 2"),
        ("relu 0", "sigmoid 1", "tanh 1", "relu 3"),
        ("relu 0", "tanh 1", "relu 2", "sigmoid 1"),
    ]
    cells = [cell(*nodes) for nodes in numbered]
    forms = {space.canonical(tokens[None]).tobytes() for space, tokens in cells}
    assert len(forms) == 1
    # The relu below the sigmoid instead, and a tanh and a sigmoid exchanged.
    for other in (
        ("relu 0", "tanh 1", "sigmoid 1", "relu 3"),
        ("relu 0", "sigmoid 1", "tanh 1", "relu 2"),
        ("tanh 0", "relu 1", "sigmoid 1", "relu 2"),
    ):
        space, tokens = cell(*other)
        assert space.canonical(tokens[None]).tobytes() not in forms


def test_architectures_are_numbers_of_all_activations():
    """Whichever are searched; row 0 is the initial state, a tanh unless searched."""
    space, tokens = cell("sigmoid 0", "relu 0", activations=("relu", "sigmoid"))
    (actual,) = space.architecture(tokens[None])
    np.testing.assert_array_equal(actual, [[0, 0], [0, 3], [0, 1]])
    assert actual.dtype == np.int32
    space = RecurrentCell(2, "relu,sigmoid", first=True)
    tokens = space.parse("1 0 0 1 1")
    actual = space.architecture(tokens[None])[0]
    np.testing.assert_array_equal(actual, [[0, 3], [0, 1], [1, 3]])


def test_tokens_are_joined_in_pairs_unless_the_first_has_none():
    assert RecurrentCell(3).group == 2 and RecurrentCell(3).length == 6
    space = RecurrentCell(3, first=True)
    assert space.group == 1 and space.length == 7
    assert [slot.name for slot in space.slots[:3]] == [
        "0/activation",
        "1/input",
        "1/activation",
    ]


@pytest.mark.parametrize(
    ("output", "expected"),
    [("nodes", [1, 2, 3]), ("loose", [2, 3]), ("states", [0, 1, 2, 3])],
)
def test_what_the_output_averages(output, expected):
    space, tokens = cell("tanh 0", "relu 1", "relu 0", output=output)
    assert [*space.averaged(tokens)] == expected
    graph = space.graph(tokens)
    assert [*graph.predecessors("output")] == [str(state) for state in expected]
    assert f"concat={space.averaged(tokens)}" in space.format(tokens)


def test_counts_are_those_of_activations():
    space, tokens = cell("tanh 0", "relu 1", "relu 0")
    np.testing.assert_array_equal(space.counts(tokens[None]), [[1, 2, 0, 0]])


def test_loose_ends_of_enas():
    """Its string reads 0, 1, 2, 2, 2, 5, 1, 6, 8, 8, 8: no node reads six of them."""
    published = PUBLISHED["enas_rnn"]
    space, tokens = published.space, published.tokens
    assert space.averaged(tokens) == [3, 4, 7, 9, 10, 11]
    of_darts = RecurrentCell(11, output="loose")
    again = of_darts.parse(ENAS_OF_DARTS)
    assert of_darts.averaged(again) == [2, 5, 6, 9, 10, 11]


def test_both_codes_have_the_same_cell_of_enas():
    space = PUBLISHED["enas_rnn"].space
    both = np.stack([PUBLISHED["enas_rnn"].tokens, space.parse(ENAS_OF_DARTS)])
    assert (both[0] != both[1]).any()
    first, second = space.canonical(both)
    np.testing.assert_array_equal(first, second)


def test_the_published_genotype_of_darts():
    """`DARTS_V2` as its authors print it, evaluated by Python itself."""
    published = PUBLISHED["darts_v2_rnn"]
    text = published.space.format(published.tokens)
    assert eval(text, {"Genotype": Genotype}) == Genotype(
        recurrent=[
            *[("sigmoid", 0), ("relu", 1), ("relu", 1), ("identity", 1)],
            *[("tanh", 2), ("sigmoid", 5), ("tanh", 3), ("relu", 5)],
        ],
        concat=range(1, 9),
    )


@pytest.mark.parametrize(
    ("name", "activations", "numbers"),
    [
        (
            "nao_rnn",
            "tanh,relu,identity,sigmoid",
            "0 1 0 1 1 1 3 0 4 1 4 1 5 1 1 1 7 1 1 1 1 2",
        ),
        (
            "nao_ws_rnn",
            "tanh,relu,sigmoid,identity",
            "0 1 1 1 2 2 1 2 4 1 4 1 4 1 7 1 8 2 1 0 4 1",
        ),
        (
            "enas_rnn",
            "tanh,relu,identity,sigmoid",
            "0 0 0 1 1 2 1 2 0 2 0 5 1 1 0 6 1 8 1 8 1 8 1",
        ),
        ("enas_lm", "tanh,relu,sigmoid,identity", "0 2 1 0 2 1 2 2 4 0 5 0 3 2 6 2"),
    ],
)
def test_strings_are_read_by_the_numbering_of_their_release(name, activations, numbers):
    published = PUBLISHED[name].space
    fields = published.num_nodes, activations, published.output, published.first
    space = RecurrentCell(*fields)
    assert space.format(space.parse(numbers)) == PUBLISHED[name].text


def test_identity_and_sigmoid_have_two_numberings():
    """The last node of NAO's cell is an identity, two of ENAS's first are sigmoids."""
    nao, enas = PUBLISHED["nao_rnn"], PUBLISHED["enas_lm"]
    assert nao.space.choices(nao.tokens)[-2:] == ("1", "identity")
    assert enas.space.choices(enas.tokens)[:2] == ("0", "sigmoid")


def test_the_first_activation_is_written_where_it_is_no_tanh():
    space = RecurrentCell(1, first=True)
    text = "Genotype(recurrent=[('tanh', 0)], concat=range(1, 2)"
    assert space.format(space.parse(text + ", first='tanh')")) == text + ")"
    assert space.choices(space.parse(text + ")"))[0] == "tanh"
    assert space.format(space.parse("3 0 0")) == text + ", first='sigmoid')"


def test_graph_is_the_tree():
    space, tokens = cell("tanh 0", "relu 1", "relu 0")
    graph = space.graph(tokens)
    assert nx.is_directed_acyclic_graph(graph)
    assert {*graph.predecessors("0/activation")} == {"x", "h"}
    labels = nx.get_node_attributes(graph, "label")
    boxes = [labels[f"{state}/activation"] for state in range(4)]
    assert boxes == ["tanh", "tanh", "relu", "relu"]
    assert {*graph.successors("1")} == {"2/activation", "output"}


def test_spaces_are_equal_however_activations_are_given():
    assert RecurrentCell(activations=" tanh , relu") == RecurrentCell(
        activations=("tanh", "relu")
    )
    config = spaces.SpaceConfig("recurrent_cell", num_nodes=8)
    assert spaces.make(config) == RecurrentCell()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_nodes": 0}, "num_nodes must be 1 to 100, .* got 0"),
        ({"num_nodes": 101}, "num_nodes must be 1 to 100, .* got 101"),
        ({"num_nodes": 2.5}, "num_nodes must be a whole number, got 2.5"),
        ({"output": "all"}, "output must be one of nodes, loose, states, got 'all'"),
        ({"first": "relu"}, "first must be true or false, got 'relu'"),
        (
            {"activations": "tanh,gelu"},
            "activations must be one or more of tanh, relu, identity, sigmoid, each "
            "once, got tanh, gelu",
        ),
        ({"activations": ("tanh", "tanh")}, "each once, got tanh, tanh"),
        ({"activations": ("tanh", 3)}, "each once, got tanh, 3"),
        ({"activations": ()}, "each once, got none"),
        ({"activations": ""}, "each once, got none"),
    ],
)
def test_fields_that_make_no_space(fields, message):
    with pytest.raises(ValueError, match=message):
        RecurrentCell(**fields)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0 0", r"of 2 nodes reads \"Genotype\(.* or is 4 numbers, got '0 0 0'"),
        ("0 0 2 0", "Slot '2/input' takes 0 to 1, got 2"),
        ("0 4 0 0", "Slot '1/activation' takes 0 to 3, got 4"),
        ("Genotype(recurrent=[('tanh', 0)])", "of 2 nodes reads"),
        (
            "Genotype(recurrent=[('tanh', 0), ('gelu', 0)])",
            "Unknown choice 'gelu' in slot '2/activation'; known: tanh, relu",
        ),
        (
            "Genotype(recurrent=[('tanh', 0), ('relu', 2)])",
            "Unknown choice '2' in slot '2/input'; known: 0, 1",
        ),
        (
            "Genotype(recurrent=[('tanh', 0), ('relu', 0)], concat=[2])",
            r"concat must be range\(1, 3\) in a space of output='nodes' \(one of "
            r"nodes, loose, states\), got \[2\]",
        ),
        (
            "Genotype(recurrent=[('tanh', 0), ('relu', 0)], first='relu')",
            "first must be 'tanh' unless the space has first=True, got 'relu'",
        ),
    ],
)
def test_text_that_is_no_cell_is_refused_with_the_rule(text, message):
    with pytest.raises(ValueError, match=message) as error:
        RecurrentCell(2).parse(text)
    assert "\n" not in str(error.value)

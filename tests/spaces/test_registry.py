import pytest

from nao import spaces
from nao.spaces import registry


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("conv_cell", {"num_nodes": 3}, spaces.ConvCell(num_nodes=3)),
        ("nasbench201", {}, spaces.NASBench201()),
        (
            "topology_cell",
            {"operations": "skip:s,c", "num_edges": 3},
            spaces.TopologyCell(("s", "c"), 3, skip="s"),
        ),
        (
            "topology_cell",
            {"operations": "none:n,c"},
            spaces.TopologyFamily(("n", "c"), none="n"),
        ),
        (
            "recurrent_cell",
            {"num_nodes": 3, "activations": "relu,tanh", "output": "loose"},
            spaces.RecurrentCell(3, ("relu", "tanh"), "loose"),
        ),
        ("custom", {"slots": {"a": (1, 2)}}, spaces.custom({"a": (1, 2)})),
        ("table", {}, None),
    ],
)
def test_a_name_makes_its_space(name, fields, expected):
    assert spaces.make(spaces.SpaceConfig(name, **fields)) == expected


def test_a_space_reads_the_fields_that_its_parameters_name():
    assert registry.options("conv_cell") == ("operations", "num_nodes", "join")
    assert registry.options("nasbench201") == ()
    assert registry.options("topology_cell") == ("operations", "num_edges")
    assert registry.options("recurrent_cell") == (
        "num_nodes",
        "activations",
        "output",
        "first",
    )
    assert registry.options("custom") == ("slots", "valid")
    with pytest.raises(ValueError, match=r"space\.name 'flat'; known: conv_cell"):
        registry.options("flat")


def test_cells_have_a_network():
    assert registry.network("conv_cell") == "nao.child.conv_net:ConvNet"
    assert registry.network("nasbench201") and not registry.network("custom")


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        (
            "nasbench201",
            {"operations": "n,s"},
            "space.operations=n,s changes nothing: it is read by space.name conv_cell "
            "and topology_cell, not by nasbench201.",
        ),
        (
            "table",
            {"num_edges": 6},
            "space.num_edges=6 changes nothing: it is read by space.name "
            "topology_cell, not by table.",
        ),
        (
            "conv_cell",
            {"first": True},
            "space.first=True changes nothing: it is read by space.name "
            "recurrent_cell, not by conv_cell.",
        ),
        ("conv_cell", {"num_nodes": 4}, None),
    ],
)
def test_settings_that_a_space_does_not_read_are_told(name, fields, words, caplog):
    with caplog.at_level("WARNING", "absl"):
        spaces.make(spaces.SpaceConfig(name, **fields))
    assert caplog.messages == [words] * (words is not None)

"""Architectures in words, by hand."""

import numpy as np

from nao import spaces
from nao.report.words import in_words


def test_a_cell_of_nas_bench_201():
    space = spaces.NASBench201()
    cell = (
        "|nor_conv_3x3~0|+|none~0|none~1|"
        "+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|"
    )
    assert in_words(space, space.parse(cell)) == [
        "node 1: nor_conv_3x3 (input)",
        "node 2: nothing",
        "output: skip_connect (input), nor_conv_1x1 (node 1), avg_pool_3x3 (node 2)",
    ]


def test_cells_of_two_kinds_have_their_names(rng):
    space = spaces.ConvCell(num_nodes=2)
    lines = in_words(space, space.sample(rng, 1)[0])
    assert lines[0] == "normal:" and lines[4] == "reduction:"
    assert lines[1].startswith("node 2: ") and lines[3].startswith("output: ")
    assert "last" in " ".join(lines[1:3])  # "last cell" or "cell before last"


def test_a_space_from_slots_lists_them():
    space = spaces.custom({"depth": (1, 2), "width": (8, 16)})
    tokens = space.parse("depth=2 width=8")
    assert in_words(space, tokens) == ["depth: 2", "width: 8"]
    one = spaces.custom({"only": ("choice",)})
    assert in_words(one, one.sample(np.random.default_rng(0), 1)[0]) == ["only: choice"]


def test_every_space_has_words(space, rng):
    for tokens in space.sample(rng, 3):
        lines = in_words(space, tokens)
        assert lines and all(line.isprintable() and line for line in lines)

import collections

import numpy as np
import pytest

from nao.spaces import ConvCell
from nao.spaces.genotype import to_genotype
from nao.spaces.published import PUBLISHED

# As a program that uses DARTS reads it.
Genotype = collections.namedtuple(
    "Genotype", ["normal", "normal_concat", "reduce", "reduce_concat"]
)


def genotype(space, tokens):
    architecture = space.architecture(tokens[None])[0]
    text = to_genotype(architecture, space.operations, space.join)
    return eval(text, {"Genotype": Genotype})


def test_the_published_genotype_of_darts():
    """`DARTS_V2` as its authors print it."""
    published = PUBLISHED["darts_v2"]
    actual = genotype(published.space, published.tokens)
    assert actual == Genotype(
        normal=[
            *[("sep_conv_3x3", 0), ("sep_conv_3x3", 1)] * 2,
            *[("sep_conv_3x3", 1), ("skip_connect", 0)],
            *[("skip_connect", 0), ("dil_conv_3x3", 2)],
        ],
        normal_concat=[2, 3, 4, 5],
        reduce=[
            *[("max_pool_3x3", 0), ("max_pool_3x3", 1)],
            *[("skip_connect", 2), ("max_pool_3x3", 1)],
            *[("max_pool_3x3", 0), ("skip_connect", 2)],
            *[("skip_connect", 2), ("max_pool_3x3", 1)],
        ],
        reduce_concat=[2, 3, 4, 5],
    )


def test_what_is_joined():
    """Loose ends: 0 and 3 are read by nobody; AmoebaNet-A names its states."""
    space = ConvCell("enas", num_nodes=2)
    actual = genotype(space, space.parse("1 0 1 4 2 2 1 3 | 0 0 0 0 1 0 2 0"))
    assert actual.normal == [
        *[("sep_conv_3x3", 1), ("skip_connect", 1)],
        *[("avg_pool_3x3", 2), ("max_pool_3x3", 1)],
    ]
    assert (actual.normal_concat, actual.reduce_concat) == ([0, 3], [3])
    amoebanet = PUBLISHED["amoebanet_a"]
    actual = genotype(amoebanet.space, amoebanet.tokens)
    assert (actual.normal_concat, actual.reduce_concat) == ([4, 5, 6], [3, 4, 6])
    assert ("conv_7x1_1x7", 0) in actual.reduce


def test_an_operation_that_darts_lacks():
    space = ConvCell("nao", num_nodes=1)
    cells = np.array([[[[0, 0], [1, 2]]]] * 2)
    with pytest.raises(ValueError, match="the cell has conv_3x3"):
        to_genotype(cells, space.operations, "loose")

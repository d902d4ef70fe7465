"""Colours of operations, by their names."""

import itertools

import pytest
from matplotlib import colors

from nao import spaces
from nao.report.drawing import palette
from nao.spaces.conv_cell import OPERATION_SETS
from nao.spaces.recurrent_cell import ACTIVATIONS


def test_an_operation_looks_the_same_under_its_names_of_two_spaces():
    assert palette.look("nor_conv_3x3") == palette.look("conv_3x3")
    assert palette.look("skip_connect") == palette.look("identity")
    assert palette.look("none") == palette.look("zeroize")


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("conv_1x1", "conv_3x3"),
        ("sep_conv_3x3", "sep_conv_7x7"),
        ("dil_conv_3x3", "dil_conv_5x5"),
        ("avg_pool_2x2", "avg_pool_5x5"),
        ("max_pool_3x3", "max_pool_7x7"),
        ("conv_1x3_3x1", "conv_1x7_7x1"),
    ],
)
def test_a_family_has_a_hue_and_sizes_have_shades(small, large):
    assert palette.hue(small) == palette.hue(large)
    one, other = (colors.to_rgb(palette.look(name).fill) for name in (small, large))
    assert sum(one) > sum(other)


@pytest.mark.parametrize("names", OPERATION_SETS.values(), ids=OPERATION_SETS)
def test_operations_of_a_set_look_different(names):
    looks = [palette.look(name)[:2] for name in names]
    alike = [
        {one, other}
        for (one, a), (other, b) in itertools.combinations(
            zip(names, looks, strict=True), 2
        )
        if a == b
    ]
    assert not alike


def test_families_have_hues_of_their_own():
    families = ("conv_3x3", "sep_conv_3x3", "dil_conv_3x3", "avg_pool_3x3")
    families += ("max_pool_3x3", "identity", "none", "attention")
    assert len({palette.hue(name) for name in families}) == len(families)


def test_activations_have_hues_of_their_own():
    assert len({palette.hue(name) for name in (*ACTIVATIONS, "gelu")}) == 5


def test_texts_can_be_read_on_their_boxes():
    """By WCAG 2, large or bold text needs a contrast of 3, small text 4.5."""

    def luminance(color):
        channels = [
            c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4
            for c in colors.to_rgb(color)
        ]
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]

    names = {name for names in OPERATION_SETS.values() for name in names}
    for name in names | {*spaces.nasbench201.OPERATIONS, *ACTIVATIONS}:
        look = palette.look(name)
        one, other = sorted((luminance(look.fill), luminance(look.ink)))
        assert (other + 0.05) / (one + 0.05) > 4.5, name

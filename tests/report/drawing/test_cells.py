"""Architectures are drawn legibly, whatever the space."""

import itertools

import numpy as np
import pytest
from matplotlib import colors, patches

from nao import report, spaces
from nao.report import slots
from nao.report.drawing import palette


def _boxes(axes):
    kinds = (patches.FancyBboxPatch, patches.Ellipse)
    return [patch for patch in axes.patches if isinstance(patch, kinds)]


def _assert_legible(figure):
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = []
    for axes in figure.axes:
        own = [box.get_window_extent(renderer) for box in _boxes(axes)]
        for box, text in zip(own, axes.texts, strict=True):
            inner = text.get_window_extent(renderer)
            assert box.x0 <= inner.x0 <= inner.x1 <= box.x1, text
            assert box.y0 <= inner.y0 <= inner.y1 <= box.y1, text
        boxes += [*own, axes.title.get_window_extent(renderer)]
        _assert_edges_clear(axes, own)
    for one, other in itertools.combinations(boxes, 2):
        apart_x = one.x1 <= other.x0 or other.x1 <= one.x0
        assert apart_x or one.y1 <= other.y0 or other.y1 <= one.y0
    canvas = figure.bbox
    for box in boxes:
        assert canvas.x0 < box.x0 and box.x1 < canvas.x1
        assert canvas.y0 < box.y0 and box.y1 < canvas.y1


def _assert_edges_clear(axes, boxes):
    """No edge enters the inside of a box."""
    for patch in axes.patches:
        if isinstance(patch, patches.PathPatch):
            path = patch.get_path().interpolated(1).to_polygons(closed_only=False)[0]
            points = axes.transData.transform(path)
            x, y = np.linspace(points[:-1], points[1:], 20).reshape(-1, 2).T
            for box in boxes:
                inside = (x > box.x0 + 1) & (x < box.x1 - 1)
                inside &= (y > box.y0 + 1) & (y < box.y1 - 1)
                assert not inside.any()


def test_boxes_texts_and_edges_keep_clear_of_each_other(space, rng):
    for tokens in space.sample(rng, 2):
        figure = report.draw_architecture(space, tokens)
        num = len(space.graph(tokens))
        if slots.is_made_of_slots(space):  # a name and its choices
            num = sum(1 + len(slot.choices) for slot in space.slots)
        assert sum(len(_boxes(axes)) for axes in figure.axes) == num
        _assert_legible(figure)


def test_conv_cell_has_a_panel_per_cell(rng):
    space = spaces.ConvCell()
    figure = report.draw_architecture(space, space.sample(rng, 1)[0])
    assert [axes.get_title() for axes in figure.axes] == ["normal", "reduction"]


@pytest.mark.parametrize(
    "cell",
    [
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        "|none~0|+|nor_conv_3x3~0|nor_conv_1x1~1|"
        "+|skip_connect~0|avg_pool_3x3~1|none~2|",
        "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    ],
    ids=["nothing connected", "loose nodes", "dead end"],
)
def test_cells_with_loose_nodes(cell):
    space = spaces.NASBench201()
    figure = report.draw_architecture(space, space.parse(cell))
    texts = {text.get_text(): text for text in figure.axes[0].texts}
    assert {"input", "1", "2", "output"} <= texts.keys()
    assert "none" not in texts
    y = {name: text.get_position()[1] for name, text in texts.items()}
    assert y["input"] == min(y.values())  # y points downwards
    assert y["output"] == max(y.values())
    _assert_legible(figure)


def test_what_has_no_effect_is_pale():
    space = spaces.NASBench201()
    cell = "|nor_conv_1x1~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    axes = report.draw_architecture(space, space.parse(cell)).axes[0]
    ink = {text.get_text(): text.get_color() for text in axes.texts}
    assert ink["nor_conv_1x1"] != ink["nor_conv_3x3"]
    assert ink["1"] == ink["2"] == ink["nor_conv_1x1"]


def test_twenty_slots_of_long_and_odd_labels(rng):
    choices = ("3x3", "a choice of $many$ words that goes on and on and on", "_" * 50)
    space = spaces.custom({f"slot {i}": choices for i in range(20)})
    _assert_legible(report.draw_architecture(space, space.sample(rng, 1)[0]))


def _looks(axes):
    return {
        text.get_text(): (box.get_facecolor(), text.get_color())
        for box, text in zip(_boxes(axes), axes.texts, strict=True)
    }


def test_a_space_from_slots_is_a_table_with_the_choices_made():
    space = spaces.custom({"units": (8, 16, 32), "rate": (0.1, 0.2)})
    tokens = space.parse("units=16 rate=0.2")
    for drawn in (space, spaces.Subset(space, tokens[None])):
        looks = _looks(report.draw_architecture(drawn, tokens).axes[0])
        assert set(looks) == {"units", "8", "16", "32", "rate", "0.1", "0.2"}
        assert looks["16"] == looks["0.2"] != looks["8"]
        assert looks["8"] == looks["32"] == looks["0.1"]


def test_many_choices_are_cut_to_those_around_the_one_made():
    space = spaces.custom({"rate": range(30)})
    looks = _looks(report.draw_architecture(space, space.parse("rate=8")).axes[0])
    assert list(looks) == ["rate", "4 more", *map(str, range(4, 12)), "18 more"]


def test_choices_that_are_operations_keep_their_colours():
    space = spaces.custom({"stage": ("conv_3x3", "none")})
    axes = report.draw_architecture(space, space.parse("stage=conv_3x3")).axes[0]
    fill, ink = _looks(axes)["conv_3x3"]
    look = palette.look("conv_3x3")
    assert (colors.to_hex(fill), ink) == (look.fill, look.ink)


def test_wide_panels_are_stacked(rng):
    space = spaces.ConvCell(operations=("x" * 30, "y" * 30))
    figure = report.draw_architecture(space, space.sample(rng, 1)[0])
    above, below = (axes.get_position() for axes in figure.axes)
    assert below.y1 < above.y0
    _assert_legible(figure)


def test_invalid_tokens_are_refused():
    space = spaces.NASBench201()
    with pytest.raises(ValueError, match="one valid architecture of 'nasbench201', 6"):
        report.draw_architecture(space, np.zeros(6, np.int32))
    with pytest.raises(ValueError, match="one valid architecture"):
        report.draw_architecture(space, np.zeros((2, 6), np.int32))

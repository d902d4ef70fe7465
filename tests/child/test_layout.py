import dataclasses

import pytest

from nao.child.layout import Layout

# A node that reads both inputs, in normal and in reduction cells.
CELL = (((0, 0), (1, 0)),)
LAYOUT = Layout(("avg_pool_3x3",), 1, 2, 1, "loose", None, None)


def widths(layout):
    return [layout.cell(*place).widths for place in layout.places]


def test_cells_stand_in_their_order():
    """A reduction before the second and the third stage."""
    assert dataclasses.replace(LAYOUT, cells_per_stage=2).places == [
        *((0, 0), (0, 1)),
        *((1, None), (1, 0), (1, 1)),
        *((2, None), (2, 0), (2, 1)),
    ]


def test_universal_cells_are_all_three_states_wide():
    """Both inputs and the node may be joined: 3 states of 2, 4 and 8 channels.

    The first input of a cell after a reduction comes calibrated, which 0 says.
    """
    assert widths(LAYOUT) == [(6, 6), (6, 6), (0, 12), (12, 12), (0, 24)]
    assert (LAYOUT.stem_width, LAYOUT.last.out_channels) == (6, 24)
    assert [LAYOUT.skip_width(stage) for stage in (1, 2)] == [6, 12]


def test_cells_of_an_architecture_are_as_wide_as_what_they_join():
    """Only the node is loose, one state; the stem has three all the same."""
    own = dataclasses.replace(LAYOUT, arch=(CELL, CELL))
    assert widths(own) == [(6, 6), (6, 2), (0, 4), (4, 4), (0, 8)]
    assert (own.stem_width, own.last.out_channels) == (6, 8)
    assert [own.skip_width(stage) for stage in (1, 2)] == [2, 4]


def test_cells_of_a_loop_have_equal_widths():
    """Two universal cells a stage: the calibrated input gets the others' width."""
    looped = dataclasses.replace(LAYOUT, cells_per_stage=2)
    assert looped.is_looped and not LAYOUT.is_looped
    assert looped.cell(1, 0) == looped.cell(1, 1)
    own = dataclasses.replace(LAYOUT, cells_per_stage=2, arch=(CELL, CELL))
    assert not own.is_looped
    assert [own.cell(1, i).widths for i in range(2)] == [(0, 4), (4, 4)]


@pytest.mark.parametrize(
    ("join", "num_states"), [("nodes", 3), (((0, 1, 2, 3), (3,)), 4)], ids=str
)
def test_all_universal_cells_are_padded_to_the_widest(join, num_states):
    """The stem's three states, or the four that normal cells join."""
    layout = dataclasses.replace(LAYOUT, num_nodes=2, join=join)
    assert {layout.cell(*p).num_states for p in layout.places} == {num_states}
    assert layout.stem_width == 2 * num_states

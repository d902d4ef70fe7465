import numpy as np
import pytest

from nao import spaces

SPACE = spaces.NASBench201()
SKIP, NONE, CONV = "skip_connect", "none", "nor_conv_3x3"


def cell(*operations):
    """Edges in the order of the string: 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2."""
    a, b, c, d, e, f = operations
    return SPACE.parse(f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|")


def same(first, second):
    return (SPACE.canonical(first[None]) == SPACE.canonical(second[None])).all()


def test_notation_is_the_benchmarks_string():
    text = (
        "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|"
        "+|skip_connect~0|nor_conv_1x1~1|none~2|"
    )
    assert SPACE.format(SPACE.parse(text)) == text


def test_there_are_4930_functions():
    tokens = np.concatenate(list(SPACE.enumerate()))
    assert len(tokens) == SPACE.num_sequences == 15625
    assert len(np.unique(SPACE.canonical(tokens), axis=0)) == 4930


def test_skips_are_passed_through():
    """A convolution of the input, along two different paths of skips."""
    direct = cell(NONE, NONE, NONE, CONV, NONE, NONE)
    detour = cell(CONV, NONE, SKIP, NONE, NONE, SKIP)
    assert same(direct, detour)


def test_dead_edges_do_not_count():
    """Node 1 is zero, so whatever reads it is zero too."""
    zero = cell(NONE, CONV, NONE, NONE, NONE, CONV)
    dead = cell(NONE, CONV, CONV, NONE, SKIP, CONV)
    assert same(zero, dead)


def test_sums_are_order_free_but_keep_multiplicity():
    via_one = cell(CONV, NONE, NONE, SKIP, SKIP, NONE)
    via_two = cell(NONE, CONV, NONE, SKIP, NONE, SKIP)
    once = cell(SKIP, NONE, NONE, CONV, NONE, NONE)
    twice = cell(SKIP, NONE, NONE, CONV, CONV, NONE)
    assert same(via_one, via_two)
    assert not same(once, twice)


@pytest.mark.parametrize(
    "text",
    [
        "|none~0|",
        "|none~0|+|none~0|none~1|",
        "|none~0|+|none~0|none~0|+|none~0|none~1|none~2|",
        "|conv~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        "none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~3|",
    ],
)
def test_broken_strings_are_refused(text):
    with pytest.raises(ValueError):
        SPACE.parse(text)


def test_features_count_paths_by_hand():
    """A skip is the empty path; 0 -> 1 -> 3 is another; the rest is none."""
    text = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"
    features = SPACE.features(SPACE.parse(text)[None])[0]
    assert features.sum() == 2
    alone = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    only = SPACE.features(SPACE.parse(alone)[None])[0]
    assert only.sum() == 1
    assert features[np.flatnonzero(only)[0]] == 1
    # One path of none to three of three operations each: 1 + 3 + 9 + 27.
    assert len(features) == 40

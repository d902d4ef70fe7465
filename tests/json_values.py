"""Any JSON, and valid JSON with any of its values replaced, for Hypothesis."""

import copy

from hypothesis import strategies as st

_TEXT = st.text(max_size=5) | st.sampled_from(["../elsewhere", "1", "nao", "\ud800"])
_NUMBERS = st.one_of(
    st.sampled_from([0, -1, 2**31, 2**63, 10**30, -0.0, 1e39]),
    st.integers(-5, 5),
    st.floats(),  # NaN and infinity as well: Python's reader takes them
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXT),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3)
    ),
    max_leaves=5,
)


def replaced(valid):
    """Draws a JSON value with one of its values, at any depth, replaced or left out."""
    places = list(_places(valid))
    return st.builds(_replace, st.just(valid), st.sampled_from(places), JSON | _GONE)


_GONE = st.just(...)


def _places(value, place=()):
    """Yields the way to every value inside another."""
    inner = {list: enumerate, dict: dict.items}.get(type(value))
    for name, one in inner(value) if inner else ():
        yield (*place, name)
        yield from _places(one, (*place, name))


def _replace(valid, place, value):
    result = copy.deepcopy(valid)
    *parents, last = place
    inner = result
    for name in parents:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return result

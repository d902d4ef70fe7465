import dataclasses

import jax
import numpy as np

from nao import spaces
from nao.controller import networks, order
from tests.controller.conftest import create_params

SPACE = spaces.custom({"a": (4, 1, 2, 3), "b": ("x", "7", None, True), "c": (0.5, 4)})


def similarities(space):
    """Returns the expected cosines of mixed embeddings, by the choices' texts."""
    mixing = order.mixing(space)
    names = space.vocabulary
    cosines = (mixing @ mixing.T).tolist()
    return {
        (a, b): cosine
        for a, row in zip(names, cosines, strict=True)
        for b, cosine in zip(names, row, strict=True)
    }


def test_neighbouring_numbers_are_alike_in_the_order_of_their_size():
    found = similarities(SPACE)
    np.testing.assert_allclose(found["1", "1"], 1, rtol=1e-6)
    assert 1 > found["1", "2"] > found["1", "3"] > found["1", "4"] > 0
    # 4 is a choice of two slots, in each of which it has a neighbour.
    assert found["4", "0.5"] > found["3", "0.5"] > found["2", "0.5"] > 0


def test_text_and_truth_values_have_no_order():
    found = similarities(SPACE)
    for name in ("<start>", "x", "7", "None", "True"):
        assert [b for b in SPACE.vocabulary if found[name, b]] == [name]


def test_rows_of_neighbouring_numbers_are_near():
    tokens = np.array(
        [SPACE.from_choices({"a": a, "b": "x", "c": 4}) for a in (1, 2, 4)]
    )
    rows = order.mixed_rows(SPACE, tokens)
    near, far = np.linalg.norm(rows[1:] - rows[0], axis=1)
    assert 0 < near < far < np.sqrt(2)
    text = np.array([SPACE.from_choices({"a": 1, "b": b, "c": 4}) for b in ("x", "7")])
    apart = np.diff(order.mixed_rows(SPACE, text), axis=0)
    np.testing.assert_allclose(np.linalg.norm(apart), np.sqrt(2), rtol=1e-6)


def test_a_space_without_numbers_is_encoded_the_same(tiny, rng):
    ordered = dataclasses.replace(tiny, ordered=True)
    texts = spaces.custom({"a": "x y z".split(), "b": "1 2 3".split()})
    numbers = spaces.custom({"a": (1, 2, 3), "b": (1, 2, 3)})
    for space, is_same in ((texts, True), (numbers, False)):
        params = create_params(jax.random.key(0), space, tiny)
        tokens = space.sample(rng, 5)
        plain, mixed = (
            jax.jit(networks.Encoder(space, config).apply)(
                {"params": params["encoder"]}, tokens
            )
            for config in (tiny, ordered)
        )
        assert np.allclose(plain, mixed, atol=1e-6) == is_same

"""One member's latent space is the controller's own; `tests/embedding` has the rest."""

import dataclasses

import jax
import numpy as np

from nao import controller

GOAL = controller.Goal(np.ones(1, np.float32), np.full(1, -np.inf), np.full(1, np.inf))


def _members(fitted, which):
    model, params, _ = fitted
    config = dataclasses.replace(model.config, ensemble_size=len(which))
    chosen = jax.tree.map(lambda x: x[np.array(which)], params)
    return controller.LatentSpace(controller.Controller(model.space, config), chosen)


def test_a_step_and_a_decoding_of_one_member_are_those_of_propose(fitted, toy_pool):
    one = _members(fitted, [0])
    tokens = toy_pool[0]
    moved = one.step(one.encode(tokens), 0.3, GOAL)
    expected = one.controller.propose(jax.random.key(0), one.params, tokens, [0.3])
    np.testing.assert_array_equal(one.decode(moved), expected[0, 0])


def test_members_move_and_predict_each_on_their_own(fitted, toy_pool):
    tokens = toy_pool[2]
    both = _members(fitted, [0, 1])
    points = both.step(both.encode(tokens), 0.5, GOAL)
    predicted = both.predict(points)
    for member in (0, 1):
        one = _members(fitted, [member])
        alone = one.step(one.encode(tokens), 0.5, GOAL)
        part = points[..., 16 * member : 16 * (member + 1)]
        np.testing.assert_allclose(part, alone, atol=1e-3)
        np.testing.assert_allclose(
            predicted[:, member], one.predict(alone)[:, 0], atol=1e-3
        )

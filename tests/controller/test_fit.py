import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao import controller
from nao.controller import batches, fit
from nao.controller import targets as targets_lib


@pytest.fixture(scope="module")
def short(tiny):
    """A few epochs of one member on batches that do not divide the pool."""
    return dataclasses.replace(
        tiny, ensemble_size=1, num_epochs=3, predictor_dropout=0.1
    )


def test_cosine_schedule_and_decay_by_hand(tiny):
    """No gradient, parameter 2, decay 0.5, rate 0.1 over 4 steps.

    AdamW moves by -rate * decay * parameter: -0.1 * 0.5 * 2 = -0.1 at first, and
    halfway through the cosine half of that.
    """
    config = dataclasses.replace(tiny, weight_decay=0.5, learning_rate=0.1)
    optimiser = fit.make_optimiser(config, 4)
    params, zero = jnp.array([2.0]), jnp.array([0.0])
    state, moves = optimiser.init(params), []
    for _ in range(4):
        update, state = optimiser.update(zero, state, params)
        moves.append(update[0])
    np.testing.assert_allclose(moves[0], -0.1, rtol=1e-5)
    np.testing.assert_allclose(moves[2], -0.05, rtol=1e-5)


def test_a_fit_compiles_once_and_padding_changes_nothing(short, toy_space, toy_pool):
    tokens, targets, rest = toy_pool
    twice = np.stack([tokens, tokens])
    model = controller.Controller(toy_space, short)
    fit.controller_fit.clear_cache()  # Another test may have compiled the same.
    results = {
        num: model.fit(jax.random.key(1), twice[:, :num], targets[:num], rest)
        for num in (1, 16, 17, 40)
    }
    again = model.fit(jax.random.key(1), twice, targets, rest)
    jax.tree.map(np.testing.assert_array_equal, results[40], again)
    assert fit.controller_fit._cache_size() == 1
    for params, history in results.values():
        assert all(np.isfinite(x).all() for x in jax.tree.leaves((params, history)))
        assert history.loss.shape == (1, 3)

    # Other values in the padding rows, the real rows untouched.
    pool = batches.pad_pool(twice[:, :17], targets[:17], rest)
    pool.tokens[:, 17:] = tokens[3]
    pool.targets[17:] = 1e6
    padded = fit.controller_fit(jax.random.key(1), pool, toy_space, short)
    jax.tree.map(np.testing.assert_array_equal, results[17], padded)


def test_ties_and_members_fit_without_nan(fitted, toy_pool):
    """A pool that ties, in the ensemble program that is compiled already."""
    model, _, _ = fitted
    tokens, _, rest = toy_pool
    for num in (1, 20):
        targets = targets_lib.normalise(np.full(num, 0.3), "rank")
        params, history = model.fit(
            jax.random.key(0), tokens[None, :num], targets, rest
        )
        assert all(np.isfinite(x).all() for x in jax.tree.leaves((params, history)))


def test_members_differ(fitted):
    _, params, history = fitted
    assert history.loss.shape == (2, 150)
    assert all(np.abs(x[0] - x[1]).max() > 0 for x in jax.tree.leaves(params))


def test_variants_are_used(short, toy_space, toy_pool):
    """Rows whose variants differ fit otherwise than with either variant alone."""
    tokens, targets, rest = toy_pool
    model = controller.Controller(toy_space, short)

    def first_loss(*variants):
        key = jax.random.key(0)
        return model.fit(key, np.stack(variants), targets, rest)[1].loss[0, 0]

    same, mixed = first_loss(tokens, tokens), first_loss(tokens, tokens[::-1])
    other = first_loss(tokens[::-1], tokens[::-1])
    assert len({float(same), float(mixed), float(other)}) == 3

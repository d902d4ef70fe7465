import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao import controller
from nao.controller import fit
from nao.controller import targets as targets_lib


@pytest.fixture(scope="module")
def short(tiny):
    """A few epochs of one member on batches that do not divide the pool."""
    return dataclasses.replace(
        tiny, ensemble_size=1, num_epochs=3, predictor_dropout=0.1
    )


def _pool(num):
    """Two variants of `num` rows; token 1 to 3 by variant, targets the row numbers."""
    tokens = np.tile(np.array([1, 2])[:, None, None], (1, num, 4))
    return fit.pad_pool(tokens, np.arange(num), np.full((5, 4), 3))


def test_every_epoch_visits_every_real_row_once_then_padding():
    pool = _pool(10)
    plan = fit.draw_plan(jax.random.key(0), pool, 100, 11, 6)
    assert plan.rows.shape == (1100,)  # 1,024 rows in 11 batches
    assert sorted(plan.rows[:10].tolist()) == list(range(10))
    assert sorted(plan.rows[:1024].tolist()) == list(range(1024))
    assert set(plan.variants.tolist()) == {0, 1}
    assert set(plan.unlabelled.ravel().tolist()) == set(range(5))
    other = fit.draw_plan(jax.random.key(1), pool, 100, 11, 6)
    assert (plan.rows[:10] != other.rows[:10]).any()


def test_batches_by_hand():
    """Ten rows in batches of four: 4, 4 and 2 of them; the fourth step starts over."""
    pool = jax.tree.map(jnp.asarray, _pool(10))
    plan = fit.draw_plan(jax.random.key(0), pool, 4, 256, 3)
    batches = [fit.take_batch(pool, plan, i, 3, 4) for i in range(4)]
    weights = [batch[2].tolist() for batch in batches]
    assert weights == [[1] * 4, [1] * 4, [1, 1, 0, 0], [1] * 4]
    seen = np.concatenate([targets for _, targets, _ in batches[:3]])
    assert sorted(seen[:10]) == list(range(10))
    np.testing.assert_array_equal(batches[3][1], batches[0][1])
    tokens = np.array(batches[0][0])
    assert tokens.shape == (7, 4)
    np.testing.assert_array_equal(tokens[4:], 3)  # the unlabelled ones
    variants = plan.variants[plan.rows[:4]]
    np.testing.assert_array_equal(tokens[:4, 0], variants + 1)


def test_capacity_doubles():
    def capacity(num):
        tokens = np.ones((1, num, 4), np.int32)
        pool = fit.pad_pool(tokens, np.ones(num), np.ones((5, 4)))
        assert pool.num == num
        assert pool.unlabelled.shape == (1024, 4)
        assert (pool.tokens > 0).all()  # padding is legal
        return pool.tokens.shape[1]

    assert [capacity(n) for n in (1, 1024, 1025, 2049)] == [1024, 1024, 2048, 4096]


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
    jax.clear_caches()  # Another test may have compiled the same fit.
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
    pool = fit.pad_pool(twice[:, :17], targets[:17], rest)
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

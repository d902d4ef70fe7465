import jax
import jax.numpy as jnp
import numpy as np

from nao.controller import batches


def _pool(num):
    """Two variants of `num` rows; token 1 to 3 by variant, targets the row numbers."""
    tokens = np.tile(np.array([1, 2])[:, None, None], (1, num, 4))
    return batches.pad_pool(tokens, np.arange(num), np.full((5, 4), 3))


def test_every_epoch_visits_every_real_row_once_then_padding():
    pool = _pool(10)
    plan = batches.draw_epoch_plan(jax.random.key(0), pool, 100, 11, 6)
    assert plan.rows.shape == (1100,)  # 1,024 rows in 11 batches
    assert sorted(plan.rows[:10].tolist()) == list(range(10))
    assert sorted(plan.rows[:1024].tolist()) == list(range(1024))
    assert set(plan.variants.tolist()) == {0, 1}
    assert set(plan.unlabelled.ravel().tolist()) == set(range(5))
    other = batches.draw_epoch_plan(jax.random.key(1), pool, 100, 11, 6)
    assert (plan.rows[:10] != other.rows[:10]).any()


def test_batches_by_hand():
    """Ten rows in batches of four: 4, 4 and 2 of them; the fourth step starts over."""
    pool = jax.tree.map(jnp.asarray, _pool(10))
    plan = batches.draw_epoch_plan(jax.random.key(0), pool, 4, 256, 3)
    taken = [batches.take_batch(pool, plan, i, 3, 4) for i in range(4)]
    weights = [batch[2].tolist() for batch in taken]
    assert weights == [[1] * 4, [1] * 4, [1, 1, 0, 0], [1] * 4]
    seen = np.concatenate([targets for _, targets, _ in taken[:3]])
    assert sorted(seen[:10]) == list(range(10))
    np.testing.assert_array_equal(taken[3][1], taken[0][1])
    tokens = np.array(taken[0][0])
    assert tokens.shape == (7, 4)
    np.testing.assert_array_equal(tokens[4:], 3)  # the unlabelled ones
    variants = plan.variants[plan.rows[:4]]
    np.testing.assert_array_equal(tokens[:4, 0], variants + 1)


def test_capacity_doubles():
    def capacity(num):
        tokens = np.ones((1, num, 4), np.int32)
        pool = batches.pad_pool(tokens, np.ones(num), np.ones((5, 4)))
        assert pool.num == num
        assert pool.unlabelled.shape == (1024, 4)
        assert (pool.tokens > 0).all()  # padding is legal
        return pool.tokens.shape[1]

    assert [capacity(n) for n in (1, 1024, 1025, 2049)] == [1024, 1024, 2048, 4096]

import numpy as np
import pytest

from nao.strategies import base


@pytest.fixture
def pool():
    """Ten rows, the later the better."""
    return base.Pool(np.arange(10)[:, None], np.arange(10.0))


def bounded(pool, most, seed=0):
    rng = np.random.default_rng(seed)
    kept = pool.bounded(rng, most, lambda pool: np.argsort(-pool.objective))
    return kept.objective.tolist()


def test_the_best_half_is_kept_and_the_rest_drawn(pool):
    parts = [bounded(pool, 6, seed) for seed in range(20)]
    assert all(part == sorted(part) and len(set(part)) == 6 for part in parts)
    assert all(part[-3:] == [7, 8, 9] for part in parts)
    assert set().union(*parts) == set(range(10))


def test_the_last_rows_told(pool):
    failed = pool.extend(np.array([[10]]), np.array([np.nan]))
    assert failed.last(2).tokens.ravel().tolist() == [9, 10]
    assert len(failed.last(0).tokens) == 11


def test_small_pools_are_whole(pool):
    assert bounded(pool, 10) == bounded(pool, 0) == pool.objective.tolist()

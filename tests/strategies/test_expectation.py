import numpy as np
import pytest

from nao.strategies import expectation


def one_hot(tokens):
    return np.eye(3)[tokens].reshape(len(tokens), -1)


def test_a_process_for_each_column():
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 3, (40, 5))
    target = np.stack([tokens[:, 0] - 1.0, 1.0 - tokens[:, 1]], -1)
    expect = expectation.of_processes(one_hot, tokens, target)
    mean, deviation = expect(tokens[:7])
    assert mean == pytest.approx(target[:7], abs=0.05)
    assert deviation.shape == (7, 2)
    assert [part.shape for part in expect(tokens[:0])] == [(0, 2), (0, 2)]


def test_members_by_hand():
    """Two members that predict 1 and 3 expect 2, give or take 1."""
    expect = expectation.of_members(lambda tokens: np.array([[1.0], [3.0]]))
    mean, deviation = expect(np.zeros((1, 4), int))
    assert (mean.tolist(), deviation.tolist()) == ([[2.0]], [[1.0]])

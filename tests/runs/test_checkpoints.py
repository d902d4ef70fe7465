import numpy as np

from nao.runs import checkpoints
from nao.strategies import Pool, Round, State

TOKENS = np.arange(6, dtype=np.int32).reshape(2, 3)


def test_rounds_come_back(tmp_path):
    """The first round has an empty pool, no prediction and no model."""
    first = State(Pool(TOKENS[:0], np.zeros(0)))
    second = State(
        Pool(TOKENS, np.array([0.5, np.nan])),
        np.array([0.25, np.nan]),
        {"params": {"kernel": np.ones((2, 2), np.float32)}},
    )
    book = checkpoints.Checkpoints(tmp_path)
    book.save(0, Round(TOKENS, first))
    book.save(2, Round(TOKENS + 1, second))
    book.close()
    book = checkpoints.Checkpoints(tmp_path)
    tokens, state, budgets = book.restore(0)
    np.testing.assert_array_equal(tokens, TOKENS)
    assert state.pool.tokens.shape == (0, 3)
    assert state.predicted is None and state.model is None and budgets is None
    tokens, state, _ = book.latest()
    np.testing.assert_array_equal(tokens, TOKENS + 1)
    np.testing.assert_array_equal(state.pool.objective, second.pool.objective)
    np.testing.assert_array_equal(state.predicted, second.predicted)
    np.testing.assert_array_equal(state.model["params"]["kernel"], np.ones((2, 2)))
    third = State(second.pool._replace(budgets=np.array([1.0, np.inf])))
    book.save(4, Round(TOKENS, third, np.array([1.0, 9.0])))
    tokens, state, budgets = book.latest()
    np.testing.assert_array_equal(state.pool.budgets, third.pool.budgets)
    np.testing.assert_array_equal(budgets, [1.0, 9.0])
    assert book.restore(7) is None
    book.close()
    assert checkpoints.read_learned(tmp_path) is None
    assert checkpoints.read_learned(tmp_path / "missing") is None


def test_what_an_evaluator_learned_last_is_read(tmp_path):
    book = checkpoints.Checkpoints(tmp_path)
    for told in (0, 2):
        state = State(Pool(TOKENS[:0], np.zeros(0)))
        book.save(told, Round(TOKENS, state), {"weights": np.full(3, told + 1.0)})
    book.close()
    told, learned = checkpoints.read_learned(tmp_path)
    assert told == 2
    np.testing.assert_array_equal(learned["weights"], np.full(3, 3.0))

"""Successive halving, rung by rung, by hand: values are the sum of two digits."""

import jax
import numpy as np
import pytest

from nao import spaces, strategies
from nao.strategies import SuccessiveHalving, SuccessiveHalvingConfig

SPACE = spaces.custom({"tens": range(6), "ones": range(6)})
CONFIG = SuccessiveHalvingConfig(num_archs=9)


def make(config=CONFIG, budgets=(1.0, 3.0, 9.0)):
    return SuccessiveHalving(SPACE, config, "sequence", budgets=budgets)


def values(tokens):
    return SPACE.to_indices(tokens).sum(1).astype(float)


def run(strategy, num_rounds, objective=values):
    state, rounds = strategy.init(jax.random.key(0)), []
    for number in range(num_rounds):
        asked = strategy.ask(jax.random.key(number), state)
        rounds.append(asked)
        tokens, budgets = asked.tokens, asked.budgets
        state = strategy.tell(asked.state, tokens, objective(tokens), budgets)
    return rounds, state


def test_rungs_are_the_budgets_and_the_best_third_goes_on():
    rounds, _ = run(make(), 4)
    assert [len(asked.tokens) for asked in rounds] == [9, 3, 1, 9]
    assert [set(asked.budgets) for asked in rounds] == [{1}, {3}, {9}, {1}]
    first, second, third, new = (asked.tokens for asked in rounds)
    best = np.argsort(-values(first), kind="stable")
    np.testing.assert_array_equal(second, first[best[:3]])
    np.testing.assert_array_equal(third, first[best[:1]])
    assert not set(SPACE.keys(first)) & set(SPACE.keys(new))


def test_of_ten_three_go_on():
    """floor(10 / 3) is 3, and floor(3 / 3) one."""
    rounds, _ = run(make(SuccessiveHalvingConfig(num_archs=10)), 3)
    assert [len(asked.tokens) for asked in rounds] == [10, 3, 1]


def test_who_failed_goes_on_nowhere():
    """Two of nine succeed: both go on, of three places."""

    def objective(tokens):
        order = np.argsort(-values(tokens), kind="stable")
        found = np.full(len(tokens), np.nan)
        found[order[:2]] = values(tokens)[order[:2]]
        return found

    rounds, _ = run(make(), 3, objective)
    assert [len(asked.tokens) for asked in rounds] == [9, 2, 9]


def test_half_a_rung_is_completed():
    """Told four of nine, then the rest; of three that go on two are told."""
    strategy = make()
    (first, *_), _ = run(strategy, 1)
    state = strategy.init(jax.random.key(0))
    tokens = first.tokens
    state = strategy.tell(state, tokens[:4], values(tokens[:4]), np.ones(4))
    more = strategy.ask(jax.random.key(5), state)
    assert len(more.tokens) == 5 and set(more.budgets) == {1}
    state = strategy.tell(state, tokens[4:], values(tokens[4:]), np.ones(5))
    second = strategy.ask(jax.random.key(6), state)
    state = strategy.tell(state, second.tokens[:2], np.ones(2), np.full(2, 3.0))
    rest = strategy.ask(jax.random.key(7), state)
    np.testing.assert_array_equal(rest.tokens, second.tokens[2:])
    assert set(rest.budgets) == {3}


def test_the_last_bracket_may_be_smaller():
    """36 architectures: brackets of 20 and 16, then nothing is left."""
    rounds, _ = run(make(SuccessiveHalvingConfig(num_archs=20), (1.0, 2.0)), 5)
    assert [len(asked.tokens) for asked in rounds] == [20, 6, 16, 5, 0]


def test_a_warm_start_competes_with_nobody():
    strategy, state = make(), make().init(jax.random.key(0))
    warm = next(SPACE.enumerate())[:20]
    state = strategy.tell(state, warm, values(warm))
    asked = strategy.ask(jax.random.key(0), state)
    assert len(asked.tokens) == 9 and set(asked.budgets) == {1}
    assert not set(SPACE.keys(warm)) & set(SPACE.keys(asked.tokens))


@pytest.mark.parametrize(
    ("config", "budgets", "message"),
    [
        (CONFIG, (), "needs an evaluator of two or more budgets, got \\[\\]"),
        (CONFIG, (9.0,), "needs an evaluator of two or more budgets"),
        (CONFIG, (1, 2, 4, 8), "num_archs must be at least 27, .* got 9"),
    ],
)
def test_what_can_not_halve_is_refused(config, budgets, message):
    with pytest.raises(ValueError, match=message):
        make(config, budgets)


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"successive_halving\.eta must be at least 2"):
        SuccessiveHalvingConfig(eta=1)


def test_it_is_registered():
    settings = strategies.StrategySettings(successive_halving=CONFIG)
    name = "successive_halving"
    made = strategies.make(name, SPACE, settings, "sequence", (1.0, 3.0))
    assert made.budgets == (1.0, 3.0) and made.config is CONFIG

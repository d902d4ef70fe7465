import jax
import numpy as np
import pytest

from nao import spaces, strategies
from nao.strategies import policy, reinforce

SPACE = spaces.custom({f"slot{i}": range(4) for i in range(5)})
CONFIG = strategies.ReinforceConfig(hidden_size=8, learning_rate=0.02)


def test_the_policy_learns_what_is_rewarded():
    """Only the first choice of the first slot pays; a fresh policy takes it 1 in 4."""
    strategy = strategies.Reinforce(SPACE, CONFIG, "sequence")
    state = strategy.init(jax.random.key(0))
    for number in range(40):
        tokens, state = strategy.ask(jax.random.key(number), state)
        rewards = (SPACE.to_indices(tokens)[:, 0] == 0).astype(float)
        state = strategy.tell(state, tokens, rewards)
    tokens = policy.policy_sample(
        jax.random.key(9), state.memory["params"], SPACE, CONFIG, 200
    )
    assert np.mean(SPACE.to_indices(np.asarray(tokens))[:, 0] == 0) > 0.5


def test_units_change_nothing():
    """Percent or fraction: standardised by the first round, the updates agree."""
    states = []
    for unit in (1.0, 100.0):
        strategy = strategies.Reinforce(SPACE, CONFIG, "sequence")
        state = strategy.init(jax.random.key(0))
        tokens, state = strategy.ask(jax.random.key(0), state)
        state = strategy.tell(state, tokens, unit * np.arange(8.0))
        states.append(state.memory["params"])
    for one, other in zip(*map(jax.tree.leaves, states), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (3,)])
def test_the_average_of_the_released_enas(sizes):
    """Rewards of .5 three times, decay .99 from 0: .005, .00995, .0148505."""
    config = strategies.ENASConfig(hidden_size=4)
    strategy = strategies.Reinforce(SPACE, config, "none", "enas")
    state = strategy.init(jax.random.key(0))
    # Objectives count as they are: mean 0, deviation 1, unit 2 ** 0.
    state.memory["scale"] = np.array([0, 1, 0], np.float32)
    found = []
    for size in sizes:
        tokens = SPACE.sample(np.random.default_rng(0), size)
        state = strategy.tell(state, tokens, np.full(size, 0.5))
        found.append(state.memory["baseline"])
    expected = [0.005, 0.00995, 0.0148505][-len(sizes) :]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_an_average_of_rounds_moves_once_a_round():
    config = strategies.ReinforceConfig(baseline_decay=0.9)
    moved = reinforce.moved(np.float32(1), np.array([0.0, 4.0], np.float32), config)
    assert moved == pytest.approx(0.9 * 1 + 0.1 * 2)


@pytest.mark.parametrize("repeats", [False, True])
def test_a_round_is_what_the_policy_samples_where_it_may_repeat(repeats):
    """Five slots of two: 40 samples of 32 sequences can't all differ."""
    space = spaces.custom({f"slot{i}": range(2) for i in range(5)})
    config = strategies.ENASConfig(hidden_size=4, round_size=40, repeats=repeats)
    strategy = strategies.Reinforce(space, config, "none")
    state = strategy.init(jax.random.key(0))
    tokens, _ = strategy.ask(jax.random.key(1), state)
    params, key = state.memory["params"], jax.random.fold_in(jax.random.key(1), 0)
    samples = policy.policy_sample(key, params, space.grammar, config, 40)
    assert len(tokens) == 40 and np.array_equal(tokens, samples) == repeats


def test_weights_learn_on_samples_of_the_policy():
    """One that has made up its mind writes the first choice of every slot."""
    strategy = strategies.Reinforce(SPACE, CONFIG, "none")
    state = strategy.init(jax.random.key(0))
    bias = np.where(np.arange(5) == SPACE.choice_ids[0][0], 50.0, 0.0)
    state.memory["params"]["head"]["bias"] = bias.astype(np.float32)
    draw = strategy.draw(state, SPACE.sample(np.random.default_rng(0), 3))
    rows = jax.vmap(draw, (None, 0))(jax.random.key(0), np.arange(20))
    assert (SPACE.to_indices(np.asarray(rows)) == 0).all()


def test_weights_never_learn_on_what_breaks_a_rule():
    slots = {"a": range(3), "b": range(3)}
    space = spaces.custom(slots, valid=lambda choices: choices["a"] > choices["b"])
    strategy = strategies.Reinforce(space, CONFIG, "none")
    state = strategy.init(jax.random.key(0))
    asked, _ = strategy.ask(jax.random.key(1), state)
    draw = strategy.draw(state, asked)
    rows = jax.vmap(draw, (None, 0))(jax.random.key(0), np.arange(100))
    rows = np.asarray(rows)
    assert space.is_valid(rows).all() and len(set(space.keys(rows))) == 3


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match=r"baseline_decay must be in \[0, 1\), got 1"):
        strategies.ReinforceConfig(baseline_decay=1.0)
    with pytest.raises(ValueError, match=r"enas.entropy_weight must not be negative"):
        strategies.ENASConfig(entropy_weight=-1.0)
    with pytest.raises(ValueError, match=r"enas.baseline_moves must be one of round, "):
        strategies.ENASConfig(baseline_moves="never")

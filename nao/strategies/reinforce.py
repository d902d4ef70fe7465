"""A recurrent policy trained by REINFORCE (Zoph & Le, 2017, arXiv:1611.01578).

The policy writes an architecture token by token; its gradient is weighted by how much
better than a moving average the architecture turned out (section 3.2 and equation 4).
"""

import dataclasses
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from nao.controller import lstm
from nao.fields import check_at_least, check_positive, check_types, documented, option
from nao.spaces import Space
from nao.strategies import base, draws
from nao.strategies.unseen import Unseen
from nao.system import floats
from nao.types import Array, PyTree

_BOUND = 0.08  # parameters start uniform in [-0.08, 0.08], section 4.1
_LARGEST = 1e6  # deviations from the mean that a reward counts as
_MAX_SAMPLES = 20  # rounds sampled in vain from the policy before chance takes over


@documented
@dataclasses.dataclass(frozen=True)
class ReinforceConfig:
    """Settings of the policy and its updates; the defaults are those of the paper."""

    num_layers: int = option(2, "Layers of the LSTM.")
    hidden_size: int = option(35, "Units of each layer.")
    learning_rate: float = option(6e-4, "Learning rate of Adam.")
    round_size: int = option(8, "Architectures of an update, m in the paper.")
    baseline_decay: float = option(
        0.95,
        "Decay of the moving average of objectives; 0 keeps the last round's mean.",
    )

    def __post_init__(self):
        check_types(self, "reinforce.")
        check_at_least(1, self, "num_layers", "hidden_size", "round_size")
        check_positive(self, "learning_rate")
        if not 0 <= self.baseline_decay < 1:
            raise ValueError(
                f"baseline_decay must be in [0, 1), got {self.baseline_decay}."
            )


class Policy(nn.Module):
    """LSTM that writes an architecture: logits of the next token from those before.

    Attributes:
        vocab_size: Entries of the vocabulary.
        config: Sizes.
    """

    vocab_size: int
    config: ReinforceConfig

    def setup(self):
        """Makes the layers."""
        config = self.config
        self.embedding = nn.Embed(self.vocab_size, config.hidden_size)
        # Without bias: every LSTM layer has one of its own.
        self.inputs = [
            nn.Dense(4 * config.hidden_size, False) for _ in range(config.num_layers)
        ]
        self.layers = [lstm.LSTM(config.hidden_size) for _ in range(config.num_layers)]
        self.head = nn.Dense(self.vocab_size)

    def start(self, num: int) -> list[lstm.LSTMState]:
        """Returns the states before the first token, one per layer, all zero."""
        zeros = jnp.zeros((num, self.config.hidden_size))
        return [(zeros, zeros)] * self.config.num_layers

    def __call__(
        self, states: list[lstm.LSTMState], token: Array
    ) -> tuple[Array, list[lstm.LSTMState]]:
        """Takes one step.

        Args:
            states: State of each layer.
            token: The last token written, int32 [num].

        Returns:
            Logits of the next token, float32 [num, vocab], and the states after it.
        """
        x, after = self.embedding(token), []
        for inputs, layer, state in zip(self.inputs, self.layers, states, strict=True):
            state = layer.step(inputs(x), state)
            x = state[0]
            after.append(state)
        return self.head(x), after


@dataclasses.dataclass(frozen=True)
class _Sampled:
    """The first architecture of a round that the policy samples."""

    space: Space
    config: ReinforceConfig

    def __call__(self, params: PyTree, key: Array, number: Array) -> Array:
        key = jax.random.fold_in(key, number)
        return policy_sample(key, params, self.space, self.config)[0]


@dataclasses.dataclass(frozen=True)
class Reinforce(base.Strategy):
    """Samples from a policy that its results train.

    The state's memory holds `params` and `opt_state` of the policy, and the moving
    average `baseline` of all objectives told, standardised by `scale`: mean and
    standard deviation of the first round told in a unit that float32 can hold, and the
    logarithm of that unit to base 2, float32 [3], zeros before it.

    Departures from the paper: an architecture evaluated before is sampled again rather
    than counted again; objectives are standardised by the first round told, so that no
    unit, percent or fraction, changes the search.
    """

    space: Space
    config: ReinforceConfig = dataclasses.field(default_factory=ReinforceConfig)
    deduplicate: str = "canonical"
    name: str = "reinforce"

    def init(self, key: Array) -> base.State:
        """Returns an empty pool and a fresh policy."""
        params, opt_state = policy_init(key, self.space.grammar, self.config)
        memory = {
            "params": params,
            "opt_state": opt_state,
            "baseline": np.float32(0),
            "scale": np.zeros(3, np.float32),
        }
        return base.State(base.empty_pool(self.space), memory=memory)

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Samples a round from the policy."""
        rng = base.numpy_rng(key)
        unseen = Unseen(self.space, self.deduplicate, state.pool.tokens)
        num, found = self.config.round_size, []
        for number in range(_MAX_SAMPLES):
            if len(found) == num:
                break
            tokens = np.asarray(
                policy_sample(
                    jax.random.fold_in(key, number),
                    state.memory["params"],
                    self.space.grammar,
                    self.config,
                )
            )
            valid = tokens[self.space.is_valid(tokens)]
            found.extend(unseen.take(valid, num - len(found)))
        # A policy that has made up its mind writes nothing new.
        return unseen.fill(rng, found, num), state

    def draw(self, state: base.State, asked: np.ndarray) -> draws.Draw:
        """Returns a draw from the policy."""
        del asked
        policy = _Sampled(self.space.grammar, self.config)
        return Partial(policy, state.memory["params"])

    def tell(
        self, state: base.State, tokens: np.ndarray, objective: np.ndarray
    ) -> base.State:
        """Takes one step of the policy on what succeeded."""
        state = state._replace(pool=state.pool.extend(tokens, objective))
        succeeded = np.isfinite(objective)
        if not succeeded.any():
            return state
        tokens = np.asarray(tokens, np.int32)[succeeded]
        values = np.asarray(objective, np.float64)[succeeded]
        memory = dict(state.memory)
        # A deviation is never 0, so zeros are the scale that is not there yet.
        if not memory["scale"].any():
            memory["scale"] = _scale(values)
        mean, deviation, exponent = memory["scale"]
        rewards = (values / 2.0 ** float(exponent) - mean) / deviation
        # Later ones may lie beyond float32 where the first did not.
        rewards = rewards.clip(-_LARGEST, _LARGEST).astype(np.float32)
        # Against the baseline of earlier rounds: with a part of its own reward in it, a
        # round's gradient would be biased.
        memory["params"], memory["opt_state"] = policy_update(
            memory["params"],
            memory["opt_state"],
            tokens,
            rewards - memory["baseline"],
            self.space.grammar,
            self.config,
        )
        decay = self.config.baseline_decay
        memory["baseline"] = np.float32(
            decay * memory["baseline"] + (1 - decay) * rewards.mean()
        )
        return state._replace(memory=memory)


def _scale(values: np.ndarray) -> np.ndarray:
    """Returns mean and deviation in a unit that float32 can hold, and its exponent."""
    unit = floats.unit(values)
    values = values / unit
    return np.array([values.mean(), values.std() or 1.0, np.log2(unit)], np.float32)


_jit = functools.partial(jax.jit, static_argnames=("space", "config"))


def _policy(space: Space, config: ReinforceConfig) -> Policy:
    return Policy(len(space.vocabulary), config)


@_jit
def policy_init(key: Array, space: Space, config: ReinforceConfig) -> PyTree:
    """Draws parameters, and returns them with the optimiser's state."""
    policy = _policy(space, config)
    token = jnp.zeros(1, jnp.int32)
    # Shapes alone: Flax's initial values would be thrown away.
    shapes = jax.eval_shape(lambda k: policy.init(k, policy.start(1), token), key)
    leaves, structure = jax.tree.flatten(shapes["params"])
    keys = jax.random.split(key, len(leaves))
    values = [
        jax.random.uniform(k, leaf.shape, minval=-_BOUND, maxval=_BOUND)
        for k, leaf in zip(keys, leaves, strict=True)
    ]
    params = jax.tree.unflatten(structure, values)
    return params, optax.adam(config.learning_rate).init(params)


def _masked(logits: Array, legal: Array) -> Array:
    return jnp.where(legal, logits, -jnp.inf)


@_jit
def policy_sample(
    key: Array, params: PyTree, space: Space, config: ReinforceConfig
) -> Array:
    """Samples a round of legal sequences, int32 [round_size, length]."""
    policy = _policy(space, config)

    def body(carry, inputs):
        states, token = carry
        key, legal = inputs
        logits, states = policy.apply({"params": params}, states, token)
        token = jax.random.categorical(key, _masked(logits, legal)).astype(jnp.int32)
        return (states, token), token

    start = jnp.zeros(config.round_size, jnp.int32)  # id 0 is the start token
    keys = jax.random.split(key, space.length)
    carry = (policy.start(config.round_size), start)
    _, tokens = jax.lax.scan(body, carry, (keys, jnp.asarray(space.legal)))
    return tokens.T


@_jit
def policy_update(
    params: PyTree,
    opt_state: PyTree,
    tokens: Array,
    advantages: Array,
    space: Space,
    config: ReinforceConfig,
) -> tuple[PyTree, PyTree]:
    """Takes one step of Adam up the expected reward.

    Args:
        params: Parameters of the policy.
        opt_state: State of the optimiser.
        tokens: Architectures, int32 [num, length].
        advantages: Rewards less the baseline, float32 [num].
        space: Space of the tokens.
        config: Sizes and learning rate.

    Returns:
        Parameters and state of the optimiser after the step.
    """
    policy = _policy(space, config)

    def loss_fn(params):
        def body(states, inputs):
            before, token, legal = inputs
            logits, states = policy.apply({"params": params}, states, before)
            log_probs = jax.nn.log_softmax(_masked(logits, legal))
            return states, jnp.take_along_axis(log_probs, token[:, None], 1)[:, 0]

        # What each step reads: the start token, then the sequence without its last.
        before = jnp.pad(tokens[:, :-1], ((0, 0), (1, 0)))
        inputs = (before.T, tokens.T, jnp.asarray(space.legal))
        _, log_probs = jax.lax.scan(body, policy.start(len(tokens)), inputs)
        # Adam descends, and the expected reward is to rise.
        return -jnp.mean(log_probs.sum(0) * advantages)

    updates, opt_state = optax.adam(config.learning_rate).update(
        jax.grad(loss_fn)(params), opt_state
    )
    return optax.apply_updates(params, updates), opt_state

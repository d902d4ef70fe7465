"""A recurrent policy that writes architectures, and its compiled programs."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from nao.controller import lstm
from nao.spaces import Space
from nao.strategies.reinforce_config import ReinforceConfig
from nao.types import Array, PyTree

_BOUND = 0.08  # parameters start uniform in [-0.08, 0.08], section 4.1


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

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


def _optimiser(config: ReinforceConfig) -> optax.GradientTransformation:
    beta1, epsilon = config.adam_beta1, config.adam_epsilon
    return optax.adam(config.learning_rate, b1=beta1, eps=epsilon)


@_jit
def policy_init(key: Array, space: Space, config: ReinforceConfig) -> PyTree:
    """Draws parameters, and returns them with the optimiser's state."""
    policy, bound = _policy(space, config), config.initial_bound
    token = jnp.zeros(1, jnp.int32)
    # Shapes alone: Flax's initial values would be thrown away.
    shapes = jax.eval_shape(lambda k: policy.init(k, policy.start(1), token), key)
    leaves, structure = jax.tree.flatten(shapes["params"])
    keys = jax.random.split(key, len(leaves))
    values = [
        jax.random.uniform(k, leaf.shape, minval=-bound, maxval=bound)
        for k, leaf in zip(keys, leaves, strict=True)
    ]
    params = jax.tree.unflatten(structure, values)
    return params, _optimiser(config).init(params)


def bounded(logits: Array, legal: Array, config: ReinforceConfig) -> Array:
    """Returns what a softmax makes probabilities of: c * tanh(logits / temperature).

    Without a bound c it is logits / temperature; what is not legal is minus infinity.

    Args:
        logits: Of the network, float32 [num, vocab].
        legal: Which tokens may be written, bool [vocab].
        config: Temperature, and c as `tanh_constant`.
    """
    logits = logits / config.temperature
    if config.tanh_constant:
        logits = config.tanh_constant * jnp.tanh(logits)
    return jnp.where(legal, logits, -jnp.inf)


@functools.partial(jax.jit, static_argnames=("space", "config", "num"))
def policy_sample(
    key: Array, params: PyTree, space: Space, config: ReinforceConfig, num: int
) -> Array:
    """Samples legal sequences, int32 [num, length]."""
    policy = _policy(space, config)

    def body(carry, inputs):
        states, token = carry
        key, legal = inputs
        logits, states = policy.apply({"params": params}, states, token)
        logits = bounded(logits, legal, config)
        token = jax.random.categorical(key, logits).astype(jnp.int32)
        return (states, token), token

    start = jnp.zeros(num, jnp.int32)  # id 0 is the start token
    keys = jax.random.split(key, space.length)
    carry = (policy.start(num), start)
    _, tokens = jax.lax.scan(body, carry, (keys, jnp.asarray(space.legal)))
    return tokens.T


def policy_score(
    params: PyTree, tokens: Array, space: Space, config: ReinforceConfig
) -> tuple[Array, Array]:
    """Says how probable architectures are, and how open each decision was.

    Args:
        params: Parameters of the policy.
        tokens: Architectures, int32 [num, length].
        space: Space of the tokens.
        config: Sizes, and what bounds logits.

    Returns:
        Logarithms of the probabilities, and the entropies of all decisions on the way,
        added up, in nats; float32 [num] each.
    """
    policy = _policy(space, config)

    def body(states, inputs):
        before, token, legal = inputs
        logits, states = policy.apply({"params": params}, states, before)
        log_probs = jax.nn.log_softmax(bounded(logits, legal, config))
        chosen = jnp.take_along_axis(log_probs, token[:, None], 1)[:, 0]
        # What can't be written has no part in it, but 0 times infinity would be NaN.
        terms = jnp.exp(log_probs) * jnp.where(legal, log_probs, 0.0)
        return states, (chosen, -terms.sum(1))

    # What each step reads: the start token, then the sequence without its last.
    before = jnp.pad(tokens[:, :-1], ((0, 0), (1, 0)))
    inputs = (before.T, tokens.T, jnp.asarray(space.legal))
    _, (log_probs, entropies) = jax.lax.scan(body, policy.start(len(tokens)), inputs)
    return log_probs.sum(0), entropies.sum(0)


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
        advantages: Rewards less the baseline, float32 [num]; the entropy is added here.
        space: Space of the tokens.
        config: Sizes, weight of the entropy, and the optimiser's.

    Returns:
        Parameters and state of the optimiser after the step.
    """

    def loss_fn(params):
        log_probs, entropy = policy_score(params, tokens, space, config)
        # A part of the reward, so nothing to be differentiated.
        bonus = config.entropy_weight * jax.lax.stop_gradient(entropy)
        # Adam descends, and the expected reward is to rise.
        return -jnp.mean(log_probs * (advantages + bonus))

    updates, opt_state = _optimiser(config).update(jax.grad(loss_fn)(params), opt_state)
    return optax.apply_updates(params, updates), opt_state

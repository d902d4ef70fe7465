"""BANANAS (White et al., 2021, arXiv:1910.11858): Bayesian optimisation with networks.

An ensemble of multilayer perceptrons predicts the objective from an encoding of the
architecture; mutations of the best architectures are candidates, and independent
Thompson sampling of the ensemble's normal distribution ranks them (algorithm 1).
"""

import dataclasses
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nao.controller import batches
from nao.fields import (
    check_at_least,
    check_choice,
    check_positive,
    check_types,
    documented,
    option,
)
from nao.spaces import Space
from nao.strategies import base, encodings
from nao.strategies.unseen import Unseen
from nao.system import floats, stages
from nao.types import Array

_MIN_CAPACITY = 256  # rows that a fit is compiled for; a larger pool doubles it


@documented
@dataclasses.dataclass(frozen=True)
class BananasConfig:
    """Settings of BANANAS; the defaults are those of the paper."""

    num_seed_archs: int = option(10, "Architectures of the first, random round.")
    round_size: int = option(10, "Architectures of every later round, k in the paper.")
    encoding: str = option("features", encodings.HELP)
    ensemble_size: int = option(5, "Networks of the ensemble, M in the paper.")
    num_layers: int = option(10, "Hidden layers of each network.")
    layer_size: int = option(20, "Units of each hidden layer.")
    num_epochs: int = option(150, "Passes over the pool in a fit.")
    batch_size: int = option(32, "Architectures per step of a fit.")
    learning_rate: float = option(0.01, "Learning rate of Adam.")
    num_parents: int = option(10, "Best architectures that are mutated.")
    num_candidates: int = option(
        100, "Mutated architectures that a round is chosen from, c in the paper."
    )

    def __post_init__(self):
        prefix = "bananas."
        check_types(self, prefix)
        counts = ("num_seed_archs", "round_size", "ensemble_size", "num_layers")
        counts += ("layer_size", "num_epochs", "batch_size", "num_parents")
        check_at_least(1, self, *counts, "num_candidates", prefix=prefix)
        check_positive(self, "learning_rate", prefix=prefix)
        check_choice(f"{prefix}encoding", self.encoding, encodings.ENCODINGS)


class Perceptron(nn.Module):
    """One network of the ensemble: hidden layers with ReLU, one linear output."""

    config: BananasConfig

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Maps encodings, float32 [num, size], to predictions, float32 [num]."""
        for _ in range(self.config.num_layers):
            x = jax.nn.relu(nn.Dense(self.config.layer_size)(x))
        return nn.Dense(1)(x)[..., 0]


@dataclasses.dataclass(frozen=True)
class Bananas(base.PoolStrategy):
    """Mutates the best and lets an ensemble choose.

    Departure from the paper: the fit minimises the absolute error of standardised
    objectives, where the paper's is relative to the accuracy.
    """

    space: Space
    config: BananasConfig = dataclasses.field(default_factory=BananasConfig)
    deduplicate: str = "canonical"
    name: str = "bananas"

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Draws the first round at random; fits, mutates and samples for the others."""
        config, pool = self.config, state.pool.succeeded()
        host_key, fit_key, sample_key = jax.random.split(key, 3)
        rng = base.numpy_rng(host_key)
        num = base.num_at_random(state.pool, config.num_seed_archs, config.round_size)
        if num:
            unseen = Unseen(self.space, self.deduplicate, state.pool.tokens)
            return unseen.draw(rng, num), state._replace(predicted=None)
        candidates = self._candidates(rng, state.pool.tokens, pool)
        with stages.stage("fitting the ensemble"):
            mean, deviation = self._predict(fit_key, pool, candidates)
        # Each candidate is drawn by itself, not the ensemble as one function of all.
        draws = mean + deviation * np.asarray(jax.random.normal(sample_key, mean.shape))
        chosen = np.argsort(-draws, kind="stable")[: config.round_size]
        return candidates[chosen], state._replace(predicted=mean[chosen])

    def _candidates(
        self, rng: np.random.Generator, told: np.ndarray, pool: base.Pool
    ) -> np.ndarray:
        """Returns new mutations of the best, int32 [num, length].

        Where these are fewer than a round, random architectures join them.
        """
        config = self.config
        unseen = Unseen(self.space, self.deduplicate, told)
        parents = pool.best(config.num_parents)
        found: list[np.ndarray] = []
        # Four mutations for each candidate wanted, known ones included: a neighbourhood
        # that is used up must not be searched for ever.
        for _ in range(4 * config.num_candidates // len(parents) + 1):
            if len(found) == config.num_candidates:
                break
            # One slot, or two: the paper mutates by up to two edits.
            once = self.space.mutate(rng, parents)
            twice = self.space.mutate(rng, once)
            rows = np.where(rng.random(len(parents))[:, None] < 0.5, once, twice)
            found.extend(unseen.take(rows, config.num_candidates - len(found)))
        return unseen.fill(rng, found, config.round_size)

    def _predict(
        self, key: Array, pool: base.Pool, candidates: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean and standard deviation over the ensemble, float32 [num] each.

        They are predictions of objectives standardised by the pool.
        """
        # Shapes, padded, are few, so a whole search compiles a fit a handful of times.
        num = len(pool.tokens)
        capacity = batches.capacity(num, _MIN_CAPACITY)
        rows = np.pad(
            encodings.encode(self.space, self.config.encoding, pool.tokens),
            ((0, capacity - num), (0, 0)),
        )
        objective = pool.objective / floats.unit(pool.objective)
        scale = objective.std() or 1.0  # where all objectives tie
        targets = (objective - objective.mean()) / scale
        targets = np.pad(targets, (0, capacity - num)).astype(np.float32)
        # There may be more candidates than asked for, where chance filled a round.
        size = max(self.config.num_candidates, self.config.round_size)
        asked = encodings.encode(self.space, self.config.encoding, candidates)
        asked = np.pad(asked, ((0, size - len(asked)), (0, 0)))
        predicted = np.asarray(
            fit_and_predict(key, rows, targets, np.int32(num), asked, self.config)
        )[:, : len(candidates)]
        return predicted.mean(0), predicted.std(0)


@functools.partial(jax.jit, static_argnames="config")
def fit_and_predict(
    key: Array,
    rows: Array,
    targets: Array,
    num: Array,
    asked: Array,
    config: BananasConfig,
) -> Array:
    """Fits an ensemble from fresh parameters and asks it.

    Args:
        key: Source of randomness; members differ in it alone.
        rows: Encodings, float32 [capacity, size], padding last.
        targets: float32 [capacity].
        num: Real rows, int32 scalar.
        asked: Encodings to predict, float32 [num_asked, size].
        config: Sizes and schedule.

    Returns:
        Predictions, float32 [ensemble, num_asked].
    """
    model, optimiser = Perceptron(config), optax.adam(config.learning_rate)
    num_batches = (num + config.batch_size - 1) // config.batch_size

    def fit_member(key):
        init_key, fit_key = jax.random.split(key)
        params = model.init(init_key, rows[:1])["params"]

        def loss_fn(params, batch):
            error = model.apply({"params": params}, rows[batch]) - targets[batch]
            return jnp.abs(error).mean()

        def step(index, carry):
            params, opt_state = carry
            # Drawn with replacement: the pool's size is not known to the program.
            batch_key = jax.random.fold_in(fit_key, index)
            batch = jax.random.randint(batch_key, (config.batch_size,), 0, num)
            grads = jax.grad(loss_fn)(params, batch)
            updates, opt_state = optimiser.update(grads, opt_state)
            return optax.apply_updates(params, updates), opt_state

        params, _ = jax.lax.fori_loop(
            0, num_batches * config.num_epochs, step, (params, optimiser.init(params))
        )
        return model.apply({"params": params}, asked)

    return jax.vmap(fit_member)(jax.random.split(key, config.ensemble_size))

"""A recurrent policy trained by REINFORCE (Zoph & Le, 2017, arXiv:1611.01578).

The policy writes an architecture token by token; its gradient is weighted by how much
better than a moving average the architecture turned out (section 3.2 and equation 4).

ENAS (Pham et al., 2018, arXiv:1802.03268) is such a policy and weights that all
architectures share, in turn: they learn on what it samples, it on what they measure.
"""

import dataclasses

import jax
import numpy as np
from jax.tree_util import Partial

from nao.spaces import Space
from nao.strategies import base, draws, policy
from nao.strategies.reinforce_config import ReinforceConfig
from nao.strategies.unseen import Unseen
from nao.system import floats
from nao.types import Array, PyTree

_LARGEST = 1e6  # deviations from the mean that a reward counts as
_MAX_SAMPLES = 20  # rounds sampled in vain from the policy before chance takes over


@dataclasses.dataclass(frozen=True)
class _Sampled:
    """One architecture that the policy samples."""

    space: Space
    config: ReinforceConfig

    def __call__(self, params: PyTree, key: Array, number: Array) -> Array:
        key = jax.random.fold_in(key, number)
        return policy.policy_sample(key, params, self.space, self.config, num=1)[0]


@dataclasses.dataclass(frozen=True)
class Reinforce(base.Strategy):
    """Samples from a policy that its results train.

    The state's memory holds `params` and `opt_state` of the policy, and the moving
    average `baseline` of all objectives told, standardised by `scale`: mean and
    standard deviation of the first round told in a unit that float32 can hold, and the
    logarithm of that unit to base 2, float32 [3], zeros before it.

    Departures from the paper: an architecture evaluated before is sampled again rather
    than counted again, unless `repeats` and `deduplicate` let it; objectives are
    standardised by the first round told, so that no unit, percent or fraction, changes
    the search.
    """

    space: Space
    config: ReinforceConfig = dataclasses.field(default_factory=ReinforceConfig)
    deduplicate: str = "canonical"
    name: str = "reinforce"

    def init(self, key: Array) -> base.State:
        """Returns an empty pool and a fresh policy."""
        params, opt_state = policy.policy_init(key, self.space.grammar, self.config)
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
        is_plain = self.config.repeats and self.deduplicate == "none"
        num, found = self.config.round_size, []
        for number in range(_MAX_SAMPLES):
            if len(found) == num:
                break
            valid = self._sample(jax.random.fold_in(key, number), state, num)
            missing = num - len(found)
            found.extend(valid[:missing] if is_plain else unseen.take(valid, missing))
        # A policy that has made up its mind writes nothing new.
        return unseen.fill(rng, found, num), state

    def draw(self, state: base.State, asked: np.ndarray) -> draws.Draw:
        """Returns a draw from the policy.

        Of a space with a rule across slots, it is one of `draws.NUM_LISTED`: of the
        round and of valid samples.
        """
        if draws.has_rule(self.space):
            key = jax.random.key(len(state.pool.tokens))
            listed = self._sample(key, state, draws.NUM_LISTED)
            rows = np.concatenate([asked, listed])[: draws.NUM_LISTED]
            return draws.one_of(rows)
        sampled = _Sampled(self.space.grammar, self.config)
        return Partial(sampled, state.memory["params"])

    def _sample(self, key: Array, state: base.State, num: int) -> np.ndarray:
        """Returns the valid ones of `num` samples, int32 [<=num, length]."""
        params, grammar = state.memory["params"], self.space.grammar
        tokens = policy.policy_sample(key, params, grammar, self.config, num)
        tokens = np.asarray(tokens)
        return tokens[self.space.is_valid(tokens)]

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
        memory["params"], memory["opt_state"] = policy.policy_update(
            memory["params"],
            memory["opt_state"],
            tokens,
            rewards - memory["baseline"],
            self.space.grammar,
            self.config,
        )
        memory["baseline"] = moved(memory["baseline"], rewards, self.config)
        return state._replace(memory=memory)


def moved(
    baseline: np.float32, rewards: np.ndarray, config: ReinforceConfig
) -> np.float32:
    """Returns the moving average after a round of rewards, float32 [num], in order."""
    if config.baseline_moves == "round":
        rewards = rewards.mean(keepdims=True)
    decay = config.baseline_decay
    for reward in rewards:
        baseline = decay * baseline + (1 - decay) * reward
    return np.float32(baseline)


def _scale(values: np.ndarray) -> np.ndarray:
    """Returns mean and deviation in a unit that float32 can hold, and its exponent."""
    unit = floats.unit(values)
    values = values / unit
    return np.array([values.mean(), values.std() or 1.0, np.log2(unit)], np.float32)

"""The tree-structured Parzen estimator (Bergstra et al., 2011), as Optuna has it."""

import dataclasses
import warnings

import numpy as np
import optuna

from nao.fields import check_at_least, check_types, documented, option
from nao.spaces import Space
from nao.strategies import base
from nao.strategies.quiet import quiet_optuna
from nao.strategies.unseen import Unseen
from nao.types import Array

_MAX_SUGGESTIONS = 20  # for each architecture wanted; then chance draws the rest


@documented
@dataclasses.dataclass(frozen=True)
class TPEConfig:
    """Settings of TPE.

    Slots are modelled one by one, as was Optuna's default before version 5.
    """

    num_seed_archs: int = option(10, "Architectures of the first, random round.")
    round_size: int = option(1, "Architectures of every later round.")
    multivariate: bool = option(
        False, "Model the slots jointly rather than one by one."
    )

    def __post_init__(self):
        check_types(self, "tpe.")
        check_at_least(1, self, "num_seed_archs", "round_size", prefix="tpe.")


@dataclasses.dataclass(frozen=True)
class TPE(base.PoolStrategy):
    """Suggests the choice of every slot by Optuna's sampler."""

    space: Space
    config: TPEConfig = dataclasses.field(default_factory=TPEConfig)
    deduplicate: str = "canonical"
    name: str = "tpe"

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Draws the first round at random; suggestions evaluated before are skipped."""
        config = self.config
        rng = base.numpy_rng(key)
        unseen = Unseen(self.space, self.deduplicate, state.pool.tokens)
        missing = config.num_seed_archs - len(state.pool.tokens)
        if missing > 0:
            return unseen.draw(rng, missing), state
        # A new study for each round: the pool is the state, and Optuna would keep no
        # state of its sampler's randomness anyhow.
        study = self._study(int(rng.integers(2**31)), state.pool.succeeded())
        found: list[np.ndarray] = []
        for _ in range(config.round_size * _MAX_SUGGESTIONS):
            if len(found) == config.round_size:
                break
            # Never told: the study ends with the round.
            trial = study.ask(self._distributions())
            tokens = self.space.from_choices(trial.params)[None]
            tokens = tokens[self.space.is_valid(tokens)]
            found.extend(unseen.take(tokens))
        return unseen.fill(rng, found, config.round_size), state

    def _distributions(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """Returns Optuna's search space: a categorical parameter for each slot."""
        return {
            slot.name: optuna.distributions.CategoricalDistribution(slot.choices)
            for slot in self.space.slots
        }

    def _study(self, seed: int, pool: base.Pool) -> optuna.Study:
        """Returns a study in memory that holds the pool as finished trials."""
        # Optuna calls two of these arguments experimental.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                seed=seed,
                n_startup_trials=0,  # the first round was drawn at random already
                multivariate=self.config.multivariate,
                # Trials that are asked and not told count as bad, so a round spreads.
                constant_liar=self.config.round_size > 1,
            )
        with quiet_optuna():
            study = optuna.create_study(direction="maximize", sampler=sampler)
        names = [slot.name for slot in self.space.slots]
        distributions = self._distributions()
        study.add_trials(
            optuna.trial.create_trial(
                params=dict(zip(names, self.space.choices(row), strict=True)),
                distributions=distributions,
                value=value,
            )
            for row, value in zip(pool.tokens, pool.objective, strict=True)
        )
        return study

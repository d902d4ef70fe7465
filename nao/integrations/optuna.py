"""NAO as a sampler of Optuna (Akiba et al., 2019, arXiv:1907.10902).

study = optuna.create_study(sampler=NAOSampler(seed=0), direction="maximize")
study.optimize(objective, n_trials=100)
"""

import decimal
import numbers
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.search_space import intersection_search_space
from optuna.trial import FrozenTrial, TrialState

from nao.fields import check_at_least, check_seed
from nao.search.rounds import Proposer
from nao.spaces import Slot, Space
from nao.strategies import NAO, NAOConfig, Pool

_PROPOSED = "nao:proposed"  # what a trial was given: positions of choices, by parameter
_ROUND = "nao:round"  # the round that a trial asked for, itself included
_TOLERANCE = 1e-8  # of a step, as Optuna has it
_LOCK = threading.Lock()  # of all samplers: one controller is fitted at a time


class NAOSampler(optuna.samplers.BaseSampler):
    """Proposes categorical parameters, and numbers of few values, together.

    Such numbers are integers, and floats with a step. A combination of such parameters
    is an architecture, each value one of its tokens; with `config.controller.ordered`,
    the order of numbers counts. Other parameters (floats without a step, numbers of
    many values, those that some complete trials lack) get their values from
    `independent_sampler`; until the first trial is complete, so do all, unless a search
    space was given.

    The sampler's state is rebuilt from the trials of the study. So a study loaded from
    a storage continues, and trials of other samplers or of `enqueue_trial` are learned
    from as well. Failed and pruned trials are not learned from and not proposed again.
    A round of `config.round_size` trials comes from one fit, and is kept in the
    storage. Several threads share rounds and repeat nothing; processes that ask in the
    same moment may propose the same. Once all combinations of a space were proposed,
    further ones are sampled independently. One process and an integer seed give the
    same trials again.
    """

    def __init__(
        self,
        config: NAOConfig | None = None,
        *,
        seed: int | None = None,
        search_space: Mapping[str, BaseDistribution] | None = None,
        independent_sampler: optuna.samplers.BaseSampler | None = None,
        max_choices: int = 32,
    ):
        """Makes a sampler.

        Args:
            config: Settings of NAO; `num_seed_archs` trials are random.
            seed: Seed of everything random; None for another one each time.
            search_space: Parameters to propose; None for those that all completed
                trials have in common.
            independent_sampler: What samples all other parameters; random by default.
            max_choices: Numbers of more values are left to the independent sampler.

        Raises:
            ValueError: If an argument is out of range, or a given parameter can't be
                proposed.
        """
        self._config = NAOConfig() if config is None else config
        self._seed = int(np.random.SeedSequence().entropy % 2**31)
        if seed is not None:
            check_seed(seed)
            self._seed = seed
        self.max_choices = max_choices
        check_at_least(2, self, "max_choices")
        self._search_space = None if search_space is None else dict(search_space)
        for name, distribution in (self._search_space or {}).items():
            if not self._is_supported(distribution):
                raise ValueError(
                    "search_space must have categorical parameters, or integers and "
                    f"floats with a step of 2 to {max_choices} values, got "
                    f"{name}={distribution}."
                )
        self._independent = independent_sampler
        if independent_sampler is None:
            self._independent = optuna.samplers.RandomSampler(seed=self._seed)

    def reseed_rng(self) -> None:
        """Makes several workers sample independent parameters differently."""
        self._independent.reseed_rng()

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Returns the parameters that this sampler proposes."""
        del trial
        self._raise_error_if_multi_objective(study)
        if self._search_space is not None:
            return self._search_space
        found = intersection_search_space(study.get_trials(deepcopy=False))
        return {
            name: distribution
            for name, distribution in found.items()
            if self._is_supported(distribution)
        }

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Returns the next combination; none where all were proposed."""
        if not search_space:
            return {}
        with _LOCK:
            return self._propose(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Leaves a parameter to the independent sampler."""
        return self._independent.sample_independent(
            study, trial, param_name, param_distribution
        )

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Passes the call on to the independent sampler."""
        self._independent.before_trial(study, trial)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Passes the call on to the independent sampler."""
        self._independent.after_trial(study, trial, state, values)

    def _is_supported(self, distribution: BaseDistribution) -> bool:
        """Whether a parameter's values can be tokens: a few, and told apart by repr."""
        if not isinstance(distribution, CategoricalDistribution):
            if not 1 < _num_steps(distribution) <= self.max_choices:
                return False
        values = _values(distribution)
        return len(values) > 1 and len(set(map(repr, values))) == len(values)

    def _propose(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: Mapping[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Takes the next of the round asked for last, or asks for a new round."""
        encoding = _Encoding(search_space)
        told, pending, queue = encoding.read(study, trial)
        strategy = NAO(encoding.space, self._config, deduplicate="sequence")
        proposer = Proposer(strategy, self._seed)
        progress = proposer.tell(proposer.start(), *told)
        progress = progress._replace(pending=pending, queue=queue)
        proposed, progress = proposer.take(progress, 1)
        if not len(proposed):
            return {}
        attributes = {_PROPOSED: encoding.to_attributes(proposed)}
        if encoding.space.keys(proposed)[0] not in encoding.space.keys(queue):
            asked = np.concatenate([proposed, progress.queue])
            attributes[_ROUND] = encoding.to_attributes(asked)
        for name, value in attributes.items():
            study._storage.set_trial_system_attr(trial._trial_id, name, value)
        return encoding.params(proposed[0])


class _Encoding:
    """The parameters of a study as a space, and its trials as architectures.

    Attributes:
        values: What each parameter can be, in order, by its name.
        positions: For each parameter, the position of a value by the value's repr.
        steps: Low end and step of the parameters that are floats.
        space: A slot for each parameter, a choice for each of its values.
    """

    def __init__(self, search_space: Mapping[str, BaseDistribution]):
        self.values = {name: _values(d) for name, d in search_space.items()}
        self.steps = {
            name: (distribution.low, distribution.step)
            for name, distribution in search_space.items()
            if isinstance(distribution, FloatDistribution)
        }
        # `repr`, since choices that are not text may print alike: 1 and "1".
        self.positions = {
            name: {repr(value): i for i, value in enumerate(values)}
            for name, values in self.values.items()
        }
        # Numbered slots, so that studies of the same shape share compiled programs.
        slots = []
        for number, (name, distribution) in enumerate(search_space.items()):
            # Categorical numbers have no order, to Optuna.
            is_category = isinstance(distribution, CategoricalDistribution)
            choices = self.positions[name] if is_category else self.values[name]
            slots.append(Slot(str(number), tuple(choices)))
        self.space = Space("optuna", tuple(slots))

    def read(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> tuple[Pool, np.ndarray, np.ndarray]:
        """Reads the trials of a study, all but the one to propose for.

        Returns:
            Finished trials, as a pool in which higher is better; architectures of
            trials not finished, int32 [num, length]; and the architectures of the last
            round asked for, int32 [num, length].
        """
        sign = 1 if study.direction == optuna.study.StudyDirection.MAXIMIZE else -1
        told: list[np.ndarray] = []
        objective, pending = [], []
        asked = np.zeros((0, self.space.length), np.int32)
        for other in study.get_trials(deepcopy=False):
            if other.number == trial.number:
                continue
            asked = self._from_attributes(other.system_attrs.get(_ROUND), asked)
            row = self._row(other)
            if row is None:
                continue
            if not other.state.is_finished():
                pending.append(row)
                continue
            complete = other.state == TrialState.COMPLETE
            objective.append(sign * other.value if complete else np.nan)
            told.append(row)
        pool = Pool(self._stack(told), np.array(objective, np.float64))
        return pool, self._stack(pending), asked

    def params(self, tokens: np.ndarray) -> dict[str, Any]:
        """Returns the values of one architecture [length] by parameter."""
        indices = self.space.to_indices(tokens)
        pairs = zip(self.values.items(), indices, strict=True)
        return {name: values[index] for (name, values), index in pairs}

    def to_attributes(self, tokens: np.ndarray) -> dict[str, list[int]]:
        """Returns architectures [num, length] as JSON, positions by parameter."""
        columns = self.space.to_indices(tokens).T.tolist()
        return dict(zip(self.values, columns, strict=True))

    def _from_attributes(
        self, found: Mapping[str, list[int]] | None, default: np.ndarray
    ) -> np.ndarray:
        """Reads what `to_attributes` wrote; the default if a parameter is missing."""
        if found is None or not found.keys() >= self.values.keys():
            return default
        columns = [found[name] for name in self.values]
        return self.space.from_indices(np.array(columns, np.int32).T)

    def _row(self, trial: FrozenTrial) -> np.ndarray | None:
        """Returns a trial's architecture [length]; None where it is not known.

        The storage holds a trial's parameters from when they are suggested. One that is
        running, or that failed early, lacks some; those are taken from what was
        proposed or enqueued for it.
        """
        nothing = np.zeros((0, self.space.length), np.int32)
        given = self._from_attributes(trial.system_attrs.get(_PROPOSED), nothing)
        known = self.params(given[0]) if len(given) else {}
        known |= trial.system_attrs.get("fixed_params", {}) | trial.params
        indices = [
            self._position(name, known[name]) if name in known else None
            for name in self.values
        ]
        return None if None in indices else self.space.from_indices(np.array(indices))

    def _position(self, name: str, value: Any) -> int | None:
        """Returns the position of a parameter's value; None where it is none of its."""
        if name in self.steps and isinstance(value, numbers.Real):
            # Others add steps up as floats, and end beside the number meant.
            low, step = self.steps[name]
            index = round((value - low) / step)
            is_there = 0 <= index < len(self.values[name])
            if is_there and abs((value - low) / step - index) < _TOLERANCE:
                return index
        return self.positions[name].get(repr(value))

    def _stack(self, rows: list[np.ndarray]) -> np.ndarray:
        """Returns rows as int32 [num, length], also where there are none."""
        return np.array(rows, np.int32).reshape(-1, self.space.length)


def _values(distribution: BaseDistribution) -> Sequence[Any]:
    """Returns what a parameter can be, in order."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    if isinstance(distribution, IntDistribution):
        return range(distribution.low, distribution.high + 1, distribution.step)
    # As Optuna's own samplers have them: 0.1, 0.2, 0.30000000000000004.
    low, step = distribution.low, distribution.step
    values = [low + i * step for i in range(_num_steps(distribution))]
    return [min(value, distribution.high) for value in values]


def _num_steps(distribution: BaseDistribution) -> int:
    """Returns how many values a number can have; 0 where it has no step."""
    if isinstance(distribution, IntDistribution):
        return len(range(distribution.low, distribution.high + 1, distribution.step))
    if not isinstance(distribution, FloatDistribution) or distribution.step is None:
        return 0
    low, high, step = (
        decimal.Decimal(str(x))
        for x in (distribution.low, distribution.high, distribution.step)
    )
    return int((high - low) / step) + 1

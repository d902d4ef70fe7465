"""The record of a search: one Optuna trial per finished evaluation, in order."""

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
import sqlalchemy.exc

from nao.evaluators import Evaluation, Objective
from nao.files import first_line
from nao.runs.storage import Opened
from nao.runs.writing import writing
from nao.spaces import Space
from nao.strategies.quiet import quiet_optuna


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """One evaluated architecture.

    Attributes:
        index: Position in the order of evaluation, from 0.
        round: Round it was asked in, from 0.
        round_size: Size of that whole round, whatever the budget left of it.
        tokens: int32 [length].
        evaluation: What came of it.
        predicted: What the strategy predicted for it, in the strategy's own unit; None
            where it was proposed at random.
    """

    index: int
    round: int
    round_size: int
    tokens: np.ndarray
    evaluation: Evaluation
    predicted: float | None = None

    @property
    def value(self) -> float | None:
        """The objective as measured; None where the evaluation failed."""
        return self.evaluation.value


def architecture_hash(space: Space, tokens: np.ndarray) -> str:
    """Names the function that tokens [length] compute: equal for equal functions."""
    canonical = space.canonical(np.asarray(tokens)[None])[0]
    text = f"{space.name} {space.format(canonical)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Ledger:
    """All trials of a run, kept in any storage that Optuna takes.

    A trial is written once, finished: none is ever left running, so the order of the
    trials is the order of evaluation.
    """

    def __init__(self, opened: Opened, space: Space, objective: Objective):
        """Opens a ledger, or makes it.

        Args:
            opened: The storage, to write or to read.
            space: Space of the architectures.
            objective: What is measured.

        Raises:
            ValueError: If the storage can't be opened or holds something else.
        """
        self._space = space
        self._objective = objective
        direction = "maximize" if objective.maximize else "minimize"
        try:
            with quiet_optuna():
                self._study = optuna.create_study(
                    storage=opened.storage,
                    study_name=opened.study,
                    direction=direction,
                    load_if_exists=True,
                )
            frozen = self._study.get_trials(deepcopy=False)
        except (
            sqlalchemy.exc.SQLAlchemyError,
            optuna.exceptions.OptunaError,
            ImportError,
            OSError,
            RuntimeError,
            ValueError,
        ) as error:
            raise ValueError(
                f"Ledger {opened.where} can't be opened: {first_line(error)}"
            ) from None
        if self._study.direction.name.lower() != direction:
            raise ValueError(
                f"Ledger {opened.where} does not {direction} its objective."
            )
        self._distributions = {
            slot.name: optuna.distributions.CategoricalDistribution(slot.choices)
            for slot in space.slots
        }
        self._where = opened.where
        # When the first trial began, local time; None without trials.
        self.began = frozen[0].datetime_start if frozen else None
        self.trials = [self._thaw(i, trial) for i, trial in enumerate(frozen)]

    def __len__(self) -> int:
        return len(self.trials)

    def append(self, trial: Trial) -> None:
        """Writes a trial; it is on disk when this returns.

        Raises:
            ValueError: If it can't be written.
        """
        evaluation = trial.evaluation
        choices = self._space.choices(trial.tokens)
        failed = evaluation.value is None
        with writing(self._where):
            self._study.add_trial(
                optuna.trial.create_trial(
                    state=optuna.trial.TrialState["FAIL" if failed else "COMPLETE"],
                    value=evaluation.value,
                    params=dict(zip(self._distributions, choices, strict=True)),
                    distributions=self._distributions,
                    user_attrs={
                        "index": trial.index,
                        "round": trial.round,
                        "round_size": trial.round_size,
                        "tokens": trial.tokens.tolist(),
                        "architecture": self._space.format(trial.tokens),
                        "hash": architecture_hash(self._space, trial.tokens),
                        "predicted": trial.predicted,
                        "metrics": _finite(evaluation.metrics),
                        "seconds": evaluation.seconds,
                        "reason": evaluation.reason,
                        "traceback": evaluation.traceback,
                    },
                )
            )
        self.trials.append(trial)

    def best(self) -> Trial | None:
        """Returns the trial with the best objective, the first where several tie."""
        return best_of(self.trials, self._objective)

    def tokens(self) -> np.ndarray:
        """Returns all architectures, int32 [num, length]."""
        rows = [trial.tokens for trial in self.trials]
        return np.array(rows, np.int32).reshape(-1, self._space.length)

    def _thaw(self, index: int, frozen: optuna.trial.FrozenTrial) -> Trial:
        attrs = frozen.user_attrs
        try:
            if attrs["index"] != index or attrs["round_size"] < 1:
                raise ValueError
            trial = Trial(
                index=index,
                round=attrs["round"],
                round_size=attrs["round_size"],
                # By name: ids depend on the order of the choices, names do not.
                tokens=self._space.from_choices(frozen.params),
                evaluation=Evaluation(
                    value=frozen.value,
                    metrics=attrs["metrics"],
                    seconds=attrs["seconds"],
                    reason=attrs["reason"],
                    # Runs from before it was kept have none.
                    traceback=attrs.get("traceback", ""),
                ),
                predicted=attrs["predicted"],
            )
            if not self._space.is_valid(trial.tokens[None])[0]:
                raise ValueError
        except (KeyError, TypeError, ValueError, IndexError):
            raise ValueError(
                f"Ledger {self._where} is damaged or of another space: "
                f"trial {index} can't be read."
            ) from None
        return trial


def best_of(trials: list[Trial], objective: Objective) -> Trial | None:
    """Returns the best of some trials, the first where several tie; None of none."""
    done = [trial for trial in trials if trial.value is not None]
    if not done:
        return None
    return max(done, key=lambda trial: objective.sign * trial.value)


def at_random(trials: list[Trial]) -> list[Trial]:
    """Returns the trials of the random round."""
    # After a warm start the first round is predicted, so there is no random one.
    return [t for t in trials if t.round == 0 and t.predicted is None]


def objectives(trials: list[Trial], objective: Objective) -> np.ndarray:
    """Returns the sign-corrected objective, float64 [num], NaN where it failed."""
    return np.array(
        [
            np.nan if trial.value is None else objective.sign * trial.value
            for trial in trials
        ],
        np.float64,
    )


def log_line(trial: Trial) -> dict[str, Any]:
    """Returns what `metrics.jsonl` says of a trial, JSON values."""
    line = {
        "trial": trial.index,
        "round": trial.round,
        "objective": trial.value,
        "predicted": trial.predicted,
        "seconds": trial.evaluation.seconds,
        **trial.evaluation.metrics,
    }
    return line | ({"reason": trial.evaluation.reason} if trial.value is None else {})


def _finite(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """Returns metrics that JSON can hold."""
    return {k: v if math.isfinite(v) else None for k, v in metrics.items()}

"""The record of a search: one Optuna trial per finished evaluation, in order."""

import dataclasses
import datetime
import hashlib
import pathlib
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
import sqlalchemy.exc

from nao.evaluators import Evaluation, Goals, Objective
from nao.files import check_shape, first_line
from nao.runs import answers, shapes
from nao.runs.scalars import OBJECTIVE
from nao.runs.storage import Opened, study_name
from nao.runs.trial import Trial, budget_of
from nao.runs.writing import writing
from nao.spaces import Space
from nao.strategies.quiet import quiet_optuna
from nao.system import showing

_METRIC = "metrics."  # before the names of metrics, among a trial's other attributes
_AGAIN = "again."  # before a trial's number, among the study's attributes


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

    def __init__(self, opened: Opened, space: Space, goals: Goals):
        """Opens a ledger, or makes it.

        Args:
            opened: The storage, to write or to read.
            space: Space of the architectures.
            goals: What is searched for; the study has a direction for each objective.
                To read a ledger, its first ones are enough.

        Raises:
            ValueError: If the storage can't be opened or holds something else.
        """
        self._space = space
        self._goals = goals
        directions = _directions(goals)
        try:
            with quiet_optuna():
                self._study = optuna.create_study(
                    storage=opened.storage,
                    study_name=study_name(opened),
                    directions=directions,
                    load_if_exists=True,
                )
                _name_metrics(self._study, [each.name for each in goals.objectives])
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
        found = [direction.name.lower() for direction in self._study.directions]
        if found[: len(directions)] != directions:
            raise ValueError(
                f"Ledger {opened.where} does not {' and '.join(directions)} its "
                "objectives."
                if len(directions) > 1
                else f"Ledger {opened.where} does not {directions[0]} its objective."
            )
        self._distributions = {
            slot.name: optuna.distributions.CategoricalDistribution(slot.choices)
            for slot in space.slots
        }
        self._where = opened.where
        # When the first trial began, local time; None without trials.
        self.began = frozen[0].datetime_start if frozen else None
        self.trials = [self._thaw(i, trial) for i, trial in enumerate(frozen)]
        self._read_again()
        # Architectures with a value, and whether each was measured once.
        self._measured: set[bytes] = set()
        self._is_once = not any(list(map(self._is_again, self.trials)))
        self._best = answers.best_of(self.trials, goals)
        # What all trials cost together, in full evaluations.
        self.cost = sum(trial.cost for trial in self.trials)

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
        frozen = optuna.trial.create_trial(
            state=optuna.trial.TrialState["FAIL" if failed else "COMPLETE"],
            values=self._values(evaluation),
            params=dict(zip(self._distributions, choices, strict=True)),
            distributions=self._distributions,
            user_attrs=self._attributes(trial),
        )
        # Optuna takes the moment a trial is written for both its start and its end.
        seconds = datetime.timedelta(seconds=evaluation.seconds)
        frozen.datetime_start = frozen.datetime_complete - seconds
        with writing(self._where):
            self._study.add_trial(frozen)
        self.trials.append(trial)
        self.cost += trial.cost
        self._best = answers.best_of(self._that_compete(trial), self._goals)

    def measure_again(self, index: int, evaluation: Evaluation) -> None:
        """Writes a further measurement of a trial; it is on disk when this returns.

        With the study, as Optuna changes no trial that is finished.

        Raises:
            ValueError: If it can't be written.
        """
        trial = self.trials[index]
        repeats = (*trial.repeats, evaluation)
        names = shapes.Again.model_fields
        kept = [{name: getattr(each, name) for name in names} for each in repeats]
        with writing(self._where):
            self._study.set_user_attr(f"{_AGAIN}{index}", kept)
        self.trials[index] = dataclasses.replace(trial, repeats=repeats)
        self._is_once = False
        self._best = answers.best_of(self.trials, self._goals)

    def _read_again(self) -> None:
        """Gives trials what was measured of them again."""
        for name, kept in self._study.user_attrs.items():
            if not name.startswith(_AGAIN):
                continue
            try:
                trial = self.trials[int(name.removeprefix(_AGAIN))]
                for each in kept:
                    check_shape(each, shapes.Again, "")
                repeats = tuple(Evaluation(**each) for each in kept)
            except (TypeError, ValueError, IndexError):
                raise ValueError(
                    f"Ledger {self._where} is damaged: {name} can't be read."
                ) from None
            self.trials[trial.index] = dataclasses.replace(trial, repeats=repeats)

    def _that_compete(self, trial: Trial) -> list[Trial]:
        """Returns trials among which is the best of all, the last of which is new.

        A search asks for it after every trial. Where each architecture was measured
        once, it is the best before or the new one.
        """
        self._is_once = self._is_once and not self._is_again(trial)
        return [t for t in (self._best, trial) if t] if self._is_once else self.trials

    def _is_again(self, trial: Trial) -> bool:
        """Says whether an architecture was measured before; takes note of it."""
        if trial.value is None or not trial.is_full:
            return False
        num, key = len(self._measured), trial.tokens.tobytes()
        self._measured.add(key)
        return len(self._measured) == num or bool(trial.repeats)

    def _values(self, evaluation: Evaluation) -> list[float] | None:
        """Returns the objectives as measured; None where the evaluation failed."""
        if evaluation.value is None:
            return None
        return self._goals.measure(evaluation)[: len(self._goals.objectives)].tolist()

    def _attributes(self, trial: Trial) -> dict[str, Any]:
        """Returns what the study keeps of a trial besides its value and choices."""
        evaluation = trial.evaluation
        may_be_empty = {"predicted": trial.predicted, "reason": evaluation.reason}
        may_be_empty["traceback"] = evaluation.traceback
        return {
            "index": trial.index,
            "round": trial.round,
            "round_size": trial.round_size,
            "architecture": self._space.format(trial.tokens),
            "hash": architecture_hash(self._space, trial.tokens),
            "seconds": evaluation.seconds,
            # Each takes Optuna 0.7 ms.
            **{k: v for k, v in may_be_empty.items() if v not in (None, "")},
            **budget_of(trial),
            **({} if trial.budget is None else {"is_full": trial.is_full}),
            **{f"{_METRIC}{k}": v for k, v in evaluation.metrics.items()},
        }

    def best(self) -> Trial | None:
        """Returns the trial with the best objective, the first where several tie."""
        return self._best

    def tokens(self) -> np.ndarray:
        """Returns all architectures, int32 [num, length]."""
        rows = [trial.tokens for trial in self.trials]
        return np.array(rows, np.int32).reshape(-1, self._space.length)

    def _thaw(self, index: int, frozen: optuna.trial.FrozenTrial) -> Trial:
        attrs = frozen.user_attrs
        try:
            check_shape(attrs, shapes.TrialAttributes, "")
            if attrs["index"] != index:
                raise ValueError
            # By name: ids depend on the order of the choices, names do not.
            tokens = self._space.from_choices(frozen.params)
            trial = Trial(
                index=index,
                round=attrs["round"],
                round_size=attrs["round_size"],
                tokens=tokens,
                evaluation=Evaluation(
                    # Of several the first; metrics have the others.
                    value=frozen.values[0] if frozen.values else None,
                    metrics=_metrics_of(attrs),
                    seconds=attrs["seconds"],
                    reason=attrs.get("reason", ""),
                    traceback=attrs.get("traceback", ""),
                ),
                predicted=attrs.get("predicted"),
                choices=self._space.by_slot(tokens),
                budget=attrs.get("budget"),
                is_full=attrs.get("is_full", True),
                cost=attrs.get("cost", 1.0),
                drifts=self._goals.objective.drifts,
            )
            if not self._space.is_valid(trial.tokens[None])[0]:
                raise ValueError
        except (KeyError, TypeError, ValueError, IndexError):
            raise ValueError(
                f"Ledger {self._where} is damaged or of another space: "
                f"trial {index} can't be read."
            ) from None
        return trial


def check_count(path: pathlib.Path, trials: list[Trial], file: str, num: int) -> None:
    """Raises ValueError where another file of a run counts more trials than it has."""
    if num > len(trials):
        raise ValueError(
            f"Ledger of {path} is damaged: it has "
            f"{showing.counted(len(trials), 'trial')}, {file} {num}."
        )


def budgets(trials: list[Trial]) -> np.ndarray | None:
    """Returns the budget of each, float64 [num]; None where none was said of any."""
    found = [np.inf if t.budget is None else t.budget for t in trials]
    is_said = any(trial.budget is not None for trial in trials)
    return np.array(found, np.float64) if is_said else None


def at_random(trials: list[Trial]) -> list[Trial]:
    """Returns the trials of the random round."""
    # Not where it is predicted, after a warm start, or one alone, which is no sample.
    return [t for t in trials if t.round < 1 < t.round_size and t.predicted is None]


def objectives(trials: list[Trial], objective: Objective) -> np.ndarray:
    """Returns the sign-corrected objective, float64 [num], NaN where it failed."""
    return np.array(
        [
            np.nan if trial.value is None else objective.sign * trial.value
            for trial in trials
        ],
        np.float64,
    )


def comparable(trials: list[Trial], objective: Objective) -> np.ndarray:
    """Returns the sign-corrected objective of those that compete for the best.

    float64 [num], NaN where it failed or was not of the full budget.
    """
    is_full = [trial.is_full for trial in trials]
    return np.where(is_full, objectives(trials, objective), np.nan)


def log_line(trial: Trial) -> dict[str, Any]:
    """Returns what `metrics.jsonl` says of a trial, JSON values."""
    line = {
        "trial": trial.index,
        "round": trial.round,
        "objective": trial.value,
        "predicted": trial.predicted,
        **budget_of(trial),
        "seconds": trial.evaluation.seconds,
        **trial.evaluation.metrics,
    }
    return line | ({"reason": trial.evaluation.reason} if trial.value is None else {})


def scalars(
    trial: Trial, best: Trial | None, objective: Objective
) -> dict[str, float | None]:
    """Returns what TensorBoard shows of a trial and of the best up to it, by tag.

    What only counts, such as its round, is left out, and so is what was predicted: the
    fit of each round has a unit of its own. Values of each budget are a curve.
    """
    budget = "" if trial.is_full else f"/budget_{trial.budget:g}"
    return {
        f"{OBJECTIVE}{objective.name}{budget}": trial.value,
        f"{OBJECTIVE}best_so_far": None if best is None else best.mean,
        "seconds": trial.evaluation.seconds,
        **{f"metrics/{k}": v for k, v in trial.evaluation.metrics.items()},
    }


def _directions(goals: Goals) -> list[str]:
    """Returns the direction of each objective, as Optuna spells it."""
    return ["maximize" if o.maximize else "minimize" for o in goals.objectives]


def _name_metrics(study: optuna.Study, names: list[str]) -> None:
    """Tells tables and figures of Optuna's what the values of a trial are."""
    # A reader may know only the first of several.
    if study.metric_names == names or len(study.directions) != len(names):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(names)


def _metrics_of(attributes: Mapping[str, Any]) -> dict[str, float]:
    return {
        name.removeprefix(_METRIC): value
        for name, value in attributes.items()
        if name.startswith(_METRIC)
    }

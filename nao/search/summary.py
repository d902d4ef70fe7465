"""What a finished search sums up to: the contents of `summary.json`."""

import dataclasses
import math
from typing import Any

import numpy as np

from nao.controller import metrics
from nao.evaluators import Goals, Objective
from nao.runs import Trial, answers, ledger
from nao.spaces import Space
from nao.strategies import State, Strategy


def of_trials(
    trials: list[Trial],
    space: Space,
    goals: Goals,
    test: dict[str, float] | None,
) -> dict[str, Any]:
    """Counts trials and describes the best one, and the front of several objectives.

    Args:
        trials: All trials of the search.
        space: Their space.
        goals: What was searched for.
        test: Test numbers of the best trial; None where it was not tested.
    """
    # By function, not by sequence: two spellings of a cell are one architecture.
    hashes = [ledger.architecture_hash(space, trial.tokens) for trial in trials]
    failed = [trial for trial in trials if trial.value is None]
    first = ledger.at_random(trials)
    best, at_random = (answers.best_of(some, goals) for some in (trials, first))
    return {
        "objective": dataclasses.asdict(goals.objective),
        "num_trials": len(trials),
        "num_rounds": len({trial.round for trial in trials}),
        "num_distinct": len(set(hashes)),
        "num_failed": len(failed),
        "cost": sum(trial.whole_cost for trial in trials),
        "best": None
        if best is None
        else {
            "architecture": space.format(best.tokens),
            "tokens": best.tokens.tolist(),
            **_of_best(best),
            "test": test or None,
            "hash": hashes[best.index],
        },
        "random_best": {
            "objective": None if at_random is None else at_random.mean,
            "num_trials": len(first),
            **_several(at_random),
        },
        **_of_goals(trials, space, goals),
    }


def best_file(best: Trial, space: Space) -> dict[str, Any]:
    """Returns what `best.json` holds: the architecture, and what it measured."""
    return space.to_json(best.tokens) | {"found": _of_best(best)}


def _of_best(best: Trial) -> dict[str, Any]:
    """Returns what the best trial measured: several values, and their mean."""
    return {"objective": best.mean, "trial": best.index, **_several(best)}


def _several(trial: Trial | None) -> dict[str, list[float]]:
    """Returns the values of a trial where there are several; nothing otherwise."""
    values = () if trial is None else trial.values
    return {"values": list(values)} if len(values) > 1 else {}


def _of_goals(trials: list[Trial], space: Space, goals: Goals) -> dict[str, Any]:
    """Returns objectives, bounds and the front; nothing where there is one objective.

    The values of the front are those of all objectives and of what is bounded.
    """
    if goals.is_plain:
        return {}
    found: dict[str, Any] = {
        "objectives": [
            {"name": each.name, "maximize": each.maximize} for each in goals.objectives
        ],
        "constraints": [dataclasses.asdict(bound) for bound in goals.constraints],
        "num_allowed": len(answers.allowed(trials, goals)),
    }
    if len(goals.objectives) > 1:
        found["front"] = [
            {
                "architecture": space.format(trial.tokens),
                "tokens": trial.tokens.tolist(),
                "trial": trial.index,
                "values": goals.named(trial.evaluation),
            }
            for trial in answers.front_of(trials, goals)
        ]
    return found


def of_predictions(trials: list[Trial], objective: Objective) -> list[dict[str, Any]]:
    """Compares, round by round, what was predicted for a round with what came of it."""
    rounds = []
    for number in sorted({trial.round for trial in trials}):
        told = [
            trial
            for trial in trials
            if trial.round == number
            and trial.predicted is not None
            and trial.value is not None
        ]
        if len(told) > 1:  # One alone has no order.
            predicted = np.array([trial.predicted for trial in told])
            actual = ledger.objectives(told, objective)
            rounds.append(
                {
                    "round": number,
                    "num": len(told),
                    "pairwise_accuracy": _number(
                        metrics.pairwise_accuracy(predicted, actual)
                    ),
                    "kendall_tau": _number(metrics.kendall_tau(predicted, actual)),
                }
            )
    return rounds


def of_fit(
    strategy: Strategy, state: State | None, rng: np.random.Generator
) -> dict[str, Any]:
    """Returns what a strategy says of its last fitted model.

    `reconstruction_accuracy`, `hamming_distance` and `num_train` are always there, None
    where the model has none.

    Args:
        strategy: Who proposed.
        state: Its state after the last round was asked; None where that is not kept.
        rng: For architectures to try the model on.
    """
    names = ("reconstruction_accuracy", "hamming_distance", "num_train")
    described = {} if state is None else strategy.describe_fit(state, rng)
    return dict.fromkeys(names) | dict(described)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

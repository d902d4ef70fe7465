"""What a finished search sums up to: the contents of `summary.json`."""

import math
from typing import Any

import numpy as np

from nao import ledger
from nao.controller import metrics
from nao.evaluators import Objective
from nao.spaces import Space
from nao.strategies import State, Strategy

_NUM_FRESH = 1000  # random architectures that the controller's decoder is tried on


def of_trials(
    trials: list[ledger.Trial],
    space: Space,
    objective: Objective,
    test: dict[str, float] | None,
) -> dict[str, Any]:
    """Counts trials and describes the best one.

    Args:
        trials: All trials of the search.
        space: Their space.
        objective: What was measured.
        test: Test numbers of the best trial; None where it was not tested.
    """
    hashes = [ledger.architecture_hash(space, trial.tokens) for trial in trials]
    failed = [trial for trial in trials if trial.value is None]
    first = at_random(trials)
    best = ledger.best_of(trials, objective)
    return {
        "objective": {"name": objective.name, "maximize": objective.maximize},
        "num_trials": len(trials),
        "num_rounds": len({trial.round for trial in trials}),
        "num_distinct": len(set(hashes)),
        "num_failed": len(failed),
        "best": None
        if best is None
        else {
            "architecture": space.format(best.tokens),
            "tokens": best.tokens.tolist(),
            "objective": best.value,
            "test": test or None,
            "trial": best.index,
            "hash": hashes[best.index],
        },
        "random_best": {
            "objective": getattr(ledger.best_of(first, objective), "value", None),
            "num_trials": len(first),
        },
    }


def at_random(trials: list[ledger.Trial]) -> list[ledger.Trial]:
    """Returns the trials of the random round."""
    # After a warm start the first round is predicted, so there is no random one.
    return [t for t in trials if t.round == 0 and t.predicted is None]


def of_predictions(
    trials: list[ledger.Trial], objective: Objective
) -> list[dict[str, Any]]:
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
        if len(told) > 1:
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


def of_controller(strategy: Strategy, state: State | None, seed: int) -> dict[str, Any]:
    """Tries the controller's decoder on fresh random architectures.

    Returns:
        `reconstruction_accuracy` (share of tokens), `hamming_distance` (tokens per
        architecture) and `num_train` (architectures of the last fit); None where no
        controller was fitted.
    """
    if state is None or state.model is None:
        names = ("reconstruction_accuracy", "hamming_distance", "num_train")
        return dict.fromkeys(names)
    fresh = strategy.space.sample(np.random.default_rng(seed), _NUM_FRESH)
    fresh = strategy.as_encoded(fresh)
    decoded = strategy.reconstruct(state, fresh)
    return {
        "reconstruction_accuracy": float(
            metrics.reconstruction_accuracy(fresh, decoded)
        ),
        "hamming_distance": float(metrics.hamming_distance(fresh, decoded)),
        "num_train": len(state.pool.succeeded().tokens),
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

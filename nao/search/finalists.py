"""The best few architectures of a search, measured once more before one is chosen.

The largest of many noisy numbers is partly luck. So when all trials are done, the best
few are measured again with other randomness, and the best is the one with the highest
mean (`runs.standing`). They are no trials: no strategy is told of them, and rounds stay
what they are, so a longer search still continues a shorter one. Who they are follows
from the trials alone, so a search that was killed among them goes on with the others.
"""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import logging

from nao.evaluators import Evaluation, Evaluator, Goals
from nao.evaluators.repeats import Components
from nao.runs import Trial, answers
from nao.search import outcomes
from nao.search.limits import Limits
from nao.search.rounds import Proposer
from nao.spaces import Space
from nao.strategies import Strategy, Unseen
from nao.system import stages


def checked(allowed: Limits, goals: Goals, evaluator: Evaluator) -> Limits:
    """Returns the limits of a search, without finalists where they tell nothing.

    Which is said and not refused: a config that has finalists may be given several
    objectives, or a table, by a flag.

    Raises:
        ValueError: If finalists leave no cost for any trial.
    """
    num = allowed.num_finalists
    if num == 1:
        return allowed
    why = _why_none(goals, evaluator)
    if why:
        logging.warning("num_finalists=%d changes nothing: %s.", num, why)
        return allowed._replace(num_finalists=1)
    if allowed.max_cost and allowed.max_trials_cost <= 0:
        raise ValueError(
            f"max_cost must be above num_finalists, each of which costs 1, got "
            f"{allowed.max_cost:g} and {num}."
        )
    return allowed


def _why_none(goals: Goals, evaluator: Evaluator) -> str:
    """Says why nothing is to be measured again; empty where it is."""
    if len(goals.objectives) > 1:
        return "a front of several objectives has no single best to choose"
    # An evaluator of a user's own need not say it.
    if not getattr(evaluator, "is_noisy", True):
        return f"{type(evaluator).__name__} gives the same number each time"
    return ""


class Finalists:
    """Chooses the finalists of a search and measures them."""

    def __init__(
        self, strategy: Strategy, evaluator: Evaluator, proposer: Proposer, goals: Goals
    ):
        """Takes the parts of the search."""
        self._space, self._deduplicate = strategy.space, strategy.deduplicate
        self._evaluator, self._proposer, self._goals = evaluator, proposer, goals

    def left(self, trials: list[Trial], num: int) -> list[Trial]:
        """Returns the finalists that were not measured again yet, the best first."""
        if num == 1:
            return []
        # By what the trials say: nobody becomes a finalist because another one fell.
        once = [dataclasses.replace(trial, repeats=()) for trial in trials]
        found = answers.best_first(once, self._goals)
        chosen = self._distinct(found)[:num]
        # One alone is chosen anyway.
        chosen = chosen if len(chosen) > 1 else []
        return [trials[t.index] for t in chosen if not trials[t.index].repeats]

    def _distinct(self, trials: list[Trial]) -> list[Trial]:
        """Returns one trial of each function, or of each sequence where these count."""
        is_same = "canonical" if self._deduplicate == "none" else self._deduplicate
        tokens = np.array([trial.tokens for trial in trials], np.int32)
        tokens = tokens.reshape(-1, self._space.length)
        keys = Unseen(self._space, is_same).keys(tokens)
        found: dict[bytes, Trial] = {}
        for key, trial in zip(keys, trials, strict=True):
            found.setdefault(key, trial)
        return list(found.values())

    def measure(
        self, trials: list[Trial], arguments: dict[str, Any]
    ) -> Iterator[Evaluation]:
        """Yields a further measurement of each trial, of the full budget, in order.

        What an evaluator raises is a failed one: all trials are done, and whoever fails
        now is no finalist.

        Args:
            trials: The trials.
            arguments: What `evaluate` is told besides.
        """
        tokens = np.array([trial.tokens for trial in trials], np.int32)
        keys = self._proposer.finalist_keys([trial.index for trial in trials])
        title, done = "measuring the best again", 0
        with stages.stage(title, is_line=True):
            while done < len(trials):
                rest = slice(done, None)
                measured = outcomes.evaluate(
                    self._evaluator, tokens[rest], keys[rest], **arguments
                )
                for outcome in _caught(measured):
                    outcome = self._checked(outcome)
                    _announce(trials[done], outcome)
                    done += 1
                    stages.tell(f"{title}, {done} of {len(trials)} done")
                    yield outcome

    def _checked(self, outcome: Evaluation) -> Evaluation:
        """Returns an evaluation, a failed one where it breaks a bound of the search."""
        outcome = self._goals.checked(outcome)
        signed = self._goals.signs * self._goals.measure(outcome)
        if outcome.value is None or self._goals.allows(signed):
            return outcome
        reason = f"measured again, it breaks the bounds {self._goals.in_words}"
        return dataclasses.replace(outcome, value=None, reason=reason)


def _caught(measured: Iterator[Evaluation]) -> Iterator[Evaluation]:
    """Yields evaluations; an exception is the last one, which has failed."""
    try:
        yield from measured
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        yield Evaluation.of_exception(error)


def _announce(trial: Trial, outcome: Evaluation) -> None:
    """Logs that a finalist failed."""
    if outcome.value is None:
        logging.warning(
            "Trial %d, measured again, failed: %s", trial.index, outcome.reason
        )


def in_summary(
    trials: list[Trial], space: Space, goals: Goals, num: int
) -> dict[str, Any]:
    """Returns what `summary.json` says of finalists; nothing where there are none.

    Args:
        trials: All trials of the search.
        space: Their space.
        goals: What was searched for.
        num: How many finalists were asked for.
    """
    said = {"num_finalists": num} if num > 1 else {}
    found = answers.finalists(trials, goals)
    if not found:
        return said
    noise = answers.noise(trials, goals)
    return said | {
        "finalists": [
            {
                "architecture": space.format(trial.tokens),
                "trial": trial.index,
                "values": list(trial.values),
                "mean": trial.mean,
                "reason": next((r.reason for r in trial.repeats if r.reason), ""),
            }
            for trial in found
        ],
        "noise": noise and _described(noise),
    }


def _described(noise: Components) -> dict[str, float | None]:
    """Returns standard deviations, and the share of a value that is no noise."""
    share = None if math.isnan(noise.reliability) else noise.reliability
    return {"between": noise.between, "within": noise.within, "reliability": share}

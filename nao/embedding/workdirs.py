"""The controller and the trials of a search, read without disturbing it."""

import dataclasses
import itertools
import os

import numpy as np

from nao import spaces
from nao.controller import Controller, LatentSpace, Params, targets
from nao.embedding import architectures, calibration, saved
from nao.embedding.core import FittedController
from nao.embedding.objectives import Objectives
from nao.runs import StoredRun, answers, reader, storage
from nao.strategies import Pool, Round

_FEWEST_FORETOLD = 8  # predictions of a search that say how far off they are


def load(path: str | os.PathLike, space: spaces.Space | None) -> FittedController:
    """Loads the last fit of a search and its trials; see `Embedding.from_workdir`.

    Raises:
        TypeError: If `space` is none.
        ValueError: If there is no run, or it has fitted no controller.
    """
    if space is not None:
        architectures.check_space(space)
    run = reader.read(path, space)
    if space is None:  # A report gives the space as it read it, without its rule.
        architectures.check_rule(run.space)
    use = run.record.controller_use
    if use is None:
        raise ValueError(
            f"The search in {run.path} has no controller (strategy "
            f"{run.record.strategy}); from Python, nao.Embedding.fit makes one from "
            "any table."
        )
    asked = run.last_round()
    if asked is None or asked.state.model is None:
        raise ValueError(
            f"The search in {run.path} has not fitted a controller yet; "
            f"{_when_fitted(run)}."
        )
    if run.is_lost:
        raise ValueError(f"{run.path} has lost its trials (no {storage.FILE}).")
    columns = run.goals.columns
    done = [trial for trial in run.trials if trial.value is not None]
    tokens = np.array([trial.tokens for trial in done], np.int32)
    # Scales are those of the pool that was fitted, whatever was measured since.
    pool = asked.state.pool.last(use.recent)
    scales = tuple(_scale(pool, run, index) for index in range(len(columns)))
    without = FittedController(
        space=run.space,
        latent=_latent(run, asked.state.model["params"]),
        objectives=Objectives(columns, scales, np.zeros(len(columns))),
        tokens=tokens.reshape(-1, run.space.length),
        values=answers.values(done, run.goals) * run.goals.signs,
        canonical=use.canonical,
    )
    return dataclasses.replace(without, objectives=_calibrated(without, run, asked))


def _when_fitted(run: StoredRun) -> str:
    """Says when a search will have a controller that has none."""
    if run.status != "finished":
        return "it does once its random round is over"
    if run.summary.get("exhausted"):
        return "its random round held all architectures of its space"
    return "it ended in its random round, and goes on with a larger budget"


def _scale(pool: Pool, run: StoredRun, index: int = 0) -> targets.Scale:
    """Returns the scale of a column of a pool, the objective's by default."""
    rule = run.record.controller_use.config.target
    maximize = run.goals.columns[index].maximize
    return targets.scale(_measured(pool, run, index), rule, maximize)


def _measured(pool: Pool, run: StoredRun, index: int) -> np.ndarray:
    """Returns a column of what succeeded in a pool, as measured, float64 [num]."""
    done = pool.succeeded()
    signed = done.objective if done.values is None else done.values[:, index]
    return signed * run.goals.signs[index]


def _calibrated(fitted: FittedController, run: StoredRun, asked: Round) -> Objectives:
    """Returns the objectives of a search, with what is known of their errors.

    A search holds nothing out, but it predicted what it then measured. Where that is
    too little, it is what the last fit says of its own pool, which it has seen: no less
    than these are its errors.
    """
    pool = asked.state.pool.last(run.record.controller_use.recent)
    scales = fitted.objectives.scales
    by_column = fitted.predict_tokens(pool.succeeded().tokens).mean(1).T
    pairs = [
        (predicted, _to_places(_measured(pool, run, index), scale))
        for index, (predicted, scale) in enumerate(zip(by_column, scales, strict=True))
    ]
    # Of the objective alone it is known what each round was predicted to be.
    foretold = _foretold(run, asked)
    if len(foretold[0]) >= _FEWEST_FORETOLD:
        pairs[0] = foretold
    errors = [np.sqrt(((predicted - true) ** 2).mean()) for predicted, true in pairs]
    found = [calibration.fit(*pair, s) for pair, s in zip(pairs, scales, strict=True)]
    return dataclasses.replace(
        fitted.objectives, errors=np.array(errors), calibrations=tuple(found)
    )


def _to_places(values: np.ndarray, scale: targets.Scale) -> np.ndarray:
    """Returns the targets of values; of `rank` none lies beyond the best and worst.

    How far a value lies beyond a pool, in its range, says nothing of ranks.
    """
    found = scale.to_targets(values)
    return np.clip(found, -1, 1) if scale.rule == "rank" else found


def _foretold(run: StoredRun, asked: Round) -> tuple[np.ndarray, np.ndarray]:
    """Returns what rounds were predicted to be and were, as targets, float64 [num].

    Each round was predicted by a fit of its own, to what was known before it, or was
    known last.
    """
    pool, recent = asked.state.pool, run.record.controller_use.recent
    # Those of a warm start come first.
    num_warm = len(pool.tokens) - run.num_told(asked)
    predicted, true = [], []
    for _, group in itertools.groupby(run.trials, lambda trial: trial.round):
        first, *others = group
        before = pool.where(slice(num_warm + first.index)).last(recent)
        known = [
            trial
            for trial in (first, *others)
            if trial.predicted is not None and trial.value is not None
        ]
        if known:
            values = np.array([trial.value for trial in known])
            true.extend(_to_places(values, _scale(before, run)))
            predicted.extend(trial.predicted for trial in known)
    return np.array(predicted, np.float64), np.array(true, np.float64)


def _latent(run: StoredRun, params: Params) -> LatentSpace:
    """Returns the latent space, once the parameters are known to fit the record."""
    space, config = run.space, run.record.controller_use.config
    num = len(run.goals.columns)
    try:
        params = saved.from_arrays(space, config, num, saved.to_arrays(params))
    except ValueError as error:
        raise ValueError(
            f"The controller in {run.path} does not fit: {error}"
        ) from None
    return LatentSpace(Controller(space.grammar, config), params)

"""The controller and the trials of a search, read without disturbing it."""

import os

import numpy as np

from nao import spaces
from nao.controller import Controller, LatentSpace, Params, targets
from nao.embedding import saved
from nao.embedding.core import FittedController
from nao.embedding.objectives import Objectives
from nao.runs import StoredRun, reader, storage


def load(path: str | os.PathLike, space: spaces.Space | None) -> FittedController:
    """Loads the last fit of a search and its trials; see `Embedding.from_workdir`.

    Raises:
        ValueError: If there is no run, or it has fitted no controller.
    """
    run = reader.read(path, space)
    use = run.record.controller_use
    if use is None:
        raise ValueError(
            f"The search in {run.path} has no controller (strategy "
            f"{run.record.strategy}); Embedding.fit makes one from any table."
        )
    asked = run.last_round()
    if asked is None or asked.state.model is None:
        raise ValueError(f"The search in {run.path} has not fitted a controller yet.")
    if run.is_lost:
        raise ValueError(f"{run.path} has lost its trials (no {storage.FILE}).")
    objective = run.objective
    done = [trial for trial in run.trials if trial.value is not None]
    tokens = np.array([trial.tokens for trial in done], np.int32)
    # The scale is that of the pool that was fitted, whatever was measured since; the
    # pool holds objectives with the sign that makes higher better.
    fitted = asked.state.pool.succeeded().objective * objective.sign
    scale = targets.scale(fitted, use.config.target, objective.maximize)
    return FittedController(
        space=run.space,
        latent=_latent(run, asked.state.model["params"]),
        # A search holds nothing out, so the error on unseen architectures is not known.
        objectives=Objectives((objective,), (scale,), np.zeros(1)),
        tokens=tokens.reshape(-1, run.space.length),
        values=np.array([trial.value for trial in done]).reshape(-1, 1),
        canonical=use.canonical,
    )


def _latent(run: StoredRun, params: Params) -> LatentSpace:
    """Returns the latent space, once the parameters are known to fit the record."""
    space, config = run.space, run.record.controller_use.config
    try:
        params = saved.from_arrays(space, config, 1, saved.to_arrays(params))
    except ValueError as error:
        raise ValueError(
            f"The controller in {run.path} does not fit: {error}"
        ) from None
    return LatentSpace(Controller(space.grammar, config), params)

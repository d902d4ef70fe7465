"""The controller and the trials of a search, read without disturbing it."""

import os
import pathlib

import numpy as np

from nao import checkpoints, ledger, search_record, spaces
from nao.controller import Controller, LatentSpace, Params, targets
from nao.embedding import saved
from nao.embedding.core import FittedController
from nao.embedding.objectives import Objectives


def load(path: str | os.PathLike, space: spaces.Space | None) -> FittedController:
    """Loads the last fit of a search and its trials; see `Embedding.from_workdir`.

    Raises:
        ValueError: If there is no run, or it has fitted no controller.
    """
    path = pathlib.Path(path).expanduser().absolute()
    record = search_record.read(path, space)
    if record.controller is None:
        raise ValueError(
            f"The search in {path} has no controller (strategy {record.strategy}); "
            "Embedding.fit makes one from any table."
        )
    asked = checkpoints.read_latest(path / "checkpoints")
    if asked is None or asked.state.model is None:
        raise ValueError(f"The search in {path} has not fitted a controller yet.")
    objective = record.objective
    trials = ledger.of_run(path, record.space, objective).trials
    done = [trial for trial in trials if trial.value is not None]
    tokens = np.array([trial.tokens for trial in done], np.int32)
    # The scale is that of the pool that was fitted, whatever was measured since; the
    # pool holds objectives with the sign that makes higher better.
    fitted = asked.state.pool.succeeded().objective * objective.sign
    scale = targets.scale(fitted, record.controller.target, objective.maximize)
    return FittedController(
        space=record.space,
        latent=_latent(path, record, asked.state.model["params"]),
        # A search holds nothing out, so the error on unseen architectures is not known.
        objectives=Objectives((objective,), (scale,), np.zeros(1)),
        tokens=tokens.reshape(-1, record.space.length),
        values=np.array([trial.value for trial in done]).reshape(-1, 1),
        canonical=record.canonical,
    )


def _latent(
    path: pathlib.Path, record: search_record.SearchRecord, params: Params
) -> LatentSpace:
    """Returns the latent space, once the parameters are known to fit the record."""
    space, config = record.space, record.controller
    try:
        params = saved.from_arrays(space, config, 1, saved.to_arrays(params))
    except ValueError as error:
        raise ValueError(f"The controller in {path} does not fit: {error}") from None
    return LatentSpace(Controller(space.grammar, config), params)

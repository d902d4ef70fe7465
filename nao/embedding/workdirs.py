"""The controller and the trials of a search, read without disturbing it."""

import os

import numpy as np

from nao import spaces
from nao.controller import Controller, LatentSpace, targets
from nao.embedding import saved
from nao.embedding.objectives import Objectives
from nao.runs import ledger, reader


def read(path: str | os.PathLike, space: spaces.Space | None) -> dict:
    """Returns the fields of an `Embedding`; see `Embedding.from_workdir`."""
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
        raise ValueError(f"{run.path} has lost its trials (no {ledger.FILE}).")
    space, objective = run.space, run.objective
    done = [trial for trial in run.trials if trial.value is not None]
    tokens = np.array([t.tokens for t in done], np.int32).reshape(-1, space.length)
    # The pool that was fitted is sign-corrected; trials after it change no scale.
    fitted = asked.state.pool.succeeded().objective * objective.sign
    scale = targets.scale(fitted, use.config.target, objective.maximize)
    try:
        arrays = saved.to_arrays(asked.state.model["params"])
        params = saved.from_arrays(space, use.config, 1, arrays)
    except ValueError as error:
        raise ValueError(
            f"The controller in {run.path} does not fit: {error}"
        ) from None
    return {
        "space": space,
        "latent": LatentSpace(Controller(space.grammar, use.config), params),
        "objectives": Objectives((objective,), (scale,), np.zeros(1)),
        "tokens": tokens,
        "values": np.array([[trial.value] for trial in done]).reshape(-1, 1),
        "canonical": use.canonical,
    }

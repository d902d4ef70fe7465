"""The controller and the trials of a search, read without disturbing it."""

import os
import pathlib

import numpy as np

from nao import checkpoints, ledger, search_record, spaces
from nao.controller import Controller, LatentSpace, targets
from nao.embedding import saved
from nao.embedding.objectives import Objectives


def read(path: str | os.PathLike, space: spaces.Space | None) -> dict:
    """Returns the fields of an `Embedding`; see `Embedding.from_workdir`."""
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
    tokens = np.array([t.tokens for t in done], np.int32).reshape(
        -1, record.space.length
    )
    # The pool that was fitted is sign-corrected; trials after it change no scale.
    fitted = asked.state.pool.succeeded().objective * objective.sign
    scale = targets.scale(fitted, record.controller.target, objective.maximize)
    controller = Controller(record.space.grammar, record.controller)
    try:
        params = saved.from_arrays(
            record.space,
            record.controller,
            1,
            saved.to_arrays(asked.state.model["params"]),
        )
    except ValueError as error:
        raise ValueError(f"The controller in {path} does not fit: {error}") from None
    return {
        "space": record.space,
        "latent": LatentSpace(controller, params),
        "objectives": Objectives((objective,), (scale,), np.zeros(1)),
        "tokens": tokens,
        "values": np.array([[trial.value] for trial in done]).reshape(-1, 1),
        "canonical": record.canonical,
    }

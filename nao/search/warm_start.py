"""What a search learns from an earlier one before it begins."""

import os

import numpy as np

from nao.evaluators import Objective
from nao.runs import RunDirectory, ledger, reader
from nao.spaces import Space
from nao.strategies import Pool


def pool(
    path: str | os.PathLike, run: RunDirectory, space: Space, objective: Objective
) -> Pool:
    """Returns the trials of an earlier run as they were when this one began.

    Raises:
        ValueError: If there is no earlier run, it has no trials, or it is of another
            space or direction.
    """
    # The earlier run may have gone on since, and this one must not change with it.
    kept = run.read_json("warm_start.json")
    if kept is None:
        trials = reader.read_trials(path, space, objective)
        if not trials:
            raise ValueError(f"Nothing to start from: {path} has no trials.")
        values = ledger.objectives(trials, objective)
        # As text, which keeps its meaning where a space numbers its tokens anew.
        kept = {
            "architectures": [space.format(trial.tokens) for trial in trials],
            "objective": [v if np.isfinite(v) else None for v in values],
        }
        run.write_json("warm_start.json", kept)
    return Pool(
        np.stack([space.parse(text) for text in kept["architectures"]]),
        np.array(kept["objective"], np.float64),  # None becomes NaN
    )

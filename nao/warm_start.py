"""What a search learns from an earlier one before it begins."""

import os

import numpy as np

from nao import ledger
from nao.evaluators import Objective
from nao.run_directory import RunDirectory
from nao.spaces import Space
from nao.strategies import Pool


def pool(
    path: str | os.PathLike, run: RunDirectory, space: Space, objective: Objective
) -> Pool:
    """Returns the trials of an earlier run as they were when this one began."""
    kept = run.read_json("warm_start.json")
    if kept is None:
        earlier = ledger.of_run(path, space, objective)
        if not len(earlier):
            raise ValueError(f"Nothing to start from: {path} has no trials.")
        values = ledger.objectives(earlier.trials, objective)
        kept = {
            "architectures": [space.format(tokens) for tokens in earlier.tokens()],
            "objective": [v if np.isfinite(v) else None for v in values],
        }
        run.write_json("warm_start.json", kept)
    return Pool(
        np.stack([space.parse(text) for text in kept["architectures"]]),
        np.array(kept["objective"], np.float64),  # None becomes NaN
    )

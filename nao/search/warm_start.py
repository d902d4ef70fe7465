"""What a search learns from an earlier one before it begins."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from nao.evaluators import Goals
from nao.runs import RunDirectory, answers, reader, shapes
from nao.runs.trial import Trial
from nao.spaces import Space
from nao.strategies import Pool

_NAME = "warm_start.json"


def pool(
    path: str | os.PathLike, run: RunDirectory, space: Space, goals: Goals
) -> Pool:
    """Returns the trials of an earlier run as they were when this one began.

    Raises:
        ValueError: If there is no earlier run, it has no trials, or it is of another
            space or direction.
    """
    # The earlier run may have gone on since, and this one must not change with it.
    kept = run.read_json(_NAME, shapes.WarmStart)
    if kept is None:
        found = reader.read_trials(path, space, goals.objective)
        trials = [trial for trial in found if trial.is_full]
        if not trials:
            raise ValueError(
                f"Nothing to start from: {path} has no trials of the full budget."
                if found
                else f"Nothing to start from: {path} has no trials."
            )
        values = answers.values(trials, goals)
        _check_columns(path, trials, values, goals)
        # As text, which keeps its meaning where a space numbers its tokens anew.
        kept = {
            "architectures": [space.format(trial.tokens) for trial in trials],
            # Where a trial lacks one of the goals' metrics, it counts as failed.
            "objective": [row[0] if np.isfinite(row).all() else None for row in values],
        }
        if not goals.is_plain:
            kept["values"] = [
                [v if np.isfinite(v) else None for v in row] for row in values
            ]
        run.write_json(_NAME, kept)
    try:
        return _to_pool(kept, space)
    except ValueError as error:
        raise ValueError(f"{run.path / _NAME} is damaged: {error}") from None


def _check_columns(
    path: str | os.PathLike, trials: list[Trial], values: np.ndarray, goals: Goals
) -> None:
    """Raises ValueError where trials succeeded, but none has all columns of goals."""
    succeeded = values[[trial.value is not None for trial in trials]]
    if not len(succeeded) or np.isfinite(succeeded).all(-1).any():
        return
    lacks = ~np.isfinite(succeeded).any(0)
    names = [c.name for c, is_so in zip(goals.columns, lacks, strict=True) if is_so]
    raise ValueError(
        f"Nothing to start from: no trial of {path} has "
        f"{', '.join(names) or 'all objectives and bounded metrics'}."
    )


def _to_pool(kept: Mapping[str, Any], space: Space) -> Pool:
    """Returns what `warm_start.json` holds, read as architectures of a space."""
    texts, objective = kept["architectures"], kept["objective"]
    if len(texts) != len(objective):
        raise ValueError(
            f"it must have as many objectives as architectures, got {len(objective)} "
            f"and {len(texts)}."
        )
    tokens = np.stack([space.parse(text) for text in texts])
    # None becomes NaN.
    values = kept.get("values")
    values = None if values is None else np.array(values, np.float64)
    return Pool(tokens, np.array(objective, np.float64), values=values)

"""Finished searches as trajectories: what counts under bounds."""

import numpy as np
import pytest

from nao import strategies
from nao.benchmark import searches
from nao.evaluators import Constraint, FunctionEvaluator, Goals, Objective
from tests.searching import SPACE, search


def measures(choices):
    return {"score": sum(choices.values()), "size": 3 * choices["slot0"]}


def searched(folder, seed=0, **bound):
    evaluator = FunctionEvaluator(SPACE, measures, Objective("score"))
    bounds = [Constraint("size", **bound)] if bound else []
    goals = Goals.of(evaluator, constraints=bounds)
    return search(
        folder, 8, evaluator, strategies.RandomSearch(SPACE, goals=goals), seed=seed
    )


def test_what_breaks_a_bound_is_no_measure_of_a_search(tmp_path):
    """It was: searches were compared by values that none may answer with."""
    result = searched(tmp_path / "a", at_most=3)
    _, (found,) = searches.read_searches([tmp_path / "a"])
    assert np.nanmax(found.objective) == result.best.value
    assert max(trial.value for trial in result.trials) > result.best.value
    searched(tmp_path / "b", seed=1)
    with pytest.raises(ValueError, match=r"same bounds .* 'size at most 3' in .* ''"):
        searches.read_searches([tmp_path / "a", tmp_path / "b"])


def test_searches_that_found_nothing_within_their_bounds_are_refused(tmp_path):
    for seed in range(2):
        searched(tmp_path / f"{seed}", seed, at_least=100)
    with pytest.raises(ValueError, match="must have found something to be compared"):
        searches.read_searches([tmp_path / "0", tmp_path / "1"])

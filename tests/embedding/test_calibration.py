import csv
import gzip
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import launch
import nao
from nao.controller import targets
from nao.embedding import calibration
from nao.embedding.calibration import Calibration
from tests.embedding.conftest import SPACE, TINY

TABLE = (
    pathlib.Path(launch.__file__).parents[1] / "shared/data/nasbench201/cifar10.csv.gz"
)
SCALE = targets.scale(np.arange(50.0), "rank")
DEVIATIONS = 1.2815515655446004  # of a normal distribution: 80 % lie within


def test_predictions_that_spread_too_far_are_drawn_together():
    """Targets are 0.8 of what was predicted and 0.1 above: the prior is one row."""
    predicted = np.linspace(-1.2, 1.2, 2001)
    found = calibration.fit(predicted, 0.8 * predicted + 0.1, SCALE)
    np.testing.assert_allclose([found.shift, found.slope], [0.1, 0.8], atol=1e-3)
    np.testing.assert_allclose(found.invert(found.apply(0.3, SCALE), SCALE), 0.3)


def test_an_interval_holds_the_share_of_rows_that_it_names(rng):
    predicted = rng.uniform(-0.5, 0.5, 4000)
    target = predicted + 0.2 * SCALE.error_share(predicted) * rng.normal(size=4000)
    found = calibration.fit(predicted, target, SCALE)
    np.testing.assert_allclose(found.width, 0.2, rtol=0.05)
    place = found.apply(predicted, SCALE)
    std = found.std(place, np.zeros(4000), SCALE)
    held = np.abs(target - place) <= DEVIATIONS * std
    np.testing.assert_allclose(held.mean(), 0.8, atol=1e-3)


@given(
    rows=st.lists(st.tuples(st.floats(-3, 3), st.floats(-1, 1)), max_size=12),
    rule=st.sampled_from(["min_max", "z_score", "rank"]),
)
def test_any_rows_make_a_calibration(rows, rule):
    """Order is kept, and errors are never forgotten."""
    scale = targets.scale(np.arange(50.0), rule)
    predicted, target = np.array(rows).reshape(-1, 2).T
    found = calibration.fit(predicted, target, scale)
    assert found.slope > 0
    assert np.isfinite(found).all()
    off = np.abs(found.apply(predicted, scale) - target)
    assert (found.width > 0) == bool((off > 0).any())


def test_without_rows_predictions_stand_as_they_are():
    assert calibration.fit(np.zeros(0), np.zeros(0), SCALE) == Calibration()


def test_what_lies_beyond_the_best_is_not_sure(embedding, everything):
    """The top was predicted at the largest value measured, plus or minus 0.0."""
    assert (embedding.objectives.errors > 0).all()
    far = embedding.ascend(everything[:10], steps=30, step_size=0.3).points[-1]
    for name in ("score", "cost"):
        for where in (everything, far):
            assert (embedding.predict(where, name).std > 0).all()


def test_values_that_all_tie_are_predicted(everything):
    """No rank tells how far another value would be; nothing is divided by zero."""
    tied = nao.Embedding.fit(SPACE, everything[:10], np.full(10, 91.6), config=TINY)
    mean, std = tied.predict(everything)
    np.testing.assert_array_equal(mean, 91.6)
    assert np.isfinite(std).all()


@pytest.mark.slow
def test_a_search_knows_its_errors_from_what_it_predicted(tmp_path):
    """It holds nothing out, so its own predictions were taken for exact."""
    config = nao.strategies.NAOConfig(
        num_seed_archs=8, round_size=6, num_random_starts=4, controller=TINY
    )
    evaluator = nao.evaluators.FunctionEvaluator(
        SPACE, lambda choices: sum(choice == "b" for choice in choices.values())
    )
    strategy = nao.strategies.NAO(SPACE, config)
    # With 14 trials 6 were predicted, which is too few: the last fit's own pool counts.
    for num_trials in (14, 26):
        found = nao.search(
            strategy,
            evaluator,
            num_trials=num_trials,
            workdir=tmp_path,
            progress=False,
            report=False,
        )
        asked = nao.Embedding.from_workdir(tmp_path)
        assert asked.objectives.errors[0] > 0
        assert (asked.predict(asked.tokens).std > 0).all()
    # By hand: the targets of each round, by the scale of what was known before it.
    true, predicted = [], []
    for trial in found.trials[8:]:
        start = 8 + 6 * (trial.round - 1)
        known = targets.scale([t.value for t in found.trials[:start]], "rank")
        true.append(np.clip(known.to_targets(trial.value), -1, 1))
        predicted.append(trial.predicted)
    expected = np.sqrt(np.mean(np.square(np.subtract(predicted, true))))
    np.testing.assert_allclose(asked.objectives.errors[0], expected)


@pytest.mark.slow
@pytest.mark.skipif(not TABLE.exists(), reason=f"needs the table {TABLE}")
def test_intervals_hold_their_share_of_the_best_predicted_cells():
    """70 to 90 % of the 100 best-predicted unseen cells, over 5 fits to 150 cells.

    It was 1 %. Of 15 fits, the mean of each five was 77, 82 and 84 %; single fits have
    a standard deviation of 14 %.
    """
    space = nao.spaces.NASBench201()
    with gzip.open(TABLE, "rt") as file:
        rows = list(csv.DictReader(file))
    tokens = np.stack([space.parse(row["arch_str"]) for row in rows])
    values = np.array([float(row["val200"]) for row in rows])
    shares = []
    for seed in range(5):
        chosen = np.random.default_rng(seed).choice(len(rows), 150, replace=False)
        fitted = nao.Embedding.fit(space, tokens[chosen], values[chosen], seed=seed)
        mean, std = fitted.predict(tokens)
        unseen = np.setdiff1d(np.arange(len(rows)), chosen)
        best = unseen[np.argsort(-mean[unseen], kind="stable")[:100]]
        held = np.abs(mean - values)[best] <= DEVIATIONS * std[best]
        shares.append(held.mean())
        assert (std > 0).all()
    assert 0.7 <= np.mean(shares) <= 0.9, shares

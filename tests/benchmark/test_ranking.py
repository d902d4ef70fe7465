"""What is said of a ranking: its numbers, its table, what is wrong with it."""

import dataclasses
import json

import numpy as np
import pytest

from nao.benchmark import Ranking, Scores
from nao.evaluators import Evaluation, Objective

FAILED = Evaluation(None, reason="it diverged")


def _measured(*values):
    return [FAILED if value is None else Evaluation(value) for value in values]


def _scores(name, *values):
    return Scores(name, _measured(*values), 2.0)


RANKING = Ranking(
    "toy",
    ["a", "b", "c"],
    np.array([10.0, 20.0, 15.0]),
    Objective("val200", unit="%"),
    "val200 (%) on a table",
    _measured(90.0, 92.0, 94.0),
    Objective("val_loss", maximize=False),
    "shared weights",
    [_scores("seed 0", 3.0, 2.0, 1.0), _scores("seed 1", 2.0, 3.0, 1.0)],
)


def _changed(**changes):
    return dataclasses.replace(RANKING, **changes)


def _text(**changes):
    found = _changed(**changes)
    json.dumps(found.to_json(), allow_nan=False)
    return found.to_markdown()


def test_means_and_spreads_over_seeds():
    """A loss: less is better. Seed 0 orders all three pairs, seed 1 two of them: tau 1
    and 1/3, whose mean is 2/3 and deviation 2/3 / sqrt(2)."""
    mean, deviation = RANKING.spread("kendall_tau")
    assert mean == pytest.approx(2 / 3)
    assert deviation == pytest.approx(2 / 3 / np.sqrt(2))
    assert RANKING.spread("regret") == (0, 0)
    # Parameters: (1, 2) is swapped, and the second is the largest.
    assert RANKING.of_parameters.kendall_tau == pytest.approx(1 / 3)
    assert RANKING.of_parameters.regret == 2
    text = RANKING.to_markdown()
    assert "| Kendall's tau-b | 0.667 ± 0.471 | 0.333 |\n" in text
    assert "| regret of the first by score (%) | 0.000 ± 0.000 | 2.000 |\n" in text
    assert "| true rank of the first by score, of 3 | 1.0 ± 0.0 | 2.0 |\n" in text
    assert "| tau-b among the best 10 % | - | - |\n" in text
    assert text.endswith("of parameters does in 1 of 2 runs.\n")


def test_all_numbers_are_in_the_json():
    found = RANKING.to_json()
    assert found["shared"]["kendall_tau"]["mean"] == pytest.approx(2 / 3)
    assert found["num_parameters"]["kendall_tau_best"] is None
    assert [run["measures"]["rank"] for run in found["runs"]] == [1, 1]
    row = {"architecture": "b", "true": 92.0, "num_parameters": 20.0}
    assert found["architectures"][1] == row | {"scores": [2.0, 3.0]}


def test_what_failed_is_left_out_and_said():
    text = _text(true=_measured(90.0, None, 94.0))
    assert "1 architecture has no true value: it diverged." in text
    assert "of 2 |" in text
    failed = _scores("seed 1", None, None, None)
    text = _text(scores=[RANKING.scores[0], failed])
    assert "3 architectures have no score of seed 1: it diverged." in text
    assert "| Kendall's tau-b | 1.000 | 0.333 |\n" in text
    assert "in 1 of 1 run." in text


def test_what_orders_nothing_is_said():
    text = _text(scores=[_scores("seed 0", 0.5, 0.5, 0.5)])
    assert "Every score of seed 0 is 0.5: they order nothing" in text
    assert "| Kendall's tau-b | - | 0.333 |\n" in text
    assert "better than the number" not in text
    text = _text(true=_measured(7.0, 7.0, 7.0))
    assert "Every true value is 7: they order nothing" in text
    text = _text(num_parameters=np.full(3, 8.0))
    assert "Every number of parameters is 8: they order nothing" in text


def test_nothing_to_compare_is_one_line():
    RANKING.check()
    found = _changed(true=_measured(None, 92.0, None))
    with pytest.raises(ValueError, match="of 2 architectures, got 1 of 3: it diverged"):
        found.check()
    found = _changed(scores=[_scores("seed 0", None, None, 1.0)])
    with pytest.raises(ValueError, match=r"No shared weights score 2 .* it diverged"):
        found.check()
    # Each has one, but never of the same architecture.
    found = _changed(
        true=_measured(1.0, 2.0, None), scores=[_scores("seed 0", 1.0, None, 2.0)]
    )
    with pytest.raises(ValueError, match="No shared weights score 2"):
        found.check()

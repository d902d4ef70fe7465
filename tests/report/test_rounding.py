"""How many digits values of the objective are written with."""

import types

import pytest

from nao.evaluators import Objective
from nao.report import rounding
from tests.report.trials import make_trials


def run_of(values, num_examples=None):
    record = types.SimpleNamespace(
        num_examples={} if num_examples is None else {"score": num_examples}
    )
    return types.SimpleNamespace(
        trials=make_trials(values), record=record, objective=Objective("score")
    )


@pytest.mark.parametrize(
    ("values", "num_examples", "shown"),
    [
        ([0.96094, 0.9592, None], None, "0.95920"),  # not 0.9592, below 0.96094
        ([0.5, 0.75], None, "0.96"),
        ([0.96094, 0.9592], 100, "0.96"),  # a hundred can tell no more
        ([1e12, 0.5], None, "0.9592"),
    ],
)
def test_values_of_a_column_have_equally_many_decimals(values, num_examples, shown):
    """What choices measured stood there as 0.96094 above 0.9592."""
    places = rounding.places(run_of(values, num_examples))
    assert rounding.to_places(0.9592, places) == shown

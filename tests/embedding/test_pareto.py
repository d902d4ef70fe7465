import numpy as np
import pytest


def test_a_front_trades_one_objective_for_the_other(embedding):
    front = embedding.pareto(num_directions=3, confidence=0.0)
    assert (front.layers == 0).all() and len(front.tokens) >= 2
    mean = {name: found.mean for name, found in front.predicted.items()}
    # From the best score to the lowest cost: both fall.
    assert (np.diff(mean["score"]) <= 1e-6).all()
    assert (np.diff(mean["cost"]) <= 1e-6).all()
    more = embedding.pareto(num_directions=3, confidence=0.0, layers=2)
    assert len(more.tokens) > len(front.tokens)
    with pytest.raises(ValueError, match="two or more distinct objectives"):
        embedding.pareto(["cost"])

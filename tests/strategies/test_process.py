import numpy as np
import pytest

from nao.strategies import expectation, process


def one_hot(tokens):
    return np.eye(3)[tokens].reshape(len(tokens), -1)


def test_a_sum_over_slots_is_predicted_without_noise():
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 3, (200, 5))
    values = tokens @ np.array([1.0, -1.0, 0.5, 2.0, 0.0])
    fitted = process.fit(one_hot(tokens[:100]), values[:100])
    mean, deviation = fitted.predict(one_hot(tokens))
    assert mean[:100] == pytest.approx(values[:100], abs=0.05)
    assert np.corrcoef(mean[100:], values[100:])[0, 1] > 0.99
    assert np.abs(mean - values)[100:].max() < 6 * np.median(deviation[100:])


def test_deviations_are_those_of_what_was_drawn_from_a_process():
    """The median of |error| / deviation is 0.67 for normal errors of that deviation."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 3, (300, 5))
    differences = (tokens[:, None] != tokens[None]).sum(-1)
    signal = rng.multivariate_normal(np.zeros(300), 0.7**differences)
    noisy = signal + rng.normal(size=300) * np.sqrt(0.1)
    fitted = process.fit(one_hot(tokens[:150]), noisy[:150])
    mean, deviation = fitted.predict(one_hot(tokens[150:]))
    errors = np.abs(mean - noisy[150:]) / deviation  # deviations include the noise
    assert 0.5 < np.median(errors) < 0.9
    assert fitted.noise == pytest.approx(np.sqrt(0.1), rel=0.3)
    # Without the noise, they are those of the signal.
    _, certain = expectation.of_processes(one_hot, tokens[:150], noisy[:150])(tokens)
    assert 0.5 < np.median(np.abs(mean - signal[150:]) / certain[150:, 0]) < 0.9


def test_ties_and_single_rows_have_numbers():
    for num in (1, 4):
        features = np.arange(3.0 * num).reshape(num, 3)
        fitted = process.fit(features, np.zeros(num))
        assert np.isfinite(fitted.predict(features + 1)).all()

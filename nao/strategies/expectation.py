"""What is expected of architectures before they are evaluated.

An expectation maps tokens, int32 [num, length], to the mean and the standard deviation
of what each may be worth, float [num, columns] both, in the unit of the targets; a
column for each objective and bounded metric. The noise of an evaluation is no part of
it.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from nao.strategies import process

Expectation = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def of_processes(
    read_fn: Callable[[np.ndarray], np.ndarray], tokens: np.ndarray, target: np.ndarray
) -> Expectation:
    """Fits a Gaussian process to each column of a pool.

    Args:
        read_fn: Maps tokens to the rows of numbers that processes read.
        tokens: The pool, int32 [num, length].
        target: float [num] or [num, columns].
    """
    seen = read_fn(tokens)
    columns = target.reshape(len(seen), -1).T.astype(np.float64)
    processes = [process.fit(seen, column) for column in columns]
    return functools.partial(_predict, processes, read_fn)


def _predict(
    processes: Sequence[process.Process],
    read_fn: Callable[[np.ndarray], np.ndarray],
    tokens: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    if not len(tokens):  # which scikit-learn refuses
        return (np.zeros((0, len(processes))),) * 2
    features = read_fn(tokens)
    mean, deviation = zip(*(p.predict(features) for p in processes), strict=True)
    variance = np.stack(deviation, -1) ** 2 - [p.noise**2 for p in processes]
    return np.stack(mean, -1), np.sqrt(np.maximum(variance, 0))


def of_members(predict_fn: Callable[[np.ndarray], np.ndarray]) -> Expectation:
    """Takes an ensemble at its members' mean, and as sure as these agree.

    Args:
        predict_fn: Maps tokens to predictions, [members, num] or
            [members, num, columns].
    """

    def expect(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        predicted = predict_fn(tokens)
        predicted = predicted.reshape(*predicted.shape[:2], -1)
        return predicted.mean(0), predicted.std(0)

    return expect

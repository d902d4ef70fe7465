"""Finished runs of two strategies, small enough to be compared by hand."""

import numpy as np

from nao.benchmark import Trajectory


def make_run(strategy, seed, objective, test=None, budget=None, costs=None):
    num = len(objective)
    return Trajectory(
        strategy=strategy,
        seed=seed,
        objective=np.array(objective, np.float64),
        test=np.full(num, np.nan) if test is None else np.array(test, np.float64),
        seconds=np.arange(1.0, num + 1),
        compile_seconds=np.ones(num),
        peak_rss_mib=100.0,
        architectures=[str(i) for i in range(num)],
        budget=budget or num,
        costs=np.ones(num) if costs is None else np.array(costs),
    )


RUNS = [
    make_run("nao", 0, [1, 3], [10, 30], budget=4),  # stopped at the best, 3
    make_run("nao", 1, [np.nan, 1, 2, 3], [np.nan, 10, 20, 30]),
    make_run("random", 0, [0, 1, 1, 2], [0, 10, 10, 20]),
]

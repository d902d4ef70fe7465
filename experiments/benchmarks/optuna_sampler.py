"""Compares NAOSampler with Optuna's TPE and random samplers at equal budgets.

    python experiments/benchmarks/optuna_sampler.py
    python experiments/benchmarks/optuna_sampler.py --table=cifar10.csv.gz

Every run is a plain Optuna study over categorical parameters. Without a table they are
8 parameters of 4 choices, whose value is a sum of random effects of each and of each
pair, others for every seed. With one they are the 6 edges of NAS-Bench-201 (columns
`arch_str` and `val200`). Regrets, what the best there is has over the best so far, are
means and standard deviations over seeds: in standard deviations of all combinations, or
in the table's percent. Trials count, repeated ones as well.
"""

import argparse
import pathlib
import sys
import time
import warnings
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import numpy as np
import optuna

from nao import spaces
from nao.evaluators import TableConfig, table
from nao.integrations.optuna import NAOSampler
from nao.system import compiling

SAMPLERS = {
    "nao": lambda seed: NAOSampler(seed=seed),
    # Which of the two is the default depends on the version of Optuna.
    "tpe_univariate": lambda seed: optuna.samplers.TPESampler(
        seed=seed, multivariate=False
    ),
    "tpe_multivariate": lambda seed: optuna.samplers.TPESampler(
        seed=seed, multivariate=True
    ),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}


class Problem(NamedTuple):
    """What is searched: choices by parameter, and the value of each combination."""

    choices: dict[str, tuple[str, ...]]
    values: np.ndarray  # float64, an axis for each parameter


def synthetic(seed: int, num: int = 8, size: int = 4) -> Problem:
    """Draws effects of parameters and of pairs, as large in all as those of one."""
    rng = np.random.default_rng(seed)
    values = np.zeros((size,) * num)
    for i in range(num):
        shape = [size if axis == i else 1 for axis in range(num)]
        values = values + rng.normal(size=shape)
        for j in range(i):
            shape = [size if axis in (i, j) else 1 for axis in range(num)]
            values = values + rng.normal(size=shape) / np.sqrt((num - 1) / 2)
    choices = tuple(str(choice) for choice in range(size))
    values = (values - values.mean()) / values.std()
    return Problem({f"p{i}": choices for i in range(num)}, values)


def nasbench201(path: str) -> Problem:
    """Reads the validation accuracies of all cells."""
    config = TableConfig(path, architecture="arch_str", objective="val200")
    space = spaces.NASBench201()
    evaluator = table.load(config, space)
    tokens = np.concatenate(list(space.enumerate()))
    found = evaluator.evaluate(tokens, np.zeros(len(tokens)))
    values = np.array([evaluation.value for evaluation in found])
    choices = {slot.name: slot.choices for slot in space.slots}
    return Problem(choices, values.reshape([len(c) for c in choices.values()]))


def run(
    problem: Problem, sampler: optuna.samplers.BaseSampler, num_trials: int
) -> tuple[np.ndarray, float]:
    """Returns the regret after each trial, [num_trials], and seconds a trial."""

    def objective(trial: optuna.Trial) -> float:
        place = [
            choices.index(trial.suggest_categorical(name, choices))
            for name, choices in problem.choices.items()
        ]
        return float(problem.values[tuple(place)])

    start = time.perf_counter()
    study = optuna.create_study(sampler=sampler, direction="maximize")
    study.optimize(objective, n_trials=num_trials)
    seconds = (time.perf_counter() - start) / num_trials
    values = np.array([trial.value for trial in study.trials])
    return problem.values.max() - np.maximum.accumulate(values), seconds


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", help="NAS-Bench-201, CSV or gzip")
    parser.add_argument("--num_trials", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--samplers", nargs="+", default=list(SAMPLERS))
    args = parser.parse_args()
    compiling.use_compile_cache()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    fixed = nasbench201(args.table) if args.table else None
    budgets = [n for n in (25, 50, 100, 150, 300) if n <= args.num_trials]
    print("sampler | seeds |", *(f"regret at {n} |" for n in budgets), end=" ")
    print("best found | s / trial")
    for name in args.samplers:
        regrets, seconds = [], []
        for seed in range(args.seeds):
            problem = synthetic(seed) if fixed is None else fixed
            regret, each = run(problem, SAMPLERS[name](seed), args.num_trials)
            regrets.append(regret)
            seconds.append(each)
        at = np.array(regrets)[:, [n - 1 for n in budgets]]
        spread = zip(at.mean(0), at.std(0, ddof=1), strict=True)
        found = (np.array(regrets)[:, -1] <= 0).sum()
        cells = [name, str(args.seeds), *(f"{m:.3f} ± {s:.3f}" for m, s in spread)]
        # The median leaves out what the first run spends on compiling.
        cells += [f"{found} of {args.seeds}", f"{np.median(seconds):.3f}"]
        print(" | ".join(cells), flush=True)


if __name__ == "__main__":
    main()

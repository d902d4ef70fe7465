"""Compares finished searches: mean and spread over seeds, strategy by strategy.

python experiments/benchmarks/compare_runs.py runs/*
"""

import argparse
import collections
import json
import pathlib

import numpy as np


def main():
    """Prints a row per strategy and budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdirs", nargs="+", type=pathlib.Path)
    groups = collections.defaultdict(list)
    for workdir in parser.parse_args().workdirs:
        if not (workdir / "summary.json").is_file():
            parser.error(f"{workdir} holds no summary.json of a search")
        summary = json.loads((workdir / "summary.json").read_text())
        key = (summary["strategy"], summary["num_trials"], summary["objective"]["name"])
        groups[key].append(summary)
    print("strategy | trials | seeds | best, mean ± sd | test, mean ± sd | seconds")
    print("--- | --- | --- | --- | --- | ---")
    for (strategy, num_trials, name), runs in sorted(groups.items()):
        best = [run["best"]["objective"] for run in runs]
        # The objective's counterpart comes first among the test numbers.
        test = [
            next(iter((run["best"]["test"] or {"": np.nan}).values())) for run in runs
        ]
        seconds = np.mean([run["seconds"]["total"] for run in runs])
        print(
            f"{strategy} | {num_trials} | {len(runs)} | {name} {_spread(best)} | "
            f"{_spread(test)} | {seconds:.0f}"
        )


def _spread(values: list[float]) -> str:
    deviation = np.std(values, ddof=1) if len(values) > 1 else np.nan
    return f"{np.mean(values):.4f} ± {deviation:.4f}"


if __name__ == "__main__":
    main()

"""Writes the trials of a search as a table that others can search.

    python experiments/benchmarks/table_of_run.py runs/random table.csv.gz

The table has the columns `architecture` and the objective's name; failed trials are
left out. A run of random search makes a benchmark of one's own:

    python launch.py --config.strategy=random --config.num_trials=300 \
        --config.space.num_nodes=3 --workdir=runs/random
    python launch.py --mode=benchmark --config=nasbench201 --workdir=runs/compared \
        --config.space.name=conv_cell --config.space.num_nodes=3 \
        --config.table.path=table.csv.gz --config.table.architecture=architecture \
        --config.table.objective=val_accuracy --config.table.test= \
        --config.benchmark.strategies=nao:20:100,evolution:50:300,random:50:300
"""

import argparse
import csv
import gzip
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from nao import runs, spaces


def main():
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", type=pathlib.Path, help="of a finished search")
    parser.add_argument("table", type=pathlib.Path, help="CSV file, .gz to compress it")
    args = parser.parse_args()
    try:
        run = runs.read(args.workdir)
    except ValueError as error:
        parser.error(str(error))
    if run.status != "finished":
        parser.error(f"{args.workdir} holds no finished search")
    if isinstance(run.space, spaces.Subset) or run.config.get("evaluator") == "table":
        parser.error("the search was over a table already")
    opener = gzip.open if args.table.suffix == ".gz" else open
    with opener(args.table, "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["architecture", run.objective.name])
        for trial in run.trials:
            if trial.value is not None:
                writer.writerow([run.space.format(trial.tokens), trial.value])


if __name__ == "__main__":
    main()

"""Logs every trial of a search to MLflow, as soon as it is measured.

    pip install mlflow
    python experiments/examples/track_mlflow.py runs/tracked
    mlflow ui

`on_trial` hears of a trial once it is in the run's ledger, and never twice, so the
same command, which continues a search that was stopped, continues its MLflow run, too.
"""

import argparse
import pathlib
import sys

import mlflow

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import nao

SPACE = nao.spaces.custom({"layers": (1, 2, 3, 4), "units": (16, 32, 64, 128)})
LOSS = nao.evaluators.Objective("loss", maximize=False)


def train(choices) -> float:
    """Stands for a training of yours, lower is better."""
    return abs(choices["layers"] - 3) + abs(choices["units"] - 64) / 32


def log_trial(trial: nao.Trial) -> None:
    """Logs what came of a trial to the MLflow run that is open."""
    numbers = {"seconds": trial.evaluation.seconds, **trial.evaluation.metrics}
    if trial.value is None:
        numbers["failed"] = 1.0
    else:
        numbers[LOSS.name] = trial.value
    mlflow.log_metrics(numbers, step=trial.index)


def start_run(workdir: pathlib.Path):
    """Opens the MLflow run of a search; the one that was begun, where there is one."""
    kept = workdir / "mlflow_run_id.txt"
    if kept.exists():
        return mlflow.start_run(run_id=kept.read_text())
    run = mlflow.start_run(run_name=workdir.name)
    workdir.mkdir(parents=True, exist_ok=True)
    kept.write_text(run.info.run_id)
    return run


def main():
    """Searches, and logs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", type=pathlib.Path, help="folder of the search")
    parser.add_argument("--num_trials", type=int, default=12)
    args = parser.parse_args()
    config = nao.strategies.NAOConfig(num_seed_archs=8, round_size=4)
    with start_run(args.workdir):
        mlflow.log_params({"space": SPACE.name, "strategy": "nao", "seed": 0})
        result = nao.search(
            nao.strategies.NAO(SPACE, config),
            nao.evaluators.FunctionEvaluator(SPACE, train, LOSS),
            num_trials=args.num_trials,
            workdir=args.workdir,
            on_trial=log_trial,
        )
        mlflow.set_tag("best", SPACE.format(result.best.tokens))
        mlflow.log_artifact(str(args.workdir / "report.html"))
    print(result)


if __name__ == "__main__":
    main()

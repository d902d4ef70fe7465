"""Logs every trial of a search to Weights & Biases, as soon as it is measured.

    pip install wandb
    python experiments/examples/track_wandb.py runs/tracked

`on_trial` hears of a trial once it is in the run's ledger, and never twice, so the
same command, which continues a search that was stopped, continues its run there, too.
"""

import argparse
import functools
import pathlib
import sys

import wandb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import nao

SPACE = nao.spaces.custom({"layers": (1, 2, 3, 4), "units": (16, 32, 64, 128)})
LOSS = nao.evaluators.Objective("loss", maximize=False)


def train(choices) -> float:
    """Stands for a training of yours, lower is better."""
    return abs(choices["layers"] - 3) + abs(choices["units"] - 64) / 32


def log_trial(run: wandb.Run, trial: nao.Trial) -> None:
    """Logs what came of a trial."""
    numbers = {"seconds": trial.evaluation.seconds, **trial.evaluation.metrics}
    if trial.value is None:
        numbers["failed"] = 1.0
    else:
        numbers[LOSS.name] = trial.value
    run.log(numbers | {"architecture": SPACE.format(trial.tokens)}, step=trial.index)


def main():
    """Searches, and logs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", type=pathlib.Path, help="folder of the search")
    parser.add_argument("--num_trials", type=int, default=12)
    parser.add_argument("--project", default="nao")
    args = parser.parse_args()
    config = nao.strategies.NAOConfig(num_seed_archs=8, round_size=4)
    # By the folder's name, so the command that continues a search continues the run.
    with wandb.init(
        project=args.project,
        id=args.workdir.name,
        resume="allow",
        config={"space": SPACE.name, "strategy": "nao", "seed": 0},
    ) as run:
        result = nao.search(
            nao.strategies.NAO(SPACE, config),
            nao.evaluators.FunctionEvaluator(SPACE, train, LOSS),
            num_trials=args.num_trials,
            workdir=args.workdir,
            on_trial=functools.partial(log_trial, run),
        )
        run.summary["best"] = SPACE.format(result.best.tokens)
    print(result)


if __name__ == "__main__":
    main()

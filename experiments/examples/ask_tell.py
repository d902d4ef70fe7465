"""Searches with evaluations that happen elsewhere, one batch of jobs a call.

    python experiments/examples/ask_tell.py search.json
    python experiments/examples/ask_tell.py search.json
    ...

Every call reads the search from the file, asks for what a cluster has room for, writes
the search back, trains, tells what came of it, and writes again. Kill it whenever you
like: what was asked for and not told is pending, and the next call begins with it.

`train` stands for your own training, in any framework; replace it and the space.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import nao

SPACE = nao.spaces.custom(
    {
        "layers": (1, 2, 3, 4),
        "units": (16, 32, 64, 128),
        "activation": ("relu", "tanh", "gelu"),
        "learning_rate": (0.001, 0.003, 0.01, 0.03),
    }
)


def train(choices: dict[str, nao.spaces.Choice]) -> float | None:
    """Returns a loss, lower is better; None where training failed."""
    layers, units = choices["layers"], choices["units"]
    learning_rate = choices["learning_rate"]
    if learning_rate * layers > 0.1:
        return None  # It diverged.
    loss = abs(layers - 3) + abs(units - 64) / 32 + (choices["activation"] != "gelu")
    return loss + abs(learning_rate - 0.003) / 0.003


def main():
    """Runs one batch of jobs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=pathlib.Path, help="where the search is kept")
    parser.add_argument("--num_jobs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    strategy = nao.strategies.NAO(SPACE)
    if args.path.exists():
        search = nao.AskTell.load(args.path, strategy)
    else:
        search = nao.AskTell(strategy, maximize=False, seed=args.seed)
    jobs = search.pending or search.ask(args.num_jobs)
    search.save(args.path)
    for architecture in jobs:
        tokens = SPACE.parse(architecture)
        value = train(SPACE.to_json(tokens)["slots"])
        search.tell([architecture], [value])
        search.save(args.path)
        print(architecture, "failed" if value is None else f"{value:.3f}")
    if search.best is not None:
        print(f"Best of {len(search.told)}: {search.best.value:.3f}")
        print(search.best.architecture)


if __name__ == "__main__":
    main()

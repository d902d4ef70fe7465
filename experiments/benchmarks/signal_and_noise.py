"""Measures how much of a search's objective is the architecture, and how much noise.

    python experiments/benchmarks/signal_and_noise.py --config=digits
    python experiments/benchmarks/signal_and_noise.py --config=cluttered_digits \\
        --config.child.epochs=9 --output=runs/signal/longer.jsonl

Trains random cells several times each, as children of the search that a config
describes, and prints a row for each number that cells could be compared by:

val_accuracy  share of the validation images after the last epoch: what a search reads
last epochs   mean of that over the last three epochs
two short     mean of that over two trainings of half the epochs; half of all the time,
              so `--no_short` leaves it out
val_loss      on the same images as val_accuracy
train_loss    of the last epoch: reads no validation image at all

The columns are

cost          processor time, in trainings that read val_accuracy
tau           Kendall's tau between two trainings of the same cells
within        standard deviation of a cell's trainings
between       standard deviation between cells, without that noise
reliability   share of one training's variance that is the cell
best of 60    val_accuracy to expect of a new training of the cell that is best of 60
              random ones by one measurement; the last row is a choice without noise

Formulas and their sources are in `nao/evaluators/repeats.py`. A finished child is in
the file of `--output` at once, by default in `runs/signal/`, and the same command goes
on from there, also to more cells or repeats.
"""

import argparse
import functools
import itertools
import json
import math
import pathlib
import sys
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks import config_flags
from nao import fields
from nao.child import ChildTrainer
from nao.child.training import Outcome
from nao.commands import build
from nao.config import Config
from nao.evaluators import repeats
from nao.spaces import Space
from nao.system import compiling
from nao.system.progress import Progress

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ("child", "data", "space")  # of a config: all that a child depends on
FLAGS = (*PARTS, "num_devices")
NUM_LAST = 3  # epochs that "last epochs" is the mean of
NUM_CHOSEN_FROM = 60  # children of the default search
# What cells are compared by, and the sign that makes higher better.
OBJECTIVES = {
    "val_accuracy": 1,
    "last epochs": 1,
    "two short": 1,
    "val_loss": -1,
    "train_loss": -1,
}
COLUMNS = ("", "cost", "tau", "within", "between", "reliability", "best of 60")

Job = tuple[int, int]  # numbers of a cell and of its training


class Trainers(NamedTuple):
    """Who trains children for all epochs of the config, and for half of them."""

    full: ChildTrainer
    short: ChildTrainer | None


class Training(NamedTuple):
    """Children that were trained at once.

    Attributes:
        train_losses: Of each child in its last epoch, NaN where it failed.
        validations: Of each of the last epochs, the outcome of each child.
        train_s: Processor time of the training.
        validate_s: Processor time of a validation.
        clock_s: Time of the training and a validation.
    """

    train_losses: list[float]
    validations: list[list[Outcome]]
    train_s: float
    validate_s: float
    clock_s: float

    def last(self, name: str, num: int = 1) -> np.ndarray:
        """Returns the mean of a metric over the last epochs, float64 [num children]."""
        return np.mean(
            [[_metric(o, name) for o in epoch] for epoch in self.validations[-num:]], 0
        )


def main(words: list[str] | None = None) -> None:
    """Trains what is missing and prints the table."""
    args = _parse(words)
    try:
        config = _config(args)
        path = (
            args.output
            or ROOT / "runs/signal" / f"{pathlib.Path(args.config).stem}.jsonl"
        )
        rows = measure(config, path, args)
        print(describe(config, rows), *table(rows), sep="\n")
    except ValueError as error:
        sys.exit(f"signal_and_noise.py: {error}")


def _parse(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="Fields of the config are set as for launch.py: --config.child.epochs=9",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--cells", type=int, default=50, help="random cells")
    add("--repeats", type=int, default=2, help="trainings of each")
    add("--seed", type=int, default=0, help="of cells and trainings")
    add(
        "--no_short", action="store_true", help="leave out trainings of half the epochs"
    )
    add("--output", type=pathlib.Path, help="file of the trainings")
    config_flags.define(parser, FLAGS, default="cluttered_digits")
    return parser.parse_args(words)


def _config(args: argparse.Namespace) -> Config:
    """Returns the config of the command line."""
    if args.cells < 3 or args.repeats < 2:
        raise ValueError(
            "--cells must be 3 or more and --repeats 2 or more, got "
            f"{args.cells} and {args.repeats}."
        )
    config = config_flags.read(args, FLAGS)
    if config.evaluator != "training":
        raise ValueError(
            f"--config must name a search that trains children, got {args.config!r}."
        )
    return config


def measure(
    config: Config, path: pathlib.Path, args: argparse.Namespace
) -> dict[Job, dict[str, float]]:
    """Trains the children that a file does not have; returns the numbers of all."""
    parts = {name: fields.to_dict(getattr(config, name)) for name in PARTS}
    settings = {"seed": args.seed, "short": not args.no_short, **parts}
    jobs = list(itertools.product(range(args.cells), range(args.repeats)))
    done = read(path, settings)
    if missing := [job for job in jobs if job not in done]:
        _begin(path, settings)
        with Progress(len(jobs), "training", len(jobs) - len(missing)) as bar:
            for row in trained(config, missing, args.seed, not args.no_short):
                with path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                bar.advance(note=f"accuracy {row['val_accuracy']:.3f}")
        done = read(path, settings)
    return {job: done[job] for job in jobs}


def read(path: pathlib.Path, settings: Mapping) -> dict[Job, dict[str, float]]:
    """Returns what is known of each child, nothing where there is no file.

    Raises:
        ValueError: If the file is of other settings.
    """
    if not path.exists():
        return {}
    # The last line of a killed run may be cut off.
    lines = [line for line in path.read_text().splitlines(True) if line.endswith("\n")]
    first, *rows = map(json.loads, lines or ["null"])
    if first is not None and first != settings:
        raise ValueError(f"{path} is of other settings; choose another --output.")
    return {(row["cell"], row["repeat"]): row for row in rows}


def _begin(path: pathlib.Path, settings: Mapping) -> None:
    """Leaves whole lines in the file alone, or begins it with the settings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    path.write_text(whole or json.dumps(settings) + "\n")


def trained(
    config: Config, jobs: list[Job], seed: int, has_short: bool
) -> Iterable[dict[str, float]]:
    """Yields the numbers of each child; as many train at once as there are devices."""
    build.use_devices(config)
    compiling.use_compile_cache()
    halved = {"child.epochs": math.ceil(config.child.epochs / 2), "child.budgets": ()}
    evaluator = build.evaluator(config)
    half = build.evaluator(fields.override(config, halved))
    trainers = Trainers(evaluator.trainer, half.trainer if has_short else None)
    _compile(trainers, evaluator.space)
    at_once = trainers.full.num_children
    for start in range(0, len(jobs), at_once):
        group = jobs[start : start + at_once]
        tokens = np.concatenate([cell(evaluator.space, seed, i) for i, _ in group])
        keys = [child_key(seed, job) for job in group]
        rows = measure_group(trainers, evaluator.space.architecture(tokens), keys)
        for (i, j), row in zip(group, rows, strict=True):
            yield {"cell": i, "repeat": j} | row


def cell(space: Space, seed: int, index: int) -> np.ndarray:
    """Returns a random cell, int32 [1, length]; it does not depend on how many."""
    return space.sample(np.random.default_rng([seed, index]), 1)


def child_key(seed: int, job: Job) -> jax.Array:
    """Returns the randomness of a child; it does not depend on how many there are."""
    return functools.reduce(jax.random.fold_in, job, jax.random.key(seed))


def _compile(trainers: Trainers, space: Space) -> None:
    """Compiles all programs, so that no child's time includes it."""
    archs = space.architecture(cell(space, 0, 0))
    for trainer in filter(None, trainers):
        states, _ = trainer.train(jax.random.split(jax.random.key(0), 1), archs, stop=1)
        trainer.evaluate(states, archs, "val")


def measure_group(
    trainers: Trainers, archs: np.ndarray, keys: list[jax.Array]
) -> list[dict[str, float]]:
    """Trains children at once, fully and twice shortly; returns the numbers of each."""
    own, *others = jax.vmap(lambda key: jax.random.split(key, 3))(jnp.stack(keys)).T
    full = train(trainers.full, archs, own)
    numbers = {
        "val_accuracy": full.last("val_accuracy"),
        "last epochs": full.last("val_accuracy", NUM_LAST),
        "val_loss": full.last("val_loss"),
        "train_loss": np.array(full.train_losses),
    }
    seconds = {
        name: getattr(full, name) for name in ("train_s", "validate_s", "clock_s")
    }
    if trainers.short is not None:
        shorts = [train(trainers.short, archs, key) for key in others]
        of_shorts = [short.last("val_accuracy") for short in shorts]
        numbers["two short"] = np.mean(of_shorts, 0)
        seconds["short_s"] = sum(short.train_s + short.validate_s for short in shorts)
    shares = {name: value / len(archs) for name, value in seconds.items()}
    rows = zip(*numbers.values(), strict=True)
    return [dict(zip(numbers, map(float, row), strict=True)) | shares for row in rows]


def train(trainer: ChildTrainer, archs: np.ndarray, keys: jax.Array) -> Training:
    """Trains children at once and validates them after each of the last epochs."""
    validations, spent = [], []

    def validate(epoch: int, states, _) -> None:
        if epoch >= trainer.config.epochs - NUM_LAST:
            begun = _times()
            validations.append(trainer.evaluate(states, archs, "val"))
            spent.append(_times() - begun)

    begun = _times()
    _, outcomes = trainer.train(keys, archs, validate)
    all_s = _times() - begun
    losses = [_metric(outcome, "train_loss") for outcome in outcomes]
    train_s, validate_s = all_s - np.sum(spent, 0), np.mean(spent, 0)
    return Training(
        losses, validations, train_s[0], validate_s[0], (train_s + validate_s)[1]
    )


def _times() -> np.ndarray:
    """Returns seconds of the processors and of a clock."""
    return np.array([time.process_time(), time.perf_counter()])


def _metric(outcome: Outcome, name: str) -> float:
    return math.nan if outcome.failure else outcome.metrics[name]


def describe(config: Config, rows: Mapping[Job, Mapping[str, float]]) -> str:
    """Says what was trained, and what a child cost."""
    accuracies = _values(rows, "val_accuracy")
    low, middle, high = np.nanquantile(accuracies, (0, 0.5, 1))
    num_failed = np.isnan(accuracies).any(1).sum()
    clock_s = _values(rows, "clock_s").mean()
    cpu_s = sum(_values(rows, f"{name}_s").mean() for name in ("train", "validate"))
    return (
        f"{len(accuracies)} cells on {config.data.name}, {config.child.epochs} epochs, "
        f"{accuracies.shape[1]} times each; {num_failed} left out, as a training "
        f"failed. Accuracies {low:.3f} to {high:.3f}, median {middle:.3f}. A child: "
        f"{cpu_s:.2f} s of processor time, {clock_s:.2f} s of the clock's.\n"
    )


def _values(rows: Mapping[Job, Mapping[str, float]], name: str) -> np.ndarray:
    """Returns a number of all children, float64 [num cells, num repeats]."""
    num_cells, num_repeats = np.max(list(rows), axis=0) + 1
    return np.array([r[name] for r in rows.values()]).reshape(num_cells, num_repeats)


def table(rows: Mapping[Job, Mapping[str, float]]) -> Iterable[str]:
    """Yields the lines of the table; cells with a failed training are left out."""
    there = {name: sign for name, sign in OBJECTIVES.items() if name in rows[0, 0]}
    values = {name: sign * _values(rows, name) for name, sign in there.items()}
    is_whole = np.isfinite(list(values.values())).all((0, 2))
    values = {name: own[is_whole] for name, own in values.items()}
    accuracy, costs = values["val_accuracy"], _costs(rows)
    yield f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|"
    for name, own in values.items():
        found, (tau, error) = repeats.components(own), repeats.agreement(own)
        best = repeats.expected_choice(accuracy, NUM_CHOSEN_FROM, own)
        yield (
            f"| {name} | {costs[name]:.2f} | {tau:.2f} ± {error:.2f} | "
            f"{found.within:.4f} | {found.between:.4f} | {found.reliability:.2f} | "
            f"{best:.3f} |"
        )
    best = repeats.expected_choice(accuracy, NUM_CHOSEN_FROM)
    yield f"| the truth | | | | | | {best:.3f} |"


def _costs(rows: Mapping[Job, Mapping[str, float]]) -> dict[str, float]:
    """Returns what each objective costs, in trainings that read val_accuracy."""
    train_s, validate_s = (
        _values(rows, f"{x}_s").mean() for x in ("train", "validate")
    )
    one = train_s + validate_s
    costs = {
        "val_accuracy": 1.0,
        "last epochs": (train_s + NUM_LAST * validate_s) / one,
        "val_loss": 1.0,
        "train_loss": train_s / one,
    }
    if "short_s" in rows[0, 0]:
        costs["two short"] = _values(rows, "short_s").mean() / one
    return costs


if __name__ == "__main__":
    main()

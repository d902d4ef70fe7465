"""Trains every cell of a small space, for a table that searches can be compared on.

    python experiments/benchmarks/train_table.py experiments/tables/digits_cells.csv

The cells are those of NAS-Bench-201 with three of its five operations on each of the
six edges: 729 sequences, which compute 435 functions. Each function is trained on
handwritten digits for three epochs by three seeds; a row of the table holds the
operation of every edge and the means over the seeds of both accuracies, fractions.

What is trained is kept in `runs/children/`, a file of the table's name, and the same
command goes on from there. Takes about a quarter of an hour on 2 CPU cores.
"""

import argparse
import csv
import itertools
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np
import tqdm

import nao
from nao.system import compiling, hosts

OPERATIONS = ("skip_connect", "nor_conv_3x3", "avg_pool_3x3")
MEASURES = ("val_accuracy", "test_accuracy")
NUM_SEEDS = 3
CHILD = nao.ChildConfig(channels=4, epochs=3)
SPACE = nao.spaces.NASBench201()

Job = tuple[str, int]  # a cell in the benchmark's notation, and a seed


def main():
    """Trains what is missing and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=pathlib.Path, help="CSV file to write")
    path = parser.parse_args().table
    cells = all_cells()
    functions = dict.fromkeys(map(SPACE.format, SPACE.canonical(cells)))
    jobs = list(itertools.product(functions, range(NUM_SEEDS)))
    children = pathlib.Path("runs/children") / path.name
    children.parent.mkdir(parents=True, exist_ok=True)
    done = read(children)
    hosts.use_cpu_devices(0)
    compiling.use_compile_cache()
    train([job for job in jobs if job not in done], children)
    write_table(path, cells, read(children))


def all_cells() -> np.ndarray:
    """Returns the tokens of all sequences of `OPERATIONS`, int32 [729, 6]."""
    names = [slot.name for slot in SPACE.slots]
    return np.array(
        [
            SPACE.from_choices(dict(zip(names, choices, strict=True)))
            for choices in itertools.product(OPERATIONS, repeat=len(names))
        ]
    )


def read(children: pathlib.Path) -> dict[Job, list[float]]:
    """Returns the accuracies of the children that are trained, none without a file."""
    if not children.exists():
        return {}
    with children.open(newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 2 + len(MEASURES)]
    return {(cell, int(seed)): list(map(float, rest)) for cell, seed, *rest in rows}


def train(jobs: list[Job], children: pathlib.Path) -> None:
    """Trains a child for each job, one a device at once; each group is kept."""
    evaluator = nao.evaluators.TrainingEvaluator(
        SPACE, nao.data.load("digits"), CHILD, devices=jax.devices()
    )
    at_once = evaluator.trainer.num_children
    for start in tqdm.trange(0, len(jobs), at_once, disable=None):
        group = jobs[start : start + at_once]
        measured = measure(evaluator.trainer, group)
        with children.open("a", newline="") as file:
            rows = zip(group, measured, strict=True)
            csv.writer(file).writerows([*job, *row] for job, row in rows)


def measure(trainer, jobs: list[Job]) -> list[list[float]]:
    """Trains children at once; returns the validation and test accuracy of each."""
    tokens = np.array([SPACE.parse(cell) for cell, _ in jobs])
    archs = SPACE.architecture(tokens)
    keys = [child_key(tokens[i], seed) for i, (_, seed) in enumerate(jobs)]
    states, _ = trainer.train(jax.numpy.stack(keys), archs)
    parts = [trainer.evaluate(states, archs, part) for part in ("val", "test")]
    return [
        [outcome.metrics[name] for outcome, name in zip(child, MEASURES, strict=True)]
        for child in zip(*parts, strict=True)
    ]


def child_key(tokens: np.ndarray, seed: int) -> jax.Array:
    """Returns the randomness of a child: of its seed and its cell alone."""
    choices = SPACE.to_indices(tokens[None])[0]
    number = np.ravel_multi_index(choices, [len(slot.choices) for slot in SPACE.slots])
    return jax.random.fold_in(jax.random.key(seed), number)


def write_table(path: pathlib.Path, cells: np.ndarray, children) -> None:
    """Writes a row for every sequence; sequences of one function share its means."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(slot.name for slot in SPACE.slots), *MEASURES])
        for tokens, function in zip(cells, SPACE.canonical(cells), strict=True):
            of_seeds = [children[SPACE.format(function), s] for s in range(NUM_SEEDS)]
            means = map(statistics.fmean, zip(*of_seeds, strict=True))
            writer.writerow([*SPACE.choices(tokens), *(f"{m:.5f}" for m in means)])


if __name__ == "__main__":
    main()

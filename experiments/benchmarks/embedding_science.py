"""Asks whether an embedding means something: reconstruction, ascent, bounds, fronts.

    python experiments/benchmarks/embedding_science.py cifar10.csv.gz

- `decode`: share of unseen random architectures that decode to themselves (to the
  representative of their function), for each built-in space, after the default fit to
  200 of them with random values. Needs no table.
- `ascend`: fitted to 200 random cells of NAS-Bench-201; from unseen cells of the
  table's lower half, how often the best cell of an ascent differs from its start, and
  how often it is truly higher, beside a random change of one slot.
- `bound`: 20 cells proposed under the lower quartile of `train_seconds200`, which is
  learned from the same 200 cells. It depends on the sequence, not on the function
  alone, so this fit reads no canonical forms.
- `front`: hypervolume of accuracy and parameters after 150 distinct cells, as a share
  of what the whole table has, above the table's worst values; `search_front`, which
  knows a cell's parameters or learns them, against random search and Optuna's
  NSGA-II, whose repeated cells cost nothing.

Minutes a seed on two cores.
"""

import argparse
import csv
import gzip
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import numpy as np
import optuna

from nao import embedding, evaluators, spaces
from nao.controller import fronts
from nao.system import compiling

SPACE = spaces.NASBench201()
FRONT = ("val200", "params_mb")
SIGNS = np.array([1, -1])


class Table:
    """The benchmark's columns by tokens."""

    def __init__(self, path: str):
        """Reads the table, CSV or gzip."""
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rt") as file:
            rows = list(csv.DictReader(file))
        self.tokens = np.stack([SPACE.parse(row["arch_str"]) for row in rows])
        self.rows = {key: i for i, key in enumerate(SPACE.keys(self.tokens))}
        names = ("val200", "train_seconds200", "params_mb")
        self.columns = {n: np.array([float(row[n]) for row in rows]) for n in names}

    def __call__(self, tokens: np.ndarray, *names: str) -> dict[str, np.ndarray]:
        """Returns columns of architectures [num, length]."""
        rows = [self.rows[key] for key in SPACE.keys(tokens)]
        return {name: self.columns[name][rows] for name in names}


def decode(seed: int) -> None:
    """Prints the share of exact reconstructions in each space."""
    for space in (
        *(spaces.ConvCell(name) for name in spaces.OPERATION_SETS),
        SPACE,
    ):
        rng = np.random.default_rng(seed)
        known = space.sample(rng, 200)
        fitted = embedding.Embedding.fit(space, known, rng.random(200), seed=seed)
        seen = set(space.keys(space.canonical(known)))
        unseen = space.sample(rng, 2000)
        keys = space.keys(space.canonical(unseen))
        unseen = unseen[[key not in seen for key in keys]]
        exact = fitted.reconstruction(unseen).mean()
        name = f"{space.name} {len(space.vocabulary)} tokens"
        print(f"{seed} | decode {name} | {exact:.4f} of {len(unseen)}", flush=True)


def _split(
    table: Table, seed: int
) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    known, unseen = np.split(rng.permutation(len(table.tokens)), [200])
    return table.tokens[known], table.tokens[unseen], rng


def fit(table: Table, seed: int, canonical: bool) -> embedding.Embedding:
    """Returns an embedding of 200 random cells."""
    known = _split(table, seed)[0]
    values = table(known, "val200", "train_seconds200")
    return embedding.Embedding.fit(
        SPACE,
        known,
        values,
        minimize=["train_seconds200"],
        canonical=canonical,
        seed=seed,
    )


def ascend(table: Table, seed: int) -> None:
    """Prints how often an ascent truly improves."""
    fitted = fit(table, seed, canonical=True)
    _, unseen, rng = _split(table, seed)
    val = table(unseen, "val200")["val200"]
    starts = unseen[val < np.median(table.columns["val200"])][:200]
    before = table(starts, "val200")["val200"]
    path = fitted.ascend(starts)
    ends = path.best().tokens
    after = table(ends, "val200")["val200"]
    mutated = table(SPACE.mutate(rng, starts), "val200")["val200"]
    differs = (ends != starts).any(-1)
    higher, chance = (after > before).mean(), (mutated > before).mean()
    print(
        f"{seed} | ascend | differs {differs.mean():.3f}, higher "
        f"{higher:.3f}, mutation higher {chance:.3f}"
        f"; mean val200 {before.mean():.2f} to {after.mean():.2f}, "
        f"mutated {mutated.mean():.2f}",
        flush=True,
    )


def bound(table: Table, seed: int) -> None:
    """Prints what is found under the lower quartile of the training time."""
    fitted = fit(table, seed, canonical=False)
    seconds = table.columns["train_seconds200"]
    limit = evaluators.Constraint("train_seconds200", np.quantile(seconds, 0.25))
    found = fitted.propose(20, "val200", [limit], seed=seed).tokens
    actual = table(found, "val200", "train_seconds200")
    kept = limit.allows(actual["train_seconds200"])
    best = table.columns["val200"][limit.allows(seconds)].max()
    reached = actual["val200"][kept].max(initial=-np.inf)
    print(
        f"{seed} | bound | {len(found)} cells, {kept.mean():.2f} satisfy, best "
        f"{reached:.2f}, true best {best:.2f}, gap {best - reached:.2f}",
        flush=True,
    )


def front(table: Table, seed: int, num: int) -> None:
    """Prints hypervolumes of searches."""
    everything = np.stack([table.columns[name] for name in FRONT], -1) * SIGNS
    worst, best = everything.min(0), everything.max(0)

    def volume(tokens: np.ndarray) -> float:
        found = np.stack(list(table(tokens, *FRONT).values()), -1) * SIGNS
        found = found[fronts.is_optimal(found)]
        return fronts.hypervolume((found - worst) / (best - worst), np.zeros(2))

    whole = volume(table.tokens)
    costs = ("params_mb",)
    known = embedding.search_front(
        SPACE,
        lambda t: table(t, "val200"),
        num,
        costs_fn=lambda t: table(t, *costs),
        minimize=costs,
        seed=seed,
    )
    learned = embedding.search_front(
        SPACE, lambda t: table(t, *FRONT), num, minimize=costs, seed=seed
    )
    at_random = SPACE.sample(np.random.default_rng(seed), 4 * num)
    shares = {
        "embedding": volume(known.tokens) / whole,
        "parameters learned": volume(learned.tokens) / whole,
        "random": volume(_distinct(at_random, num)) / whole,
    }
    for population in (20, 50):
        sampler = optuna.samplers.NSGAIISampler(population_size=population, seed=seed)
        asked = _distinct(_nsga(table, sampler, num), num)
        shares[f"NSGA-II {population}"] = volume(asked) / whole
    print(
        f"{seed} | front {num} | "
        + ", ".join(f"{name} {share:.5f}" for name, share in shares.items()),
        flush=True,
    )


def _nsga(table: Table, sampler: optuna.samplers.BaseSampler, num: int) -> np.ndarray:
    directions = ["maximize", "minimize"]
    study = optuna.create_study(directions=directions, sampler=sampler)
    asked, seen = [], set()
    while len(seen) < num and len(asked) < 20 * num:
        trial = study.ask()
        tokens = SPACE.from_choices(
            {s.name: trial.suggest_categorical(s.name, s.choices) for s in SPACE.slots}
        )
        asked.append(tokens)
        seen.update(SPACE.keys(tokens[None]))
        values = table(tokens[None], *FRONT)
        study.tell(trial, [float(values[name][0]) for name in FRONT])
    return np.array(asked)


def _distinct(tokens: np.ndarray, num: int) -> np.ndarray:
    first = np.unique(tokens, axis=0, return_index=True)[1]
    return tokens[np.sort(first)][:num]


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="the table, CSV or gzip")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--queries", type=int, default=150, help="of a front")
    parser.add_argument(
        "--only", default="decode,ascend,bound,front", help="parts, comma-separated"
    )
    args = parser.parse_args()
    compiling.use_compile_cache()
    parts = args.only.split(",")
    table = Table(args.path)
    print("seed | what | measured")
    if "decode" in parts:
        decode(0)
    for seed in range(args.seeds):
        if "ascend" in parts:
            ascend(table, seed)
        if "bound" in parts:
            bound(table, seed)
        if "front" in parts:
            front(table, seed, args.queries)


if __name__ == "__main__":
    main()

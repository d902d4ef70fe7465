"""Kills jobs at their n-th write, for every n, and goes on with each.

    python -m tests.killing FOLDER [JOB [EVERY]]

Jobs are a search by NAO, one by successive halving, one whose evaluator learns, one
with finalists, one for two objectives by evolution and one by NAO, one that trains
children, three that share weights, one by a mixture, the training of one architecture,
one that averages weights, both for a text, whose state is carried from window to
window, and a benchmark.
Prints a line for each kill: the event that was the last, and whether the job that went
on ended as one that was never killed. Forks before JAX has begun any thread.
"""

import dataclasses
import functools
import gc
import importlib
import json
import os
import pathlib
import signal
import sys
import traceback

import jax
import numpy as np

from nao import spaces, strategies
from nao.child import ChildConfig, FinalConfig
from nao.child.mixture_config import MixtureConfig
from nao.child.trained import TrainedChild
from nao.commands.benchmark import run_benchmark
from nao.config import BenchmarkConfig, Config
from nao.controller import ControllerConfig
from nao.data import PARTS, ImageDataset, Split, TextDataset
from nao.evaluators import (
    Constraint,
    FunctionEvaluator,
    Goals,
    MixtureEvaluator,
    Objective,
    SharedConfig,
    SharedEvaluator,
    TableConfig,
    TrainingEvaluator,
)
from nao.runs import RunDirectory, storage
from nao.spaces import ConvCell, RecurrentCell, SpaceConfig
from nao.system import compiling
from nao.training import final
from tests.searching import SPACE, Learning, search

_EVENTS = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.truncate",
    "shutil.rmtree",
)


def _watch(folder, last, seen):
    """Counts what is about to be written in a folder; kills the process at the last."""

    def hook(event, arguments):
        if event == "open":
            path, flags = arguments[0], arguments[2] or 0
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        elif event == "sqlite3.connect" or event in _EVENTS:
            path, writes = arguments[0], True
        else:
            return
        if not writes or not isinstance(path, str | bytes | os.PathLike):
            return
        if folder in os.fsdecode(path):
            seen.append(f"{event} {os.path.basename(os.fsdecode(path))}")
            if len(seen) == last:
                pathlib.Path(f"{folder}.last").write_text(seen[-1])
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


_TINY = strategies.NAOConfig(
    num_seed_archs=4,
    round_size=2,
    candidates="random",
    controller=ControllerConfig(4, 4, predictor_sizes=(4,), num_epochs=1, min_steps=0),
)


def _search(folder):
    search(folder, 7, strategy=strategies.NAO(SPACE, _TINY))


def _halve(folder):
    space = spaces.custom({"tens": range(5), "ones": range(5)})

    def grown(choices, budget):
        return budget * (choices["tens"] + choices["ones"]) + choices["ones"]

    evaluator = FunctionEvaluator(space, grown, budgets=(1, 2, 4))
    config = strategies.SuccessiveHalvingConfig(num_archs=4, eta=2)
    budgets = evaluator.budgets
    halving = strategies.SuccessiveHalving(space, config, "sequence", budgets=budgets)
    search(folder, 12, evaluator, halving)


def _learn(folder):
    config = strategies.RandomConfig(round_size=3)
    random = strategies.RandomSearch(SPACE, config, "none")
    search(folder, 8, Learning(), random)


def _finalists(folder):
    random = strategies.RandomSearch(SPACE, strategies.RandomConfig(round_size=4))
    search(folder, 6, strategy=random, num_finalists=4)


def _measured(bounds=()):
    """Returns a space, who measures two numbers of it, and goals on both."""
    space = spaces.custom({"tens": range(5), "ones": range(5)})

    def measures(choices):
        return {"score": sum(choices.values()), "size": choices["tens"] ** 2}

    evaluator = FunctionEvaluator(space, measures, Objective("score"))
    names = ("score", "size")
    goals = Goals.of(evaluator, names, minimize=("size",), constraints=bounds)
    return space, evaluator, goals


def _front(folder):
    space, evaluator, goals = _measured()
    config = strategies.EvolutionConfig(population_size=4, sample_size=2)
    evolution = strategies.Evolution(space, config, "sequence", goals=goals)
    search(folder, 8, evaluator, evolution)


def _aim(folder):
    space, evaluator, goals = _measured([Constraint("size", at_most=9)])
    search(folder, 9, evaluator, strategies.NAO(space, _TINY, goals=goals))


def _children(kind=TrainingEvaluator, more=(), **changes):
    """Returns an evaluator that trains cells of one node on sixteen tiny images."""
    rng, labels = np.random.default_rng(0), np.arange(16, dtype=np.int32) % 2
    splits = [
        Split(rng.normal(size=(16, 4, 4, 1)).astype(np.float32), labels) for _ in PARTS
    ]
    return kind(
        ConvCell(("avg_pool_3x3", "identity"), num_nodes=1),
        ImageDataset("noise", 2, *splits),
        ChildConfig(channels=2, batch_size=8, epochs=1),
        FinalConfig(**{"epochs": 3} | changes),
        *more,
    )


def _readers(**changes):
    """Returns an evaluator that trains recurrent cells on numbers drawn at random."""
    rng = np.random.default_rng(0)
    parts = [rng.integers(0, 4, num).astype(np.int32) for num in (65, 33, 33)]
    recipe = {"units": 4, "window": 4, "batch_size": 4, "dropout_weight": 0.2}
    return TrainingEvaluator(
        RecurrentCell(num_nodes=2),
        TextDataset("noise", tuple("abcd"), *parts),
        ChildConfig(epochs=2, **recipe),
        FinalConfig(**{"epochs": 3} | recipe | changes),
    )


def _search_children(folder, make=_children):
    evaluator = make()
    search(folder, 4, evaluator, strategies.RandomSearch(evaluator.space))


def _share(folder, name):
    """Shares weights that learn two epochs before each of three rounds."""
    shared = SharedConfig(epochs=6, epochs_a_round=2)
    evaluator = _children(SharedEvaluator, [shared], epochs=1)
    sizes = strategies.NAOWSConfig(num_seed_archs=4, round_size=4, top_k=2)
    sizes = dataclasses.replace(sizes, controller=_TINY.controller)
    settings = Config(
        nao_ws=sizes,
        enas=strategies.ENASConfig(round_size=4),
        random_ws=strategies.RandomWSConfig(round_size=4),
    )
    strategy = strategies.make(name, evaluator.space, settings, "none")
    search(folder, 11, evaluator, strategy, num_finalists=2)


def _derive(folder):
    """Derives architectures from a mixture, which learns two epochs for each."""
    config = MixtureConfig(epochs=6, epochs_a_round=2, learning_rate=0.1)
    evaluator = _children(MixtureEvaluator, [None, config], epochs=1)
    strategy = strategies.make("darts", evaluator.space, Config(), "none")
    search(folder, 3, evaluator, strategy)


def _train(folder, make=_children, **changes):
    evaluator = make(**changes)
    (tokens,) = evaluator.space.sample(np.random.default_rng(0), 1)
    with RunDirectory(folder, {}) as run:
        return final.run(evaluator, tokens, 0, run, lambda *_: None, save_every_s=0.0)


def _average(folder, make=_children, **changes):
    """Of noise nothing can be learned, so the validation loss soon stalls."""
    metrics = _train(folder, make, average_after=1, **{"epochs": 6} | changes)
    assert 1 < metrics["averaged_steps"] < 10, metrics


_average_readers = functools.partial(
    _average, make=_readers, learning_rate=3.0, schedule="constant"
)


def _benchmark(folder):
    table = pathlib.Path(folder).parent / "table.csv"
    rows = [f"{a},{b},{5 * a + b}" for a in range(5) for b in range(5)]
    table.write_text("\n".join(["a,b,score", *rows]))
    config = Config(
        num_trials=10,
        evaluator="table",
        space=SpaceConfig(name="table"),
        table=TableConfig(str(table), slots="a,b", objective="score"),
        benchmark=BenchmarkConfig(("random", "local_search"), 2, num_workers=1),
    )
    run_benchmark(config, folder, lambda *_: None)


def _lines(folder, *keys):
    lines = pathlib.Path(folder, "metrics.jsonl").read_text().splitlines()
    return [[json.loads(line)[key] for key in keys] for line in lines]


def _summary(folder):
    trials = _lines(folder, "trial", "round", "objective", "predicted")
    summary = json.loads(pathlib.Path(folder, "summary.json").read_text())
    found = [summary.get(name) for name in ("best", "front", "finalists", "finished")]
    return trials, found


def _trained(folder):
    result = json.loads(pathlib.Path(folder, "result.json").read_text())
    del result["seconds"]
    child = TrainedChild.load(pathlib.Path(folder, "child"))
    weights = [leaf.tobytes().hex() for leaf in jax.tree.leaves(child.variables)]
    return _lines(folder, "epoch", "train_loss"), result, weights


def _compared(folder):
    runs = json.loads(pathlib.Path(folder, "benchmark.json").read_text())["runs"]
    return [(run["architectures"], run["objective"], run["test"]) for run in runs]


# What each job does in a folder, and what must be the same at its end.
_JOBS = {
    "search": (_search, _summary),
    "halving": (_halve, _summary),
    "learning": (_learn, _summary),
    "finalists": (_finalists, _summary),
    "front": (_front, _summary),
    "aim": (_aim, _summary),
    "children": (_search_children, _summary),
    "random_ws": (functools.partial(_share, name="random_ws"), _summary),
    "enas": (functools.partial(_share, name="enas"), _summary),
    "nao_ws": (functools.partial(_share, name="nao_ws"), _summary),
    "mixture": (_derive, _summary),
    "readers": (functools.partial(_search_children, make=_readers), _summary),
    "training": (_train, _trained),
    "averaging": (_average, _trained),
    "averaging-readers": (_average_readers, _trained),
    "benchmark": (_benchmark, _compared),
}


def _in_a_child(function):
    """Runs a function in a forked process; returns its exit status, None if killed."""
    process = os.fork()
    if not process:
        code = 1
        try:
            function()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)  # The parent's tests and handlers are not this process's.
    status = os.waitpid(process, 0)[1]
    return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _killed(job, folder, last):
    _watch(folder, last, [])
    job(folder)


def _finished(job, outcome, folder):
    """Does a job whole and says, next to its folder, what came of it."""
    job(folder)
    pathlib.Path(f"{folder}.outcome").write_text(json.dumps(outcome(folder)))


def main(folder, name="search", every=1):
    """Kills a job at every `every`-th event until it gets through."""
    job, outcome = _JOBS[name]
    # Each child of the fork compiles, imports and looks for garbage anew otherwise.
    compiling.use_compile_cache()
    for module in ("sklearn.gaussian_process", "tensorboardX"):
        importlib.import_module(module)
    storage.to_write(pathlib.Path(folder), "")
    gc.freeze()
    gc.set_threshold(100_000)
    whole = functools.partial(_finished, job, outcome)
    assert _in_a_child(functools.partial(whole, f"{folder}/whole")) == 0
    expected, last = pathlib.Path(folder, "whole.outcome").read_text(), 1
    while True:
        workdir = f"{folder}/killed-{last}"
        if _in_a_child(functools.partial(_killed, job, workdir, last)) is not None:
            return
        event = pathlib.Path(f"{workdir}.last").read_text()
        code = _in_a_child(functools.partial(whole, workdir))
        same = code == 0 and expected == pathlib.Path(f"{workdir}.outcome").read_text()
        print("same" if same else "OTHER", last, event, flush=True)
        last += every


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))

"""Strategies against each other, seed by seed, over a table of results.

A run is one strategy with one seed; nothing of it but its queries is shared with
another. Finished runs are files, so an interrupted benchmark goes on where it was, and
one with more strategies or seeds adds to it.
"""

import concurrent.futures
import dataclasses
import multiprocessing
import os
import pathlib
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import connection

import jax
import numpy as np

from nao import comparison, runtime, strategies, study
from nao.config import Config
from nao.evaluators import TableEvaluator
from nao.evaluators.oracle import Oracle
from nao.fields import check_at_least
from nao.run_directory import RunDirectory
from nao.strategies import registry


@dataclasses.dataclass(frozen=True)
class Entry:
    """A strategy to benchmark.

    Attributes:
        strategy: Registered name.
        num_seeds: Seeds 0 to `num_seeds - 1`.
        num_trials: Budget of distinct queries of a run.
    """

    strategy: str
    num_seeds: int
    num_trials: int

    def __post_init__(self):
        registry.check(self.strategy)
        prefix = f"benchmark.strategies, {self.strategy}: "
        check_at_least(1, self, "num_seeds", "num_trials", prefix=prefix)


def entries(config: Config) -> list[Entry]:
    """Reads `benchmark.strategies`.

    Raises:
        ValueError: If an entry is not `NAME`, `NAME:SEEDS` or `NAME:SEEDS:QUERIES`, or
            a strategy is unknown or stands twice.
    """
    found: dict[str, Entry] = {}
    for text in config.benchmark.strategies:
        name, *numbers = text.strip().split(":")
        if len(numbers) > 2 or not all(number.isdecimal() for number in numbers):
            raise ValueError(
                "benchmark.strategies must be NAME, NAME:SEEDS or NAME:SEEDS:QUERIES, "
                f"got {text!r}."
            )
        if name in found:
            raise ValueError(f"benchmark.strategies names {name!r} twice.")
        defaults = [config.benchmark.num_seeds, config.num_trials]
        found[name] = Entry(name, *map(int, numbers), *defaults[len(numbers) :])
    return list(found.values())


def run_one(
    evaluator: TableEvaluator,
    config: Config,
    strategy: str,
    seed: int,
    num_trials: int,
) -> comparison.Run:
    """Runs a strategy with a seed until its budget, or the space, is used up.

    Rounds get the keys they get in a search, so a search with the same seed asks for
    the same architectures.

    Args:
        evaluator: The table.
        config: Settings of the strategies, and whether to stop at the table's best.
        strategy: Registered name.
        seed: Seed of everything random.
        num_trials: Budget of distinct queries.
    """
    oracle = Oracle(evaluator, num_trials)
    proposer = strategies.make(strategy, evaluator.space, config, config.deduplicate)
    init_key, search_key, _ = study.split_seed(seed)
    state = proposer.init(init_key)
    sign = evaluator.objective.sign
    goal = sign * evaluator.best_value
    objective, seconds, compile_seconds = [], [], []
    begun = time.perf_counter()
    with runtime.CompileMonitor() as monitor:
        while len(objective) < num_trials:
            key = jax.random.fold_in(search_key, len(objective))
            tokens, state = proposer.ask(key, state)
            if not len(tokens):
                break
            whole = len(tokens) <= num_trials - len(objective)
            tokens = tokens[: num_trials - len(objective)]
            values = oracle.query(tokens)
            objective.extend(values)
            seconds.extend([time.perf_counter() - begun] * len(tokens))
            compiled = monitor.trace_seconds + monitor.compile_seconds
            compile_seconds.extend([compiled] * len(tokens))
            if config.benchmark.stop_at_best and np.nanmax(objective) >= goal:
                break
            if whole:
                state = proposer.tell(state, tokens, values)
    return comparison.Run(
        strategy=strategy,
        seed=seed,
        objective=sign * np.array(objective),
        test=oracle.release(),
        seconds=np.array(seconds),
        compile_seconds=np.array(compile_seconds),
        peak_rss_mib=runtime.peak_rss_mib(),
        architectures=[evaluator.space.format(row) for row in oracle.rows],
        budget=num_trials,
    )


class Benchmark:
    """The runs of one config in a folder."""

    def __init__(self, run: RunDirectory, evaluator: TableEvaluator, config: Config):
        """Reads what the folder has; `config.json` is checked by the run directory."""
        self.run, self.evaluator, self.config = run, evaluator, config
        (run.path / "runs").mkdir(exist_ok=True)
        # No run has more queries than there are architectures.
        most = evaluator.space.num_sequences
        self.entries = [
            dataclasses.replace(entry, num_trials=min(entry.num_trials, most))
            for entry in entries(config)
        ]

    def missing(self) -> list[tuple[str, int, int]]:
        """Returns strategy, seed and budget of every run that is not there.

        Seed by seed, so that an interrupted benchmark has all strategies.
        """
        jobs = [
            (entry.strategy, seed, entry.num_trials)
            for entry in self.entries
            for seed in range(entry.num_seeds)
            if not self._is_there(entry, seed)
        ]
        return sorted(jobs, key=lambda job: job[1])

    def _is_there(self, entry: Entry, seed: int) -> bool:
        found = self._read(entry.strategy, seed)
        return found is not None and (
            found.budget >= entry.num_trials or len(found.objective) < found.budget
        )

    def _read(self, strategy: str, seed: int) -> comparison.Run | None:
        return self._read_file(_file_name(strategy, seed))

    def _read_file(self, name: str) -> comparison.Run | None:
        data = self.run.read_json(name)
        try:
            return None if data is None else comparison.Run.from_json(data)
        except (ValueError, TypeError) as error:
            path = self.run.path / name
            raise ValueError(f"{path} can't be read: {error}.") from None

    def write(self, found: comparison.Run) -> None:
        """Writes a finished run, whole or not at all."""
        name = _file_name(found.strategy, found.seed)
        self.run.write_json(name, found.to_json())

    def finished(self) -> list[comparison.Run]:
        """Returns the runs that are there: of the entries, cut to their budgets.

        Those of strategies that the config does not name come after them, as they are.
        """
        runs = []
        for entry in self.entries:
            for seed in range(entry.num_seeds):
                found = self._read(entry.strategy, seed)
                if found is not None:
                    runs.append(found.cut(entry.num_trials))
        named = {entry.strategy for entry in self.entries}
        others = [
            self._read_file(f"runs/{path.name}")
            for path in (self.run.path / "runs").glob("*.json")
            if path.stem.rpartition("-")[0] not in named
        ]
        return runs + sorted(others, key=lambda found: (found.strategy, found.seed))

    def execute(self, jobs: list[tuple[str, int, int]]) -> Iterator[comparison.Run]:
        """Does what is `missing`, in processes of one core each, and yields it."""
        num_workers = self.config.benchmark.num_workers or len(runtime.cores())
        if num_workers == 1 or len(jobs) <= 1:
            for job in jobs:
                found = run_one(self.evaluator, self.config, *job)
                self.write(found)
                yield found
            return
        context = multiprocessing.get_context("spawn")
        cores = context.Queue()
        for core in range(num_workers):
            cores.put(core)
        # Through a file: what a worker gets when it starts must fit into a pipe, or the
        # death of one that never reads it would go unnoticed.
        settings = self.run.path / ".worker.pickle"
        settings.write_bytes(pickle.dumps((self.evaluator, self.config)))
        pool = concurrent.futures.ProcessPoolExecutor(
            min(num_workers, len(jobs)),
            mp_context=context,
            initializer=_start_worker,
            initargs=(cores, settings),
        )
        processes = pool._processes
        try:
            futures = [pool.submit(_work, job) for job in jobs]
            for future in concurrent.futures.as_completed(futures):
                found = future.result()
                self.write(found)
                yield found
        except concurrent.futures.BrokenExecutor:
            raise ValueError(
                "A worker process died, of lack of memory perhaps; finished runs are "
                f"kept. Fewer than {num_workers} in benchmark.num_workers may do."
            ) from None
        finally:
            # All is done, or all is lost. A broken pool waits for ever for a worker
            # that began after it had stopped the others.
            for process in processes.values():
                process.kill()
            pool.shutdown(wait=True, cancel_futures=True)
            settings.unlink()


def _file_name(strategy: str, seed: int) -> str:
    return f"runs/{strategy}-{seed}.json"


_worker: dict = {}


def _start_worker(cores, settings: pathlib.Path) -> None:
    """Pins a worker to a core: a controller is too small a program for two."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to deal with
    threading.Thread(target=_die_with_parent, daemon=True).start()
    core = cores.get()
    if hasattr(os, "sched_setaffinity"):  # Linux has it, macOS has not
        allowed = runtime.cores()
        os.sched_setaffinity(0, {allowed[core % len(allowed)]})
    runtime.use_compile_cache()
    evaluator, config = pickle.loads(settings.read_bytes())
    _worker.update(evaluator=evaluator, config=config)


def _die_with_parent() -> None:
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _work(job: tuple[str, int, int]) -> comparison.Run:
    return run_one(_worker["evaluator"], _worker["config"], *job)

"""Runs in processes of one core each."""

import concurrent.futures
import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import connection

from absl import logging

from nao import evaluators, spaces
from nao.benchmark.runner import run_one
from nao.benchmark.trajectory import Trajectory
from nao.config import Config
from nao.system import compiling, hosts

Job = tuple[str, int, int]  # strategy, seed, budget


def execute(config: Config, jobs: list[Job], num_workers: int) -> Iterator[Trajectory]:
    """Yields the runs of jobs as they finish.

    Args:
        config: The table, and the settings of the strategies.
        jobs: What to run.
        num_workers: Processes at once.

    Raises:
        ValueError: If a worker dies, or can't read the table.
    """
    context = multiprocessing.get_context("spawn")
    cores = context.Queue()
    for core in range(num_workers):
        cores.put(core)
    pool = concurrent.futures.ProcessPoolExecutor(
        min(num_workers, len(jobs)),
        mp_context=context,
        initializer=_start_worker,
        # Each worker reads the table for itself: what it gets when it starts must fit
        # into a pipe, or the death of one that never reads it would go unnoticed.
        initargs=(cores, config),
    )
    processes = pool._processes
    try:
        futures = [pool.submit(_work, job) for job in jobs]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()
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


_worker: dict[str, Config] = {}


def _start_worker(cores: multiprocessing.Queue, config: Config) -> None:
    """Pins a worker to a core: a controller is too small a program for two."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to deal with
    threading.Thread(target=_die_with_parent, daemon=True).start()
    core = cores.get()
    if hasattr(os, "sched_setaffinity"):  # Linux has it, macOS has not
        allowed = hosts.cores()
        os.sched_setaffinity(0, {allowed[core % len(allowed)]})
    logging.set_verbosity(logging.ERROR)  # The parent has read the same table aloud.
    compiling.use_compile_cache()
    _worker["config"] = config


def _die_with_parent() -> None:
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


# With the first job, as what is raised there reaches the parent as it is.
@functools.cache
def _evaluator() -> evaluators.TableEvaluator:
    config = _worker["config"]
    return evaluators.make(config.evaluator, config, spaces.make(config.space))


def _work(job: Job) -> Trajectory:
    return run_one(_evaluator(), _worker["config"], *job)

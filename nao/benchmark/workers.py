"""Runs in processes of one core each."""

import concurrent.futures
import multiprocessing
import os
import pathlib
import pickle
import signal
import threading
from collections.abc import Iterator
from multiprocessing import connection

from nao.benchmark.runner import run_one
from nao.benchmark.trajectory import Trajectory
from nao.config import Config
from nao.evaluators import TableEvaluator
from nao.system import compiling, hosts

Job = tuple[str, int, int]  # strategy, seed, budget


def execute(
    task: tuple[TableEvaluator, Config],
    jobs: list[Job],
    num_workers: int,
    folder: pathlib.Path,
) -> Iterator[Trajectory]:
    """Yields the runs of jobs as they finish.

    Args:
        task: The table, and the settings of the strategies.
        jobs: What to run.
        num_workers: Processes at once.
        folder: Where a file for the workers may lie.

    Raises:
        ValueError: If a worker dies.
    """
    context = multiprocessing.get_context("spawn")
    cores = context.Queue()
    for core in range(num_workers):
        cores.put(core)
    # Through a file: what a worker gets when it starts must fit into a pipe, or the
    # death of one that never reads it would go unnoticed.
    settings = folder / ".worker.pickle"
    settings.write_bytes(pickle.dumps(task))
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
        settings.unlink()


_worker: dict = {}


def _start_worker(cores, settings: pathlib.Path) -> None:
    """Pins a worker to a core: a controller is too small a program for two."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to deal with
    threading.Thread(target=_die_with_parent, daemon=True).start()
    core = cores.get()
    if hasattr(os, "sched_setaffinity"):  # Linux has it, macOS has not
        allowed = hosts.cores()
        os.sched_setaffinity(0, {allowed[core % len(allowed)]})
    compiling.use_compile_cache()
    evaluator, config = pickle.loads(settings.read_bytes())
    _worker.update(evaluator=evaluator, config=config)


def _die_with_parent() -> None:
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _work(job: tuple[str, int, int]) -> Trajectory:
    return run_one(_worker["evaluator"], _worker["config"], *job)

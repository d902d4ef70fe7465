"""One strategy with one seed, over a table of results."""

import time
from collections.abc import Iterator

import numpy as np

from nao import strategies
from nao.benchmark.trajectory import Trajectory
from nao.config import Config
from nao.evaluators import TableEvaluator
from nao.evaluators.base import ROUNDING
from nao.evaluators.oracle import Oracle
from nao.search import limits
from nao.search.limits import Limits
from nao.search.rounds import Proposer
from nao.system import process
from nao.system.compiling import CompileMonitor

_MANY = 10**9  # queries: their cost alone is bounded


def run_one(
    evaluator: TableEvaluator,
    config: Config,
    strategy: str,
    seed: int,
    num_trials: int,
) -> Trajectory:
    """Runs a strategy with a seed until its budget, or the space, is used up.

    Rounds get the keys they get in a search, so a search with the same seed asks for
    the same architectures.

    Args:
        evaluator: The table.
        config: Settings of the strategies, and whether to stop at the table's best.
        strategy: Registered name.
        seed: Seed of everything random.
        num_trials: What distinct queries may cost together, in full evaluations.
    """
    oracle = Oracle(evaluator, num_trials)
    sign = evaluator.objective.sign
    goal = sign * evaluator.best_value
    objective, seconds, compile_seconds = [], [], []
    begun = time.perf_counter()
    with CompileMonitor() as monitor:
        for values in _rounds(oracle, config, strategy, seed):
            objective.extend(values)
            seconds.extend([time.perf_counter() - begun] * len(values))
            compiled = monitor.trace_seconds + monitor.compile_seconds
            compile_seconds.extend([compiled] * len(values))
            if config.benchmark.stop_at_best and np.fmax.reduce(objective) >= goal:
                break
    return Trajectory(
        strategy=strategy,
        seed=seed,
        objective=sign * np.array(objective),
        test=oracle.release(),
        seconds=np.array(seconds),
        compile_seconds=np.array(compile_seconds),
        peak_rss_mib=process.peak_rss_mib(),
        architectures=[evaluator.space.format(row) for row in oracle.rows],
        budget=num_trials,
        costs=np.array(oracle.costs),
    )


def _rounds(
    oracle: Oracle, config: Config, strategy: str, seed: int
) -> Iterator[np.ndarray]:
    """Asks, looks up and tells, until the oracle's budget or the space is used up.

    Yields:
        Objectives of a round, float64 [num], higher is better; NaN where an evaluation
        failed or was not of the full budget, and so competes with nothing.
    """
    evaluator, allowed = oracle.evaluator, Limits(_MANY, oracle.budget)
    space, budgets = evaluator.space, evaluator.budgets
    made = strategies.make(strategy, space, config, config.deduplicate, budgets)
    proposer = Proposer(made, seed)
    progress = proposer.start()
    while oracle.spent + ROUNDING < oracle.budget:
        asked = proposer.ask(progress)
        # Columns are trainings of their own, so that none was begun before.
        costs = limits.costs(evaluator, asked, [], space)
        stop = allowed.num_of(costs, len(oracle.rows), oracle.spent)
        if not stop:
            break
        given = None if asked.budgets is None else asked.budgets[:stop]
        values = oracle.query(asked.tokens[:stop], given)
        yield (
            values if given is None else np.where(given == budgets[-1], values, np.nan)
        )
        # A round that the budget cut short is the last.
        if stop < len(asked.tokens):
            break
        progress = proposer.begin(progress, asked)
        progress = proposer.tell(progress, asked.tokens, values, given)

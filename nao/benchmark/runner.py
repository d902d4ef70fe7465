"""One strategy with one seed, over a table of results."""

import time

import numpy as np

from nao import strategies
from nao.benchmark.trajectory import Trajectory
from nao.config import Config
from nao.evaluators import TableEvaluator
from nao.evaluators.oracle import Oracle
from nao.search.rounds import Proposer
from nao.system import process
from nao.system.compiling import CompileMonitor


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
        num_trials: Budget of distinct queries.
    """
    oracle = Oracle(evaluator, num_trials)
    space, rule = evaluator.space, config.deduplicate
    proposer = Proposer(strategies.make(strategy, space, config, rule), seed)
    progress = proposer.start()
    sign = evaluator.objective.sign
    goal = sign * evaluator.best_value
    objective, seconds, compile_seconds = [], [], []
    begun = time.perf_counter()
    with CompileMonitor() as monitor:
        while len(objective) < num_trials:
            asked = proposer.ask(progress)
            tokens = asked.tokens[: num_trials - len(objective)]
            if not len(tokens):
                break
            values = oracle.query(tokens)
            objective.extend(values)
            seconds.extend([time.perf_counter() - begun] * len(tokens))
            compiled = monitor.trace_seconds + monitor.compile_seconds
            compile_seconds.extend([compiled] * len(tokens))
            if config.benchmark.stop_at_best and np.nanmax(objective) >= goal:
                break
            # A round that the budget cut short is the last, so that telling it half
            # changes nothing.
            progress = proposer.begin(progress, asked)
            progress = proposer.tell(progress, tokens, values)
    return Trajectory(
        strategy=strategy,
        seed=seed,
        objective=sign * np.array(objective),
        test=oracle.release(),
        seconds=np.array(seconds),
        compile_seconds=np.array(compile_seconds),
        peak_rss_mib=process.peak_rss_mib(),
        architectures=[space.format(row) for row in oracle.rows],
        budget=num_trials,
    )

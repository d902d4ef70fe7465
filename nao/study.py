"""The search loop: ask, evaluate, tell, and write everything down.

A round depends on the seed and on the trials told before it, on nothing else: not on
the budget, and not on whether the process was killed in between. So a longer run
continues a shorter one, and a continued run ends as one that was never interrupted.
"""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Mapping

import jax
import numpy as np

from nao import checkpoints, interrupts, ledger, runtime, search_record, summary
from nao import warm_start as warm_start_lib
from nao.evaluators import Evaluator
from nao.progress import SearchBar
from nao.run_directory import RunDirectory
from nao.strategies import Strategy, Unseen
from nao.types import Array


@dataclasses.dataclass(frozen=True, eq=False)
class Result:
    """What a search found.

    Attributes:
        best: The best trial; None where every evaluation failed.
        trials: All trials, in the order of evaluation.
        summary: What `summary.json` holds.
        was_finished: Whether the run was finished before, so that nothing was done.
    """

    best: ledger.Trial | None
    trials: list[ledger.Trial]
    summary: dict
    was_finished: bool = False


def search(
    strategy: Strategy,
    evaluator: Evaluator,
    *,
    num_trials: int,
    workdir: str | os.PathLike,
    seed: int = 0,
    storage: str = "",
    warm_start: str | os.PathLike = "",
    config: Mapping | None = None,
    progress: bool = True,
    round_fn: Callable[[list[ledger.Trial]], None] | None = None,
) -> Result:
    """Searches, or continues the search that is in `workdir`.

    Args:
        strategy: Who proposes; its space is the space of the search.
        evaluator: Where numbers come from.
        num_trials: Budget of evaluations, failed ones and the random round included.
        workdir: Folder of the run.
        seed: Seed of everything random.
        storage: Optuna storage URL of the ledger; SQLite in the folder by default.
        warm_start: Folder of an earlier run over the same space, whose trials are told
            to the strategy first and not evaluated again; they do not count as trials.
        config: What to write to `config.json` and to compare with a run that is there;
            the arguments by default.
        progress: Whether to draw a progress bar.
        round_fn: Called after every round with all trials so far, to watch a search.

    Returns:
        The best trial, all trials and the summary.

    Raises:
        ValueError: If an argument is out of range, or `workdir` can't be used.
        KeyboardInterrupt: After an interruption, with everything written.
    """
    if num_trials < 1:
        raise ValueError(f"num_trials must be at least 1, got {num_trials}.")
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}.")
    config = dict(config) if config else _describe(strategy, evaluator)
    config |= {
        "num_trials": num_trials,
        "seed": seed,
        "storage": storage,
        "warm_start": str(warm_start),
    }
    with contextlib.ExitStack() as stack:
        monitor = stack.enter_context(runtime.CompileMonitor())
        run = stack.enter_context(RunDirectory(workdir, config))
        study = _Study(strategy, evaluator, run, seed, storage, warm_start, monitor)
        stack.callback(study.close)
        if run.is_new and len(study.ledger):
            raise ValueError(f"Workdir {run.path} has trials and no config.json.")
        run.begin()
        run.write_json(
            search_record.NAME, search_record.describe(strategy, evaluator.objective)
        )
        if study.is_finished(num_trials):
            book = study.ledger
            return Result(book.best(), list(book.trials), study.before, True)
        bar = stack.enter_context(SearchBar(study.ledger, num_trials, progress))
        check = stack.enter_context(interrupts.stoppable())
        try:
            is_exhausted = study.run_rounds(num_trials, bar, check, round_fn)
        except KeyboardInterrupt:
            study.write_summary(num_trials, is_finished=False, is_exhausted=False)
            raise
        bar.show_stage("testing the best")
        written = study.write_summary(num_trials, True, is_exhausted)
    return Result(study.ledger.best(), list(study.ledger.trials), written)


def split_seed(seed: int) -> Array:
    """Returns the keys of a strategy's `init`, of its rounds and of children.

    The key of a round is folded with the number of trials told before it.
    """
    return jax.random.split(jax.random.key(seed), 3)


class _Study:
    """A search in progress."""

    def __init__(self, strategy, evaluator, run, seed, storage, warm_start, monitor):
        self.strategy, self.evaluator, self.run = strategy, evaluator, run
        self.space, self.objective = strategy.space, evaluator.objective
        self.monitor = monitor
        self.seconds = {"evaluate": 0.0, "controller": 0.0, "first_child": None}
        self.started = time.perf_counter()
        self.seed = seed
        self.ledger = ledger.Ledger(
            *ledger.address(run.path, storage), self.space, self.objective
        )
        self.before = run.read_json("summary.json") or {}
        self.checkpoints = checkpoints.Checkpoints(run.path / "checkpoints")
        self._reconcile_log()
        init_key, self.search_key, self.child_key = split_seed(seed)
        self.state = strategy.init(init_key)
        self.num_warm = 0
        if warm_start:
            warm = warm_start_lib.pool(warm_start, run, self.space, self.objective)
            self.state = strategy.tell(self.state, *warm)
            self.num_warm = len(warm.tokens)
        self.num_told = self.num_rounds = 0
        self._replay()

    def close(self) -> None:
        self.checkpoints.close()

    def is_finished(self, num_trials: int) -> bool:
        """Says whether an earlier process did all of this."""
        return bool(
            self.before.get("finished")
            and self.before.get("num_trials") == len(self.ledger)
            and (self.before.get("exhausted") or len(self.ledger) >= num_trials)
        )

    def _reconcile_log(self) -> None:
        """Makes `metrics.jsonl` agree with the ledger, which is written first."""
        logged = self.run.num_logged("trial")
        if logged > len(self.ledger):
            raise ValueError(
                f"Ledger of {self.run.path} is damaged: it has {len(self.ledger)} "
                f"trials, metrics.jsonl {logged}."
            )
        for trial in self.ledger.trials[logged:]:
            self._log(trial)

    def _replay(self) -> None:
        """Tells the strategy the whole rounds of the ledger."""
        trials = self.ledger.trials
        while self.num_told < len(trials):
            size = trials[self.num_told].round_size
            whole = trials[self.num_told : self.num_told + size]
            if len(whole) < size:
                break
            self._tell(whole)

    def _tell(self, trials: list[ledger.Trial]) -> None:
        tokens = np.array([trial.tokens for trial in trials])
        values = ledger.objectives(trials, self.objective)
        self.state = self.strategy.tell(self.state, tokens, values)
        self.num_told += len(trials)
        self.num_rounds += 1

    def run_rounds(
        self,
        num_trials: int,
        bar: SearchBar,
        check: Callable[[], None],
        round_fn: Callable[[list[ledger.Trial]], None] | None,
    ) -> bool:
        """Runs rounds until the budget is spent; True where the space ran out first."""
        while len(self.ledger) < num_trials:
            bar.show_stage(f"round {self.num_rounds}: asking")
            tokens = self._ask()
            if not len(tokens):
                return True
            done = len(self.ledger) - self.num_told
            stop = min(len(tokens), num_trials - self.num_told)
            bar.show_stage(f"round {self.num_rounds}")
            self._evaluate(tokens, done, stop, bar, check)
            if stop == len(tokens):
                self._tell(self.ledger.trials[self.num_told :])
            if round_fn is not None:
                round_fn(list(self.ledger.trials))
        return False

    def _ask(self) -> np.ndarray:
        """Returns the round that follows the trials told, asked now or before."""
        start = time.perf_counter()
        asked = self.checkpoints.restore(self.num_told)
        if asked is None:
            key = jax.random.fold_in(self.search_key, self.num_told)
            tokens, state = self.strategy.ask(key, self.state)
            asked = checkpoints.Round(self._only_new(tokens), state)
            if len(asked.tokens):
                self.checkpoints.save(self.num_told, asked)
        self.state = asked.state._replace(memory=self.state.memory)
        begun = self.ledger.trials[self.num_told :]
        for trial, tokens in zip(begun, asked.tokens, strict=False):
            if not np.array_equal(trial.tokens, tokens):
                raise ValueError(
                    f"Trial {trial.index} of {self.run.path} is not what this program "
                    "asks for with the same seed: was the run begun by another version?"
                )
        self.seconds["controller"] += time.perf_counter() - start
        return asked.tokens

    def _only_new(self, tokens: np.ndarray) -> np.ndarray:
        told = self.state.pool.tokens
        unseen = Unseen(self.space, self.strategy.deduplicate, told)
        new = unseen.take(tokens)
        if len(new) < len(tokens):
            raise RuntimeError(
                f"{type(self.strategy).__name__} asked for architectures that were "
                "told before, or twice for the same."
            )
        return new

    def _evaluate(self, tokens, done: int, stop: int, bar: SearchBar, check) -> None:
        """Evaluates rows `done` to `stop` of a round, writing each as it comes."""
        indices = range(self.num_told + done, self.num_told + stop)
        keys = jax.vmap(jax.random.fold_in, (None, 0))(
            self.child_key, np.array(indices, np.int32)
        )
        predicted = self.state.predicted
        start = time.perf_counter()
        outcomes = self.evaluator.evaluate(tokens[done:stop], keys)
        for row, (index, outcome) in enumerate(
            zip(indices, outcomes, strict=True), start=done
        ):
            guess = np.nan if predicted is None else float(predicted[row])
            trial = ledger.Trial(
                index=index,
                round=self.num_rounds,
                round_size=len(tokens),
                tokens=tokens[row],
                evaluation=outcome,
                predicted=guess if np.isfinite(guess) else None,
            )
            self.ledger.append(trial)
            self._log(trial)
            self.seconds["first_child"] = (
                self.seconds["first_child"] or runtime.seconds_since_start()
            )
            bar.advance()
            check()
        self.seconds["evaluate"] += time.perf_counter() - start
        self._write_best()

    def _log(self, trial: ledger.Trial) -> None:
        line = {
            "trial": trial.index,
            "round": trial.round,
            "objective": trial.value,
            "predicted": trial.predicted,
            "seconds": trial.evaluation.seconds,
            **trial.evaluation.metrics,
        }
        if trial.evaluation.reason:
            line["reason"] = trial.evaluation.reason
        self.run.log(trial.index + 1, line)

    def _write_best(self) -> None:
        best = self.ledger.best()
        if best is not None:
            found = {"objective": best.value, "trial": best.index}
            self.run.write_json(
                "best.json", self.space.to_json(best.tokens) | {"found": found}
            )

    def write_summary(self, num_trials, is_finished: bool, is_exhausted: bool) -> dict:
        """Tests the final choice where the search is finished, and sums up."""
        best = self.ledger.best()
        test = None if best is None else self._test(best, is_finished)
        asked = self.checkpoints.latest() if is_finished else None
        fitted = None if asked is None else asked.state
        result = {
            "finished": is_finished,
            "exhausted": is_exhausted,
            "budget": num_trials,
            "space": self.space.name,
            "strategy": type(self.strategy).__name__,
            "evaluator": type(self.evaluator).__name__,
            "seed": self.seed,
            **summary.of_trials(self.ledger.trials, self.space, self.objective, test),
            "controller": {
                "rounds": summary.of_predictions(self.ledger.trials, self.objective),
                **summary.of_controller(self.strategy, fitted, self.seed),
            },
            "num_warm_start": self.num_warm,
            "compilations": {
                "total": self.monitor.counts.total(),
                **dict(self.monitor.counts.most_common()),
            },
            "seconds": {
                "total": time.perf_counter() - self.started,
                "trace": self.monitor.trace_seconds,
                "compile": self.monitor.compile_seconds,
                **self.seconds,
            },
            "peak_rss_mib": runtime.peak_rss_mib(),
        }
        self._write_best()
        self.run.write_json("summary.json", result)
        return result

    def _test(self, best: ledger.Trial, is_finished: bool) -> dict | None:
        """Reads the test part once for a choice, however often the run goes on."""
        before = self.before.get("best") or {}
        if before.get("test") and before["trial"] == best.index:
            return before["test"]
        if not is_finished:
            return None
        key = jax.random.fold_in(self.child_key, best.index)
        return self.evaluator.test(best.tokens, key)


def _describe(strategy: Strategy, evaluator: Evaluator) -> dict:
    """Returns the settings of a search that was given as objects."""
    return {
        "space": {"name": strategy.space.name, "slots": len(strategy.space.slots)},
        "strategy": type(strategy).__name__,
        "strategy_config": dataclasses.asdict(strategy.config),
        "deduplicate": strategy.deduplicate,
        "evaluator": type(evaluator).__name__,
        "objective": dataclasses.asdict(evaluator.objective),
    }

"""A search in progress: rounds are evaluated, told and written down.

What is asked follows `rounds`. Every result is in the ledger before the next one is
waited for; `metrics.jsonl`, `best.json` and checkpoints follow it, and are made to
agree with it when a killed search goes on.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from absl import logging

from nao.evaluators import Evaluation, Evaluator, goals_of
from nao.runs import answers, checkpoints, ledger, lessons, record, shapes
from nao.runs import storage as storage_lib
from nao.runs.directory import RunDirectory
from nao.runs.trial import Trial
from nao.search import failures, limits, outcomes, summary, warm_start
from nao.search.bar import SearchBar
from nao.search.finalists import Finalists, in_summary
from nao.search.learning import Learner
from nao.search.limits import Limits
from nao.search.result import Result
from nao.search.rounds import Proposer
from nao.search.watching import Watch
from nao.strategies import Round, Strategy
from nao.system import process, stages
from nao.system.compiling import CompileMonitor


class Loop:
    """The parts of one search, and what it has come to.

    Attributes:
        ledger: All trials, on disk.
        progress: What the strategy was told: the ledger's whole rounds.
        before: What `summary.json` held when this search began; empty without one.
        seconds: Of `evaluate`, lessons included, and `controller`; to the `first_child`
            since the program began where this is its first search, else this search.
    """

    def __init__(
        self,
        strategy: Strategy,
        evaluator: Evaluator,
        run: RunDirectory,
        proposer: Proposer,
        storage: str,
    ):
        self.strategy, self.evaluator, self.run = strategy, evaluator, run
        self.space, self.objective = strategy.space, evaluator.objective
        self.proposer, self.goals = proposer, goals_of(strategy, evaluator)
        self.finalists = Finalists(strategy, evaluator, proposer, self.goals)
        self.started, self._since = time.perf_counter(), process.begin_work()
        self.seconds = {"evaluate": 0.0, "controller": 0.0, "first_child": None}
        title = f"{self.space.name} by {strategy.name}, seed {proposer.seed}"
        opened = storage_lib.to_write(run.path, storage, title)
        self.ledger = ledger.Ledger(opened, self.space, self.goals)
        self.before = self._summary_before()
        self.checkpoints = checkpoints.Checkpoints(run.path / "checkpoints")
        self.lessons = lessons.Lessons(run.path / "lesson")
        self.learner = Learner(evaluator, proposer, self.checkpoints, self.lessons)
        self.num_warm = 0
        self._asked: Round | None = None  # the last round, as it was asked

    def _summary_before(self) -> dict[str, Any]:
        """Returns `summary.json`; it says little that the ledger doesn't know."""
        try:
            return self.run.read_json("summary.json", shapes.Summary) or {}
        except ValueError as error:
            logging.warning("%s It is made anew.", error)
            return {}

    def close(self) -> None:
        """Waits for what is being written."""
        self.checkpoints.close()
        self.lessons.close()

    def begin(self, earlier: str | os.PathLike, content: Mapping[str, str]) -> None:
        """Takes up what the folder holds, and tells the strategy all of it.

        `search.json` and `config.json` come last, once all else is in order: what is
        refused can be corrected and begun again.

        Args:
            earlier: Folder of a run to learn from first; empty for none.
            content: SHA-256 of what the numbers come from, by name.
        """
        self._reconcile_log()
        warm = None
        if earlier:
            warm = warm_start.pool(earlier, self.run, self.space, self.goals)
            self.num_warm = len(warm.tokens)
        self.progress = self.proposer.start(warm)
        self._replay()
        # A storage that other runs share may hold a study of this folder's name.
        if self.run.is_new and len(self.ledger):
            raise ValueError(f"Workdir {self.run.path} has trials and no config.json.")
        searched = record.SearchRecord.of(self.strategy, self.evaluator, content)
        record.write(self.run, searched)
        self.run.begin()

    def is_finished(self, allowed: Limits) -> bool:
        """Says whether an earlier process did all of this."""
        left = self.finalists.left(self.ledger.trials, allowed.num_finalists)
        return allowed.are_reached(self.before, len(self.ledger)) and not left

    def measure_again(self, allowed: Limits, check: Callable[[], None]) -> None:
        """Measures the finalists once more, by what a learner knows in the end."""
        start = time.perf_counter()
        left = self.finalists.left(self.ledger.trials, allowed.num_finalists)
        if not left:
            return
        self.learner.catch_up(self.progress, len(self.ledger))
        measured = self.finalists.measure(left, self.learner.arguments)
        for trial, outcome in zip(left, measured, strict=True):
            self.ledger.measure_again(trial.index, outcome)
            self._write_best()
            check()
        self.seconds["evaluate"] += time.perf_counter() - start

    def _reconcile_log(self) -> None:
        """Makes `metrics.jsonl` agree with the ledger, which is written first."""
        logged = self.run.num_logged("trial")
        summed_up = self.before.get("num_trials", 0)
        for file, num in (("metrics.jsonl", logged), ("summary.json", summed_up)):
            ledger.check_count(self.run.path, self.ledger.trials, file, num)
        for trial in self.ledger.trials[:logged]:
            scalars = ledger.scalars(trial, None, self.objective)
            self.run.recall(trial.index + 1, scalars)
        for trial in self.ledger.trials[logged:]:
            # Others have followed it since.
            so_far = self.ledger.trials[: trial.index + 1]
            self._log(trial, answers.best_of(so_far, self.goals))

    def _replay(self) -> None:
        """Tells the strategy the whole rounds of the ledger."""
        trials = self.ledger.trials
        while self.progress.num_told < len(trials):
            start = self.progress.num_told
            whole = trials[start : start + trials[start].round_size]
            if len(whole) < trials[start].round_size:
                break  # Half a round: it is asked for again, and told once it is whole.
            self._tell(whole)

    def _tell(self, trials: list[Trial]) -> None:
        tokens = np.array([trial.tokens for trial in trials])
        self.learner.pass_by(self.progress, tokens)
        objective = ledger.objectives(trials, self.objective)
        values = None if self.goals.is_plain else answers.values(trials, self.goals)
        self.progress = self.proposer.tell(
            self.progress, tokens, objective, ledger.budgets(trials), values
        )

    def run_rounds(
        self,
        allowed: Limits,
        bar: SearchBar,
        check: Callable[[], None],
        watch: Watch,
    ) -> bool:
        """Runs rounds until the budget is spent; True where the space ran out first."""
        while len(self.ledger) < allowed.num_trials:
            number = self.progress.num_rounds
            stages.tell(f"choosing round {number}")
            asked = self._ask()
            # Nothing of a round depends on the budget, which only cuts it short here.
            size, told = len(asked.tokens), self.progress.num_told
            if not size:
                failures.check_bounds(self.ledger.trials, self.goals, self.space)
                return True
            stages.tell(f"round {number}")
            before = self.ledger.trials[:told]
            costs = limits.costs(self.evaluator, asked, before, self.space)
            stop = allowed.num_of(costs, told, limits.spent_on(before))
            rows = range(len(self.ledger) - told, stop)
            self._evaluate(asked, rows, costs, bar, check, watch)
            if stop == size:  # Only whole rounds are told; see `rounds`.
                self._tell(self.ledger.trials[told:])
            if watch.on_round is not None:
                watch.on_round(list(self.ledger.trials))
            is_over = stop < size or len(self.ledger) >= allowed.num_trials
            failures.check(self.ledger.trials, self.run.path, is_over)
            bar.write_line(f"Round {number}")
            if is_over:
                return False
        return False

    def _ask(self) -> Round:
        """Returns the round that follows the trials told."""
        start, told = time.perf_counter(), self.progress.num_told
        before = self.learner.seconds
        asked = self.learner.ask(self.progress)
        if len(asked.tokens):
            self._asked = asked
        self.progress = self.proposer.begin(self.progress, asked)
        # What was evaluated of this round must be its beginning.
        for trial, tokens in zip(self.ledger.trials[told:], asked.tokens, strict=False):
            if not np.array_equal(trial.tokens, tokens):
                raise ValueError(
                    f"Trial {trial.index} of {self.run.path} is not what this program "
                    "asks for with the same seed: was the run begun by another version?"
                )
        learned = self.learner.seconds - before
        self.seconds["evaluate"] += learned
        self.seconds["controller"] += time.perf_counter() - start - learned
        return asked

    def _evaluate(
        self,
        asked: Round,
        rows: range,
        costs: np.ndarray,
        bar: SearchBar,
        check: Callable[[], None],
        watch: Watch,
    ) -> None:
        """Evaluates rows of a round, writing each as it comes."""
        start = time.perf_counter()
        before = self.ledger.trials[: self.progress.num_told]
        chosen = slice(rows.start, rows.stop)
        draws = limits.draws(asked, before, self.space)[chosen]
        measured = outcomes.evaluate(
            self.evaluator,
            asked.tokens[chosen],
            self.proposer.child_keys(draws),
            None if asked.budgets is None else asked.budgets[chosen],
            **self.learner.arguments,
        )
        for row, outcome in zip(rows, measured, strict=True):
            self._append(asked, row, self.goals.checked(outcome), float(costs[row]))
            bar.count()
            if watch.on_trial is not None:
                watch.on_trial(self.ledger.trials[-1])
            check()
        self.seconds["evaluate"] += time.perf_counter() - start
        self._write_best()

    def _append(self, asked: Round, row: int, outcome: Evaluation, cost: float) -> None:
        """Writes what came of one row of a round."""
        predicted = asked.state.predicted
        guess = np.nan if predicted is None else float(predicted[row])
        budget = None if asked.budgets is None else float(asked.budgets[row])
        trial = Trial(
            index=self.progress.num_told + row,
            round=self.progress.num_rounds,
            round_size=len(asked.tokens),
            tokens=asked.tokens[row],
            evaluation=outcome,
            predicted=guess if np.isfinite(guess) else None,
            choices=self.space.by_slot(asked.tokens[row]),
            budget=budget,
            is_full=budget is None or budget == self.evaluator.budgets[-1],
            cost=cost,
            drifts=self.objective.drifts,
        )
        failures.announce(trial, self.ledger.trials)
        self.ledger.append(trial)  # First: all else is mended from the ledger.
        self._log(trial, self.ledger.best())
        if not self.seconds["first_child"]:
            self.seconds["first_child"] = time.perf_counter() - self._since

    def _log(self, trial: Trial, best: Trial | None) -> None:
        scalars = ledger.scalars(trial, best, self.objective)
        self.run.log(trial.index + 1, ledger.log_line(trial), scalars)

    def _write_best(self) -> None:
        if (best := self.ledger.best()) is not None:
            self.run.write_json("best.json", summary.best_file(best, self.space))

    def result(self, summed_up: dict, was_finished: bool = False) -> Result:
        """Returns what was found."""
        trials, best = list(self.ledger.trials), self.ledger.best()
        return Result(best, trials, summed_up, self.space, self.goals, was_finished)

    def finish(
        self, allowed: Limits, is_exhausted: bool, monitor: CompileMonitor
    ) -> dict[str, Any]:
        """Tests the final choice and sums up.

        The test part is read once for a choice, however often the run goes on.
        """
        best = self.ledger.best()
        # A longer search may end with the same choice, which is not tested again.
        test = self._tested_before(best)
        if test is None and best is not None:
            (key,) = self.proposer.child_keys(np.array([best.index]))
            self.learner.catch_up(self.progress, len(self.ledger))
            learned = self.learner.arguments
            with stages.stage("testing the best"):
                test = outcomes.test(self.evaluator, best.tokens, key, **learned)
        # The last fit may be of an earlier process.
        asked = self._asked or self.checkpoints.latest()
        rng = np.random.default_rng(self.proposer.seed)
        state = None if asked is None else asked.state
        fit = summary.of_fit(self.strategy, state, rng)
        return self.write_summary(allowed, monitor, test, fit, True, is_exhausted)

    def _tested_before(self, best: Trial | None) -> dict[str, float] | None:
        before = self.before.get("best") or {}
        is_same = best is not None and before.get("trial") == best.index
        return (before.get("test") or None) if is_same else None

    def write_summary(
        self,
        allowed: Limits,
        monitor: CompileMonitor,
        test: Mapping[str, float] | None = None,
        fit: Mapping[str, Any] | None = None,
        is_finished: bool = False,
        is_exhausted: bool = False,
    ) -> dict[str, Any]:
        """Writes `summary.json`: of what is there, where the search is not finished."""
        best, trials = self.ledger.best(), self.ledger.trials
        is_short = len(trials) < allowed.num_trials
        test = test or self._tested_before(best)
        fit = summary.of_fit(self.strategy, None, None) if fit is None else fit
        rounds = summary.of_predictions(trials, self.objective)
        total = time.perf_counter() - self.started
        earlier = (self.before.get("seconds") or {}).get("all_processes", 0.0)
        # Of a process that was killed nobody knows.
        seconds = {"total": total, "all_processes": earlier + total}
        result = {
            "finished": is_finished,
            "exhausted": is_exhausted,
            "is_spent": is_finished and not is_exhausted and is_short,
            "budget": allowed.num_trials,
            "max_cost": allowed.max_cost,
            "space": self.space.name,
            "strategy": self.strategy.name,
            "evaluator": type(self.evaluator).__name__,
            "seed": self.proposer.seed,
            **summary.of_trials(trials, self.space, self.goals, test),
            **in_summary(trials, self.space, self.goals, allowed.num_finalists),
            "controller": {"rounds": rounds, **fit},
            "num_examples": dict(getattr(self.evaluator, "num_examples", {})),
            "example": getattr(self.evaluator, "example", None),
            "how_tested": str(getattr(self.evaluator, "how_tested", "")),
            "num_warm_start": self.num_warm,
            "compilations": monitor.by_name(),
            "seconds": seconds | monitor.seconds() | self.seconds,
            "peak_rss_mib": process.peak_rss_mib(),
        }
        self._write_best()
        # Last of all files: its `finished` says that nothing is left to do.
        self.run.write_json("summary.json", result)
        return result

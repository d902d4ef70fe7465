"""What a ranking by shared weights is worth: `--mode=benchmark`, `evaluator=shared`."""

import contextlib
import dataclasses
import functools
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nao import evaluators, fields, report, spaces
from nao.benchmark import supernet
from nao.benchmark.ranking import Ranking, Scores, check_true
from nao.child import ChildFailure
from nao.commands import build
from nao.config import Config
from nao.evaluators import Evaluation, Objective, SharedEvaluator, TableEvaluator
from nao.runs import RunDirectory, checkpoints, comparing, directory, reader, record
from nao.runs.lessons import Lessons
from nao.strategies.unseen import Unseen
from nao.system import interrupts
from nao.system.showing import counted
from nao.types import PyTree

# How far a search goes, final trainings, and what other evaluators read.
_UNREAD = (
    *("num_trials", "max_cost", "num_finalists", "storage", "warm_start"),
    *("train", "function"),
)
# What shared weights depend on, but for how children are trained alone and for what is
# done with weights that have learned.
_OF_WEIGHTS = ("space", "data", "child", "shared")
_ALONE = ("child.epochs", "child.budgets")
_LEARNED = ("shared.norms", "shared.num_scored", "shared.inherit")

_NO_GOALS = dict.fromkeys(("objectives", "minimize", "at_most", "at_least"), ())

# Sets of shared weights by name: each learns, or reads, when it is called, and keeps
# and calls what it is given where it may be stopped.
Weights = Mapping[str, Callable[[Lessons, supernet.Check], PyTree]]


def holds_search(workdir: pathlib.Path) -> bool:
    """Says whether a folder is that of a search."""
    return (workdir / record.NAME).exists()


def folder_of(workdir: pathlib.Path) -> pathlib.Path:
    """Returns where a ranking is kept: of a search, in a folder of its own there."""
    return workdir / "ranking" if holds_search(workdir) else workdir


def run_ranking(
    config: Config,
    workdir: str | os.PathLike,
    progress_fn: Callable[[int, int], None],
    lesson_seconds: float = 60.0,
) -> Ranking:
    """Compares scores by shared weights with true values, or goes on with it.

    The weights are those of the search in the folder, or learned anew for each of
    `benchmark.num_seeds`. True values are those of the table of the config, or, where
    it names none, measured by training the architectures alone. Writes `ranking.md`,
    `ranking.json` and `figures/` to `folder_of` the folder.

    Args:
        config: The experiment, whose evaluator is `shared`.
        workdir: Folder of the ranking, or of a search with shared weights.
        progress_fn: Called with how many measurements are done, and of how many.
        lesson_seconds: Between two states of weights that an interrupted lesson goes
            on from.

    Raises:
        ValueError: If the parts of the config do not fit, the folder holds something
            else, or there is nothing to compare.
        KeyboardInterrupt: After an interruption; what is measured is kept.
    """
    workdir = directory.absolute(workdir)
    job = _Job.of(config, workdir)
    defaults, places = fields.defaults(Config), set(fields.places(Config))
    with (
        RunDirectory(folder_of(workdir), job.settings, defaults, places) as run,
        contextlib.closing(Lessons(run.path / "lesson", lesson_seconds)) as lessons,
        interrupts.stoppable() as check,
    ):
        run.begin()
        try:
            ranking = job.execute(run, lessons, progress_fn, check)
        except ChildFailure as failure:
            raise ValueError(f"Shared weights can't be learned: {failure}.") from None
        run.write_json("ranking.json", ranking.to_json())
        (run.path / "ranking.md").write_text(ranking.to_markdown())
        report.save(report.draw_ranking(ranking), run.path / "figures" / "ranking")
        return ranking


@dataclasses.dataclass(frozen=True, eq=False)
class _Job:
    """What is compared with what.

    Attributes:
        config: The experiment.
        evaluator: Scores by shared weights.
        table: Has the true values; None where architectures are trained.
        tokens: The architectures, int32 [num, length].
        weights: The sets of shared weights.
        words: What they are, for readers.
    """

    config: Config
    evaluator: SharedEvaluator
    table: TableEvaluator | None
    tokens: np.ndarray
    weights: Weights
    words: str

    @classmethod
    def of(cls, config: Config, workdir: pathlib.Path) -> "_Job":
        """Draws the architectures, of those that the table has where there is one."""
        # By the objective alone, whatever else a search was for.
        config = dataclasses.replace(config, **_NO_GOALS)
        evaluator, table = build.evaluator(config), None
        if config.table.path:
            table = evaluators.make("table", config, spaces.make(config.space))
        space = evaluator.space if table is None else table.space
        # Not by `deduplicate`: a table has values of each sequence.
        rng = np.random.default_rng(config.seed)
        tokens = Unseen(space, "sequence").draw(rng, config.benchmark.num_ranked)
        if len(tokens) < 2:
            raise ValueError(f"A ranking needs 2 architectures, got {len(tokens)}.")
        make = _of_search if holds_search(workdir) else _of_seeds
        return cls(config, evaluator, table, tokens, *make(config, evaluator, workdir))

    @property
    def settings(self) -> dict[str, Any]:
        """What must be equal for a ranking to go on; there may be more seeds."""
        values = fields.to_dict(self.config)
        for name in _UNREAD:
            del values[name]
        ranked = {"num_ranked": self.config.benchmark.num_ranked}
        content = {} if self.table is None else self.table.content
        own = {"mode": "benchmark", "benchmark": ranked}
        return values | own | self.evaluator.content | content

    def execute(
        self,
        run: RunDirectory,
        lessons: Lessons,
        progress_fn: Callable[[int, int], None],
        check: supernet.Check,
    ) -> Ranking:
        """Measures what is not in the folder yet, true values first."""
        num_trained = len(self.tokens) if self.table is None else 0
        total = num_trained + len(self.weights)
        for true in self._true(run):
            progress_fn(min(len(true), num_trained), total)
            check()
        check_true(true)
        scores = []
        for done, (name, learn) in enumerate(self.weights.items(), num_trained + 1):
            learn_fn = functools.partial(learn, lessons, check)
            scores.append(
                supernet.score(run, name, self.evaluator, self.tokens, learn_fn)
            )
            progress_fn(done, total)
            check()
        return self._compared(true, scores)

    def _compared(
        self, true: Sequence[Evaluation], scores: Sequence[Scores]
    ) -> Ranking:
        space = self.evaluator.space
        ranking = Ranking(
            space.name,
            [space.format(row) for row in self.tokens],
            self.evaluator.known(self.tokens)["num_parameters"],
            *self._truth(),
            true,
            self.evaluator.objective,
            self.words,
            scores,
        )
        ranking.check()
        return ranking

    def _true(self, run: RunDirectory) -> Iterator[Sequence[Evaluation]]:
        """Yields true values as they come, in the end all of them."""
        key = jax.random.key(self.config.seed)
        keys = jax.random.split(key, len(self.tokens))
        if self.table is not None:
            return iter([list(self.table.evaluate(self.tokens, keys))])
        make_fn = functools.partial(
            evaluators.make, "training", self.config, self.evaluator.space
        )
        return supernet.train(run, make_fn, self.tokens, keys)

    def _truth(self) -> tuple[Objective, str]:
        """Returns what true values measure, and where they come from, in words."""
        if self.table is not None:
            objective = self.table.objective
            return objective, f"{objective.label} {self.table.source}"
        objective, epochs = self.evaluator.objective, self.config.child.epochs
        alone = f"{counted(epochs, 'epoch')} of training alone"
        return objective, f"{objective.label} {self.evaluator.source} after {alone}"


def _of_seeds(
    config: Config, evaluator: SharedEvaluator, workdir: pathlib.Path
) -> tuple[Weights, str]:
    """Returns weights that are learned, seed by seed, and what they are, in words."""
    del workdir
    strategy, seeds = build.strategy(config, evaluator), config.benchmark.num_seeds
    learn = functools.partial(supernet.learn, evaluator, strategy)
    epochs = counted(config.shared.epochs, "epoch")
    words = f"weights shared for {epochs}, on what {strategy.name} draws at first, "
    return (
        {f"seed {seed}": functools.partial(learn, seed) for seed in range(seeds)},
        words + counted(seeds, "seed"),
    )


def _of_search(
    config: Config, evaluator: SharedEvaluator, workdir: pathlib.Path
) -> tuple[Weights, str]:
    """Returns the weights that a search had last, and what they are, in words.

    Raises:
        ValueError: If it has none that networks of this config could have.
    """
    _check_same(workdir, config, evaluator)
    kept = checkpoints.read_learned(workdir / "checkpoints")
    if kept is None:
        raise ValueError(
            f"{workdir} keeps no shared weights (checkpoints/); a new --workdir learns "
            "them anew."
        )
    told, state = kept
    # A search that goes on has others, which are scored anew.
    after = f"after {counted(told, 'trial')}" if told else "before any trial"
    name = f"learned {after}"
    return {name: lambda lessons, check: state}, f"the shared weights of {workdir}"


def _check_same(
    workdir: pathlib.Path, config: Config, evaluator: SharedEvaluator
) -> None:
    """Raises ValueError where the search in a folder had other networks or data."""
    there = reader.read_config(workdir)
    if there is None or there.evaluator != "shared":
        raise ValueError(
            f"{workdir} must hold a search with --config.evaluator=shared to rank by "
            f"its weights, got {getattr(there, 'evaluator', None)!r}."
        )
    was, now = _of_weights(there), _of_weights(config) | dict(evaluator.content)
    was |= record.read(workdir, evaluator.space).content
    found = comparing.differences(was, now, {})
    lines = [f"{name} is {old!r} there and {new!r} here" for name, old, new in found]
    if lines:
        raise ValueError(f"The weights of {workdir} are others: {'; '.join(lines)}.")


def _of_weights(config: Config) -> dict[str, Any]:
    """Returns the settings that shared weights depend on."""
    values = {name: fields.to_dict(getattr(config, name)) for name in _OF_WEIGHTS}
    return comparing.without(values, {*_ALONE, *_LEARNED, *fields.places(Config)})

"""Strategies against each other, seed by seed, over a table of results.

A run is one strategy with one seed; nothing of it but its queries is shared with
another. Finished runs are files, so an interrupted benchmark goes on where it was, and
one with more strategies or seeds adds to it.
"""

import dataclasses
from collections.abc import Iterator

from nao.benchmark import workers
from nao.benchmark.entries import Entry, read_entries
from nao.benchmark.runner import run_one
from nao.benchmark.trajectory import Trajectory
from nao.config import Config
from nao.evaluators import TableEvaluator
from nao.runs import RunDirectory
from nao.system import hosts


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
            for entry in read_entries(config)
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

    def _read(self, strategy: str, seed: int) -> Trajectory | None:
        return self._read_file(_file_name(strategy, seed))

    def _read_file(self, name: str) -> Trajectory | None:
        data = self.run.read_json(name)
        try:
            return None if data is None else Trajectory.from_json(data)
        except (ValueError, TypeError) as error:
            path = self.run.path / name
            raise ValueError(f"{path} can't be read: {error}.") from None

    def write(self, found: Trajectory) -> None:
        """Writes a finished run, whole or not at all."""
        name = _file_name(found.strategy, found.seed)
        self.run.write_json(name, found.to_json())

    def finished(self) -> list[Trajectory]:
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

    def execute(self, jobs: list[tuple[str, int, int]]) -> Iterator[Trajectory]:
        """Does what is `missing`, in processes of one core each, and yields it."""
        num_workers = self.config.benchmark.num_workers or len(hosts.cores())
        if num_workers == 1 or len(jobs) <= 1:
            found = (run_one(self.evaluator, self.config, *job) for job in jobs)
        else:
            # Workers read the table anew, and must find this one.
            table = dataclasses.replace(self.config.table, sha256=self.evaluator.sha256)
            config = dataclasses.replace(self.config, table=table)
            found = workers.execute(config, jobs, num_workers)
        for trajectory in found:
            self.write(trajectory)
            yield trajectory


def _file_name(strategy: str, seed: int) -> str:
    return f"runs/{strategy}-{seed}.json"

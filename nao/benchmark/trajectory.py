"""What one search came to, query by query."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from nao.evaluators.base import ROUNDING

# Fields with a number per query.
_ARRAYS = ("objective", "test", "seconds", "compile_seconds", "costs")


@dataclasses.dataclass(frozen=True, eq=False)
class Trajectory:
    """One strategy with one seed.

    Attributes:
        strategy: Name of the strategy.
        seed: Its seed.
        objective: What every query measured, float64 [num], NaN where it failed, was
            not of the full budget or broke a bound of the search.
        test: Test number of the best so far after each query, float64 [num]; NaN where
            it was not read.
        seconds: Wall-clock seconds from the start to each query, float64 [num].
        compile_seconds: Seconds of those spent tracing and compiling, float64 [num].
        peak_rss_mib: Largest resident memory of the process, in MiB.
        architectures: What was asked for, as text.
        budget: What all queries may cost together, in full evaluations.
        costs: What each query cost, float64 [num]: 1 for a full evaluation.
    """

    strategy: str
    seed: int
    objective: np.ndarray
    test: np.ndarray
    seconds: np.ndarray
    compile_seconds: np.ndarray
    peak_rss_mib: float
    architectures: Sequence[str]
    budget: int
    costs: np.ndarray

    def cut(self, budget: int) -> "Trajectory":
        """Returns the first queries, those that cost no more together."""
        num = int(self.num_within(np.array(budget)))
        columns = {name: getattr(self, name)[:num] for name in _ARRAYS}
        return dataclasses.replace(
            self,
            **columns,
            architectures=self.architectures[:num],
            budget=min(budget, self.budget),
        )

    def num_within(self, budgets: np.ndarray) -> np.ndarray:
        """Returns how many first queries cost no more than each budget, int [...]."""
        return np.searchsorted(self.spent(), budgets + ROUNDING, side="right")

    def spent(self) -> np.ndarray:
        """Returns what queries cost up to each, in full evaluations, float64 [num]."""
        return np.cumsum(self.costs)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values, NaN as null."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in _ARRAYS:
            digits = 6 if name.endswith("seconds") else 17
            values[name] = [
                None if np.isnan(x) else float(f"{x:.{digits}g}") for x in values[name]
            ]
        return values

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Trajectory":
        """Reads what `to_json` gave.

        Raises:
            ValueError: If it is something else.
        """
        # Runs from before there were budgets are of full evaluations.
        full = [1.0] * len(data.get("objective", ()))
        data = {"costs": full} | data
        names = [f.name for f in dataclasses.fields(cls)]
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(f"it lacks {missing[0]!r}")
        arrays = {
            name: np.array([np.nan if x is None else x for x in data[name]], np.float64)
            for name in _ARRAYS
        }
        if len({len(array) for array in arrays.values()}) > 1 or not len(data["test"]):
            raise ValueError(
                f"{', '.join(_ARRAYS)} must be lists of one length above 0"
            )
        return cls(**{name: data[name] for name in names} | arrays)

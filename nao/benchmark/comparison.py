"""What finished runs say about their strategies: mean and spread over seeds."""

import collections
import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nao.benchmark.trajectory import Trajectory
from nao.system import durations, floats

_BUDGETS = (10, 20, 50, 100, 150, 200, 300, 500, 1000, 2000, 5000, 10000)


@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """The runs of one strategy.

    Attributes:
        strategy: Name of the strategy.
        runs: Its runs, by seed.
        num_queries: Largest budget that all of them had, in full evaluations.
        maximize: Whether a higher objective is better.
    """

    strategy: str
    runs: list[Trajectory]
    num_queries: int
    maximize: bool

    @property
    def has_partial(self) -> bool:
        """Whether a query was less than a full evaluation."""
        return any((run.costs != 1).any() for run in self.runs)

    def best(self) -> np.ndarray:
        """Returns the best objective so far, float64 [num_runs, num_queries].

        A column is what as many full evaluations cost, which others may be a part of.
        A run that ended early, because it had found the best there is or because the
        space was used up, keeps its last value.
        """
        accumulate = np.fmax.accumulate if self.maximize else np.fmin.accumulate
        return self._padded([accumulate(run.objective) for run in self.runs])

    def test(self) -> np.ndarray:
        """Returns the test number of the best so far, [num_runs, num_queries]."""
        return self._padded([run.test for run in self.runs])

    def _padded(self, rows: list[np.ndarray]) -> np.ndarray:
        budgets = np.arange(1, self.num_queries + 1)
        # Before the first query ends, there is nothing.
        return np.array(
            [
                np.append(row, np.nan)[run.num_within(budgets) - 1]
                for run, row in zip(self.runs, rows, strict=True)
            ]
        )

    def queries_to(self, goal: float) -> np.ndarray:
        """Returns what it cost each run to reach a value, inf if it did not.

        Returns:
            float64 [num_runs].
        """
        found = []
        for run in self.runs:
            reached = run.objective >= goal if self.maximize else run.objective <= goal
            at = np.flatnonzero(reached & (run.spent() <= self.num_queries))
            found.append(run.spent()[at[0]] if len(at) else np.inf)
        return np.array(found, np.float64)

    def seconds_per_query(self) -> np.ndarray:
        """Returns wall-clock seconds of a query, compilation left out, [num_runs]."""
        return np.array(
            [
                (run.seconds[-1] - run.compile_seconds[-1]) / len(run.seconds)
                for run in self.runs
            ]
        ).clip(0)


def group(runs: Sequence[Trajectory], maximize: bool) -> list[Group]:
    """Groups runs by strategy, in order of appearance."""
    by_strategy = collections.defaultdict(list)
    for run in runs:
        if len(run.objective):
            by_strategy[run.strategy].append(run)
    return [
        Group(name, found, min(run.budget for run in found), maximize)
        for name, found in by_strategy.items()
    ]


def best_value(runs: Sequence[Trajectory], maximize: bool) -> float:
    """Returns the best objective that any run measured."""
    values = np.concatenate([run.objective for run in runs])
    return float(np.nanmax(values) if maximize else np.nanmin(values))


def summarise(groups: Sequence[Group], goal: float) -> list[dict[str, Any]]:
    """Returns a row of numbers per strategy.

    `best@N` and `test@N` are mean and standard deviation over seeds after N queries;
    `queries` describes the queries to the goal, means over the seeds that reached it;
    where some were less (`has_partial`), they count in full ones, as they cost.
    """
    rows = []
    longest = max(found.num_queries for found in groups)
    budgets = [n for n in _BUDGETS if n <= longest] or [longest]
    for found in groups:
        queries = found.queries_to(goal)
        reached = queries[np.isfinite(queries)]
        row: dict[str, Any] = {
            "strategy": found.strategy,
            "seeds": len(found.runs),
            "queries": found.num_queries,
            "has_partial": found.has_partial,
            "reached": len(reached),
            "queries_mean": float(reached.mean()) if len(reached) else None,
            "queries_sd": deviation(reached),
            "queries_max": float(reached.max()) if len(reached) else None,
        }
        best, test = found.best(), found.test()
        for num in budgets:
            for name, curve in (("best", best), ("test", test)):
                has = num <= found.num_queries
                values = curve[:, num - 1] if has else np.array([])
                values = values[~np.isnan(values)]
                mean = floats.mean(values) if len(values) else None
                row[f"{name}@{num}"] = mean
                row[f"{name}@{num}_sd"] = deviation(values)
        seconds = found.seconds_per_query()
        row["seconds_per_query"] = float(seconds.mean())
        row["compile_seconds"] = float(
            max(run.compile_seconds[-1] for run in found.runs)
        )
        row["peak_rss_mib"] = float(max(run.peak_rss_mib for run in found.runs))
        rows.append(row)
    return rows


def to_markdown(rows: Sequence[dict[str, Any]], goal: str = "the best") -> str:
    """Returns the headline numbers as a Markdown table; `goal` says what was sought."""
    budgets = [
        int(key.removeprefix("best@"))
        for key in rows[0]
        if key.startswith("best@") and not key.endswith("_sd")
    ]
    shared = [n for n in budgets if n <= min(row["queries"] for row in rows)] or budgets
    shown = [n for n in shared if n in (50, 100, 200)] or shared[-1:]
    spent = "cost" if any(row.get("has_partial") for row in rows) else "queries"
    head = ["strategy", "seeds", f"{spent} to {goal}: mean ± sd (max)", "reached"]
    curves = [name for name in ("best", "test") if _has(rows, name, shown)]
    head += [f"{name} at {n}" for name in curves for n in shown]
    head += ["time / query", "peak MiB"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        queries = spread(row["queries_mean"], row["queries_sd"], 1)
        if row["queries_max"] is not None:
            queries += f" ({row['queries_max']:.0f})"
        cells = [row["strategy"], str(row["seeds"]), queries]
        cells.append(f"{row['reached']} of {row['seeds']} in {row['queries']}")
        for name in curves:
            cells += [
                spread(row[f"{name}@{n}"], row[f"{name}@{n}_sd"], 3) for n in shown
            ]
        cells.append(durations.short(row["seconds_per_query"]))
        cells.append(f"{row['peak_rss_mib']:.0f}")
        lines.append(cells)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _has(rows: Sequence[dict[str, Any]], name: str, budgets: Sequence[int]) -> bool:
    """Says whether any strategy has the numbers of a column; no table has to."""
    return any(row[f"{name}@{num}"] is not None for row in rows for num in budgets)


def to_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Returns all numbers as CSV, empty where there is none."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def spread(mean: float | None, deviation: float | None, digits: int) -> str:
    """Writes a mean and its deviation, `-` where there is none.

    Args:
        mean: The mean.
        deviation: Standard deviation; None where there is none.
        digits: Decimals; more where a number is very small, fewer where it is large.
    """
    if mean is None:
        return "-"
    if mean and not 1e-15 < abs(mean) < 1e15:
        return f"{mean:.3g}" + ("" if deviation is None else f" ± {deviation:.2g}")
    if mean:
        # Three significant digits of a loss of 1e-7.
        digits = max(digits, 2 - math.floor(math.log10(abs(mean))))
    spread = "" if deviation is None else f" ± {deviation:.{digits}f}"
    return f"{mean:.{digits}f}{spread}"


def deviation(values: np.ndarray) -> float | None:
    """Returns the deviation of a sample, float64 [num]; None of one value or none."""
    return floats.deviation(values) if len(values) > 1 else None

"""Numbers of finished runs, worked by hand."""

import csv
import dataclasses
import io

import numpy as np
import pytest

from nao.benchmark import Trajectory, comparison
from tests.comparable import RUNS, make_run


def test_curves_of_runs_that_stopped_keep_their_last_value():
    nao, random = comparison.group(RUNS, maximize=True)
    np.testing.assert_array_equal(nao.best(), [[1, 3, 3, 3], [np.nan, 1, 2, 3]])
    np.testing.assert_array_equal(nao.test()[0], [10, 30, 30, 30])
    np.testing.assert_array_equal(random.best(), [[0, 1, 1, 2]])


def test_queries_to_a_goal():
    nao, random = comparison.group(RUNS, maximize=True)
    np.testing.assert_array_equal(nao.queries_to(3), [2, 4])
    np.testing.assert_array_equal(random.queries_to(3), [np.inf])
    assert comparison.best_value(RUNS, maximize=True) == 3


def test_lower_is_better():
    (found,) = comparison.group([make_run("a", 0, [3, 1, 2])], maximize=False)
    np.testing.assert_array_equal(found.best(), [[3, 1, 1]])
    np.testing.assert_array_equal(found.queries_to(1), [2])


def test_compilation_is_not_a_query():
    """Four queries in 4 s, 1 s of them compiling: 0.75 s a query."""
    (found,) = comparison.group([RUNS[2]], maximize=True)
    np.testing.assert_allclose(found.seconds_per_query(), [0.75])


def test_summary_rows():
    runs = [make_run("a", seed, range(seed, seed + 12)) for seed in range(2)]
    (row,) = comparison.summarise(comparison.group(runs, maximize=True), goal=12)
    assert (row["seeds"], row["queries"], row["reached"]) == (2, 12, 1)
    assert row["queries_mean"] == 12 and row["queries_sd"] is None
    assert row["best@10"] == 9.5  # 9 and 10
    assert row["best@10_sd"] == pytest.approx(np.sqrt(0.5))
    assert row["test@10"] is None
    assert "best@20" not in row
    text = comparison.to_markdown([row])
    assert "| a | 2 | 12.0 (12) | 1 of 2 in 12 |" in text
    assert "time / query" in text
    (read,) = csv.DictReader(io.StringIO(comparison.to_csv([row])))
    assert read["best@10"] == "9.5" and read["test@10"] == ""


def test_what_partial_queries_cost_is_not_called_queries():
    """Of 2, 0.5 full ones each, the best came after a cost of 1."""
    runs = [make_run("a", 0, range(2)), make_run("b", 0, range(2))]
    runs[1] = dataclasses.replace(runs[1], costs=np.array([0.5, 0.5]))
    rows = comparison.summarise(comparison.group(runs, maximize=True), goal=1)
    assert [row["queries_mean"] for row in rows] == [2, 1]
    assert "| cost to the best: mean" in comparison.to_markdown(rows)
    assert "| queries to the best: mean" in comparison.to_markdown(rows[:1])


def test_strategies_of_unequal_budgets_are_shown_where_all_have_numbers():
    """Of one with fewer queries than the column's there was a dash alone."""
    runs = [make_run("a", 0, range(40)), make_run("b", 0, range(60))]
    rows = comparison.summarise(comparison.group(runs, maximize=True), goal=99)
    text = comparison.to_markdown(rows)
    assert "best at 20" in text and "best at 50" not in text
    assert text.count("| 19.000 |") == 2


def test_a_table_without_tests_has_no_columns_of_them():
    """There were dashes in every row."""
    runs = [make_run("a", 0, range(10)), make_run("b", 0, range(10))]
    rows = comparison.summarise(comparison.group(runs, maximize=True), goal=9)
    assert "test" not in comparison.to_markdown(rows)
    runs[1] = make_run("b", 0, range(10), test=range(10))
    rows = comparison.summarise(comparison.group(runs, maximize=True), goal=9)
    text = comparison.to_markdown(rows)
    assert "test at 10" in text and "| - |" in text


def test_numbers_near_the_end_of_float64_are_averaged():
    """Their sum is no float64; written in full they have 309 digits."""
    runs = [make_run("a", seed, [seed * 1e307] * 10) for seed in (15, 17)]
    (row,) = comparison.summarise(comparison.group(runs, maximize=True), goal=2e308)
    assert row["best@10"] == pytest.approx(1.6e308)
    assert row["best@10_sd"] == pytest.approx(1.4142136e307)
    assert "| 1.6e+308 ± 1.4e+307 |" in comparison.to_markdown([row])


def test_small_numbers_keep_three_digits():
    runs = [make_run("a", seed, [1e-7 * (seed + 1)] * 10) for seed in range(2)]
    rows = comparison.summarise(comparison.group(runs, maximize=False), goal=0)
    assert "0.000000150 ± 0.000000071" in comparison.to_markdown(rows)


def test_a_budget_below_all_columns_is_a_column():
    rows = comparison.summarise(
        comparison.group([make_run("a", 0, [1, 2])], maximize=True), goal=2
    )
    assert rows[0]["best@2"] == 2


def test_partial_evaluations_cost_their_part():
    """Two halves and a full one: after a cost of 1 nothing, after 2 the full one."""
    run = make_run("sh", 0, [np.nan, np.nan, 5], costs=[0.5, 0.5, 1], budget=3)
    (found,) = comparison.group([run], maximize=True)
    np.testing.assert_array_equal(found.best(), [[np.nan, 5, 5]])
    np.testing.assert_array_equal(found.queries_to(5), [2])
    assert len(run.cut(1).objective) == 2
    assert Trajectory.from_json(run.to_json()).costs.tolist() == [0.5, 0.5, 1]
    older = {k: v for k, v in run.to_json().items() if k != "costs"}
    assert Trajectory.from_json(older).costs.tolist() == [1, 1, 1]

"""Writes the page about a search: `--mode=report`."""

import contextlib
import dataclasses
import os
import pathlib

import numpy as np

from nao.commands import build
from nao.commands.request import Request
from nao.evaluators import Evaluator, TableEvaluator
from nao.runs import StoredRun, reader


def run(request: Request) -> None:
    """Writes `report.html` of a search, finished or not."""
    request.require_workdir("mode=report needs --workdir of a search.")
    print(f"Written to {write_report(request.workdir)}")


def write_report(workdir: str | os.PathLike) -> pathlib.Path:
    """Writes `report.html` about the search in a folder, in whatever state it is.

    Returns:
        Path of the page.

    Raises:
        ValueError: If there is no search, or something of it can't be read.
    """
    run = reader.read(workdir)
    found = None
    if run.config.get("evaluator") == "table":
        # The page does without a table that is gone, but for random search.
        with contextlib.suppress(ValueError):
            found = population(build.evaluator(reader.read_config(run.path)))
    return write_page(run, found)


def population(evaluator: Evaluator) -> np.ndarray | None:
    """Returns the objectives of all architectures of a table, float64 [num]."""
    if not isinstance(evaluator, TableEvaluator):
        return None
    return np.array([value for value, _ in evaluator.values.values()])


def write_page(run: StoredRun, population: np.ndarray | None) -> pathlib.Path:
    """Writes the page of a run.

    Args:
        run: The run.
        population: What random search draws from, float64 [num]; None if not known.

    Returns:
        Path of the page.
    """
    from nao import report  # Matplotlib takes a second, which the first child has not.

    return report.write_page(dataclasses.replace(run, population=population))

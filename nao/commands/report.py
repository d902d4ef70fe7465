"""Writes the page about a search: `--mode=report`."""

import contextlib
import os
import pathlib

from nao import searching
from nao.commands import build
from nao.commands.request import Request
from nao.runs import reader


def run(request: Request) -> None:
    """Writes `report.html` of a search, finished or not."""
    request.require_workdir("--mode=report needs --workdir of a search.")
    print(f"Written to {write_report(request.workdir)}")


def write_report(workdir: str | os.PathLike) -> pathlib.Path:
    """Writes `report.html` and `figures/` of a search, in whatever state it is.

    Returns:
        Path of the page.

    Raises:
        ValueError: If there is no search, or something of it can't be read.
    """
    run = reader.read(workdir)
    evaluator = None
    if run.config.get("evaluator") == "table":
        # The page does without a table that is gone, but for random search.
        with contextlib.suppress(ValueError):
            evaluator = build.evaluator(reader.read_config(run.path))
    return searching.write_report(run, evaluator)

"""Writes an architecture, and its trained network, for others: `--mode=export`."""

import os

from nao import spaces
from nao.commands.request import Request
from nao.config import Config
from nao.runs import directory
from nao.training import export


def run(request: Request) -> None:
    """Exports what the workdir holds, and prints what every file is."""
    config = request.config(of_run=True)
    folder = request.require_workdir(
        "--mode=export needs --workdir of a search or a training."
    )
    for name, what in export_run(config, folder).items():
        print(f"{name}: {what}")
    print(f"Written to {folder / 'export'}")


def export_run(config: Config, workdir: str | os.PathLike) -> dict[str, str]:
    """Writes `export/` in the folder of a search or a training, see `export.write`.

    Args:
        config: The search's; only its space is read.
        workdir: The folder.

    Returns:
        What every file is, by its name.

    Raises:
        ValueError: If there is nothing to export.
    """
    return export.write(directory.absolute(workdir), spaces.make(config.space))

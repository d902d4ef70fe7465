"""Runs the notebooks from top to bottom, and keeps what they show.

    python experiments/notebooks/execute.py
    python experiments/notebooks/execute.py explore_embedding compare_strategies

Needs nbclient and ipykernel. What a run leaves besides its results is not kept:
warnings, progress bars, the times of cells, the version of Python.
"""

import argparse
import os
import pathlib
import tempfile
from collections.abc import Mapping

import nbclient
import nbformat

FOLDER = pathlib.Path(__file__).resolve().parent
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb")))
_ROOT = FOLDER.parents[1]
_TIMEOUT_S = 1800  # of a cell
_WIDGET = "application/vnd.jupyter.widget-view+json"


def read(name: str) -> nbformat.NotebookNode:
    """Returns the notebook of a name in `NAMES`."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def execute(
    name: str, folder: str | os.PathLike, changes: Mapping[str, str] | None = None
) -> nbformat.NotebookNode:
    """Runs a notebook with this Python and this copy of nao.

    Args:
        name: One of `NAMES`.
        folder: Where it runs; what it writes stays there.
        changes: Parts of its code and what stands in their place, to make it smaller.

    Returns:
        The notebook with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    notebook = read(name)
    for old, new in (changes or {}).items():
        _change(notebook, old, new)
    client = nbclient.NotebookClient(
        notebook,
        timeout=_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    )
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    client.execute(env=os.environ | {"PYTHONPATH": path})
    return notebook


def _change(notebook: nbformat.NotebookNode, old: str, new: str) -> None:
    """Changes code in all cells; raises ValueError where no cell has it."""
    cells = [cell for cell in notebook.cells if old in cell.source]
    if not cells:
        raise ValueError(f"No cell has {old!r}.")
    for cell in cells:
        cell.source = cell.source.replace(old, new)


def clean(notebook: nbformat.NotebookNode) -> None:
    """Leaves out what tells of the run and not of its results."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_result(output)]


def _is_result(output: nbformat.NotebookNode) -> bool:
    return output.get("name") != "stderr" and _WIDGET not in output.get("data", {})


def main():
    """Executes the notebooks and writes them back."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"no notebook {min(unknown)!r}; there are {', '.join(NAMES)}")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            notebook = execute(name, folder)
        clean(notebook)
        nbformat.write(notebook, FOLDER / f"{name}.ipynb")
        print(name)


if __name__ == "__main__":
    main()

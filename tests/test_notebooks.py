import json
import pathlib
import re

import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "experiments" / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
# A path of some machine, or a user's folder; /path in an address or a unit is neither.
LOCAL_PATH = re.compile(
    r"(?<![\w.:/~])/(?:home|root|tmp|work|usr|Users|var|opt|mnt|content|private)/"
    r"|\b[A-Z]:\\|~/"
)
# As many seeds and trials as show all that a notebook shows: its own take minutes.
SMALLER = {
    "compare_strategies": {
        "num_cells=120": "num_cells=60",
        "num_trials=60": "num_trials=30",
        '"nao:5", "local_search:20", "evolution:20", "random:50"': (
            '"nao:2", "local_search:3", "evolution:3", "random:5"'
        ),
    },
    "explore_embedding": {"default_rng(0), 60)": "default_rng(0), 30)"},
    "own_space_and_objective": {
        "num_seed_archs=20, round_size=10": "num_seed_archs=10, round_size=10",
        "num_trials=100": "num_trials=20",
        "range(5)": "range(1)",
    },
    "search_cells": {
        "num_seed_archs=8, round_size=4": "num_seed_archs=4, round_size=4",
        "num_seed_archs=12, round_size=6": "num_seed_archs=6, round_size=6",
        "num_trials=24": "num_trials=8",
        "epochs=10": "epochs=2",
        "num_train=50_000": "num_train=10_000",
        "num_nodes=4": "num_nodes=2",
    },
}


def cells_of(name, kind):
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == kind]


def texts_of(cell):
    """Yields the source of a cell and what it shows in words."""
    yield "".join(cell["source"])
    for output in cell.get("outputs", []):
        yield "".join(output.get("text", []))
        for kind, data in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield "".join(data)


def kinds_of(cells):
    """Returns what each cell shows: streams and MIME types."""
    return [
        {kind for o in cell["outputs"] for kind in [o.get("name"), *o.get("data", {})]}
        for cell in cells
    ]


def test_the_notebooks_are_there():
    assert NAMES == [
        "compare_strategies",
        "explore_embedding",
        "own_space_and_objective",
        "search_cells",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_first_cell_installs_from_one_variable(name):
    first = "".join(cells_of(name, "code")[0]["source"])
    assert re.search(r'^NAO_ADDRESS = "', first, re.MULTILINE)
    assert "%pip install --quiet {NAO_ADDRESS}" in first


@pytest.mark.parametrize("name", NAMES)
def test_no_local_path_is_told(name):
    for cell in [*cells_of(name, "code"), *cells_of(name, "markdown")]:
        for text in texts_of(cell):
            assert not LOCAL_PATH.search(text), text


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_kept_from_one_clean_run(name):
    cells = cells_of(name, "code")
    assert [cell["execution_count"] for cell in cells] == [
        number + 1 for number in range(len(cells))
    ]
    kinds = set().union(*kinds_of(cells))
    assert "image/png" in kinds and "stderr" not in kinds
    types = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert "error" not in types
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 500_000


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_from_top_to_bottom(name, tmp_path, monkeypatch):
    """With this Python and this checkout, on less; a cell that fails raises."""
    from experiments.notebooks import execute

    # Notebooks compute a lot, so their programs are optimised as for users.
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    notebook = execute.execute(name, tmp_path, SMALLER[name])
    execute.clean(notebook)
    shown = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert kinds_of(shown) == kinds_of(cells_of(name, "code"))

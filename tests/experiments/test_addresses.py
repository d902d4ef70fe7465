import nbformat
import pytest

from experiments.notebooks import addresses

NAMES = sorted(path.stem for path in addresses.FOLDER.glob("*.ipynb"))
GITHUB = "https://github.com/someone/nao"


def notebook_of(name):
    return nbformat.read(addresses.FOLDER / f"{name}.ipynb", as_version=4)


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_agree_with_pyproject(name):
    """Else run experiments/notebooks/addresses.py."""
    notebook = notebook_of(name)
    wanted = addresses.addressed(notebook, name, addresses.repository())
    assert notebook == wanted


@pytest.mark.parametrize("name", NAMES)
def test_an_address_makes_a_badge_and_none_takes_it_away(name):
    notebook = notebook_of(name)
    placed = addresses.addressed(notebook, name, GITHUB)
    path = f"github/someone/nao/blob/main/experiments/notebooks/{name}.ipynb"
    title = placed.cells[0].source
    assert f"(https://colab.research.google.com/{path})" in title.splitlines()[0]
    assert title.splitlines()[2].startswith("# ")
    code = next(cell for cell in placed.cells if cell.cell_type == "code")
    assert f'NAO_ADDRESS = "git+{GITHUB}"' in code.source
    assert addresses.addressed(placed, name, GITHUB) == placed
    today = addresses.repository()
    assert addresses.addressed(placed, name, today) == notebook


@pytest.mark.parametrize(
    ("address", "is_there"),
    [
        ("", False),
        ("https://gitlab.com/someone/nao", False),
        (GITHUB, True),
        (f"{GITHUB}.git", True),
        (f"{GITHUB}/", True),
    ],
)
def test_colab_opens_what_lies_on_github(address, is_there):
    text = addresses.badge("search_cells", address)
    assert bool(text) == is_there
    assert not is_there or "github/someone/nao/blob" in text

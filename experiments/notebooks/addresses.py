"""Writes where nao is cloned from into every notebook, and the badge of Colab.

    python experiments/notebooks/addresses.py

The address is `Repository` of `project.urls` in pyproject.toml. From it follow the
first line of code of each notebook, `NAO_ADDRESS`, what pip installs nao from, and at
its top a badge that opens it in Colab, which reads notebooks from GitHub alone. Without
an address that variable is empty, for the user to fill in, and there is no badge.
"""

import pathlib
import re
import tomllib

import nbformat

FOLDER = pathlib.Path(__file__).resolve().parent
_ROOT = FOLDER.parents[1]
_GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?$")
_COLAB = "https://colab.research.google.com"
_BADGE = re.compile(r"\A\[!\[Open in Colab\].*\n\n")


def repository() -> str:
    """Returns the address in pyproject.toml; empty where it has none."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    return project.get("urls", {}).get("Repository", "")


def badge(name: str, address: str) -> str:
    """Returns the badge of a notebook, a paragraph; empty where Colab can't open it."""
    found = _GITHUB.match(address)
    if not found:
        return ""
    path = f"github/{found[1]}/blob/main/experiments/notebooks/{name}.ipynb"
    image = f"{_COLAB}/assets/colab-badge.svg"
    return f"[![Open in Colab]({image})]({_COLAB}/{path})\n\n"


def install(address: str) -> str:
    """Returns the first cell of code: it installs nao from an address."""
    source = f"git+{address}" if address else ""
    return (
        "# What pip installs nao from; empty: it is installed already. In Colab,\n"
        '# where the repository is cloned from: "git+https://HOST/OWNER/nao".\n'
        f'NAO_ADDRESS = "{source}"\n\n'
        "if NAO_ADDRESS:\n"
        "    %pip install --quiet {NAO_ADDRESS}"
    )


def addressed(
    notebook: nbformat.NotebookNode, name: str, address: str
) -> nbformat.NotebookNode:
    """Returns a notebook with the badge and the first cell of an address."""
    notebook = nbformat.from_dict(notebook)
    title = notebook.cells[0]
    title.source = badge(name, address) + _BADGE.sub("", title.source)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.source = install(address)
    return notebook


def main():
    """Writes all notebooks anew; their outputs stay."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        nbformat.write(addressed(notebook, path.stem, repository()), path)
        print(path.name)


if __name__ == "__main__":
    main()

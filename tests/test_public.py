"""What is public: each package says it in `__all__`, and shows that and no more."""

import ast
import importlib
import pathlib
import tomllib

import pytest

import nao
from nao.system import process

ROOT = pathlib.Path(nao.__file__).parent
PACKAGES = sorted(
    ".".join(path.parent.relative_to(ROOT.parent).parts)
    for path in ROOT.rglob("__init__.py")
    if "__all__" in path.read_text()
)


def bound_in(package):
    """Returns the public names that an `__init__.py` imports or assigns."""
    tree = ast.parse(pathlib.Path(package.__file__).read_text())
    aliases = [
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "nao"
        for alias in node.names
    ]
    return {name for name in aliases if not name.startswith("_")}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_shows_what_is_public_and_no_more(name):
    package = importlib.import_module(name)
    assert dir(package) == sorted(package.__all__)
    assert bound_in(package) <= set(package.__all__)
    for public in package.__all__:
        assert getattr(package, public) is not None


def test_unknown_names_are_refused_by_name():
    with pytest.raises(AttributeError, match="module 'nao' has no attribute 'serach'"):
        nao.serach  # noqa: B018


def test_the_version_has_one_source():
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    read = project["tool"]["setuptools"]["dynamic"]["version"]
    assert read == {"attr": "nao.system.process.VERSION"}
    assert nao.__version__ == process.VERSION and process.VERSION[0].isdigit()


def test_types_are_told_to_type_checkers():
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    assert "py.typed" in project["tool"]["setuptools"]["package-data"]["nao"]
    assert (ROOT / "py.typed").exists()

"""The house: imports point one way, and no module or function is too long to read."""

import ast
import pathlib

import networkx as nx
import pytest

import nao

ROOT = pathlib.Path(nao.__file__).parent
LAYERS = (
    {"types", "fields", "files", "functions"},
    {"system", "spaces", "data"},
    {"controller", "child"},
    {"strategies", "evaluators"},
    {"config"},
    {"runs"},
    {"search", "training", "embedding"},
    {"benchmark", "integrations"},
    {"report"},
    {"commands"},
    {"__init__"},
)
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}
TREES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts): ast.parse(
        path.read_text()
    )
    for path in ROOT.rglob("*.py")
}


def imported(tree):
    """Yields the modules of nao that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "nao":
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                init = f"{node.module}.__init__"
                known = [n for n in (name, f"{name}.__init__") if n in TREES]
                yield (known or [init if init in TREES else node.module])[0]


IMPORTS = nx.DiGraph([(n, other) for n in TREES for other in imported(TREES[n])])


def test_imports_point_from_higher_rooms_to_lower_ones():
    rooms = [tuple(name.split(".")[1] for name in edge) for edge in IMPORTS.edges]
    wrong = [(a, b) for a, b in rooms if a != b and RANK[a] <= RANK[b]]
    assert not wrong
    assert set(RANK) == {name.split(".")[1] for name in TREES}


def test_no_modules_import_each_other_in_a_circle():
    assert not list(nx.simple_cycles(IMPORTS))


def test_the_root_holds_few_modules():
    assert len(list(ROOT.glob("*.py"))) <= 6


@pytest.mark.parametrize("name", TREES)
def test_modules_and_functions_are_short(name):
    nodes = list(ast.walk(TREES[name]))
    functions = [n for n in nodes if isinstance(n, ast.FunctionDef)]
    assert (
        max((n.end_lineno for n in nodes if hasattr(n, "end_lineno")), default=0) <= 350
    )
    long = [f.name for f in functions if f.end_lineno - f.lineno >= 60]
    assert not long

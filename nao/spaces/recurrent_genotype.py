"""Recurrent cells as the genotype of DARTS (Liu et al., 2019, arXiv:1806.09055).

`Genotype(recurrent=[('tanh', 0), ('relu', 1), ...], concat=range(1, 9))`: activation
and predecessor of every node, and the states that are averaged. DARTS has a tanh in its
initial state; where it is another activation, `first='relu'` follows.
"""

import ast
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

FIRST = "tanh"  # activation of the initial state where a genotype does not say it
_MOST_STATES = 1000  # as `range(10**9)` is written quickly


class Genotype(NamedTuple):
    """A recurrent cell.

    Attributes:
        recurrent: Activation and predecessor of each node.
        concat: States that are averaged; None where the text does not say it.
        first: Activation of the initial state.
    """

    recurrent: tuple[tuple[str, int], ...]
    concat: Sequence[int] | None = None
    first: str = FIRST


def write(genotype: Genotype) -> str:
    """Writes a cell as a Python expression, which `read` reads."""
    fields = [f"recurrent={list(genotype.recurrent)}", f"concat={genotype.concat}"]
    if genotype.first != FIRST:
        fields.append(f"first={genotype.first!r}")
    return f"Genotype({', '.join(fields)})"


def read(text: str) -> Genotype | None:
    """Reads a cell, without running the text; None where it is no genotype of one."""
    try:
        fields = _fields(ast.parse(text.strip(), mode="eval").body)
        return Genotype(tuple(map(_node, fields.pop("recurrent"))), **fields)
    # What Python's parser and its literals raise, whatever is wrong with the text.
    except (SyntaxError, ValueError, KeyError, TypeError, MemoryError, RecursionError):
        return None


def to_darts(text: str) -> str:
    """Returns a genotype that programs of DARTS read.

    Raises:
        ValueError: If the text is no genotype, or the initial state has another
            activation than in DARTS.
    """
    genotype = read(text)
    if genotype is None:
        raise ValueError(f"A genotype reads Genotype(recurrent=...), got {text!r}.")
    if genotype.first != FIRST:
        raise ValueError(
            f"A genotype has {FIRST} in the initial state; the cell has "
            f"{genotype.first}."
        )
    return text


def _fields(call: ast.AST) -> dict[str, Any]:
    """Returns the fields of `Genotype(name=value, ...)`."""
    if not isinstance(call, ast.Call) or not _is_named(call.func, "Genotype"):
        raise ValueError("a genotype is a call of Genotype")
    if call.args:
        raise ValueError("a genotype names its fields")
    fields = {}
    for keyword in call.keywords:
        read_fn = _states if keyword.arg == "concat" else ast.literal_eval
        fields[keyword.arg] = read_fn(keyword.value)
    return fields


def _states(value: ast.AST) -> list[int]:
    """Reads `[1, 2]` or `range(1, 3)`."""
    if isinstance(value, ast.Call) and _is_named(value.func, "range"):
        states = range(*map(ast.literal_eval, value.args))
    else:
        states = ast.literal_eval(value)
    states = list(itertools.islice(states, _MOST_STATES))
    if not all(type(state) is int for state in states):
        raise ValueError("states are numbers")
    return states


def _node(pair: Any) -> tuple[str, int]:
    activation, predecessor = pair
    if type(activation) is not str or type(predecessor) is not int:
        raise ValueError("a node is an activation and a number")
    return activation, predecessor


def _is_named(value: ast.AST, name: str) -> bool:
    return isinstance(value, ast.Name) and value.id == name

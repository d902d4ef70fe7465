"""Aliases and small helpers that every room shares."""

import dataclasses
from typing import Any

import jax

Array = jax.Array
PyTree = Any


def option(default: Any, help: str) -> Any:
    """Returns a dataclass field whose meaning `launch.py --help` can print.

    Args:
        default: The value of the field where the user gives none.
        help: One line: what the field means, its unit, and what edge values mean.
    """
    return dataclasses.field(default=default, metadata={"help": help})


def part(cls: type) -> Any:
    """Returns a dataclass field that holds a config of its own, default as made."""
    return dataclasses.field(default_factory=cls)

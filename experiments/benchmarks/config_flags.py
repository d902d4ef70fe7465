"""The config of a benchmark script, chosen by flags as for launch.py."""

import argparse
import json
import pathlib
from collections.abc import Iterable
from typing import Any

from nao import fields
from nao.commands import build, configs
from nao.config import Config
from nao.evaluators import TableEvaluator

ROOT = pathlib.Path(__file__).resolve().parents[2]


def define(parser: argparse.ArgumentParser, parts: Iterable[str], default: str) -> None:
    """Defines `--config` and a flag for each field of some parts of a config."""
    parser.add_argument("--config", default=default, help="as for launch.py")
    for leaf in _leaves(parts):
        name = f"--config.{leaf.name}"
        parser.add_argument(name, metavar="VALUE", help=argparse.SUPPRESS)


def read(args: argparse.Namespace, parts: Iterable[str]) -> Config:
    """Returns the config that the flags of `define` describe.

    Raises:
        ValueError: If there is no such config, or a value is no value of its field.
    """
    texts = {leaf: getattr(args, f"config.{leaf.name}") for leaf in _leaves(parts)}
    given = {x.name: _value(x, text) for x, text in texts.items() if text is not None}
    return fields.override(configs.load(args.config, ROOT), given)


def read_table(
    args: argparse.Namespace, parts: Iterable[str]
) -> tuple[Config, TableEvaluator]:
    """Returns the config that the flags describe, and the table that it searches.

    Raises:
        ValueError: As `read` does, or if the config searches no table.
    """
    config = read(args, parts)
    evaluator = build.evaluator(config)
    if not isinstance(evaluator, TableEvaluator):
        raise ValueError(f"--config must search a table, got {args.config!r}.")
    return config, evaluator


def _leaves(parts: Iterable[str]) -> list[fields.Leaf]:
    names = tuple(parts)
    return [x for x in fields.leaves(Config) if x.name.split(".")[0] in names]


def _value(leaf: fields.Leaf, text: str) -> Any:
    """Returns the value of a config field from how a flag has it."""
    try:
        if leaf.type is bool:
            return json.loads(text)  # what is neither true nor false is refused later
        if leaf.type in (int, float, str):
            return fields.from_text(text, leaf.type)
        element = leaf.type.__args__[0]
        return tuple(fields.from_text(part, element) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"--config.{leaf.name}: {error}") from None

"""Fields of config dataclasses: their help, their parts and their checks."""

import dataclasses
from typing import Any


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


def check_at_least(minimum: float, config: Any, *names: str, prefix: str = "") -> None:
    """Checks fields of a config.

    Raises:
        ValueError: If one is smaller than `minimum`, or not a number; the message calls
            it by `prefix` and its name.
    """
    rule = f"be at least {minimum}" if minimum else "not be negative"
    for name in names:
        value = getattr(config, name)
        if not value >= minimum:
            raise ValueError(f"{prefix}{name} must {rule}, got {value}.")


def check_positive(config: Any, *names: str) -> None:
    """Checks that fields of a config are above 0; raises ValueError otherwise."""
    for name in names:
        if not getattr(config, name) > 0:
            raise ValueError(f"{name} must be positive, got {getattr(config, name)}.")

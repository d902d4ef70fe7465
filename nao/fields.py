"""Config dataclasses: help and checks of their fields, JSON, overriding."""

import csv
import dataclasses
import difflib
import functools
import inspect
import math
import numbers
import reprlib
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

MAX_SEED = 2**32 - 1  # A JAX key keeps 32 bits: greater ones would be another's.

# What a field of each type must be, in words, and the types that are that; numbers of
# NumPy are numbers.
_KINDS: dict[type, tuple[str, type | tuple[type, ...]]] = {
    bool: ("true or false", (bool, np.bool_)),
    int: ("a whole number", numbers.Integral),
    float: ("a number", numbers.Real),
    str: ("text", str),
    tuple: ("a tuple", tuple),
    Mapping: ("a mapping", Mapping),
}
# Numbers of a config end on a device, as int32 and float32.
_MOST = {int: 2**31 - 1, float: float(np.finfo(np.float32).max)}


def option(
    default: Any, help: str, *, is_place: bool = False, most: float | None = None
) -> Any:
    """Returns a dataclass field whose meaning `launch.py --help` can print.

    Args:
        default: The value of the field where the user gives none.
        help: What the field means, its unit, and what edge values mean. Begins with a
            capital, or with the name of what it is for and a colon (`conv_cell: ...`);
            a full stop is added.
        is_place: Whether it only says where something lies whose content is known by
            a hash: a run goes on with the same content from elsewhere.
        most: Largest value of a number; None for the largest int32 or float32.
    """
    help += "" if help.endswith(".") else "."
    metadata = {"help": help, "is_place": is_place, "most": most}
    return dataclasses.field(default=default, metadata=metadata)


def part(make_fn: Callable[[], Any]) -> Any:
    """Returns a dataclass field that holds a config, by default what `make_fn` makes.

    Args:
        make_fn: The config's class, or what makes one with defaults of its own.
    """
    return dataclasses.field(default_factory=make_fn)


def again(cls: type, name: str, default: Any) -> Any:
    """Returns a field of a config class for a subclass that has another default."""
    (field,) = (each for each in dataclasses.fields(cls) if each.name == name)
    return dataclasses.field(default=default, metadata=field.metadata)


def documented(cls: type[T]) -> type[T]:
    """Adds the fields of a config class to its docstring, from their help texts."""
    lines = [
        f"    {f.name}: {f.metadata.get('help') or f'See `{f.type.__name__}`.'}"
        for f in dataclasses.fields(cls)
    ]
    cls.__doc__ = "\n".join([inspect.getdoc(cls) or "", "", "Attributes:", *lines])
    return cls


def check_types(config: Any, prefix: str = "") -> None:
    """Checks that the fields of a config, and of its parts, are of their types.

    Raises:
        ValueError: If one is not, or is a number that is not finite or too large.
    """
    hints = _hints(type(config))
    for field in dataclasses.fields(config):
        value, name = getattr(config, field.name), f"{prefix}{field.name}"
        check_value(name, value, hints[field.name], field.metadata.get("most"))


def check_value(name: str, value: Any, kind: Any, most: float | None = None) -> None:
    """Checks one value.

    Args:
        name: What the message calls it.
        value: The value.
        kind: Its type: one of Python's for JSON values, a tuple or mapping of them, a
            config, or one of these or None. Other types are not checked.
        most: Largest value of a number; None for the largest int32 or float32.

    Raises:
        ValueError: If it is of another type, or not finite, or too large.
    """
    if isinstance(kind, types.UnionType) and value is not None:
        kind = kind.__args__[0]
    outer = typing.get_origin(kind) or kind
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, kind):
            raise _not_of(name, f"a {kind.__name__}", value)
        check_types(value, f"{name}.")
    elif outer in _KINDS:
        words, allowed = _KINDS[outer]
        # To Python, True is the whole number 1.
        is_other_bool = isinstance(value, bool) and kind is not bool
        if is_other_bool or not isinstance(value, allowed):
            raise _not_of(name, words, value)
    if outer in _MOST:
        _check_size(name, value, _MOST[outer] if most is None else most)
    elif outer is tuple:
        for i, inner in enumerate(value):
            check_value(f"{name}[{i}]", inner, kind.__args__[0], most)


def from_text(text: str, kind: type[T]) -> T:
    """Returns a value of a type from how it is written, as on a command line.

    Raises:
        ValueError: If the text is none; the message says what it must be.
    """
    try:
        return kind(text)
    except ValueError:
        words, _ = _KINDS[kind]
        raise ValueError(f"must be {words}, got {reprlib.repr(text)}") from None


def _not_of(name: str, words: str, value: Any) -> ValueError:
    # Shortened: a value may be all of a file, or nested too deeply to be written.
    return ValueError(f"{name} must be {words}, got {reprlib.repr(value)}.")


def _check_size(name: str, value: float, most: float) -> None:
    if not isinstance(value, numbers.Integral) and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value}.")
    if abs(value) > most:
        text = f"{most}" if isinstance(most, int) else f"{most:g}"
        rule = f"at most {text}" if value > 0 else f"at least -{text}"
        raise ValueError(f"{name} must be {rule}, got {reprlib.repr(value)}.")


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def check_seed(seed: int) -> None:
    """Raises ValueError for a seed that no JAX key can be made of."""
    check_value("seed", seed, int, MAX_SEED)
    if seed < 0:
        raise ValueError(f"seed must be 0 to 2**32 - 1, got {seed}.")


def check_at_least(minimum: float, config: Any, *names: str, prefix: str = "") -> None:
    """Checks fields of a config.

    Raises:
        ValueError: If one is smaller than `minimum`, or not a number; the message calls
            it by `prefix` and its name.
    """
    rule = f"be at least {minimum}" if minimum else "not be negative"
    for name in names:
        value = getattr(config, name)
        if not value >= minimum:  # Not `<`, which would let NaN pass.
            raise ValueError(f"{prefix}{name} must {rule}, got {value}.")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Checks that a word is one of some; raises ValueError that names it otherwise."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}.")


def read_names(name: str, text: str) -> tuple[str, ...]:
    """Returns the names in a comma-separated text.

    Raises:
        ValueError: If a quote is not closed; the message calls the text by `name`.
    """
    try:
        # As a line of CSV, so that a name may hold what separates names.
        (names,) = csv.reader([text], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(
            f"{name} must be a line of CSV, got {text!r}: {error}."
        ) from None
    return tuple(name.strip() for name in names if name.strip())


def check_positive(config: Any, *names: str, prefix: str = "") -> None:
    """Checks that fields of a config are above 0; raises ValueError otherwise."""
    for name in names:
        value = getattr(config, name)
        if not value > 0:
            raise ValueError(f"{prefix}{name} must be positive, got {value}.")


class Leaf(typing.NamedTuple):
    """A config field that the command line can override.

    Attributes:
        name: Dotted name, `nao.round_size`.
        type: `bool`, `int`, `float`, `str`, or a tuple of one of them.
        help: What it means, a sentence.
        default: Its value where the user gives none.
    """

    name: str
    type: Any
    help: str
    default: Any


def leaves(cls: type, prefix: str = "") -> Iterator[Leaf]:
    """Yields the fields of a config class and of its parts, depth first.

    Mappings, such as the slots of a space, have no flag and are left out.
    """
    for field in dataclasses.fields(cls):
        kind = _hints(cls)[field.name]
        if dataclasses.is_dataclass(kind):
            yield from leaves(kind, f"{prefix}{field.name}.")
        elif kind in (bool, int, float, str) or typing.get_origin(kind) is tuple:
            help = field.metadata["help"]
            yield Leaf(f"{prefix}{field.name}", kind, help, field.default)


def part_class(cls: type, name: str) -> type:
    """Returns the class of a config's part, by its dotted name."""
    for part_name in name.split("."):
        cls = _hints(cls)[part_name]
    return cls


def places(cls: type, prefix: str = "") -> Iterator[str]:
    """Yields the dotted names of the fields that only say where something lies."""
    for field in dataclasses.fields(cls):
        kind = _hints(cls)[field.name]
        if dataclasses.is_dataclass(kind):
            yield from places(kind, f"{prefix}{field.name}.")
        elif field.metadata.get("is_place"):
            yield f"{prefix}{field.name}"


def override(config: T, values: Mapping[str, Any]) -> T:
    """Returns a config with the fields of the given dotted names replaced.

    Raises:
        ValueError: If there is no such field, or a value is out of range.
    """
    return from_dict(_nested(values), config)


def to_dict(config: Any) -> dict[str, Any]:
    """Returns a config dataclass as nested dictionaries of JSON values."""
    fields = dataclasses.fields(config)
    return {field.name: _to_json(getattr(config, field.name)) for field in fields}


def _to_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_dict(value)
    if isinstance(value, Mapping):
        return {name: _to_json(inner) for name, inner in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    is_list = isinstance(value, tuple | list | range | np.ndarray)
    return list(map(_to_json, value)) if is_list else value


def from_dict(data: Mapping, default: T, prefix: str = "") -> T:
    """Builds a config from nested dictionaries.

    Args:
        data: What `to_dict` returned, JSON in between.
        default: A config; fields that are absent from the data keep its values.
        prefix: What stands before the names of its fields in messages.

    Raises:
        ValueError: If a field is unknown, or a value is none of its type or range.
    """
    if not isinstance(data, Mapping):
        name = prefix.rstrip(".") or type(default).__name__
        raise _not_of(name, "given by an object", data)
    known = {field.name: field for field in dataclasses.fields(default)}
    changes = {}
    for name, value in data.items():
        if name not in known:
            raise _unknown(name, list(known))
        changes[name] = _from_json(value, default, known[name], prefix)
    return dataclasses.replace(default, **changes)


def _from_json(value: Any, default: Any, field: dataclasses.Field, prefix: str) -> Any:
    """Returns the value of a field, checked: parts as configs, lists as tuples."""
    name, old = f"{prefix}{field.name}", getattr(default, field.name)
    if dataclasses.is_dataclass(old):
        return from_dict(value, old, f"{name}.")
    if isinstance(value, list):
        value = tuple(value)  # JSON has no tuples, and configs no lists.
    kind = _hints(type(default))[field.name]
    check_value(name, value, kind, field.metadata.get("most"))
    return value


def _unknown(name: str, known: list[str]) -> ValueError:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}" if close else f"known: {', '.join(known)}"
    return ValueError(f"Unknown config field {name!r}; {hint}.")


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Maps dotted names to nested dictionaries."""
    result: dict = {}
    for name, value in values.items():
        *parents, leaf = name.split(".")
        inner = result
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[leaf] = value
    return result


def defaults(cls: type) -> dict[str, Any]:
    """Returns what the fields of a config class are by default, as `to_dict` writes it.

    Fields without a default are left out.
    """
    found = {}
    for field in dataclasses.fields(cls):
        if field.default is not dataclasses.MISSING:
            found[field.name] = _to_json(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            found[field.name] = _to_json(field.default_factory())
    return found

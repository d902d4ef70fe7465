"""Config dataclasses: help and checks of their fields, JSON, overriding, comparing."""

import dataclasses
import difflib
import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def option(default: Any, help: str, is_place: bool = False) -> Any:
    """Returns a dataclass field whose meaning `launch.py --help` can print.

    Args:
        default: The value of the field where the user gives none.
        help: One line: what the field means, its unit, and what edge values mean.
        is_place: Whether it only says where something lies whose content is known by
            a hash: a run goes on with the same content from elsewhere.
    """
    return dataclasses.field(
        default=default, metadata={"help": help, "is_place": is_place}
    )


def part(cls: type) -> Any:
    """Returns a dataclass field that holds a config, by default one made as `cls()`."""
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
        if not value >= minimum:  # Not `<`, which would let NaN pass.
            raise ValueError(f"{prefix}{name} must {rule}, got {value}.")


def check_positive(config: Any, *names: str) -> None:
    """Checks that fields of a config are above 0; raises ValueError otherwise."""
    for name in names:
        if not getattr(config, name) > 0:
            raise ValueError(f"{name} must be positive, got {getattr(config, name)}.")


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
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            yield from leaves(kind, f"{prefix}{field.name}.")
        elif kind in (bool, int, float, str) or typing.get_origin(kind) is tuple:
            help = field.metadata["help"].rstrip(".") + "."
            yield Leaf(f"{prefix}{field.name}", kind, help, field.default)


def places(cls: type, prefix: str = "") -> Iterator[str]:
    """Yields the dotted names of the fields that only say where something lies."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        if dataclasses.is_dataclass(hints[field.name]):
            yield from places(hints[field.name], f"{prefix}{field.name}.")
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
    return list(value) if isinstance(value, tuple | list | range) else value


def from_dict(data: Mapping, default: T) -> T:
    """Builds a config from nested dictionaries.

    Args:
        data: What `to_dict` returned, JSON in between.
        default: A config; fields that are absent from the data keep its values.

    Raises:
        ValueError: If a field is unknown, or a value is out of range.
    """
    if not isinstance(data, Mapping):
        raise ValueError(
            f"{type(default).__name__} must be given by an object, got {data!r}."
        )
    names = [field.name for field in dataclasses.fields(default)]
    changes = {}
    for name, value in data.items():
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]}" if close else f"known: {', '.join(names)}"
            raise ValueError(f"Unknown config field {name!r}; {hint}.")
        old = getattr(default, name)
        if dataclasses.is_dataclass(old):
            value = from_dict(value, old)
        elif isinstance(value, list):
            value = tuple(value)  # JSON has no tuples, and configs no lists.
        changes[name] = value
    return dataclasses.replace(default, **changes)


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


def without(
    settings: Mapping, names: Collection[str], prefix: str = ""
) -> dict[str, Any]:
    """Returns nested settings without the fields of the given dotted names."""
    return {
        name: without(value, names, f"{prefix}{name}.")
        if isinstance(value, Mapping)
        else value
        for name, value in settings.items()
        if f"{prefix}{name}" not in names
    }


def changed(settings: Mapping, defaults: Mapping) -> dict[str, Any]:
    """Returns the nested settings that are not at their defaults.

    Only what the settings have is looked at: defaults may know more fields.
    """
    found = {}
    for name, value in settings.items():
        default = defaults.get(name)
        if isinstance(value, Mapping) and isinstance(default, Mapping):
            inner = changed(value, default)
            found |= {name: inner} if inner else {}
        elif value != default:
            found[name] = value
    return found


def differences(
    there: Mapping, here: Mapping, defaults: Mapping, prefix: str = ""
) -> list[tuple[str, Any, Any]]:
    """Compares nested settings.

    A field that one side lacks is at its default there: a run that was begun before the
    field existed goes on.

    Args:
        there: Settings as JSON values.
        here: Others.
        defaults: Default values of their fields, as far as there are any.
        prefix: What stands before the names.

    Returns:
        Dotted name, value there and value here, wherever they differ.
    """
    found = []
    for name in dict.fromkeys([*there, *here]):
        default = defaults.get(name)
        was, now = there.get(name, default), here.get(name, default)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            inner = default if isinstance(default, Mapping) else {}
            found += differences(was, now, inner, f"{prefix}{name}.")
        elif was != now:
            found.append((f"{prefix}{name}", was, now))
    return found

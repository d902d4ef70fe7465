"""Settings of runs, nested JSON values: what differs, what is not at its default."""

from collections.abc import Collection, Mapping
from typing import Any


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

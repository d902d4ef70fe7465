"""What `--help` says: an overview, or the fields of one part of the config."""

import difflib
import textwrap
import typing
from collections.abc import Iterable, Mapping, Sequence

from nao import fields
from nao.config import Config
from nao.system import process

_WIDTH = 80
_FIRST = ("strategy", "num_trials", "evaluator", "space.name", "data.name", "seed")
_OF_MODE = "mode="  # how the help of a flag begins that is of that mode alone
_GENERAL = "general"  # what `--help` calls the fields that are of no part
_ALL = "all"
_USAGE = """\
Searches neural architectures by NAO; trains, compares and serves them.

  python launch.py [--mode=MODE] [--config=NAME] [--FLAG=VALUE ...]

Examples
  python launch.py
      searches cells that read digits among clutter, in a new folder of runs/
  python launch.py --workdir=runs/example --config.num_trials=100
      the same in a folder with a name; once more, it continues there
  python launch.py --mode=train --workdir=runs/example
      trains the best cell of that search from scratch, and keeps the network
  python launch.py --config=table --config.table.path=results.csv \\
      --config.table.slots=depth,width --config.table.objective=accuracy
      searches a table of your own"""


class Flag(typing.NamedTuple):
    """A flag of launch.py, or a field of the config.

    Attributes:
        name: Its name, without dashes.
        default: Its value where the user gives none.
        help: What it means, a sentence.
    """

    name: str
    default: typing.Any
    help: str


def overview(modes: Mapping[str, str], own: Sequence[Flag]) -> str:
    """Returns what `--help` says.

    Args:
        modes: What each mode does, by its name.
        own: Flags that are no fields of the config, the most important first.
    """
    first = [flag for flag in own if not flag.help.startswith(_OF_MODE)]
    of_a_mode = [flag for flag in own if flag not in first]
    by_name = {flag.name: flag for flag in _flags()}
    first += [by_name[f"config.{name}"] for name in _FIRST]
    return "\n\n".join(
        [
            _USAGE,
            "Modes, search unless --mode names another\n" + _table(modes),
            "First of all, with defaults that a config may change\n" + _explain(first),
            "Flags of one mode\n" + _explain(of_a_mode),
            "Parts of the config: --help=PART explains one, --help=all all of them\n"
            + "\n".join(map(_summarise, _parts())),
        ]
    )


def of_part(name: str) -> str:
    """Returns what `--help=PART` says: every field, its default and what it means.

    Args:
        name: A part of the config, such as `nao`, a field, `general` or `all`.

    Raises:
        ValueError: If there is no such part.
    """
    name = name.removeprefix("config.")
    parts = _parts()
    inner = f"{name}."
    chosen = [p for p in parts if name in (_ALL, p) or p.startswith(inner)]
    if chosen:
        explained = [_explain(_fields_of(part)) for part in chosen]
        titles = [_wrap("", _title(part)) for part in chosen]
        return "\n\n".join(map("\n".join, zip(titles, explained, strict=True)))
    field = [flag for flag in _flags() if flag.name == f"config.{name}"]
    if not field:
        known = ", ".join([*parts, _ALL])
        raise ValueError(f"--help={name}: no such part; known: {known}.")
    return _explain(field)


def versions() -> str:
    """Returns what `--version` says, a line for each of nao and what it stands on."""
    return "\n".join(f"{name} {found}" for name, found in process.versions().items())


def unknown(name: str, known: Sequence[str]) -> str:
    """Says that there is no such flag, and which may be meant, three at most.

    Args:
        name: What was given, without dashes.
        known: Names of all flags.
    """
    last = _last(name)
    alike = [flag for flag in known if _last(flag) == last]
    alike += difflib.get_close_matches(name, known, n=3, cutoff=0.8)
    close = list(dict.fromkeys(alike))[:3]
    hint = f"did you mean --{' or --'.join(close)}?" if close else "see --help."
    return f"Unknown command line flag {name!r}; {hint}"


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _flags() -> list[Flag]:
    """Returns the fields of the config as flags."""
    return [
        Flag(f"config.{leaf.name}", leaf.default, leaf.help)
        for leaf in fields.leaves(Config)
    ]


def _parts() -> list[str]:
    """Returns the names of the config's parts, in the config's order."""
    names = [leaf.name.rpartition(".")[0] for leaf in fields.leaves(Config)]
    return list(dict.fromkeys([_GENERAL, *filter(None, names)]))


def _fields_of(part: str) -> list[Flag]:
    prefix = "config" if part == _GENERAL else f"config.{part}"
    return [flag for flag in _flags() if flag.name.rpartition(".")[0] == prefix]


def _title(part: str) -> str:
    """Returns the name of a part and the first line of its class's docstring."""
    if part == _GENERAL:
        return f"{part}: Settings of the experiment as a whole."
    about = fields.part_class(Config, part).__doc__.splitlines()[0]
    # What follows a semicolon is for those who read the class.
    about = about.partition(";")[0].rstrip(".").replace("`", "")
    return f"{part}: {about}."


def _table(rows: Mapping[str, str]) -> str:
    width = max(map(len, rows)) + 2
    return "\n".join(_wrap(f"  {name:{width}}", does) for name, does in rows.items())


def _explain(flags: Iterable[Flag]) -> str:
    return "\n".join(
        f"  {_given(flag)}\n{_wrap('      ', flag.help)}" for flag in flags
    )


def _summarise(part: str) -> str:
    """Returns the title of a part and the names of its fields."""
    names = ", ".join(_last(flag.name) for flag in _fields_of(part))
    return f"{_wrap('  ', _title(part))}\n{_wrap('      ', names)}"


def _given(flag: Flag) -> str:
    """Returns a flag as it is written, with its default."""
    return f"--{flag.name}={_value(flag.default)}"


def _value(value: typing.Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(_value, value))
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _wrap(lead: str, text: str) -> str:
    """Breaks a text into lines, the first of them after `lead`, the others under it."""
    return textwrap.fill(
        text,
        _WIDTH - 1,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )

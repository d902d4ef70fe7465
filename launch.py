"""Runs experiments: `python launch.py --help` lists the modes and the settings."""

import functools
import gc
import importlib
import logging as standard_logging
import math
import os
import pathlib
import signal
import sys


def _stop_importing(*_) -> None:
    """Ends the process at once: nothing has begun, so a traceback says nothing."""
    os.write(2, b"\nInterrupted.\n")
    os._exit(130)


def _open_closed_streams() -> None:
    """Opens the null device for streams that a shell closed, as by `2>&-`.

    The next file to be opened would get their number, and what libraries print.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))


# Before the imports below, which take seconds.
if __name__ == "__main__":
    # Imports and traced programs are many objects that stay: to look for garbage among
    # them is a second of the ten to the first child.
    gc.set_threshold(50_000)
    _open_closed_streams()
    signal.signal(signal.SIGINT, _stop_importing)
elif __name__ == "__mp_main__":  # a worker, which its parent ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)

from absl import app, flags, logging

from nao import fields
from nao.commands import configs, help
from nao.commands.request import Request
from nao.config import Config
from nao.files import as_line
from nao.spaces.published import PUBLISHED
from nao.system import compiling, interrupts, streams

_LONGEST = 2000  # characters of a line about a mistake
_ROOT = pathlib.Path(__file__).resolve().parent

# Each is a module of nao.commands.
_MODES = {
    "search": "find the best architecture",
    "train": "train one architecture from scratch, by the final recipe, and test it",
    "export": "write the architecture, and the network trained from it, for other "
    "programs",
    "benchmark": "compare strategies over a table, seed by seed, or finished searches; "
    "or scores by shared weights with true values",
    "report": "write report.html about the search of --workdir, finished or not",
    "serve": "answer queries on the embedding of --workdir, a search or a saved "
    "embedding, as JSON over HTTP",
    "prepare": "download or build the data set, the only mode that downloads",
}


class _Number(flags.ArgumentParser):
    """Reads a number; what is none is refused in words, not in Python's."""

    def __init__(self, kind: type, least: float = -math.inf, most: float = math.inf):
        self._kind, self._least, self._most = kind, least, most

    def parse(self, argument: str | float) -> float:
        # A default is a number already.
        value = fields.from_text(str(argument), self._kind)
        if value < self._least or value > self._most:
            raise ValueError(f"must be {self._least} to {self._most}, got {value}")
        return value


class _Truth(flags.BooleanParser):
    """Reads true or false, and refuses the rest in words."""

    def parse(self, argument: str | bool) -> bool:
        try:
            return super().parse(argument)
        except ValueError:
            raise ValueError(f"must be true or false, got {argument!r}") from None


def _define_truth(name: str, default: None, help: str) -> flags.FlagHolder:
    """Defines a flag of true or false; absl lets no parser be given for one."""
    flag = flags.BooleanFlag(name, default, help)
    flag.parser = _Truth()
    return flags.DEFINE_flag(flag)


_CONFIG = flags.DEFINE_string(
    "config",
    "cluttered_digits",
    "What to search, by what, and how: the name of a file in experiments/configs, "
    f"{', '.join(configs.names(_ROOT))}, or a path to a config file of your own or to "
    "config.json of a run.",
)
_WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "Folder of the run; the same one again continues it. Default: a new one in runs/.",
)
_MODE = flags.DEFINE_enum("mode", "search", list(_MODES), "What to do.")
_RUNS = flags.DEFINE_list(
    "runs",
    None,
    "mode=benchmark: workdirs of finished searches to compare, separated by commas; "
    "none compares config.benchmark.strategies over the table.",
)
_HOST = flags.DEFINE_string(
    "host", "127.0.0.1", "mode=serve: address to bind to; the default is this machine."
)
_PORT = flags.DEFINE(
    _Number(int, 0, 65535), "port", 8421, "mode=serve: TCP port; 0 is any free one."
)
_ARCHITECTURE = flags.DEFINE_string(
    "architecture",
    None,
    "mode=train: the architecture, as text, a JSON file, or the name of a published "
    f"one: {', '.join(PUBLISHED)}. Default: best.json of the workdir.",
)
_HOSTS = flags.DEFINE_string(
    "hosts",
    None,
    "mode=train: train on the devices of several machines, by the same command on each "
    "and on a workdir that all can write: ADDRESS:PORT,NUMBER,INDEX of the first "
    "machine, how many there are and which this is, from 0; or auto on a cluster that "
    "tells.",
)


def _define_config_flags() -> dict[str, flags.FlagHolder]:
    """Makes a flag of every field of the config, so absl checks and explains them."""
    define = {
        int: functools.partial(flags.DEFINE, _Number(int)),
        float: functools.partial(flags.DEFINE, _Number(float)),
        bool: _define_truth,
        str: flags.DEFINE_string,
    }
    return {
        leaf.name: define.get(leaf.type, flags.DEFINE_list)(
            f"config.{leaf.name}",
            None,
            f"{leaf.help} Unless configured: {leaf.default}.",
        )
        for leaf in fields.leaves(Config)
    }


_OVERRIDES = _define_config_flags()
_OWN = (_CONFIG, _WORKDIR, _ARCHITECTURE, _HOSTS, _RUNS, _HOST, _PORT)


def _overrides() -> dict[str, object]:
    """Returns the fields given on the command line, lists as tuples of their type."""
    types = {leaf.name: leaf.type for leaf in fields.leaves(Config)}
    values = {}
    for name, flag in _OVERRIDES.items():
        value = flag.value
        if isinstance(value, list):
            element = types[name].__args__[0]
            try:
                value = tuple(fields.from_text(text, element) for text in value)
            except ValueError as error:
                raise ValueError(f"flag --config.{name}: {error}") from None
        if value is not None:
            values[name] = value
    return values


def _request() -> Request:
    is_shared = _MODE.value == "train" and _WORKDIR.value is not None
    if _HOSTS.value is not None and not is_shared:
        raise ValueError("--hosts needs --mode=train and a --workdir that all share.")
    return Request(
        root=_ROOT,
        command=tuple(sys.argv[1:]),
        config_name=_CONFIG.value,
        is_config_given=flags.FLAGS["config"].present > 0,
        overrides=_overrides(),
        workdir=_WORKDIR.value,
        architecture=_ARCHITECTURE.value,
        run_dirs=None if _RUNS.value is None else tuple(_RUNS.value),
        hosts=_HOSTS.value,
        host=_HOST.value,
        port=_PORT.value,
    )


def _log_once() -> None:
    """Takes away the handler that importing Orbax adds: each line was logged twice."""
    for handler in list(standard_logging.root.handlers):
        if type(handler) is standard_logging.StreamHandler:  # absl's is another
            standard_logging.root.removeHandler(handler)


def main(argv: list[str]) -> None:
    """Runs the mode; a user's mistake is one line on standard error."""
    if len(argv) > 1:
        _fail(f"Unexpected arguments: {' '.join(argv[1:])}.")
    _log_once()
    if not flags.FLAGS["verbosity"].present:
        logging.set_verbosity(logging.WARNING)  # Orbax reports every step it takes.
    try:
        # Names of folders may hold bytes that are no text.
        sys.stdout.reconfigure(errors="surrogateescape")
        with interrupts.stoppable():
            compiling.compile_sooner()
            compiling.use_compile_cache()
            # Only the mode's own module: that of the service imports for a second.
            importlib.import_module(f"nao.commands.{_MODE.value}").run(_request())
    except (ValueError, OSError, MemoryError) as error:
        if flags.FLAGS.verbosity > 0:
            raise
        _fail(_reason(error))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        sys.exit(130)


def _reason(error: Exception) -> str:
    """Says what went wrong; of a file, which one."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} can't be used: {error.strerror}."
    return str(error) or type(error).__name__


def _fail(message: str) -> None:
    print(f"launch.py: {as_line(message, _LONGEST)}", file=sys.stderr)
    sys.exit(2)


def _parse(argv: list[str]) -> list[str]:
    _answer(argv[1:])
    try:
        return flags.FLAGS(argv)
    except flags.UnrecognizedFlagError as error:
        known = [flag.name for flag in (_MODE, *_OWN, *_OVERRIDES.values())]
        _fail(help.unknown(error.flagname, known))
    except flags.Error as error:
        _fail(str(error))


def _answer(words: list[str]) -> None:
    """Prints what `--help`, `--help=PART` or `--version` asks for, and ends.

    Before absl parses: it has flags of the same names, which print all there is.
    """
    for word, following in zip(words, [*words, "-"][1:], strict=True):
        name, equals, part = word.partition("=")
        if name in ("--version", "-version"):
            _end_with(help.versions())
        if name in ("--help", "-help", "-h", "--helpshort", "--helpfull"):
            # The part may be a word of its own.
            part = part if equals or following.startswith("-") else following
            _end_with(_help("all" if name == "--helpfull" else part))


def _help(part: str) -> str:
    if not part:
        own = [help.Flag(f.name, f.default, flags.FLAGS[f.name].help) for f in _OWN]
        return help.overview(_MODES, own)
    try:
        return help.of_part(part)
    except ValueError as error:
        _fail(str(error))


def _end_with(text: str) -> None:
    print(text)
    sys.exit(0)


if __name__ == "__main__":
    streams.forgive()
    app.run(main, flags_parser=_parse)

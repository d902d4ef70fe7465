"""Config files: found by path or by name, and run."""

import importlib.util
import os
import pathlib
import sys
from collections.abc import Iterable
from types import ModuleType

from nao import fields, files
from nao.config import Config
from nao.runs import reader

_PREFIX = "config_"  # begins the names of config files as modules


def names(root: pathlib.Path) -> list[str]:
    """Returns the names of the configs that come with the project."""
    return sorted(path.stem for path in _folder(root).glob("*.py"))


def load(name: str, root: pathlib.Path) -> Config:
    """Returns the config of a file, given by path or by name.

    Args:
        name: A Python file with `get_config`, the name of one in experiments/configs,
            or `config.json` of a run.
        root: Folder of the project.

    Raises:
        ValueError: If there is none, or it does not return a config.
    """
    candidates = [
        files.expanded(name),
        root / name,
        _folder(root) / f"{name}.py",
    ]
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        known = ", ".join(names(root))
        raise ValueError(f"No config file {name!r}; a path, or one of: {known}.")
    if path.suffix == ".json":
        return reader.load_config(path)
    module, config = _run(path)
    if not isinstance(config, Config):
        raise ValueError(f"get_config of {path} must return a nao.Config.")
    named = {"function.name": config.function.name, "space.valid": config.space.valid}
    here = {k: module.__name__ + v for k, v in named.items() if v.startswith(":")}
    return fields.override(config, here)


def check_own(config: Config) -> None:
    """Checks that the rule of a run's space can be found again.

    Raises:
        ValueError: If it is a function of a config file, which only `--config` names.
    """
    module = config.space.valid.partition(":")[0]
    if module.startswith(_PREFIX) and importlib.util.find_spec(module) is None:
        raise ValueError(
            f"The rule of this run's space, {config.space.valid}, is in the config "
            "file of the search: name the file with --config."
        )


def _folder(root: pathlib.Path) -> pathlib.Path:
    return root / "experiments" / "configs"


def _run(path: pathlib.Path) -> tuple[ModuleType, object]:
    """Returns a config file as a module, and what its `get_config` returns."""
    spec = importlib.util.spec_from_file_location(_PREFIX + path.stem, path)
    if spec is None:
        raise ValueError(f"Config file {path} must be named *.py or *.json.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    # A config's own modules lie beside it or where the user stands.
    sys.path[:0] = [str(path.resolve().parent), os.getcwd()]
    try:
        spec.loader.exec_module(module)
        return module, module.get_config()
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"Config file {path}: {type(error).__name__}: {error}"
        ) from error


def find_paths(config: Config, root: pathlib.Path, names: Iterable[str]) -> Config:
    """Returns a config whose paths are absolute, so that a run's is one anywhere.

    Args:
        config: The config.
        root: Folder of the project, where a path is looked for that is not found from
            the working directory.
        names: Dotted names of the fields that hold paths.
    """
    found = {}
    for name in names:
        section, field = name.split(".")
        path = getattr(getattr(config, section), field)
        if path:
            here, there = files.expanded(path).absolute(), root / path
            is_there = there.exists() and not here.exists()
            found[name] = str(there if is_there else here)
    return fields.override(config, found)

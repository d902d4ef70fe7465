"""The commands that continue, repeat and make use of a search."""

import shlex

from nao.evaluators import TRAINED
from nao.fields import defaults
from nao.runs import StoredRun
from nao.spaces import SpaceConfig, registry


def train(run: StoredRun) -> str | None:
    """Returns what trains the best architecture; None where there is no such command.

    What was searched in a table or by a function is trained on the default data set.
    """
    if run.began_in_python or run.best is None:
        return None
    # A run that is older than a field of the space has its default.
    settings = defaults(SpaceConfig) | run.config.get("space", {})
    if not registry.network(settings["name"]):
        return None
    if trains_its_own(run):
        flags = [f"--workdir={run.path}"]
    else:
        fields = ["name", *registry.options(settings["name"])]
        flags = [f"--config.space.{field}={settings[field]}" for field in fields]
    architecture = run.space.format(run.best.tokens)
    return _launch("--mode=train", *flags, f"--architecture={architecture}")


def trains_its_own(run: StoredRun) -> bool:
    """Says whether the search itself trained architectures, on data of its own."""
    return run.config.get("evaluator") in TRAINED


def continuation(run: StoredRun) -> str | None:
    """Returns what goes on with a search that was cut off."""
    if run.began_in_python or run.status == "running":
        return None
    config = run.path / "config.json"
    return _launch(f"--config={config}", f"--workdir={run.path}")


def repetition(run: StoredRun) -> str | None:
    """Returns what does the same search again, in another folder."""
    if run.began_in_python:
        return None
    config = run.path / "config.json"
    again = run.path.with_name(f"{run.path.name}-again")
    return _launch(f"--config={config}", f"--workdir={again}")


def _launch(*flags: str) -> str:
    # A line for each flag, as they hold paths and whole architectures.
    parts = [flag.partition("=") for flag in flags]
    quoted = [f"{name}{equals}{shlex.quote(value)}" for name, equals, value in parts]
    return " \\\n    ".join(["python launch.py", *quoted])

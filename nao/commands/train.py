"""Trains one architecture from scratch and tests it: `--mode=train`."""

import json
import os
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nao import fields, spaces
from nao.child import ChildFailure
from nao.commands import build, outcome
from nao.commands.request import Request
from nao.config import Config
from nao.evaluators import TRAINED, TrainingEvaluator, training
from nao.files import write_json
from nao.runs import RunDirectory, comparing, directory, reader
from nao.spaces.published import PUBLISHED
from nao.system import hosts
from nao.system.progress import Progress
from nao.training import final


def run(request: Request) -> None:
    """Trains the architecture that was named, or the best of the workdir's search."""
    config = request.config(of_run=True)
    if request.hosts is None:
        build.use_devices(config)
    else:
        hosts.join_hosts(request.hosts)
    if request.architecture is None and request.workdir is None:
        raise ValueError("--mode=train needs --workdir of a search, or --architecture.")
    folder = request.folder("train")
    text = _architecture(request.architecture, folder)
    with (
        request.continuable(folder, "the last checkpoint"),
        Progress(config.train.epochs, "epoch", name="training") as bar,
    ):
        result = train(
            config,
            text,
            folder,
            _show_on(bar),
            lambda costs, example: bar.print(_describe(costs, example)),
            lambda: bar.print(request.announcement(folder)),
        )
    export = request.next_command(folder, "export")
    print(outcome.of_training(result, str(folder), export))


def _architecture(source: str | None, folder: pathlib.Path) -> str:
    """Returns an architecture as text, or the name of a published one."""
    if source is None:
        best = reader.read_best(folder)
        if best is None:
            raise ValueError(
                f"No best.json in {folder}; search first, or --architecture."
            )
        return json.dumps(best)
    try:
        # A long architecture is no file name: `os.path` says so, pathlib raises.
        is_file = os.path.isfile(source)
        return pathlib.Path(source).read_text() if is_file else source
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{source} can't be read: {error}.") from None


def _describe(costs: Mapping[str, float], example: str) -> str:
    return (
        f"{costs['num_parameters'] / 1e6:.3f} M parameters, "
        f"{costs['num_multiply_adds'] / 1e6:.1f} M multiply-adds for one {example}, "
        f"{costs['memory_mib']:.0f} MiB a training step."
    )


def _show_on(bar: Progress) -> Callable[[int, Mapping[str, float]], None]:
    """Returns what shows the epochs done, and how good they are, on a bar."""

    def show(done: int, metrics: Mapping[str, float]) -> None:
        # Short names: a terminal has 80 columns, and time left is worth more. So the
        # validation loss is told only where nothing else was measured.
        measured = [name for name in metrics if name.startswith("val_")]
        measured.sort(key="val_loss".__eq__)
        names = ["train_loss", *measured[:1]] if metrics else []
        shown = [f"{name.partition('_')[2]} {metrics[name]:.3g}" for name in names]
        bar.advance(done - bar.done, ", ".join(shown))

    return show


def train(
    config: Config,
    architecture: str,
    workdir: str | os.PathLike,
    progress_fn: Callable[[int, Mapping[str, float]], None],
    costs_fn: Callable[[Mapping[str, float], str], None] = lambda costs, example: None,
    on_begin: Callable[[], None] = lambda: None,
) -> dict:
    """Trains one architecture by the final recipe and tests it, or goes on with it.

    Args:
        config: The experiment; `train` is the recipe.
        architecture: Name of a published one, or in the space's notation, or as
            versioned JSON.
        workdir: Folder that gets a folder of the training, and `train.json`.
        progress_fn: Called with the epochs done and metrics, after each epoch.
        costs_fn: Called before the first step with what the architecture costs, and
            what one example is called, which multiply-adds are for.
        on_begin: Called when the training is in its folder and the same call continues
            it; not of one that was finished.

    Returns:
        The architecture and its metrics, the test measures among them.

    Raises:
        ValueError: If the config does not train, or the text is no architecture.
    """
    if config.evaluator not in TRAINED:
        raise ValueError(
            f"--mode=train needs --config.evaluator={' or '.join(TRAINED)}, got "
            f"{config.evaluator!r}."
        )
    space, tokens = _find(config, architecture)
    evaluator = training.build(config, space)
    settings = _settings(config, space, tokens, evaluator)
    defaults, places = fields.defaults(Config), set(fields.places(Config))
    workdir = directory.absolute(workdir)
    # The data are known by their content, wherever they lie.
    folder = final.folder(workdir, comparing.without(settings, places), defaults)
    try:
        is_first = hosts.is_first_host()
        with RunDirectory(folder, settings, defaults, places, is_first) as run:
            run.begin()
            there = final.finished(run)
            if there is None:
                on_begin()
            # Metrics of a finished one have its costs, which else take a compilation.
            costs_fn(there or evaluator.costs(tokens), evaluator.example)
            metrics = final.run(evaluator, tokens, config.seed, run, progress_fn)
    except ChildFailure as failure:
        raise ValueError(f"The architecture can't be trained: {failure}.") from None
    result = space.to_json(tokens) | {"seed": config.seed, "metrics": metrics}
    result |= {"training": folder.name, "objective": evaluator.task.objective}
    result |= {"num_examples": evaluator.num_examples, "example": evaluator.example}
    if hosts.is_first_host():
        write_json(workdir / "train.json", result)
    return result


def _settings(
    config: Config,
    space: spaces.Space,
    tokens: np.ndarray,
    evaluator: TrainingEvaluator,
) -> dict[str, Any]:
    """Returns all that the result of a training depends on."""
    return {
        "architecture": space.to_json(tokens),
        "space": spaces.describe(space),
        "seed": config.seed,
        "num_devices": len(hosts.devices(config.num_devices)),
        "train": fields.to_dict(config.train.after(config.child)),
        "data": fields.to_dict(config.data),
        "content": evaluator.content,
    }


def _find(config: Config, architecture: str) -> tuple[spaces.Space, np.ndarray]:
    """Returns the tokens of an architecture, and the space that they are of."""
    published = PUBLISHED.get(architecture.strip())
    if published is not None:
        return published.space, published.tokens
    space = spaces.make(config.space)
    if not isinstance(space, spaces.Space):  # what a table would make a space
        raise ValueError(
            "--mode=train needs a space with a network, such as "
            f"--config.space.name=conv_cell, got {config.space.name!r}."
        )
    return space, _parse(space, architecture)


def _parse(space: spaces.Space, architecture: str) -> np.ndarray:
    try:
        return space.parse(architecture)
    except ValueError as error:
        # One word could be a misspelt file or name; cells are written with spaces.
        if not re.fullmatch(r"[\w./~-]+", architecture):
            raise
        raise ValueError(
            f"There is no file {architecture!r}, it is not one of the published "
            f"{', '.join(PUBLISHED)}, and: {error}"
        ) from None

"""Builds what a config names, and runs it: the calls that `launch.py` makes."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
from collections.abc import Callable, Mapping

import numpy as np

from nao import config as config_lib
from nao import (
    data,
    evaluators,
    export,
    final_training,
    run_directory,
    runtime,
    spaces,
    strategies,
    study,
)
from nao.child import ChildFailure
from nao.config import Config
from nao.evaluators import function, table
from nao.files import parse_object
from nao.run_directory import RunDirectory
from nao.spaces.published import PUBLISHED


def load_data(config: config_lib.DataConfig) -> data.ImageDataset:
    """Returns the data set a config names; never touches the network.

    Raises:
        ValueError: If it is not there, or not as it must be.
    """
    options = dataclasses.asdict(config)
    # Not of the images: where they came from, and what another run was searched on.
    del options["archive"], options["sha256"]
    return data.load(**options)


def prepare(config: config_lib.DataConfig) -> data.ImageDataset:
    """Makes a data set ready for use, and returns it.

    Downloads what is published and not here, or builds it from an archive; decodes it
    or images of one's own into the cache.

    Raises:
        ValueError: If an archive can't be downloaded or is not the published one, or
            the data are not as they must be.
    """
    if config.name in data.SOURCES or config.archive:
        data.prepare(config.name, config.path, config.archive)
    return load_data(config)


def make_evaluator(config: Config) -> evaluators.Evaluator:
    """Returns the evaluator a config names; its `space` is the space to search.

    Raises:
        ValueError: If a name is unknown, or the parts do not fit.
    """
    space = spaces.make(config.space)

    def training() -> evaluators.Evaluator:
        evaluator = _training_evaluator(config, space)
        _ = evaluator.trainer  # What does not fit shows before the search.
        return evaluator

    def of_function() -> evaluators.Evaluator:
        if space is None:
            raise ValueError("space.name=table needs evaluator=table.")
        return function.load(config.function, space)

    makers = {
        "training": training,
        "table": lambda: table.load(config.table, space),
        "function": of_function,
    }
    return _choose("evaluator", config.evaluator, makers)()


def _training_evaluator(
    config: Config, space: spaces.Space
) -> evaluators.TrainingEvaluator:
    return evaluators.TrainingEvaluator(
        space,
        load_data(config.data),
        config.child,
        config.train,
        runtime.devices(config.num_devices),
    )


def search(config: Config, workdir: str | os.PathLike) -> study.Result:
    """Runs, or continues, the search that a config describes, and reports its outcome.

    Takes and raises what `study.search` does. Figures of the best architecture and of
    the progress go to `figures/` in the folder, and a page with all there is to see to
    `report.html`.
    """
    evaluator = make_evaluator(config)
    # Into config.json, so that a run is not continued on other numbers or images.
    if isinstance(evaluator, evaluators.TableEvaluator):
        config = config_lib.override(config, {"table.sha256": evaluator.sha256})
    elif isinstance(evaluator, evaluators.TrainingEvaluator):
        config = config_lib.override(config, {"data.sha256": evaluator.data_sha256})
    result = study.search(
        strategies.make(config.strategy, evaluator.space, config, config.deduplicate),
        evaluator,
        num_trials=config.num_trials,
        workdir=workdir,
        seed=config.seed,
        storage=config.storage,
        warm_start=config.warm_start,
        config=config_lib.to_dict(config),
    )
    _draw(result, evaluator, pathlib.Path(workdir) / "figures")
    _write_page(workdir, _population(evaluator))
    return result


def write_report(workdir: str | os.PathLike) -> pathlib.Path:
    """Writes `report.html` about the search in a folder, in whatever state it is.

    Returns:
        Path of the page.

    Raises:
        ValueError: If there is no search, or something of it can't be read.
    """
    folder = pathlib.Path(workdir).expanduser().absolute()
    settings = run_directory.read_json(folder / "config.json") or {}
    population = None
    if settings.get("evaluator") == "table":
        # The page does without a table that is gone, but for random search.
        with contextlib.suppress(ValueError):
            population = _population(make_evaluator(read_config(folder)))
    return _write_page(folder, population)


def _population(evaluator: evaluators.Evaluator) -> np.ndarray | None:
    """Returns the objectives of all architectures of a table."""
    if not isinstance(evaluator, evaluators.TableEvaluator):
        return None
    return np.array([value for value, _ in evaluator.values.values()])


def _write_page(
    folder: str | os.PathLike, population: np.ndarray | None
) -> pathlib.Path:
    from nao import report

    return report.write_page(report.read(folder, population=population))


def _draw(
    result: study.Result, evaluator: evaluators.Evaluator, folder: pathlib.Path
) -> None:
    from nao import report  # Matplotlib takes a second, which the first child has not.

    figures = {"progress": report.draw_progress(result.trials, evaluator.objective)}
    if result.best is not None:
        figures["best"] = report.draw_architecture(evaluator.space, result.best.tokens)
    folder.mkdir(exist_ok=True)
    for name, figure in figures.items():
        report.save(figure, folder / name)


def train(
    config: Config,
    architecture: str,
    workdir: str | os.PathLike,
    progress_fn: Callable[[int, Mapping[str, float]], None],
    describe_fn: Callable[[Mapping[str, float]], None] = lambda costs: None,
) -> dict:
    """Trains one architecture by the final recipe and tests it, or goes on with it.

    Args:
        config: The experiment; `train` is the recipe.
        architecture: Name of a published one, or in the space's notation, or as
            versioned JSON.
        workdir: Folder that gets a folder of the training, and `train.json`.
        progress_fn: Called with the epochs done and metrics, after each epoch.
        describe_fn: Called before the first step with what the architecture costs.

    Returns:
        The architecture and its metrics, the test accuracy among them.

    Raises:
        ValueError: If the config does not train, or the text is no architecture.
    """
    if config.evaluator != "training":
        raise ValueError(
            f"mode=train needs evaluator=training, got {config.evaluator!r}."
        )
    published = PUBLISHED.get(architecture.strip())
    if published is None:
        space = spaces.make(config.space)
        tokens = _parse(space, architecture)
    else:
        space, tokens = published.space, published.tokens
    evaluator = _training_evaluator(config, space)
    settings = {
        "architecture": space.to_json(tokens),
        "space": spaces.describe(space),
        "seed": config.seed,
        "num_devices": len(runtime.devices(config.num_devices)),
        "train": dataclasses.asdict(config.train.after(config.child)),
        "data": dataclasses.asdict(config.data) | {"sha256": evaluator.data_sha256},
    }
    workdir = pathlib.Path(workdir).expanduser().absolute()
    folder = final_training.folder(workdir, settings)
    try:
        with RunDirectory(folder, settings, runtime.is_first_host()) as run:
            run.begin()
            # Metrics of a finished one have its costs, which else take a compilation.
            describe_fn(final_training.finished(run) or evaluator.describe(tokens))
            metrics = final_training.run(
                evaluator, tokens, config.seed, run, progress_fn
            )
    except ChildFailure as failure:
        raise ValueError(f"The architecture can't be trained: {failure}.") from None
    result = space.to_json(tokens) | {"seed": config.seed, "metrics": metrics}
    result["training"] = folder.name
    if runtime.is_first_host():
        (workdir / "train.json").write_text(json.dumps(result, indent=2) + "\n")
    return result


def _parse(space: spaces.Space, architecture: str) -> np.ndarray:
    try:
        return space.parse(architecture)
    except ValueError as error:
        if not re.fullmatch(r"[\w./~-]+", architecture):
            raise
        raise ValueError(
            f"There is no file {architecture!r}, it is not one of the published "
            f"{', '.join(PUBLISHED)}, and: {error}"
        ) from None


def export_run(config: Config, workdir: str | os.PathLike) -> dict[str, str]:
    """Writes `export/` in the folder of a search or a training, see `export.write`.

    Args:
        config: The search's; only its space is read.
        workdir: The folder.

    Returns:
        What every file is, by its name.

    Raises:
        ValueError: If there is nothing to export.
    """
    workdir = pathlib.Path(workdir).expanduser().absolute()
    return export.write(workdir, spaces.make(config.space))


def read_config(workdir: pathlib.Path) -> Config | None:
    """Returns the config of the run in a folder; None where there is none.

    Raises:
        ValueError: If what is there is no config.
    """
    path = workdir / "config.json"
    return load_config(path) if path.exists() else None


def load_config(path: pathlib.Path) -> Config:
    """Returns the config in a file such as a run's `config.json`.

    Raises:
        ValueError: If what is there is no config.
    """
    try:
        return config_lib.from_dict(parse_object(path.read_text()))
    except (OSError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} can't be read: {error}") from None


def _choose(field: str, name: str, choices: dict) -> Callable:
    if name not in choices:
        raise ValueError(f"Unknown {field} {name!r}; known: {', '.join(choices)}.")
    return choices[name]

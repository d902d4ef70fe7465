"""Builds what a config names, and runs it: the calls that `launch.py` makes."""

import json
import os
import pathlib
from collections.abc import Callable

import jax

from nao import config as config_lib
from nao import data, evaluators, spaces, strategies, study
from nao.child import ChildFailure
from nao.config import Config
from nao.evaluators import function, table

STRATEGIES: dict[str, Callable[[spaces.Space, Config], strategies.Strategy]] = {
    "nao": lambda space, config: strategies.NAO(space, config.nao, config.deduplicate),
    "nao_paper": lambda space, config: strategies.NAO(
        space, strategies.PAPER, config.deduplicate
    ),
    "random": lambda space, config: strategies.RandomSearch(
        space, config.random, config.deduplicate
    ),
}


def make_space(config: config_lib.SpaceConfig) -> spaces.Space | None:
    """Returns the space a config names; None where the table brings it."""
    makers = {
        "conv_cell": lambda: spaces.ConvCell(config.operations, config.num_nodes),
        "nasbench201": spaces.NASBench201,
        "custom": lambda: spaces.custom(config.slots or {}),
        "table": lambda: None,
    }
    return _choose("space.name", config.name, makers)()


def make_evaluator(config: Config) -> evaluators.Evaluator:
    """Returns the evaluator a config names; its `space` is the space to search.

    Raises:
        ValueError: If a name is unknown, or the parts do not fit.
    """
    space = make_space(config.space)

    def training() -> evaluators.Evaluator:
        if not isinstance(space, spaces.ConvCell):
            raise ValueError(
                "evaluator=training trains architectures of space.name=conv_cell, "
                f"got {config.space.name!r}."
            )
        dataset = data.load(config.data.name)
        return evaluators.TrainingEvaluator(
            space, dataset, config.child, config.train.epochs
        )

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


def make_strategy(config: Config, space: spaces.Space) -> strategies.Strategy:
    """Returns the strategy a config names.

    Raises:
        ValueError: If the name is unknown.
    """
    return _choose("strategy", config.strategy, STRATEGIES)(space, config)


def search(config: Config, workdir: str | os.PathLike) -> study.Result:
    """Runs, or continues, the search that a config describes, and draws its outcome.

    Takes and raises what `study.search` does. Figures of the best architecture and of
    the progress go to `figures/` in the folder.
    """
    evaluator = make_evaluator(config)
    if isinstance(evaluator, evaluators.TableEvaluator):
        # Into config.json, so that a run is not continued on other numbers.
        config = config_lib.override(config, {"table.sha256": evaluator.sha256})
    result = study.search(
        make_strategy(config, evaluator.space),
        evaluator,
        num_trials=config.num_trials,
        workdir=workdir,
        seed=config.seed,
        storage=config.storage,
        warm_start=config.warm_start,
        config=config_lib.to_dict(config),
    )
    _draw(result, evaluator, pathlib.Path(workdir) / "figures")
    return result


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
    config: Config, architecture: str, progress_fn: Callable[[int, dict], None]
) -> dict:
    """Trains one architecture from scratch and tests it.

    Args:
        config: The experiment; `train.epochs` epochs of its child's recipe.
        architecture: In the space's notation or as versioned JSON.
        progress_fn: Called with epoch and metrics after each epoch.

    Returns:
        The architecture and its metrics, the test accuracy among them.

    Raises:
        ValueError: If the config does not train, or the text is no architecture.
    """
    if config.evaluator != "training":
        raise ValueError(
            f"mode=train needs evaluator=training, got {config.evaluator!r}."
        )
    evaluator = make_evaluator(config)
    tokens = evaluator.space.parse(architecture)
    key = jax.random.key(config.seed)
    try:
        metrics = evaluator.train(tokens, key, config.train.epochs, progress_fn)
    except ChildFailure as failure:
        raise ValueError(f"The architecture can't be trained: {failure}.") from None
    return evaluator.space.to_json(tokens) | {"seed": config.seed, "metrics": metrics}


def read_config(workdir: pathlib.Path) -> Config | None:
    """Returns the config of the run in a folder; None where there is none.

    Raises:
        ValueError: If what is there is no config.
    """
    path = workdir / "config.json"
    try:
        return config_lib.from_dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} can't be read: {error}") from None


def _choose(field: str, name: str, choices: dict) -> Callable:
    if name not in choices:
        raise ValueError(f"Unknown {field} {name!r}; known: {', '.join(choices)}.")
    return choices[name]

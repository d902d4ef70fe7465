"""`search.json` of a run: what was searched, for what, by whom.

`config.json` says what a user asked for; this says what came of it, so that a run can
be read without the table, the images or the code of its config.
"""

import dataclasses
import pathlib

from nao import config as config_lib
from nao import run_directory, spaces
from nao.controller import ControllerConfig
from nao.evaluators import Objective
from nao.strategies import NAO, Strategy

NAME = "search.json"


@dataclasses.dataclass(frozen=True)
class SearchRecord:
    """What a run's `search.json` says.

    Attributes:
        space: What is searched.
        objective: What is measured.
        strategy: Class name of who proposes.
        canonical: Whether its controller reads canonical forms.
        controller: Its controller; None where the strategy has none.
    """

    space: spaces.Space
    objective: Objective
    strategy: str
    canonical: bool = True
    controller: ControllerConfig | None = None


def describe(strategy: Strategy, objective: Objective) -> dict:
    """Returns the record of a search as JSON values."""
    record = {
        "space": spaces.describe(strategy.space),
        "objective": dataclasses.asdict(objective),
        "strategy": type(strategy).__name__,
    }
    if isinstance(strategy, NAO):
        record |= {
            "canonical": strategy.config.canonical,
            "controller": config_lib.to_dict(strategy.config.controller),
        }
    return record


def read(path: pathlib.Path, space: spaces.Space | None = None) -> SearchRecord:
    """Returns the record of the run in a folder.

    Args:
        path: The folder.
        space: Needed for a space class of one's own.

    Raises:
        ValueError: If there is none, or it does not fit.
    """
    data = run_directory.read_json(path / NAME)
    if data is None:
        raise ValueError(f"{path} does not hold a search (no {NAME}).")
    try:
        controller = data.get("controller")
        if controller is not None:
            controller = config_lib.from_dict(controller, ControllerConfig())
        return SearchRecord(
            space=spaces.from_description(data["space"], space),
            objective=Objective(**data["objective"]),
            strategy=data["strategy"],
            canonical=data.get("canonical", True),
            controller=controller,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path / NAME} does not fit: {error!r}.") from None

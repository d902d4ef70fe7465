"""`search.json` of a run: what was searched, for what, by whom, on what.

`config.json` says what a user asked for; this says what came of it, so that a run can
be read without the table, the images or the code of its config.
"""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

from nao import fields, spaces
from nao.controller import ControllerConfig
from nao.evaluators import Constraint, Evaluator, Goals, Objective, goals_of
from nao.files import as_line, read_json
from nao.runs import shapes
from nao.runs.directory import RunDirectory
from nao.strategies import ControllerUse, Strategy

NAME = "search.json"


@dataclasses.dataclass(frozen=True)
class SearchRecord:
    """What a run's `search.json` says.

    Attributes:
        space: What is searched.
        goals: What is searched for.
        strategy: Name of who proposes.
        controller_use: How its models are read; None where they hold no controller.
        content: SHA-256 of what the numbers come from, by name; empty where it is not
            known.
        source: What the numbers come from, in words that follow the space's name, such
            as `on digits`; empty where the evaluator does not say.
        num_examples: Of each measure that is a share of examples, of how many.
        example: What one example is called, such as `image`; None where it is not said.
    """

    space: spaces.Space
    goals: Goals
    strategy: str
    controller_use: ControllerUse | None = None
    content: Mapping[str, str] = dataclasses.field(default_factory=dict)
    source: str = ""
    num_examples: Mapping[str, int] = dataclasses.field(default_factory=dict)
    example: str | None = None

    @classmethod
    def of(
        cls, strategy: Strategy, evaluator: Evaluator, content: Mapping[str, str]
    ) -> "SearchRecord":
        """Returns the record of a search that begins."""
        return cls(
            strategy.space,
            goals_of(strategy, evaluator),
            strategy.name,
            strategy.controller_use,
            content,
            # An evaluator of a user's own need not have these.
            str(getattr(evaluator, "source", "")),
            dict(getattr(evaluator, "num_examples", {})),
            getattr(evaluator, "example", None),
        )

    @property
    def objective(self) -> Objective:
        """What is measured, the first of several objectives."""
        return self.goals.objective

    def to_json(self) -> dict[str, Any]:
        """Returns the record as JSON values."""
        record = {
            "space": spaces.describe(self.space),
            "objective": dataclasses.asdict(self.objective),
            "strategy": self.strategy,
            "content": dict(self.content),
            "source": self.source,
            "num_examples": dict(self.num_examples),
            "example": self.example,
        }
        if not self.goals.is_plain:
            more, bounds = self.goals.objectives[1:], self.goals.constraints
            record |= {
                "more_objectives": [dataclasses.asdict(each) for each in more],
                "constraints": [dataclasses.asdict(bound) for bound in bounds],
            }
        if self.controller_use is not None:
            record |= {
                "canonical": self.controller_use.canonical,
                "controller": fields.to_dict(self.controller_use.config),
                "recent": self.controller_use.recent,
            }
        return record


def write(run: RunDirectory, record: SearchRecord) -> None:
    """Writes the record of a run that begins or goes on.

    Raises:
        ValueError: If the run that is there was of another space, or had other content.
    """
    there = run.read_json(NAME, shapes.Record) or {}
    before = there.get("content") or {}
    if run.moved and not before:
        raise ValueError(
            f"Workdir {run.path} holds a run of another config: {run.moved[0]} is "
            "another, and what was there is not known."
        )
    # Content that this run did not record, as it is older, is not compared.
    for name, was in before.items():
        now = record.content.get(name)
        if now != was:
            raise ValueError(
                f"Workdir {run.path} holds a run of another config: {name} is {was!r} "
                f"there and {now!r} here."
            )
    # Last, as another table is another space as well.
    _check_space(run, there.get("space"), spaces.describe(record.space))
    run.write_json(NAME, record.to_json())


def _check_space(run: RunDirectory, there: Mapping | None, here: Mapping) -> None:
    """Raises ValueError where the space of the run that is there is another one.

    Even one whose choices are alike as text: 1 and "1" are other values to a function.
    """
    if there is None or spaces.is_same(there, here):
        return
    name, was, now = _difference(there, here)
    raise ValueError(
        f"Workdir {run.path} holds a run of another config: {name} is "
        f"{as_line(str(was), 200)} there and {as_line(str(now), 200)} here."
    )


def _difference(there: Mapping, here: Mapping) -> tuple[str, Any, Any]:
    """Returns where two descriptions of spaces differ: name, value there and here."""
    for name in [name for name in there if name in here]:
        was, now = there[name], here[name]
        if spaces.is_same({name: was}, {name: now}):
            continue
        if name == "whole":  # of a `Subset`
            return _difference(was, now)
        if name == "slots" and len(was) == len(now):
            pairs = zip(was, now, strict=True)
            was, now = next(p for p in pairs if str(p[0]) != str(p[1]))
            return "a slot", was, now
        return f"space.{name}", was, now
    return "space", there, here


def read(path: pathlib.Path, space: spaces.Space | None = None) -> SearchRecord:
    """Returns the record of the run in a folder.

    Args:
        path: The folder.
        space: Needed for a space class of one's own.

    Raises:
        ValueError: If there is none, or it does not fit.
    """
    data = read_json(path / NAME, shapes.Record)
    if data is None:
        raise ValueError(f"{path} does not hold a search (no {NAME}).")
    try:
        return SearchRecord(
            space=spaces.from_description(data["space"], space),
            goals=_goals(data),
            strategy=data["strategy"],
            controller_use=_controller_use(data),
            content=dict(data.get("content") or {}),
            source=data.get("source", ""),
            num_examples=dict(data.get("num_examples") or {}),
            example=data.get("example"),
        )
    except ValueError as error:
        raise ValueError(f"{path / NAME} does not fit: {error}") from None


def _goals(data: Mapping) -> Goals:
    objectives = [data["objective"], *(data.get("more_objectives") or [])]
    bounds = data.get("constraints") or []
    return Goals(
        tuple(Objective(**each) for each in objectives),
        tuple(Constraint(**bound) for bound in bounds),
    )


def _controller_use(data: Mapping) -> ControllerUse | None:
    if data.get("controller") is None:
        return None
    config = fields.from_dict(data["controller"], ControllerConfig())
    return ControllerUse(config, data.get("canonical", True), data.get("recent", 0))

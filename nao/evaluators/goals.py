"""What a search is for: one objective or several, and bounds that its best must keep.

Strategies see all of it as columns: the objectives, the evaluator's own first, then
what is only bounded; as everywhere, with the sign that makes higher better.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from nao.evaluators.base import (
    TAKEN,
    Evaluation,
    Evaluator,
    Objective,
    name_is_taken,
)
from nao.system import functions

# Of these less is better, whether or not `minimize` names them.
MINIMIZED = ("num_parameters", "num_multiply_adds", "seconds")

# Maps tokens [num, length] to exact numbers by name, float64 [num] each.
KnownFn = Callable[[np.ndarray], Mapping[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Constraint:
    """A bound on a measure, in its own unit: `Constraint("params", at_most=3e6)`.

    Attributes:
        name: Name of the objective or metric.
        at_most: Largest value that is allowed; None for any.
        at_least: Least value that is allowed; None for any.
    """

    name: str
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self):
        if not isinstance(self.name, str):
            raise TypeError(
                f"A constraint's name must be that of a metric, got {self.name!r}."
            )
        for field in ("at_most", "at_least"):
            bound = getattr(self, field)
            if bound is not None:  # of NumPy it could not be written as JSON
                number = functions.number(f"{field} of {self.name!r}", bound)
                object.__setattr__(self, field, number)
        if not self.ends or not all(map(math.isfinite, self.ends)):
            raise ValueError(
                f"Constraint on {self.name!r} needs a finite at_most or at_least, got "
                f"{self.at_most} and {self.at_least}."
            )

    @property
    def ends(self) -> list[float]:
        """The bounds that there are."""
        return [b for b in (self.at_most, self.at_least) if b is not None]

    def allows(self, values: np.ndarray) -> np.ndarray:
        """Says which values are inside the bounds, bool of the same shape."""
        upper = math.inf if self.at_most is None else self.at_most
        lower = -math.inf if self.at_least is None else self.at_least
        return (values <= upper) & (values >= lower)

    def __str__(self) -> str:
        parts = {"at most": self.at_most, "at least": self.at_least}
        said = [f"{word} {b:g}" for word, b in parts.items() if b is not None]
        return f"{self.name} {' and '.join(said)}"


@dataclasses.dataclass(frozen=True)
class Goals:
    """The objectives of a search and the bounds on what it may answer with.

    `Goals.of(evaluator, ...)` checks names and finds what is known beforehand.

    Attributes:
        objectives: What is wanted, the evaluator's own first.
        constraints: Bounds, on objectives or on other metrics of evaluations.
        known_fn: Gives measures that need no evaluation; None where there are none.
    """

    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...] = ()
    known_fn: KnownFn | None = dataclasses.field(
        default=None, compare=False, repr=False
    )

    @classmethod
    def of(
        cls,
        evaluator: Evaluator,
        objectives: Sequence[str] = (),
        *,
        minimize: Collection[str] = (),
        constraints: Sequence[Constraint] = (),
    ) -> "Goals":
        """Returns the goals of a search by an evaluator.

        Args:
            evaluator: Who measures. `metrics`, if it has that, names all that its
                evaluations have besides their value, `known` gives what needs no
                evaluation, and `extent` the least and the largest value of a measure.
            objectives: Names, the evaluator's own objective first; empty for that
                alone.
            minimize: Names of those where less is better, besides `MINIMIZED`; the
                first has the evaluator's direction.
            constraints: Bounds.

        Raises:
            ValueError: If a name is unknown or comes twice, or no value can keep the
                bounds on one measure.
            TypeError: If the evaluator is none, or names or constraints are no list.
        """
        check_constraints(constraints)
        for role, given in (("objectives", objectives), ("minimize", minimize)):
            if isinstance(given, str):
                raise TypeError(f"{role} must be a list of names, got {given!r}.")
        own = getattr(evaluator, "objective", None)
        if not isinstance(own, Objective):
            raise TypeError(f"evaluator must have an objective, got {evaluator!r}.")
        names = tuple(objectives) or (own.name,)
        _check_objectives(names, own, minimize)
        metrics = getattr(evaluator, "metrics", None)
        known = {*(metrics or ()), "seconds", own.name}
        for name in (*names, *(bound.name for bound in constraints)):
            if name in TAKEN and name != "seconds":
                raise ValueError(name_is_taken(name))
            # Of an evaluator that does not tell, evaluations without it fail.
            if metrics is not None and name not in known:
                raise ValueError(
                    f"Unknown metric {name!r}; evaluations have: "
                    f"{', '.join(sorted(known))}."
                )
        _check_extents(evaluator, constraints)
        more = [
            Objective(name, name not in (*MINIMIZED, *minimize)) for name in names[1:]
        ]
        known_fn = getattr(evaluator, "known", None)
        return cls((own, *more), tuple(constraints), known_fn)

    @property
    def objective(self) -> Objective:
        """The first objective, by which the best is chosen."""
        return self.objectives[0]

    @property
    def in_words(self) -> str:
        """The bounds, as a reader is told them."""
        return ", ".join(map(str, self.constraints))

    @property
    def is_plain(self) -> bool:
        """Whether there is one objective and no bound."""
        return len(self.objectives) == 1 and not self.constraints

    @functools.cached_property
    def columns(self) -> tuple[Objective, ...]:
        """All that strategies are told: objectives, then what is only bounded."""
        names = [objective.name for objective in self.objectives]
        bounded = dict.fromkeys(c.name for c in self.constraints if c.name not in names)
        return (*self.objectives, *(Objective(n, _is_raised(self, n)) for n in bounded))

    @functools.cached_property
    def signs(self) -> np.ndarray:
        """What makes higher better in each column, float64 [columns]."""
        return np.array([column.sign for column in self.columns], np.float64)

    @functools.cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest signed value of each column, float64 [columns] each."""
        least, most = (np.full(len(self.columns), s * np.inf) for s in (-1, 1))
        for bound in self.constraints:
            i = [column.name for column in self.columns].index(bound.name)
            ends = [-np.inf if bound.at_least is None else bound.at_least]
            ends.append(np.inf if bound.at_most is None else bound.at_most)
            low, high = sorted(self.signs[i] * end for end in ends)
            least[i], most[i] = max(least[i], low), min(most[i], high)
        return least, most

    def measure(self, evaluation: Evaluation) -> np.ndarray:
        """Returns the columns of an evaluation as measured, float64 [columns].

        NaN where it lacks one; all of them where it failed.
        """
        if evaluation.value is None:
            return np.full(len(self.columns), np.nan)
        named = {"seconds": evaluation.seconds, **evaluation.metrics}
        named[self.objective.name] = evaluation.value
        return np.array([named.get(c.name, np.nan) for c in self.columns], np.float64)

    def named(self, evaluation: Evaluation) -> dict[str, float]:
        """Returns the columns of a successful evaluation by name, as measured."""
        names = [column.name for column in self.columns]
        return dict(zip(names, self.measure(evaluation).tolist(), strict=True))

    def checked(self, evaluation: Evaluation) -> Evaluation:
        """Returns an evaluation, a failed one where it lacks a column."""
        lacks = np.isnan(self.measure(evaluation))
        if evaluation.value is None or not lacks.any():
            return evaluation
        names = [c.name for c, is_so in zip(self.columns, lacks, strict=True) if is_so]
        return dataclasses.replace(
            evaluation, value=None, reason=f"it has no {', '.join(names)}"
        )

    def allows(self, signed: np.ndarray) -> np.ndarray:
        """Says which rows [..., columns] keep all bounds, bool [...]."""
        least, most = self.bounds
        return ((signed >= least) & (signed <= most)).all(-1)

    def known(self, tokens: np.ndarray) -> dict[int, np.ndarray]:
        """Returns what is known of architectures [num, length] without an evaluation.

        Returns:
            Signed values, float64 [num], by the number of their column.

        Raises:
            ValueError: If the evaluator knows other than a number of each.
        """
        if self.known_fn is None:
            return {}
        found = self.known_fn(tokens)
        return {
            i: column.sign * _row_for_each(column.name, found[column.name], tokens)
            for i, column in enumerate(self.columns)
            if column.name in found
        }

    def may_keep(self, tokens: np.ndarray) -> np.ndarray:
        """Says which rows [num, length] break no bound on what is known, bool [num]."""
        least, most = self.bounds
        kept = np.ones(len(tokens), bool)
        if self.constraints:
            for i, column in self.known(tokens).items():
                kept &= (column >= least[i]) & (column <= most[i])
        return kept


def check_constraints(constraints: Sequence[Constraint]) -> None:
    """Checks that these are constraints, and that a value may keep them all.

    Raises:
        TypeError: If they are no list of them.
        ValueError: If no value can keep the bounds on one measure.
    """
    is_list = isinstance(constraints, Sequence) and not isinstance(constraints, str)
    if not is_list or not all(isinstance(each, Constraint) for each in constraints):
        raise TypeError(
            "constraints must be a list such as "
            f"[nao.Constraint('params', at_most=3e6)], got {constraints!r}."
        )
    _check_bounds(constraints)


def goals_of(strategy: Any, evaluator: Evaluator) -> Goals:
    """Returns the goals of a search: the strategy's, or the evaluator's objective.

    Raises:
        TypeError: If the strategy's are something else.
    """
    goals = getattr(strategy, "goals", None)
    if goals is None:
        return Goals((evaluator.objective,))
    if not isinstance(goals, Goals):
        raise TypeError(
            "goals of a strategy must be made by nao.Goals.of(evaluator, ...), got "
            f"{goals!r}."
        )
    return goals


def _row_for_each(name: str, values: Any, tokens: np.ndarray) -> np.ndarray:
    """Returns what is known of each row, float64 [num]; ValueError if it is not."""
    values = np.asarray(values, np.float64)
    if values.shape != (len(tokens),):
        raise ValueError(
            f"evaluator.known must give {name!r} a number for each architecture, here "
            f"[{len(tokens)}], got shape {list(values.shape)}."
        )
    return values


def _is_raised(goals: Goals, name: str) -> bool:
    """Says whether more of a measure is better that is only bounded."""
    bounds = [c for c in goals.constraints if c.name == name]
    return all(bound.at_most is None for bound in bounds)


def _check_objectives(
    names: Sequence[str], own: Objective, minimize: Collection[str]
) -> None:
    if names[0] != own.name:
        raise ValueError(
            f"objectives must begin with the evaluator's own, {own.name!r}, got "
            f"{', '.join(names)}."
        )
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"objectives must differ, got {name!r} twice.")
    for name in minimize:
        if name not in names:
            raise ValueError(
                f"minimize must name objectives, {', '.join(names)}, got {name!r}."
            )
    if own.maximize and own.name in minimize:
        raise ValueError(
            f"minimize must not name {own.name!r}: its evaluator maximizes it, by a "
            "setting of its own."
        )


def _check_extents(evaluator: Evaluator, constraints: Sequence[Constraint]) -> None:
    """Raises ValueError where nothing that can be measured keeps a bound."""
    if not hasattr(evaluator, "extent"):
        return
    for bound in constraints:
        least, most = evaluator.extent(bound.name)
        lower = -math.inf if bound.at_least is None else bound.at_least
        upper = math.inf if bound.at_most is None else bound.at_most
        if most < lower or least > upper:
            raise ValueError(
                f"No architecture keeps {bound}: values are {least:g} to {most:g}."
            )


def _check_bounds(constraints: Sequence[Constraint]) -> None:
    for name in dict.fromkeys(bound.name for bound in constraints):
        same = [bound for bound in constraints if bound.name == name]
        least = max((c.at_least for c in same if c.at_least is not None), default=None)
        most = min((c.at_most for c in same if c.at_most is not None), default=None)
        if None not in (least, most) and least > most:
            raise ValueError(
                f"at_least must not be above at_most, got {least:g} and {most:g} for "
                f"{name!r}."
            )

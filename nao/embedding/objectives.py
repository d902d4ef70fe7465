"""What is predicted, wanted and allowed, in the units of the values."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nao import fields
from nao.controller import Goal
from nao.controller.targets import Scale
from nao.embedding.architectures import Architectures
from nao.embedding.calibration import Calibration
from nao.evaluators import Constraint, Objective, check_constraints
from nao.system.showing import counted


class Prediction(NamedTuple):
    """What an ensemble predicts, in the unit of the values; float64, of equal shape.

    Attributes:
        mean: Value at the members' mean target, brought to the unit of true targets
            (`Objectives.calibrations`).
        std: How far off the mean may be: the standard deviation over the members,
            combined with the error on architectures that a fit had not seen, such that
            80 % of unseen values lie within 1.28 of it.
    """

    mean: np.ndarray
    std: np.ndarray


# A name, or a weight for each name; None is the first objective.
Wanted = str | Mapping[str, float] | None


@dataclasses.dataclass(frozen=True, eq=False)
class Wish:
    """What a search of the latent space shall find.

    Attributes:
        objective: Name to improve, in its own direction; or weights by name; None is
            the first objective.
        constraints: Bounds that predictions keep.
        confidence: Standard deviations that predictions stay away from a bound.
        exclude: Architectures not wanted, besides the evaluated ones.
        seed: Seed of everything random.
    """

    objective: Wanted = None
    constraints: Sequence[Constraint] = ()
    confidence: float = 1.0
    exclude: Architectures | None = None
    seed: int = 0

    def __post_init__(self):
        fields.check_seed(self.seed)
        fields.check_value("confidence", self.confidence, float)


@dataclasses.dataclass(frozen=True, eq=False)
class Objectives:
    """The columns a controller predicts.

    A controller learns targets, which are higher where a value is better; see
    `targets.normalise`.

    Attributes:
        columns: Name, direction and unit of each.
        scales: How each column's targets and values map to each other.
        errors: Root mean square error of predicted targets on architectures that a fit
            had not seen, float64 [columns]; zero where it is not known.
        calibrations: How predicted targets relate to true ones, by the same
            architectures; empty where that is not known: predictions stand as they are,
            as far off as `errors` say.
    """

    columns: tuple[Objective, ...]
    scales: tuple[Scale, ...]
    errors: np.ndarray
    calibrations: tuple[Calibration, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, the main one first."""
        return tuple(column.name for column in self.columns)

    def index(self, name: str | None) -> int:
        """Returns the position of a column, the first for None.

        Raises:
            ValueError: If no column has this name.
        """
        if name is None:
            return 0
        if name not in self.names:
            raise ValueError(
                f"Unknown objective {name!r}; known: {', '.join(self.names)}."
            )
        return self.names.index(name)

    def to_prediction(self, targets: np.ndarray, index: int) -> Prediction:
        """Maps members' targets [..., ensemble, objectives] to values [...]."""
        scale, calibration = self.scales[index], self._calibration(index)
        members = targets[..., index].astype(np.float64)
        mean = calibration.apply(members.mean(-1), scale)
        std = calibration.std(mean, members.std(-1), scale)
        return Prediction(scale.to_values(mean), scale.to_deviations(mean, std))

    def _calibration(self, index: int) -> Calibration:
        if self.calibrations:
            return self.calibrations[index]
        return Calibration(width=float(self.errors[index]))

    def std(self, targets: np.ndarray) -> np.ndarray:
        """Returns how far off the members' mean target may be.

        Args:
            targets: What the members predict, [..., ensemble, objectives].

        Returns:
            In the unit of the targets, [..., objectives].
        """
        return np.hypot(targets.std(-2), self.errors)

    def goal(self, wanted: Wanted, constraints: Sequence[Constraint] = ()) -> Goal:
        """Returns what ascent shall do.

        Args:
            wanted: Objective to improve, in its own direction; or weights of several,
                which act on targets: 1 is from the middle to the best of the pool.
            constraints: Bounds.

        Raises:
            ValueError: If a name is unknown or a weight is not finite.
            TypeError: If `constraints` is no list of them.
        """
        check_constraints(constraints)
        weights = self._weights(wanted)
        lower = np.full(len(weights), -np.inf, np.float32)
        upper = np.full(len(weights), np.inf, np.float32)
        for constraint in constraints:
            i = self.index(constraint.name)
            least, most = self._bounds(constraint, i)
            lower[i] = max(lower[i], least)
            upper[i] = min(upper[i], most)
        return Goal(weights, lower, upper)

    def _weights(self, wanted: Wanted) -> np.ndarray:
        """Returns the weight of each column in the score, float32 [columns]."""
        weights = np.zeros(len(self.columns), np.float32)
        if not isinstance(wanted, Mapping):
            weights[self.index(wanted)] = 1
            return weights
        for name, weight in wanted.items():
            if not math.isfinite(weight):
                raise ValueError(f"Weight of {name!r} must be finite: {weight}.")
            weights[self.index(name)] = weight
        return weights

    def _bounds(self, constraint: Constraint, index: int) -> tuple[float, float]:
        """Returns a constraint's least and largest target; infinite where unbounded.

        As predicted, so that what keeps the bound also has a value that keeps it.
        """
        scale, calibration = self.scales[index], self._calibration(index)
        at_least, at_most = (
            None
            if bound is None
            else float(calibration.invert(scale.to_targets(bound), scale))
            for bound in (constraint.at_least, constraint.at_most)
        )
        # Where less is better, the largest values have the least targets.
        if not self.columns[index].maximize:
            at_least, at_most = at_most, at_least
        least = -np.inf if at_least is None else at_least
        return least, np.inf if at_most is None else at_most

    def tighten(self, goal: Goal, confidence: float) -> Goal:
        """Moves each bound inwards by `confidence` times the column's known error.

        So what ascent finds at the bounds still keeps them where the prediction is off.
        """
        margin = np.float32(confidence) * self.errors.astype(np.float32)
        return goal._replace(lower=goal.lower + margin, upper=goal.upper - margin)

    def is_allowed(
        self, targets: np.ndarray, goal: Goal, confidence: float
    ) -> np.ndarray:
        """Says where members' targets [..., ensemble, objectives] keep the bounds.

        Args:
            targets: What the members predict.
            goal: Holds the bounds.
            confidence: Standard deviations that the mean must stay away from a bound.

        Returns:
            bool [...].
        """
        mean, std = targets.mean(-2), confidence * self.std(targets)
        return ((mean - std >= goal.lower) & (mean + std <= goal.upper)).all(-1)


def table(
    values: np.ndarray | Mapping[str, np.ndarray], num: int, minimize: Sequence[str]
) -> tuple[dict[str, np.ndarray], tuple[Objective, ...]]:
    """Reads the values of architectures.

    Args:
        values: One number for each of `num` architectures, or such columns by name.
        num: Number of architectures.
        minimize: Names of the columns where less is better.

    Returns:
        Columns float64 [num] by name, and their `Objective`s.

    Raises:
        ValueError: If there is no column, one is not finite numbers for each
            architecture, or `minimize` names none of them.
    """
    if not isinstance(values, Mapping):
        values = {"objective": values}
    if not values:
        raise ValueError("values must have at least one column, got none.")
    columns = to_columns(values, num)
    for name, column in columns.items():
        if not np.isfinite(column).all():
            first = int(np.argmin(np.isfinite(column)))
            raise ValueError(
                f"values of {name!r} must be finite, got {column[first]} in row "
                f"{first}; leave out what failed."
            )
    check_minimize(minimize, columns)
    return columns, tuple(Objective(name, name not in minimize) for name in columns)


def to_columns(values: Mapping[str, np.ndarray], num: int) -> dict[str, np.ndarray]:
    """Returns columns by name, float64 [num]; NaN, for a failed evaluation, is kept.

    Raises:
        ValueError: If a column is of another shape.
    """
    columns = {str(name): np.asarray(v, np.float64) for name, v in values.items()}
    for name, column in columns.items():
        if column.shape != (num,):
            raise ValueError(
                f"values of {name!r} must be {counted(num, 'number')}, one for each "
                f"architecture, got shape {list(column.shape)}."
            )
    return columns


def check_minimize(minimize: Sequence[str], names: Iterable[str]) -> None:
    """Checks that each name in `minimize` is the name of a column.

    Raises:
        ValueError: If one is not, or `minimize` is text rather than a list.
    """
    if isinstance(minimize, str):
        raise ValueError(f"minimize must be a list of names, got {minimize!r}.")
    for name in minimize:
        if name not in names:
            raise ValueError(
                f"minimize names {name!r}, which has no values; "
                f"known: {', '.join(names)}."
            )

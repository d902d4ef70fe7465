"""Objectives and bounds as a user writes them in a config or as flags."""

import dataclasses
from collections.abc import Sequence

from nao.evaluators.base import Evaluator
from nao.evaluators.goals import MINIMIZED, Constraint, Goals
from nao.fields import documented, option


@documented
@dataclasses.dataclass(frozen=True)
class GoalSettings:
    """What a search is for, by names of what evaluations measure."""

    objectives: tuple[str, ...] = option(
        (),
        "What to search for, comma-separated: the evaluator's own objective, then any "
        "metric of its evaluations or numeric column of the table; empty for the first "
        "alone. Strategies nao, evolution and random take several, and bounds.",
    )
    minimize: tuple[str, ...] = option(
        (),
        "Objectives after the first of which less is better; not needed for "
        f"{', '.join(MINIMIZED)}.",
    )
    at_most: tuple[str, ...] = option(
        (), "Bounds on metrics, comma-separated NAME:NUMBER, num_parameters:60000."
    )
    at_least: tuple[str, ...] = option((), "The same, where less is not allowed.")

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The bounds.

        Raises:
            ValueError: If one is not NAME:NUMBER.
        """
        return (
            *(Constraint(n, at_most=b) for n, b in _bounds("at_most", self.at_most)),
            *(Constraint(n, at_least=b) for n, b in _bounds("at_least", self.at_least)),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all that is an objective or bounded, each once."""
        bounded = [bound.name for bound in self.constraints]
        return tuple(dict.fromkeys([*self.objectives, *bounded]))

    def goals(self, evaluator: Evaluator) -> Goals:
        """Returns the goals of a search by an evaluator; see `Goals.of`.

        Raises:
            ValueError: If a name or a bound does not fit.
        """
        return Goals.of(
            evaluator,
            self.objectives,
            minimize=self.minimize,
            constraints=self.constraints,
        )


def _bounds(field: str, texts: Sequence[str]) -> list[tuple[str, float]]:
    found = []
    for text in texts:
        # Names of columns may hold colons.
        name, _, number = text.rpartition(":")
        try:
            bound = float(number)
        except ValueError:
            bound = float("nan")
        if not name.strip() or not abs(bound) < float("inf"):
            raise ValueError(
                f"{field} must be NAME:NUMBER, as num_parameters:60000, got {text!r}."
            )
        found.append((name.strip(), bound))
    return found

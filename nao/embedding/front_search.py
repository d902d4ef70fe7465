"""A search for a front over plain columns, without a folder: NAO, asked and told."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nao import fields
from nao.controller import ControllerConfig
from nao.embedding import objectives
from nao.evaluators import Goals, Objective
from nao.spaces import Space
from nao.strategies import NAO, NAOConfig, State
from nao.system import showing
from nao.types import Array

# Maps tokens [num, length] to columns [num] by name.
Columns = Callable[[np.ndarray], Mapping[str, np.ndarray]]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Measured:
    """Architectures that a search for a front measured, in the order of its queries.

    Attributes:
        space: Space of the architectures.
        tokens: int32 [num, length].
        values: Columns float64 [num] by name, those of `costs_fn` last.
    """

    space: Space
    tokens: np.ndarray
    values: Mapping[str, np.ndarray]

    def __repr__(self) -> str:
        num = showing.counted(len(self.tokens), "architecture")
        return f"Measured({num} of {self.space.name})"

    def to_dataframe(self) -> Any:
        """Returns a row for each architecture, as a `pandas.DataFrame`.

        Raises:
            ImportError: If pandas is not installed.
        """
        return showing.to_frame(self._rows())

    def _repr_html_(self) -> str:
        return showing.to_html(repr(self), self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        values = [column.tolist() for column in self.values.values()]
        return [
            {"architecture": self.space.format(tokens)}
            | dict(zip(self.values, row, strict=True))
            for tokens, row in zip(self.tokens, zip(*values, strict=True), strict=True)
        ]


def search_front(
    space: Space,
    evaluate_fn: Columns,
    num_queries: int,
    *,
    costs_fn: Columns | None = None,
    minimize: Sequence[str] = (),
    num_seed_archs: int = 10,
    round_size: int = 5,
    canonical: bool = True,
    config: ControllerConfig | None = None,
    seed: int = 0,
) -> Measured:
    """Searches for a Pareto front by `strategies.NAO`, as `nao.search` does.

    Args:
        space: What is searched.
        evaluate_fn: Measures columns. NaN where it failed; such architectures are not
            asked for again.
        num_queries: Budget of architectures that are measured.
        costs_fn: Gives columns that need no measurement, such as the number of
            parameters: ascents learn them like all others, but their true values choose
            what is asked for.
        minimize: Names of the columns where less is better.
        num_seed_archs: Architectures of the first, random round.
        round_size: Architectures of every later round.
        canonical: Whether all sequences of a function count as one. Not where a column
            depends on operations that nobody reads.
        config: Of the controller; by default that of a search, which fits fast.
        seed: Seed of everything random.

    Returns:
        What was measured, in the order of the queries. Fewer than `num_queries` where
        the space has no more.

    Raises:
        ValueError: If a number or a column is not as described here.
    """
    _check_sizes(num_seed_archs, round_size, num_queries)
    fields.check_seed(seed)
    settings = NAOConfig(
        num_seed_archs=num_seed_archs,
        round_size=round_size,
        canonical=canonical,
        controller=config or ControllerConfig(),
    )
    strategy = NAO(space, settings, "canonical" if canonical else "sequence")
    key = jax.random.key(seed)
    # The first round is random, whatever the goals; its columns name them.
    tokens = strategy.ask(key, strategy.init(key))[0][:num_queries]
    columns_fn = _columns_fn(evaluate_fn, costs_fn)
    columns = columns_fn(tokens)
    goals = _goals(columns, minimize, costs_fn)
    strategy = dataclasses.replace(strategy, goals=goals)
    return _go_on(
        strategy, columns_fn, Measured(space, tokens, columns), num_queries, key
    )


def _go_on(
    strategy: NAO, columns_fn: Columns, begun: Measured, num_queries: int, key: Array
) -> Measured:
    """Returns what was measured once `num_queries` are, the random round included."""
    tokens, columns = begun.tokens, begun.values
    state = _tell(strategy, strategy.init(key), tokens, columns)
    while (missing := num_queries - len(tokens)) > 0:
        asked, state = strategy.ask(jax.random.fold_in(key, len(tokens)), state)
        if not len(asked):
            break
        measured = columns_fn(asked[:missing])
        state = _tell(strategy, state, asked[:missing], measured)
        tokens = np.concatenate([tokens, asked[:missing]])
        columns = {
            name: np.concatenate([column, measured[name]])
            for name, column in columns.items()
        }
    return Measured(begun.space, tokens, columns)


def _check_sizes(num_seed_archs: int, round_size: int, num_queries: int) -> None:
    for name, value, least in (
        ("num_seed_archs", num_seed_archs, 2),
        ("round_size", round_size, 1),
        ("num_queries", num_queries, 1),
    ):
        if value < least:
            raise ValueError(f"{name} is too small: {value}.")


def _columns_fn(evaluate_fn: Columns, costs_fn: Columns | None) -> Columns:
    """Returns what measures all columns, float64 [num] each, the costs last.

    It raises ValueError if a column is no number for each, or comes twice.
    """

    def columns_of(tokens: np.ndarray) -> dict[str, np.ndarray]:
        measured = dict(evaluate_fn(tokens))
        costs = {} if costs_fn is None else dict(costs_fn(tokens))
        for name in measured.keys() & costs.keys():
            raise ValueError(f"Column {name!r} is both measured and a cost.")
        return objectives.to_columns(measured | costs, len(tokens))

    return columns_of


def _goals(
    columns: Mapping[str, np.ndarray],
    minimize: Sequence[str],
    costs_fn: Columns | None,
) -> Goals:
    """Returns the columns as objectives.

    Raises:
        ValueError: If there are not two, or `minimize` names none of them.
    """
    if len(columns) < 2:
        raise ValueError(f"A front needs two or more columns, got {list(columns)}.")
    objectives.check_minimize(minimize, columns)
    found = tuple(Objective(name, name not in minimize) for name in columns)
    return Goals(found, known_fn=costs_fn)


def _tell(
    strategy: NAO,
    state: State,
    tokens: np.ndarray,
    columns: Mapping[str, np.ndarray],
) -> State:
    """Tells what was measured; what lacks a column has failed."""
    values = np.stack(list(columns.values()), -1) * strategy.goals.signs
    values[~np.isfinite(values).all(-1)] = np.nan
    return strategy.tell(state, tokens, values[:, 0], values=values)

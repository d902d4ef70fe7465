"""The strategy contract: who proposes architectures, as pure init / ask / tell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from nao.controller import ControllerConfig
from nao.spaces import Space
from nao.strategies import draws
from nao.strategies.unseen import Unseen
from nao.types import Array, PyTree


class Pool(NamedTuple):
    """Evaluated architectures, oldest first; host arrays, since the pool grows."""

    tokens: np.ndarray  # int32 [num, length]
    objective: np.ndarray  # float64 [num], higher is better, NaN where it failed
    # float64 [num], infinite where it is not known to be less than the full one; None
    # where none is.
    budgets: np.ndarray | None = None
    # float64 [num, columns], the columns of a search's `Goals`, the objective first;
    # None where the objective is all there is.
    values: np.ndarray | None = None

    def extend(
        self,
        tokens: np.ndarray,
        objective: np.ndarray,
        budgets: np.ndarray | None = None,
        values: np.ndarray | None = None,
    ) -> "Pool":
        """Returns the pool with more rows at its end; values not given are NaN."""
        # Callers may tell int64 or float32; a state always has these types.
        more = Pool(
            np.concatenate([self.tokens, tokens]).astype(np.int32),
            np.concatenate([self.objective, objective]).astype(np.float64),
        )
        pools = (self, Pool(tokens, objective, budgets, values))
        if any(pool.budgets is not None for pool in pools):
            joined = np.concatenate([pool.budgets_or_full() for pool in pools])
            more = more._replace(budgets=joined.astype(np.float64))
        known = [pool.values for pool in pools if pool.values is not None]
        if known:
            size = known[0].shape[1]
            joined = np.concatenate([pool.values_or_nan(size) for pool in pools])
            more = more._replace(values=joined.astype(np.float64))
        return more

    def values_or_nan(self, size: int) -> np.ndarray:
        """Returns the values of each row, float64 [num, size], NaN where unknown."""
        if self.values is None:
            return np.full((len(self.tokens), size), np.nan)
        return self.values

    def budgets_or_full(self) -> np.ndarray:
        """Returns the budget of each row, float64 [num], infinite where it is full."""
        if self.budgets is None:
            return np.full(len(self.tokens), np.inf)
        return self.budgets

    def best(self, num: int) -> np.ndarray:
        """Returns the best `num` rows of a pool without failures, best first.

        int32 [<=num, length]; of equal ones the older comes first.
        """
        return self.tokens[np.argsort(-self.objective, kind="stable")[:num]]

    def succeeded(self) -> "Pool":
        """Returns the rows that have an objective."""
        return self.where(np.isfinite(self.objective))

    def last(self, num: int) -> "Pool":
        """Returns the last `num` rows told, failures included; all of them for 0."""
        return self.where(slice(-num, None))

    def bounded(
        self,
        rng: np.random.Generator,
        most: int,
        order_fn: Callable[["Pool"], np.ndarray],
    ) -> "Pool":
        """Returns a part of a large pool, in the pool's order.

        Args:
            rng: Draws one half of the part.
            most: Its rows; 0 for all.
            order_fn: Returns the numbers of all rows, the best first, which are the
                other half. Of a small pool nobody asks.
        """
        if not most or len(self.tokens) <= most:
            return self
        best, rest = np.split(order_fn(self), [most // 2])
        others = rng.choice(rest, most - len(best), replace=False)
        return self.where(np.sort(np.concatenate([best, others])))

    def where(self, chosen: np.ndarray | slice) -> "Pool":
        """Returns the rows that a mask, their numbers or a slice choose."""
        return Pool(*(None if part is None else part[chosen] for part in self))


def empty_pool(space: Space) -> Pool:
    """Returns a pool without rows."""
    return Pool(np.zeros((0, space.length), np.int32), np.zeros(0))


class ColumnGoals(Protocol):
    """What a strategy must know of the goals of a search; `evaluators.Goals` has it.

    A column is an objective or a metric that is only bounded; all that is told of them
    has the sign that makes higher better.

    Attributes:
        objectives: What is wanted, the evaluator's own first; the first columns.
        columns: All that is told.
        bounds: Least and largest value allowed in each column, float64 [columns] each.
    """

    objectives: Sequence[Any]
    columns: Sequence[Any]
    bounds: tuple[np.ndarray, np.ndarray]

    def known(self, tokens: np.ndarray) -> Mapping[int, np.ndarray]:
        """Returns, by column, what is known of tokens [num, length] beforehand."""

    def may_keep(self, tokens: np.ndarray) -> np.ndarray:
        """Says which rows [num, length] break no bound on what is known, bool [num]."""


def several(goals: ColumnGoals | None) -> ColumnGoals | None:
    """Returns the goals; None where they are one objective without any bound."""
    is_plain = goals is None or (
        len(goals.columns) == 1 and np.isinf(goals.bounds).all()
    )
    return None if is_plain else goals


class State(NamedTuple):
    """Everything a strategy needs to go on: plain data.

    Attributes:
        pool: All architectures told so far, other people's results included.
        predicted: Objective predicted for each row of the last round asked, float64
            [num], in a unit of the strategy's own where higher is better; NaN for rows
            proposed at random; None where nothing was predicted.
        model: What the last `ask` fitted; None where nothing was. Checkpoints keep it
            where it is nested dicts of arrays, and give back None for anything else.
        memory: What else `tell` keeps for the next `ask`, a pytree; None where the pool
            says it all. `init` and `tell` alone change it, so telling the same rounds
            again rebuilds it, and no checkpoint holds it.
        derived: What an evaluator that learns would choose by itself, int32 [num,
            length], see `LearningEvaluator.derive`; None where it has no choice.
    """

    pool: Pool
    predicted: np.ndarray | None = None
    model: PyTree | None = None
    memory: PyTree | None = None
    derived: np.ndarray | None = None


class Round(NamedTuple):
    """A round as it was asked.

    Attributes:
        tokens: int32 [num, length].
        state: State of the strategy after `ask`.
        budgets: How much of a full evaluation each is worth, float64 [num], of those
            that the evaluator lists; None where all are full.
    """

    tokens: np.ndarray
    state: State
    budgets: np.ndarray | None = None


class ControllerUse(NamedTuple):
    """What it takes to query the controller that a strategy has fitted.

    Attributes:
        config: The controller's sizes; a state's model holds its parameters as
            `params`.
        canonical: Whether it reads canonical forms, so that all sequences of the same
            function have one embedding.
        recent: How many of the architectures told last it is fitted to; 0 for all.
    """

    config: ControllerConfig
    canonical: bool
    recent: int = 0


class Strategy(Protocol):
    """Proposes architectures.

    The registered ones are made by `make(name, space, settings, deduplicate)`, as
    `cls(space, config, deduplicate, name)`. A strategy of one's own needs no name in
    the registry: `nao.search` takes any object with these attributes and methods, and
    a subclass of this protocol inherits those that have a default.

    Attributes:
        space: What is searched.
        config: Its settings, a frozen dataclass that JSON can hold; a run is continued
            with equal settings alone.
        deduplicate: What is never asked for twice, one of `DEDUPLICATE`.
        name: What it is called in summaries and reports: the name that was asked for,
            of a preset or an ablation too.
    """

    space: Space
    config: Any
    deduplicate: str
    name: str

    def init(self, key: Array) -> State:
        """Returns the state before the first round."""

    def ask(self, key: Array, state: State) -> tuple[np.ndarray, State] | Round:
        """Proposes a round, int32 [num, length]; may keep a fitted model in the state.

        A whole round, whatever the budget, of distinct architectures that were never
        told; none at all where the space has no more. The same key and the same pool
        give the same round. With a budget for each, as a `Round`, what was told at a
        smaller one is no repetition.
        """

    def tell(self, state: State, tokens: np.ndarray, objective: np.ndarray) -> State:
        """Adds results, float64 [num], higher is better, NaN = failed, to the state.

        A strategy that asks with budgets is told them as `budgets`, float64 [num]; one
        that has `goals` of more than an objective is told all their columns as
        `values`, float64 [num, columns], a failed row all NaN.
        """

    def draw(self, state: State, asked: np.ndarray) -> draws.Draw:
        """Returns what an evaluator that learns draws from; by default all, uniformly.

        Args:
            state: After all that was told; without predictions and model, which not
                every process has.
            asked: The round that will be evaluated by what is learned, int32 [num,
                length]; of an evaluator that derives one, none yet.
        """
        del state, asked
        return draws.uniform(self.space)

    def describe_fit(
        self, state: State, rng: np.random.Generator
    ) -> Mapping[str, float | None]:
        """Returns what `summary.json` says of the model in a state; nothing by default.

        Args:
            state: As the last `ask` left it.
            rng: For architectures to try the model on.
        """
        del state, rng
        return {}

    @property
    def controller_use(self) -> ControllerUse | None:
        """How to read the state's model; None, by default, where it is no controller.

        `Embedding.from_workdir` goes on with what this describes.
        """
        return None


class PoolStrategy(Strategy):
    """`init` and `tell` of a strategy whose pool says it all."""

    def init(self, key: Array) -> State:
        """Returns an empty pool."""
        del key
        return State(empty_pool(self.space))

    def tell(
        self,
        state: State,
        tokens: np.ndarray,
        objective: np.ndarray,
        budgets: np.ndarray | None = None,
        values: np.ndarray | None = None,
    ) -> State:
        """Adds the results to the pool."""
        more = state.pool.extend(tokens, objective, budgets, values)
        return state._replace(pool=more)


def check_may_repeat(strategy: Strategy, why: str) -> None:
    """Raises ValueError where a strategy that asks again may not; `why` it asks."""
    if strategy.deduplicate != "none":
        raise ValueError(
            f"Strategy {strategy.name} asks for {why}, so it needs deduplicate=none, "
            f"got {strategy.deduplicate!r}."
        )


def unseen(strategy: Strategy, seen: np.ndarray) -> Unseen:
    """Returns what hands out architectures that a strategy may propose.

    Args:
        strategy: Its `deduplicate` says what is new; where it has `goals`, what breaks
            a bound that is known beforehand is never handed out.
        seen: Architectures that are not new, int32 [num, length].
    """
    goals = getattr(strategy, "goals", None)
    allowed_fn = None if goals is None else goals.may_keep
    return Unseen(strategy.space, strategy.deduplicate, seen, allowed_fn)


def num_at_random(pool: Pool, num_seed_archs: int, round_size: int) -> int:
    """Returns how many to draw at random; 0 where there is a pool to learn from.

    What the first round lacks of its size comes at random, and so does a whole round
    where fewer than two of the evaluated architectures succeeded.

    Args:
        pool: All that was told; a warm start counts towards the first round.
        num_seed_archs: Architectures of the first round.
        round_size: Architectures of every later round.
    """
    missing = num_seed_archs - len(pool.tokens)
    if missing > 0:
        return missing
    # A predictor can't rank by one value alone.
    return round_size if np.isfinite(pool.objective).sum() < 2 else 0


def numpy_rng(key: Array) -> np.random.Generator:
    """Returns a host generator seeded by a JAX key.

    Spaces draw on the host, where their architectures are.
    """
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())

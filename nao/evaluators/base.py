"""The evaluator contract: where the number of an architecture comes from."""

import dataclasses
import itertools
import math
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from nao.fields import check_types
from nao.spaces import Space
from nao.system import functions
from nao.types import Array, PyTree

ROUNDING = 1e-9  # of sums of costs such as 1/9
_MAX_TRACEBACK = 20_000  # characters
MAX_SECONDS = 1e9  # 31 years
# What a line of `metrics.jsonl` says of every trial.
TAKEN = (
    *("step", "trial", "round", "objective", "predicted", "budget", "cost"),
    *("seconds", "reason"),
)


@dataclasses.dataclass(frozen=True)
class Objective:
    """What is measured.

    Attributes:
        name: Name of the measure, as it appears in tables and figures.
        maximize: Whether higher is better.
        unit: Unit of the value, empty for a fraction.
        drifts: Whether a later measurement of an architecture counts in place of those
            before, as by weights that go on learning; otherwise the mean of all counts.
    """

    name: str
    maximize: bool = True
    unit: str = ""
    drifts: bool = False

    def __post_init__(self):
        check_types(self, "Objective.")

    @property
    def sign(self) -> int:
        """Factor that turns a value into one where higher is better."""
        return 1 if self.maximize else -1

    @property
    def label(self) -> str:
        """Name and unit, for axes and headings: `val accuracy`, `loss (nats)`."""
        unit = f" ({self.unit})" if self.unit else ""
        return self.name.replace("_", " ") + unit


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The outcome of one evaluation; a failed one has no value, but a reason.

    Attributes:
        value: The objective as measured, in its own unit; None where it failed.
        metrics: Further numbers worth keeping (loss, epochs, parameters), under names
            that `metrics.jsonl` has no use for. What is not finite, as the loss of a
            child that diverged, is left out.
        seconds: Wall-clock seconds the evaluation took.
        reason: Why it failed; empty where it did not. Of several lines the last is
            kept, and of a long line its beginning.
        traceback: Where the exception came from that made it fail, as Python prints it;
            empty where there was none. Of a long one the end is kept.
    """

    value: float | None
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    reason: str = ""
    traceback: str = dataclasses.field(default="", repr=False)  # of a page

    @classmethod
    def of_exception(cls, error: BaseException, seconds: float = 0.0) -> "Evaluation":
        """Returns the failed evaluation that an exception of a user's code makes."""
        lines = traceback.format_exception(error)
        return cls(
            None,
            seconds=seconds,
            reason=functions.in_one_line(error),
            traceback="".join(lines),
        )

    def __post_init__(self):
        # Of NumPy or JAX, numbers could not be written as JSON.
        if self.value is not None:
            object.__setattr__(self, "value", functions.number("value", self.value))
        object.__setattr__(self, "metrics", _metrics(self.metrics))
        object.__setattr__(self, "seconds", functions.number("seconds", self.seconds))
        object.__setattr__(self, "reason", functions.last_line(self.reason))
        object.__setattr__(self, "traceback", self.traceback[-_MAX_TRACEBACK:])
        # NaN compares false with everything, so no best would ever be replaced by one
        # or replace it: a child that diverged is a failed one instead.
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(
                f"value must be finite, or None for a failed one, got {self.value}."
            )
        if not 0 <= self.seconds <= MAX_SECONDS:
            raise ValueError(
                f"seconds must be 0 to {MAX_SECONDS:g}, got {self.seconds}."
            )
        if (self.value is None) != bool(self.reason):
            raise ValueError("A failed evaluation, and no other, has a reason.")

    @property
    def status(self) -> str:
        """`complete` or `failed`."""
        return "failed" if self.value is None else "complete"


class Evaluator(Protocol):
    """Gives architectures their objective; one bad child is a failed evaluation.

    Attributes:
        objective: What is measured, and whether higher is better.
        is_noisy: Whether another key may give another number; it need not be there, and
            then it may.
    """

    objective: Objective

    def evaluate(self, tokens: np.ndarray, keys: Array) -> Iterator[Evaluation]:
        """Yields one evaluation per row of `tokens`, in order, as soon as known.

        A search writes each to its ledger before it waits for the next, so what is
        yielded early survives a kill.

        Args:
            tokens: int32 [num, length] vocabulary ids of the space.
            keys: JAX keys [num]; the randomness of each evaluation.
        """

    def test(self, tokens: np.ndarray, key: Array) -> dict[str, float]:
        """Measures one architecture [length] on the test part, for the final choice.

        Returns:
            Named test numbers, the objective's counterpart first; empty where the
            evaluator has no test part. What it raises is told, and the search ends
            without them.
        """


# Apart from `Evaluator`, as most have nothing to do with budgets.
class BudgetedEvaluator(Evaluator, Protocol):
    """An evaluator that can measure with less than the full effort, too.

    A strategy that knows budgets, such as `successive_halving`, chooses among them.

    Attributes:
        budgets: What an evaluation may be given, such as epochs, ascending, the full
            budget last; empty where there is nothing to choose.
    """

    budgets: Sequence[float]

    def evaluate(
        self, tokens: np.ndarray, keys: Array, budgets: np.ndarray | None = None
    ) -> Iterator[Evaluation]:
        """Yields one evaluation per row, see `Evaluator.evaluate`.

        Args:
            tokens: int32 [num, length] vocabulary ids of the space.
            keys: JAX keys [num]. An architecture that was measured before has the key
                of its first evaluation: a training may go on where it was.
            budgets: What each is given, float64 [num], of those listed; None for the
                full one.
        """

    def cost(self, budget: float, before: float) -> float:
        """Returns what an evaluation costs, in full ones.

        Args:
            budget: What it is given.
            before: What the architecture was measured with before; 0 for never.
        """


class LearningEvaluator(Evaluator, Protocol):
    """An evaluator with a state that changes as a search goes on, as shared weights do.

    The state is nested dicts of arrays, which the run's checkpoints hold, and random
    keys are in it as key data. What an architecture measures may depend on it.
    """

    def init(self, key: Array) -> PyTree:
        """Returns the state before anything is learned."""

    def learn(
        self, state: PyTree, draw: Callable[[Array, Array], Array]
    ) -> Iterator[PyTree]:
        """Yields what is learned before a round is evaluated.

        The last state is that of the round; none where all is learned already. One in
        between is a place to go on from: `learn` of it yields the states after it.

        Args:
            state: The state before; what comes is a pure function of it and of `draw`.
            draw: The strategy's, maps a key and the number of a step to an
                architecture, int32 [length]. It is a pytree: an argument of the
                compiled step that calls it.
        """

    def evaluate(
        self, tokens: np.ndarray, keys: Array, state: PyTree
    ) -> Iterator[Evaluation]:
        """Yields one evaluation per row, by the state learned before the round.

        Finalists are measured by what was learned in the end.
        """

    def test(self, tokens: np.ndarray, key: Array, state: PyTree) -> dict[str, float]:
        """Measures the final choice, which may begin with what was learned."""


class DerivingEvaluator(LearningEvaluator, Protocol):
    """An evaluator that learns which architecture to choose, as DARTS's mixture does.

    It learns before a round is asked: the strategy finds what `derive` returns in its
    state.
    """

    def derive(self, state: PyTree) -> np.ndarray:
        """Returns what it would choose by a state, int32 [num, length]."""


# Apart from `Evaluator`: searches for one objective without bounds ask for none of it.
class MeasuringEvaluator(Evaluator, Protocol):
    """An evaluator whose evaluations have more than one number worth searching for.

    Attributes:
        metrics: Names of all metrics of its evaluations; None where they are not known.
    """

    metrics: Sequence[str] | None

    def known(self, tokens: np.ndarray) -> Mapping[str, np.ndarray]:
        """Returns metrics of architectures [num, length] that need no evaluation.

        Exactly what an evaluation has of the same name, float64 [num] each.
        """


# Apart from `Evaluator`, so that one of a user's own needs none of these attributes.
class SourcedEvaluator(BudgetedEvaluator, Protocol):
    """An evaluator that a config makes: it also knows its space, data and budgets.

    Attributes:
        space: Space of the architectures.
        content: SHA-256 of the data that the numbers come from, by name
            (`table.sha256`); a search is continued with equal content alone.
    """

    space: Space
    content: Mapping[str, str]


def checked_budgets(name: str, budgets: Sequence[float]) -> tuple[float, ...]:
    """Returns budgets as floats.

    Raises:
        ValueError: If they are not positive, or don't ascend.
    """
    if isinstance(budgets, str) or not isinstance(budgets, Iterable):
        raise ValueError(f"{name} must be numbers that ascend, got {budgets!r}.")
    found = tuple(functions.number(name, budget) for budget in budgets)
    pairs = itertools.pairwise((0.0, *found))
    if not all(low < high < math.inf for low, high in pairs):
        raise ValueError(
            f"{name} must be positive numbers that ascend, got {list(budgets)}."
        )
    return found


def name_is_taken(name: str) -> str:
    """Says that a metric can't have a name of `TAKEN`."""
    return (
        f"A metric must not be called {', '.join(TAKEN)}, as all trials have these; "
        f"got {name!r}."
    )


def _metrics(metrics: Any) -> dict[str, float]:
    """Returns the finite ones of metrics; raises ValueError where a name is taken."""
    found = functions.numbers("metrics", metrics)
    for name in found:
        if name in TAKEN:
            raise ValueError(name_is_taken(name))
    return {name: value for name, value in found.items() if math.isfinite(value)}

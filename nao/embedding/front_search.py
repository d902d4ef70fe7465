"""A search for several objectives at once: fit, climb along trade-offs, measure."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nao import fields
from nao.controller import ControllerConfig, fronts
from nao.embedding import objectives
from nao.embedding.embedding import Embedding
from nao.spaces import Space
from nao.strategies.unseen import Unseen
from nao.system import showing

_MAX_CANDIDATES = 300  # architectures of a round whose hypervolume gain is computed

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
    num_seed_archs: int = 20,
    round_size: int = 10,
    canonical: bool = True,
    config: ControllerConfig | None = None,
    seed: int = 0,
) -> Measured:
    """Searches for a Pareto front.

    A round fits an embedding to all that was measured and takes, of what ascents along
    trade-offs decode to, the architectures that add most to the predicted hypervolume.
    Nothing is asked for twice.

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
        canonical: Whether all sequences of a function count as one, which is asked for
            in its canonical form. Not where a column depends on operations that nobody
            reads.
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
    search = _FrontSearch(space, evaluate_fn, costs_fn, minimize, canonical, config)
    rng = np.random.default_rng(seed)
    tokens, columns = search.start(rng, min(num_seed_archs, num_queries))
    while (num := min(round_size, num_queries - len(tokens))) > 0:
        asked = search.ask(rng, tokens, columns, num)
        if not len(asked):
            break
        tokens, columns = search.measure(asked, tokens, columns)
    return Measured(space, tokens, columns)


def _check_sizes(num_seed_archs: int, round_size: int, num_queries: int) -> None:
    for name, value, least in (
        ("num_seed_archs", num_seed_archs, 2),
        ("round_size", round_size, 1),
        ("num_queries", num_queries, 1),
    ):
        if value < least:
            raise ValueError(f"{name} is too small: {value}.")


@dataclasses.dataclass(frozen=True)
class _FrontSearch:
    """What a search for a front asks and measures; see `search_front`."""

    space: Space
    evaluate_fn: Columns
    costs_fn: Columns | None
    minimize: Sequence[str]
    canonical: bool
    config: ControllerConfig | None

    def start(
        self, rng: np.random.Generator, num: int
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Measures random architectures and checks the columns that come back.

        Raises:
            ValueError: If there are not two columns, or `minimize` names none of them.
        """
        tokens = self.draw(rng, num)
        columns = self.columns_of(tokens)
        if len(columns) < 2:
            raise ValueError(f"A front needs two or more columns, got {list(columns)}.")
        objectives.check_minimize(self.minimize, columns)
        return tokens, columns

    def ask(
        self,
        rng: np.random.Generator,
        tokens: np.ndarray,
        columns: Mapping[str, np.ndarray],
        num: int,
    ) -> np.ndarray:
        """Returns up to `num` new architectures; random ones where ascent finds few."""
        embedding = self.fit(tokens, columns)
        asked = tokens[:0]
        if embedding is not None:
            asked = _choose(embedding, self.costs, tokens, num, rng)
        known = np.concatenate([tokens, asked])
        return np.concatenate([asked, self.draw(rng, num - len(asked), known)])

    def measure(
        self, asked: np.ndarray, tokens: np.ndarray, columns: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Returns tokens and columns with those of new architectures at the end."""
        measured = self.columns_of(asked)
        return np.concatenate([tokens, asked]), {
            name: np.concatenate([column, measured[name]])
            for name, column in columns.items()
        }

    def draw(
        self, rng: np.random.Generator, num: int, known: np.ndarray | None = None
    ) -> np.ndarray:
        """Draws up to `num` random architectures that are not known."""
        rule = "canonical" if self.canonical else "sequence"
        drawn = Unseen(self.space, rule, known).draw(rng, num)
        return self.space.canonical(drawn) if self.canonical else drawn

    def costs(self, tokens: np.ndarray) -> Mapping[str, np.ndarray]:
        """Returns the columns that need no measurement."""
        return {} if self.costs_fn is None else self.costs_fn(tokens)

    def columns_of(self, tokens: np.ndarray) -> dict[str, np.ndarray]:
        """Measures architectures: all columns, float64 [num] each, the costs last.

        Raises:
            ValueError: If a column is no number for each, or comes twice.
        """
        measured, costs = dict(self.evaluate_fn(tokens)), dict(self.costs(tokens))
        for name in measured.keys() & costs.keys():
            raise ValueError(f"Column {name!r} is both measured and a cost.")
        return objectives.to_columns(measured | costs, len(tokens))

    def fit(
        self, tokens: np.ndarray, columns: Mapping[str, np.ndarray]
    ) -> Embedding | None:
        """Fits an embedding to what did not fail; None where that is too little."""
        succeeded = np.isfinite(list(columns.values())).all(0)
        if succeeded.sum() < 2:
            return None
        return Embedding.fit(
            self.space,
            tokens[succeeded],
            {name: column[succeeded] for name, column in columns.items()},
            minimize=self.minimize,
            config=self.config or ControllerConfig(),
            canonical=self.canonical,
            seed=len(tokens),
        )


def _choose(
    embedding: Embedding,
    costs_fn: Columns,
    known: np.ndarray,
    num: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns up to `num` new architectures that add most to the front."""
    found = embedding.pareto(
        confidence=0.0, layers=num, exclude=known, seed=int(rng.integers(2**31))
    )
    # What the encoder reads is what is asked for: canonical forms, if it reads those.
    tokens = embedding.as_encoded(found.tokens[:_MAX_CANDIDATES])
    predicted = _draw_targets(embedding, costs_fn, tokens, rng)
    finite = np.isfinite(predicted).all(-1)  # a cost may be NaN
    tokens, predicted = tokens[finite], predicted[finite]
    # As targets, objectives count alike, whatever their unit and their outliers.
    return tokens[_largest_gains(embedding.measured_targets, predicted, num)]


def _draw_targets(
    embedding: Embedding,
    costs_fn: Columns,
    tokens: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draws what the targets may be, [num, objectives]; costs have their true values.

    Draws, not means: where no mean adds to the front, the draw still leads to what is
    doubtful (Thompson sampling).
    """
    targets = embedding.latent.predict_tokens(tokens)
    std = embedding.objectives.std(targets)
    predicted = targets.mean(1) + std * rng.normal(size=std.shape)
    for name, column in costs_fn(tokens).items():
        i = embedding.objectives.index(name)
        predicted[:, i] = embedding.objectives.scales[i].to_targets(column)
    return predicted


def _largest_gains(measured: np.ndarray, predicted: np.ndarray, num: int) -> list[int]:
    """Returns the rows that add most to the hypervolume, chosen one after the other.

    Args:
        measured: Targets of what was measured, float64 [rows, objectives].
        predicted: Targets of the candidates, float64 [candidates, objectives].
        num: How many at most.

    Returns:
        Rows of `predicted`, the largest gain first.
    """
    # Below the worst, since a front's ends would add no volume above the worst itself.
    reference = measured.min(0) - 0.1 * np.ptp(measured, 0)
    front = measured[fronts.is_optimal(measured)]
    chosen: list[int] = []
    for _ in range(min(num, len(predicted))):
        volumes = [
            -np.inf
            if i in chosen
            else fronts.hypervolume(np.vstack([front, row]), reference)
            for i, row in enumerate(predicted)
        ]
        chosen.append(int(np.argmax(volumes)))
        front = np.vstack([front, predicted[chosen[-1]]])
        front = front[fronts.is_optimal(front)]
    return chosen

"""A search for several objectives at once: fit, climb along trade-offs, measure."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nao.controller import ControllerConfig
from nao.embedding import objectives as objectives_lib
from nao.embedding import pareto
from nao.embedding.embedding import Embedding
from nao.spaces import Space
from nao.strategies.unseen import Unseen

_MAX_CANDIDATES = 300  # of a round, whose gains are computed


def search_front(
    space: Space,
    evaluate_fn: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    num_queries: int,
    *,
    minimize: Sequence[str] = (),
    num_seed_archs: int = 20,
    round_size: int = 10,
    canonical: bool = False,
    config: ControllerConfig | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Searches for a Pareto front.

    A round fits an embedding to all that was measured and takes, of what ascents along
    trade-offs decode to, the architectures that add most to the predicted hypervolume.
    Nothing is asked for twice.

    Args:
        space: What is searched.
        evaluate_fn: Maps tokens [num, length] to columns [num] by name, two or more.
        num_queries: Budget of architectures.
        minimize: Names of the columns where less is better.
        num_seed_archs: Architectures of the first, random round.
        round_size: Architectures of every later round.
        canonical: Whether all sequences of a function count as one. Not where a column
            counts what the function does not need, such as the parameters of operations
            nobody reads: then the cheapest sequence of a function would be missed.
        config: Of the controller; by default that of a search, which fits fast.
        seed: Seed of everything random.

    Returns:
        Architectures in the order of their queries, int32 [num, length], and their
        columns. Fewer than `num_queries` where the space has no more.

    Raises:
        ValueError: If a number or a column is not as it must be.
    """
    for name, value in (
        ("num_seed_archs", num_seed_archs),
        ("round_size", round_size),
        ("num_queries", num_queries),
    ):
        if value < (2 if name == "num_seed_archs" else 1):
            raise ValueError(f"{name} is too small: {value}.")
    config = ControllerConfig() if config is None else config
    rng = np.random.default_rng(seed)
    rule = "canonical" if canonical else "sequence"
    tokens = Unseen(space, rule).draw(rng, min(num_seed_archs, num_queries))
    columns = dict(evaluate_fn(tokens))
    _, described = objectives_lib.table(columns, len(tokens), minimize)
    if len(described) < 2:
        raise ValueError(f"A front needs two or more columns, got {list(columns)}.")
    signs = np.array([column.sign for column in described])
    while len(tokens) < num_queries:
        num = min(round_size, num_queries - len(tokens))
        embedding = Embedding.fit(
            space,
            tokens,
            columns,
            minimize=minimize,
            config=config,
            canonical=canonical,
            seed=len(tokens),
        )
        asked = _choose(embedding, signs, num, rng)
        unseen = Unseen(space, rule, np.concatenate([tokens, asked]))
        asked = np.concatenate([asked, unseen.draw(rng, num - len(asked))])
        if not len(asked):
            break
        measured = evaluate_fn(asked)
        tokens = np.concatenate([tokens, asked])
        columns = {
            name: np.concatenate([column, measured[name]])
            for name, column in columns.items()
        }
    return tokens, columns


def _choose(
    embedding: Embedding, signs: np.ndarray, num: int, rng: np.random.Generator
) -> np.ndarray:
    """Returns up to `num` new architectures that add most to the front."""
    found = embedding.pareto(confidence=0.0, layers=num, seed=int(rng.integers(2**31)))
    tokens = found.tokens[:_MAX_CANDIDATES]
    names = embedding.objectives.names
    mean, std = (
        np.stack([getattr(found.predicted[name], part) for name in names], -1)
        for part in ("mean", "std")
    )
    # A draw of what the values may be, not the mean: where nothing is predicted to add
    # to the front, what is doubtful is tried (Thompson sampling).
    predicted = (mean + std * rng.normal(size=mean.shape))[:_MAX_CANDIDATES] * signs
    measured = embedding.values * signs
    # Objectives count alike, each by the range that was measured.
    worst, scale = measured.min(0), np.ptp(measured, 0)
    scale = np.where(scale > 0, scale, 1)
    predicted, front = (predicted - worst) / scale, (measured - worst) / scale
    front = front[pareto.is_optimal(front)]
    reference = np.full(len(signs), -0.1)  # so the ends of a front count as well
    chosen: list[int] = []
    for _ in range(min(num, len(tokens))):
        gains = [
            -np.inf
            if i in chosen
            else pareto.hypervolume(np.vstack([front, row]), reference)
            for i, row in enumerate(predicted)
        ]
        chosen.append(int(np.argmax(gains)))
        front = np.vstack([front, predicted[chosen[-1]]])
        front = front[pareto.is_optimal(front)]
    return tokens[chosen]

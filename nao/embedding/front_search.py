"""A search for several objectives at once: fit, climb along trade-offs, measure."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nao.controller import ControllerConfig, fronts
from nao.embedding import objectives
from nao.embedding.embedding import Embedding
from nao.spaces import Space
from nao.strategies.unseen import Unseen

_MAX_CANDIDATES = 300  # of a round, whose gains are computed

Columns = Callable[[np.ndarray], Mapping[str, np.ndarray]]


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
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Searches for a Pareto front.

    A round fits an embedding to all that was measured and takes, of what ascents along
    trade-offs decode to, the architectures that add most to the predicted hypervolume.
    Nothing is asked for twice.

    Args:
        space: What is searched.
        evaluate_fn: Maps tokens [num, length] to columns [num] by name: what has to be
            measured. NaN where it failed; such architectures are not asked for again.
        num_queries: Budget of architectures that are measured.
        costs_fn: Gives columns in the same way that need no measurement, such as the
            number of parameters: ascents learn them like all others, but what is asked
            for is chosen by their true values.
        minimize: Names of the columns where less is better.
        num_seed_archs: Architectures of the first, random round.
        round_size: Architectures of every later round.
        canonical: Whether all sequences of a function count as one, which is asked for
            in its canonical form. Not where a column depends on operations that nobody
            reads.
        config: Of the controller; by default that of a search, which fits fast.
        seed: Seed of everything random.

    Returns:
        Architectures in the order of their queries, int32 [num, length], and their
        columns, those of `costs_fn` last. Fewer than `num_queries` where the space has
        no more.

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
    costs_fn = _no_costs if costs_fn is None else costs_fn
    config = ControllerConfig() if config is None else config
    options = {"minimize": minimize, "config": config, "canonical": canonical}
    rng = np.random.default_rng(seed)
    rule = "canonical" if canonical else "sequence"
    as_asked = space.canonical if canonical else np.asarray
    tokens = as_asked(Unseen(space, rule).draw(rng, min(num_seed_archs, num_queries)))
    columns = _measure(evaluate_fn, costs_fn, tokens)
    if len(columns) < 2:
        raise ValueError(f"A front needs two or more columns, got {list(columns)}.")
    objectives.check_minimize(minimize, columns)
    while len(tokens) < num_queries:
        num = min(round_size, num_queries - len(tokens))
        embedding = _fit(space, tokens, columns, **options)
        asked = tokens[:0]
        if embedding is not None:
            asked = _choose(embedding, costs_fn, tokens, num, rng)
        unseen = Unseen(space, rule, np.concatenate([tokens, asked]))
        others = as_asked(unseen.draw(rng, num - len(asked)))
        asked = np.concatenate([asked, others])
        if not len(asked):
            break
        measured = _measure(evaluate_fn, costs_fn, asked)
        tokens = np.concatenate([tokens, asked])
        columns = {
            name: np.concatenate([column, measured[name]])
            for name, column in columns.items()
        }
    return tokens, columns


def _no_costs(tokens: np.ndarray) -> dict[str, np.ndarray]:
    del tokens
    return {}


def _measure(
    evaluate_fn: Columns, costs_fn: Columns, tokens: np.ndarray
) -> dict[str, np.ndarray]:
    measured, costs = dict(evaluate_fn(tokens)), dict(costs_fn(tokens))
    for name in measured.keys() & costs.keys():
        raise ValueError(f"Column {name!r} is both measured and a cost.")
    return objectives.to_columns(measured | costs, len(tokens))


def _fit(
    space: Space, tokens: np.ndarray, columns: Mapping[str, np.ndarray], **options
) -> Embedding | None:
    """Returns an embedding of what did not fail; None where that is too little."""
    fine = np.isfinite(list(columns.values())).all(0)
    if fine.sum() < 2:
        return None
    values = {name: column[fine] for name, column in columns.items()}
    return Embedding.fit(space, tokens[fine], values, seed=len(tokens), **options)


def _choose(
    embedding: Embedding,
    costs_fn: Columns,
    exclude: np.ndarray,
    num: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns up to `num` new architectures that add most to the front."""
    found = embedding.pareto(
        confidence=0.0, layers=num, exclude=exclude, seed=int(rng.integers(2**31))
    )
    # What the encoder reads is what is asked for: canonical forms, if it reads those.
    tokens = embedding.as_encoded(found.tokens[:_MAX_CANDIDATES])
    targets = embedding.latent.predict_tokens(tokens)
    # A draw of what the targets may be, not the mean: where nothing is predicted to add
    # to the front, what is doubtful is tried (Thompson sampling).
    std = embedding.objectives.std(targets)
    predicted = targets.mean(1) + std * rng.normal(size=std.shape)
    for name, column in costs_fn(tokens).items():
        i = embedding.objectives.index(name)
        predicted[:, i] = embedding.objectives.scales[i].to_targets(column)
    known = np.isfinite(predicted).all(-1)
    tokens, predicted = tokens[known], predicted[known]
    # As targets, objectives count alike, whatever their unit and their outliers.
    measured = embedding.measured_targets
    reference = measured.min(0) - 0.1 * np.ptp(measured, 0)  # so a front's ends count
    front = measured[fronts.is_optimal(measured)]
    chosen: list[int] = []
    for _ in range(min(num, len(tokens))):
        gains = [
            -np.inf
            if i in chosen
            else fronts.hypervolume(np.vstack([front, row]), reference)
            for i, row in enumerate(predicted)
        ]
        chosen.append(int(np.argmax(gains)))
        front = np.vstack([front, predicted[chosen[-1]]])
        front = front[fronts.is_optimal(front)]
    return tokens[chosen]

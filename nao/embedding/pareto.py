"""Trade-offs between objectives: fronts, how much they cover, and how to find them."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nao.embedding import paths
from nao.embedding.objectives import Constraint, Prediction

if TYPE_CHECKING:
    from nao.embedding.embedding import Embedding


@dataclasses.dataclass(frozen=True, eq=False)
class Front:
    """Architectures that no other one dominates, layer by layer.

    Within a layer from best to worst in the first objective.

    Attributes:
        tokens: int32 [num, length].
        predicted: Each objective's prediction, [num].
        layers: 0 for the front itself, 1 for the front of what is left without it, and
            so on; int64 [num], rising.
    """

    tokens: np.ndarray
    predicted: Mapping[str, Prediction]
    layers: np.ndarray


def is_optimal(scores: np.ndarray) -> np.ndarray:
    """Says which rows [num, objectives], higher is better, no other row dominates.

    Of equal rows, the first is kept. Returns bool [num].
    """
    scores = np.asarray(scores, np.float64)
    order = np.lexsort(
        -scores.T[::-1]
    )  # first objective falling: dominators come first
    kept: list[int] = []
    for row in order:
        if not (scores[kept] >= scores[row]).all(-1).any():
            kept.append(int(row))
    optimal = np.zeros(len(scores), bool)
    optimal[kept] = True
    return optimal


def hypervolume(scores: np.ndarray, reference: np.ndarray) -> float:
    """Returns the volume that rows dominate above a reference point.

    By slices along the last objective (While et al., 2006).

    Args:
        scores: float64 [num, objectives], higher is better.
        reference: float64 [objectives]; rows not above it in all count for nothing.
    """
    scores, reference = np.asarray(scores, np.float64), np.asarray(reference)
    scores = scores[(scores > reference).all(-1)] - reference
    return _volume(scores)


def _volume(scores: np.ndarray) -> float:
    if not len(scores):
        return 0.0
    if scores.shape[1] == 1:
        return float(scores.max())
    scores = scores[np.argsort(-scores[:, -1], kind="stable")]
    ends = np.append(scores[1:, -1], 0.0)
    return sum(
        (height - end) * _volume(scores[: i + 1, :-1])
        for i, (height, end) in enumerate(zip(scores[:, -1], ends, strict=True))
        if height > end
    )


def directions(num_objectives: int, num: int) -> np.ndarray:
    """Returns at least `num` evenly spread weights, float64 [num, objectives], sum 1.

    All ways to share out equal parts (Das & Dennis, 1998).
    """
    for parts in itertools.count(1):
        cuts = itertools.combinations(
            range(parts + num_objectives - 1), num_objectives - 1
        )
        ends = np.array([(-1, *cut, parts + num_objectives - 1) for cut in cuts])
        weights = (np.diff(ends) - 1) / parts
        if len(weights) >= num or num_objectives == 1:
            return weights


def find(
    embedding: "Embedding",
    objectives: Sequence[str] | None,
    constraints: Sequence[Constraint],
    num_directions: int,
    layers: int,
    exclude,
    confidence: float,
    seed: int,
) -> Front:
    """Climbs along several trade-offs; see `Embedding.pareto`."""
    names = list(embedding.objectives.names if objectives is None else objectives)
    if num_directions < 1 or layers < 1:
        raise ValueError(
            "num_directions and layers must be at least 1, got "
            f"{num_directions} and {layers}."
        )
    if len(set(names)) < max(2, len(names)):
        raise ValueError(f"A front needs two or more distinct objectives, got {names}.")
    columns = [embedding.objectives.index(name) for name in names]
    goals = [
        embedding.objectives.goal(dict(zip(names, weights, strict=True)), constraints)
        for weights in directions(len(names), num_directions)
    ]
    rng = np.random.default_rng(seed)
    inside = [embedding.objectives.tighten(goal, confidence) for goal in goals]
    tokens = paths.candidates(embedding, inside, None, rng)
    tokens = paths.unseen(embedding, tokens, exclude)
    targets = embedding.latent.predict_tokens(embedding.reading(tokens))
    allowed = embedding.objectives.is_allowed(targets, goals[0], confidence)
    tokens, targets = tokens[allowed], targets[allowed]
    scores = targets.mean(1)[:, columns]
    layer = np.full(len(scores), layers)
    for number in range(layers):
        left = np.flatnonzero(layer == layers)
        layer[left[is_optimal(scores[left])]] = number
    order = np.lexsort((-scores[:, 0], layer))[: int((layer < layers).sum())]
    return Front(tokens[order], embedding.predictions(targets[order]), layer[order])

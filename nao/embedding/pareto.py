"""The predicted Pareto front: what ascents along several trade-offs find."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nao.controller import fronts
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
        for weights in fronts.directions(len(names), num_directions)
    ]
    rng = np.random.default_rng(seed)
    inside = [embedding.objectives.tighten(goal, confidence) for goal in goals]
    tokens = paths.candidates(embedding, inside, None, rng)
    tokens = paths.unseen(embedding, tokens, exclude)
    targets = embedding.latent.predict_tokens(embedding.as_encoded(tokens))
    allowed = embedding.objectives.is_allowed(targets, goals[0], confidence)
    tokens, targets = tokens[allowed], targets[allowed]
    scores = targets.mean(1)[:, columns]
    layer = np.full(len(scores), layers)
    for number in range(layers):
        left = np.flatnonzero(layer == layers)
        layer[left[fronts.is_optimal(scores[left])]] = number
    order = np.lexsort((-scores[:, 0], layer))[: int((layer < layers).sum())]
    return Front(tokens[order], embedding.predictions(targets[order]), layer[order])

"""The predicted Pareto front: what ascents along several trade-offs find."""

from collections.abc import Sequence

import numpy as np

from nao.controller import fronts
from nao.embedding import paths
from nao.embedding.core import FittedController
from nao.embedding.found import Front
from nao.embedding.objectives import Wish


def find(
    fitted: FittedController,
    wish: Wish,
    names: Sequence[str] | None,
    num_directions: int,
    layers: int,
) -> Front:
    """Climbs along several trade-offs; see `Embedding.pareto`.

    Args:
        fitted: What to climb in.
        wish: All but its objective: each trade-off weighs the objectives in its own
            way.
        names: Objectives of the front; all by default.
        num_directions: Least number of trade-offs.
        layers: How many fronts, each of what the ones before leave.

    Raises:
        ValueError: If there are not two such objectives, or a number is too small.
    """
    if num_directions < 1 or layers < 1:
        raise ValueError(
            "num_directions and layers must be at least 1, got "
            f"{num_directions} and {layers}."
        )
    names = list(fitted.objectives.names if names is None else names)
    if len(set(names)) < max(2, len(names)):
        raise ValueError(f"A front needs two or more distinct objectives, got {names}.")
    columns = [fitted.objectives.index(name) for name in names]
    goals = [
        fitted.objectives.goal(dict(zip(names, weights, strict=True)), wish.constraints)
        for weights in fronts.directions(len(names), num_directions)
    ]
    tokens, targets = paths.find_new(fitted, wish, goals)
    scores = targets.mean(1)[:, columns]
    layer = _number_layers(scores, layers)
    order = np.lexsort((-scores[:, 0], layer))[: int((layer < layers).sum())]
    predicted = fitted.predictions(targets[order])
    return Front(fitted.space, tokens[order], predicted, layer[order])


def _number_layers(scores: np.ndarray, num: int) -> np.ndarray:
    """Returns the layer of each row [rows, objectives], int64 [rows].

    From 0 for the front to `num` - 1, and `num` for all that lies below.
    """
    layer = np.full(len(scores), num)
    for number in range(num):
        left = np.flatnonzero(layer == num)
        layer[left[fronts.is_optimal(scores[left])]] = number
    return layer

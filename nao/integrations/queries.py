"""The queries on a served embedding: from a request to what JSON can hold."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nao.embedding import Embedding, Found, Prediction
from nao.embedding.architectures import Architectures
from nao.evaluators import Constraint
from nao.integrations import messages

MAX_NUMBERS = 1_000_000  # of an answer, which bounds its memory


class Queries:
    """The queries of `Embedding`, each a method of the same name.

    One that the embedding refuses, or whose answer would be too large, raises
    ValueError, which the application answers with status 422. `/docs` shows the
    docstrings: a sentence, then what the answer holds.
    """

    def __init__(self, embedding: Embedding):
        self.embedding = embedding
        self.evaluated = embedding.index()

    def text(self, tokens: np.ndarray) -> str | list:
        """Writes tokens [..., length] in notation: a text, or lists of texts."""
        if tokens.ndim == 1:
            return self.embedding.space.format(tokens)
        return [self.text(row) for row in tokens]

    def about(self) -> dict[str, Any]:
        """Says what is served.

        The space and its slots, the objectives, how many architectures were evaluated,
        and the shape of a point.
        """
        embedding = self.embedding
        return {
            "space": embedding.space.name,
            "slots": {s.name: list(s.choices) for s in embedding.space.slots},
            "objectives": [
                {"name": c.name, "maximize": c.maximize, "unit": c.unit}
                for c in embedding.objectives.columns
            ],
            "num_evaluated": len(embedding.tokens),
            "point_shape": list(embedding.latent.point_shape),
        }

    def encode(self, request: messages.Encode) -> dict[str, Any]:
        """Encodes architectures as embeddings.

        `embeddings`, each of unit length; with `encoder_outputs` also `points`, which
        can be moved and decoded.
        """
        embedding = self.embedding
        points = embedding.encoder_outputs(request.architectures)
        answer = {"embeddings": embedding.pool(points).tolist()}
        if request.encoder_outputs:
            answer["points"] = _numbers(points)
        return answer

    def pool(self, request: messages.Points) -> dict[str, Any]:
        """Returns the embeddings of points.

        `embeddings`, each of unit length.
        """
        points = self.embedding.points(_points(request.points))
        return {"embeddings": _numbers(self.embedding.pool(points))}

    def decode(self, request: messages.Decode) -> dict[str, Any]:
        """Decodes points into architectures.

        `architectures`, one for each point, or a list of `num_samples` for each.
        """
        points = _points(request.points)
        length = self.embedding.space.length
        _check_size(len(points) * (request.num_samples or 1) * length)
        decoded = self.embedding.decode(
            points, request.num_samples, request.temperature, request.seed
        )
        return {"architectures": self.text(decoded)}

    def reconstruction(self, request: messages.Architectures) -> dict[str, Any]:
        """Says which architectures decode to themselves.

        `reconstructed`, true or false for each.
        """
        same = self.embedding.reconstruction(request.architectures)
        return {"reconstructed": same.tolist()}

    def predict(self, request: messages.Predict) -> dict[str, Any]:
        """Predicts objectives of architectures or of points.

        For each objective by name, `mean` and `std`, how far off the mean may be.
        """
        where, name = _where(request), request.objective
        if name is None:
            return _predictions(self.embedding.predict_all(where))
        return _predictions({name: self.embedding.predict(where, name)})

    def gradient(self, request: messages.Gradient) -> dict[str, Any]:
        """Returns the direction of ascent at architectures or points.

        `gradient`, of the shape of the points; it leads to better values.
        """
        found = self.embedding.gradient(
            _where(request), request.objective, _constraints(request.constraints)
        )
        return {"gradient": _numbers(found)}

    def ascend(self, request: messages.Ascend) -> dict[str, Any]:
        """Ascends from architectures or points along the gradient of the prediction.

        `best`, the best new architecture of each ascent, or its start where `is_new` is
        false: it found nothing new; what is `predicted` for these; `architectures` at
        each step, with predictions `at_points` and `at_architectures`; with
        `with_points` also the `points`.
        """
        where = _where(request)
        size = int(np.prod(self.embedding.latent.point_shape))
        _check_size((request.steps + 1) * len(where) * size)
        path = self.embedding.ascend(
            where,
            request.steps,
            request.step_size,
            request.objective,
            _constraints(request.constraints),
        )
        best = path.best()
        answer = {
            "best": best.architectures,
            "is_new": best.is_new.tolist(),
            "predicted": _predictions(best.predicted),
            "architectures": self.text(path.tokens),
            "at_points": _predictions(path.at_points),
            "at_architectures": _predictions(path.at_tokens),
        }
        if request.with_points:
            answer["points"] = _numbers(path.points)
        return answer

    def propose(self, request: messages.Propose) -> dict[str, Any]:
        """Proposes new architectures, those with the best predictions first.

        `architectures`, and what is `predicted` for them.
        """
        found = self.embedding.propose(
            request.num,
            request.objective,
            _constraints(request.constraints),
            starts=request.starts,
            exclude=request.exclude,
            confidence=request.confidence,
            seed=request.seed,
        )
        return _found(found)

    def pareto(self, request: messages.Pareto) -> dict[str, Any]:
        """Returns the predicted Pareto front of several objectives.

        `architectures`, what is `predicted` for them, and `layers`, 0 for the front.
        """
        front = self.embedding.pareto(
            request.objectives,
            _constraints(request.constraints),
            num_directions=request.num_directions,
            layers=request.layers,
            exclude=request.exclude,
            confidence=request.confidence,
            seed=request.seed,
        )
        return _found(front) | {"layers": front.layers.tolist()}

    def neighbours(self, request: messages.Neighbours) -> dict[str, Any]:
        """Finds the nearest neighbours of an architecture, nearest first.

        `architectures`, their cosine `distances`, their `indices` in what was searched,
        and what is `predicted` for them.
        """
        among = self.evaluated if request.among is None else request.among
        found = self.embedding.neighbours([request.architecture], request.k, among)
        return _found(found) | {
            "distances": _numbers(found.distances),
            "indices": found.indices.tolist(),
        }

    def interpolate(self, request: messages.Interpolate) -> dict[str, Any]:
        """Goes from one architecture to another, in equal steps.

        `architectures` on the way, what is `predicted` for them, and predictions
        `at_points`.
        """
        line = self.embedding.interpolate([request.a], [request.b], request.num)
        return _found(line) | {"at_points": _predictions(line.at_points)}

    def sample(self, request: messages.Sample) -> dict[str, Any]:
        """Samples architectures at random, anywhere or near others.

        `architectures`, and what is `predicted` for them.
        """
        found = self.embedding.sample(
            request.num, request.near, request.distance, request.seed
        )
        return _found(found)

    def map(self, request: messages.Map) -> dict[str, Any]:
        """Maps architectures to the plane.

        `architectures`, those of the request, or the evaluated ones in their order;
        `coordinates`, two for each of them; `method`; the share of the variance that
        each axis has `explained`, null for tsne; and `projected`, two coordinates for
        each point to `project`, else null.
        """
        wanted = request.architectures
        tokens = self.embedding.tokens
        tokens = tokens if wanted is None else self.embedding.tokens_of(wanted)
        drawn = self.embedding.map(tokens, request.method, request.seed)
        explained, placed = drawn.explained, None
        if request.project is not None:
            points = self.embedding.points(_points(request.project))
            placed = _numbers(drawn.project(self.embedding.pool(points)))
        return {
            "architectures": self.text(tokens),
            "coordinates": _numbers(drawn.coordinates),
            "method": drawn.method,
            "explained": None if explained is None else _numbers(explained),
            "projected": placed,
        }


def _where(request: messages.Where) -> Architectures:
    """Returns the architectures or the points of a request."""
    if request.points is not None:
        return _points(request.points)
    return request.architectures


def _points(points: list[list[list[float]]]) -> np.ndarray:
    """Returns points, float32 [num, encoder_length, size].

    Raises:
        ValueError: If they differ in shape.
    """
    try:
        return np.array(points, np.float32)
    except ValueError:
        raise ValueError("Points must all have the same shape.") from None


def _constraints(bounds: list[messages.Bound]) -> list[Constraint]:
    return [Constraint(bound.name, bound.at_most, bound.at_least) for bound in bounds]


def _found(found: Found) -> dict[str, Any]:
    """Returns architectures and what is predicted for each."""
    return {
        "architectures": found.architectures,
        "predicted": _predictions(found.predicted),
    }


def _predictions(found: Mapping[str, Prediction]) -> dict[str, Any]:
    """Returns mean and spread of each objective's prediction."""
    return {
        name: {"mean": _numbers(p.mean), "std": _numbers(p.std)}
        for name, p in found.items()
    }


def _numbers(array: np.ndarray) -> list:
    """Returns nested lists.

    Raises:
        ValueError: If a number is not finite, which JSON can't hold.
    """
    if not np.isfinite(array).all():
        raise ValueError("The answer has numbers that are not finite.")
    return array.tolist()


def _check_size(num: int) -> None:
    """Raises ValueError for a query that needs too many numbers."""
    if num > MAX_NUMBERS:
        raise ValueError(
            f"A query must need at most {MAX_NUMBERS} numbers, this one needs {num}: "
            "ask for fewer architectures, steps or samples."
        )

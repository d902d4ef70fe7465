"""Where points of the latent space lie: lines between them, what is near them."""

import numpy as np

from nao import fields
from nao.embedding import found
from nao.embedding.architectures import Architectures
from nao.embedding.core import FittedController
from nao.embedding.found import Found, Line, Neighbours
from nao.embedding.index import Index


def interpolate(
    fitted: FittedController, a: Architectures, b: Architectures, num: int
) -> Line:
    """Goes along a straight line; see `Embedding.interpolate`.

    Raises:
        ValueError: If an end is not one architecture, or `num` is below 2.
    """
    ends = fitted.point(a), fitted.point(b)
    if num < 2:
        raise ValueError(f"num must be at least 2, got {num}.")
    share = np.linspace(0, 1, num, dtype=np.float32)[:, None, None]
    points = fitted.latent.normalise((1 - share) * ends[0] + share * ends[1])
    tokens = fitted.latent.decode(points)
    return Line(
        fitted.space,
        tokens,
        found.predictions_of(fitted, tokens),
        points,
        fitted.predictions(fitted.latent.predict(points)),
    )


def sample(
    fitted: FittedController,
    num: int,
    near: Architectures | None,
    distance: float,
    seed: int,
) -> Found:
    """Decodes random points; see `Embedding.sample`.

    Raises:
        ValueError: If a number is out of its range, or `near` is empty.
    """
    if num < 1 or not 0 <= distance < np.inf:
        raise ValueError(
            f"num must be at least 1 and distance not negative, got {num} and "
            f"{distance}."
        )
    fields.check_seed(seed)
    rng = np.random.default_rng(seed)
    centres = _centres(fitted, num, near, rng)
    noise = rng.normal(size=centres.shape).astype(np.float32)
    points = centres + distance * fitted.latent.normalise(noise)
    tokens = fitted.latent.decode(fitted.latent.normalise(points))
    return found.of_tokens(fitted, tokens)


def _centres(
    fitted: FittedController,
    num: int,
    near: Architectures | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns `num` points: of random architectures, or drawn from those of `near`."""
    if near is None:
        return fitted.encoder_outputs(fitted.space.sample(rng, num))
    points = fitted.points(near)
    if not len(points):
        raise ValueError("sample needs an architecture to stay near, got none.")
    return points[rng.integers(len(points), size=num)]


def neighbours(
    fitted: FittedController, architecture: Architectures, k: int, among: Index
) -> Neighbours:
    """Looks for the nearest architectures; see `Embedding.neighbours`.

    Raises:
        ValueError: If this is not one architecture, or `k` is below 1.
    """
    near = among.nearest(fitted.pool(fitted.point(architecture)), k)
    tokens = among.tokens[near.indices]
    predicted = found.predictions_of(fitted, tokens)
    return Neighbours(fitted.space, tokens, predicted, near.distances, near.indices)

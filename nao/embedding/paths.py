"""Ascents through a latent space: whole paths, and the best architectures on them."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import jax
import numpy as np

from nao.controller import Goal
from nao.embedding import architectures, found
from nao.embedding.architectures import Architectures
from nao.embedding.core import FittedController
from nao.embedding.found import Ends, Found
from nao.embedding.objectives import Prediction, Wish
from nao.system.showing import counted
from nao.types import Array

# How candidates are looked for: ascents start from the best evaluated architectures and
# from random ones, once with short and once with long steps; each point on the way is
# decoded greedily and by sampling.
_NUM_BEST = 32
_NUM_RANDOM = 96
_PACES = ((0.2, 5), (0.5, 5))  # step size, steps
_TEMPERATURE = 1.0


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Path:
    """The points that ascents went through, their starts first.

    Attributes:
        points: float32 [steps + 1, num, encoder_length, size].
        tokens: What each point decodes to, greedily; int32 [steps + 1, num, length].
        at_points: Each objective's prediction at the points, [steps + 1, num].
        at_tokens: The same for the decoded architectures, encoded anew. Where the two
            differ, a point has left what the encoder knows.
        starts: Architectures at the starts, with what is predicted for them.
        scores: What was climbed, for the decoded architectures, in the unit of the
            targets and less a penalty for broken constraints; float64 [steps + 1, num].
            -inf where an architecture is not valid, or is what the path started from.
    """

    points: np.ndarray
    tokens: np.ndarray
    at_points: Mapping[str, Prediction]
    at_tokens: Mapping[str, Prediction]
    starts: Found
    scores: np.ndarray

    def best(self) -> Ends:
        """Returns the best new architecture along each path, a row for each.

        Where a path decodes to nothing new that is valid, its start comes back, and
        `is_new` is False.
        """
        step = self.scores.argmax(0)
        rows = np.arange(len(step))
        is_new = np.isfinite(self.scores[step, rows])

        def chosen(along: np.ndarray, start: np.ndarray) -> np.ndarray:
            kept = is_new.reshape(-1, *(1,) * (start.ndim - 1))
            return np.where(kept, along[step, rows], start)

        predicted = {
            name: Prediction(*map(chosen, along, self.starts.predicted[name]))
            for name, along in self.at_tokens.items()
        }
        tokens = chosen(self.tokens, self.starts.tokens)
        return Ends(self.starts.space, tokens, predicted, is_new)

    def __repr__(self) -> str:
        steps, num = self.scores.shape
        size = f"{counted(num, 'ascent')} of {counted(steps - 1, 'step')}"
        return f"Path({size} in {self.starts.space.name})"


def ascend(
    fitted: FittedController,
    wish: Wish,
    start: Architectures,
    steps: int,
    step_size: float,
) -> Path:
    """Climbs; see `Embedding.ascend`.

    Args:
        fitted: What to climb in.
        wish: Its objective is climbed and its constraints are kept; ascent is
            deterministic and may pass known architectures, so the rest does not count.
        start: Architectures, or points.
        steps: Steps of each ascent.
        step_size: See `Embedding.ascend`.

    Raises:
        ValueError: If there is no such objective, no start, or a negative number.
    """
    if steps < 0 or not np.isfinite(step_size) or step_size < 0:
        raise ValueError(
            f"steps and step_size must not be negative, got {steps} and {step_size}."
        )
    goal = fitted.objectives.goal(wish.objective, wish.constraints)
    trail = [fitted.points(start)]
    if not len(trail[0]):
        raise ValueError("An ascent needs at least one start, got none.")
    for _ in range(steps):
        trail.append(fitted.latent.step(trail[-1], step_size, goal))
    starts = None if architectures.is_points(start) else fitted.tokens_of(start)
    return _describe(fitted, goal, np.stack(trail), starts)


def _describe(
    fitted: FittedController,
    goal: Goal,
    points: np.ndarray,
    starts: np.ndarray | None,
) -> Path:
    """Decodes and scores points [steps + 1, num, encoder_length, size].

    Ascents that started from points have no `starts`: what those decode to counts.
    """
    lead = points.shape[:2]
    flat = points.reshape(-1, *points.shape[2:])
    decoded = fitted.latent.decode(flat)
    starts = decoded[: lead[1]] if starts is None else starts
    at_points = fitted.latent.predict(flat)
    at_tokens = fitted.predict_tokens(decoded)
    scores = goal.score(at_tokens.mean(1)).astype(np.float64)
    encoded = fitted.as_encoded(decoded).reshape(*lead, -1)
    is_start = (encoded == fitted.as_encoded(starts)).all(-1).ravel()
    scores[is_start | ~fitted.space.is_valid(decoded)] = -np.inf
    return Path(
        points=points,
        tokens=decoded.reshape(*lead, -1),
        at_points=fitted.predictions(at_points.reshape(*lead, *at_points.shape[1:])),
        at_tokens=fitted.predictions(at_tokens.reshape(*lead, *at_tokens.shape[1:])),
        starts=found.of_tokens(fitted, starts),
        scores=scores.reshape(lead),
    )


def propose(
    fitted: FittedController,
    wish: Wish,
    num: int,
    starts: Architectures | None,
) -> Found:
    """Looks for new architectures; see `Embedding.propose`.

    Raises:
        ValueError: If there is no such objective, or a number is out of its range.
    """
    if num < 1:
        raise ValueError(f"num must be at least 1, got {num}.")
    goal = fitted.objectives.goal(wish.objective, wish.constraints)
    starts = None if starts is None else fitted.tokens_of(starts)
    tokens, targets = find_new(fitted, wish, [goal], starts)
    score = goal.score(targets.mean(1))
    chosen = np.argsort(-score, kind="stable")[:num]
    predicted = fitted.predictions(targets[chosen])
    return Found(fitted.space, tokens[chosen], predicted)


def find_new(
    fitted: FittedController,
    wish: Wish,
    goals: Sequence[Goal],
    starts: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns new architectures that ascents decode to and that keep the constraints.

    Args:
        fitted: What to climb in.
        wish: Says what is excluded, how safely bounds are kept, and the seed.
        goals: What to climb; all with the bounds of the wish.
        starts: See `candidates`.

    Returns:
        Distinct tokens int32 [num, length], and every member's targets for them,
        float32 [num, ensemble, objectives].
    """
    rng = np.random.default_rng(wish.seed)
    inside = [fitted.objectives.tighten(goal, wish.confidence) for goal in goals]
    tokens = unseen(fitted, candidates(fitted, inside, starts, rng), wish.exclude)
    targets = fitted.predict_tokens(tokens)
    allowed = fitted.objectives.is_allowed(targets, goals[0], wish.confidence)
    return tokens[allowed], targets[allowed]


def candidates(
    fitted: FittedController,
    goals: Sequence[Goal],
    starts: np.ndarray | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns the distinct valid architectures that points of ascents decode to.

    Args:
        fitted: What to climb in.
        goals: What to climb.
        starts: Architectures to start from, int32 [num, length]; None starts, for each
            goal anew, from the evaluated ones that serve it best and from random ones.
        rng: Source of randomness.

    Returns:
        int32 [num, length]; random starts are among them.
    """
    decoded = []
    for goal in goals:
        chosen = starts
        if chosen is None:
            at_random = fitted.space.sample(rng, _NUM_RANDOM)
            decoded.append(at_random)
            chosen = np.concatenate([_best(fitted, goal), at_random])
        decoded.extend(_decode_along(fitted, goal, chosen, rng))
    tokens = np.concatenate(decoded)
    tokens = tokens[fitted.space.is_valid(tokens)]
    # Of sequences that the encoder reads alike, the first is kept.
    _, first = np.unique(fitted.as_encoded(tokens), axis=0, return_index=True)
    return tokens[np.sort(first)]


def _best(fitted: FittedController, goal: Goal) -> np.ndarray:
    """Returns the evaluated architectures that serve a goal best, best first."""
    score = goal.score(fitted.measured_targets)
    return fitted.tokens[np.argsort(-score, kind="stable")[:_NUM_BEST]]


def _decode_along(
    fitted: FittedController, goal: Goal, starts: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yields what the points of ascents decode to, greedily and by sampling."""
    start = fitted.latent.encode(fitted.as_encoded(starts))
    for step_size, steps in _PACES:
        points = start
        for _ in range(steps):
            points = fitted.latent.step(points, step_size, goal)
            yield fitted.latent.decode(points)
            yield fitted.latent.decode(points, _TEMPERATURE, _draw_key(rng))


def _draw_key(rng: np.random.Generator) -> Array:
    """Returns a JAX key drawn from a host generator."""
    return jax.random.key(int(rng.integers(2**31)))


def unseen(
    fitted: FittedController, tokens: np.ndarray, exclude: Architectures | None
) -> np.ndarray:
    """Returns the rows [num, length] that are neither evaluated nor in `exclude`.

    Rows that the encoder reads alike are the same.

    Raises:
        ValueError: If `exclude` holds what is not an architecture of the space.
    """
    known = fitted.tokens
    if exclude is not None:
        known = np.concatenate([known, fitted.tokens_of(exclude)])
    seen = set(fitted.space.keys(fitted.as_encoded(known)))
    keys = fitted.space.keys(fitted.as_encoded(tokens))
    return tokens[np.array([key not in seen for key in keys], bool)]

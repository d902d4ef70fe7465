"""Ascent through a latent space: the whole way, and the best that lies along it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nao.controller import Goal
from nao.embedding import architectures
from nao.embedding.objectives import Constraint, Prediction, Wanted

if TYPE_CHECKING:
    from nao.embedding.embedding import Embedding

# How candidates are looked for: the best known and random architectures climb at
# several paces, and where they come by is decoded greedily and by sampling.
_NUM_BEST = 32
_NUM_RANDOM = 96
_PACES = ((0.2, 5), (0.5, 5))  # step size, steps
_TEMPERATURE = 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class Path:
    """Where ascents came by, their starts first.

    Attributes:
        points: float32 [steps + 1, num, encoder_length, size].
        tokens: What each point decodes to, greedily; int32 [steps + 1, num, length].
        at_points: Each objective's prediction at the points, [steps + 1, num].
        at_tokens: The same for the decoded architectures, encoded anew. Where the two
            differ, a point has left what the encoder knows.
        starts: Architectures at the starts, int32 [num, length].
        scores: What was climbed, for the decoded architectures, in the unit of the
            targets and less a penalty for broken constraints; float64 [steps + 1, num].
            -inf where an architecture is not valid, or is what the path started from.
    """

    points: np.ndarray
    tokens: np.ndarray
    at_points: Mapping[str, Prediction]
    at_tokens: Mapping[str, Prediction]
    starts: np.ndarray
    scores: np.ndarray

    def best(self) -> np.ndarray:
        """Returns the best new architecture along each path, int32 [num, length].

        A path that met nothing new gives its start.
        """
        step = self.scores.argmax(0)
        rows = np.arange(len(step))
        found = np.isfinite(self.scores[step, rows])[:, None]
        return np.where(found, self.tokens[step, rows], self.starts)


@dataclasses.dataclass(frozen=True, eq=False)
class Proposal:
    """Architectures worth measuring, the most promising first.

    Attributes:
        tokens: int32 [num, length].
        predicted: Each objective's prediction, [num].
    """

    tokens: np.ndarray
    predicted: Mapping[str, Prediction]


def ascend(
    embedding: "Embedding",
    start,
    steps: int,
    step_size: float,
    objective: Wanted,
    constraints: Sequence[Constraint],
) -> Path:
    """Climbs; see `Embedding.ascend`."""
    if steps < 0 or not np.isfinite(step_size) or step_size < 0:
        raise ValueError(
            f"steps and step_size must not be negative, got {steps} and {step_size}."
        )
    goal = embedding.objectives.goal(objective, constraints)
    latent, space = embedding.latent, embedding.space
    trail = [embedding.points(start)]
    if not len(trail[0]):
        raise ValueError("An ascent needs at least one start, got none.")
    for _ in range(steps):
        trail.append(latent.step(trail[-1], step_size, goal))
    points = np.stack(trail)
    flat = points.reshape(-1, *points.shape[2:])
    decoded = latent.decode(flat)
    at_points = latent.predict(flat)
    at_tokens = latent.predict_tokens(embedding.as_encoded(decoded))
    lead = points.shape[:2]
    starts = decoded[: lead[1]]
    if not architectures.is_points(start):
        starts = embedding.tokens_of(start)
    scores = np.asarray(goal.score(at_tokens.mean(1)), np.float64)
    same = np.tile(embedding.as_encoded(starts), (lead[0], 1))
    is_start = (embedding.as_encoded(decoded) == same).all(-1)
    scores[is_start | ~space.is_valid(decoded)] = -np.inf
    return Path(
        points=points,
        tokens=decoded.reshape(*lead, -1),
        at_points=embedding.predictions(at_points.reshape(*lead, *at_points.shape[1:])),
        at_tokens=embedding.predictions(at_tokens.reshape(*lead, *at_tokens.shape[1:])),
        starts=starts,
        scores=scores.reshape(lead),
    )


def candidates(
    embedding: "Embedding",
    goals: Sequence[Goal],
    starts: np.ndarray | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns valid architectures that ascents towards goals came by, distinct.

    Args:
        embedding: What to climb in.
        goals: What to climb; each from starts of its own.
        starts: Architectures to start from, int32 [num, length]; by default those
            evaluated that serve a goal best, and random ones.
        rng: Source of randomness.

    Returns:
        int32 [num, length]; random starts are among them.
    """
    space, latent = embedding.space, embedding.latent
    found = []
    for goal in goals:
        chosen = starts
        if chosen is None:
            score = goal.score(embedding.measured_targets)
            best = np.argsort(-np.asarray(score), kind="stable")[:_NUM_BEST]
            at_random = space.sample(rng, _NUM_RANDOM)
            found.append(at_random)
            chosen = np.concatenate([embedding.tokens[best], at_random])
        start = latent.encode(embedding.as_encoded(chosen))
        for step_size, steps in _PACES:
            points = start
            for _ in range(steps):
                points = latent.step(points, step_size, goal)
                found.append(latent.decode(points))
                key = embedding.key(rng)
                found.append(latent.decode(points, _TEMPERATURE, key))
    tokens = np.concatenate(found)
    tokens = tokens[space.is_valid(tokens)]
    # One sequence for each function that the controller can tell from others.
    _, first = np.unique(embedding.as_encoded(tokens), axis=0, return_index=True)
    return tokens[np.sort(first)]


def unseen(embedding: "Embedding", tokens: np.ndarray, exclude) -> np.ndarray:
    """Returns the rows that are neither evaluated nor in `exclude`.

    Rows that the encoder reads alike are the same.
    """
    known = embedding.tokens
    if exclude is not None:
        known = np.concatenate([known, embedding.tokens_of(exclude)])
    seen = {row.tobytes() for row in embedding.as_encoded(known)}
    new = [row.tobytes() not in seen for row in embedding.as_encoded(tokens)]
    return tokens[np.array(new, bool)]


def propose(
    embedding: "Embedding",
    num: int,
    objective: Wanted,
    constraints: Sequence[Constraint],
    starts,
    exclude,
    confidence: float,
    seed: int,
) -> Proposal:
    """Looks for new architectures; see `Embedding.propose`."""
    if num < 1:
        raise ValueError(f"num must be at least 1, got {num}.")
    if not np.isfinite(confidence):
        raise ValueError(f"confidence must be finite, got {confidence}.")
    goal = embedding.objectives.goal(objective, constraints)
    starts = None if starts is None else embedding.tokens_of(starts)
    rng = np.random.default_rng(seed)
    inside = embedding.objectives.tighten(goal, confidence)
    tokens = candidates(embedding, [inside], starts, rng)
    tokens = unseen(embedding, tokens, exclude)
    targets = embedding.latent.predict_tokens(embedding.as_encoded(tokens))
    allowed = embedding.objectives.is_allowed(targets, goal, confidence)
    tokens, targets = tokens[allowed], targets[allowed]
    score = np.asarray(goal.score(targets.mean(1)))
    chosen = np.argsort(-score, kind="stable")[:num]
    return Proposal(tokens[chosen], embedding.predictions(targets[chosen]))

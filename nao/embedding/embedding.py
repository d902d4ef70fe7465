"""A fitted controller, to be asked about the architectures of its space.

Two things stand for an architecture. Its *encoder outputs*, one vector for each encoder
step, are a point of the latent space: what gradients move and the decoder reads. Their
normalised mean is its *embedding*: what the predictor reads, and what is mapped and
compared. Only points can be decoded.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence

import jax
import numpy as np

from nao.controller import ControllerConfig, LatentSpace
from nao.embedding import architectures as architectures_lib
from nao.embedding import (
    fitting,
    maps,
    objectives,
    pareto,
    paths,
    saved,
    workdirs,
)
from nao.embedding import index as index_lib
from nao.embedding.architectures import Architectures
from nao.embedding.objectives import Constraint, Prediction, Wanted
from nao.spaces import Space
from nao.types import Array

_HOTTEST = 1e6  # temperature of drawing, far beyond which logits vanish


@dataclasses.dataclass(frozen=True, eq=False)
class Embedding:
    """Queries on a fitted controller.

    Made by `fit`, `from_workdir` or `load`. Architectures go in as text, as choices by
    slot, as tokens, as trials, or as a list of those; they come out as tokens, int32
    [..., length], which `format` turns into text.

    With an ensemble, the latent space is the product of its members': points and
    embeddings hold the members' side by side, and each decoded token is the members'
    joint choice.

    Attributes:
        space: Space of the architectures.
        latent: The fitted controller.
        objectives: What it predicts, in which unit.
        tokens: The evaluated architectures, int32 [num, length].
        values: What was measured, float64 [num, objectives] in the users' units.
        canonical: Whether the encoder reads canonical forms, so that all sequences of
            the same function have the same embedding. What is decoded is then one
            representative of the function. A value that depends on more than the
            function, such as the training time of operations nobody reads, needs False.
    """

    space: Space
    latent: LatentSpace
    objectives: objectives.Objectives
    tokens: np.ndarray
    values: np.ndarray
    canonical: bool = True

    @classmethod
    def fit(
        cls,
        space: Space,
        architectures: Architectures,
        values: np.ndarray | Mapping[str, np.ndarray],
        *,
        minimize: Sequence[str] = (),
        config: ControllerConfig | None = None,
        canonical: bool = True,
        held_out: float = 0.2,
        seed: int = 0,
    ) -> "Embedding":
        """Fits a controller to a table.

        Args:
            space: Space of the architectures.
            architectures: One or more architectures, distinct or not.
            values: A number for each, in any unit; or several columns by name
                (accuracy, parameters, latency), each of which gets a predictor head.
            minimize: Names of the columns where less is better.
            config: Sizes, losses and fit; by default `PRESETS["embedding"]`, which
                takes longer than a search's controller and decodes exactly.
            canonical: See the attribute.
            held_out: Share of the table that a first fit leaves out, to learn how far
                off predictions are (`Prediction.std`); the second fit takes all. 0
                saves the first.
            seed: Seed of everything random.

        Raises:
            ValueError: If an architecture or a value is not as it must be.
        """
        return cls(
            **fitting.fit(
                space,
                architectures,
                values,
                minimize,
                config,
                canonical,
                seed,
                held_out,
            )
        )

    @classmethod
    def from_workdir(
        cls, path: str | os.PathLike, space: Space | None = None
    ) -> "Embedding":
        """Loads the last controller that a search fitted, and the search's trials.

        The search may be finished, stopped or running.

        Args:
            path: Folder of the run.
            space: Needed for a space class of one's own.

        Raises:
            ValueError: If there is no run, or it has fitted no controller.
        """
        return cls(**workdirs.read(path, space))

    @classmethod
    def load(cls, path: str | os.PathLike, space: Space | None = None) -> "Embedding":
        """Loads what `save` wrote.

        Args:
            path: The file.
            space: Needed for a space class of one's own.

        Raises:
            ValueError: If the file is not one, or of another version or space.
        """
        return cls(**saved.read(path, space))

    def save(self, path: str | os.PathLike) -> None:
        """Writes one file that `load` reads on any machine: arrays and JSON."""
        saved.write(self, path)

    # Architectures in, points and numbers out.

    def tokens_of(self, architectures: Architectures) -> np.ndarray:
        """Returns the tokens of architectures in any form, int32 [num, length]."""
        return architectures_lib.to_tokens(self.space, architectures)

    def format(self, tokens: np.ndarray) -> list[str]:
        """Writes tokens [num, length] in the space's notation."""
        return [self.space.format(row) for row in np.atleast_2d(tokens)]

    def encode(self, architectures: Architectures) -> np.ndarray:
        """Returns embeddings: what is mapped and compared.

        Returns:
            float32 [num, size], each of unit length.
        """
        return self.latent.embed(self.as_encoded(self.tokens_of(architectures)))

    def encoder_outputs(self, architectures: Architectures) -> np.ndarray:
        """Returns points: what is moved and decoded.

        Returns:
            float32 [num, encoder_length, size]; `pool` gives their embeddings.
        """
        return self.latent.encode(self.as_encoded(self.tokens_of(architectures)))

    def pool(self, points: np.ndarray) -> np.ndarray:
        """Maps points [..., encoder_length, size] to embeddings [..., size]."""
        points = np.asarray(points, np.float32)
        flat = self.latent.pool(points.reshape(-1, *points.shape[-2:]))
        return flat.reshape(*points.shape[:-2], flat.shape[-1])

    def points(self, where: Architectures) -> np.ndarray:
        """Returns points as they are, and architectures' encoder outputs."""
        if architectures_lib.is_points(where):
            return self.latent.check(where)
        return self.encoder_outputs(where)

    def predict(self, where: Architectures, objective: str | None = None) -> Prediction:
        """Predicts an objective, in the unit of its values.

        A target of `rank` predicts a place among the evaluated architectures; the value
        at that place is what comes back (`targets.Scale`).

        Args:
            where: Architectures, or points.
            objective: Name; the first by default.

        Returns:
            Mean and standard deviation over the ensemble, float64 [num].
        """
        index = self.objectives.index(objective)
        return self.objectives.to_prediction(self._targets(where), index)

    def predict_all(self, where: Architectures) -> dict[str, Prediction]:
        """Predicts every objective; see `predict`."""
        return self.predictions(self._targets(where))

    def gradient(
        self,
        where: Architectures,
        objective: Wanted = None,
        constraints: Sequence[Constraint] = (),
    ) -> np.ndarray:
        """Returns the direction of ascent, before it is scaled to a step.

        Args:
            where: Architectures, or points.
            objective: Name to improve; or weights by name; the first by default.
            constraints: Bounds, which act where they are broken.

        Returns:
            The gradient of the members' mean target at each point, float32 [num,
            encoder_length, size]. It points to better values, also where less is
            better.
        """
        goal = self.objectives.goal(objective, constraints)
        return self.latent.gradient(self.points(where), goal)

    def ascend(
        self,
        start: Architectures,
        steps: int = 20,
        step_size: float = 0.3,
        objective: Wanted = None,
        constraints: Sequence[Constraint] = (),
    ) -> paths.Path:
        """Climbs from architectures, or from points.

        Args:
            start: Architectures, or points.
            steps: Steps of each ascent.
            step_size: Distance that an encoder output, of length 1, typically moves in
                a step; where the controller's `normalise_gradient` is off, the factor
                of the gradient.
            objective: Name to improve; or weights by name, positive ones to improve,
                which act on targets: 1 is from the middle to the best. The first
                objective by default.
            constraints: Bounds. Wherever one is broken, ascent first mends it.

        Returns:
            The whole path; `best()` gives the best new architecture of each.
        """
        return paths.ascend(self, start, steps, step_size, objective, constraints)

    def propose(
        self,
        num: int,
        objective: Wanted = None,
        constraints: Sequence[Constraint] = (),
        *,
        starts: Architectures | None = None,
        exclude: Architectures | None = None,
        confidence: float = 1.0,
        seed: int = 0,
    ) -> paths.Proposal:
        """Returns the new architectures with the best predictions that ascent finds.

        Many ascents at several step sizes, decoded greedily and by sampling.

        Args:
            num: How many at most; fewer where ascent found fewer.
            objective: See `ascend`.
            constraints: Bounds that predictions keep.
            starts: Where ascents start; by default the best evaluated architectures and
                random ones.
            exclude: Architectures not wanted, besides the evaluated ones.
            confidence: Standard deviations that predictions stay away from a bound.
            seed: Seed of everything random.
        """
        return paths.propose(
            self, num, objective, constraints, starts, exclude, confidence, seed
        )

    def pareto(
        self,
        objectives: Sequence[str] | None = None,
        constraints: Sequence[Constraint] = (),
        *,
        num_directions: int = 5,
        layers: int = 1,
        exclude: Architectures | None = None,
        confidence: float = 1.0,
        seed: int = 0,
    ) -> pareto.Front:
        """Returns the predicted Pareto front among what ascents along trade-offs find.

        Args:
            objectives: Names of two or more; all by default.
            constraints: Bounds that predictions keep.
            num_directions: Least number of trade-offs to climb along.
            layers: 1 is the front; 2 adds the front of what is left, and so on.
            exclude: Architectures not wanted, besides the evaluated ones.
            confidence: Standard deviations that predictions stay away from a bound.
            seed: Seed of everything random.
        """
        return pareto.find(
            self,
            objectives,
            constraints,
            num_directions,
            layers,
            exclude,
            confidence,
            seed,
        )

    # From points back to architectures.

    def decode(
        self,
        points: np.ndarray,
        num_samples: int | None = None,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> np.ndarray:
        """Writes the architectures at points; they are grammatical at any distance.

        Args:
            points: float32 [num, encoder_length, size].
            num_samples: None decodes each point greedily, to its likeliest tokens;
                otherwise how many sequences are drawn for each.
            temperature: Of drawing: 0 is greedy, 1 samples as the decoder believes.
            seed: Seed of drawing.

        Returns:
            int32 [num, length], or [num, num_samples, length].
        """
        if num_samples is None:
            return self.latent.decode(points)
        if num_samples < 1 or not 0 <= temperature <= _HOTTEST:
            raise ValueError(
                f"num_samples must be at least 1 and temperature 0 to {_HOTTEST:g}, "
                f"got {num_samples} and {temperature}."
            )
        repeated = np.repeat(points, num_samples, axis=0)
        drawn = self.latent.decode(repeated, temperature, jax.random.key(seed))
        return drawn.reshape(len(points), num_samples, self.space.length)

    def interpolate(
        self, a: Architectures, b: Architectures, num: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Goes from one architecture to another, in equal steps of the straight line.

        Args:
            a: One architecture.
            b: One architecture.
            num: Points, both ends included; at least 2.

        Returns:
            Points float32 [num, encoder_length, size], brought back to unit length,
            and what they decode to, int32 [num, length].
        """
        ends = [self._one(self.points(end)) for end in (a, b)]
        if num < 2:
            raise ValueError(f"num must be at least 2, got {num}.")
        share = np.linspace(0, 1, num, dtype=np.float32)[:, None, None]
        points = (1 - share) * ends[0] + share * ends[1]
        points = self._normalise(points)
        return points, self.latent.decode(points)

    def sample(
        self,
        num: int,
        near: Architectures | None = None,
        distance: float = 0.5,
        seed: int = 0,
    ) -> np.ndarray:
        """Decodes random points around architectures.

        Args:
            num: How many.
            near: Architectures or points to stay near; random architectures of the
                space by default.
            distance: How far an encoder output, of length 1, moves at random before it
                is brought back to unit length.
            seed: Seed of everything random.

        Returns:
            int32 [num, length], grammatical; a space with rules that cross slots may
            hold some of them not valid (`space.is_valid`).
        """
        if num < 1 or not 0 <= distance < np.inf:
            raise ValueError(
                "num must be at least 1 and distance not negative, got "
                f"{num} and {distance}."
            )
        rng = np.random.default_rng(seed)
        if near is None:
            points = self.encoder_outputs(self.space.sample(rng, num))
        else:
            points = self.points(near)
            if not len(points):
                raise ValueError("sample needs an architecture to stay near, got none.")
            points = points[rng.integers(len(points), size=num)]
        noise = self._normalise(rng.normal(size=points.shape).astype(np.float32))
        return self.latent.decode(self._normalise(points + distance * noise))

    def reconstruction(self, architectures: Architectures) -> np.ndarray:
        """Says which architectures decode to themselves, bool [num].

        Where the encoder reads canonical forms: to the representative of themselves.
        """
        read = self.as_encoded(self.tokens_of(architectures))
        return (self.latent.decode(self.latent.encode(read)) == read).all(-1)

    # Who is near whom.

    def index(self, architectures: Architectures | None = None) -> index_lib.Index:
        """Encodes architectures, by default the evaluated ones, for many searches."""
        tokens = self.tokens
        if architectures is not None:
            tokens = self.tokens_of(architectures)
        return index_lib.Index(tokens, self.encode(tokens))

    def neighbours(
        self,
        architecture: Architectures,
        k: int = 10,
        among: index_lib.Index | Architectures | None = None,
    ) -> index_lib.Neighbours:
        """Returns the `k` nearest architectures by cosine distance of embeddings.

        Args:
            architecture: One architecture, or point; it is its own neighbour where it
                is among those searched.
            k: How many.
            among: What is searched: an `index`, architectures, or the evaluated ones.
        """
        if not isinstance(among, index_lib.Index):
            among = self.index(among)
        return among.nearest(self.pool(self._one(self.points(architecture))), k)

    def map(
        self,
        architectures: Architectures | None = None,
        method: str = "pca",
        seed: int = 0,
    ) -> maps.Map:
        """Brings embeddings to the plane.

        Args:
            architectures: What to map; the evaluated ones by default.
            method: `pca`, or `tsne`, which keeps neighbours together.
            seed: Seed of the method.

        Returns:
            Coordinates; `project(pool(path.points))` places an ascent on the same map.
        """
        wanted = self.tokens if architectures is None else architectures
        return maps.fit(self.encode(wanted), method, seed)

    # What the modules beside this one need.

    def as_encoded(self, tokens: np.ndarray) -> np.ndarray:
        """Returns what the encoder reads of each row [num, length]."""
        return self.space.canonical(tokens) if self.canonical else tokens

    def predictions(self, targets: np.ndarray) -> dict[str, Prediction]:
        """Maps members' targets [..., ensemble, objectives] to values by name."""
        names = self.objectives.names
        return {
            name: self.objectives.to_prediction(targets, i)
            for i, name in enumerate(names)
        }

    @property
    def measured_targets(self) -> np.ndarray:
        """The targets of what was measured, float64 [num, objectives]."""
        scales = self.objectives.scales
        columns = [s.to_targets(v) for s, v in zip(scales, self.values.T, strict=True)]
        return np.stack(columns, -1)

    @staticmethod
    def key(rng: np.random.Generator) -> Array:
        """Returns a JAX key drawn from a host generator."""
        return jax.random.key(int(rng.integers(2**31)))

    def _targets(self, where: Architectures) -> np.ndarray:
        if architectures_lib.is_points(where):
            return self.latent.predict(where)
        return self.latent.predict_tokens(self.as_encoded(self.tokens_of(where)))

    def _normalise(self, points: np.ndarray) -> np.ndarray:
        """Brings every member's part of every encoder step to unit length."""
        shape = points.shape
        parts = points.reshape(*shape[:-1], self.latent.num_members, -1)
        length = np.linalg.norm(parts, axis=-1, keepdims=True)
        return (parts / np.maximum(length, 1e-8)).reshape(shape).astype(np.float32)

    @staticmethod
    def _one(points: np.ndarray) -> np.ndarray:
        if len(points) != 1:
            raise ValueError(f"One architecture is needed here, got {len(points)}.")
        return points[0]

"""`Embedding`, the one object that users hold: each query is the work of a module."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from nao.controller import ControllerConfig
from nao.embedding import fitting, geometry, maps, pareto, paths, saved, workdirs
from nao.embedding import index as index_lib
from nao.embedding.architectures import Architectures
from nao.embedding.core import FittedController
from nao.embedding.found import Found, Front, Line, Neighbours
from nao.embedding.objectives import Wanted, Wish
from nao.evaluators import Constraint
from nao.spaces import Space


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Embedding(FittedController):
    """Queries on a fitted controller and on the architectures that it was fitted to.

    These are `tokens`, int32 [num, length] in the `space`, with what was measured of
    them in `values`, float64 [num, objectives]; `objectives` says what it predicts.
    Made by `fit`, `from_workdir` or `load`. Architectures go in as text, as choices by
    slot, as tokens, as trials, as what a query found, or as a list of those.

    What comes out follows one rule. A query that looks for architectures (`propose`,
    `pareto`, `neighbours`, `interpolate`, `sample`, and `best` of the `Path` that
    `ascend` returns) gives a `Found`: tokens, their notation, what is predicted for
    each, and what else the query knows. A query about architectures or points that are
    given (`encode`, `encoder_outputs`, `decode`, `gradient`, `reconstruction`) gives an
    array with a row for each, and `predict` a `Prediction` of two such arrays.

    With an ensemble, points and embeddings hold the members' side by side, and each
    decoded token is the members' joint choice.
    """

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
            canonical: Whether all sequences of the same function are read alike; a
                value of more than the function, such as training time, needs False.
            held_out: Share of the table that a first fit leaves out, to learn how far
                off predictions are (`Prediction.std`); the second fit takes all. 0
                saves the first.
            seed: Seed of everything random.

        Raises:
            ValueError: If an architecture or a value is not as described here.
        """
        fitted = fitting.fit(
            space,
            architectures,
            values,
            minimize=minimize,
            config=config,
            canonical=canonical,
            held_out=held_out,
            seed=seed,
        )
        return cls._from_fitted(fitted)

    @classmethod
    def from_workdir(
        cls, path: str | os.PathLike, space: Space | None = None
    ) -> "Embedding":
        """Loads the last controller that a search fitted, and the search's trials.

        The search may be finished, stopped or running.

        Args:
            path: Folder of the run.
            space: Needed for a space class of one's own, or one with a rule.

        Raises:
            ValueError: If there is no run, or it has fitted no controller.
        """
        return cls._from_fitted(workdirs.load(path, space))

    @classmethod
    def load(cls, path: str | os.PathLike, space: Space | None = None) -> "Embedding":
        """Loads what `save` wrote.

        Args:
            path: The file.
            space: Needed for a space class of one's own, or one with a rule.

        Raises:
            ValueError: If the file is not one, or of another version or space.
        """
        return cls._from_fitted(saved.load(path, space))

    def save(self, path: str | os.PathLike) -> None:
        """Writes one file that `load` reads on any machine: arrays and JSON.

        Raises:
            ValueError: If the file can't be written.
        """
        saved.save(self, path)

    @classmethod
    def _from_fitted(cls, fitted: FittedController) -> Self:
        """Returns the queries on a fitted controller."""
        names = [field.name for field in dataclasses.fields(FittedController)]
        return cls(**{name: getattr(fitted, name) for name in names})

    # Ascents.

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

        Raises:
            ValueError: If there is no such objective, or these are neither points nor
                architectures.
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
            The whole path; `best()` gives the best new architecture of each, and says
            of which there is none.

        Raises:
            ValueError: If there is no such objective, no start, or a negative number.
        """
        wish = Wish(objective, constraints)
        return paths.ascend(self, wish, start, steps, step_size)

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
    ) -> Found:
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

        Raises:
            ValueError: If there is no such objective, or a number is out of its range.
        """
        wish = Wish(
            objective, constraints, confidence=confidence, exclude=exclude, seed=seed
        )
        return paths.propose(self, wish, num, starts)

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
    ) -> Front:
        """Returns the predicted Pareto front among what ascents along trade-offs find.

        Args:
            objectives: Names of two or more; all by default.
            constraints: Bounds that predictions keep.
            num_directions: Least number of trade-offs to climb along.
            layers: 1 is the front; 2 adds the front of what is left, and so on.
            exclude: Architectures not wanted, besides the evaluated ones.
            confidence: Standard deviations that predictions stay away from a bound.
            seed: Seed of everything random.

        Raises:
            ValueError: If there are not two such objectives, or a number is too small.
        """
        wish = Wish(
            constraints=constraints, confidence=confidence, exclude=exclude, seed=seed
        )
        return pareto.find(self, wish, objectives, num_directions, layers)

    # Between and around architectures.

    def interpolate(self, a: Architectures, b: Architectures, num: int) -> Line:
        """Goes from one architecture to another, in equal steps of the straight line.

        Args:
            a: One architecture.
            b: One architecture.
            num: Points, both ends included; at least 2.

        Returns:
            The points, and what they decode to.

        Raises:
            ValueError: If an end is not one architecture, or `num` is below 2.
        """
        return geometry.interpolate(self, a, b, num)

    def sample(
        self,
        num: int,
        near: Architectures | None = None,
        distance: float = 0.5,
        seed: int = 0,
    ) -> Found:
        """Decodes random points around architectures.

        Args:
            num: How many.
            near: Architectures or points to stay near; random architectures of the
                space by default.
            distance: How far an encoder output, of length 1, moves at random before it
                is brought back to unit length.
            seed: Seed of everything random.

        Returns:
            `num` architectures, grammatical; a space with rules that cross slots may
            hold some of them not valid (`space.is_valid`).

        Raises:
            ValueError: If a number is out of its range, or `near` is empty.
        """
        return geometry.sample(self, num, near, distance, seed)

    # Who is near whom.

    def index(self, architectures: Architectures | None = None) -> index_lib.Index:
        """Encodes architectures, by default the evaluated ones, for many searches.

        Raises:
            ValueError: If one is not an architecture of the space.
        """
        tokens = self.tokens
        if architectures is not None:
            tokens = self.tokens_of(architectures)
        return index_lib.Index(tokens, self.encode(tokens))

    def neighbours(
        self,
        architecture: Architectures,
        k: int = 10,
        among: index_lib.Index | Architectures | None = None,
    ) -> Neighbours:
        """Returns the `k` nearest architectures by cosine distance of embeddings.

        Args:
            architecture: One architecture, or point; it is its own neighbour where it
                is among those searched.
            k: How many.
            among: What is searched: an `index`, architectures, or the evaluated ones.

        Raises:
            ValueError: If this is not one architecture, or `k` is below 1.
        """
        if not isinstance(among, index_lib.Index):
            among = self.index(among)
        return geometry.neighbours(self, architecture, k, among)

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
            Coordinates in the order of the architectures, the evaluated ones as in
            `tokens`; `project(pool(path.points))` places an ascent on the same map.

        Raises:
            ValueError: If the method is unknown, or there is nothing to map.
        """
        wanted = self.tokens if architectures is None else architectures
        return maps.fit(self.encode(wanted), method, seed)

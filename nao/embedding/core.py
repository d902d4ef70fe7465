"""A fitted controller with its table, and the questions all other queries build on.

Two things stand for an architecture. Its *encoder outputs*, one vector for each encoder
step, are a point of the latent space: what gradients move and the decoder reads. Their
normalised mean is its *embedding*: what the predictor reads, and what is mapped and
compared. Only points can be decoded.
"""

import dataclasses
import inspect
from typing import Any, TypeVar

import jax
import numpy as np

from nao import fields
from nao.controller import LatentSpace
from nao.embedding import architectures as architectures_lib
from nao.embedding.architectures import Architectures
from nao.embedding.objectives import Objectives, Prediction
from nao.spaces import Space
from nao.system import showing

T = TypeVar("T")

_HOTTEST = 1e6  # temperature of drawing, far beyond which logits vanish


def _public(cls: type[T]) -> type[T]:
    """Calls the methods of a class those of `Embedding`, the name that users know.

    What Python says of a wrong argument begins with it.
    """
    for name, member in vars(cls).items():
        if inspect.isfunction(member):
            member.__qualname__ = f"Embedding.{name}"
    return cls


@_public
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedController:
    """A controller, and the architectures and values it was fitted to.

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
    objectives: Objectives
    tokens: np.ndarray
    values: np.ndarray
    canonical: bool = True

    def __repr__(self) -> str:
        names = ", ".join(self.objectives.names)
        num = showing.counted(len(self.tokens), "architecture")
        return f"{type(self).__name__}({self.space.name}, {num}, predicts {names})"

    def _repr_html_(self) -> str:
        num = len(self.tokens)
        rows = [
            {
                "objective": column.name,
                "better": "higher" if column.maximize else "lower",
                "least": float(values.min()) if num else None,
                "largest": float(values.max()) if num else None,
                "unit": column.unit,
            }
            for column, values in zip(
                self.objectives.columns, self.values.T, strict=True
            )
        ]
        return showing.to_html(repr(self), rows)

    def to_dataframe(self) -> Any:
        """Returns a row for each evaluated architecture, as a `pandas.DataFrame`.

        `architecture`, each objective by its name as it was measured, the columns
        `predicted.<objective>` and `std.<objective>`, and `choices.<slot>`.

        Raises:
            ImportError: If pandas is not installed.
        """
        predicted = self.predict_all(self.tokens)
        return showing.to_frame(
            {
                "architecture": self.space.format(tokens),
                **dict(zip(self.objectives.names, values.tolist(), strict=True)),
                "predicted": {name: p.mean[i] for name, p in predicted.items()},
                "std": {name: p.std[i] for name, p in predicted.items()},
                "choices": self.space.by_slot(tokens),
            }
            for i, (tokens, values) in enumerate(
                zip(self.tokens, self.values, strict=True)
            )
        )

    # Architectures in and out.

    def tokens_of(self, architectures: Architectures) -> np.ndarray:
        """Returns the tokens of architectures in any form, int32 [num, length].

        Raises:
            ValueError: If one is not an architecture of the space.
        """
        return architectures_lib.to_tokens(self.space, architectures)

    def format(self, tokens: np.ndarray) -> list[str]:
        """Writes tokens [num, length] in the space's notation."""
        return [self.space.format(row) for row in np.atleast_2d(tokens)]

    def as_encoded(self, tokens: np.ndarray) -> np.ndarray:
        """Returns what the encoder reads: canonical forms, or the rows themselves.

        Args:
            tokens: int32 [num, length].

        Returns:
            int32 [num, length].
        """
        return self.space.canonical(tokens) if self.canonical else tokens

    # From architectures to the latent space.

    def encode(self, architectures: Architectures) -> np.ndarray:
        """Returns embeddings: what is mapped and compared.

        Returns:
            float32 [num, size], each of unit length.

        Raises:
            ValueError: If one is not an architecture of the space.
        """
        return self.latent.embed(self.as_encoded(self.tokens_of(architectures)))

    def encoder_outputs(self, architectures: Architectures) -> np.ndarray:
        """Returns points: what is moved and decoded.

        Returns:
            float32 [num, encoder_length, size]; `pool` gives their embeddings.

        Raises:
            ValueError: If one is not an architecture of the space.
        """
        return self.latent.encode(self.as_encoded(self.tokens_of(architectures)))

    def points(self, where: Architectures) -> np.ndarray:
        """Returns points as they are, and architectures' encoder outputs.

        Raises:
            ValueError: If these are neither points nor architectures.
        """
        if architectures_lib.is_points(where):
            return self.latent.check(where)
        return self.encoder_outputs(where)

    def point(self, where: Architectures) -> np.ndarray:
        """Returns the point of one architecture, or one point as it is.

        Returns:
            float32 [encoder_length, size].

        Raises:
            ValueError: If these are none or several, or neither points nor
                architectures.
        """
        points = self.points(where)
        if len(points) != 1:
            raise ValueError(f"One architecture is needed here, got {len(points)}.")
        return points[0]

    def pool(self, points: np.ndarray) -> np.ndarray:
        """Maps points [..., encoder_length, size] to embeddings [..., size].

        Raises:
            ValueError: If these are not points of this latent space.
        """
        points = np.asarray(points, np.float32)
        flat = self.latent.pool(points.reshape(-1, *points.shape[-2:]))
        return flat.reshape(*points.shape[:-2], flat.shape[-1])

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

        Raises:
            ValueError: If these are not points, or a number is out of its range.
        """
        if num_samples is None:
            return self.latent.decode(points)
        if num_samples < 1 or not 0 <= temperature <= _HOTTEST:
            raise ValueError(
                f"num_samples must be at least 1 and temperature 0 to {_HOTTEST:g}, "
                f"got {num_samples} and {temperature}."
            )
        fields.check_seed(seed)
        repeated = np.repeat(points, num_samples, axis=0)
        drawn = self.latent.decode(repeated, temperature, jax.random.key(seed))
        return drawn.reshape(len(points), num_samples, self.space.length)

    def reconstruction(self, architectures: Architectures) -> np.ndarray:
        """Says which architectures decode to themselves, bool [num].

        Where the encoder reads canonical forms, an architecture counts if its canonical
        form decodes to itself.

        Raises:
            ValueError: If one is not an architecture of the space.
        """
        encoded = self.as_encoded(self.tokens_of(architectures))
        return (self.latent.decode(self.latent.encode(encoded)) == encoded).all(-1)

    # Predictions.

    def predict(self, where: Architectures, objective: str | None = None) -> Prediction:
        """Predicts an objective, in the unit of its values.

        A target of `rank` predicts a place among the evaluated architectures; the value
        at that place is what comes back (`targets.Scale`). Rows that a fit had not seen
        say how far predictions are off (`Calibration`).

        Args:
            where: Architectures, or points.
            objective: Name; the first by default.

        Returns:
            Mean and standard deviation, float64 [num].

        Raises:
            ValueError: If there is no such objective, or these are neither points nor
                architectures.
        """
        index = self.objectives.index(objective)
        return self.objectives.to_prediction(self._targets(where), index)

    def predict_all(self, where: Architectures) -> dict[str, Prediction]:
        """Predicts every objective; see `predict`.

        Raises:
            ValueError: If these are neither points nor architectures.
        """
        return self.predictions(self._targets(where))

    def predict_tokens(self, tokens: np.ndarray) -> np.ndarray:
        """Returns every member's targets of tokens [num, length], valid or not.

        Returns:
            float32 [num, ensemble, objectives].
        """
        return self.latent.predict_tokens(self.as_encoded(tokens))

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

    def _targets(self, where: Architectures) -> np.ndarray:
        """Returns every member's targets, [num, ensemble, objectives]."""
        if architectures_lib.is_points(where):
            return self.latent.predict(where)
        return self.predict_tokens(self.tokens_of(where))

"""Architectures that a query answers with, and what is known of each."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from nao.embedding.core import FittedController
from nao.embedding.objectives import Prediction
from nao.spaces import Space
from nao.system import showing


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Found:
    """Architectures; every attribute has a row for each, in the same order.

    Any query takes it where it takes architectures.

    Attributes:
        space: Space of the architectures.
        tokens: int32 [num, length].
        predicted: Each objective's prediction, [num].
    """

    space: Space
    tokens: np.ndarray
    predicted: Mapping[str, Prediction]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def architectures(self) -> list[str]:
        """The architectures in the space's notation."""
        return [self.space.format(row) for row in self.tokens]

    def to_dataframe(self) -> Any:
        """Returns a row for each architecture, as a `pandas.DataFrame`.

        `architecture`, the columns `predicted.<objective>` and `std.<objective>`, and
        what else is known of each.

        Raises:
            ImportError: If pandas is not installed.
        """
        mean, std = (_by_row(self.predicted, name) for name in ("mean", "std"))
        rows = zip(self.architectures, mean, std, self._more(), strict=True)
        return showing.to_frame(
            {"architecture": text, "predicted": m, "std": s, **more}
            for text, m, s, more in rows
        )

    def __repr__(self) -> str:
        name = type(self).__name__
        num = showing.counted(len(self), "architecture")
        return f"{name}({num} of {self.space.name})"

    def _repr_html_(self) -> str:
        mean = _by_row(self.predicted, "mean")
        rows = zip(mean, self._more(), self.architectures, strict=True)
        return showing.to_html(
            f"{self!r}, with what is predicted",
            [{**m, **more, "architecture": text} for m, more, text in rows],
        )

    def _more(self) -> list[dict[str, Any]]:
        """Returns what else is known of each architecture, by name."""
        return [{} for _ in self.tokens]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Neighbours(Found):
    """The nearest architectures, nearest first.

    Attributes:
        distances: Cosine distances, 1 - cosine, float32 [num].
        indices: Rows of what was searched, int64 [num].
    """

    distances: np.ndarray
    indices: np.ndarray

    def _more(self) -> list[dict[str, Any]]:
        # Of float32, so zero is a few 1e-8.
        return [{"distance": round(float(each), 6)} for each in self.distances]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Ends(Found):
    """The best new architecture of each ascent, or its start where it found none.

    Attributes:
        is_new: Whether the ascent found a valid architecture besides its start; where
            it did not, the row is the start; bool [num].
    """

    is_new: np.ndarray

    def _more(self) -> list[dict[str, Any]]:
        return [{"is_new": bool(each)} for each in self.is_new]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Line(Found):
    """What points in equal steps from one architecture to another decode to.

    Attributes:
        points: float32 [num, encoder_length, size], brought back to unit length.
        at_points: Each objective's prediction at the points, [num]; `predicted` is that
            of the decoded architectures, encoded anew.
    """

    points: np.ndarray
    at_points: Mapping[str, Prediction]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Front(Found):
    """Architectures that no other one dominates, layer by layer.

    Within a layer from best to worst in the first objective.

    Attributes:
        layers: 0 for the front itself, 1 for the front of what is left without it, and
            so on; int64 [num], rising.
    """

    layers: np.ndarray

    def _more(self) -> list[dict[str, Any]]:
        return [{"layer": int(layer)} for layer in self.layers]


def of_tokens(fitted: FittedController, tokens: np.ndarray) -> Found:
    """Returns tokens [num, length], valid or not, with what is predicted for them."""
    return Found(fitted.space, tokens, predictions_of(fitted, tokens))


def predictions_of(
    fitted: FittedController, tokens: np.ndarray
) -> dict[str, Prediction]:
    """Predicts every objective of tokens [num, length], valid or not."""
    return fitted.predictions(fitted.predict_tokens(tokens))


def _by_row(predicted: Mapping[str, Prediction], part: str) -> list[dict[str, float]]:
    """Returns means or deviations of all objectives, a mapping for each row."""
    columns = [getattr(prediction, part).tolist() for prediction in predicted.values()]
    rows = zip(*columns, strict=True)
    return [dict(zip(predicted, row, strict=True)) for row in rows]

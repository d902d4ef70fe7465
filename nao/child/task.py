"""What children learn, apart from their network: data, batches, loss and measures.

Trainer, compiled programs, evaluators and exports know tasks alone. `ImageTask` and
`TextTask` are those of `launch.py`; a task of one's own extends `Task`.
"""

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nao.child.recipe import TrainingConfig
from nao.data import examples
from nao.data.examples import Examples, Normalisation
from nao.data.split import PARTS, sha256
from nao.types import Array, PyTree

# What the parts that are measured are called by trainers and in names of measures.
PREFIXES = {"validation": "val", "test": "test"}


@dataclasses.dataclass(frozen=True)
class Task:
    """What children learn: three parts of examples, and how well an output fits.

    A task of one's own is a subclass with a `loss`, and with `metrics` where it is
    searched by something else:

        class Frequency(nao.Task):
            objective = "error"

            def loss(self, outputs, targets):
                return (outputs - targets) ** 2

            def metrics(self, outputs, targets):
                return {"error": abs(outputs - targets)}

    Searches then minimise `val_error`. All methods but `summarise` and `sha256` are
    traced into compiled programs, so they are pure functions of their arguments and of
    the task's fields. The data reach them as arguments: two tasks of one class with
    equal fields besides name, parts and normalisation share their programs.

    Attributes:
        name: What reports call the data.
        parts: Inputs and targets of `train`, `validation` and `test`, [num, ...] each.
        normalisation: What inputs go through before a network reads them, in training
            and in an exported network; None leaves them as they are.
        num_outputs: Numbers that a network says of one example, classes for instance.
        objective: The metric to search by, `loss` or a name of `metrics`.
        maximize: Whether more of it is better.
        unit: Its unit, empty for a fraction or a bare number.
        example: What one example is called; multiply-adds are counted for one.
        shares: Metrics that are shares of examples: how far they are off is known.
        reports: Names of all that `summarise` returns; None where they are not known
            before something is measured.
        carries: Whether an example continues another, as windows of a text do. Batches
            are then drawn in order, a row of one batch before the same row of the next,
            and what the network carries goes from batch to batch, see `ChildNet`; each
            epoch and each evaluation begins with a fresh one.
        window_spread: Standard deviation of the lengths of training windows, of which
            networks are told then, in tokens; 0 reads examples as they are. `TextTask`
            alone can have another.
        evaluate_batch: Examples that are evaluated at once; with `carries`, how many
            stretches the validation and the test part are cut into.
    """

    name: str = dataclasses.field(compare=False)
    parts: Mapping[str, Examples] = dataclasses.field(compare=False, repr=False)
    normalisation: Normalisation | None = dataclasses.field(
        default=None, compare=False, repr=False
    )
    num_outputs: int = 1

    objective: ClassVar[str] = "loss"
    maximize: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    example: ClassVar[str] = "example"
    shares: ClassVar[tuple[str, ...]] = ()
    reports: ClassVar[tuple[str, ...] | None] = None
    carries: ClassVar[bool] = False
    evaluate_batch: ClassVar[int] = 128
    # Without a type, as it would otherwise stand before a subclass's own fields.
    window_spread = 0

    # Names of the arrays of a part, as `sha256` knows them.
    _kinds: ClassVar[tuple[str, str]] = Examples._fields

    def __post_init__(self):
        object.__setattr__(self, "parts", examples.checked(self.parts))
        try:
            hash(self)
        except TypeError as error:
            raise ValueError(
                f"Fields of {type(self).__name__} must be hashable, tuples rather than "
                f"arrays or lists, since programs are fixed to them: {error}."
            ) from None

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.parts["train"].inputs.shape[1:]

    @property
    def input_dtype(self) -> str:
        """Type of the inputs' numbers, as they are before `normalisation`."""
        return str(self.parts["train"].inputs.dtype)

    @property
    def num_examples(self) -> dict[str, int]:
        """How many examples each part has."""
        return {part: len(self.parts[part].inputs) for part in PARTS}

    @property
    def rules(self) -> "Task":
        """The task without its data: what compiled programs are fixed to."""
        bare = copy.copy(self)
        object.__setattr__(bare, "parts", {})
        object.__setattr__(bare, "normalisation", None)
        return bare

    def sha256(self) -> str:
        """Returns the SHA-256 of all examples, their shapes and types."""
        arrays = {
            f"{part}_{kind}": array
            for part in PARTS
            for kind, array in zip(self._kinds, self.parts[part], strict=True)
        }
        return sha256(arrays)

    # What is learned, inside compiled programs.

    def loss(self, outputs: PyTree, targets: Array) -> Array:
        """Returns what training minimises, float32 [batch], a number an example.

        Args:
            outputs: What the network says, [batch, ...].
            targets: What it should say, [batch, ...].
        """
        raise NotImplementedError(f"{type(self).__name__} must have a loss.")

    def metrics(self, outputs: PyTree, targets: Array) -> dict[str, Array]:
        """Returns further measures by name, [batch] each; arguments as of `loss`."""
        del outputs, targets
        return {}

    def measures(self, outputs: PyTree, targets: Array) -> dict[str, Array]:
        """Returns all that is measured, the loss included, float32 [batch] each.

        Raises:
            TypeError: If metrics are not given by name.
        """
        metrics = self.metrics(outputs, targets)
        if not isinstance(metrics, Mapping):
            raise TypeError(
                f"metrics of {type(self).__name__} must return arrays by name, got "
                f"{type(metrics).__name__}."
            )
        return {**metrics, "loss": self.loss(outputs, targets)}

    def amounts(self, config: TrainingConfig) -> PyTree:
        """Returns what `augment` reads of the recipe, as arrays; None for nothing.

        Arrays are arguments of the compiled program: other amounts compile no other.
        """
        del config

    def augment(
        self, key: Array, inputs: Array, targets: Array, amounts: PyTree
    ) -> tuple[Array, Array]:
        """Changes a training batch at random; here it stays as it is.

        Args:
            key: The changes.
            inputs: What the network will read, [batch, ...], normalised.
            targets: What it should say.
            amounts: As `amounts` returns them.
        """
        del key, amounts
        return inputs, targets

    # What is made of it, on the host.

    def summarise(self, means: dict[str, float]) -> dict[str, float]:
        """Turns means over a part's examples into what is reported, by name.

        Here they are reported as they are; the root of a mean square or the perplexity
        of a mean loss belong here.
        """
        return means

    def measured(self, part: str, means: Mapping[str, float]) -> dict[str, float]:
        """Names what was measured on a part, `val` or `test`: `val_loss` and so on.

        Raises:
            ValueError: If the objective is not among it.
        """
        found = self.summarise(dict(means))
        if self.objective not in found:
            raise ValueError(
                f"objective of {type(self).__name__} must be one of "
                f"{', '.join(found)}, got {self.objective!r}."
            )
        return {f"{part}_{name}": value for name, value in found.items()}

    def describe(self) -> dict[str, Any]:
        """Returns what an export says of the task, JSON values."""
        return {
            "name": self.name,
            "example": self.example,
            "objective": self.objective,
            "carries": self.carries,
        }


def check_measures(measures: Mapping[str, Array], num: int) -> None:
    """Raises ValueError where a loss or metric is not a number for each example."""
    for name, values in measures.items():
        if np.shape(values) != (num,):
            raise ValueError(
                f"{name} must be [batch], a number for each example, here [{num}], "
                f"got shape {list(np.shape(values))}."
            )

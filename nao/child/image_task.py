"""Images and their classes: the task of the data sets that `nao.data` loads."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import optax

from nao.child.recipe import TrainingConfig
from nao.child.task import Task
from nao.data import augment
from nao.data.augment import Augmentation
from nao.data.examples import Examples, Normalisation
from nao.data.image_dataset import ImageDataset
from nao.types import Array


@dataclasses.dataclass(frozen=True)
class Classification(Task):
    """Examples of any kind, each of one class: outputs are scores, one a class.

    Targets are integers [num], from 0 to below `num_outputs`.
    """

    objective: ClassVar[str] = "accuracy"
    maximize: ClassVar[bool] = True
    shares: ClassVar[tuple[str, ...]] = ("accuracy",)

    def loss(self, outputs: Array, targets: Array) -> Array:
        """Returns the cross entropy of scores [batch, num_outputs], in nats."""
        return optax.softmax_cross_entropy_with_integer_labels(outputs, targets)

    def metrics(self, outputs: Array, targets: Array) -> dict[str, Array]:
        """Returns the accuracy: which examples have their highest score where due."""
        return {"accuracy": outputs.argmax(-1) == targets}


@dataclasses.dataclass(frozen=True)
class ImageTask(Classification):
    """Images of one size, shifted, mirrored and cut out in training."""

    example: ClassVar[str] = "image"
    reports: ClassVar[tuple[str, ...]] = ("accuracy", "loss")
    _kinds: ClassVar[tuple[str, str]] = ("images", "labels")

    @classmethod
    def of(cls, dataset: ImageDataset) -> "ImageTask":
        """Returns the task to tell the classes of a data set's images."""
        return cls(
            dataset.name,
            {p: Examples(s.images, s.labels) for p, s in dataset.splits.items()},
            Normalisation(dataset.mean, dataset.deviation),
            dataset.num_classes,
        )

    def amounts(self, config: TrainingConfig) -> Augmentation:
        """Returns how much images are changed."""
        amounts = config.shift, config.flip, config.cutout
        return Augmentation(*map(jnp.int32, amounts))

    def augment(
        self, key: Array, inputs: Array, targets: Array, amounts: Augmentation
    ) -> tuple[Array, Array]:
        """Changes each image at random; its class stays."""
        return augment.augment(key, inputs, amounts), targets

"""How a child is built and trained: what the user chooses, and the optimiser of it."""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
import optax

from nao.types import Array, check_at_least, check_positive, option


@dataclasses.dataclass(frozen=True)
class ChildConfig:
    """How child networks are built and trained; fields say what they mean."""

    channels: int = option(8, "channels of the first stage, doubled at each of two")
    cells_per_stage: int = option(1, "normal cells a stage, N: 3 N + 2 cells in all")
    epochs: int = option(5, "passes over the training images")
    batch_size: int = option(64, "images a step; what is left of an epoch is dropped")
    learning_rate: float = option(0.1, "at the first step; a cosine takes it to 0")
    momentum: float = option(0.9, "Nesterov momentum; 0 is plain gradient descent")
    weight_decay: float = option(5e-4, "pull on all parameters; 0 is none")
    grad_clip: float = option(5.0, "largest global norm of the gradient")
    time_limit_s: float = option(0.0, "seconds a child may train; 0 is no limit")
    final_shift: int = option(
        1, "pixels, at most, that final training shifts images by at random; 0 is none"
    )

    def __post_init__(self):
        for name in ("channels", "cells_per_stage", "epochs", "batch_size"):
            value = getattr(self, name)
            if value != int(value) or value < 1:
                raise ValueError(f"{name} must be a positive integer, got {value}.")
        check_positive(self, "learning_rate", "grad_clip")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be in [0, 1), got {self.momentum}.")
        check_at_least(0, self, "weight_decay", "time_limit_s", "final_shift")


class Recipe(NamedTuple):
    """The hyperparameters that a compiled program takes as numbers."""

    learning_rate: float
    momentum: float
    weight_decay: float
    grad_clip: float

    def optimizer(self, progress: Array) -> optax.GradientTransformation:
        """Returns the optimiser at `progress`, 0 at the first step, 1 after the last.

        Clips first and decays next: the released code clips the sum of both, but here
        the parameters that an architecture does not use would count in its norm.
        """
        cosine = 0.5 * (1 + jnp.cos(jnp.pi * progress))
        return optax.chain(
            optax.clip_by_global_norm(self.grad_clip),
            optax.add_decayed_weights(self.weight_decay),
            optax.sgd(self.learning_rate * cosine, self.momentum, nesterov=True),
        )

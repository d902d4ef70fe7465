"""How a child is built and trained: what the user chooses, and the optimiser of it."""

import dataclasses
import itertools
from typing import ClassVar, NamedTuple

import jax.numpy as jnp
import optax

from nao.fields import (
    check_at_least,
    check_choice,
    check_positive,
    check_types,
    documented,
    option,
)
from nao.types import Array, PyTree

_DTYPES = ("auto", "float32", "bfloat16")
_SCHEDULES = ("cosine", "constant")
_SIZES = ("channels", "cells_per_stage", "epochs", "batch_size", "window", "units")
_SHARES = ("momentum", "drop_path", "dropout", "dropout_embedding", "dropout_input")
_SHARES += ("dropout_hidden", "dropout_weight")
_NOT_NEGATIVE = ("weight_decay", "auxiliary", "activation_penalty", "temporal_penalty")
_NOT_NEGATIVE += ("shift", "cutout", "average_after", "time_limit_s")
_NOT_NEGATIVE += ("memory_limit_mib",)
_MOST_SHIFT = 2**31 - 2  # JAX draws below the next number, an int32
_MOST_EPOCHS = 10**6  # whose validation losses are in the state of a training


@documented
@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How networks are built and trained; fields say what they mean."""

    section: ClassVar[str] = "child"  # where its fields are in the experiment's config
    _may_be_zero: ClassVar[tuple[str, ...]] = ()
    at_once: ClassVar[int] = 1  # children that a device trains in one program

    channels: int = option(8, "Channels of the first stage, doubled at each of two")
    cells_per_stage: int = option(1, "Normal cells a stage, N: 3 N + 2 cells in all")
    epochs: int = option(5, "Passes over the training examples")
    batch_size: int = option(64, "Examples a step; what is left of an epoch is dropped")
    micro_batches: int = option(
        1, "Parts that a batch is computed in, one after the other, to save memory"
    )
    window: int = option(
        35,
        "Text: tokens that a step reads of each stretch; gradients go back as far",
    )
    window_spread: int = option(
        0,
        "Text: standard deviation of windows' drawn lengths, in tokens, at most window;"
        " 0 has all of one length, AWD-LSTM has 5",
    )
    units: int = option(128, "Text: units of the recurrent state, and of embeddings")
    learning_rate: float = option(0.1, "Learning rate at the first step")
    schedule: str = option(
        "cosine", "What becomes of it: cosine takes it to 0, constant leaves it"
    )
    momentum: float = option(0.9, "Nesterov momentum; 0 is plain gradient descent")
    weight_decay: float = option(5e-4, "Pull on all parameters; 0 is none")
    grad_clip: float = option(5.0, "Largest global norm of the gradient")
    average_after: int = option(
        0,
        "Epochs without a better validation loss after which weights are averaged "
        "(averaged SGD, as AWD-LSTM's); 0 never averages them",
        most=_MOST_EPOCHS,
    )
    drop_path: float = option(
        0.0, "Probability of dropping a branch of the last cell at the end of training"
    )
    dropout: float = option(0.0, "Share of the classifier's inputs that are dropped")
    dropout_embedding: float = option(
        0.0, "Text: share of embeddings' units dropped, the same for a whole window"
    )
    dropout_input: float = option(
        0.0, "Text: share of a cell's inputs dropped, the same for a whole window"
    )
    dropout_hidden: float = option(
        0.0, "Text: share of states' units dropped, the same for a whole window"
    )
    dropout_weight: float = option(0.0, "Text: share of recurrent weights dropped")
    activation_penalty: float = option(
        0.0, "Text: weight of the mean square of outputs, as they are after dropout"
    )
    temporal_penalty: float = option(
        0.0, "Text: weight of the mean square of what outputs change by in a step"
    )
    auxiliary: float = option(0.0, "Weight of an auxiliary head's loss; 0 has none")
    shift: int = option(
        0,
        "Pixels, at most, that images are shifted by in training",
        most=_MOST_SHIFT,
    )
    flip: bool = option(False, "Whether half of the images are mirrored in training")
    cutout: int = option(
        0, "Side in pixels of the square cut out of images in training"
    )
    dtype: str = option(
        "auto",
        "Type of the convolutions: bfloat16, float32; auto is float32 on CPU alone",
    )
    specialised: bool = option(
        False, "Whether each architecture has a program of its own, compiled for it"
    )
    time_limit_s: float = option(
        0.0, "Seconds a child may train, one at a time then; 0 is no limit"
    )
    memory_limit_mib: float = option(
        0.0, "Memory a training step may need on a device; 0 is no limit"
    )

    def __post_init__(self):
        prefix = f"{self.section}."
        check_types(self, prefix)
        for name in _SIZES:
            value = getattr(self, name)
            # At least 1, but 0 where a final training means "as in the search".
            if value < (name not in self._may_be_zero):
                raise ValueError(
                    f"{prefix}{name} must be a positive integer, got {value}."
                )
        if self.micro_batches < 1 or self.batch_size % self.micro_batches:
            raise ValueError(
                f"{prefix}micro_batches must divide batch_size={self.batch_size}, got "
                f"{self.micro_batches}."
            )
        if not 0 <= self.window_spread <= self.window:
            raise ValueError(
                f"{prefix}window_spread must be 0 to window={self.window}, got "
                f"{self.window_spread}."
            )
        check_positive(self, "learning_rate", "grad_clip", prefix=prefix)
        # Below 1, since what is kept is divided by the share that is, see `Noise`.
        for name in _SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{prefix}{name} must be in [0, 1), got {getattr(self, name)}."
                )
        check_at_least(0, self, *_NOT_NEGATIVE, prefix=prefix)
        check_choice(f"{prefix}schedule", self.schedule, _SCHEDULES)
        check_choice(f"{prefix}dtype", self.dtype, _DTYPES)


@documented
@dataclasses.dataclass(frozen=True)
class ChildConfig(TrainingConfig):
    """How the children of a search are built and trained."""

    budgets: tuple[int, ...] = option(
        (),
        "Epochs that a child may be trained for, ascending to all; strategies such as "
        "successive_halving choose among them. Empty for epochs // 3 ** k.",
    )
    at_once: int = option(
        1,
        "Children that a device trains in one program, each computing all operations: "
        "more may pay on a GPU where networks are small, and do not on a CPU",
    )

    def __post_init__(self):
        super().__post_init__()
        prefix = f"{self.section}."
        check_at_least(1, self, "at_once", prefix=prefix)
        for name in ("specialised", "time_limit_s"):
            if self.at_once > 1 and getattr(self, name):
                raise ValueError(
                    f"{prefix}at_once must be 1 with {prefix}{name}, where children "
                    f"train one by one, got {self.at_once}."
                )
        steps = itertools.pairwise((0, *self.budgets))
        ascend = all(low < high for low, high in steps)
        if self.budgets and not (ascend and self.budgets[-1] == self.epochs):
            raise ValueError(
                f"{prefix}budgets must be epochs that ascend to all "
                f"{self.epochs}, got {list(self.budgets)}."
            )

    @property
    def all_budgets(self) -> tuple[float, ...]:
        """Epochs that a child may be trained for, ascending, all of them last."""
        thirds = (self.epochs // 3**k for k in range(self.epochs))
        chosen = self.budgets or sorted(set(thirds) - {0})
        return tuple(map(float, chosen))


@documented
@dataclasses.dataclass(frozen=True)
class FinalConfig(TrainingConfig):
    """How the final choice is trained, before the test part is read."""

    section: ClassVar[str] = "train"
    _may_be_zero: ClassVar[tuple[str, ...]] = (
        "channels",
        "cells_per_stage",
        "batch_size",
    )

    channels: int = option(0, "Channels of the first stage; 0 is as in the search")
    cells_per_stage: int = option(0, "Normal cells a stage; 0 is as in the search")
    epochs: int = option(40, "Passes over the training examples")
    batch_size: int = option(0, "Examples a step; 0 is as in the search")
    shift: int = option(
        1, "Pixels, at most, that images are shifted by in training", most=_MOST_SHIFT
    )

    def after(self, search: TrainingConfig) -> "FinalConfig":
        """Replaces 0 in channels, cells_per_stage and batch_size by the search's."""
        return dataclasses.replace(
            self,
            **{
                name: getattr(self, name) or getattr(search, name)
                for name in self._may_be_zero
            },
        )


class Recipe(NamedTuple):
    """The hyperparameters that a compiled program takes as numbers.

    Fields are those of `TrainingConfig` of the same names, but for the last two;
    `augmentation` is what the task reads of the config, see `Task.amounts`.
    """

    learning_rate: float
    momentum: float
    weight_decay: float
    grad_clip: float
    drop_path: float
    dropout: float
    dropout_embedding: float
    dropout_input: float
    dropout_hidden: float
    dropout_weight: float
    activation_penalty: float
    temporal_penalty: float
    auxiliary: float
    decay: float  # 1 where a cosine takes the learning rate to 0, else 0
    augmentation: PyTree

    @classmethod
    def of(cls, config: TrainingConfig, augmentation: PyTree = None) -> "Recipe":
        """Reads the numbers of a config, as arrays of fixed types.

        So another learning rate is another argument, not another program.
        """
        numbers = {
            name: jnp.float32(getattr(config, name))
            for name in cls._fields
            if name not in ("decay", "augmentation")
        }
        decay = jnp.float32(config.schedule == "cosine")
        return cls(**numbers, decay=decay, augmentation=augmentation)

    def rate(self, progress: Array) -> Array:
        """Returns the learning rate at `progress`, see `optimizer`."""
        # From 1 at the first step to 0 after the last, over the whole training.
        cosine = 0.5 * (1 + jnp.cos(jnp.pi * progress))
        return self.learning_rate * jnp.where(self.decay, cosine, 1.0)

    def optimizer(self, progress: Array) -> optax.GradientTransformation:
        """Returns the optimiser at `progress`, 0 at the first step, 1 after the last.

        Clips first and decays next: the released code clips the sum of both, but here
        the parameters that an architecture does not use would count in its norm.
        """
        learning_rate = self.rate(progress)
        return optax.chain(
            optax.clip_by_global_norm(self.grad_clip),
            optax.add_decayed_weights(self.weight_decay),
            optax.sgd(learning_rate, self.momentum, nesterov=True),
        )

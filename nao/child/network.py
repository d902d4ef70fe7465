"""What a network offers to whatever trains, measures or saves children."""

from collections.abc import Hashable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from nao.child.recipe import Recipe, TrainingConfig
from nao.child.task import Task
from nao.spaces import Space
from nao.types import Array, PyTree

# `params`, and `batch_stats`: running averages, an empty dictionary where there are
# none. Both are trees of arrays.
Variables = dict[str, PyTree]


class Output(NamedTuple):
    """What a network says of a batch."""

    outputs: PyTree  # [batch, ...], what the task's loss reads
    auxiliary: PyTree | None = None  # the same by an auxiliary head, in training
    carry: PyTree | None = None  # what the batch after this one begins with
    # What training adds to the loss, by the name of its weight in the recipe.
    penalties: Mapping[str, Array] | None = None


class ChildNet(Protocol):
    """The network of a space: of any of its architectures, or of one alone.

    A universal network reads the architecture as integers, so that one compiled program
    serves a whole search. `specialise` makes the network of one architecture, for a
    long training or an export; for equal parameters both compute the same. Networks are
    hashed and compared by their settings, since programs are compiled for them: frozen
    dataclasses, as modules of Flax are.

    `nao.child.StagedNet` implements it for images, `nao.child.FlaxNet` for any module
    of Flax, which then adds nothing but its `__call__`.

    Attributes:
        arch: The one architecture it is for; None for any.
        input_shape: Shape of one input.
        free_axes: Axes of an input that an exported network takes at any length, such
            as the window of a text; mostly none.
        noise_axes: Of each array of `make_noise`, which axis is the batch; a tree of
            the same structure.
    """

    arch: Hashable | None
    input_shape: tuple[int, ...]
    free_axes: tuple[int, ...]
    noise_axes: PyTree

    @classmethod
    def of(cls, space: Space, task: Task, config: TrainingConfig) -> "ChildNet":
        """Returns the network for any architecture of a space.

        Args:
            space: What `arch` is read by, see `Space.architecture`.
            task: What it learns: shapes of inputs, number of outputs.
            config: How large it is, `channels` and `cells_per_stage` for instance.

        Raises:
            ValueError: If it can't learn that, or the space has what it does not know.
        """

    def in_training(
        self, dtype: str, axis_name: str | None, auxiliary: bool
    ) -> "ChildNet":
        """Returns the same network as a trainer runs it.

        Args:
            dtype: What the costly operations compute in, `float32` or `bfloat16`.
            axis_name: The mapped axis of devices that share a batch, over which norms
                take their means; None for one device.
            auxiliary: Whether an auxiliary head is trained beside the output.

        Raises:
            ValueError: If it has no auxiliary head.
        """

    def draw(self, key: Array) -> Variables:
        """Draws the variables that training begins with; can be traced."""

    def initial_carry(self, batch: int) -> PyTree | None:
        """Returns what the first of several batches begins with, [batch, ...] each.

        None where the network reads every batch by itself.
        """

    def make_noise(
        self, key: Array, batch: int, progress: Array, recipe: Recipe
    ) -> PyTree | None:
        """Draws what one training step drops, for a whole batch; None for nothing.

        Args:
            key: Randomness of the step.
            batch: Examples of the step; devices and micro-batches get their rows.
            progress: 0 at the first step, 1 after the last.
            recipe: Shares that are dropped, as numbers of a traced program.
        """

    def forward(
        self,
        variables: Variables,
        inputs: Array,
        arch: Array | None,
        *,
        train: bool,
        noise: PyTree | None = None,
        carry: PyTree | None = None,
        length: Array | None = None,
    ) -> tuple[Output, PyTree]:
        """Returns what it says of a batch, and the new running averages.

        Args:
            variables: As `draw` returns them.
            inputs: [batch, *input_shape], normalised as the task says.
            arch: int32, one row of `Space.architecture`; not read where the network is
                for one architecture.
            train: Whether to normalise by the batch and to update running averages.
            noise: What is dropped; None drops nothing.
            carry: What the batch before this one left; None is the initial one.
            length: Tokens of the windows that count, int32: what is carried is left by
                the last of them, and penalties are theirs. Given only in training, and
                only where `Task.window_spread` is not 0; others need not take it.
        """

    def specialise(self, arch: np.ndarray) -> "ChildNet":
        """Returns the network of one architecture alone."""

    def extract(self, variables: Variables, arch: np.ndarray) -> Variables:
        """Picks the variables of `specialise(arch)` out of the universal network's."""

    def trained(
        self, variables: Variables, arch: np.ndarray
    ) -> tuple["ChildNet", Variables]:
        """Returns what is kept of a trained network, without what trained it alone.

        Args:
            variables: Of this network, universal or of one architecture.
            arch: The architecture.

        Returns:
            The network of the architecture, without auxiliary head and devices, and
            its variables.
        """

    def num_parameters(self, arch: np.ndarray | None = None) -> int:
        """Counts the parameters of one architecture; None counts this network's own.

        Exactly, an auxiliary head left out, and without training anything.
        """

    def num_multiply_adds(self, arch: np.ndarray) -> int:
        """Counts the multiply-adds that one architecture spends on one example."""

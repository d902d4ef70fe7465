"""What networks of all spaces have in common: three stages, one tree of variables."""

from typing import Any

import flax.linen as nn
import numpy as np

from nao.child import parameters
from nao.child.network import Output, Variables
from nao.child.noise import Noise
from nao.child.recipe import TrainingConfig
from nao.child.task import Task
from nao.types import Array, PyTree

NUM_STAGES = 3


def stage_channels(first: int, stage: int) -> int:
    """Returns the channels of a stage: twice those of the stage before.

    Args:
        first: Channels of the first stage.
        stage: Number of the stage, from 0.
    """
    return first * 2**stage


class StagedNet(nn.Module):
    """A network of images whose channels double at each new stage: a `ChildNet`.

    One of a space's own extends it by

    *   fields `channels` (of the first stage), `num_outputs` and `image_shape` (height,
        width, channels); `arch`, the one architecture it is for, None in the universal
        network; and `axis_name`, `auxiliary` and `dtype`, which the trainer sets;
    *   `of(space, task, config)`, which has `sizes(task, config)` to begin with;
    *   `initial()`: what the parameters start as, with `parameters.Initial` as leaves;
        `_init_stats()`: the running averages to start with;
    *   `__call__(images, arch, train, noise)`: outputs [batch, num_outputs], and those
        of the auxiliary head or None. It reads `self.params` and `self.stats.value`,
        and with `train` sets the latter to the new running averages;
    *   `specialise`, `extract`, `make_noise`, `num_parameters` and
        `num_multiply_adds`, as `ChildNet` describes them; noise is a `Noise`.
    """

    free_axes = ()
    noise_axes = Noise(paths=2, features=0)

    @staticmethod
    def sizes(task: Task, config: TrainingConfig) -> dict[str, Any]:
        """Returns the sizes of a network, by its fields.

        Raises:
            ValueError: If the task's inputs are no images.
        """
        if len(task.input_shape) != 3:
            raise ValueError(
                "Children of this space read images [num, height, width, channels], "
                f"got inputs [num, {', '.join(map(str, task.input_shape))}] of "
                f"{task.name}."
            )
        return {
            "channels": config.channels,
            "cells_per_stage": config.cells_per_stage,
            "num_outputs": task.num_outputs,
            "image_shape": task.input_shape,
        }

    def setup(self) -> None:
        """Declares all parameters and statistics."""
        self.params = self.param("net", parameters.draw, self.initial())
        self.stats = self.variable("batch_stats", "net", self._init_stats)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.image_shape

    def in_training(
        self, dtype: str, axis_name: str | None, auxiliary: bool
    ) -> "StagedNet":
        """Returns the same network as a trainer runs it."""
        return self.clone(dtype=dtype, axis_name=axis_name, auxiliary=auxiliary)

    def draw(self, key: Array) -> Variables:
        """Draws the variables that training begins with."""
        return self.init(key, method="declare")

    def declare(self) -> None:
        """Is the entry point of `draw`.

        `setup` creates all variables; no forward pass is traced, which would take
        seconds.
        """

    def initial_carry(self, batch: int) -> None:
        """Returns None: images are read one by one."""

    def forward(
        self,
        variables: Variables,
        inputs: Array,
        arch: Array | None,
        *,
        train: bool,
        noise: Noise | None = None,
        carry: None = None,
    ) -> tuple[Output, PyTree]:
        """Returns what it says of images, and the new running averages."""
        del carry
        if not train:
            outputs, _ = self.apply(variables, inputs, arch, train=False)
            return Output(outputs), variables["batch_stats"]
        (outputs, auxiliary), updates = self.apply(
            variables, inputs, arch, train=True, noise=noise, mutable="batch_stats"
        )
        return Output(outputs, auxiliary), updates["batch_stats"]

    def trained(
        self, variables: Variables, arch: np.ndarray
    ) -> tuple["StagedNet", Variables]:
        """Returns the network of one architecture, its auxiliary head left out."""
        net = self.clone(axis_name=None, auxiliary=False)
        if net.arch is None:
            variables = net.extract(variables, arch)
            net = net.specialise(arch)
        return net, {
            kind: {"net": {k: v for k, v in tree["net"].items() if k != "auxiliary"}}
            for kind, tree in variables.items()
        }

    def initial(self) -> PyTree:
        """Returns what the parameters start as."""
        raise NotImplementedError

    def _init_stats(self) -> PyTree:
        """Returns the running averages to start with."""
        raise NotImplementedError

    def _channels(self, stage: int) -> int:
        return stage_channels(self.channels, stage)

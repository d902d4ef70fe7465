"""What networks of all spaces have in common: three stages, one tree of variables."""

import flax.linen as nn

from nao.child import parameters
from nao.types import PyTree

NUM_STAGES = 3


def stage_channels(first: int, stage: int) -> int:
    """Returns the channels of a stage: twice those of the stage before.

    Args:
        first: Channels of the first stage.
        stage: Number of the stage, from 0.
    """
    return first * 2**stage


class StagedNet(nn.Module):
    """A network whose channels double at each new stage.

    Whatever trains, measures or saves children knows a network by what is listed here,
    so the network of a space must have

    *   fields `channels` (of the first stage), `num_classes` and `image_shape` (height,
        width, channels); `arch`, the one architecture it is for, None in the universal
        network; and `axis_name`, `auxiliary` and `dtype`, which the trainer sets;
    *   `initial()`: what the parameters start as, with `parameters.Initial` as leaves;
        `_init_stats()`: the running averages to start with;
    *   `__call__(images, arch, train, noise)`: scores [batch, num_classes], and those
        of the auxiliary head or None. It reads `self.params` and `self.stats.value`,
        and with `train` sets the latter to the new running averages;
    *   `specialise(arch)`: the network of one architecture alone;
    *   `extract(variables, arch)`: the variables of `specialise(arch)`, picked out of
        those of the universal network;
    *   `make_noise(key, batch, progress, drop_path, dropout)`: what one step drops;
    *   `num_parameters(arch)` and `num_multiply_adds(arch)`: what one architecture
        costs, exactly, its auxiliary head left out.
    """

    def setup(self) -> None:
        """Declares all parameters and statistics."""
        self.params = self.param("net", parameters.draw, self.initial())
        self.stats = self.variable("batch_stats", "net", self._init_stats)

    def declare(self) -> None:
        """Is the entry point of `net.init(key, method="declare")`.

        `setup` creates all variables; no forward pass is traced, which would take
        seconds.
        """

    def initial(self) -> PyTree:
        """Returns what the parameters start as."""
        raise NotImplementedError

    def _init_stats(self) -> PyTree:
        """Returns the running averages to start with."""
        raise NotImplementedError

    def _channels(self, stage: int) -> int:
        return stage_channels(self.channels, stage)

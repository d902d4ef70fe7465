"""What networks of all spaces have in common: three stages, one tree of variables."""

import flax.linen as nn

from nao.child import parameters
from nao.types import PyTree

NUM_STAGES = 3


class StagedNet(nn.Module):
    """A network whose channels double at each new stage.

    A network has the field `channels`, of its first stage, says what its parameters
    start as, and reads both trees in `__call__` as `params` and `stats`.
    """

    def setup(self):
        """Declares all parameters and statistics."""
        self.params = self.param("net", parameters.draw, self.initial())
        self.stats = self.variable("batch_stats", "net", self._init_stats)

    def declare(self) -> None:
        """Does nothing: initialising through it traces no network."""

    def initial(self) -> PyTree:
        """Returns what the parameters start as."""
        raise NotImplementedError

    def _init_stats(self) -> PyTree:
        raise NotImplementedError

    def _channels(self, stage: int) -> int:
        return self.channels * 2**stage

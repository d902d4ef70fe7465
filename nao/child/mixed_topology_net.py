"""The network of NAS-Bench-201 whose six edges each mix all operations.

Norms inside the cells are without scales and biases, and poolings have one, too, as in
`MixedConvNet`; what stands between the cells is that of `TopologyNet`.
"""

import jax.numpy as jnp
import numpy as np

from nao.child import parameters
from nao.child.branches import Packing
from nao.child.mixture import Edges, mix_edges
from nao.child.staged_net import NUM_STAGES
from nao.child.topology_net import TopologyNet
from nao.spaces.nasbench201 import EDGES
from nao.types import PyTree

_WRITES, _READS = np.array(EDGES).T


class MixedTopologyNet(TopologyNet):
    """Maps images to class scores by mixtures of all operations.

    As architecture it reads weights of operations, float32 [1, 6, num_operations].

    Attributes:
        one_path: Whether at most one operation of an edge has a weight, and is
            computed.
    """

    one_path: bool = False

    @property
    def weights_shape(self) -> tuple[int, int, int]:
        """Kinds of cells, edges of a cell, and operations."""
        return 1, len(EDGES), len(self.operations)

    def _run_universal(self, stage, vectors, running, x, arch, train, keep):
        """Mixes the edges of a cell, in one loop."""
        del keep  # nothing is dropped
        (packing,) = self._packings(stage)
        zeros = [jnp.zeros_like(x)] * _WRITES.max()
        states, running = mix_edges(
            packing.branches(1, train, self.axis_name),
            jnp.stack([x, *zeros]),
            None,
            (vectors, running),
            arch[0],
            Edges(_READS, _WRITES),
            self.one_path,
        )
        return states[-1], running

    def _packings(self, stage: int) -> list[Packing]:
        """How the parameters of every edge lie in its vector."""
        return [Packing(self.operations, self._channels(stage), (1,), affine=False)]

    def _init_stats(self) -> PyTree:
        """Returns the running averages to start with, of every operation its own."""
        stats = super()._init_stats()
        for stage in range(NUM_STAGES):
            num_norms, c = self._packings(stage)[0].num_norms, self._channels(stage)
            lead = self.cells_per_stage, len(EDGES), len(self.operations)
            stats[f"stage_{stage}"] = parameters.init_running(*lead, num_norms, c)
        return stats

"""The network of NAS-Bench-201 (Dong & Yang, 2020, arXiv:2001.00326, section 2.1).

A cell is a graph of four nodes; every edge is an operation on an earlier node, and a
node is the sum of its incoming edges. Three stages of equal cells, a residual block
of stride 2 that doubles the channels between them. As in `nao.child.conv_net`, the
architecture is data, or `arch` builds the network of one alone.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.child import parameters, primitives
from nao.child.branch_loop import Wiring, run_branches, spare_identities
from nao.child.branches import Packing
from nao.child.noise import Noise, drop
from nao.child.norms import Norms
from nao.child.operations import get_operations, is_identity
from nao.child.recipe import Recipe, TrainingConfig
from nao.child.staged_net import NUM_STAGES, StagedNet
from nao.child.task import Task
from nao.spaces.nasbench201 import EDGES, OPERATIONS, NASBench201
from nao.types import Array, PyTree

_NUM_NODES = 4  # of a cell: its input, two inner ones, its output


class TopologyNet(StagedNet):
    """Maps images to class scores, for any cell or for `arch`.

    Attributes:
        operations: Names of the operations an architecture's indices point at.
        channels: Channels of the first stage; 16 in the benchmark.
        cells_per_stage: Cells of a stage; 5 in the benchmark.
        num_outputs: Number of scores.
        image_shape: Height, width and channels of the images.
        auxiliary: Must be False: the benchmark's network has no auxiliary head.
        arch: The one architecture it is for, an operation per edge; None for any.
        axis_name: Devices that share a batch, as a mapped axis.
        dtype: What convolutions compute in; norms and scores are float32.
    """

    operations: tuple[str, ...]
    channels: int
    cells_per_stage: int
    num_outputs: int
    image_shape: tuple[int, int, int]
    auxiliary: bool = False
    arch: tuple[int, ...] | None = None
    axis_name: str | None = None
    dtype: str = "float32"

    @classmethod
    def of(
        cls, space: NASBench201, task: Task, config: TrainingConfig
    ) -> "TopologyNet":
        """Returns the network for any cell of the space, see `ChildNet.of`."""
        del space  # There is one, always with the same operations.
        return cls(OPERATIONS, **cls.sizes(task, config))

    def __call__(
        self,
        images: Array,
        arch: Array | None,
        train: bool,
        noise: Noise | None = None,
    ) -> tuple[Array, None]:
        """Returns scores [batch, num_outputs], and None for an auxiliary head's.

        Args:
            images: float32 [batch, height, width, channels], normalised.
            arch: int32 [6], the operation of each edge; not read where the network is
                for one architecture.
            train: Whether to normalise by the batch and to update the running averages.
            noise: What is dropped; None drops nothing.
        """
        params, stats, new = self.params, self.stats.value, {}
        arch = arch if self.arch is None else self.arch

        def normalise(name, x):
            norms = Norms(params[name]["norm"], stats[name], train, self.axis_name)
            x = norms(0, x)
            new[name] = norms.running
            return x

        def convolve(name, x, stride=1):
            kernel = params[name]["kernel"].astype(x.dtype)
            return normalise(name, primitives.convolution(x, kernel, (stride, stride)))

        x = convolve("stem", images.astype(self.dtype))
        for stage in range(NUM_STAGES):
            if stage:
                name = f"block_{stage}"
                inside = convolve(f"{name}_first", jax.nn.relu(x), 2)
                inside = convolve(f"{name}_second", jax.nn.relu(inside))
                kernel = params[f"{name}_skip"].astype(x.dtype)
                # The block's skip: averages of 2x2 pixels, no norm.
                pooled = primitives.avg_pool(x, 2, 2)
                x = primitives.pointwise(pooled, kernel) + inside
            name = f"stage_{stage}"
            keep = None if noise is None else noise.paths[self._numbers(stage)]
            x, new[name] = self._run_stage(
                stage, params[name], stats[name], x, arch, train, keep
            )
        x = jax.nn.relu(normalise("last", x)).astype(jnp.float32).mean((1, 2))
        if noise is not None:
            x = x * noise.features
        if train:
            self.stats.value = new
        return x @ params["head"] + params["head_bias"], None

    def _run_stage(self, stage, vectors, running, x, arch, train, keep):
        """Runs the cells of a stage: in one loop where they are equal."""
        if self.arch is None:

            def step(x, xs):
                return self._run_universal(stage, *xs[:2], x, arch, train, xs[2])

            return lax.scan(step, x, (vectors, running, keep))
        after = []
        for number, variables in enumerate(zip(vectors, running, strict=True)):
            own = None if keep is None else keep[number]
            x, new = self._run_concrete(stage, *variables, x, arch, train, own)
            after.append(new)
        return x, after

    def _run_universal(self, stage, vectors, running, x, arch, train, keep):
        """Runs the edges of a cell in one loop."""
        (packing,) = self._packings(stage)
        # Edges are sorted by the node they go to, so a node is complete when it is
        # read, and the last state is the cell's output.
        states = jnp.stack([x, *[jnp.zeros_like(x)] * (_NUM_NODES - 1)])
        to, of = jnp.array(EDGES, jnp.int32).T
        states, running = run_branches(
            tuple(packing.branches(1, train, self.axis_name)),
            (states,),
            vectors,
            running,
            Wiring(arch, (of,), to),
            spare_identities(keep, self.operations, arch),
        )
        return states[-1], running

    def _run_concrete(self, stage, vectors, running, x, arch, train, keep):
        """Runs the edges of a cell of one architecture one after the other."""
        states, after = [x] + [0.0] * (_NUM_NODES - 1), []
        edges = zip(EDGES, arch, self._packings(stage), vectors, running, strict=True)
        for number, ((to, of), operation, packing, vector, before) in enumerate(edges):
            (branch,) = packing.branches(1, train, self.axis_name)
            out, new = branch(vector, before, states[of] + jnp.zeros_like(x))
            if keep is not None and not is_identity(self.operations[operation]):
                out = drop(out, keep[number])
            states[to] = states[to] + out
            after.append(new)
        return states[-1], after

    def specialise(self, arch: np.ndarray) -> "TopologyNet":
        """Returns the network of one architecture [6] alone."""
        return self.clone(arch=tuple(int(i) for i in np.asarray(arch)))

    def extract(self, variables: PyTree, arch: np.ndarray) -> PyTree:
        """Picks one architecture's variables out of the universal network's.

        Args:
            variables: `params` and `batch_stats` of this universal network.
            arch: int32 [6].

        Returns:
            Variables of `specialise(arch)`.
        """
        own = self.specialise(arch)
        params = dict(variables["params"]["net"])
        stats = dict(variables["batch_stats"]["net"])
        for stage in range(NUM_STAGES):
            name = f"stage_{stage}"
            (packing,) = self._packings(stage)
            params[name] = [
                [
                    packing.extract(i, 1, vector)
                    for i, vector in zip(own.arch, cell, strict=True)
                ]
                for cell in params[name]
            ]
            stats[name] = [
                [
                    running[: alone.num_norms]
                    for alone, running in zip(own._packings(stage), cell, strict=True)
                ]
                for cell in stats[name]
            ]
        return {"params": {"net": params}, "batch_stats": {"net": stats}}

    @property
    def num_cells(self) -> int:
        """Cells of all stages; residual blocks are not searched."""
        return NUM_STAGES * self.cells_per_stage

    def make_noise(
        self, key: Array, batch: int, progress: Array, recipe: Recipe
    ) -> Noise:
        """Draws what is dropped in one step, as `ConvNet.make_noise` does."""
        return Noise.draw(
            key,
            (self.num_cells, len(EDGES), batch),
            self._channels(NUM_STAGES - 1),
            progress,
            recipe,
        )

    def num_parameters(self, arch: np.ndarray | None = None) -> int:
        """Counts the parameters of one architecture [6]; None counts its own."""
        net = self if arch is None else self.specialise(arch)
        return parameters.count(net.initial())

    def num_multiply_adds(self, arch: np.ndarray) -> int:
        """Counts the multiply-adds that one architecture spends on one image."""
        operations = get_operations(self.operations)
        height, width, image_channels = self.image_shape
        total = height * width * 9 * image_channels * self.channels
        for stage in range(NUM_STAGES):
            c = self._channels(stage)
            if stage:
                height, width = -(-height // 2), -(-width // 2)
                # The block: two 3x3 convolutions and a pointwise one beside them.
                total += height * width * (9 * c * c // 2 + 9 * c * c + c * c // 2)
            cell = sum(
                operations[operation].num_multiply_adds(c, 1, (height, width))
                for operation in np.asarray(arch).tolist()
            )
            total += self.cells_per_stage * cell
        return total + c * self.num_outputs

    def initial(self) -> PyTree:
        """Returns what the parameters start as."""
        if self.auxiliary:
            raise ValueError(
                "auxiliary must be 0 in space nasbench201, whose network has no "
                "auxiliary head."
            )
        c = self.channels
        initial = {"stem": parameters.conv_norm(3, 3, self.image_shape[-1], c)}
        for stage in range(NUM_STAGES):
            c = self._channels(stage)
            if stage:
                name = f"block_{stage}"
                initial[f"{name}_first"] = parameters.conv_norm(3, 3, c // 2, c)
                initial[f"{name}_second"] = parameters.conv_norm(3, 3, c, c)
                initial[f"{name}_skip"] = parameters.kernel(c // 2, c)
            vectors = [
                parameters.Initial((packing.size,), packing.mean, packing.deviation)
                for packing in self._packings(stage)
            ]
            if self.arch is None:
                # [cells, edges, size]: one loop over the first axis, one inside it.
                cells = parameters.stack(
                    parameters.stack(vectors[0], len(EDGES)), self.cells_per_stage
                )
            else:
                cells = [vectors] * self.cells_per_stage
            initial[f"stage_{stage}"] = cells
        initial["last"] = {"norm": parameters.scale_bias(1, c)}
        initial["head"] = parameters.kernel(c, self.num_outputs)
        initial["head_bias"] = parameters.zeros(self.num_outputs)
        return initial

    def _init_stats(self) -> PyTree:
        """Returns the running averages to start with."""
        stats = {"stem": parameters.init_running(1, self.channels)}
        for stage in range(NUM_STAGES):
            c = self._channels(stage)
            if stage:
                for part in ("first", "second"):
                    name = f"block_{stage}_{part}"
                    stats[name] = parameters.init_running(1, c)
            # Of the universal program, the most of any operation; else each edge's own.
            running = [packing.num_norms for packing in self._packings(stage)]
            num = self.cells_per_stage
            if self.arch is None:
                cells = parameters.init_running(num, len(EDGES), running[0], c)
            else:
                cells = [[parameters.init_running(n, c) for n in running]] * num
            stats[f"stage_{stage}"] = cells
        stats["last"] = parameters.init_running(1, c)
        return stats

    def _packings(self, stage: int) -> list[Packing]:
        """How the parameters of every edge lie in its vector; one if universal."""
        c = self._channels(stage)
        if self.arch is None:
            return [Packing(self.operations, c, (1,))]
        return [Packing((self.operations[i],), c, (1,)) for i in self.arch]

    def _numbers(self, stage: int) -> slice:
        """Numbers of a stage's cells among all, by which paths are dropped."""
        return slice(stage * self.cells_per_stage, (stage + 1) * self.cells_per_stage)

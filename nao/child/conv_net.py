"""The convolutional child: one program for every architecture, or one's own.

Tracing and compiling a network per architecture costs many times what training a small
child does, so in a search the architecture enters as integers (`nao.child.cell`). With
`arch` set, the same code builds the network of one architecture alone.

The network is NAO's (Luo et al., 2018, arXiv:1808.07233), NASNet's and DARTS's: a
stem, three stages of normal cells, a reduction cell before the second and the third
that doubles the channels, and a linear classifier on the mean over pixels.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.child import auxiliary, extraction, parameters, primitives
from nao.child.cell import Arch, pad_channels
from nao.child.keeping import keeping
from nao.child.layout import STEM_STATES, Layout
from nao.child.noise import Noise
from nao.child.norms import Norms
from nao.child.operations import get_operations
from nao.child.recipe import Recipe, TrainingConfig
from nao.child.staged_net import NUM_STAGES, StagedNet
from nao.child.task import Task
from nao.files import as_tuples
from nao.spaces.conv_cell import NUM_INPUTS, ConvCell, Join
from nao.types import Array, PyTree


class ConvNet(StagedNet):
    """Maps images to class scores, for any architecture or for `arch`.

    Attributes:
        operations: Names of the operations an architecture's indices point at.
        num_nodes: Nodes of a cell, its two inputs not counted.
        channels: Channels of the first stage.
        cells_per_stage: Normal cells of a stage (NAO's N: 3 N + 2 cells in all).
        num_outputs: Number of scores.
        image_shape: Height, width and channels of the images.
        join: What a cell's output concatenates: `loose`, `nodes`, or the numbers of the
            states in normal and in reduction cells.
        auxiliary: Whether it has an auxiliary head in training.
        arch: The one architecture it is for, [2, num_nodes, 2, 2]; None for any.
        axis_name: Devices that share a batch, as a mapped axis.
        dtype: What convolutions compute in; norms and scores are float32.
    """

    operations: tuple[str, ...]
    num_nodes: int
    channels: int
    cells_per_stage: int
    num_outputs: int
    image_shape: tuple[int, int, int]
    join: Join = "loose"
    auxiliary: bool = False
    arch: tuple[Arch, Arch] | None = None
    axis_name: str | None = None
    dtype: str = "float32"

    @classmethod
    def of(cls, space: ConvCell, task: Task, config: TrainingConfig) -> "ConvNet":
        """Returns the network for any architecture of a space, see `ChildNet.of`.

        Raises:
            ValueError: If an operation is unknown, or the task is not of images.
        """
        get_operations(space.operations)
        sizes = cls.sizes(task, config)
        return cls(space.operations, space.num_nodes, join=space.join, **sizes)

    def __call__(
        self,
        images: Array,
        arch: Array | None,
        train: bool,
        noise: Noise | None = None,
    ) -> tuple[Array, Array | None]:
        """Returns scores [batch, num_outputs], and those of the auxiliary head.

        Args:
            images: float32 [batch, height, width, channels], normalised.
            arch: int32 [2, num_nodes, 2, 2]: cell (0 normal, 1 reduction), node,
                branch, (input, operation). Inputs 0 and 1 are the cell before last
                and the last cell, 2 + i is node i. Not read where the network is for
                one architecture.
            train: Whether to normalise by the batch and to update the running
                averages (the collection `batch_stats` must then be mutable).
            noise: What is dropped; None drops nothing.
        """
        params, stats, new = self.params, self.stats.value, {}
        archs = arch if self.arch is None else self.arch
        x, new["stem"] = self._stem(images, train)
        s0 = s1 = x
        paths = None if noise is None else noise.paths
        # The first axis of `paths` numbers all cells, in the order they are run.
        auxiliary_scores, number = None, 0
        for stage in range(NUM_STAGES):
            skip = None
            if stage:
                skip, new[f"skip_{stage}"] = self._skip(stage, s1, train)
                name = f"reduction_{stage}"
                keep = None if paths is None else paths[number]
                reduced, new[name] = self.layout.cell(stage, None).apply(
                    params[name], stats[name], (s0, s1), archs[1], train, keep
                )
                s0, s1, number = None, reduced, number + 1
            name, stop = f"stage_{stage}", number + self.cells_per_stage
            keep = None if paths is None else paths[number:stop]
            variables = params[name], stats[name]
            (s0, s1), first, new[name] = self._stage(
                stage, variables, (s0, s1), archs[0], train, keep, skip
            )
            number = stop
        if train:
            if self.auxiliary:
                # On the first normal cell after the second reduction, as released.
                auxiliary_scores, new["auxiliary"] = auxiliary.apply(
                    params["auxiliary"], stats["auxiliary"], first, self.axis_name
                )
            self.stats.value = new
        x = s1.astype(jnp.float32).mean((1, 2))
        if noise is not None:
            x = x * noise.features
        return x @ params["head"] + params["head_bias"], auxiliary_scores

    def _stem(self, images, train):
        """Returns the stem's output, as wide as cells read it, and its statistics."""
        params = self.params["stem"]
        x = images.astype(self.dtype)
        x = primitives.convolution(x, params["kernel"].astype(x.dtype))
        stats = self.stats.value["stem"]
        norms = Norms(params["norm"], stats, train, self.axis_name)
        x = jax.nn.relu(norms(0, x))  # as cells' outputs are
        running = norms.running
        if self.arch is None:
            x = pad_channels(x, self.layout.stem_width)
        return x, running

    def _skip(self, stage, x, train):
        """Returns the last output before a reduction at half its size, and statistics.

        The first cell after the reduction reads it beside the reduction's output.
        """
        name = f"skip_{stage}"
        params, stats = self.params[name], self.stats.value[name]
        return parameters.apply_pointwise(
            params, stats, x, train, self.axis_name, stride=2
        )

    def _stage(self, stage, variables, inputs, arch, train, keep, skip):
        """Runs the normal cells of a stage.

        Returns:
            The last two outputs, the first output, and the statistics.
        """
        if self.layout.is_looped:
            return self._scan_stage(stage, variables, inputs, arch, train, keep, skip)
        if self.layout.is_stacked:
            # One cell needs no loop; its variables are stacked all the same.
            variables = [jax.tree.map(lambda x: x[0], tree) for tree in variables]
            variables = [[tree] for tree in variables]
        outputs, stats = list(inputs), []
        for i in range(self.cells_per_stage):
            output, new = self.layout.cell(stage, i).apply(
                variables[0][i],
                variables[1][i],
                tuple(outputs[-2:]),
                arch,
                train,
                None if keep is None else keep[i],
                None if i else skip,
            )
            outputs.append(output)
            stats.append(new)
        if self.layout.is_stacked:
            stats = jax.tree.map(lambda x: x[None], stats[0])
        return outputs[-2:], outputs[2], stats

    def _scan_stage(self, stage, variables, inputs, arch, train, keep, skip):
        """Does the same in one loop, so that there is one cell in the program."""
        cell = self.layout.cell(stage, 0)
        s0, s1 = inputs
        # After a reduction the first cell's first input is larger than the others',
        # and comes calibrated as `skip`; zeros stand for it in the loop.
        s0 = jnp.zeros_like(s1) if s0 is None else s0

        def step(inputs, xs):
            (params, stats), keep, is_first = xs
            output, new = cell.apply(
                params,
                stats,
                inputs,
                arch,
                train,
                keep,
                skip,
                None if skip is None else is_first,
            )
            # All outputs are only kept where the auxiliary head reads the first.
            return (inputs[1], output), (output if self.auxiliary else None, new)

        is_first = jnp.arange(self.cells_per_stage) == 0
        inputs, (outputs, stats) = lax.scan(
            keeping(step), (s0, s1), (tuple(variables), keep, is_first)
        )
        return inputs, outputs[0] if self.auxiliary else None, stats

    def specialise(self, arch: np.ndarray) -> "ConvNet":
        """Returns the network of one architecture [2, num_nodes, 2, 2] alone."""
        return self.clone(arch=as_tuples(np.asarray(arch, int).tolist()))

    def extract(self, variables: PyTree, arch: np.ndarray) -> PyTree:
        """Picks one architecture's variables out of the universal network's.

        Args:
            variables: `params` and `batch_stats` of this universal network.
            arch: int32 [2, num_nodes, 2, 2].

        Returns:
            Variables of `specialise(arch)`.
        """
        own = self.specialise(arch).layout
        return extraction.extract(self.layout, own, variables, self.auxiliary)

    @property
    def layout(self) -> Layout:
        """Its cells, and how wide what they read is."""
        return Layout(
            self.operations,
            self.num_nodes,
            self.channels,
            self.cells_per_stage,
            self.join,
            self.arch,
            self.axis_name,
        )

    @property
    def num_cells(self) -> int:
        """Cells of all stages and reductions."""
        return len(self.layout.places)

    def make_noise(
        self, key: Array, batch: int, progress: Array, recipe: Recipe
    ) -> Noise:
        """Draws what is dropped in one step of `batch` images, see `Noise.draw`."""
        return Noise.draw(
            key,
            (self.num_cells, 2 * self.num_nodes, batch),
            self.layout.last.out_channels,
            progress,
            recipe,
        )

    def num_parameters(self, arch: np.ndarray | None = None) -> int:
        """Counts the parameters of one architecture, its auxiliary head left out.

        Args:
            arch: int32 [2, num_nodes, 2, 2]; None counts this network's own.
        """
        net = self if arch is None else self.specialise(arch)
        initial = net.initial()
        initial.pop("auxiliary", None)
        return parameters.count(initial)

    def num_multiply_adds(self, arch: np.ndarray) -> int:
        """Counts the multiply-adds that one architecture spends on one image."""
        layout = self.specialise(arch).layout
        *size, image_channels = self.image_shape
        total = math.prod(size) * 9 * image_channels * STEM_STATES * self.channels
        for stage, number in layout.places:
            cell = layout.cell(stage, number)
            total += cell.num_multiply_adds(size)
            if number is None:
                size = [-(-n // 2) for n in size]
                total += math.prod(size) * layout.skip_width(stage) * cell.channels
        return total + layout.last.out_channels * self.num_outputs

    def initial(self) -> PyTree:
        """Returns what the parameters start as.

        Raises:
            ValueError: If a node of `arch` reads one that is not before it.
        """
        _check_inputs(self.arch or ())
        layout, c = self.layout, self.channels
        stem = parameters.conv_norm(3, 3, self.image_shape[-1], STEM_STATES * c)
        initial = {"stem": stem}
        for stage in range(NUM_STAGES):
            cells = [layout.cell(stage, i) for i in range(self.cells_per_stage)]
            if stage:
                width = layout.skip_width(stage)
                initial[f"skip_{stage}"] = parameters.conv_norm(
                    width, cells[0].channels
                )
                initial[f"reduction_{stage}"] = layout.cell(stage, None).initial()
            # Universal cells of a stage are equal, so they are stacked for the loop.
            initial[f"stage_{stage}"] = (
                parameters.stack(cells[0].initial(), len(cells))
                if layout.is_stacked
                else [cell.initial() for cell in cells]
            )
        width = layout.last.out_channels
        initial["head"] = parameters.kernel(width, self.num_outputs)
        initial["head_bias"] = parameters.zeros(self.num_outputs)
        if self.auxiliary:
            initial["auxiliary"] = auxiliary.initial(
                width, self.image_shape, self.num_outputs
            )
        return initial

    def _init_stats(self) -> PyTree:
        """Returns the running averages to start with."""
        layout = self.layout
        stats = {"stem": parameters.init_running(1, STEM_STATES * self.channels)}
        for stage in range(NUM_STAGES):
            cells = [layout.cell(stage, i) for i in range(self.cells_per_stage)]
            if stage:
                c = cells[0].channels
                stats[f"skip_{stage}"] = parameters.init_running(1, c)
                stats[f"reduction_{stage}"] = layout.cell(stage, None).init_stats()
            of_cells = [cell.init_stats() for cell in cells]
            if layout.is_stacked:
                of_cells = jax.tree.map(lambda *x: jnp.stack(x), *of_cells)
            stats[f"stage_{stage}"] = of_cells
        if self.auxiliary:
            stats["auxiliary"] = auxiliary.init_stats()
        return stats


def _check_inputs(arch: tuple[Arch, ...]) -> None:
    for cell in arch:
        for node, branches in enumerate(cell):
            most = NUM_INPUTS + node - 1
            if any(source > most for source, _ in branches):
                raise ValueError(f"Inputs of node {node} must be 0 to {most}.")

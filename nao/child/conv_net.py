"""The convolutional child: one program for every architecture, or one's own.

Tracing and compiling a network per architecture costs many times what training a small
child does, so in a search the architecture enters as integers (`nao.child.cell`). With
`arch` set, the same code builds the network of one architecture alone.

The network is NAO's (Luo et al., 2018, arXiv:1808.07233), NASNet's and DARTS's: a
stem, three stages of normal cells, a reduction cell before the second and the third
that doubles the channels, and a linear classifier on the mean over pixels.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.child import auxiliary, parameters, primitives
from nao.child.cell import Arch, Cell, pad_channels, take_states
from nao.child.noise import Noise
from nao.child.norms import Norms
from nao.child.staged_net import NUM_STAGES, StagedNet
from nao.types import Array, PyTree

STEM_STATES = 3  # The stem's output has the channels of this many.

Join = str | tuple[tuple[int, ...], tuple[int, ...]]


class ConvNet(StagedNet):
    """Maps images to class scores, for any architecture or for `arch`.

    Attributes:
        operations: Names of the operations an architecture's indices point at.
        num_nodes: Nodes of a cell, its two inputs not counted.
        channels: Channels of the first stage.
        cells_per_stage: Normal cells of a stage (NAO's N: 3 N + 2 cells in all).
        num_classes: Number of scores.
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
    num_classes: int
    image_shape: tuple[int, int, int]
    join: Join = "loose"
    auxiliary: bool = False
    arch: tuple[Arch, Arch] | None = None
    axis_name: str | None = None
    dtype: str = "float32"

    def __call__(
        self,
        images: Array,
        arch: Array | None,
        train: bool,
        noise: Noise | None = None,
    ) -> tuple[Array, Array | None]:
        """Returns scores [batch, num_classes], and those of the auxiliary head.

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
        x = images.astype(self.dtype)
        x = primitives.convolution(x, params["stem"]["kernel"].astype(x.dtype))
        norms = Norms(params["stem"]["norm"], stats["stem"], train, self.axis_name)
        x = norms(0, x)
        new["stem"] = norms.running
        if self.arch is None:
            x = pad_channels(x, self._stem_width)
        s0 = s1 = x
        paths = None if noise is None else noise.paths
        auxiliary_scores, number = None, 0
        for stage in range(NUM_STAGES):
            skip = None
            if stage:
                name = f"skip_{stage}"
                skip, new[name] = parameters.apply_pointwise(
                    params[name], stats[name], s1, train, self.axis_name, stride=2
                )
                name = f"reduction_{stage}"
                keep = None if paths is None else paths[number]
                reduced, new[name] = self._cell(stage, None).apply(
                    params[name], stats[name], (s0, s1), archs[1], train, keep
                )
                s0, s1, number = None, reduced, number + 1
            name, stop = f"stage_{stage}", number + self.cells_per_stage
            keep = None if paths is None else paths[number:stop]
            (s0, s1), first, new[name] = self._stage(
                stage,
                (params[name], stats[name]),
                (s0, s1),
                archs[0],
                train,
                keep,
                skip,
            )
            number = stop
        if train:
            if self.auxiliary:
                auxiliary_scores, new["auxiliary"] = auxiliary.apply(
                    params["auxiliary"], stats["auxiliary"], first, self.axis_name
                )
            self.stats.value = new
        x = jax.nn.relu(s1).astype(jnp.float32).mean((1, 2))
        if noise is not None:
            x = x * noise.features
        return x @ params["head"] + params["head_bias"], auxiliary_scores

    def _stage(self, stage, variables, inputs, arch, train, keep, skip):
        """Runs the normal cells of a stage.

        Returns:
            The last two outputs, the first output, and the statistics.
        """
        num = self.cells_per_stage
        if self.arch is None and num > 1:
            return self._scan_stage(stage, variables, inputs, arch, train, keep, skip)
        if self.arch is None:
            variables = [jax.tree.map(lambda x: x[0], tree) for tree in variables]
            variables = [[tree] for tree in variables]
        outputs, stats = list(inputs), []
        for i in range(num):
            output, new = self._cell(stage, i).apply(
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
        if self.arch is None:
            stats = jax.tree.map(lambda x: x[None], stats[0])
        return outputs[-2:], outputs[2], stats

    def _scan_stage(self, stage, variables, inputs, arch, train, keep, skip):
        cell = self._cell(stage, 0)
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
            return (inputs[1], output), (output if self.auxiliary else None, new)

        is_first = jnp.arange(self.cells_per_stage) == 0
        inputs, (outputs, stats) = lax.scan(
            step, (s0, s1), (tuple(variables), keep, is_first)
        )
        return inputs, outputs[0] if self.auxiliary else None, stats

    def specialise(self, arch: np.ndarray) -> "ConvNet":
        """Returns the network of one architecture [2, num_nodes, 2, 2] alone."""
        nested = jax.tree.map(int, np.asarray(arch).tolist())
        as_tuple = tuple(
            tuple(tuple(tuple(branch) for branch in node) for node in cell)
            for cell in nested
        )
        return self.clone(arch=as_tuple)

    def extract(self, variables: PyTree, arch: np.ndarray) -> PyTree:
        """Picks one architecture's variables out of the universal network's.

        Args:
            variables: `params` and `batch_stats` of this universal network.
            arch: int32 [2, num_nodes, 2, 2].

        Returns:
            Variables of `specialise(arch)`.
        """
        own = self.specialise(arch)
        params, stats = variables["params"]["net"], variables["batch_stats"]["net"]
        new_params = {name: params[name] for name in ("stem", "head_bias")}
        new_stats = {"stem": stats["stem"]}
        num_states = self._bare(0, 0).num_states
        normal = self._bare(0, 0).positions(own._bare(0, 0))
        reduction = self._bare(1, None).positions(own._bare(1, None))
        produced = [list(range(STEM_STATES))]

        def pick(name, cell, own_cell, index, read):
            at = (lambda x: x) if index is None else (lambda x: x[index])
            trees = (jax.tree.map(at, tree[name]) for tree in (params, stats))
            return cell.extract(*trees, own_cell, read)

        for stage in range(NUM_STAGES):
            if stage:
                name = f"skip_{stage}"
                kernel = take_states(params[name]["kernel"], produced[-1], num_states)
                new_params[name] = params[name] | {"kernel": kernel}
                new_stats[name] = stats[name]
                name = f"reduction_{stage}"
                cells = self._cell(stage, None), own._cell(stage, None)
                read = [produced[-2:][0], produced[-1]]
                new_params[name], new_stats[name] = pick(name, *cells, None, read)
                produced.append(reduction)
            name, picked = f"stage_{stage}", []
            for i in range(self.cells_per_stage):
                read = [produced[-2:][0], produced[-1]]
                if stage and not i:
                    read[0] = None
                cells = self._cell(stage, i), own._cell(stage, i)
                picked.append(pick(name, *cells, i, read))
                produced.append(normal)
            new_params[name], new_stats[name] = map(list, zip(*picked, strict=True))
        new_params["head"] = take_states(params["head"], normal, num_states)
        if self.auxiliary:
            kernel = params["auxiliary"]["project"]["kernel"]
            project = params["auxiliary"]["project"] | {
                "kernel": take_states(kernel, normal, num_states)
            }
            new_params["auxiliary"] = params["auxiliary"] | {"project": project}
            new_stats["auxiliary"] = stats["auxiliary"]
        return {"params": {"net": new_params}, "batch_stats": {"net": new_stats}}

    @property
    def num_cells(self) -> int:
        """Cells of all stages and reductions."""
        return NUM_STAGES * self.cells_per_stage + NUM_STAGES - 1

    def make_noise(
        self, key: Array, batch: int, progress: Array, drop_path: Array, dropout: Array
    ) -> Noise:
        """Draws what is dropped in one step of `batch` images, see `Noise.draw`."""
        return Noise.draw(
            key,
            (self.num_cells, 2 * self.num_nodes, batch),
            self._last.out_channels,
            progress,
            drop_path,
            dropout,
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
        net = self.specialise(arch)
        height, width, image_channels = self.image_shape
        total = height * width * 9 * image_channels * STEM_STATES * self.channels
        for stage in range(NUM_STAGES):
            if stage:
                before = height, width
                height, width = -(-height // 2), -(-width // 2)
                total += height * width * net._skip_width(stage) * self._channels(stage)
                total += net._cell(stage, None).num_multiply_adds(before)
            for i in range(self.cells_per_stage):
                total += net._cell(stage, i).num_multiply_adds((height, width))
        return total + net._last.out_channels * self.num_classes

    def initial(self) -> PyTree:
        """Returns what the parameters start as."""
        c, (_, _, image_channels) = self.channels, self.image_shape
        initial = {"stem": parameters.conv_norm(3, 3, image_channels, STEM_STATES * c)}
        for stage in range(NUM_STAGES):
            if stage:
                c = self._channels(stage)
                width = self._skip_width(stage)
                initial[f"skip_{stage}"] = parameters.conv_norm(width, c)
                initial[f"reduction_{stage}"] = self._cell(stage, None).initial()
            cells = [self._cell(stage, i) for i in range(self.cells_per_stage)]
            initial[f"stage_{stage}"] = (
                parameters.stack(cells[0].initial(), len(cells))
                if self.arch is None
                else [cell.initial() for cell in cells]
            )
        width = self._last.out_channels
        initial["head"] = parameters.kernel(width, self.num_classes)
        initial["head_bias"] = parameters.zeros(self.num_classes)
        if self.auxiliary:
            initial["auxiliary"] = auxiliary.initial(
                width, self.image_shape, self.num_classes
            )
        return initial

    def _init_stats(self) -> PyTree:
        stats = {"stem": parameters.init_running(1, STEM_STATES * self.channels)}
        for stage in range(NUM_STAGES):
            if stage:
                c = self._channels(stage)
                stats[f"skip_{stage}"] = parameters.init_running(1, c)
                stats[f"reduction_{stage}"] = self._cell(stage, None).init_stats()
            cells = [self._cell(stage, i) for i in range(self.cells_per_stage)]
            of_cells = [cell.init_stats() for cell in cells]
            if self.arch is None:
                of_cells = jax.tree.map(lambda *x: jnp.stack(x), *of_cells)
            stats[f"stage_{stage}"] = of_cells
        if self.auxiliary:
            stats["auxiliary"] = auxiliary.init_stats()
        return stats

    @property
    def _last(self) -> Cell:
        return self._cell(NUM_STAGES - 1, self.cells_per_stage - 1)

    def _cell(self, stage: int, index: int | None) -> Cell:
        """Returns a normal cell of a stage, or where `index` is None its reduction."""
        return self._bare(stage, index)._replace(widths=self._widths(stage, index))

    def _bare(self, stage: int, index: int | None) -> Cell:
        """Returns a cell without the widths of its inputs."""
        kind = int(index is None)
        return Cell(
            self.operations,
            self.num_nodes,
            channels=self._channels(stage),
            widths=(0, 0),
            is_reduction=index is None,
            join=self.join if isinstance(self.join, str) else self.join[kind],
            arch=None if self.arch is None else self.arch[kind],
            axis_name=self.axis_name,
            min_states=self._room if self.arch is None else 0,
        )

    @property
    def _room(self) -> int:
        """States that all universal outputs have channels for, and so the stem's.

        Equal cells in a loop read outputs of normal and of reduction cells, which may
        join different numbers of states.
        """
        joins = () if isinstance(self.join, str) else self.join
        return max([STEM_STATES, *map(len, joins)])

    def _widths(self, stage: int, index: int | None) -> tuple[int, int]:
        """Channels of both inputs of a cell, 0 for a first one that comes calibrated.

        In the loop over equal universal cells that one has the width of the others.
        """
        normal = list(range(self.cells_per_stage))
        order = [(0, i) for i in normal]
        for s in range(1, NUM_STAGES):
            order += [(s, i) for i in (None, *normal)]
        place = order.index((stage, index))
        first, last = (
            self._bare(*order[p]).out_channels if p >= 0 else self._stem_width
            for p in (place - 2, place - 1)
        )
        if stage and index == 0:
            is_looped = self.arch is None and self.cells_per_stage > 1
            first = last if is_looped else 0
        return first, last

    @property
    def _stem_width(self) -> int:
        """Channels of the stem's output, as the first cells get it."""
        if self.arch is None:
            return self._bare(0, 0).out_channels
        return STEM_STATES * self.channels

    def _skip_width(self, stage: int) -> int:
        """Channels of what skips over the reduction cell of a stage."""
        return self._bare(stage - 1, 0).out_channels

"""The universal convolutional child: one program for every architecture of a space.

The architecture is data. Tracing and compiling a network per architecture costs many
times what training a small child does, so here it enters as integers: a `lax.switch`
picks the operation of a branch, an index picks its input, and loops over branches and
over equal cells leave one switch for each kind of cell in the program. Shapes never
depend on a choice: where an architecture has loose ends, a mask over all states of
the cell stands for the concatenation of the few.

The network is NAO's (Luo et al., 2018, arXiv:1808.07233): three stages of normal
cells, a reduction cell before the second and the third that doubles the channels.
Departures: a cell ends in its own pointwise convolution over its loose ends (the
released code concatenates them and lets the next cell's convolution mix them), and
what skips over a reduction cell is brought to the new shape once, at stride 2, before
the first normal cell calibrates it like every other input.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.child import primitives
from nao.child.cell import Cell, Initial, init_running, kernel, scale_bias
from nao.child.operations import Norms
from nao.types import Array, PyTree

NUM_STAGES = 3


class ConvNet(nn.Module):
    """Maps images to class scores, for any architecture.

    Attributes:
        operations: Names of the operations an architecture's indices point at.
        num_nodes: Nodes of a cell, its two inputs not counted.
        channels: Channels of the first stage.
        cells_per_stage: Normal cells of a stage (NAO's N: 3 N + 2 cells in all).
        num_classes: Number of scores.
        image_channels: Channels of the images.
    """

    operations: tuple[str, ...]
    num_nodes: int
    channels: int
    cells_per_stage: int
    num_classes: int
    image_channels: int

    def setup(self):
        """Declares all parameters and statistics."""
        self.params = self.param("net", _draw, self._initial())
        self.stats = self.variable("batch_stats", "net", self._init_stats)

    def __call__(self, images: Array, arch: Array, train: bool) -> Array:
        """Returns scores [batch, num_classes].

        Args:
            images: float32 [batch, height, width, image_channels], normalised.
            arch: int32 [2, num_nodes, 2, 2]: cell (0 normal, 1 reduction), node,
                branch, (input, operation). Inputs 0 and 1 are the cell before last
                and the last cell, 2 + i is node i.
            train: Whether to normalise by the batch and to update the running
                averages (the collection `batch_stats` must then be mutable).
        """
        params, stats, new = self.params, self.stats.value, {}

        def normalize(name, x):
            norms = Norms(params[f"{name}_norm"], stats[f"{name}_norm"], train)
            x = norms(0, x)
            new[f"{name}_norm"] = norms.running
            return x

        s0 = s1 = normalize("stem", primitives.convolution(images, params["stem"]))
        for stage in range(NUM_STAGES):
            if stage:
                name = f"reduction_{stage}"
                reduced, new[name] = self._cell(stage, is_reduction=True).apply(
                    params[name], stats[name], (s0, s1), arch[1], train
                )
                name = f"skip_{stage}"
                skip = primitives.pointwise(jax.nn.relu(s1), params[name], 2)
                s0, s1 = normalize(name, skip), reduced
            name, cell = f"normal_{stage}", self._cell(stage, is_reduction=False)

            def step(inputs, variables, cell=cell):
                output, new = cell.apply(*variables, inputs, arch[0], train)
                return (inputs[1], output), new

            (s0, s1), new[name] = lax.scan(step, (s0, s1), (params[name], stats[name]))
        if train:
            self.stats.value = new
        return jax.nn.relu(s1).mean((1, 2)) @ params["head"] + params["head_bias"]

    def declare(self) -> None:
        """Does nothing: initialising through it traces no network."""

    def _cell(self, stage: int, is_reduction: bool) -> Cell:
        c = self.channels * 2**stage
        return Cell(
            self.operations,
            self.num_nodes,
            channels_in=c // 2 if is_reduction else c,
            channels=c,
            is_reduction=is_reduction,
        )

    def _initial(self) -> PyTree:
        c, image_channels, num = (
            self.channels,
            self.image_channels,
            self.cells_per_stage,
        )
        initial = {
            "stem": kernel(3, 3, image_channels, c, fan_in=9 * image_channels),
            "stem_norm": scale_bias(1, c),
        }
        for stage in range(NUM_STAGES):
            c = self.channels * 2**stage
            initial[f"normal_{stage}"] = self._cell(stage, False).initial(num)
            if stage:
                initial[f"reduction_{stage}"] = self._cell(stage, True).initial()
                initial[f"skip_{stage}"] = kernel(c // 2, c, fan_in=c // 2)
                initial[f"skip_{stage}_norm"] = scale_bias(1, c)
        initial["head"] = kernel(c, self.num_classes, fan_in=c)
        initial["head_bias"] = Initial((self.num_classes,), 0.0, 0.0)
        return initial

    def _init_stats(self) -> PyTree:
        stats = {"stem_norm": init_running(1, self.channels)}
        for stage in range(NUM_STAGES):
            normal, reduction = (self._cell(stage, kind) for kind in (False, True))
            stats[f"normal_{stage}"] = normal.init_stats(self.cells_per_stage)
            if stage:
                stats[f"reduction_{stage}"] = reduction.init_stats()
                stats[f"skip_{stage}_norm"] = init_running(1, normal.channels)
        return stats


def _draw(key: Array, initial: PyTree) -> PyTree:
    """Draws all parameters from one stream: a generator per array compiles slowly."""
    leaves, structure = jax.tree.flatten(
        initial, is_leaf=lambda leaf: isinstance(leaf, Initial)
    )
    stops = np.cumsum([math.prod(leaf.shape) for leaf in leaves])
    noise = jnp.split(jax.random.normal(key, (stops[-1],)), stops[:-1])
    return jax.tree.unflatten(
        structure,
        [
            leaf.mean + leaf.deviation * values.reshape(leaf.shape)
            for leaf, values in zip(leaves, noise, strict=True)
        ],
    )

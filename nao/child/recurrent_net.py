"""The language model of DARTS and NAO: one program for every recurrent cell.

Embeddings, a recurrent cell, and scores of the words by the same embeddings (Liu et
al., 2019, arXiv:1806.09055; Luo et al., 2018, arXiv:1808.07233; after Merity et al.,
2018, arXiv:1708.02182). A node's weights do not depend on what it reads or on its
activation, so any architecture has the parameters of every other: nothing is extracted.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nao.child import highway, parameters
from nao.child.network import Output, Variables
from nao.child.noise import factors
from nao.child.recipe import Recipe, TrainingConfig
from nao.child.task import Task
from nao.files import as_tuples
from nao.spaces.recurrent_cell import RecurrentCell
from nao.types import Array, PyTree

# DARTS draws from +-0.04 at 850 units. The variance that a product has grows with the
# units, so fewer of them have as much larger weights.
_RANGE, _RANGE_UNITS = 0.04, 850


class TextNoise(NamedTuple):
    """What one step drops of each text, as factors: 0, or 1 / (share kept).

    The same for all tokens of a window (variational dropout, Gal & Ghahramani, 2016,
    arXiv:1512.05287). Weights are dropped for all texts at once, by the first key.
    """

    inputs: Array  # float32 [batch, units], of embeddings as the cell reads them
    hidden: Array  # float32 [batch, units], of states before weights are applied
    outputs: Array  # float32 [batch, units]
    weight_keys: Array  # uint32 [batch, 2], as `jax.random.key_data` has them
    weight_shares: Array  # float32 [batch], the share of weights that is dropped


@dataclasses.dataclass(frozen=True)
class RecurrentNet:
    """A `ChildNet` that foretells each token of a window from all before it.

    Attributes:
        num_nodes: Nodes of a cell, its initial state not counted.
        output: Which states a cell averages, see `RecurrentCell`.
        units: Units of the state, and of embeddings.
        num_outputs: Size of the vocabulary.
        input_shape: The window, in tokens.
        arch: The one architecture it is for, [1 + num_nodes, 2]; None for any.
        dtype: What products compute in; scores are float32.
    """

    num_nodes: int
    output: str
    units: int
    num_outputs: int
    input_shape: tuple[int, ...]
    arch: tuple[tuple[int, int], ...] | None = None
    dtype: str = "float32"

    free_axes = (0,)
    noise_axes = TextNoise(0, 0, 0, 0, 0)

    @classmethod
    def of(
        cls, space: RecurrentCell, task: Task, config: TrainingConfig
    ) -> "RecurrentNet":
        """Returns the network for any architecture of a space, see `ChildNet.of`.

        Raises:
            ValueError: If the task is not of texts.
        """
        if len(task.input_shape) != 1 or not task.carries:
            raise ValueError(
                "Children of this space read windows of a text, [num, tokens], got "
                f"inputs [num, {', '.join(map(str, task.input_shape))}] of {task.name}."
            )
        sizes = config.units, task.num_outputs, task.input_shape
        return cls(space.num_nodes, space.output, *sizes)

    def in_training(
        self, dtype: str, axis_name: str | None, auxiliary: bool
    ) -> "RecurrentNet":
        """Returns the same network as a trainer runs it; nothing here is normalised."""
        del axis_name
        if auxiliary:
            raise ValueError("auxiliary must be 0: language models have no such head.")
        return dataclasses.replace(self, dtype=dtype)

    def initial(self) -> PyTree:
        """Returns what the parameters start as."""
        wide = 2 * self.units
        return {
            "embedding": self._kernel(self.num_outputs, self.units),
            "bias": parameters.zeros(self.num_outputs),
            "initial": self._kernel(wide, wide),
            "nodes": self._kernel(self.num_nodes, self.units, wide),
        }

    def _kernel(self, *shape: int) -> parameters.Initial:
        deviation = _RANGE / math.sqrt(3) * math.sqrt(_RANGE_UNITS / self.units)
        return parameters.Initial(shape, 0.0, deviation)

    def draw(self, key: Array) -> Variables:
        """Draws the variables that training begins with."""
        params = parameters.draw(key, self.initial())
        return {"params": {"net": params}, "batch_stats": {}}

    def initial_carry(self, batch: int) -> Array:
        """Returns the outputs before the first token: zeros [batch, units]."""
        return jnp.zeros((batch, self.units))

    def make_noise(
        self, key: Array, batch: int, progress: Array, recipe: Recipe
    ) -> TextNoise:
        """Draws what is dropped in one step, see `ChildNet.make_noise`."""
        del progress
        keys = jax.random.split(key, 5)

        def draw(key, share):
            return factors(key, 1 - share, (batch, self.units))

        embedded = draw(keys[0], recipe.dropout_embedding)
        return TextNoise(
            embedded * draw(keys[1], recipe.dropout_input),
            draw(keys[2], recipe.dropout_hidden),
            draw(keys[3], recipe.dropout),
            jax.random.key_data(jax.random.split(keys[4], batch)),
            jnp.broadcast_to(recipe.dropout_weight, (batch,)),
        )

    def forward(
        self,
        variables: Variables,
        inputs: Array,
        arch: Array | None,
        *,
        train: bool,
        noise: TextNoise | None = None,
        carry: Array | None = None,
        length: Array | None = None,
    ) -> tuple[Output, PyTree]:
        """Returns scores of what follows each token, and what is carried on.

        Args:
            variables: As `draw` returns them.
            inputs: Integers [batch, window].
            arch: int32 [1 + num_nodes, 2], a row of `RecurrentCell.architecture`.
            train: Whether to say what is added to the loss; nothing is normalised.
            noise: What is dropped; None drops nothing.
            carry: float32 [batch, units], the outputs before the window; None is zeros.
            length: Tokens that count, from the first on; None for all.
        """
        params = variables["params"]["net"]
        arch = jnp.asarray(self.arch if arch is None else arch, jnp.int32)
        start = self.initial_carry(inputs.shape[0]) if carry is None else carry
        embedding = jnp.asarray(params["embedding"], self.dtype)
        x = embedding[inputs.T]  # [window, batch, units]
        if noise is not None:
            x = x * noise.inputs.astype(x.dtype)
        of_inputs, weights = self._weights(params, noise)
        outputs = highway.run(
            weights,
            x @ of_inputs,
            start.astype(x.dtype),
            arch,
            highway.averaging(arch, self.output),
            None if noise is None else noise.hidden.astype(x.dtype),
        )
        dropped = outputs
        if noise is not None:
            dropped = outputs * noise.outputs.astype(x.dtype)
        scores = (dropped.swapaxes(0, 1) @ embedding.T).astype(jnp.float32)
        said = Output(
            scores + params["bias"],
            carry=_last(outputs, length).astype(jnp.float32),
            penalties=penalties(outputs, dropped, length) if train else None,
        )
        return said, variables["batch_stats"]

    def _weights(self, params, noise) -> tuple[Array, highway.Weights]:
        """Returns what inputs are multiplied by, and the weights of the cell."""
        of_inputs, initial = jnp.split(params["initial"], 2)
        weights = highway.Weights(initial, params["nodes"])
        if noise is not None:
            weights = _drop_weights(weights, noise)
        return jax.tree.map(lambda x: x.astype(self.dtype), (of_inputs, weights))

    def specialise(self, arch: np.ndarray) -> "RecurrentNet":
        """Returns the network of one architecture [1 + num_nodes, 2] alone."""
        return dataclasses.replace(self, arch=as_tuples(np.asarray(arch, int).tolist()))

    def extract(self, variables: Variables, arch: np.ndarray) -> Variables:
        """Returns the variables as they are: all architectures have the same."""
        del arch
        return variables

    def trained(
        self, variables: Variables, arch: np.ndarray
    ) -> tuple["RecurrentNet", Variables]:
        """Returns the network of the architecture, and its variables."""
        return self.specialise(arch), variables

    def num_parameters(self, arch: np.ndarray | None = None) -> int:
        """Counts the parameters, the same of all architectures."""
        del arch
        return parameters.count(self.initial())

    def num_multiply_adds(self, arch: np.ndarray) -> int:
        """Counts the multiply-adds of a window, the same for all architectures."""
        del arch
        of_cell = (2 + self.num_nodes) * 2 * self.units**2
        return self.input_shape[0] * (of_cell + self.units * self.num_outputs)


def penalties(
    outputs: Array, dropped: Array, length: Array | None = None
) -> dict[str, Array]:
    """Returns activation and temporal regularisation (Merity et al., 2017).

    See arXiv:1708.01009, by the names of their weights in the recipe.

    Args:
        outputs: Of each token, [window, batch, units].
        dropped: The same after dropout.
        length: Tokens that count, from the first on; None for all.
    """
    outputs, dropped = (x.astype(jnp.float32) for x in (outputs, dropped))
    changes = jnp.diff(outputs, axis=0)  # none in a window of one token
    if length is None:
        activation = (dropped**2).mean()
        temporal = (changes**2).sum() / max(changes.size, 1)
    else:
        activation = _mean_of_first(dropped**2, length)
        temporal = _mean_of_first(changes**2, length - 1)
    return {"activation_penalty": activation, "temporal_penalty": temporal}


def _mean_of_first(x: Array, num: Array) -> Array:
    """Returns the mean of the first `num` of x [most, batch, units], 0 of none."""
    counts = jnp.arange(len(x))[:, None, None] < num
    return jnp.where(counts, x, 0).sum() / jnp.maximum(num * x[0].size, 1)


def _last(outputs: Array, length: Array | None) -> Array:
    return outputs[-1] if length is None else outputs[length - 1]


def _drop_weights(weights: highway.Weights, noise: TextNoise) -> highway.Weights:
    """Drops recurrent weights (DropConnect, as in AWD-LSTM), where it is asked for."""
    share = noise.weight_shares[0]
    keys = jax.random.split(jax.random.wrap_key_data(noise.weight_keys[0]))

    def dropped(weights):
        pairs = zip(weights, keys, strict=True)
        return highway.Weights(
            *(x * factors(key, 1 - share, x.shape) for x, key in pairs)
        )

    # So many random numbers take long, where none of them matters.
    return jax.lax.cond(share > 0, dropped, lambda weights: weights, weights)

"""A child network from any module of Flax."""

import functools
from collections.abc import Callable, Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from nao.child import counting
from nao.child.network import Output, Variables
from nao.child.recipe import Recipe, TrainingConfig
from nao.child.task import Task
from nao.files import as_tuples
from nao.spaces import Space
from nao.types import Array, PyTree

_COLLECTIONS = ("params", "batch_stats")
_MOST_COUNTED = 4096  # architectures whose costs are remembered
# Fields that mean something else in a network than in a recipe or a task.
_SET_BY_TRAINER = ("parent", "name", "arch", "arch_shape", "axis_name", "dtype")


class FlaxNet(nn.Module, kw_only=True):
    """A `ChildNet` that only says what it computes: one of a user's own.

        class Net(nao.FlaxNet):
            @nn.compact
            def __call__(self, inputs, arch, train):
                x = nn.Dense(8)(inputs)
                for number in arch:
                    x = self.choose(number, x, nn.tanh, nn.relu, nn.Dense(8))
                return nn.Dense(1)(x)[:, 0]

    `arch` holds the number of each slot's choice, unless `architecture` of the space
    makes something else of them: integers of JAX in a search, where one program serves
    all architectures, and of Python where the network is for one. So `choose` decides
    between layers, and sizes are chosen by masks. Fields of one's own that are called
    as those of `TrainingConfig` or attributes of the task take their values, such as
    `channels` and `num_outputs`.

    `nn.BatchNorm(not train, axis_name=self.axis_name)` and `nn.Dropout(rate,
    deterministic=not train)` work. A network with `initial_carry` gets what it carries
    as a fourth argument, and returns (outputs, what it carries on).

    Attributes:
        input_shape: Shape of one input.
        arch_shape: Shape of an architecture.
        input_dtype: Type of the inputs' numbers.
        arch: The one architecture it is for, as nested tuples; None for any.
        axis_name: Devices that share a batch, as a mapped axis.
        dtype: What costly operations may be computed in.
    """

    input_shape: tuple[int, ...]
    arch_shape: tuple[int, ...]
    input_dtype: str = "float32"
    arch: tuple | None = None
    axis_name: str | None = None
    dtype: str = "float32"

    free_axes = ()
    noise_axes = 0

    @classmethod
    def of(cls, space: Space, task: Task, config: TrainingConfig) -> "FlaxNet":
        """Returns the network for any architecture of a space, see `ChildNet.of`.

        Raises:
            ValueError: If the task's windows are of drawn length.
        """
        if task.window_spread:
            raise ValueError(
                f"window_spread must be 0: {cls.__name__} reads windows of one length, "
                f"got {task.window_spread}."
            )
        example = space.architecture(space.sample(np.random.default_rng(0), 1))
        names = [n for n in cls.__dataclass_fields__ if n not in _SET_BY_TRAINER]
        fields = {"arch_shape": example.shape[1:]}
        for source in (config, task):
            fields |= {n: getattr(source, n) for n in names if hasattr(source, n)}
        if task.normalisation is not None:
            fields["input_dtype"] = "float32"
        return cls(**fields)

    def choose(
        self, number: Array | int, x: PyTree, *branches: Callable[[PyTree], Array]
    ) -> Array:
        """Returns what one of the branches, layers or functions, makes of `x`.

        All of them run and must return arrays of one shape; in the network of one
        architecture compilation leaves out those that are not chosen. Where layers cost
        too much for that, `nn.switch` runs one alone.
        """
        # Flax numbers layers as they are called, so that all are called in both cases.
        outputs = [branch(x) for branch in branches]
        if isinstance(number, int):
            return outputs[number]
        return jnp.stack(outputs)[number]

    def in_training(
        self, dtype: str, axis_name: str | None, auxiliary: bool
    ) -> "FlaxNet":
        """Returns the same network as a trainer runs it."""
        if auxiliary:
            name = type(self).__name__
            raise ValueError(f"auxiliary must be 0: {name} has no auxiliary head.")
        return self.clone(dtype=dtype, axis_name=axis_name)

    def draw(self, key: Array) -> Variables:
        """Draws the variables that training begins with.

        Raises:
            ValueError: If it has variables that nothing trains or averages.
        """
        inputs = jnp.zeros((1, *self.input_shape), self.input_dtype)
        arch = jnp.zeros(self.arch_shape, jnp.int32)
        made = self.init(key, *self._arguments(inputs, arch, False, None))
        if set(made) - set(_COLLECTIONS):
            raise ValueError(
                f"Variables of {type(self).__name__} must be "
                f"{' and '.join(_COLLECTIONS)}, got {', '.join(made)}."
            )
        return {name: made.get(name, {}) for name in _COLLECTIONS}

    def initial_carry(self, batch: int) -> PyTree | None:
        """Returns what the first of several batches begins with; None for nothing."""
        del batch

    def make_noise(
        self, key: Array, batch: int, progress: Array, recipe: Recipe
    ) -> Array:
        """Returns a key for each example; the first of a batch seeds its dropout."""
        del progress, recipe
        return jax.random.split(key, batch)

    def forward(
        self,
        variables: Variables,
        inputs: Array,
        arch: Array | None,
        *,
        train: bool,
        noise: Array | None = None,
        carry: PyTree | None = None,
    ) -> tuple[Output, PyTree]:
        """Returns what it says of a batch, and the new running averages."""
        found = self.apply(
            variables,
            *self._arguments(inputs, arch, train, carry),
            rngs=None if noise is None else {"dropout": noise[0]},
            mutable=["batch_stats"] if train else False,
        )
        outputs, updates = found if train else (found, {})
        carry = None
        if self.initial_carry(1) is not None:
            outputs, carry = outputs
        stats = updates.get("batch_stats", variables["batch_stats"])
        return Output(outputs, carry=carry), stats

    def _arguments(self, inputs, arch, train, carry) -> tuple:
        """Returns the arguments of `__call__`."""
        arguments = inputs, arch if self.arch is None else self.arch, train
        initial = self.initial_carry(inputs.shape[0])
        if initial is None:
            return arguments
        return *arguments, initial if carry is None else carry

    def specialise(self, arch: np.ndarray) -> "FlaxNet":
        """Returns the network of one architecture alone."""
        return self.clone(arch=as_tuples(np.asarray(arch).tolist()))

    def extract(self, variables: Variables, arch: np.ndarray) -> Variables:
        """Picks one architecture's variables out of the universal network's, by name.

        Of an array that is smaller in the network of the architecture, the leading part
        is taken: the first channels, where a mask hides the others.
        """
        own = jax.eval_shape(self.specialise(arch).draw, jax.random.key(0))
        return _pick(own, variables)

    def trained(
        self, variables: Variables, arch: np.ndarray
    ) -> tuple["FlaxNet", Variables]:
        """Returns the network of one architecture, and its variables."""
        net = self.clone(axis_name=None)
        if net.arch is None:
            variables, net = net.extract(variables, arch), net.specialise(arch)
        return net, variables

    def num_parameters(self, arch: np.ndarray | None = None) -> int:
        """Counts the parameters that the outputs of one architecture depend on.

        None counts those of this network's own.
        """
        return _costs(self._alone(arch))[0]

    def num_multiply_adds(self, arch: np.ndarray) -> int:
        """Counts the multiply-adds that one architecture spends on one example."""
        return _costs(self._alone(arch))[1]

    def _alone(self, arch: np.ndarray | None) -> "FlaxNet":
        net = self.clone(axis_name=None)
        return net if arch is None else net.specialise(arch)


@functools.lru_cache(_MOST_COUNTED)
def _costs(net: FlaxNet) -> tuple[int, int]:
    """Counts the parameters that outputs depend on, and multiply-adds of an example."""
    variables = jax.eval_shape(net.draw, jax.random.key(0))
    inputs = jnp.zeros((1, *net.input_shape), net.input_dtype)
    arch = jnp.zeros(net.arch_shape, jnp.int32)

    def outputs(params):
        stats = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), variables)
        its = {"params": params, "batch_stats": stats["batch_stats"]}
        return net.forward(its, inputs, arch, train=False)[0]

    return counting.count(outputs, variables["params"])


def _pick(shapes: PyTree, values: PyTree) -> PyTree:
    """Returns those of the values that have a shape, cut to it from the start."""
    if isinstance(shapes, Mapping):
        return {name: _pick(shape, values[name]) for name, shape in shapes.items()}
    return values[tuple(map(slice, shapes.shape))]

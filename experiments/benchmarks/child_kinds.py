"""What `child_speed.py` compares, and the kinds of it that JAX compiles.

A kind makes a `Program` from a `Setting` and architectures; `torch_kinds.py` has those
of PyTorch.
"""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from experiments.benchmarks import plain_net
from experiments.benchmarks.random_images import random_task
from nao.child import ChildConfig, ConvNet, nets
from nao.child.shared_weights import SharedWeights
from nao.spaces import ConvCell
from nao.system import hosts
from nao.types import Array, PyTree

NUM_CLASSES = 10
LEARNING_RATE, MOMENTUM = 0.1, 0.9
# As a search takes an epoch in one call. It is then that memory is asked for anew, and
# the system's first touch of it, by pages, is a tenth of one step.
STEPS_A_CALL = 5


@dataclasses.dataclass(frozen=True)
class Setting:
    """How large children and batches are, and how many threads PyTorch may use."""

    channels: int = 16
    cells_per_stage: int = 2
    num_nodes: int = 5
    image_size: int = 32
    batch_size: int = 32
    torch_threads: int = len(hosts.cores())

    @property
    def space(self) -> ConvCell:
        """What architectures are drawn from."""
        return ConvCell("enas", self.num_nodes)

    @property
    def net(self) -> ConvNet:
        """The project's network for any architecture."""
        shape = self.image_size, self.image_size, 3
        sizes = self.num_nodes, self.channels, self.cells_per_stage, NUM_CLASSES
        return ConvNet(self.space.operations, *sizes, shape)

    def architectures(self, num: int) -> np.ndarray:
        """Draws int32 [num, 2, num_nodes, 2, 2], each from a seed of its own."""
        rngs = map(np.random.default_rng, range(num))
        tokens = [self.space.sample(rng, 1) for rng in rngs]
        return self.space.architecture(np.concatenate(tokens))

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns images float32 [batch, size, size, 3] and their classes [batch]."""
        shape = self.batch_size, self.image_size, self.image_size, 3
        images = np.random.default_rng(0).standard_normal(shape, np.float32)
        return images, np.arange(self.batch_size) % NUM_CLASSES


class Program(NamedTuple):
    """What takes the training steps of one architecture, or of any.

    Attributes:
        start: Maps architectures, as many as the program trains at once, to a function
            that takes steps of them and waits for it; the first is from new weights.
        trace_s: Seconds that tracing and lowering took.
        compile_s: Seconds that compiling took.
        memory: Temporary memory of a step, in MiB; NaN where it is not known.
        steps_a_call: How many steps a call of what `start` returns takes.
    """

    start: Callable[[np.ndarray], Callable[[], None]]
    trace_s: float = 0.0
    compile_s: float = 0.0
    memory: float = np.nan
    steps_a_call: int = 1


class Kind(NamedTuple):
    """One row of the table.

    Attributes:
        make: Maps a setting and the architectures to begin with, int32 [at once, 2,
            num_nodes, 2, 2], to a program.
        is_universal: Whether that program trains all other architectures, too.
        is_on_all_devices: Whether each device of JAX trains one at once.
    """

    make: Callable[[Setting, np.ndarray], Program]
    is_universal: bool = False
    is_on_all_devices: bool = False

    @property
    def at_once(self) -> int:
        """How many architectures its programs train at once."""
        return len(jax.devices()) if self.is_on_all_devices else 1


class _Model(NamedTuple):
    """Variables to start with, and (variables, images, arch) -> (scores, updates)."""

    variables: PyTree
    apply: Callable[[PyTree, Array, Array], tuple[Array, PyTree]]


def universal(setting: Setting, archs: np.ndarray) -> Program:
    """Makes the project's program for any architecture, each on a device."""
    return _compiled(_model_of(setting.net), setting, archs)


def specialised(setting: Setting, archs: np.ndarray) -> Program:
    """Makes the project's program for one architecture."""
    net = setting.net.specialise(archs[0])
    return _compiled(_model_of(net), setting, archs)


def plain(setting: Setting, archs: np.ndarray) -> Program:
    """Makes the program of plain Flax layers for one architecture."""
    arch = setting.net.specialise(archs[0]).arch
    sizes = setting.channels, setting.cells_per_stage, NUM_CLASSES
    net = plain_net.PlainNet(arch, *sizes)
    images, _ = setting.batch()
    shapes = jax.eval_shape(lambda: net.init(jax.random.key(0), images, train=False))
    # Zeros and ones would be slow or fast for the wrong reason.
    rng = np.random.default_rng(0)
    variables = jax.tree.map(
        lambda x: 0.1 * rng.standard_normal(x.shape, np.float32) + 0.01, shapes
    )
    variables["batch_stats"] = jax.tree.map(np.ones_like, variables["batch_stats"])

    def apply(variables, images, arch):
        return net.apply(variables, images, train=True, mutable="batch_stats")

    # In a loop XLA's own convolutions take tens of times as long.
    return _compiled(_Model(variables, apply), setting, archs, steps_a_call=1)


def supernet(setting: Setting, archs: np.ndarray) -> Program:
    """Makes the step of shared weights, whose batch all devices share.

    The one that searches take, with its cosine and its clipping.
    """
    task = random_task(setting.batch_size * STEPS_A_CALL, setting.image_size)
    config = ChildConfig(
        channels=setting.channels,
        cells_per_stage=setting.cells_per_stage,
        batch_size=setting.batch_size,
    )
    net = nets.make_net(setting.space, task, config)
    weights = SharedWeights(net, task, config, jax.devices())
    key = jax.random.key(0)

    def drawn(archs):
        return np.resize(archs, (STEPS_A_CALL, *archs.shape[1:]))

    def start(archs):
        state, rows = weights.begin(key), drawn(archs)

        def steps():
            nonlocal state
            state, _ = weights.learn(key, state, rows, 0)

        return steps

    begun = time.perf_counter()
    memory = weights.prepare(jnp.stack([key]), drawn(archs)[None])
    compile_s = time.perf_counter() - begun
    return Program(start, 0.0, compile_s, memory, STEPS_A_CALL)


KINDS = {
    "universal": Kind(universal, is_universal=True),
    "lanes": Kind(universal, is_universal=True, is_on_all_devices=True),
    "supernet": Kind(supernet, is_universal=True),
    "specialised": Kind(specialised),
    "plain": Kind(plain),
}


def _model_of(net: ConvNet) -> _Model:
    def apply(variables, images, arch):
        (scores, _), updates = net.apply(
            variables, images, arch, train=True, mutable="batch_stats"
        )
        return scores, updates

    return _Model(jax.jit(net.draw)(jax.random.key(0)), apply)


def _compiled(
    model: _Model,
    setting: Setting,
    archs: np.ndarray,
    steps_a_call: int = STEPS_A_CALL,
) -> Program:
    """Compiles steps of as many architectures as there are, a device each."""
    optimizer = optax.sgd(LEARNING_RATE, MOMENTUM)
    momentum = jax.jit(optimizer.init)(model.variables["params"])
    first = model.variables, momentum
    state = jax.tree.map(lambda x: np.stack([x] * len(archs)), first)
    steps = functools.partial(_steps, model, optimizer, steps_a_call, setting.batch())
    steps, options = _on_devices(steps, len(archs))
    begun = time.perf_counter()
    lowered = jax.jit(steps, donate_argnums=0, **options).lower(state, archs)
    traced = time.perf_counter()
    compiled = lowered.compile()
    times = traced - begun, time.perf_counter() - traced
    memory = compiled.memory_analysis().temp_size_in_bytes / 2**20
    start = functools.partial(_start, compiled, state)
    return Program(start, *times, memory, steps_a_call)


def _on_devices(steps: Callable, num: int) -> tuple[Callable, dict[str, Any]]:
    """Returns steps of `num` children, a device each, and options to compile them."""
    if num == 1:
        return steps, {}
    mesh = jax.make_mesh((num,), ("lanes",), (AxisType.Auto,))
    specs = {"in_specs": P("lanes"), "out_specs": P("lanes")}
    steps = jax.shard_map(steps, mesh=mesh, check_vma=False, **specs)
    on_lanes = NamedSharding(mesh, P("lanes"))
    return steps, {"in_shardings": on_lanes, "out_shardings": on_lanes}


def _steps(model, optimizer, num, batch, state, archs):
    """Takes steps of one child; its state and architecture have a first axis of 1."""
    state, arch = jax.tree.map(lambda x: x[0], (state, archs))
    images, labels = map(jnp.asarray, batch)

    def loss_fn(params, variables):
        scores, updates = model.apply(variables | {"params": params}, images, arch)
        loss = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
        return loss.mean(), updates

    def step(state, _):
        variables, momentum = state
        grad_fn = jax.value_and_grad(loss_fn, has_aux=True)
        (loss, updates), grads = grad_fn(variables["params"], variables)
        changes, momentum = optimizer.update(grads, momentum)
        params = optax.apply_updates(variables["params"], changes)
        return ({"params": params} | updates, momentum), loss

    after = step(state, None) if num == 1 else jax.lax.scan(step, state, length=num)
    return jax.tree.map(lambda x: x[None], after)


def _start(compiled: Any, state: PyTree, archs: np.ndarray) -> Callable[[], None]:
    """Returns what takes steps of training from a copy of `state`."""
    # A copy, as each call donates the state it begins with.
    inputs = jax.tree.map(jnp.array, state), jnp.asarray(archs)
    state, archs = jax.device_put(inputs, compiled.input_shardings[0])

    def steps():
        nonlocal state
        state, _ = jax.block_until_ready(compiled(state, archs))

    return steps

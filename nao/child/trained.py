"""A trained child by itself: inputs to outputs, on disk, and without this code."""

import dataclasses
import functools
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from nao.child import description
from nao.child.network import ChildNet, Output, Variables
from nao.child.programs import TrainState
from nao.child.task import Task
from nao.data.examples import Normalisation
from nao.files import expanded, first_line
from nao.system import orbax
from nao.system.plain_paths import plain
from nao.types import Array, PyTree

PLATFORMS = ("cpu", "cuda", "tpu")
_PREDICT_BATCH = 128  # examples at once


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedChild:
    """The trained network of one architecture.

    Attributes:
        net: The network, of this architecture alone.
        variables: Its `params` and `batch_stats`, NumPy arrays.
        input_dtype: What the inputs' numbers are, as they were loaded.
        normalisation: What they go through first; None leaves them as they are.
        task: What the task says of itself, see `Task.describe`.
    """

    net: ChildNet
    variables: Variables
    input_dtype: str
    normalisation: Normalisation | None
    task: Mapping[str, Any]

    @classmethod
    def of(
        cls, net: ChildNet, states: TrainState, arch: np.ndarray, task: Task
    ) -> "TrainedChild":
        """Takes one child, the first, out of the states that training returned.

        Args:
            net: The network that was trained, for any architecture or this one.
            states: Their parameters and statistics, stacked.
            arch: The architecture, as the network reads it.
            task: What it learned.
        """
        # All else is left on the devices: momentum is as large as the parameters.
        own = jax.device_get(_first(states.variables))
        net, variables = net.trained(own, arch)
        dtype, normalisation = task.input_dtype, task.normalisation
        return cls(net, variables, dtype, normalisation, task.describe())

    def outputs(self, inputs: Array) -> PyTree:
        """Maps inputs of any batch size to outputs; can be traced.

        Args:
            inputs: `input_dtype` [num, ...], as they were loaded: normalising them is
                part of it.

        Returns:
            What the network says of each, [num, ...]: of classes the scores before a
            softmax. A network that carries something begins afresh with each.
        """
        return self._forward(inputs, None).outputs

    def step(self, inputs: Array, carry: PyTree) -> tuple[PyTree, PyTree]:
        """Maps inputs, and what was carried from those before, to outputs and that.

        Args:
            inputs: As of `outputs`.
            carry: What the step before returned; `net.initial_carry(num)` at first.
        """
        said = self._forward(inputs, carry)
        return said.outputs, said.carry

    def _forward(self, inputs: Array, carry: PyTree | None) -> Output:
        if self.normalisation is not None:
            inputs = self.normalisation.apply(inputs)
        net, variables = self.net, self.variables
        return net.forward(variables, inputs, None, train=False, carry=carry)[0]

    def any_inputs(self) -> jax.ShapeDtypeStruct:
        """Returns type and shape of inputs, of any number, `num`.

        Along axes that the network leaves free they are of any `length`.
        """
        from jax import export  # See `export`.

        sizes = list(map(str, self.net.input_shape))
        for axis in self.net.free_axes:
            sizes[axis] = "length" if len(self.net.free_axes) == 1 else f"length_{axis}"
        shape = export.symbolic_shape(", ".join(["num", *sizes]))
        return jax.ShapeDtypeStruct(shape, self.input_dtype)

    def predict(self, inputs: np.ndarray) -> PyTree:
        """Returns the outputs of inputs, computed in batches on the host's device.

        Raises:
            ValueError: If the inputs are not as they must be.
        """
        shape = tuple(self.net.input_shape)
        if inputs.shape[1:] != shape or inputs.dtype != self.input_dtype:
            raise ValueError(
                f"Inputs must be {self.input_dtype} of shape [num, "
                f"{', '.join(map(str, shape))}], got {inputs.dtype} of shape "
                f"{list(inputs.shape)}."
            )
        found = []
        for start in range(0, max(len(inputs), 1), _PREDICT_BATCH):
            batch = inputs[start : start + _PREDICT_BATCH]
            fill = [(0, _PREDICT_BATCH - len(batch))] + [(0, 0)] * len(shape)
            outputs = self._outputs(np.pad(batch, fill))  # one shape, compiled once
            found.append(jax.tree.map(np.asarray, outputs))
        return jax.tree.map(lambda *x: np.concatenate(x)[: len(inputs)], *found)

    @functools.cached_property
    def _outputs(self):
        return jax.jit(self.outputs)

    def save(
        self, path: str | os.PathLike, about: Mapping[str, Any] | None = None
    ) -> None:
        """Writes the parameters as an Orbax checkpoint, and `child.json` beside them.

        Args:
            path: A folder, made or overwritten.
            about: Further JSON values for `child.json`.

        Raises:
            OSError: If they can't be written.
        """
        path = expanded(path).absolute()
        path.mkdir(parents=True, exist_ok=True)
        # Saving is asynchronous; leaving the context waits for it.
        with (
            orbax.writing(path / "params"),
            plain(path / "params") as folder,
            ocp.StandardCheckpointer() as checkpointer,
        ):
            checkpointer.save(folder, _flat(self.variables), force=True)
        _read_parameters(path)  # Saved is what can be read back.
        fields = {
            field.name: getattr(self.net, field.name)
            for field in dataclasses.fields(self.net)
            if field.name not in description.NOT_SAVED
        }
        norm = self.normalisation
        data = {
            "format": description.FORMAT,
            "version": description.FORMAT_VERSION,
            **(about or {}),
            "task": dict(self.task),
            "input_dtype": self.input_dtype,
            "mean": None if norm is None else np.asarray(norm.mean).tolist(),
            "deviation": None if norm is None else np.asarray(norm.deviation).tolist(),
            "network": {"kind": type(self.net).__name__, **fields},
        }
        text = json.dumps(data, indent=2)
        (path / description.NAME).write_text(text + "\n")

    @classmethod
    def load(
        cls, path: str | os.PathLike, network: type[ChildNet] | None = None
    ) -> "TrainedChild":
        """Reads what `save` wrote.

        Args:
            path: The folder.
            network: Class of the network, where it is one of your own.

        Raises:
            ValueError: If there is no child, or one of another version.
        """
        path = expanded(path).absolute()
        about = description.read(path)
        net = description.network(about, path, network)
        empty = jax.eval_shape(net.draw, jax.random.key(0))
        leaves = _read_parameters(path)
        shapes = {name: leaf.shape for name, leaf in _flat(empty).items()}
        if {name: leaf.shape for name, leaf in leaves.items()} != shapes:
            raise ValueError(f"Parameters of {path} do not fit its child.json.")
        variables = jax.tree_util.tree_map_with_path(
            lambda place, leaf: np.asarray(
                leaves.get(_name(place), np.empty(leaf.shape, leaf.dtype))
            ),
            empty,
        )
        normalisation = None
        if about["mean"] is not None:
            numbers = (np.array(about[k], np.float32) for k in ("mean", "deviation"))
            normalisation = Normalisation(*numbers)
        return cls(net, variables, about["input_dtype"], normalisation, about["task"])

    def export(self, platforms: Sequence[str] = PLATFORMS) -> bytes:
        """Returns the network as one file, parameters inside, for `any_inputs`.

        It holds StableHLO as `jax.export` serialises it: `deserialize(...).call` is
        `outputs`, on any of the platforms, with JAX alone; or `step`, where a task
        carries something from batch to batch.

        Args:
            platforms: Where it can run, as `jax.export` names them.
        """
        from jax import export  # Needs flatbuffers, which nothing else does.

        inputs = self.any_inputs()
        arguments = [inputs]
        if self.task["carries"]:
            carry = functools.partial(self.net.initial_carry, inputs.shape[0])
            arguments.append(jax.eval_shape(carry))
        function = self.step if self.task["carries"] else self.outputs
        exported = export.export(jax.jit(function), platforms=platforms)(*arguments)
        return bytes(exported.serialize())


@jax.jit
def _first(stacked: PyTree) -> PyTree:
    """Takes one child out of arrays of several: one program, not one for each shape."""
    return jax.tree.map(lambda x: x[0], stacked)


def _read_parameters(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Returns the parameters of a saved child by name.

    Raises:
        ValueError: If they can't be read.
    """
    try:
        with (
            orbax.quiet(),
            plain(path / "params") as folder,
            ocp.StandardCheckpointer() as checkpointer,
        ):
            leaves = checkpointer.restore(folder)
        return {name: np.asarray(leaf) for name, leaf in leaves.items()}
    except Exception as error:  # Orbax has no common exception for damage.
        reason = first_line(error)
        raise ValueError(f"Parameters of {path} can't be read: {reason}") from None


def _name(place: tuple) -> str:
    # Such as `params.net.stem.kernel`; numbers of a list are names as well.
    return jax.tree_util.keystr(place, simple=True, separator=".")


def _flat(variables: PyTree) -> dict[str, np.ndarray]:
    """Returns the arrays by name; Orbax keeps none without elements."""
    leaves = jax.tree_util.tree_leaves_with_path(variables)
    return {_name(place): leaf for place, leaf in leaves if leaf.size}

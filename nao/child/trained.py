"""A trained child by itself: images to scores, on disk, and without this code."""

import dataclasses
import functools
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from nao.child import description
from nao.child.programs import EVALUATE_BATCH, TrainState
from nao.data.dataset import ImageDataset
from nao.files import expanded, first_line
from nao.system import orbax
from nao.system.plain_paths import plain
from nao.types import Array, PyTree

PLATFORMS = ("cpu", "cuda", "tpu")


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedChild:
    """The trained network of one architecture.

    Attributes:
        net: The network, of this architecture alone.
        variables: Its `params` and `batch_stats`, NumPy arrays.
        mean: What is taken from every channel of an image, float32 [channels].
        deviation: What the rest is divided by, float32 [channels].
        image_dtype: What images are, `uint8` or `float32`.
    """

    net: nn.Module
    variables: PyTree
    mean: np.ndarray
    deviation: np.ndarray
    image_dtype: str

    @classmethod
    def of(
        cls,
        net: nn.Module,
        states: TrainState,
        arch: np.ndarray,
        dataset: ImageDataset,
    ) -> "TrainedChild":
        """Takes one child, the first, out of the states that training returned.

        Args:
            net: The network that was trained, for any architecture or this one.
            states: Their parameters and statistics, stacked.
            arch: The architecture, as the network reads it.
            dataset: What it learned.
        """
        # Momentum is left on the devices: it is as large as the parameters.
        own = jax.tree.map(lambda x: np.asarray(x[0]), states._replace(opt_state=None))
        variables = {"params": own.params, "batch_stats": own.batch_stats}
        # The auxiliary head and the devices that shared a batch belong to training.
        net = net.clone(axis_name=None, auxiliary=False)
        if net.arch is None:
            variables = net.extract(variables, arch)
            net = net.specialise(arch)
        for tree in variables.values():
            tree["net"].pop("auxiliary", None)
        return cls(
            net,
            variables,
            dataset.mean,
            dataset.deviation,
            str(dataset.train.images.dtype),
        )

    def scores(self, images: Array) -> Array:
        """Maps images of any batch size to class scores; can be traced.

        Args:
            images: `image_dtype` [num, height, width, channels], as they were loaded:
                normalising them is part of it.

        Returns:
            float32 [num, num_classes], before a softmax.
        """
        images = (images.astype(jnp.float32) - self.mean) / self.deviation
        return self.net.apply(self.variables, images, None, train=False)[0]

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Returns the scores of images, computed in batches on the host's device.

        Raises:
            ValueError: If the images are not as they must be.
        """
        shape = self.net.image_shape
        if images.shape[1:] != shape or images.dtype != self.image_dtype:
            raise ValueError(
                f"Images must be {self.image_dtype} of shape [num, "
                f"{', '.join(map(str, shape))}], got {images.dtype} of shape "
                f"{list(images.shape)}."
            )
        found = [np.zeros((0, self.net.num_classes), np.float32)]
        for start in range(0, len(images), EVALUATE_BATCH):
            batch = images[start : start + EVALUATE_BATCH]
            fill = [(0, EVALUATE_BATCH - len(batch)), (0, 0), (0, 0), (0, 0)]
            scores = self._scores(np.pad(batch, fill))  # one shape, compiled once
            found.append(np.asarray(scores)[: len(batch)])
        return np.concatenate(found)

    @functools.cached_property
    def _scores(self):
        return jax.jit(self.scores)

    def save(self, path: str | os.PathLike, about: Mapping[str, Any]) -> None:
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
        data = {
            "format": description.FORMAT,
            "version": description.FORMAT_VERSION,
            **about,
            "image_dtype": self.image_dtype,
            "mean": self.mean.tolist(),
            "deviation": self.deviation.tolist(),
            "network": {"kind": type(self.net).__name__, **fields},
        }
        text = json.dumps(data, indent=2)
        (path / description.NAME).write_text(text + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike) -> "TrainedChild":
        """Reads what `save` wrote.

        Raises:
            ValueError: If there is no child, or one of another version.
        """
        path = expanded(path).absolute()
        about = description.read(path)
        net = description.network(about, path)
        empty = jax.eval_shape(lambda: net.init(jax.random.key(0), method="declare"))
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
        return cls(
            net,
            variables,
            np.array(about["mean"], np.float32),
            np.array(about["deviation"], np.float32),
            about["image_dtype"],
        )

    def export(self, platforms: Sequence[str] = PLATFORMS) -> bytes:
        """Returns the network as one file, parameters inside, for any batch size.

        It holds StableHLO as `jax.export` serialises it: `deserialize(...).call` is
        `scores`, on any of the platforms, with JAX alone.

        Args:
            platforms: Where it can run, as `jax.export` names them.
        """
        from jax import export  # Needs flatbuffers, which nothing else does.

        (num,) = export.symbolic_shape("num")
        shape = (num, *self.net.image_shape)
        images = jax.ShapeDtypeStruct(shape, self.image_dtype)
        exported = export.export(jax.jit(self.scores), platforms=platforms)(images)
        return bytes(exported.serialize())


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

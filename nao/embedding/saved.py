"""A fitted controller as one file: a zip of arrays and JSON, no code in it."""

import dataclasses
import json
import os
import pathlib
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from nao import config as config_lib
from nao import spaces
from nao.controller import Controller, ControllerConfig, LatentSpace, parameters
from nao.controller.targets import Scale
from nao.embedding import architectures
from nao.embedding.objectives import Objectives
from nao.evaluators import Objective
from nao.files import parse_object, read_npz, written_whole

if TYPE_CHECKING:
    from nao.embedding.embedding import Embedding

FORMAT = "nao/embedding"
FORMAT_VERSION = 1


def write(embedding: "Embedding", path: str | os.PathLike) -> None:
    """Writes an embedding, whole or not at all; see `Embedding.save`."""
    path = pathlib.Path(path).expanduser()
    controller = embedding.latent.controller
    header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "space": spaces.describe(embedding.space),
        "controller": config_lib.to_dict(controller.config),
        "objectives": [dataclasses.asdict(c) for c in embedding.objectives.columns],
        "canonical": embedding.canonical,
    }
    arrays = {"tokens": embedding.tokens, "values": embedding.values}
    arrays["errors"] = embedding.objectives.errors
    for i, scale in enumerate(embedding.objectives.scales):
        arrays |= {
            f"scale/{i}/targets": scale.targets,
            f"scale/{i}/values": scale.values,
        }
    arrays |= to_arrays(embedding.latent.params)
    text = np.frombuffer(json.dumps(header, allow_nan=False).encode(), np.uint8)
    try:
        with written_whole(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, header=text, **arrays)
    except OSError as error:
        raise ValueError(
            f"{path} can't be written: {error.strerror or error}."
        ) from None


def read(path: str | os.PathLike, space: spaces.Space | None) -> dict:
    """Returns the fields of an `Embedding`; see `Embedding.load`."""
    path = pathlib.Path(path).expanduser()
    try:
        arrays = read_npz(path)
        header = parse_object(arrays["header"].tobytes())
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror or error}.") from None
    except (KeyError, ValueError):
        raise ValueError(f"{path} is not a saved embedding.") from None
    if header.get("format") != FORMAT or header.get("version") != FORMAT_VERSION:
        raise ValueError(
            f"{path} must have format {FORMAT!r} and version {FORMAT_VERSION}, got "
            f"{header.get('format')!r} and {header.get('version')!r}."
        )
    try:
        return _from_parts(header, arrays, space)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"{path} does not fit: {error}") from None


def _from_parts(header: dict, arrays: dict, space: spaces.Space | None) -> dict:
    space = spaces.from_description(header["space"], space)
    config = config_lib.from_dict(header["controller"], ControllerConfig())
    columns = tuple(Objective(**column) for column in header["objectives"])
    tokens = architectures.to_tokens(space, arrays["tokens"])
    values, errors = arrays["values"], arrays["errors"]
    if values.shape != (len(tokens), len(columns)) or errors.shape != (len(columns),):
        raise ValueError(
            f"{len(tokens)} tokens, values and errors have shapes "
            f"{list(values.shape)} and {list(errors.shape)}."
        )
    for name, array in arrays.items():
        if name not in ("header", "tokens") and (
            array.dtype.kind != "f" or not np.isfinite(array).all()
        ):
            raise ValueError(f"{name} must be finite numbers.")
    scales = tuple(
        Scale(
            arrays[f"scale/{i}/targets"],
            arrays[f"scale/{i}/values"],
            config.target,
            column.maximize,
        )
        for i, column in enumerate(columns)
    )
    for scale in scales:
        scale.check()
    params = from_arrays(space, config, len(columns), arrays)
    return {
        "space": space,
        "latent": LatentSpace(Controller(space.grammar, config), params),
        "objectives": Objectives(columns, scales, errors),
        "tokens": tokens,
        "values": values,
        "canonical": bool(header["canonical"]),
    }


def to_arrays(params) -> dict[str, np.ndarray]:
    """Returns the arrays of parameters by name; `from_arrays` takes them back."""
    return {name: np.asarray(leaf) for name, leaf in _named(params)}


def _named(params) -> list[tuple[str, jax.Array]]:
    """Returns the arrays of parameters, each named by its path."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    return [("params/" + "/".join(k.key for k in path), leaf) for path, leaf in leaves]


def from_arrays(space, config: ControllerConfig, num_objectives: int, arrays):
    """Puts named arrays where a fit would have put them.

    Raises:
        ValueError: If one is missing or has another shape.
    """
    fresh = jax.eval_shape(
        lambda: parameters.create_params(
            jax.random.key(0), space.grammar, config, num_objectives
        )
    )
    leaves = []
    for name, leaf in _named(fresh):
        shape = (config.ensemble_size, *leaf.shape)
        if name not in arrays or arrays[name].shape != shape:
            raise ValueError(f"{name} of shape {list(shape)} is missing.")
        leaves.append(jnp.asarray(arrays[name], leaf.dtype))
    return jax.tree.unflatten(jax.tree.structure(fresh), leaves)

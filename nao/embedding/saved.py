"""A fitted controller as one file: a zip of arrays and JSON, no code in it."""

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nao import fields, spaces
from nao.controller import Controller, ControllerConfig, LatentSpace, Params, parameters
from nao.controller.targets import Scale
from nao.embedding import architectures
from nao.embedding.calibration import Calibration
from nao.embedding.core import FittedController
from nao.embedding.objectives import Objectives
from nao.evaluators import Objective
from nao.files import expanded, not_written, parse_object, read_npz, written_whole

FORMAT = "nao/embedding"
FORMAT_VERSION = 1


def save(fitted: FittedController, path: str | os.PathLike) -> None:
    """Writes one file, whole or not at all; see `Embedding.save`.

    Raises:
        ValueError: If the file can't be written.
    """
    path = expanded(path)
    text = json.dumps(_header(fitted), allow_nan=False).encode()
    arrays = {"header": np.frombuffer(text, np.uint8)} | _arrays(fitted)
    try:
        with written_whole(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        raise not_written(path, error) from None


def _header(fitted: FittedController) -> dict[str, Any]:
    """Returns what is written as JSON."""
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "space": spaces.describe(fitted.space),
        "controller": fields.to_dict(fitted.latent.controller.config),
        "objectives": [dataclasses.asdict(c) for c in fitted.objectives.columns],
        "canonical": fitted.canonical,
    }


def _arrays(fitted: FittedController) -> dict[str, np.ndarray]:
    """Returns what is written as arrays, by name."""
    arrays = {"tokens": fitted.tokens, "values": fitted.values}
    arrays["errors"] = fitted.objectives.errors
    arrays["calibrations"] = np.array(fitted.objectives.calibrations).reshape(-1, 3)
    for i, scale in enumerate(fitted.objectives.scales):
        arrays[f"scale/{i}/targets"] = scale.targets
        arrays[f"scale/{i}/values"] = scale.values
    return arrays | to_arrays(fitted.latent.params)


def load(path: str | os.PathLike, space: spaces.Space | None) -> FittedController:
    """Reads what `save` wrote; see `Embedding.load`.

    Raises:
        TypeError: If `space` is none.
        ValueError: If the file is not one, or of another version or space.
    """
    if space is not None:
        architectures.check_space(space)
    path = expanded(path)
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


def _from_parts(
    header: dict[str, Any], arrays: dict[str, np.ndarray], space: spaces.Space | None
) -> FittedController:
    space = spaces.from_description(header["space"], space)
    architectures.check_rule(space)
    config = fields.from_dict(header["controller"], ControllerConfig())
    columns = tuple(Objective(**column) for column in header["objectives"])
    tokens = architectures.to_tokens(space, arrays["tokens"])
    _check(arrays, len(tokens), len(columns))
    scales = _scales(arrays, config.target, columns)
    params = from_arrays(space, config, len(columns), arrays)
    return FittedController(
        space=space,
        latent=LatentSpace(Controller(space.grammar, config), params),
        objectives=Objectives(
            columns, scales, arrays["errors"], _calibrations(arrays, len(columns))
        ),
        tokens=tokens,
        values=arrays["values"],
        canonical=bool(header["canonical"]),
    )


def _check(arrays: dict[str, np.ndarray], num: int, num_columns: int) -> None:
    """Checks the shapes of the table, and that all but tokens are finite numbers."""
    values, errors = arrays["values"], arrays["errors"]
    if values.shape != (num, num_columns) or errors.shape != (num_columns,):
        raise ValueError(
            f"{num} tokens, values and errors have shapes "
            f"{list(values.shape)} and {list(errors.shape)}."
        )
    for name, array in arrays.items():
        if name not in ("header", "tokens") and (
            array.dtype.kind != "f" or not np.isfinite(array).all()
        ):
            raise ValueError(f"{name} must be finite numbers.")


def _scales(
    arrays: dict[str, np.ndarray], rule: str, columns: tuple[Objective, ...]
) -> tuple[Scale, ...]:
    scales = tuple(
        Scale(
            arrays[f"scale/{i}/targets"],
            arrays[f"scale/{i}/values"],
            rule,
            column.maximize,
        )
        for i, column in enumerate(columns)
    )
    for scale in scales:
        scale.check()
    return scales


def _calibrations(
    arrays: dict[str, np.ndarray], num_columns: int
) -> tuple[Calibration, ...]:
    # Files from before there were any have none, and are read as they were.
    rows = arrays.get("calibrations", np.zeros((0, 3)))
    if rows.shape not in ((0, 3), (num_columns, 3)):
        raise ValueError(f"calibrations have shape {list(rows.shape)}.")
    found = tuple(Calibration(*row) for row in rows.tolist())
    if any(c.slope <= 0 or c.width < 0 for c in found):
        raise ValueError("calibrations need a positive slope and no negative width.")
    return found


def to_arrays(params: Params) -> dict[str, np.ndarray]:
    """Returns the arrays of parameters by name; `from_arrays` takes them back."""
    return {name: np.asarray(leaf) for name, leaf in _named(params)}


def _named(params: Params) -> list[tuple[str, jax.Array]]:
    """Returns the arrays of parameters, each named by its path."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    return [("params/" + "/".join(k.key for k in path), leaf) for path, leaf in leaves]


def from_arrays(
    space: spaces.Space,
    config: ControllerConfig,
    num_objectives: int,
    arrays: Mapping[str, np.ndarray],
) -> Params:
    """Returns named arrays as the parameters of a fit, on the device.

    Args:
        space: Space of the architectures.
        config: Of the controller.
        num_objectives: How many objectives were fitted.
        arrays: By the names of `to_arrays`; others are left alone.

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

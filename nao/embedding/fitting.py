"""A controller fitted on the spot, to any table of architectures and numbers."""

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from absl import logging

from nao import fields
from nao.controller import (
    PRESETS,
    Controller,
    ControllerConfig,
    LatentSpace,
    targets,
)
from nao.embedding import architectures as architectures_lib
from nao.embedding import calibration, objectives
from nao.embedding.architectures import Architectures
from nao.embedding.core import FittedController
from nao.evaluators import Objective
from nao.spaces import Space
from nao.strategies.base import numpy_rng
from nao.system.showing import counted

_NUM_UNLABELLED = 8192  # random architectures of a fit, for the reconstruction loss


def fit(
    space: Space,
    architectures: Architectures,
    values: np.ndarray | Mapping[str, np.ndarray],
    *,
    minimize: Sequence[str],
    config: ControllerConfig | None,
    canonical: bool,
    held_out: float,
    seed: int,
) -> FittedController:
    """Fits a controller to a table; see `Embedding.fit`.

    Raises:
        TypeError: If `space` or `config` is something else.
        ValueError: If an architecture or a value is not as described there.
    """
    _check_kinds(space, config)
    fields.check_seed(seed)
    tokens = architectures_lib.to_tokens(space, architectures)
    if not len(tokens):
        raise ValueError("A fit needs at least one architecture, got none.")
    if not 0 <= held_out < 1:
        raise ValueError(f"held_out must be at least 0 and below 1, got {held_out}.")
    columns, described = objectives.table(values, len(tokens), minimize)
    controller = Controller(space.grammar, config or PRESETS["embedding"])
    scales, target = _to_targets(columns, described, controller.config.target)
    as_encoded = space.canonical if canonical else np.asarray
    sequences = as_encoded(tokens)
    _warn_of_unequal(space.keys(sequences), columns)
    host_key, fit_key = jax.random.split(jax.random.key(seed))
    unlabelled = None
    if controller.config.num_unlabelled:
        unlabelled = as_encoded(space.sample(numpy_rng(host_key), _NUM_UNLABELLED))

    def fit_rows(rows: np.ndarray) -> LatentSpace:
        params, _ = controller.fit(
            fit_key, sequences[rows][None], target[rows], unlabelled
        )
        return LatentSpace(controller, params)

    order = np.random.default_rng(seed).permutation(len(tokens))
    left = order[: _num_held_out(len(tokens), held_out)]
    errors, calibrations = np.zeros(len(described)), ()
    if len(left):
        latent = fit_rows(order[len(left) :])
        predicted = latent.predict_tokens(sequences[left]).mean(1)
        true = target[left].reshape(predicted.shape)
        errors = np.sqrt(((predicted - true) ** 2).mean(0)).astype(np.float64)
        pairs = zip(predicted.T, true.T, scales, strict=True)
        calibrations = tuple(calibration.fit(*pair) for pair in pairs)
    return FittedController(
        space=space,
        latent=fit_rows(np.arange(len(tokens))),
        objectives=objectives.Objectives(described, scales, errors, calibrations),
        tokens=tokens,
        values=np.stack(list(columns.values()), -1),
        canonical=canonical,
    )


def _check_kinds(space: Any, config: Any) -> None:
    architectures_lib.check_space(space)
    if config is not None and not isinstance(config, ControllerConfig):
        raise TypeError(
            "config must be a nao.ControllerConfig, or None for "
            f"PRESETS['embedding'], got {config!r}."
        )


def _num_held_out(num: int, share: float) -> int:
    """Returns how many of `num` architectures are held out; warns if none can be."""
    held_out = int(share * num)
    if share and not held_out:
        logging.warning(
            "Of %s none is held out: how far off predictions are is not known, and "
            "their deviations are those between members alone.",
            counted(num, "architecture"),
        )
    return held_out


def _warn_of_unequal(keys: Sequence[bytes], columns: Mapping[str, np.ndarray]) -> None:
    """Logs how many rows are of one architecture and differ in a value.

    The encoder reads them alike, so the fit can only learn their mean.
    """
    rows: dict[bytes, list[int]] = collections.defaultdict(list)
    for i, key in enumerate(keys):
        rows[key].append(i)
    values = np.stack(list(columns.values()), -1)
    unequal = [
        same for same in rows.values() if (values[same] != values[same[0]]).any()
    ]
    if unequal:
        logging.warning(
            "%d of %d rows are of %s with unequal values; their mean is learned. "
            "canonical=False tells sequences of a function apart.",
            sum(map(len, unequal)),
            len(values),
            counted(len(unequal), "architecture"),
        )


def _to_targets(
    columns: Mapping[str, np.ndarray], described: Sequence[Objective], rule: str
) -> tuple[tuple[targets.Scale, ...], np.ndarray]:
    """Returns each column's scale, and targets [num] or [num, columns] to fit to."""
    scales, target = [], []
    for column in described:
        measured = columns[column.name]
        scales.append(targets.scale(measured, rule, column.maximize))
        target.append(targets.normalise(column.sign * measured, rule))
    # With one objective the controller wants a vector; see `Controller.fit`.
    return tuple(scales), np.stack(target, -1) if len(target) > 1 else target[0]

"""A controller fitted on the spot, to any table of architectures and numbers."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np

from nao.controller import (
    PRESETS,
    Controller,
    ControllerConfig,
    LatentSpace,
    targets,
)
from nao.embedding import architectures as architectures_lib
from nao.embedding import objectives
from nao.spaces import Space
from nao.strategies.base import numpy_rng

_NUM_UNLABELLED = 8192  # random architectures of a fit, for the reconstruction loss


def fit(
    space: Space,
    architectures: architectures_lib.Architectures,
    values: np.ndarray | Mapping[str, np.ndarray],
    minimize: Sequence[str],
    config: ControllerConfig | None,
    canonical: bool,
    seed: int,
    held_out: float,
) -> dict:
    """Returns the fields of an `Embedding`; see `Embedding.fit`."""
    tokens = architectures_lib.to_tokens(space, architectures)
    if not len(tokens):
        raise ValueError("A fit needs at least one architecture, got none.")
    if not 0 <= held_out < 1:
        raise ValueError(f"held_out must be at least 0 and below 1, got {held_out}.")
    columns, described = objectives.table(values, len(tokens), minimize)
    config = PRESETS["embedding"] if config is None else config
    scales, target = [], []
    for column in described:
        measured = columns[column.name]
        scales.append(targets.scale(measured, config.target, column.maximize))
        target.append(targets.normalise(column.sign * measured, config.target))
    target = np.stack(target, -1) if len(target) > 1 else target[0]
    host_key, fit_key = jax.random.split(jax.random.key(seed))
    read = space.canonical if canonical else np.asarray
    unlabelled = None
    if config.num_unlabelled:
        unlabelled = read(space.sample(numpy_rng(host_key), _NUM_UNLABELLED))
    controller = Controller(space.grammar, config)
    sequences = read(tokens)

    def fit_rows(rows: np.ndarray) -> LatentSpace:
        params, _ = controller.fit(
            fit_key, sequences[rows][None], target[rows], unlabelled
        )
        return LatentSpace(controller, params)

    errors = np.zeros(len(described))
    num_left = int(held_out * len(tokens))
    if num_left:
        order = np.random.default_rng(seed).permutation(len(tokens))
        left, kept = order[:num_left], order[num_left:]
        predicted = fit_rows(kept).predict_tokens(sequences[left]).mean(1)
        errors = (predicted - target[left].reshape(num_left, -1)) ** 2
        errors = np.sqrt(errors.mean(0)).astype(np.float64)
    return {
        "space": space,
        "latent": fit_rows(np.arange(len(tokens))),
        "objectives": objectives.Objectives(described, tuple(scales), errors),
        "tokens": tokens,
        "values": np.stack(list(columns.values()), -1),
        "canonical": canonical,
    }

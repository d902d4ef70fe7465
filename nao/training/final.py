"""The training of one architecture, kept epoch by epoch so that it can be continued."""

import hashlib
import json
import pathlib
import time
from collections.abc import Callable, Mapping

import jax
import numpy as np
import orbax.checkpoint as ocp

from nao import fields
from nao.child.programs import TrainState
from nao.evaluators import TrainingEvaluator
from nao.runs import RunDirectory
from nao.system import hosts

_KEPT = 2
_SAVE_EVERY_S = 20.0


def folder(
    workdir: pathlib.Path, settings: Mapping, defaults: Mapping | None = None
) -> pathlib.Path:
    """Returns where the training of some settings is kept.

    The name holds a hash of what differs from the defaults, so other settings have
    another folder, and a field that is new has the folder of before.

    Args:
        workdir: Folder of the search, or of trainings alone.
        settings: What the result depends on, JSON values.
        defaults: Default values of their fields.
    """
    chosen = fields.changed(settings, defaults or {})
    text = json.dumps(chosen, sort_keys=True)
    return workdir / f"train-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def finished(run: RunDirectory) -> dict[str, float] | None:
    """Returns the metrics of a finished training; None where it is not finished."""
    return run.read_json("result.json")


def run(
    evaluator: TrainingEvaluator,
    tokens: np.ndarray,
    seed: int,
    run: RunDirectory,
    progress_fn: Callable[[int, Mapping[str, float]], None],
    save_every_s: float = _SAVE_EVERY_S,
) -> dict[str, float]:
    """Trains an architecture by the final recipe, from where it was left, and tests it.

    Args:
        evaluator: What trains it.
        tokens: int32 [length].
        seed: Seed of the training.
        run: Its folder; a finished training is read from it.
        progress_fn: Called with the epochs done and the metrics after each, and once at
            the start with those done before.
        save_every_s: Seconds between checkpoints.

    Returns:
        The metrics of `TrainingEvaluator.train`, which `result.json` of the folder
        holds too; the trained network is in `child/`, for `TrainedChild.load`.

    Raises:
        ChildFailure: If it can't be trained.
    """
    there = finished(run)
    if there is not None:
        return there
    options = ocp.CheckpointManagerOptions(max_to_keep=_KEPT)
    manager = ocp.CheckpointManager(run.path / "checkpoints", options=options)
    num_logged = run.num_logged("epoch")
    saved = time.monotonic()

    def begin(fresh: TrainState) -> tuple[int, TrainState] | None:
        done = manager.latest_step()
        if done is None:
            return None
        target = jax.tree.map(ocp.utils.to_shape_dtype_struct, _leaves(fresh))
        leaves = manager.restore(done, args=ocp.args.StandardRestore(target))
        # Arrays without elements, which are not kept, are those of a fresh state.
        all_leaves, structure = jax.tree.flatten(fresh)
        all_leaves = [leaves.get(str(i), leaf) for i, leaf in enumerate(all_leaves)]
        progress_fn(done, {})
        return done, jax.tree.unflatten(structure, all_leaves)

    def keep(epoch: int, states: TrainState, metrics: Mapping[str, float]) -> None:
        nonlocal saved
        done = epoch + 1
        if done > num_logged:
            run.log(done, {"epoch": done, **metrics})
        # The last epoch is not kept: its loss belongs to the result.
        is_due = time.monotonic() - saved >= save_every_s
        if done < evaluator.num_final_epochs and hosts.agree(is_due):
            manager.save(done, args=ocp.args.StandardSave(_leaves(states)))
            # The next epoch reuses the memory of these arrays.
            manager.wait_until_finished()
            saved = time.monotonic()
        progress_fn(done, metrics)

    try:
        metrics, child = evaluator.train(tokens, jax.random.key(seed), keep, begin)
    finally:
        manager.close()
    architecture = evaluator.space.to_json(tokens)
    about = {"architecture": architecture, "seed": seed, "metrics": metrics}
    child.save(run.path / "child", about)  # All hosts: Orbax waits for each of them.
    run.write_json("result.json", metrics)
    return metrics


def _leaves(states: TrainState) -> dict[str, jax.Array]:
    """Returns the arrays by number; Orbax keeps none without elements."""
    leaves = enumerate(jax.tree.leaves(states))
    return {str(i): leaf for i, leaf in leaves if leaf.size}

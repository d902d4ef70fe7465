"""The training of one architecture, kept epoch by epoch so that it can be continued."""

import contextlib
import hashlib
import json
import pathlib
import time
from collections.abc import Callable, Mapping

import jax
import numpy as np

from nao.child.programs import TrainState
from nao.evaluators import TrainingEvaluator
from nao.runs import RunDirectory, comparing, shapes
from nao.system import hosts, interrupts
from nao.training.checkpoints import Checkpoints

_SAVE_EVERY_S = 20.0

ProgressFn = Callable[[int, Mapping[str, float]], None]  # epochs done, metrics


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
    chosen = comparing.changed(settings, defaults or {})
    text = json.dumps(chosen, sort_keys=True)
    return workdir / f"train-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def finished(run: RunDirectory) -> dict[str, float] | None:
    """Returns the metrics of a finished training; None where it is not finished.

    Raises:
        ValueError: If `result.json` of the folder is damaged.
    """
    return run.read_json("result.json", shapes.Result)


def run(
    evaluator: TrainingEvaluator,
    tokens: np.ndarray,
    seed: int,
    run: RunDirectory,
    progress_fn: ProgressFn,
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
        KeyboardInterrupt: After an interruption, with the last checkpoint kept.
    """
    there = finished(run)
    if there is not None:
        return there
    kept = _Progress(run, evaluator.num_final_epochs, save_every_s, progress_fn)
    key = jax.random.key(seed)
    with contextlib.closing(kept), interrupts.stoppable() as check:

        def keep(*epoch) -> None:
            kept.keep(*epoch)
            check()

        metrics, child = evaluator.train(tokens, key, keep, kept.begin)
    architecture = evaluator.space.to_json(tokens)
    about = {"architecture": architecture, "seed": seed, "metrics": metrics}
    child.save(run.path / "child", about)  # All hosts: Orbax waits for each of them.
    run.write_json("result.json", metrics)
    return metrics


class _Progress:
    """Keeps a training: its last states, and a line of `metrics.jsonl` per epoch."""

    def __init__(
        self,
        run: RunDirectory,
        num_epochs: int,
        save_every_s: float,
        progress_fn: ProgressFn,
    ):
        self._checkpoints = Checkpoints(run.path / "checkpoints")
        self._run, self._num_epochs = run, num_epochs
        self._save_every_s, self._progress_fn = save_every_s, progress_fn
        self._num_logged = run.num_logged("epoch")
        self._saved = time.monotonic()

    def begin(self, fresh: TrainState) -> tuple[int, TrainState] | None:
        """Returns the epochs done and the state after them; None to begin anew."""
        found = self._checkpoints.latest(fresh)
        if found is not None:
            self._progress_fn(found[0], {})
        return found

    def keep(
        self, epoch: int, states: TrainState, metrics: Mapping[str, float]
    ) -> None:
        """Logs an epoch, numbered from 0, and saves its state where that is due."""
        done = epoch + 1
        if done > self._num_logged:
            # Epochs are the steps: as a scalar they would be a straight line.
            scalars = {k: v for k, v in metrics.items() if k != "epochs"}
            self._run.log(done, {"epoch": done, **metrics}, scalars)
        # The last epoch is not kept: its loss belongs to the result.
        is_due = time.monotonic() - self._saved >= self._save_every_s
        if done < self._num_epochs and hosts.agree(is_due):
            self._checkpoints.save(done, states)
            self._saved = time.monotonic()
        self._progress_fn(done, metrics)

    def close(self) -> None:
        """Ends what the checkpoints have running."""
        self._checkpoints.close()

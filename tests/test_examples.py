"""The examples, with modules in place of the trackers: neither is here."""

import importlib.util
import pathlib
import sys
import types

import jax
import numpy as np
import pytest

import nao

FOLDER = pathlib.Path(__file__).parents[1] / "experiments" / "examples"


class Tracker(types.SimpleNamespace):
    """Stands for both trackers: keeps what is logged, by step, and which runs begin."""

    def __init__(self):
        super().__init__(Run=object, logged=[], begun=[], summary={}, tags={})
        self.info = types.SimpleNamespace(run_id="a1b2")
        self.log_metrics = self.log = self._log
        self.start_run = self.init = self._begin
        self.log_params = self.log_artifact = lambda *_: None
        self.set_tag = self.tags.__setitem__

    def _begin(self, **options):
        self.begun.append(options)
        return self

    def _log(self, numbers, step):
        self.logged.append((step, numbers))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


@pytest.fixture
def example(monkeypatch):
    """Returns a function that runs an example as a command, and returns its module."""

    def run(name, *arguments):
        path = FOLDER / f"{name}.py"
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
        module.main()
        return module

    return run


@pytest.fixture
def track(monkeypatch, tmp_path, example):
    """Returns a function that runs an example with a tracker, as a command."""

    def run(name, tracker, num_trials):
        monkeypatch.setitem(sys.modules, name, tracker)
        example(f"track_{name}", tmp_path / "tracked", f"--num_trials={num_trials}")

    return run


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_trials_are_tracked_once_each_when_a_search_goes_on(track, name, capsys):
    tracker = Tracker()
    track(name, tracker, 6)
    track(name, tracker, 8)
    assert [step for step, _ in tracker.logged] == list(range(8))
    assert all({"loss", "seconds"} <= set(numbers) for _, numbers in tracker.logged)
    first, second = tracker.begun
    if name == "mlflow":
        assert first == {"run_name": "tracked"} and second == {"run_id": "a1b2"}
        assert "layers=" in tracker.tags["best"]
    else:
        assert first == second and first["id"] == "tracked"
        assert first["resume"] == "allow" and "layers=" in tracker.summary["best"]
    assert "Result(8 trials, 0 failed, best " in capsys.readouterr().out


@pytest.mark.slow  # trains three children and times their exported programs
def test_the_front_of_accuracy_and_latency(example, tmp_path, capsys):
    small = ["--num_trials=3", "--channels=2", "--epochs=1", "--num_train=200"]
    example("front_of_latency", tmp_path, *small)
    front = capsys.readouterr().out.splitlines()
    assert front and all(" ms: |" in line for line in front)


@pytest.mark.slow
def test_a_task_of_ones_own_is_searched_and_kept(example, tmp_path, capsys):
    """It must say half of what always saying the mean leaves open, or more."""
    module = example("own_task", tmp_path, "--num_trials=3")
    said = capsys.readouterr().out
    assert "Result(3 trials, 0 failed, best " in said and "'test_error': " in said
    network = nao.TrainedChild.load(tmp_path / "network", module.Net)
    exported = jax.export.deserialize((tmp_path / "network.jax_export").read_bytes())
    signals, swings = module.signals(100)
    signals = signals.astype(np.float32)
    said = network.predict(signals)
    np.testing.assert_allclose(exported.call(signals), said, rtol=1e-3)
    assert np.abs(said - swings).mean() < 0.5 * np.abs(swings.mean() - swings).mean()

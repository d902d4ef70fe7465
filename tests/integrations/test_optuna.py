import pickle

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from nao.controller import ControllerConfig
from nao.integrations.optuna import NAOSampler
from nao.strategies import NAOConfig

CONFIG = NAOConfig(
    num_seed_archs=8,
    round_size=4,
    top_k=4,
    num_random_starts=8,
    step_sizes=(0.0, 1.0),
    controller=ControllerConfig(
        bidirectional=False,  # sooner compiled
        embedding_size=16,
        hidden_size=16,
        predictor_sizes=(16,),
        num_epochs=10,
        min_steps=60,
        batch_size=16,
        num_unlabelled=4,
    ),
)
SIZES = {"a": 4, "b": 4, "c": 4}  # 64 combinations
BEST = {"a": "2", "b": 3, "c": True}


def suggest(trial):
    return {
        "a": trial.suggest_categorical("a", ["0", "1", "2", "3"]),
        "b": trial.suggest_int("b", 0, 9, step=3),
        "c": trial.suggest_categorical("c", [None, 0.5, True, "x"]),
    }


def value(params):
    """Counts the parameters that are as they should be, the first one twice."""
    right = [params[name] == best for name, best in BEST.items()]
    return float(right[0] + sum(right))


def objective(trial):
    return value(suggest(trial))


def study_of(sampler=None, direction="maximize", **options):
    sampler = NAOSampler(CONFIG, seed=0) if sampler is None else sampler
    return optuna.create_study(sampler=sampler, direction=direction, **options)


def params_of(study):
    return [trial.params for trial in study.trials]


def test_a_plain_objective_is_maximised():
    """All combinations have 1 on average, the best 24 of them 2.1.

    What 8 trials at random taught takes the next 24 more than half of the way there.
    """
    study = study_of()
    study.optimize(objective, n_trials=32)
    assert study.best_params == BEST
    values = [trial.value for trial in study.trials]
    assert np.mean(values[8:]) > 1.55
    assert len({repr(params) for params in params_of(study)}) == 32


def test_every_combination_comes_once_and_then_chance():
    study = study_of()
    study.optimize(objective, n_trials=66)
    assert len({repr(params) for params in params_of(study)[:64]}) == 64
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)


def test_minimising_the_negative_is_the_same():
    studies = study_of(), study_of(direction="minimize")
    studies[0].optimize(objective, n_trials=14)
    studies[1].optimize(lambda trial: -objective(trial), n_trials=14)
    assert params_of(studies[0]) == params_of(studies[1])


def test_a_study_loaded_from_its_storage_goes_on_the_same(tmp_path):
    """Stopped in the random round, and in the middle of another."""
    whole = study_of()
    whole.optimize(objective, n_trials=18)
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    for num in (5, 5, 8):
        study = study_of(storage=storage, study_name="one", load_if_exists=True)
        study.optimize(objective, n_trials=num)
    assert params_of(study) == params_of(whole)
    other = study_of(NAOSampler(CONFIG, seed=1))
    other.optimize(objective, n_trials=18)
    assert params_of(other) != params_of(whole)


def test_failed_and_pruned_trials_are_not_proposed_again():
    def breaks(trial):
        # Before its other parameters are known to the storage.
        if trial.suggest_categorical("a", ["0", "1", "2", "3"]) == "0":
            raise RuntimeError
        params = suggest(trial)
        if params["b"] == 0:
            raise optuna.TrialPruned
        return float("nan") if params["c"] is None else value(params)

    study = study_of()
    study.optimize(breaks, n_trials=40, catch=RuntimeError)
    states = {trial.state for trial in study.trials}
    assert states == {TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED}
    proposed = [trial.system_attrs.get("nao:proposed") for trial in study.trials]
    assert proposed[0] is None
    assert len(set(map(repr, proposed))) == 40
    # Nothing worked yet: trials are random.
    study = study_of()
    study.optimize(lambda trial: float("nan") + len(suggest(trial)), n_trials=12)
    assert len(study.get_trials(states=[TrialState.FAIL])) == 12


def test_several_workers_repeat_nothing():
    study = study_of()
    study.optimize(objective, n_trials=1)  # From here on the parameters are known.
    study.optimize(objective, n_trials=30, n_jobs=4)
    assert len({repr(params) for params in params_of(study)}) == 31


def test_trials_that_are_running_or_waiting_are_not_proposed():
    study = study_of()
    study.optimize(objective, n_trials=9)
    study.enqueue_trial(BEST)
    running = [study.ask() for _ in range(20)]
    asked = [suggest(trial) for trial in running]
    assert asked[0] == BEST  # It was waiting first.
    assert len({repr(params) for params in params_of(study)}) == 29


def test_other_parameters_are_left_to_the_independent_sampler():
    def mixed(trial):
        total = objective(trial)
        if trial.number % 3 == 0:
            total += trial.suggest_int("sometimes", 0, 1)
        return total + trial.suggest_float("x", 0, 1) + trial.suggest_int("n", 0, 99)

    study = study_of()
    study.optimize(mixed, n_trials=12)
    trial = study.trials[-1]
    space = study.sampler.infer_relative_search_space(study, trial)
    assert set(space) == set(SIZES)
    proposed = [{name: t.params[name] for name in SIZES} for t in study.trials]
    assert len({repr(params) for params in proposed}) == 12
    assert len({t.params["x"] for t in study.trials}) == 12


def test_floats_with_a_step_are_proposed():
    """Trials of others may hold 0.1 + 2 * 0.1, which is not quite 0.3."""

    def stepped(trial):
        x = trial.suggest_float("x", 0.1, 0.55, step=0.1)
        return -abs(x - 0.3) - abs(trial.suggest_int("n", 0, 3) - 2)

    study = study_of()
    study.enqueue_trial({"x": 0.1 + 2 * 0.1, "n": 2})
    study.optimize(stepped, n_trials=20)
    found = {(round(t.params["x"], 9), t.params["n"]) for t in study.trials}
    assert len(found) == 20  # all of them, each once
    assert study.trials[-1].params["x"] in (0.1, 0.2, 0.3, 0.4, 0.5)
    assert "nao:proposed" in study.trials[-1].system_attrs


def test_a_given_search_space_is_proposed_from_the_first_trial():
    first = study_of()
    first.optimize(objective, n_trials=1)
    space = first.trials[0].distributions
    study = study_of(NAOSampler(CONFIG, seed=0, search_space=space))
    study.optimize(objective, n_trials=2)
    proposed = [trial.system_attrs["nao:proposed"] for trial in study.trials]
    assert proposed[0] != proposed[1]
    assert "nao:proposed" not in first.trials[0].system_attrs


def test_a_pickled_sampler_goes_on():
    whole, cut = study_of(), study_of()
    whole.optimize(objective, n_trials=12)
    cut.optimize(objective, n_trials=6)
    cut.sampler = pickle.loads(pickle.dumps(cut.sampler))
    cut.optimize(objective, n_trials=6)
    assert params_of(cut) == params_of(whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed must be 0 to"),
        ({"seed": 2**32}, "seed must be at most 4294967295"),
        ({"seed": 0.5}, "seed must be a whole number, got 0.5"),
        ({"max_choices": 1}, "max_choices must be at least 2"),
        (
            {"search_space": {"x": FloatDistribution(0, 1)}},
            "or integers and floats with",
        ),
        ({"search_space": {"x": FloatDistribution(0, 1, step=1e-9)}}, "2 to 32 values"),
        ({"search_space": {"n": IntDistribution(0, 99)}}, "got n=IntDistribution"),
        ({"search_space": {"c": CategoricalDistribution([1])}}, "must have categor"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        NAOSampler(**arguments)


def test_one_objective_alone():
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=NAOSampler(CONFIG)
    )
    with pytest.raises(ValueError, match="multi-objective"):
        suggest(study.ask())

import dataclasses
import datetime

import numpy as np
import optuna
import pytest

from nao import spaces
from nao.evaluators import Evaluation, Goals, Objective
from nao.runs import answers, ledger, storage

SPACE = spaces.custom({"a": ("x", "y"), "b": ("1", "2", "3")})
ACCURACY, LOSS = Objective("accuracy"), Objective("loss", maximize=False)


def open_ledger(tmp_path, objective=ACCURACY, space=SPACE):
    return ledger.Ledger(storage.to_write(tmp_path, ""), space, Goals((objective,)))


def study_in(tmp_path):
    opened = storage.to_read(tmp_path, "")
    return optuna.load_study(study_name=None, storage=opened.storage)


def trial(index, value, **fields):
    reason = "" if value is not None else "loss is nan"
    tokens = SPACE.sample(np.random.default_rng(index), 1)[0]
    evaluation = Evaluation(value, {"epochs": 3.0}, 1.5, reason)
    return ledger.Trial(index, 0, 4, tokens, evaluation, **fields)


def test_trials_come_back_as_they_went(tmp_path):
    written = [trial(0, 0.5), trial(1, None), trial(2, 0.1, predicted=0.25)]
    first = open_ledger(tmp_path)
    for item in written:
        first.append(item)
    for before, after in zip(written, open_ledger(tmp_path).trials, strict=True):
        np.testing.assert_array_equal(before.tokens, after.tokens)
        assert before.evaluation == after.evaluation
        assert (before.index, before.predicted) == (after.index, after.predicted)


def test_further_measurements_come_back_as_they_went(tmp_path):
    """Trial 1 was the best until its second measurement."""
    first = open_ledger(tmp_path)
    for index, value in enumerate((0.5, 0.6, 0.1)):
        first.append(trial(index, value))
    failed = Evaluation.of_exception(ValueError("diverged"), 2.0)
    for index, again in ((1, Evaluation(0.2, {"epochs": 3.0}, 1.0)), (0, failed)):
        first.measure_again(index, again)
    found = open_ledger(tmp_path)
    assert [t.repeats for t in found.trials] == [t.repeats for t in first.trials]
    assert found.trials[0].repeats[0].traceback and found.trials[0].has_failed_again
    assert first.best().index == found.best().index == 1
    first.measure_again(2, Evaluation(0.9))
    assert (first.best().index, open_ledger(tmp_path).best().mean) == (2, 0.5)


def test_the_best_is_that_of_all_after_every_trial(tmp_path):
    """Whatever was asked for again: it is not looked for among all each time."""
    kept = open_ledger(tmp_path)
    rng = np.random.default_rng(0)
    for index, which in enumerate(rng.integers(0, 6, 30)):
        value = None if index % 7 == 3 else which / 10 + rng.normal()
        tokens = trial(int(which), 0.0).tokens
        kept.append(dataclasses.replace(trial(index, value), tokens=tokens))
        best = answers.best_of(kept.trials, Goals((ACCURACY,)))
        assert (kept.best().index, kept.best().values) == (best.index, best.values)


def test_optuna_reads_it(tmp_path):
    open_ledger(tmp_path).append(trial(0, 0.5))
    study = study_in(tmp_path)
    (frozen,) = study.trials
    assert frozen.value == 0.5
    assert study.metric_names == ["accuracy"]
    assert set(frozen.params) == {"a", "b"}
    assert SPACE.parse(frozen.user_attrs["architecture"]).shape == (2,)
    # Nothing was predicted, and nothing failed.
    assert not {"predicted", "reason", "traceback"} & set(frozen.user_attrs)


def test_optuna_reads_when_a_trial_began_and_ended(tmp_path):
    """Both were the moment it was written, so every trial took no time."""
    before = datetime.datetime.now()
    open_ledger(tmp_path).append(trial(0, 0.5))
    (frozen,) = study_in(tmp_path).trials
    assert frozen.duration == datetime.timedelta(seconds=1.5)
    assert before <= frozen.datetime_complete <= datetime.datetime.now()


def test_optuna_reads_each_metric_as_a_number_of_its_own(tmp_path):
    numbers = {"loss": np.float32(0.5), "steps": np.int64(7), "far": np.inf}
    item = trial(0, np.float32(0.25))
    evaluation = Evaluation(item.value, numbers, np.float64(2))
    open_ledger(tmp_path).append(dataclasses.replace(item, evaluation=evaluation))
    (frozen,) = study_in(tmp_path).trials
    read = frozen.user_attrs
    assert (read["metrics.loss"], read["metrics.steps"]) == (0.5, 7)
    assert "metrics.far" not in read and "metrics" not in read
    (again,) = open_ledger(tmp_path).trials
    assert again.evaluation.metrics == {"loss": 0.5, "steps": 7}


def test_runs_that_share_a_storage_have_studies_of_telling_names(tmp_path):
    url = f"sqlite:///{tmp_path}/shared.db"
    for number, name in enumerate(("a", "b")):
        opened = storage.to_write(tmp_path / name, url, f"toy by nao, seed {number}")
        ledger.Ledger(opened, SPACE, Goals((ACCURACY,))).append(trial(0, float(number)))
    assert set(optuna.get_all_study_names(url)) == {
        f"toy by nao, seed 0 in {tmp_path}/a",
        f"toy by nao, seed 1 in {tmp_path}/b",
    }
    read = ledger.Ledger(
        storage.to_read(tmp_path / "b", url), SPACE, Goals((ACCURACY,))
    )
    assert [t.value for t in read.trials] == [1.0]


def test_tensorboard_gets_the_best_so_far_and_nothing_that_only_counts():
    trials = [trial(0, 0.5), trial(1, 0.7), trial(2, None, predicted=0.1)]
    assert ledger.scalars(
        trials[-1], answers.best_of(trials, Goals((LOSS,))), LOSS
    ) == {
        "objective/loss": None,
        "objective/best_so_far": 0.5,
        "seconds": 1.5,
        "metrics/epochs": 3.0,
    }


@pytest.mark.parametrize(("objective", "index"), [(ACCURACY, 1), (LOSS, 0)])
def test_best_follows_the_direction_and_ties_go_to_the_first(
    tmp_path, objective, index
):
    book = open_ledger(tmp_path, objective)
    for number, value in enumerate([0.1, 0.7, None, 0.7, 0.1]):
        book.append(trial(number, value))
    assert book.best().index == index


def test_no_success_no_best(tmp_path):
    book = open_ledger(tmp_path)
    book.append(trial(0, None))
    assert book.best() is None


def test_objectives_are_sign_corrected():
    values = ledger.objectives([trial(0, 2.0), trial(1, None)], LOSS)
    np.testing.assert_array_equal(values, [-2.0, np.nan])


def test_a_file_that_is_no_ledger(tmp_path):
    (tmp_path / "study.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ValueError, match=r"can.t be opened: .*not a database"):
        open_ledger(tmp_path)


def test_a_ledger_of_another_space_or_direction(tmp_path):
    open_ledger(tmp_path).append(trial(0, 0.5))
    other = spaces.custom({"a": ("x",), "b": ("1",), "c": ("2",)})
    with pytest.raises(ValueError, match="trial 0 can't be read"):
        open_ledger(tmp_path, space=other)
    with pytest.raises(ValueError, match="does not minimize"):
        open_ledger(tmp_path, LOSS)


def test_choices_are_read_by_name(tmp_path):
    """The same space with its choices in another order has other token ids."""
    open_ledger(tmp_path).append(trial(0, 0.5))
    turned = spaces.custom({"a": ("y", "x"), "b": ("3", "2", "1")})
    (read,) = open_ledger(tmp_path, space=turned).trials
    assert turned.format(read.tokens) == SPACE.format(trial(0, 0.5).tokens)


def test_equal_functions_have_equal_hashes(rng):
    space = spaces.NASBench201()
    tokens = space.sample(rng, 5)
    for one, other in zip(tokens, space.equivalents(rng, tokens), strict=True):
        one, other = (ledger.architecture_hash(space, row) for row in (one, other))
        assert one == other

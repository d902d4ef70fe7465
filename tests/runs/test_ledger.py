import numpy as np
import optuna
import pytest

from nao import spaces
from nao.evaluators import Evaluation, Objective
from nao.runs import ledger, storage

SPACE = spaces.custom({"a": ("x", "y"), "b": ("1", "2", "3")})
ACCURACY, LOSS = Objective("accuracy"), Objective("loss", maximize=False)


def open_ledger(tmp_path, objective=ACCURACY, space=SPACE):
    return ledger.Ledger(storage.to_write(tmp_path, ""), space, objective)


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


def test_optuna_reads_it(tmp_path):
    open_ledger(tmp_path).append(trial(0, 0.5))
    opened = storage.to_write(tmp_path, "")
    study = optuna.load_study(study_name=opened.study, storage=opened.storage)
    (frozen,) = study.trials
    assert frozen.value == 0.5
    assert set(frozen.params) == {"a", "b"}
    assert SPACE.parse(frozen.user_attrs["architecture"]).shape == (2,)


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

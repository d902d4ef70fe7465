import json

import numpy as np
import pytest

import nao
from nao.embedding import saved
from tests.embedding.conftest import SPACE, TINY, score


@pytest.fixture
def path(embedding, tmp_path):
    embedding.save(tmp_path / "toy.nao")
    return tmp_path / "toy.nao"


def _rewrite(path, **changes):
    """Changes arrays of a file, or its header by a mapping."""
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(arrays["header"].tobytes()) | changes.pop("header", {})
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    for name, array in changes.items():
        arrays[name] = array
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def test_what_is_loaded_answers_as_what_was_saved(embedding, path, everything):
    again = nao.Embedding.load(path)
    assert again.space == SPACE
    assert again.objectives.columns == embedding.objectives.columns
    assert again.objectives.calibrations == embedding.objectives.calibrations
    np.testing.assert_array_equal(again.values, embedding.values)
    np.testing.assert_array_equal(
        again.encode(everything), embedding.encode(everything)
    )
    for name in ("score", "cost"):
        np.testing.assert_array_equal(
            again.predict(everything, name), embedding.predict(everything, name)
        )
    points = embedding.encoder_outputs(everything)
    np.testing.assert_array_equal(again.decode(points), embedding.decode(points))


def test_a_file_from_before_calibrations_is_read_as_it_was(embedding, path):
    with np.load(path) as file:
        arrays = {k: file[k] for k in file.files if k != "calibrations"}
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    again = nao.Embedding.load(path)
    assert again.objectives.calibrations == ()
    np.testing.assert_array_equal(again.objectives.errors, embedding.objectives.errors)


def test_it_holds_no_pickle(path):
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"header": {"version": 9}}, "version 1, got 'nao/embedding' and 9"),
        ({"header": {"format": "other"}}, "must have format"),
        ({"header": {"controller": {"hidden_size": 99}}}, r"is missing"),
        ({"header": {"controller": {"speed": 1}}}, "Unknown config field 'speed'"),
        ({"header": {"space": {"format": "nao/space"}}}, "does not fit: A space must"),
        ({"tokens": np.zeros((3, 9), np.int32)}, "must be integers of shape"),
        ({"tokens": np.full((40, 4), 9, np.int32)}, "Not a valid architecture of"),
        ({"errors": np.zeros(7)}, "have shapes"),
        ({"errors": np.full(2, np.nan)}, "errors must be finite numbers"),
        ({"calibrations": np.zeros((1, 3))}, "calibrations have shape"),
        ({"calibrations": np.zeros((2, 3))}, "need a positive slope"),
        ({"scale/0/values": np.zeros(3)[::-1]}, "as many targets as values"),
        ({"scale/0/targets": np.zeros(2)}, "must be in order"),
        ({"header": {"space": None}}, "described by an object, got None"),
        ({"header": {"controller": [1]}}, "must be given by an object"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(path, changes, message):
    _rewrite(path, **changes)
    with pytest.raises(ValueError, match=message) as error:
        nao.Embedding.load(path)
    assert "\n" not in str(error.value)


def test_what_is_no_file_of_ours_is_refused(tmp_path, path):
    with pytest.raises(ValueError, match="can't be read: No such file"):
        nao.Embedding.load(tmp_path / "none.nao")
    whole = path.read_bytes()
    for data in (b"", b"text", whole[: len(whole) // 2]):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="is not a saved embedding"):
            nao.Embedding.load(path)
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(ValueError, match="is not a saved embedding"):
        nao.Embedding.load(tmp_path / "array.npy")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="is not a saved embedding"):
        nao.Embedding.load(tmp_path / "objects.npy")


def test_a_file_that_cannot_be_written_is_named(embedding, tmp_path):
    with pytest.raises(ValueError, match="can't be written: No such file"):
        embedding.save(tmp_path / "nowhere" / "toy.nao")


class Odd(nao.spaces.Space):
    """A class of the user's own, where slot 0 is never `c`."""

    def is_valid(self, tokens):
        return super().is_valid(tokens) & (np.asarray(tokens)[:, 0] != 3)


def test_a_space_class_of_ones_own_is_given_again(single, tmp_path, everything):
    odd = Odd("odd", SPACE.slots)
    kept = odd.is_valid(single.tokens)
    fitted = nao.Embedding(
        odd,
        single.latent,
        single.objectives,
        single.tokens[kept],
        single.values[kept],
    )
    fitted.save(tmp_path / "odd.nao")
    with pytest.raises(ValueError, match="must be given as space="):
        nao.Embedding.load(tmp_path / "odd.nao")
    again = nao.Embedding.load(tmp_path / "odd.nao", odd)
    rows = everything[odd.is_valid(everything)]
    np.testing.assert_array_equal(again.encode(rows), single.encode(rows))


def test_a_run_can_be_asked(tmp_path):
    """A search that stopped in a round: its last controller, and all its trials."""
    config = nao.strategies.NAOConfig(
        num_seed_archs=8, round_size=6, num_random_starts=4, controller=TINY
    )

    def minimised(choices):
        return 4.0 - sum(choice == "b" for choice in choices.values())

    evaluator = nao.evaluators.FunctionEvaluator(
        SPACE, minimised, nao.evaluators.Objective("loss", maximize=False)
    )
    strategy = nao.strategies.NAO(SPACE, config)
    nao.search(
        strategy,
        evaluator,
        num_trials=17,
        workdir=tmp_path,
        progress=False,
        report=False,
    )
    asked = nao.Embedding.from_workdir(tmp_path)
    assert asked.space == SPACE and asked.tokens.shape == (17, 4)
    np.testing.assert_array_equal(asked.values[:, 0], 4 - score(asked.tokens))
    assert asked.objectives.columns[0].maximize is False
    # Predictions are those the search made for its last round, lower is better.
    mean, _ = asked.predict(asked.tokens)
    assert np.corrcoef(mean, asked.values[:, 0])[0, 1] > 0.7
    asked.save(tmp_path / "saved.nao")
    again = nao.Embedding.load(tmp_path / "saved.nao")
    np.testing.assert_array_equal(again.predict(asked.tokens).mean, mean)
    record = (tmp_path / "search.json").read_text()
    size = f'"hidden_size": {TINY.hidden_size}'
    assert size in record
    (tmp_path / "search.json").write_text(record.replace(size, '"hidden_size": 8'))
    with pytest.raises(ValueError, match=r"The controller in .* does not fit: params/"):
        nao.Embedding.from_workdir(tmp_path)
    (tmp_path / "search.json").write_text(record)
    (tmp_path / "study.db").unlink()
    with pytest.raises(ValueError, match=r"has lost its trials \(no study\.db\)"):
        nao.Embedding.from_workdir(tmp_path)
    assert not (tmp_path / "study.db").exists()


def test_a_run_without_a_controller_says_so(tmp_path):
    evaluator = nao.evaluators.FunctionEvaluator(SPACE, lambda choices: 1.0)
    with pytest.raises(ValueError, match=r"does not hold a run \(no config.json\)"):
        nao.Embedding.from_workdir(tmp_path)
    for strategy, message in (
        (nao.strategies.RandomSearch(SPACE), "has no controller"),
        (nao.strategies.NAO(SPACE), "fitted a controller yet; it ended in its random"),
    ):
        workdir = tmp_path / type(strategy).__name__
        nao.search(
            strategy,
            evaluator,
            num_trials=3,
            workdir=workdir,
            progress=False,
            report=False,
        )
        with pytest.raises(ValueError, match=message):
            nao.Embedding.from_workdir(workdir)


def test_names_of_parameters_are_those_of_a_fit(single):
    names = [name for name, _ in saved._named(single.latent.params)]
    assert "params/encoder/embedding" in names and len(set(names)) == len(names)

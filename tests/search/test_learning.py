"""Searches whose evaluator learns before each round."""

import shutil
import time

import jax
import numpy as np
import pytest

from nao import spaces, strategies
from nao.runs import lessons
from nao.strategies import draws
from tests.searching import SPACE, Counting, Learning, learn_from, search

RNG = np.random.default_rng(0)
RANDOM = strategies.RandomSearch(SPACE, strategies.RandomConfig(round_size=3), "none")


def listing(result):
    return [(trial.tokens.tolist(), trial.value) for trial in result.trials]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return search(tmp_path_factory.mktemp("whole"), 14, Learning(), RANDOM)


def test_values_depend_on_what_was_learned(whole, tmp_path):
    """By hand: twenty drawn before each of the rounds of three, one weight a choice."""
    plain = search(tmp_path, 14, Counting(), RANDOM)
    assert [t.tokens.tolist() for t in plain.trials] == [
        t.tokens.tolist() for t in whole.trials
    ]
    state = Learning().init(jax.random.fold_in(jax.random.key(0), 3))
    for number, (ours, theirs) in enumerate(
        zip(whole.trials, plain.trials, strict=True)
    ):
        if number % 3 == 0:
            state = learn_from(state, draws.uniform(SPACE))
        if ours.value is not None:
            added = np.asarray(state["weights"])[np.arange(5), ours.tokens].sum()
            assert ours.value == pytest.approx(theirs.value + added)


def test_lessons_count_as_evaluation(tmp_path, monkeypatch):
    """Ten rounds of three, by a clock that goes on by a second in each lesson alone."""
    seconds = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: seconds[0])

    class Timed(Learning):
        def learn(self, state, draw):
            seconds[0] += 1
            yield from super().learn(state, draw)

    found = search(tmp_path, 30, Timed(), RANDOM).summary["seconds"]
    assert (found["evaluate"], found["controller"]) == (10, 0)


@pytest.mark.parametrize("interrupt_at", [0, 2, 3, 7, 12])
def test_resumed_equals_uninterrupted(tmp_path, whole, interrupt_at):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, 14, Learning(interrupt_at), RANDOM)
    assert listing(search(tmp_path, 14, Learning(), RANDOM)) == listing(whole)


@pytest.mark.parametrize("lost", ["all", "last", "damaged"])
def test_what_checkpoints_lack_is_learned_anew(tmp_path, whole, lost):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, 14, Learning(10), RANDOM)
    folder = tmp_path / "checkpoints"
    last = max(folder.iterdir(), key=lambda path: int(path.name))
    if lost == "damaged":
        for file in last.rglob("*"):
            if file.is_file():
                file.write_bytes(b"")
    else:
        shutil.rmtree(folder if lost == "all" else last)
    assert listing(search(tmp_path, 14, Learning(), RANDOM)) == listing(whole)


def test_a_strategy_with_a_memory_is_drawn_from_as_it_was(tmp_path):
    """REINFORCE's policy draws; it is trained by telling the same rounds."""
    config = strategies.ReinforceConfig(hidden_size=4, round_size=4)
    strategy = strategies.Reinforce(SPACE, config, "none")
    whole = search(tmp_path / "whole", 12, Learning(), strategy)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "cut", 12, Learning(9), strategy)
    shutil.rmtree(tmp_path / "cut" / "checkpoints")
    again = search(tmp_path / "cut", 12, Learning(), strategy)
    assert listing(again) == listing(whole)


def test_draws_are_legal_and_cover_the_space():
    uneven = spaces.custom({"a": range(2), "b": range(5), "c": ("x",)})
    ruled = spaces.custom(
        {"a": range(3), "b": range(3)}, valid=lambda choices: choices["a"] > 0
    )
    for space, num in ((uneven, 10), (ruled, 6)):
        draw = jax.jit(jax.vmap(draws.uniform(space), (None, 0)))
        rows = np.asarray(draw(jax.random.key(0), np.arange(400)))
        assert rows.dtype == np.int32 and space.is_valid(rows).all()
        assert len(set(space.keys(rows))) == num


def test_another_round_compiles_nothing():
    """A draw is an argument: its numbers are data."""
    state, sizes = Learning().init(jax.random.key(0)), []
    for _ in range(3):
        state = learn_from(state, draws.uniform(SPACE), num=7)
        state = learn_from(state, draws.one_of(SPACE.sample(RNG, 4)), num=7)
        sizes.append(learn_from._cache_size())
    # The first state is of NumPy, all others are JAX's.
    assert sizes[0] > 0 and sizes[1] == sizes[2]


class _Asking(strategies.RandomSearch):
    """Has the evaluator learn from the round that it asks for, and no other."""

    def draw(self, state, asked):
        return draws.one_of(asked)


@pytest.mark.parametrize("lost", [False, True])
def test_what_is_learned_may_depend_on_the_round_asked(tmp_path, lost):
    strategy = _Asking(SPACE, strategies.RandomConfig(round_size=3), "none")
    whole = search(tmp_path / "whole", 14, Learning(), strategy, num_finalists=3)
    learned = {t.index: t.value for t in whole.trials if t.value is not None}
    # Only what was asked has been drawn: every choice of a trial was, with 20 draws of
    # three rows, and one weight a choice.
    assert max(learned.values()) > 20
    for interrupt_at in (4, 15):  # within a round, and among the finalists
        folder = tmp_path / str(interrupt_at)
        with pytest.raises(KeyboardInterrupt):
            search(folder, 14, Learning(interrupt_at), strategy, num_finalists=3)
        if lost:
            shutil.rmtree(folder / "checkpoints")
        again = search(folder, 14, Learning(), strategy, num_finalists=3)
        assert listing(again) == listing(whole)
        assert [t.repeats for t in again.trials] == [t.repeats for t in whole.trials]


class _Deriving(Learning):
    """Would choose what it has drawn most often in each slot."""

    def derive(self, state):
        ids = np.array(SPACE.choice_ids)
        weights = np.take_along_axis(np.asarray(state["weights"]), ids, 1)
        return np.take_along_axis(ids, weights.argmax(1)[:, None], 1).T


class _Following(strategies.RandomSearch):
    """Asks for what the evaluator would choose."""

    def ask(self, key, state):
        return state.derived, state


@pytest.mark.parametrize("interrupt_at", [0, 2])
def test_an_evaluator_may_say_what_is_asked(tmp_path, interrupt_at):
    strategy = _Following(SPACE, deduplicate="none")
    whole = search(tmp_path / "whole", 4, _Deriving(), strategy)
    # By hand: what was drawn most often up to each round.
    evaluator, found = _Deriving(), []
    state = evaluator.init(jax.random.fold_in(jax.random.key(0), 3))
    for _ in range(4):
        state = learn_from(state, draws.uniform(SPACE))
        found.append(evaluator.derive(state)[0].tolist())
    assert [trial.tokens.tolist() for trial in whole.trials] == found
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "cut", 4, _Deriving(interrupt_at), strategy)
    assert listing(search(tmp_path / "cut", 4, _Deriving(), strategy)) == listing(whole)


def test_draws_of_as_many_rows_as_before_have_one_shape():
    shapes = [draws.one_of(SPACE.sample(RNG, n)).args[0].shape for n in (1, 3, 4, 5)]
    assert shapes == [(1, 5), (4, 5), (4, 5), (8, 5)]


class _Slow(Learning):
    """Takes three lessons before each round, and may be interrupted in one of them."""

    def __init__(self, stop_at=None):
        super().__init__()
        self.stop_at, self.num_learned = stop_at, 0

    def init(self, key):
        return super().init(key) | {"epoch": np.int32(0)}

    def learn(self, state, draw):
        done = int(state["epoch"])
        for epoch in range(done, done - done % 3 + 3):
            if self.num_learned == self.stop_at:
                raise KeyboardInterrupt
            self.num_learned += 1
            rest = {name: state[name] for name in ("weights", "key")}
            state = learn_from(rest, draw) | {"epoch": np.int32(epoch + 1)}
            yield state


@pytest.mark.parametrize("stop_at", [1, 5])
def test_a_lesson_cut_off_goes_on_where_it_was(tmp_path, monkeypatch, stop_at):
    monkeypatch.setattr(lessons.Lessons.__init__, "__defaults__", (0.0,))
    whole = search(tmp_path / "whole", 6, _Slow(), RANDOM)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "cut", 6, _Slow(stop_at), RANDOM)
    again = _Slow()
    assert listing(search(tmp_path / "cut", 6, again, RANDOM)) == listing(whole)
    assert again.num_learned == 6 - stop_at

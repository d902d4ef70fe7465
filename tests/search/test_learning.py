"""Searches whose evaluator learns before each round."""

import shutil

import jax
import numpy as np
import pytest

from nao import spaces, strategies
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
        draw = jax.jit(jax.vmap(draws.uniform(space)))
        rows = np.asarray(draw(jax.random.split(jax.random.key(0), 400)))
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

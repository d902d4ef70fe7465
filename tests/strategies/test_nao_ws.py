"""NAO with shared weights: what was measured with older weights is out of date."""

import dataclasses
import itertools
import shutil

import jax
import numpy as np
import pytest

import nao
from nao import runs, spaces, strategies
from nao.evaluators import FunctionEvaluator, Goals, Objective
from nao.strategies import State
from tests.searching import SPACE, WS_CONFIG, Learning, search

KEY = jax.random.key(3)
STRATEGY = strategies.NAOWS(SPACE, WS_CONFIG)


def told(*rounds):
    """Returns the state after rounds, each told by the tokens' sums."""
    state = STRATEGY.init(KEY)
    for tokens in rounds:
        state = STRATEGY.tell(state, tokens, tokens.sum(1).astype(float))
    return state


@pytest.fixture
def three(rng):
    """Three rounds of six distinct architectures."""
    return np.split(np.unique(SPACE.sample(rng, 30), axis=0)[rng.permutation(18)], 3)


def test_the_first_round_is_random_and_the_next_repeats_the_best_half():
    first, state = STRATEGY.ask(KEY, STRATEGY.init(KEY))
    assert len(first) == 6 and state.predicted is None
    values = np.array([4.0, 1, np.nan, 6, 5, 0])  # rows 3, 4 and 0 are the best
    state = STRATEGY.tell(state, first, values)
    tokens, asked = STRATEGY.ask(KEY, state)
    np.testing.assert_array_equal(tokens[:3], first[[3, 4, 0]])
    assert not {*SPACE.keys(tokens[3:])} & {*SPACE.keys(first)}
    assert len({*SPACE.keys(tokens)}) == 6
    assert np.isnan(asked.predicted[:3]).all() and np.isfinite(asked.predicted[3])
    assert asked.model is not None and len(asked.pool.tokens) == 6


def test_only_the_last_round_is_learned_from(three):
    older, other, last = three
    ours, asked = STRATEGY.ask(KEY, told(older, last))
    theirs, _ = STRATEGY.ask(KEY, told(other, last))
    np.testing.assert_array_equal(ours, theirs)
    swapped, _ = STRATEGY.ask(KEY, told(last, older))
    assert not np.array_equal(ours, swapped)
    assert STRATEGY.describe_fit(asked, np.random.default_rng(0))["num_train"] == 6


def test_an_architecture_measured_twice_is_asked_for_once(three):
    best = three[0][np.argmax(three[0].sum(1))]
    last = np.concatenate([three[0][:4], best[None], best[None]])
    tokens, _ = STRATEGY.ask(KEY, told(three[1], last))
    assert (tokens == best).all(1).sum() == 1 and len(tokens) == 6


@pytest.mark.parametrize(("rescored", "num"), [(0.0, 0), (0.4, 2), (0.99, 5)])
def test_the_share_that_is_asked_for_again(three, rescored, num):
    config = dataclasses.replace(WS_CONFIG, rescored=rescored)
    tokens, _ = strategies.NAOWS(SPACE, config).ask(KEY, told(*three))
    assert len(tokens) == 6
    assert len({*SPACE.keys(tokens)} & {*SPACE.keys(three[2])}) == num


def test_weights_learn_on_the_round():
    asked = SPACE.sample(np.random.default_rng(0), 5)
    draw = STRATEGY.draw(State(None), asked)
    rows = np.asarray(jax.vmap(draw, (None, 0))(KEY, np.arange(100)))
    assert {*SPACE.keys(rows)} == {*SPACE.keys(asked)}


def test_of_several_objectives_the_front_is_asked_for_again():
    space = spaces.custom({"a": range(6), "b": range(6)})
    evaluator = FunctionEvaluator(space, lambda choices: choices, Objective("a"))
    goals = Goals.of(evaluator, ("a", "b"), minimize=("b",))
    config = dataclasses.replace(WS_CONFIG, num_seed_archs=4, round_size=4)
    strategy = strategies.NAOWS(space, config, goals=goals)
    # The second is worse than the first in both, the third than the last.
    tokens = space.from_indices(np.array([[5, 3], [4, 4], [0, 1], [1, 0]]))
    values = space.to_indices(tokens) * np.array([1.0, -1.0])
    state = strategy.init(KEY)
    state = strategy.tell(state, tokens, values[:, 0], values=values)
    asked, _ = strategy.ask(KEY, state)
    assert {*space.keys(asked[:2])} == {*space.keys(tokens[[0, 3]])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("nao_ws")


@pytest.fixture(scope="module")
def whole(folder):
    return search(folder, 22, Learning(), STRATEGY)


def listing(result):
    return [(trial.tokens.tolist(), trial.value) for trial in result.trials]


def test_what_is_asked_again_is_measured_with_new_weights(whole):
    """Weights only grow here, by what was drawn of the round: so do values."""
    rounds = [whole.trials[start : start + 6] for start in (0, 6, 12)]
    for before, after in itertools.pairwise(rounds):
        best = sorted(
            (t for t in before if t.value is not None), key=lambda t: -t.value
        )
        assert len(best) >= 3
        for was, now in zip(best[:3], after[:3], strict=True):
            assert np.array_equal(was.tokens, now.tokens) and now.value > was.value


@pytest.mark.parametrize(("interrupt_at", "lost"), [(3, True), (8, False), (13, True)])
def test_resumed_equals_uninterrupted(tmp_path, whole, interrupt_at, lost):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, 22, Learning(interrupt_at), STRATEGY)
    if lost:
        shutil.rmtree(tmp_path / "checkpoints")
    assert listing(search(tmp_path, 22, Learning(), STRATEGY)) == listing(whole)


def test_a_folder_tells_what_was_told_before_its_last_round(folder, whole):
    """Its first architecture is one that was asked for before."""
    run = runs.read(folder)
    asked = run.last_round()
    assert run.record.controller_use.recent == 6
    assert run.num_told(asked) == len(asked.state.pool.tokens) == 18
    assert nao.Embedding.from_workdir(folder).predict(asked.tokens) is not None


def test_what_does_not_suit_is_refused():
    with pytest.raises(ValueError, match=r"nao_ws asks .* deduplicate=none, got 'seq"):
        strategies.NAOWS(SPACE, WS_CONFIG, "sequence")
    with pytest.raises(ValueError, match=r"nao_ws.rescored must be below 1, got 1.0"):
        strategies.NAOWSConfig(rescored=1.0)
    with pytest.raises(ValueError, match=r"nao_ws.round_size must be at least 1"):
        strategies.NAOWSConfig(round_size=0)

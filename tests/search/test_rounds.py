"""The proposer that every loop asks."""

import numpy as np
import pytest

from nao import spaces, strategies
from nao.search.rounds import Proposer
from nao.strategies import Pool

SPACE = spaces.custom({"a": range(4), "b": range(3)})
RANDOM = strategies.RandomSearch(SPACE, strategies.RandomConfig(round_size=5))


def values(tokens):
    return SPACE.to_indices(tokens).sum(1).astype(float)


def test_a_round_depends_on_the_seed_and_on_what_was_told():
    one, other = Proposer(RANDOM, seed=1), Proposer(RANDOM, seed=2)
    first = one.ask(one.start()).tokens
    np.testing.assert_array_equal(one.ask(one.start()).tokens, first)
    assert SPACE.keys(other.ask(other.start()).tokens) != SPACE.keys(first)
    progress = one.tell(one.start(), first, values(first))
    assert (progress.num_told, progress.num_rounds) == (5, 1)
    second = one.ask(progress).tokens
    assert not set(SPACE.keys(first)) & set(SPACE.keys(second))


def test_what_is_pending_is_not_proposed_and_not_learned():
    """Ten of twelve are pending: the two others come, and nothing counts as told."""
    proposer = Proposer(RANDOM, seed=0)
    everything = next(SPACE.enumerate())
    progress = proposer.start()._replace(pending=everything[:10])
    asked = proposer.ask(progress)
    assert set(SPACE.keys(asked.tokens)) == set(SPACE.keys(everything[10:]))
    assert not len(asked.state.pool.tokens)


def test_a_warm_start_is_known_and_does_not_count():
    """The keys of rounds count a search's own results alone."""
    proposer = Proposer(RANDOM, seed=0)
    warm = next(SPACE.enumerate())[:3]
    progress = proposer.start(Pool(warm, values(warm)))
    assert progress.num_told == 0 and len(progress.state.pool.tokens) == 3
    asked = proposer.ask(progress).tokens
    assert not set(SPACE.keys(warm)) & set(SPACE.keys(asked))


def test_children_have_keys_of_their_own():
    proposer = Proposer(RANDOM, seed=0)
    both = proposer.child_keys(np.array([3, 4]))
    assert both[0] == proposer.child_keys(np.array([3]))[0] != both[1]


def test_a_strategy_that_repeats_what_is_pending_is_caught():
    class Stubborn(strategies.RandomSearch):
        def ask(self, key, state):
            return next(SPACE.enumerate())[:1], state

    proposer = Proposer(Stubborn(SPACE, name="stubborn"), seed=0)
    progress = proposer.begin(proposer.start(), proposer.ask(proposer.start()))
    with pytest.raises(RuntimeError, match="Strategy stubborn asked for architectures"):
        proposer.ask(progress)


def test_rounds_are_handed_out_piece_by_piece():
    """A round is five: seven are the first round and two of one asked meanwhile."""
    proposer = Proposer(RANDOM, seed=0)
    first = proposer.ask(proposer.start()).tokens
    seven, progress = proposer.take(proposer.start(), 7)
    np.testing.assert_array_equal(seven[:5], first)
    np.testing.assert_array_equal(progress.pending, seven)
    assert len(progress.queue) == 3
    rest, progress = proposer.take(progress, 100)
    both = np.concatenate([seven, rest])
    assert len(set(SPACE.keys(both))) == len(both) == SPACE.num_sequences
    progress = proposer.tell(progress, both[3:5], np.ones(2))
    np.testing.assert_array_equal(progress.pending, np.delete(both, (3, 4), axis=0))


def test_where_nothing_is_a_repeat_each_result_ends_one_request():
    """Of a space of one, `none` asks again while the same is pending."""
    space = spaces.custom({"only": ("choice",)})
    config = strategies.RandomConfig(round_size=2)
    proposer = Proposer(strategies.RandomSearch(space, config, "none"), seed=0)
    # A round of two equal ones counts as one where rounds are handed out.
    three, progress = proposer.take(proposer.start(), 3)
    assert len(three) == len(progress.pending) == 3
    progress = proposer.tell(progress, three[:2], np.ones(2))
    assert len(progress.pending) == 1
    assert len(proposer.ask(progress).tokens) == 2

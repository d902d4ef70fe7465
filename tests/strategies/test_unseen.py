import numpy as np
import pytest

from nao import spaces
from nao.strategies import Unseen

SPACE = spaces.custom({"a": range(3), "b": range(3)})
NASBENCH = spaces.NASBench201()


def test_draws_all_there_is_and_no_more(rng):
    unseen = Unseen(SPACE, "sequence")
    first, second = unseen.draw(rng, 5), unseen.draw(rng, 50)
    assert (len(first), len(second)) == (5, 4)
    assert len(np.unique(np.concatenate([first, second]), axis=0)) == 9
    assert unseen.draw(rng, 1).shape == (0, 2)


def test_canonical_forms_count_once(rng):
    tokens = NASBENCH.sample(rng, 20)
    unseen = Unseen(NASBENCH, "canonical", tokens)
    assert not len(unseen.take(NASBENCH.equivalents(rng, tokens)))
    assert len(Unseen(NASBENCH, "canonical").draw(rng, 20_000)) == 4930


def test_take_keeps_order_and_stops(rng):
    tokens = np.concatenate(list(SPACE.enumerate()))
    unseen = Unseen(SPACE, "sequence", tokens[1:2])
    taken = unseen.take(np.concatenate([tokens[:3], tokens]), num=3)
    np.testing.assert_array_equal(taken, tokens[[0, 2, 3]])


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="must be one of canonical, sequence"):
        Unseen(SPACE, "never")

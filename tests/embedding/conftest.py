"""One tiny fit with two objectives that many tests share."""

import dataclasses

import numpy as np
import pytest

import nao
from tests.controller import conftest as of_controller

SPACE = nao.spaces.custom({f"slot{i}": "a b c".split() for i in range(4)}, name="toy")
# Encoders that read both ways take longer to compile; tests of controllers have them.
TINY = dataclasses.replace(of_controller.TINY, num_epochs=200, bidirectional=False)
score = of_controller.toy_objective  # 0 to 4, to be raised


def cost(tokens):
    """Seconds: 100 and 10 for every choice that is not `a`; to be lowered."""
    return 100 + 10.0 * (tokens != 1).sum(-1)


@pytest.fixture(scope="session")
def everything():
    """All 81 architectures in an order of its own; the first 40 are measured."""
    tokens = np.concatenate(list(SPACE.enumerate()))
    return np.random.default_rng(0).permutation(tokens)


@pytest.fixture(scope="session")
def embedding(everything):
    known = everything[:40]
    values = {"score": score(known), "cost": cost(known)}
    return nao.Embedding.fit(SPACE, known, values, minimize=["cost"], config=TINY)


@pytest.fixture(scope="session")
def single(everything):
    """One objective and one member: the shapes of a plain controller."""
    known = everything[:40]
    config = dataclasses.replace(TINY, ensemble_size=1, num_epochs=100)
    return nao.Embedding.fit(SPACE, known, score(known), config=config, held_out=0)

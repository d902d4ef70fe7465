"""One tiny fit with two objectives that many tests share."""

import dataclasses

import numpy as np
import pytest

import nao
from nao import controller

SPACE = nao.spaces.custom({f"slot{i}": "a b c".split() for i in range(4)}, name="toy")
TINY = controller.ControllerConfig(
    embedding_size=8,
    hidden_size=16,
    predictor_sizes=(16,),
    ensemble_size=2,
    learning_rate=1e-2,
    num_epochs=200,
    min_steps=0,
    batch_size=16,
    num_unlabelled=16,
)


def score(tokens):
    """Counts the choices `b`; 0 to 4, to be raised."""
    return (tokens == 2).sum(-1).astype(np.float64)


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

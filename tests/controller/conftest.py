"""A toy space, a tiny controller, and one fit of it that many tests share."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from nao import controller, spaces
from nao.controller import parameters
from nao.controller import targets as targets_lib

TINY = controller.ControllerConfig(
    embedding_size=8,
    hidden_size=16,
    predictor_sizes=(16,),
    ensemble_size=2,
    learning_rate=1e-2,
    num_epochs=150,
    min_steps=0,
    batch_size=16,
    num_unlabelled=16,
)


# One program, not one for each of the many shapes.
create_params = functools.partial(jax.jit, static_argnums=(1, 2))(
    parameters.create_params
)


def toy_objective(tokens):
    """Counts the choices `b`, the third of ids 1 to 3; 0 to 4."""
    return (tokens == 2).sum(-1).astype(np.float64)


@pytest.fixture(scope="session")
def toy_space():
    return spaces.custom({f"slot{i}": "a b c".split() for i in range(4)}, name="toy")


@pytest.fixture(scope="session")
def tiny():
    return TINY


@pytest.fixture(scope="session")
def toy_pool(toy_space):
    """40 rows of the toy space's 81: tokens, targets, and the other rows."""
    everything = np.concatenate(list(toy_space.enumerate()))
    order = np.random.default_rng(0).permutation(len(everything))
    tokens, rest = everything[order[:40]], everything[order[40:]]
    targets = targets_lib.normalise(toy_objective(tokens), "rank")
    return tokens, targets, rest


@pytest.fixture(scope="session")
def fitted(toy_space, tiny, toy_pool):
    """The controller, its parameters and its history after a fit of the toy pool."""
    tokens, targets, rest = toy_pool
    model = controller.Controller(toy_space, tiny)
    params, history = model.fit(jax.random.key(0), tokens[None], targets, rest)
    return model, params, history


@pytest.fixture
def untrained(tiny):
    """Makes a controller of any space with the parameters it starts from."""

    def make(space, **changes):
        config = dataclasses.replace(tiny, **changes)
        model = controller.Controller(space, config)
        params = create_params(jax.random.key(0), space, config)
        # All members are the same.
        return model, jax.tree.map(
            lambda x: np.stack([x] * config.ensemble_size), params
        )

    return make

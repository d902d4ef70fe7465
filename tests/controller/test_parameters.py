import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.controller import controller, networks, parameters


def test_parameters_have_the_modules_own_shapes_and_scales(tiny, toy_space):
    """One draw for all leaves stands for the initialiser of every leaf."""
    model = networks.EncoderPredictorDecoder(toy_space, tiny)
    tokens = np.ones((1, 4), np.int32)
    expected = jax.jit(model.init)(jax.random.key(0), tokens)["params"]
    actual = parameters.create_params(jax.random.key(1), toy_space, tiny)
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for ours, flaxs in zip(
        jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True
    ):
        assert ours.shape == flaxs.shape
        if ours.size >= 256:
            # The deviation of a standard deviation of 256 uniform draws is 3 %.
            np.testing.assert_allclose(ours.std(), flaxs.std(), rtol=0.15)
        if not flaxs.any():
            assert not ours.any()


def test_same_key_same_parameters(tiny, toy_space):
    first, second, other = (
        parameters.create_params(jax.random.key(seed), toy_space, tiny)
        for seed in (0, 0, 1)
    )
    jax.tree.map(np.testing.assert_array_equal, first, second)
    assert (first["encoder"]["embedding"] != other["encoder"]["embedding"]).any()


def test_members_are_mapped_to_the_same_at_once_and_one_by_one(monkeypatch):
    """One by one is for CPU; accelerators take all members at once."""
    trees = jnp.arange(6.0).reshape(2, 3), jnp.array([1.0, 10.0])
    results = []
    for backend in ("cpu", "gpu"):
        monkeypatch.setattr(jax, "default_backend", lambda backend=backend: backend)
        results.append(parameters.map_members(lambda x, y: (x * y).sum(), *trees))
    np.testing.assert_array_equal(results, [[3, 120]] * 2)


@pytest.mark.slow
def test_the_controller_is_fitted_and_asked_for_all_members_at_once(
    monkeypatch, tiny, toy_space, toy_pool
):
    """As on an accelerator; nothing is left of what other tests compiled."""
    tokens, targets, rest = toy_pool
    config = dataclasses.replace(tiny, num_epochs=2)
    model = controller.Controller(toy_space, config)
    results = []
    for backend in ("cpu", "gpu"):
        jax.clear_caches()
        monkeypatch.setattr(jax, "default_backend", lambda backend=backend: backend)
        params, history = model.fit(jax.random.key(0), tokens[None], targets, rest)
        proposed = model.propose(jax.random.key(1), params, tokens, [0.0, 1.0])
        results.append((history.loss, model.predict(params, rest), proposed))
    jax.clear_caches()
    for one_by_one, at_once in zip(*results, strict=True):
        # Proposals are integers: a near tie may fall the other way.
        close = np.isclose(one_by_one, at_once, rtol=1e-3, atol=1e-4)
        assert close.mean() > 0.99

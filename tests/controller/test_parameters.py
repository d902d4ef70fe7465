import jax
import numpy as np

from nao.controller import networks, parameters


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

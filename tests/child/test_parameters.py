import jax
import jax.numpy as jnp
import numpy as np

from nao.child import parameters


def test_kernels_have_variance_one_over_fan_in():
    """Fan in is 3 * 3 * 4 = 36, or what is given."""
    assert parameters.kernel(3, 3, 4, 5) == ((3, 3, 4, 5), 0.0, 1 / 6)


def test_drawn_values_have_their_means_and_deviations():
    """4 standard errors of 10,000 values: 0.04 for the mean, 0.03 for the deviation."""
    initial = {
        "kernel": parameters.kernel(100, 100),
        "own": [parameters.Initial((100, 100), 3.0, 1.0)],
        "norm": parameters.scale_bias(2, 5),
        "zeros": parameters.zeros(7),
    }
    drawn = parameters.draw(jax.random.key(0), initial)
    assert abs(drawn["kernel"].mean()) < 0.004
    assert abs(drawn["kernel"].std() - 0.1) < 0.003
    assert abs(drawn["own"][0].mean() - 3) < 0.04
    assert abs(drawn["own"][0].std() - 1) < 0.03
    np.testing.assert_array_equal(drawn["norm"][:, 0], jnp.ones((2, 5)))
    np.testing.assert_array_equal(drawn["norm"][:, 1], jnp.zeros((2, 5)))
    np.testing.assert_array_equal(drawn["zeros"], jnp.zeros(7))
    # One stream, but no value twice.
    assert np.unique(drawn["kernel"]).size > 9_900
    assert parameters.count(initial) == 10_000 + 10_000 + 20 + 7


def test_same_key_draws_the_same():
    initial = parameters.conv_norm(3, 4)
    first, second, other = (
        parameters.draw(jax.random.key(seed), initial)["kernel"] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).all()


def test_a_stack_starts_as_its_parts_do():
    initial = {"a": parameters.conv_norm(50, 40), "b": parameters.zeros(2)}
    stacked = parameters.stack(initial, 3)
    assert parameters.count(stacked) == 3 * parameters.count(initial)
    drawn = parameters.draw(jax.random.key(0), stacked)
    kernel = drawn["a"]["kernel"]
    assert kernel.shape == (3, 50, 40) and drawn["b"].shape == (3, 2)
    # Deviation by the fan in of one part, 50; 4 standard errors of 6,000 values.
    assert abs(kernel.std() * 50**0.5 - 1) < 0.04
    assert (kernel[0] != kernel[1]).all()
    np.testing.assert_array_equal(drawn["a"]["norm"].shape, (3, 1, 2, 40))
    np.testing.assert_array_equal(drawn["a"]["norm"][:, :, 0], 1)


def test_pointwise_by_hand():
    """-1 and 2, times 3, and a bias; averages of 0 and 1 change nothing."""
    x = jnp.array([-1.0, 2.0]).reshape(1, 1, 2, 1)
    params = {"kernel": jnp.array([[3.0]]), "norm": jnp.array([[[1.0], [0.5]]])}
    running = parameters.init_running(1, 1)
    y, after = parameters.apply_pointwise(params, running, x, False, None)
    np.testing.assert_allclose(y.ravel(), [-2.5, 6.5], rtol=1e-4)
    np.testing.assert_array_equal(after, running)

import jax
import jax.numpy as jnp
import numpy as np

from nao.controller import latent, networks

# Compiled whole: each of its operations would be a program of its own.
ascend = jax.jit(latent.ascend, static_argnums=(0, 3))
normalise = jax.jit(networks.normalise)


def _first_unit(encoder_outputs):
    return encoder_outputs.mean(axis=1)[:, 0]


def test_ascend_by_hand():
    """One step at (0, 1), prediction its first part: the gradient is (1, 0).

    Step size 1 leads to (1, 1), of length sqrt(2).
    """
    outputs = jnp.array([[[0.0, 1.0]]])
    moved = ascend(_first_unit, outputs, jnp.array([0.0, 1.0]), False)
    np.testing.assert_allclose(moved[0], outputs, rtol=1e-6)
    np.testing.assert_allclose(moved[1, 0, 0], [0.70711, 0.70711], rtol=1e-4)


def test_normalised_gradient_makes_step_sizes_lengths():
    """Four steps and a slope of 3 at the mean: 3 / 4 at every step, scaled to 1."""
    outputs = jnp.tile(jnp.array([0.0, 1.0]), (1, 4, 1))
    moved = ascend(lambda h: 3 * _first_unit(h), outputs, jnp.array([1.0]), True)
    np.testing.assert_allclose(moved[0, 0], [[0.70711, 0.70711]] * 4, rtol=1e-4)


def test_flat_prediction_stays_where_it_is():
    outputs = normalise(jax.random.normal(jax.random.key(0), (2, 3, 4)))
    moved = ascend(lambda h: 0 * h.sum((1, 2)), outputs, jnp.ones(1), True)
    np.testing.assert_allclose(moved[0], outputs, rtol=1e-5)


def test_rows_move_on_their_own():
    """The gradient of one row does not depend on the rows beside it."""
    outputs = normalise(jax.random.normal(jax.random.key(0), (3, 2, 4)))
    steps = jnp.array([0.5])
    together = ascend(lambda h: h[..., 0].sum(1) ** 2, outputs, steps, True)
    alone = ascend(lambda h: h[..., 0].sum(1) ** 2, outputs[:1], steps, True)
    np.testing.assert_allclose(together[:, :1], alone, rtol=1e-5)


def test_ascent_raises_the_prediction_of_a_fitted_controller(fitted, toy_pool):
    model, params, _ = fitted
    network = networks.EncoderPredictorDecoder(model.space, model.config)

    @jax.jit
    def predict_moved(params, tokens):
        bound = network.bind({"params": params})
        step_sizes = jnp.array([0.0, 0.1, 0.3])
        moved = latent.ascend(bound.predict, bound.encode(tokens), step_sizes, True)
        return jnp.stack([bound.predict(h) for h in moved])

    params = jax.tree.map(lambda x: x[0], params)
    predictions = np.array(predict_moved(params, toy_pool[0]))
    assert (predictions[1] > predictions[0]).mean() > 0.9
    assert predictions.mean(1)[2] > predictions.mean(1)[1] > predictions.mean(1)[0]


def test_a_broken_bound_outweighs_the_objective():
    """Half a unit over a bound costs 5, a score of 1 gives 1."""
    goal = latent.Goal(
        np.array([1.0, 0.0]), np.array([-np.inf, 0.0]), np.array([np.inf, np.inf])
    )
    scores = goal.score(np.array([[1.0, -0.5], [0.0, 0.0], [1.0, 0.5]]))
    np.testing.assert_allclose(scores, [-4, 0, 1])

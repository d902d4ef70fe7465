import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao import spaces
from nao.controller import lstm, networks
from tests.controller.conftest import create_params


def test_normalise_by_hand():
    """(3, 4) has length 5; zero has no direction and stays."""
    actual = networks.normalise(jnp.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(actual, [[0.6, 0.8], [0, 0]], rtol=1e-6)


def test_pool_by_hand():
    """The mean of (1, 0) and (0, 1) is (0.5, 0.5), of length 0.7071."""
    actual = networks.pool(jnp.array([[[1.0, 0.0], [0.0, 1.0]]]))
    np.testing.assert_allclose(actual, [[0.70711, 0.70711]], rtol=1e-5)


@pytest.mark.parametrize("is_default", [True, False])
def test_shapes_and_unit_lengths(tiny, is_default, rng):
    config = tiny
    if not is_default:
        config = dataclasses.replace(
            tiny, bidirectional=False, residual=False, positions=False
        )
    space = spaces.ConvCell(num_nodes=2)  # 16 tokens, two to a step
    tokens = jnp.array(space.sample(rng, 3))
    model = networks.EncoderPredictorDecoder(space, config)
    params = create_params(jax.random.key(0), space, config)

    @jax.jit
    def apply(params, tokens):
        bound = model.bind({"params": params})
        return bound.encode(tokens), *bound(tokens)

    encoder_outputs, predictions, logits = apply(params, tokens)
    assert encoder_outputs.shape == (3, 8, 16)
    lengths = np.linalg.norm(encoder_outputs, axis=-1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    assert predictions.shape == (3,)
    assert logits.shape == (3, 16, len(space.vocabulary))


def test_encoder_input_is_the_joined_embeddings_times_a_kernel(tiny, rng):
    """The look-up of projected tables equals embedding, joining and projecting."""
    config = dataclasses.replace(tiny, bidirectional=False, residual=False)
    space = spaces.ConvCell(num_nodes=2)
    tokens = jnp.array(space.sample(rng, 3))
    params = create_params(jax.random.key(0), space, config)["encoder"]
    joined = params["embedding"][tokens].reshape(3, 8, -1) + params["position"]
    projected = (joined @ params["forward_in"]).swapaxes(0, 1)
    layer = lstm.LSTM(config.hidden_size)
    state, outputs = (jnp.zeros((3, config.hidden_size)),) * 2, []
    take_step = jax.jit(functools.partial(layer.apply, method="step"))
    for step in projected:
        state = take_step({"params": params["forward"]}, step, state)
        outputs.append(state[0])
    expected = networks.normalise(jnp.stack(outputs, axis=1))
    encode = jax.jit(networks.Encoder(space, config).apply)
    actual = encode({"params": params}, tokens)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_steps_of_the_decoder_equal_teacher_forcing(tiny, toy_space, rng):
    tokens = jnp.array(toy_space.sample(rng, 5))
    model = networks.EncoderPredictorDecoder(toy_space, tiny)
    params = create_params(jax.random.key(0), toy_space, tiny)

    @jax.jit
    def apply(params, tokens):
        bound = model.bind({"params": params})
        encoder_outputs, actual = bound.encode(tokens), []
        state, token = bound.start(encoder_outputs), jnp.zeros(5, jnp.int32)
        for position in range(toy_space.length):
            logits, state = bound.step(encoder_outputs, state, token, position)
            actual.append(logits)
            token = tokens[:, position]
        return bound(tokens)[1], jnp.stack(actual, axis=1)

    forced, stepped = apply(params, tokens)
    np.testing.assert_allclose(stepped, forced, rtol=1e-4, atol=1e-5)

import dataclasses

import jax
import numpy as np
import pytest

from nao import controller, spaces
from nao.controller import metrics, networks


def _objective(tokens):
    return (tokens == 2).sum(-1)


def test_learns_to_predict_and_to_reconstruct(fitted, toy_pool):
    model, params, history = fitted
    _, _, rest = toy_pool
    prediction = model.predict(params, rest)
    assert prediction.shape == (2, len(rest))
    # 41 rows never seen with a target, of the simplest objective there is.
    tau = metrics.kendall_tau(_objective(rest), prediction.mean(0))
    assert tau > 0.7
    decoded = model.reconstruct(params, rest)
    assert decoded.dtype == np.int32
    assert metrics.reconstruction_accuracy(rest, decoded) > 0.95
    assert (history.loss[:, -1] < history.loss[:, 0]).all()


def test_proposals_improve_the_starting_points(fitted, toy_pool):
    model, params, _ = fitted
    start = toy_pool[0]
    proposed = model.propose(jax.random.key(0), params, start, [0.0, 0.3, 1.0])
    assert proposed.shape == (2, 3, 40, 4)
    means = _objective(proposed).mean((0, 2))
    assert means[2] > means[0] + 0.5


def test_step_size_zero_reconstructs(fitted, toy_pool):
    model, params, _ = fitted
    steps = [0.0, 0.3, 1.0]
    proposed = model.propose(jax.random.key(0), params, toy_pool[0], steps)
    decoded = model.reconstruct(params, toy_pool[0])
    np.testing.assert_array_equal(proposed[:, 0], decoded)


def test_same_key_same_proposals(fitted, toy_pool):
    model, params, _ = fitted

    def propose(seed):
        key = jax.random.key(seed)
        return model.propose(key, params, toy_pool[0], [0.0, 0.3, 1.0], 2.0)

    np.testing.assert_array_equal(propose(0), propose(0))
    assert (propose(0) != propose(1)).any()
    assert model.space.is_valid(propose(0).reshape(-1, 4)).all()


def test_predictions_of_many_rows_are_those_of_each(fitted, toy_pool):
    model, params, _ = fitted
    tokens = toy_pool[0]
    together = model.predict(params, tokens)  # padded to 128 rows
    for row in range(3):
        alone = model.predict(params, tokens[row : row + 1])  # padded to 32
        np.testing.assert_allclose(alone[:, 0], together[:, row], rtol=1e-4, atol=1e-5)


def test_embeddings_are_the_pooled_encoder_outputs(fitted, toy_pool):
    model, params, _ = fitted
    encoder_outputs = model.encode(params, toy_pool[0])
    assert encoder_outputs.shape == (2, 40, 4, 16)
    np.testing.assert_allclose(
        model.embed(params, toy_pool[0]),
        networks.pool(encoder_outputs),
        rtol=1e-4,
        atol=1e-5,
    )


def test_no_rows_come_back_as_no_rows(fitted):
    model, params, _ = fitted
    none = np.zeros((0, 4), np.int32)
    assert model.predict(params, none).shape == (2, 0)


def test_decoded_sequences_are_legal_in_every_space(space, untrained, rng):
    """Untrained parameters, so nothing but the mask keeps them legal."""
    model, params = untrained(space, ensemble_size=1)
    tokens = space.sample(rng, 5)
    decoded = model.propose(jax.random.key(0), params, tokens, [0.0, 5.0], 1.0)
    if isinstance(space, spaces.Constrained):
        space = dataclasses.replace(space, valid=None)  # of which no mask knows
    assert space.is_valid(decoded.reshape(-1, space.length)).all()


def test_mistakes_are_named(toy_space, tiny, toy_pool):
    model = controller.Controller(toy_space, tiny)
    tokens, targets, rest = toy_pool
    key = jax.random.key(0)
    with pytest.raises(ValueError, match=r"tokens must be \[variants, num, length\]"):
        model.fit(key, tokens, targets, rest)
    with pytest.raises(ValueError, match="targets must be finite, one for each of 40"):
        model.fit(key, tokens[None], targets[:3], rest)
    with pytest.raises(ValueError, match="unlabelled must have rows"):
        model.fit(key, tokens[None], targets)
    with pytest.raises(ValueError, match="have 4 tokens, got shape"):
        model.fit(key, tokens[None, :, :3], targets, rest)
    with pytest.raises(ValueError, match="are 0 to 3, got 1 to 9"):
        model.fit(key, np.where(tokens == 3, 9, tokens)[None], targets, rest)


def test_controllers_of_equal_parts_are_equal(toy_space, tiny):
    first = controller.Controller(toy_space, tiny)
    second = controller.Controller(toy_space, dataclasses.replace(tiny))
    assert first == second
    assert hash(first) == hash(second)


def test_several_objectives_share_an_encoder(toy_space, tiny, toy_pool):
    """The second objective, the choices `a`, is as simple as the first."""
    tokens, targets, rest = toy_pool
    second = ((tokens == 1).sum(-1) / 2 - 1).astype(np.float32)
    model = controller.Controller(toy_space, tiny)
    both = np.stack([targets, second], -1)
    params, _ = model.fit(jax.random.key(0), tokens[None], both, rest)
    predicted = model.predict(params, rest)
    assert predicted.shape == (2, len(rest), 2)
    for column, token in enumerate((2, 1)):
        actual = (rest == token).sum(-1)
        assert metrics.kendall_tau(actual, predicted[..., column].mean(0)) > 0.7


def test_targets_of_several_objectives_are_columns(toy_space, tiny, toy_pool):
    tokens, targets, rest = toy_pool
    model = controller.Controller(toy_space, tiny)
    with pytest.raises(ValueError, match="one for each of 40 rows"):
        model.fit(jax.random.key(0), tokens[None], targets[:, None], rest)

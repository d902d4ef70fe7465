"""The language model of any recurrent cell, and of one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import (
    ChildConfig,
    ChildTrainer,
    Classification,
    nets,
    recurrent_net,
)
from nao.child.recurrent_net import RecurrentNet
from nao.child.text_task import TextTask
from nao.data.examples import Examples
from nao.data.text_dataset import TextDataset
from nao.spaces import RecurrentCell
from nao.spaces.published import PUBLISHED
from tests.child import comparing

SPACE = RecurrentCell(3)
NET = RecurrentNet(3, "loose", 6, 7, (4,))
ARCH = SPACE.architecture(SPACE.sample(np.random.default_rng(0), 1))[0]
WORDS = jax.random.randint(jax.random.key(1), (2, 4), 0, 7)


def draw_noise(batch=2, **shares):
    recipe = comparing.recipe(**shares)
    return NET.make_noise(jax.random.key(2), batch, 0.5, recipe)


@functools.cache
def train_fn(net):
    def total(params, arch, noise, carry):
        output, _ = net.forward(
            {"params": params, "batch_stats": {}},
            WORDS,
            arch,
            train=True,
            noise=noise,
            carry=carry,
        )
        penalty = sum(output.penalties.values())
        return comparing.weigh(output.outputs) + penalty, output

    return comparing.quick_jit(jax.value_and_grad(total, has_aux=True))


def test_universal_equals_specialised():
    noise = draw_noise(dropout=0.3, dropout_hidden=0.5, dropout_input=0.2)
    params = NET.draw(jax.random.key(0))["params"]
    carry = jnp.ones((2, 6))
    universal = train_fn(NET)(params, jnp.asarray(ARCH), noise, carry)
    of_one = train_fn(NET.specialise(ARCH))(params, None, noise, carry)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6),
        universal,
        of_one,
    )


@pytest.mark.parametrize(
    ("nodes", "num_parameters"), [(11, 27_295_000), (8, 22_960_000)]
)
def test_parameters_of_the_published_sizes(nodes, num_parameters):
    """NAO's and DARTS's at 850 units and 10,000 words; embeddings are tied."""
    net = RecurrentNet(nodes, "nodes", 850, 10_000, (35,))
    assert net.num_parameters() == num_parameters
    made = jax.eval_shape(net.draw, jax.random.key(0))
    assert sum(x.size for x in jax.tree.leaves(made)) == num_parameters


def test_multiply_adds_by_hand():
    """Four tokens: 2 units of input and state by 4, a node of 2 by 4, and 2 by 5."""
    net = RecurrentNet(1, "nodes", 2, 5, (4,))
    assert net.num_multiply_adds(None) == 4 * (4 * 4 + 2 * 4 + 2 * 5)


def test_two_windows_are_one_of_both():
    params, arch = NET.draw(jax.random.key(0)), jnp.asarray(ARCH)

    def forward(words, carry=None):
        return NET.forward(params, words, arch, train=False, carry=carry)[0]

    whole = forward(WORDS)
    first = forward(WORDS[:, :1])
    second = forward(WORDS[:, 1:], first.carry)
    parts = np.concatenate([first.outputs, second.outputs], 1)
    np.testing.assert_allclose(parts, whole.outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(second.carry, whole.carry, rtol=1e-5, atol=1e-6)


def test_noise_of_nothing_changes_nothing():
    noise = draw_noise()
    params, arch = NET.draw(jax.random.key(0))["params"], jnp.asarray(ARCH)
    carry = jnp.ones((2, 6))
    with_noise = train_fn(NET)(params, arch, noise, carry)
    without = train_fn(NET)(params, arch, None, carry)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6),
        with_noise,
        without,
    )


@pytest.mark.parametrize("share", ["embedding", "input", "hidden", "weight"])
def test_each_share_drops_something(share):
    params, arch = NET.draw(jax.random.key(0))["params"], jnp.asarray(ARCH)
    carry = jnp.ones((2, 6))
    nothing, noise = draw_noise(), draw_noise(**{f"dropout_{share}": 0.5})
    (_, kept), _ = train_fn(NET)(params, arch, nothing, carry)
    (_, dropped), _ = train_fn(NET)(params, arch, noise, carry)
    assert not np.allclose(kept.outputs, dropped.outputs)


def test_outputs_are_dropped_after_they_are_carried():
    params, arch = NET.draw(jax.random.key(0))["params"], jnp.asarray(ARCH)
    carry = jnp.ones((2, 6))
    (_, kept), _ = train_fn(NET)(params, arch, draw_noise(), carry)
    (_, dropped), _ = train_fn(NET)(params, arch, draw_noise(dropout=0.5), carry)
    assert not np.allclose(kept.outputs, dropped.outputs)
    np.testing.assert_array_equal(kept.carry, dropped.carry)


def test_penalties_by_hand():
    """Outputs 1, 3, 2 of one unit: squares 14 / 3, changes 4 and 1."""
    outputs = jnp.array([1.0, 3.0, 2.0]).reshape(3, 1, 1)
    penalties = recurrent_net.penalties(outputs, outputs)
    assert penalties["activation_penalty"] == pytest.approx(14 / 3)
    assert penalties["temporal_penalty"] == pytest.approx(5 / 2)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((8, 8, 1), "read windows of a text, .* got inputs .num, 8, 8, 1. of pictures")],
)
def test_what_is_no_text_is_refused(shape, message):
    images = Examples(np.zeros((2, *shape), np.float32), np.zeros(2, np.int32))
    parts = dict.fromkeys(("train", "validation", "test"), images)
    with pytest.raises(ValueError, match=message):
        RecurrentNet.of(SPACE, Classification("pictures", parts), ChildConfig())


@pytest.mark.parametrize("name", ["nao_rnn", "nao_ws_rnn", "darts_v2_rnn", "enas_rnn"])
def test_published_cells_foretell_a_text(name):
    published = PUBLISHED[name]
    space = published.space
    tokens = np.array([0, 1, 2, 1, 0, 2, 1, 0], np.int32)
    text = TextDataset("abc", ("a", "b", "c"), tokens, tokens, tokens, "characters")
    net = nets.make_net(space, TextTask.of(text, 3), ChildConfig(units=4, window=3))
    (arch,) = space.architecture(space.parse(published.text)[None])
    output, _ = jax.eval_shape(
        lambda: net.forward(
            net.draw(jax.random.key(0)), tokens[None, :3], arch, train=False
        )
    )
    assert output.outputs.shape == (1, 3, 3)


def test_an_auxiliary_head_is_refused():
    with pytest.raises(ValueError, match="auxiliary must be 0"):
        NET.in_training("float32", None, True)


def trainer(num_words, **changes):
    """Returns a trainer of a node's cells, for a text of so many words in turn."""
    words = np.arange(40, dtype=np.int32) % num_words
    names = tuple(map(str, range(num_words)))
    sizes = {"epochs": 1, "window": 4, "batch_size": 4, "units": 2}
    config = ChildConfig(**sizes | changes)
    text = TextDataset("counting", names, words, words, words)
    task = TextTask.of(text, config.window)
    return ChildTrainer(nets.make_net(RecurrentCell(1), task, config), task, config)


KEYS = jnp.stack([jax.random.key(0)])
ONE_NODE = np.array([[[0, 0], [0, 2]]], np.int32)  # of the identity


def test_a_vocabulary_beyond_the_memory_limit_is_refused():
    assert 0 < trainer(4, memory_limit_mib=1).prepare(KEYS, ONE_NODE) < 1
    message = r"needs .* MiB, child\.memory_limit_mib is 1\.$"
    with pytest.raises(ValueError, match=message):
        trainer(50_000, memory_limit_mib=1).prepare(KEYS, ONE_NODE)


def test_a_cell_that_diverges_has_failed():
    child = trainer(4, learning_rate=1e30, grad_clip=1e30, epochs=2)
    _, (outcome,) = child.train(KEYS, ONE_NODE)
    assert not outcome.metrics and "training loss is nan in epoch" in outcome.failure

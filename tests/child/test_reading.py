"""Windows of drawn length: how long they are, and what is learned of them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nao
from nao.child import ChildConfig, ChildTrainer, TextTask, nets, reading, tasks
from nao.child.batches import DevicePart
from nao.child.recipe import Recipe
from nao.data import TextDataset
from nao.evaluators import TrainingEvaluator
from nao.spaces import RecurrentCell
from tests.child import comparing
from tests.child.test_text_task import Recurrent

KEYS = jax.random.split(jax.random.key(0), 2)
SPACE = RecurrentCell(2)
ARCHS = SPACE.architecture(SPACE.sample(np.random.default_rng(0), 2))
WINDOW, SPREAD, ROWS = 8, 1, 4
TEXT = TextDataset(
    "digits",
    tuple("0123456"),
    *(np.random.default_rng(0).integers(0, 7, n).astype(np.int32) for n in (331, 9, 9)),
)
# 330 tokens follow another: 41 windows of 8, 10 of them in each of 4 rows.
TOKENS = TEXT.train[: ROWS * 80].reshape(ROWS, 80)
TARGETS = TEXT.train[1 : ROWS * 80 + 1].reshape(ROWS, 80)


def draw(window, spread, num=4000):
    keys = jax.random.split(jax.random.key(1), num)
    lengths = jax.vmap(lambda key: reading.draw_length(key, window, spread))(keys)
    return np.asarray(lengths)


def test_one_length_in_twenty_is_around_half():
    """Means are rounded down, so half a token below 1000 and 500."""
    lengths = draw(1000, 20)
    halved = lengths[lengths < 750]
    assert len(halved) / len(lengths) == pytest.approx(0.05, abs=0.01)
    assert halved.mean() == pytest.approx(499.5, abs=5)
    others = lengths[lengths >= 750]
    assert others.mean() == pytest.approx(999.5, abs=1.5)
    assert others.std() == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize(
    ("window", "spread", "least", "most"), [(35, 5, 5, 45), (6, 6, 5, 18), (3, 2, 3, 7)]
)
def test_no_length_is_below_five_or_beyond_two_deviations(window, spread, least, most):
    lengths = draw(window, spread)
    assert lengths.dtype == np.int32 and reading.longest(window, spread) == most
    assert lengths.min() >= least and lengths.max() == most


@functools.partial(jax.jit, static_argnums=1)
def read_all(key, spread):
    """Reads an epoch; writes down what counts where the window before it ended."""

    def step(state, read):
        read_so_far, lengths, place, known = state
        both = jnp.stack([read.inputs, read.targets])
        read_so_far = jax.lax.dynamic_update_slice_in_dim(read_so_far, both, place, 2)
        lengths = lengths.at[read.number].set(read.length)
        # The mean over what counts of a loss that is the target, and 0 of the others.
        loss = read.mean(jnp.where(read.targets >= 0, read.targets, 0).mean(1))
        progress = known & (read.progress == (1 + place / 80) / 3)
        state = read_so_far, lengths, place + read.length, progress
        return state, loss

    windows = TextTask.of(TEXT, WINDOW).parts["train"]
    part = DevicePart(*windows, jnp.ones(len(windows.inputs)), None)
    start = jnp.full((2, ROWS, 120), -5), jnp.zeros(80, int), 0, True
    epoch = reading.Epoch(jnp.int32(1), jnp.int32(3))
    return reading.along_rows(key, step, start, epoch, part, ROWS, spread)


@pytest.mark.parametrize("spread", [SPREAD, WINDOW])
def test_each_token_of_a_row_is_read_once_and_in_order(spread):
    (read, lengths, place, known), loss = read_all(KEYS[0], spread)
    assert place == lengths.sum() == 80 and known
    lengths = lengths[lengths > 0]
    assert len(set(lengths.tolist())) > 1
    np.testing.assert_array_equal(read[0, :, :80], TOKENS)
    np.testing.assert_array_equal(read[1, :, :80], TARGETS)
    assert (np.asarray(read[1, :, 80:]) < 0).all()  # beyond the end nothing counts
    np.testing.assert_allclose(loss, TARGETS.mean(), rtol=1e-6)


def test_lengths_are_drawn_from_the_key():
    one, again, other = (
        read_all(key, SPREAD)[0][1] for key in KEYS[np.array([0, 0, 1])]
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


RECIPE = dict(
    window=WINDOW,
    window_spread=SPREAD,
    units=6,
    batch_size=ROWS,
    epochs=1,
    learning_rate=0.5,
    schedule="constant",
    momentum=0.0,
    weight_decay=0.01,
    activation_penalty=0.2,
    temporal_penalty=0.3,
)


def trainer(num_children=1, share_batch=False, **changes):
    config = ChildConfig(**RECIPE | changes)
    task = tasks.as_task(TEXT, config)
    net = nets.make_net(SPACE, task, config)
    devices = jax.devices()[:num_children]
    return ChildTrainer(net, task, config, devices, share_batch)


def train(child, num=1, **options):
    states, outcomes = child.train(KEYS[:num], ARCHS[:num], **options)
    return jax.device_get(states), [outcome.metrics for outcome in outcomes]


def of_child(states, number=0):
    """Returns one child's own."""
    return jax.tree.map(lambda x: np.array(x[number]), states)


assert_close = functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5)


def expected(params, child):
    """Trains on windows that have their lengths, without what does not count."""
    config, net, arch = child.config, child.net, ARCHS[0]
    recipe = Recipe.of(config)

    @comparing.quick_jit
    @functools.partial(jax.grad, has_aux=True)
    def gradient(params, carry, tokens, targets):
        variables = {"params": params, "batch_stats": {}}
        said, _ = net.forward(variables, tokens, arch, train=True, carry=carry)
        losses = optax.softmax_cross_entropy_with_integer_labels(said.outputs, targets)
        penalty = sum(getattr(config, n) * x for n, x in said.penalties.items())
        return losses.mean() + penalty, (losses.sum(), said.carry)

    for epoch in range(config.epochs):
        key = jax.random.fold_in(jax.random.split(KEYS[0])[1], epoch)
        read_key, _ = jax.random.split(key)
        place, carry, number, nats = 0, net.initial_carry(ROWS), 0, 0.0
        while place < 80:
            length_key = jax.random.fold_in(read_key, number)
            length = int(reading.draw_length(length_key, WINDOW, SPREAD))
            own = slice(place, place + length)
            tokens, targets = TOKENS[:, own], TARGETS[:, own]
            length = tokens.shape[1]
            grads, (total, carry) = gradient(params, carry, tokens, targets)
            rate = config.learning_rate * length / WINDOW
            optimizer = recipe._replace(learning_rate=rate).optimizer(0)
            updates, _ = optimizer.update(grads, optimizer.init(params), params)
            params = optax.apply_updates(params, updates)
            place, number, nats = place + length, number + 1, nats + float(total)
    return params, nats / TARGETS.size


@pytest.mark.slow
def test_a_step_learns_what_a_window_of_its_length_would_teach():
    """What is beyond it has no gradient, is not carried, and the rate is scaled."""
    child = trainer()
    begun = jax.device_get(child.init(KEYS[:1], ARCHS[:1])).params
    states, (metrics,) = train(child)
    params, loss = expected(jax.tree.map(lambda x: x[0], begun), child)
    jax.tree.map(assert_close, of_child(states).params, params)
    assert metrics["train_loss"] == pytest.approx(loss, rel=1e-5)
    moved = jax.tree.map(lambda x, y: abs(x - y).max(), states.params, begun)
    assert min(jax.tree.leaves(moved)) > 1e-3


def test_it_continues_from_an_epoch():
    child, kept = trainer(epochs=2), []
    states, metrics = train(
        child, progress_fn=lambda _, states, __: kept.append(of_child(states))
    )
    again, continued = train(child, start=(1, child.together(kept[:1])))
    assert continued == metrics
    jax.tree.map(np.testing.assert_array_equal, again, states)


@pytest.mark.parametrize(
    "changes",
    [
        {"micro_batches": 2},
        {"specialised": True},
        {"num_children": 2, "share_batch": True},
    ],
)
def test_parts_devices_and_one_architecture_learn_the_same(changes):
    states, (metrics,) = train(trainer(dropout_input=0.2))
    others, (found,) = train(trainer(dropout_input=0.2, **changes))
    assert found["train_loss"] == pytest.approx(metrics["train_loss"], rel=1e-5)
    jax.tree.map(assert_close, others.params, states.params)


def test_children_at_once_have_windows_of_their_own():
    """So one may take more steps than the other; each is as it is alone."""
    pair, both = train(trainer(2), 2)
    child = trainer()
    for i in range(2):
        states, (outcome,) = child.train(KEYS[i : i + 1], ARCHS[i : i + 1])
        assert outcome.metrics["train_loss"] == pytest.approx(both[i]["train_loss"])
        jax.tree.map(assert_close, of_child(pair, i).params, of_child(states).params)


def test_the_final_training_has_windows_of_its_own():
    config = ChildConfig(**RECIPE)
    for spread, is_shared in ((0, False), (SPREAD, True)):
        final = nao.FinalConfig(**RECIPE | {"window_spread": spread})
        made = TrainingEvaluator(SPACE, TEXT, config, final)
        assert made.task.window_spread == SPREAD
        assert made._final_task.window_spread == spread
        assert (made._final_task is made.task) == is_shared


def test_a_network_that_can_not_be_told_a_length_is_named():
    with pytest.raises(
        ValueError, match=r"must be 0: Recurrent reads windows .* got 1"
    ):
        TrainingEvaluator(
            nao.spaces.custom({"activation": ("tanh", "sine")}),
            TEXT,
            ChildConfig(**RECIPE),
            network=Recurrent,
        )


@pytest.mark.slow
def test_what_does_not_count_changes_no_gradient():
    """Bit by bit; of four tokens two count."""
    net = nets.make_net(SPACE, TextTask.of(TEXT, 4), ChildConfig(units=6))
    params = net.draw(jax.random.key(0))["params"]
    words = jnp.array([[1, 2, 3, 4], [5, 6, 0, 1]])

    @comparing.quick_jit
    @functools.partial(jax.value_and_grad, has_aux=True)
    def value(params, words):
        variables = {"params": params, "batch_stats": {}}
        said, _ = net.forward(
            variables, words, ARCHS[0], train=True, length=jnp.int32(2)
        )
        total = comparing.weigh(said.outputs[:, :2]) + sum(said.penalties.values())
        return total, said.carry

    changed = words.at[:, 2:].set(0)
    one, other = value(params, words), value(params, changed)
    jax.tree.map(np.testing.assert_array_equal, one, other)
    third = value(params, words.at[:, 1].set(0))
    assert (np.asarray(one[0][1]) != np.asarray(third[0][1])).all()

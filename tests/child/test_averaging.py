"""Averaged SGD: when it begins, what the mean is, and that nothing else changes."""

import itertools
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import (
    ChildConfig,
    ChildTrainer,
    averaging,
    measuring,
    nets,
    training,
)
from nao.child.programs import TrainState
from nao.child.trained import TrainedChild
from nao.system import compiling
from tests.child import echoes

ARCHS = echoes.SPACE.architecture(np.array([[0, 0], [1, 1]]))
KEYS = jax.random.split(jax.random.key(0), 2)
TASK = echoes.task(num=16)
EPOCHS = 6


class Reporting(echoes.Echo):
    """One whose metrics are known before anything is measured."""

    reports = ("loss", "accuracy")


def trainer(num_children=1, **changes):
    """One step an epoch, so that the weights after every step are seen."""
    fields = {"channels": 3, "epochs": EPOCHS, "batch_size": 16, "average_after": 2}
    config = ChildConfig(**fields | changes)
    net = nets.make_net(echoes.SPACE, TASK, config, echoes.Reader)
    return ChildTrainer(net, TASK, config, jax.devices()[:num_children])


def follow(child, start=None, num=1, stop=None):
    """Trains `num` children; returns final states and outcomes, and all on the way."""
    seen = []

    def keep(_, states, outcomes):
        measured = child.evaluate(states, ARCHS[:num], "val")
        losses = [one.metrics["val_loss"] for one in measured]
        steps = [one.metrics.get("averaged_steps") for one in outcomes]
        seen.append((jax.tree.map(np.array, states), losses, steps))

    states, outcomes = child.train(KEYS[:num], ARCHS[:num], keep, start, stop)
    return states, outcomes, seen


def stalled(child, num=1, which=0):
    """Returns fresh states, one of which any validation loss makes average."""
    states = child.init(KEYS[:num], ARCHS[:num])
    losses = np.array(states.average.losses)
    losses[which, 0] = -np.inf
    losses = jax.device_put(losses, states.average.losses.sharding)
    return states._replace(average=states.average._replace(losses=losses))


def begins(validation_losses, average_after):
    """Returns the epoch, from 1, after which averaging begins; None for never."""
    num = np.zeros(1, np.int32)
    losses = np.full((1, average_after + 1), np.inf, np.float32)
    for epoch, newest in enumerate(validation_losses, 1):
        num, losses = averaging.watch(num, losses, np.array([newest]))
        if num[0]:
            return epoch
    return None


def expected_begin(losses, average_after):
    """The rule in the words of the authors' code, over a list of all losses."""
    for epoch in range(len(losses)):
        older = losses[: max(epoch - average_after, 0)]
        if older and losses[epoch] > min(older):
            return epoch + 1
    return None


@pytest.mark.parametrize(
    ("losses", "average_after", "epoch"),
    [
        # Before the last two of 3, 3.5 and 3.6 stand 5 and 4, both above 3.7; then 3.
        ([5, 4, 3, 3.5, 3.6, 3.7], 2, 6),
        ([5, 4, 3, 3.5, 3.6, 2.9], 2, None),
        # More than two must be known before it: the third is not compared.
        ([1, 2, 3], 2, None),
        ([1, 2, 3, 4], 2, 4),
        # A tie is no worse.
        ([1, 2, 2, 1], 2, None),
        ([5, 4, 4.5, 4.6], 1, 4),
        ([3, np.nan, 2, 2.5, 2.6], 1, 5),
        ([np.inf, 5, 4, 3], 1, None),
        ([3, 2, np.inf], 1, 3),
        ([4, 3, 2, 1], 1, None),
    ],
)
def test_averaging_begins_where_the_loss_has_stalled(losses, average_after, epoch):
    assert begins(losses, average_after) == epoch


def test_losses_are_kept_as_a_list_of_all_would_be():
    rng = np.random.default_rng(0)
    for average_after in (1, 2, 5):
        for _ in range(50):
            losses = np.float32(rng.normal(size=9) - 0.3 * np.arange(9)).tolist()
            expected = expected_begin(losses, average_after)
            assert begins(losses, average_after) == expected


def test_a_child_that_averages_is_watched_no_more():
    num, losses = np.array([3, 0], np.int32), np.float32([[1, 2], [1, 2]])
    num, losses = averaging.watch(num, losses, np.array([9.0, 0.5]))
    np.testing.assert_array_equal(num, [3, 0])
    np.testing.assert_array_equal(losses, [[1, 2], [1, 0.5]])
    assert num.dtype == np.int32 and losses.dtype == np.float32


def test_the_mean_is_over_the_weights_of_each_step():
    """Weights 1 when it begins, then 2 and 6: means of 1, of 1 and 2, of all three."""
    average = averaging.begin({"w": jnp.float32(0)}, {"m": jnp.float32(5)}, 1)
    average = averaging.add(average, {"w": jnp.float32(1)}, {"m": jnp.float32(3)})
    assert (average.params["w"], average.batch_stats["m"]) == (1, 3)  # the newest
    average = average._replace(num_averaged=jnp.int32(1))
    found = []
    for w, m in ((2, 5), (6, 7)):
        average = averaging.add(average, {"w": jnp.float32(w)}, {"m": jnp.float32(m)})
        found += [float(average.params["w"]), float(average.batch_stats["m"])]
    np.testing.assert_allclose(found, [1.5, 4, 3, 5])
    assert average.num_averaged == 3


def test_weights_keep_their_type():
    average = averaging.begin({"w": jnp.bfloat16(0)}, {}, 1)
    average = averaging.add(average, {"w": jnp.bfloat16(1)}, {})
    assert average.params["w"].dtype == jnp.bfloat16


def test_without_it_states_and_metrics_are_as_ever():
    child = trainer(average_after=0)
    states, (outcome,), _ = follow(child)
    assert states.average is None
    assert list(outcome.metrics) == ["train_loss", "epochs", "memory_mib"]
    bare = TrainState(states.params, states.batch_stats, states.opt_state)
    assert len(jax.tree.leaves(states)) == len(jax.tree.leaves(tuple(bare)[:3]))


def test_what_is_evaluated_and_kept_is_the_mean():
    """Averaging begins after the first of four epochs; raw weights go on as ever."""
    child = trainer(epochs=4)
    states, (outcome,), seen = follow(child, (0, stalled(child)))
    assert [steps for _, _, (steps,) in seen] == [1, 2, 3, 4]
    assert outcome.metrics["averaged_steps"] == 4
    raw, _, plain = follow(trainer(epochs=4, average_after=0))
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6),
        states.params,
        raw.params,
    )
    mean = jax.tree.map(
        lambda *x: np.mean(x, axis=0), *[kept.params for kept, *_ in seen]
    )
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-7),
        states.average.params,
        mean,
    )
    alone = TrainState(mean, raw.batch_stats, None)
    (expected,) = child.evaluate(alone, ARCHS[:1], "val")
    assert seen[-1][1][0] == pytest.approx(expected.metrics["val_loss"], rel=1e-5)
    assert seen[-1][1][0] != pytest.approx(plain[-1][1][0], rel=1e-3)
    kept = TrainedChild.of(child.net, states, ARCHS[0], TASK).variables["params"]
    expected = child.net.trained(
        jax.tree.map(lambda x: x[0], alone.variables), ARCHS[0]
    )
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-7),
        kept,
        expected[1]["params"],
    )


def test_averaging_begins_by_the_validation_losses_of_the_raw_weights():
    """At a rate that makes the loss jump up and down, after different epochs."""
    changes = {"epochs": 8, "learning_rate": 2.0}
    _, _, plain = follow(trainer(2, average_after=0, **changes), num=2)
    _, _, seen = follow(trainer(2, average_after=1, **changes), num=2)
    for i in range(2):
        epoch = expected_begin([losses[i] for _, losses, _ in plain], 1)
        steps = [counts[i] for *_, counts in seen]
        assert epoch is not None and epoch < 8
        assert steps == [max(done - epoch + 1, 0) for done in range(1, 9)]


def test_children_at_once_begin_each_by_its_own_loss():
    child = trainer(2, average_after=5)
    states, outcomes, _ = follow(child, (0, stalled(child, 2, which=1)), num=2)
    steps = [one.metrics["averaged_steps"] for one in outcomes]
    assert steps == [0, EPOCHS]
    own, mean = jax.device_get((states.params, states.average.params))
    same = [
        [np.array_equal(x[i], y[i]) for i in range(2)]
        for x, y in zip(jax.tree.leaves(own), jax.tree.leaves(mean), strict=True)
    ]
    assert all(first for first, _ in same)
    assert not any(second for _, second in same)


def test_it_continues_from_any_epoch():
    child = trainer(learning_rate=2.0, average_after=1)
    states, (outcome,), seen = follow(child)
    steps = [counts[0] for *_, counts in seen]
    assert 0 in steps and steps[-1] > 1
    for done in range(1, EPOCHS):
        kept = child.together(child.apart(seen[done - 1][0], 1))
        again, (continued,), _ = follow(child, (done, kept))
        assert continued.metrics == outcome.metrics
        jax.tree.map(np.testing.assert_array_equal, again, states)


def test_one_program_before_and_after_it_begins():
    """Compiled before the first epoch, for no clock to run meanwhile."""
    child = trainer(channels=4)
    with compiling.CompileMonitor() as monitor:
        child.prepare(KEYS[:1], ARCHS[:1])
    names = ("child_train_epoch", "child_evaluate")
    assert [monitor.counts[name] for name in names] == [1, 1]
    with compiling.CompileMonitor() as monitor:
        _, _, seen = follow(child, (0, stalled(child)))
        follow(child, (2, child.together(child.apart(seen[1][0], 1))))
        follow(child)
    assert [monitor.counts[name] for name in names] == [0, 0]


def test_it_continues_from_a_part_of_its_epochs():
    """Of a search: two of six epochs, then four, then all, and all at once."""
    changes = {"epochs": EPOCHS, "learning_rate": 2.0, "average_after": 1}
    tokens = np.zeros((2, 2), np.int32)  # both stall, by any version of JAX tried
    parts = echoes.evaluator(Reporting, **changes)
    for stop in (2, 4, EPOCHS):
        found = list(parts.evaluate(tokens, KEYS, np.full(2, float(stop))))
    whole = echoes.evaluator(Reporting, **changes).evaluate(tokens, KEYS)
    for one, other in zip(found, whole, strict=True):
        assert (one.value, one.metrics) == (other.value, other.metrics)
        assert set(one.metrics) == set(parts.metrics) and one.metrics["averaged_steps"]


def test_the_evaluation_of_an_epoch_counts_for_the_time_limit(monkeypatch):
    """A second for every look at the clock, a hundred more for an evaluation."""
    seconds = itertools.count()
    evaluate = measuring.child_evaluate

    class Slow:
        lower = evaluate.lower

        def __call__(self, *args, **settings):
            nonlocal seconds
            seconds = itertools.count(next(seconds) + 100)
            return evaluate(*args, **settings)

    clock = types.SimpleNamespace(perf_counter=lambda: float(next(seconds)))
    monkeypatch.setattr(training, "time", clock)
    monkeypatch.setattr(measuring, "child_evaluate", Slow())
    _, (outcome,) = trainer(time_limit_s=60.0).train(KEYS[:1], ARCHS[:1])
    assert outcome.failure == (
        "over the time limit of 60 s after 101.0 s, in epoch 1 of 6"
    )


def test_means_count_as_memory():
    _, (plain,), _ = follow(trainer(average_after=0))
    _, (averaged,), _ = follow(trainer())
    assert averaged.metrics["memory_mib"] > plain.metrics["memory_mib"]


def test_a_child_that_diverges_fails_as_ever():
    child = trainer(2)
    states = child.init(KEYS, ARCHS)
    params = jax.tree.map(lambda x: x.at[1].set(jnp.nan), states.params)
    _, (first, second) = child.train(
        KEYS, ARCHS, start=(0, states._replace(params=params))
    )
    assert first.metrics["epochs"] == EPOCHS
    assert second.failure == "training loss is nan in epoch 1"

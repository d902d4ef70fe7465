"""Scores by weights that all architectures share."""

import jax
import numpy as np
import pytest
from scipy import stats

import nao
from nao.child import ChildConfig, FinalConfig
from nao.data import PARTS, ImageDataset, Split
from nao.evaluators.shared import SharedConfig, SharedEvaluator
from nao.spaces import ConvCell, custom
from nao.strategies import draws
from tests import supernets

SPACE = ConvCell(("sep_conv_3x3", "conv_1x1", "identity"), num_nodes=1)
TOKENS = SPACE.sample(np.random.default_rng(0), 6)
KEY = jax.random.key(0)
# Networks that compile in a moment, where what they compute matters little.
LAYERS = custom({"first": range(3), "last": range(3)})
SMALL = {"space": LAYERS, "network": supernets.Dense}


def _data(num):
    rng = np.random.default_rng(0)
    labels = np.arange(num, dtype=np.int32) % 2
    splits = [
        Split(rng.normal(size=(num, 4, 4, 1)).astype(np.float32), labels) for _ in PARTS
    ]
    return ImageDataset("noise", 2, *splits)


def _evaluator(
    shared=None,
    num=32,
    devices=None,
    space=SPACE,
    final=None,
    network=None,
    **changes,
):
    config = ChildConfig(**(dict(channels=2, batch_size=8) | changes))
    shared = shared or SharedConfig(epochs=2)
    final = FinalConfig(**(final or {"epochs": 1}))
    return SharedEvaluator(space, _data(num), config, final, shared, devices, network)


def _learned(evaluator, draw=None):
    draw = draw or draws.uniform(evaluator.space)
    return list(evaluator.learn(evaluator.init(KEY), draw))[-1]


def _values(evaluator, state, tokens=TOKENS):
    return [one.value for one in evaluator.evaluate(tokens, None, state)]


def _are_shares(values, num):
    """Says whether values are shares of `num` images, as float32 has them."""
    return np.allclose(np.array(values) * num, np.round(np.array(values) * num))


def _equal(a, b):
    return jax.tree.all(jax.tree.map(np.array_equal, a, b))


def test_a_score_does_not_depend_on_what_is_scored_beside_it():
    evaluator = _evaluator(num=40, **SMALL)
    state = _learned(evaluator)
    (tokens,) = LAYERS.enumerate()
    values = _values(evaluator, state, tokens)
    assert len(set(values)) > 1
    assert values == [_values(evaluator, state, row[None])[0] for row in tokens]
    # 40 images, the last batch filled up with others that don't count.
    assert _are_shares(values, 40)


def test_lessons_go_on_where_they_were():
    """All epochs before the first round, or as many before each until all are spent."""
    whole = list(_evaluator().learn(_evaluator().init(KEY), draws.uniform(SPACE)))
    assert [int(state["epoch"]) for state in whole] == [1, 2]
    evaluator = _evaluator()
    (again,) = evaluator.learn(whole[0], draws.uniform(SPACE))
    assert _equal(again, whole[1])
    assert not list(evaluator.learn(again, draws.uniform(SPACE)))
    by_rounds = _evaluator(SharedConfig(epochs=2, epochs_a_round=1))
    (first,) = by_rounds.learn(by_rounds.init(KEY), draws.uniform(SPACE))
    (second,) = by_rounds.learn(first, draws.uniform(SPACE))
    assert _equal(second, whole[1])
    assert by_rounds.is_noisy and not evaluator.is_noisy


def test_what_was_not_drawn_does_not_move():
    """Neither by gradient nor by momentum nor by weight decay, to the bit."""
    evaluator = _evaluator(SharedConfig(epochs=1), weight_decay=0.1, momentum=0.9)
    trainer = evaluator.trainer
    wide = SPACE.sample(np.random.default_rng(1), 8)
    first = _learned(evaluator, draws.one_of(wide))  # all have momentum now
    arch = SPACE.architecture(TOKENS[:1])
    before = trainer.state(first["leaves"])
    kept = jax.device_get(before)
    after, _ = trainer.learn(KEY, before, np.repeat(arch, trainer.steps, 0), 0)
    ours = trainer.net.extract(_variables(after), arch[0])
    theirs = trainer.net.extract(_variables(kept), arch[0])
    assert not _equal(ours["params"], theirs["params"])
    # Another operation at each place: kernels of no branch in common.
    indices = SPACE.to_indices(TOKENS[0]).copy()
    indices[1::2] = (indices[1::2] + 1) % 3
    other = SPACE.architecture(SPACE.from_indices(indices)[None])[0]
    ours = trainer.net.extract(_variables(after), other)["params"]["net"]
    theirs = trainer.net.extract(_variables(kept), other)["params"]["net"]
    branches = [name for name in ours if name.startswith(("stage", "reduction"))]
    found = [(_branches(ours[name]), _branches(theirs[name])) for name in branches]
    assert sum(leaf.size for leaf in jax.tree.leaves(found)) > 0
    assert all(_equal(a, b) for a, b in found)


def _branches(tree):
    """Parameters of the operations of cells, one cell or a list of them."""
    cells = tree if isinstance(tree, list) else [tree]
    return [cell["branches"] for cell in cells]


def _variables(state):
    return jax.tree.map(lambda x: np.asarray(x[0]), state.variables)


@pytest.mark.parametrize("norms", ["running", "batch", "refit"])
def test_scores_are_what_the_networks_say(norms):
    """Computed once more by the networks of single architectures, batch by batch."""
    evaluator = _evaluator(SharedConfig(epochs=1, norms=norms))
    state = _learned(evaluator)
    arch = SPACE.architecture(TOKENS[:1])[0]
    trainer, task = evaluator.trainer, evaluator.task
    variables = trainer.net.extract(_variables(trainer.state(state["leaves"])), arch)
    net = trainer.net.specialise(arch)
    images, labels = (np.asarray(x) for x in task.parts["validation"])
    learned = task.normalisation.apply(np.asarray(task.parts["train"].inputs))
    forward = jax.jit(net.forward, static_argnames="train")
    if norms == "refit":  # all batches are the 32 training images
        ones = jax.tree.map(np.zeros_like, variables["batch_stats"])
        _, moved = forward(variables | {"batch_stats": ones}, learned, None, train=True)
        moments = jax.tree.map(lambda x: x / 0.1, moved)
        variables = variables | {"batch_stats": moments}
    output, _ = forward(
        variables, task.normalisation.apply(images), None, train=norms == "batch"
    )
    right = (np.asarray(output.outputs).argmax(-1) == labels).mean()
    (one,) = evaluator.evaluate(TOKENS[:1], None, state)
    assert one.value == pytest.approx(right)
    loss = np.asarray(task.loss(output.outputs, labels)).mean()
    assert one.metrics["val_loss"] == pytest.approx(loss, rel=1e-4)


def test_the_first_validation_examples_may_be_enough():
    evaluator = _evaluator(SharedConfig(epochs=1, num_scored=8), **SMALL)
    tokens = LAYERS.sample(np.random.default_rng(0), 6)
    values = _values(evaluator, _learned(evaluator), tokens)
    assert _are_shares(values, 8)
    assert evaluator.num_examples["val_accuracy"] == 8
    # Of the final training there is no second number by that name, of other examples.
    assert list(evaluator.test(tokens[0], jax.random.key(0), {})) == ["test_accuracy"]


@pytest.mark.slow
def test_two_devices_score_like_one():
    alone, together = _evaluator(), _evaluator(devices=jax.devices()[:2])
    state = _learned(alone)
    assert _values(together, state) == _values(alone, state)


def test_weights_that_diverge_are_failed_trials():
    evaluator = _evaluator(learning_rate=1e30, grad_clip=1e30)
    for one in evaluator.evaluate(TOKENS, None, _learned(evaluator)):
        assert one.value is None
        assert "the loss of the shared weights is" in one.reason


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"specialised": True}, "child.specialised=0, one network for all"),
        ({"average_after": 3}, "child.average_after=0"),
        ({"time_limit_s": 3.0}, "child.time_limit_s=0"),
        ({"window_spread": 5}, "child.window_spread=0"),
    ],
)
def test_recipes_that_share_no_weights_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        _evaluator(**changes)


def test_a_memory_limit_too_small_is_one_line():
    evaluator = _evaluator(memory_limit_mib=0.01)
    with pytest.raises(ValueError, match="For any architecture a training step needs"):
        _learned(evaluator)


def _out_of_memory(*arguments):
    raise MemoryError


def test_a_lack_of_memory_is_one_line_or_a_failed_trial(monkeypatch):
    evaluator = _evaluator()
    state = _learned(evaluator)
    monkeypatch.setattr(evaluator.trainer, "score", _out_of_memory)
    for one in evaluator.evaluate(TOKENS, None, state):
        assert one.reason == "out of memory"
    monkeypatch.setattr(evaluator.trainer, "learn", _out_of_memory)
    message = "The shared weights can't learn, out of memory; a smaller batch_size"
    with pytest.raises(ValueError, match=message):
        _learned(evaluator)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "shared.epochs must be at least 1, got 0"),
        ({"num_scored": -1}, "shared.num_scored must not be negative, got -1"),
        ({"norms": "group"}, "shared.norms must be one of batch, refit, running"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        SharedConfig(**changes)


def test_without_any_operation_nothing_breaks():
    """Cells of `none` alone hand their inputs on, since nobody reads them."""
    space = ConvCell(("none",), num_nodes=1)
    evaluator = _evaluator(space=space)
    tokens = space.sample(np.random.default_rng(0), 2)
    values = _values(evaluator, _learned(evaluator), tokens)
    assert all(0 <= value <= 1 for value in values)


def test_fixed_functions_are_ranked_exactly():
    """By hand: the loss is the sum of the numbers of all choices."""
    evaluator = supernets.fixed()
    (tokens,) = evaluator.space.enumerate()
    values = _values(evaluator, _learned(evaluator), tokens)
    true = evaluator.space.to_indices(tokens).sum(1)
    assert values == pytest.approx(true.tolist())
    assert stats.kendalltau(values, true).statistic == pytest.approx(1)


def test_the_final_choice_may_inherit_the_weights():
    """A training that hardly moves ends where it began: with the shared weights."""
    final = {"epochs": 1, "learning_rate": 1e-9, "shift": 0}
    shared = SharedConfig(epochs=2, norms="running", inherit=True)
    evaluator = _evaluator(shared, final=final, **SMALL)
    state = _learned(evaluator)
    tokens = LAYERS.sample(np.random.default_rng(0), 1)
    (one,) = evaluator.evaluate(tokens, None, state)
    found = evaluator.test(tokens[0], KEY, state)
    assert found["val_accuracy"] == pytest.approx(one.value, abs=0.11)
    assert evaluator.how_tested.startswith("trained on from the shared weights by ")
    fresh = _evaluator(SharedConfig(epochs=2), final=final, **SMALL)
    assert fresh.how_tested.startswith("trained anew by ")
    assert fresh.test(tokens[0], KEY, state) != found


def test_heirs_have_the_size_of_the_search():
    with pytest.raises(
        ValueError, match=r"train\.channels to be that of the search, 2"
    ):
        _evaluator(SharedConfig(inherit=True), final={"epochs": 1, "channels": 4})


def test_a_search_goes_on_with_the_same_values(tmp_path):
    shared = SharedConfig(epochs=3, epochs_a_round=1)
    config = nao.strategies.RandomConfig(round_size=2)
    strategy = nao.strategies.RandomSearch(LAYERS, config, "none")
    arguments = {"report": False, "progress": False}

    def listing(result):
        return [(trial.tokens.tolist(), trial.value) for trial in result.trials]

    def search(num_trials, workdir):
        own = _evaluator(shared, **SMALL)
        return nao.search(
            strategy, own, num_trials=num_trials, workdir=workdir, **arguments
        )

    whole = search(6, tmp_path / "a")
    search(3, tmp_path / "b")
    again = search(6, tmp_path / "b")
    assert listing(again) == listing(whole)
    assert whole.summary["best"]["test"]["test_accuracy"] >= 0
